-- The change feed: what is old (feed_purge.c, change_purge.c).

-- Environments whose feed has an end, also those that are gone (the third column), and for how many days each keeps it.
-- name: feed_kept
SELECT e.environment_id, e.purged_sequence, x.id IS NULL, x.event_retention_days
FROM feed_end e
LEFT JOIN environment x ON x.id = e.environment_id
WHERE e.environment_id > ? ORDER BY e.environment_id LIMIT ?

-- name: feed_oldest
SELECT f.sequence, f.numbered_ms FROM feed f WHERE f.environment_id = ? AND f.sequence > ? ORDER BY f.sequence LIMIT ?

-- name: feed_purged
UPDATE feed_end SET purged_sequence = GREATEST(purged_sequence, ?) WHERE environment_id = ?

-- name: feed_purge
DELETE FROM feed WHERE environment_id = ? AND sequence <= ?

-- name: feed_forget
DELETE FROM feed_end WHERE environment_id = ?

-- The oldest moment of which something is kept in a feed, or waits for its number; ?: when there is nothing.
-- name: feed_needs
SELECT LEAST(COALESCE((SELECT MIN(f.numbered_ms)
                       FROM feed_end e
                       JOIN feed f ON f.environment_id = e.environment_id AND f.sequence = e.purged_sequence + 1), ?),
             COALESCE((SELECT CAST(UNIX_TIMESTAMP(o.noted) * 1000 AS SIGNED)
                       FROM outbox o ORDER BY o.position LIMIT 1), ?))
