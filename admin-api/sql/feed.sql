-- The change feed (migrations/0014_feed.sql): the sequencer's side.

-- The lock of who numbers ends with whoever has stopped in the middle: a machine that is gone, a process that is held.
-- name: number_session
SET SESSION idle_transaction_timeout = 5

-- Is there anything for the sequencer, and has another process numbered something?
-- name: number_look
SELECT t.turns, t.low, EXISTS (SELECT 1 FROM outbox o WHERE o.position > ?),
       EXISTS (SELECT 1 FROM guard_news), r.turns
FROM feed_turn t JOIN feed_turn r ON r.id = 2 WHERE t.id = 1

-- What waits, up to a limit, and for how many ms the oldest of it has.
-- name: number_waiting
SELECT COUNT(*), COALESCE(TIMESTAMPDIFF(MICROSECOND, MIN(w.noted), NOW(3)) DIV 1000, 0)
FROM (SELECT o.noted FROM outbox o WHERE o.position > ? ORDER BY o.position LIMIT ?) w

-- One numbers at a time.
-- name: number_lock
SELECT t.turns, t.low FROM feed_turn t WHERE t.id = 1 FOR UPDATE

-- name: number_pending
SELECT o.position, TIMESTAMPDIFF(MICROSECOND, o.noted, NOW(3)), o.source, o.operation_id, o.ordinal, o.environment_id,
       o.organization_id, o.directory_id, o.type, o.kind, o.resource_id, o.packed
FROM outbox o
WHERE o.position > ?
ORDER BY o.position LIMIT ?

-- Whose the directories are that changes name, and how they are.
-- name: number_directories
SELECT d.id, g.environment_id, d.organization_id, p.directory_id IS NOT NULL, h.guarded_ms IS NOT NULL
FROM directory d
JOIN organization g ON g.id = d.organization_id
LEFT JOIN primary_directory p ON p.organization_id = d.organization_id AND p.directory_id = d.id
LEFT JOIN directory_guard h ON h.directory_id = d.id
WHERE d.id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: number_clear
DELETE FROM outbox WHERE position = ?

-- name: number_done
UPDATE feed_turn SET turns = turns + 1, low = ? WHERE id = 1

-- Wakes who listens to the feed, in every process. Whoever numbers goes on meanwhile, however long this is not committed.
-- name: number_turned
UPDATE feed_turn SET turns = turns + 1 WHERE id = 2

-- No row: the environment is gone. Whatever was put back from where, a number is never given twice.
-- name: number_last
SELECT GREATEST(COALESCE(e.last_sequence, 0),
                COALESCE((SELECT MAX(f.sequence) FROM feed f WHERE f.environment_id = x.id), 0))
FROM environment x
LEFT JOIN feed_end e ON e.environment_id = x.id
WHERE x.id = ?

-- name: feed_last
SELECT e.last_sequence, e.purged_sequence FROM feed_end e WHERE e.environment_id = ?

-- name: feed_end
INSERT INTO feed_end (environment_id, last_sequence) VALUES (?, ?)
ON DUPLICATE KEY UPDATE last_sequence = VALUES(last_sequence)

-- name: feed_insert
INSERT INTO feed (environment_id, sequence, source, operation_id, ordinal, organization_id, directory_id, type, kind,
                  resource_id, is_primary, numbered_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- Of the environments that somebody waits for.
-- name: feed_ends_some
SELECT e.environment_id, e.last_sequence
FROM feed_end e
WHERE e.environment_id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ORDER BY e.environment_id LIMIT 32
