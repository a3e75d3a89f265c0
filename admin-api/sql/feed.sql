-- The change feed (migrations/0014_feed.sql): the sequencer's side.

-- Is there anything for the sequencer, and has another process numbered something?
-- name: number_look
SELECT t.turns, EXISTS (SELECT 1 FROM outbox o WHERE o.position > ?) FROM feed_turn t WHERE t.id = 1

-- One numbers at a time.
-- name: number_lock
SELECT t.turns FROM feed_turn t WHERE t.id = 1 FOR UPDATE

-- name: number_pending
SELECT o.position, o.source, o.operation_id, o.ordinal, COALESCE(o.environment_id, g.environment_id),
       COALESCE(o.organization_id, d.organization_id), o.directory_id, o.type, o.kind, o.resource_id,
       p.directory_id IS NOT NULL, h.guarded_ms IS NOT NULL
FROM outbox o
LEFT JOIN directory d ON d.id = o.directory_id
LEFT JOIN organization g ON g.id = d.organization_id
LEFT JOIN primary_directory p ON p.organization_id = d.organization_id AND p.directory_id = d.id
LEFT JOIN directory_guard h ON h.directory_id = o.directory_id
WHERE o.position > ?
ORDER BY o.position LIMIT ?

-- name: number_clear
DELETE FROM outbox WHERE position = ?

-- name: number_turned
UPDATE feed_turn SET turns = turns + 1 WHERE id = 1

-- name: feed_last
SELECT e.last_sequence, e.purged_sequence FROM feed_end e WHERE e.environment_id = ?

-- name: feed_end
INSERT INTO feed_end (environment_id, last_sequence) VALUES (?, ?)
ON DUPLICATE KEY UPDATE last_sequence = VALUES(last_sequence)

-- name: feed_insert
INSERT INTO feed (environment_id, sequence, source, operation_id, ordinal, organization_id, directory_id, type, kind,
                  resource_id, is_primary, numbered_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
