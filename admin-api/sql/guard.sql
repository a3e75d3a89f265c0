-- The deprovisioning guard as the vendor sees it (guards*.c).

-- name: guard_show
SELECT COALESCE(g.guarded_ms, 0), COALESCE(g.departures, 0), COALESCE(g.users, 0),
       (SELECT COUNT(*) FROM departure d FORCE INDEX (recent) WHERE d.directory_id = ? AND d.held = 1),
       (SELECT COUNT(*) FROM departure d FORCE INDEX (recent) WHERE d.directory_id = ? AND d.held = 0 AND d.since_ms > ?)
FROM directory x LEFT JOIN directory_guard g ON g.directory_id = x.id
WHERE x.id = ?

-- name: guard_users
SELECT d.resource_id, d.display, d.kinds, d.since_ms
FROM departure d
WHERE d.directory_id = ? AND d.held = 1 AND d.resource_id > ?
ORDER BY d.resource_id LIMIT ?

-- Nobody notes a departure meanwhile.
-- name: guard_lock_admin
SELECT g.guarded_ms FROM directory_guard g WHERE g.directory_id = ? FOR UPDATE

-- held 2: about to be let go, in this transaction.
-- name: guard_choose
UPDATE departure SET held = 2 WHERE directory_id = ? AND resource_id = ? AND held = 1

-- name: guard_choose_some
UPDATE departure SET held = 2 WHERE directory_id = ? AND held = 1 ORDER BY resource_id LIMIT ?

-- What is shown of them changes, so ?updated_since= is to list them: each gets a row that says what it was before.
-- name: guard_mark
INSERT INTO `change` (operation_id, ordinal, directory_id, type, resource_id, kind, version, created_ms, document, actor, cause)
SELECT ?, ROW_NUMBER() OVER (ORDER BY d.resource_id) - 1, d.directory_id, 1, d.resource_id, 5, d.version, d.modified_ms,
       CONCAT(d.document, REPEAT('}', d.open_braces)), ?, ?
FROM departure d
WHERE d.directory_id = ? AND d.held = 2

-- name: guard_let_go
DELETE FROM departure WHERE directory_id = ? AND held = 2

-- name: guard_any_held
SELECT 1 FROM departure d FORCE INDEX (recent) WHERE d.directory_id = ? AND d.held = 1 LIMIT 1

-- name: guard_open
UPDATE directory_guard SET guarded_ms = NULL WHERE directory_id = ?

-- name: guard_purge
DELETE FROM departure WHERE held = 0 AND since_ms < ? ORDER BY since_ms LIMIT ?
