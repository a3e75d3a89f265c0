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

-- And the feed tells what is (guarded_news.c): of each, and of the groups where he was shown to be; and of those into which
-- he has come meanwhile. Whoever changes members now is told by the change: the sequencer waits for this transaction.
-- name: guard_tell
INSERT INTO guard_news (directory_id, resource_id, operation_id, ordinal)
SELECT d.directory_id, d.resource_id, ?, ROW_NUMBER() OVER (ORDER BY d.resource_id) - 1
FROM departure d
WHERE d.directory_id = ? AND d.held = 2

-- name: guard_tell_groups
INSERT INTO guard_news (directory_id, resource_id, group_id, was_shown)
SELECT g.directory_id, g.resource_id, g.group_id, 1
FROM departure d
JOIN departure_group g FORCE INDEX (of_user) ON g.directory_id = d.directory_id AND g.resource_id = d.resource_id AND g.indirect = 0
WHERE d.directory_id = ? AND d.held = 2
ORDER BY g.group_id, g.resource_id

-- name: guard_tell_joined
INSERT INTO guard_news (directory_id, resource_id, group_id, was_shown)
SELECT m.directory_id, m.member_id, m.group_id, 0
FROM departure d
JOIN membership m FORCE INDEX (of_member) ON m.directory_id = d.directory_id AND m.member_type = 1 AND m.member_id = d.resource_id
LEFT JOIN departure_group g ON g.directory_id = m.directory_id AND g.group_id = m.group_id AND g.resource_id = m.member_id
                           AND g.indirect = 0
WHERE d.directory_id = ? AND d.held = 2 AND g.group_id IS NULL
ORDER BY m.group_id, m.member_id

-- name: guard_let_go
DELETE FROM departure WHERE directory_id = ? AND held = 2

-- name: guard_any_held
SELECT 1 FROM departure d FORCE INDEX (recent) WHERE d.directory_id = ? AND d.held = 1 LIMIT 1

-- name: guard_open
UPDATE directory_guard SET guarded_ms = NULL WHERE directory_id = ?

-- name: guard_purge
DELETE FROM departure WHERE held = 0 AND since_ms < ? ORDER BY since_ms LIMIT ?
