-- The deprovisioning guard: what a batch notes (view_guard*.c), and what the vendor is shown meanwhile (held.c).

-- name: guard_lock
SELECT g.guarded_ms FROM directory_guard g WHERE g.directory_id = ? FOR UPDATE

-- name: guard_begin
INSERT IGNORE INTO directory_guard (directory_id) VALUES (?)

-- name: guard_any
SELECT 1 FROM departure d FORCE INDEX (recent) WHERE d.directory_id = ? AND d.held = 0 LIMIT 1

-- name: guard_expire
DELETE FROM departure WHERE directory_id = ? AND held = 0 AND since_ms <= ?

-- name: guard_return
UPDATE departure SET kinds = kinds & ~? WHERE directory_id = ? AND resource_id = ? AND held = 0

-- name: guard_returned
DELETE FROM departure WHERE directory_id = ? AND resource_id = ? AND held = 0 AND kinds = 0

-- name: guard_known
SELECT d.resource_id FROM departure d WHERE d.directory_id = ? AND d.resource_id IN (?*)

-- name: guard_again
UPDATE departure SET kinds = kinds | ? WHERE directory_id = ? AND resource_id = ?

-- name: guard_depart
INSERT INTO departure (directory_id, resource_id, kinds, held, since_ms, version, created_ms, modified_ms, open_braces,
                       display, manager_id, document)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: guard_depart_group
INSERT INTO departure_group (directory_id, group_id, resource_id, indirect, display) VALUES (?, ?, ?, ?, ?)

-- name: guard_count
SELECT COUNT(*), COALESCE(SUM(d.kinds & 2 <> 0), 0),
       COALESCE((SELECT c.resources FROM resource_count c WHERE c.directory_id = ? AND c.type = 1), 0)
FROM departure d FORCE INDEX (recent)
WHERE d.directory_id = ? AND d.held = 0

-- name: guard_trip
UPDATE directory_guard SET guarded_ms = ?, departures = ?, users = ? WHERE directory_id = ?

-- name: guard_hold
UPDATE departure SET held = 1 WHERE directory_id = ? AND held = 0

-- What is shown of them changes, so whoever asks what has changed is to hear of them: each gets a row that says what it was
-- before.
-- name: guard_mark_held
INSERT INTO `change` (operation_id, ordinal, directory_id, type, resource_id, kind, version, created_ms, document)
SELECT ?, ROW_NUMBER() OVER (ORDER BY d.resource_id) - 1, d.directory_id, 1, d.resource_id, 5, d.version, d.modified_ms,
       CONCAT(d.document, REPEAT('}', d.open_braces))
FROM departure d
WHERE d.directory_id = ? AND d.held = 1

-- Who was told to have left is shown again: the feed is to say so.
-- name: guard_tell_held
INSERT INTO guard_news (directory_id, resource_id, operation_id, ordinal)
SELECT d.directory_id, d.resource_id, ?, ROW_NUMBER() OVER (ORDER BY d.resource_id) - 1
FROM departure d
WHERE d.directory_id = ? AND d.held = 1

-- name: guard_whose
SELECT o.environment_id, o.id FROM directory d JOIN organization o ON o.id = d.organization_id WHERE d.id = ?

-- name: held_state
SELECT g.guarded_ms FROM directory_guard g WHERE g.directory_id = ? AND g.guarded_ms IS NOT NULL

-- name: held_after
SELECT 1, d.resource_id, d.version, d.created_ms, d.modified_ms, d.open_braces, d.document, NULL, NULL, d.display,
       d.manager_id, m.id IS NOT NULL, m.display, d.kinds, d.since_ms
FROM departure d LEFT JOIN resource m ON m.directory_id = d.directory_id AND m.type = 1 AND m.id = d.manager_id
WHERE d.directory_id = ? AND d.held = 1 AND d.resource_id > ? AND d.resource_id <= ?
ORDER BY d.resource_id LIMIT ?

-- name: held_rows
SELECT 1, d.resource_id, d.version, d.created_ms, d.modified_ms, d.open_braces, d.document, NULL, NULL, d.display,
       d.manager_id, m.id IS NOT NULL, m.display, d.kinds, d.since_ms
FROM departure d LEFT JOIN resource m ON m.directory_id = d.directory_id AND m.type = 1 AND m.id = d.manager_id
WHERE d.directory_id = ? AND d.held = 1 AND d.resource_id IN (?*)

-- name: held_groups_of
SELECT g.resource_id, g.group_id, g.indirect, COALESCE(r.display, g.display)
FROM departure_group g FORCE INDEX (of_user)
LEFT JOIN resource r ON r.directory_id = g.directory_id AND r.type = 2 AND r.id = g.group_id
WHERE g.directory_id = ? AND g.resource_id IN (?*)
ORDER BY g.resource_id, g.group_id
