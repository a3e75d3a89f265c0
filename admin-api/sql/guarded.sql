-- What the feed tells of guarded directories (guarded*.c).

-- Who is held, and as of which version. Locked, so that nobody is let go of while his changes are passed over.
-- name: guarded_held
SELECT d.resource_id, d.version FROM departure d
WHERE d.directory_id = ? AND d.held = 1 AND d.resource_id IN (?*)
LOCK IN SHARE MODE

-- name: guarded_groups
SELECT g.group_id, g.resource_id FROM departure_group g FORCE INDEX (of_user)
WHERE g.directory_id = ? AND g.resource_id IN (?*) AND g.indirect = 0

-- The actor is 0 a token, 1 a key, 2 an operator's, 3 a signing key, as in history.sql.
-- name: guarded_changes
SELECT c.operation_id, c.ordinal, c.version, c.members, c.created_ms, c.cause, c.actor,
       CASE WHEN c.actor IS NULL OR c.cause = 1 THEN 0
            WHEN EXISTS (SELECT 1 FROM api_key k WHERE k.id = c.actor AND k.environment_id IS NULL) THEN 2
            WHEN EXISTS (SELECT 1 FROM signing_key s WHERE s.id = c.actor) THEN 3 ELSE 1 END
FROM `change` c
WHERE c.directory_id = ? AND c.operation_id IN (?*) AND c.type IN (1, 2) AND c.kind < 5

-- A group that was deleted is back: the held are shown in it again.
-- name: guarded_group_back
INSERT INTO guard_news (directory_id, resource_id, group_id, was_shown)
SELECT g.directory_id, g.resource_id, g.group_id, 0
FROM departure_group g
JOIN departure d ON d.directory_id = g.directory_id AND d.resource_id = g.resource_id AND d.held = 1
WHERE g.directory_id = ? AND g.group_id = ? AND g.indirect = 0

-- Of directories that are deleted nothing is told.
-- name: guarded_news
SELECT n.position, n.directory_id, n.resource_id, n.group_id, n.was_shown, n.operation_id, n.ordinal, g.environment_id,
       d.organization_id, p.directory_id IS NOT NULL
FROM guard_news n
LEFT JOIN directory d ON d.id = n.directory_id AND d.state <> 3
LEFT JOIN organization g ON g.id = d.organization_id
LEFT JOIN primary_directory p ON p.organization_id = d.organization_id AND p.directory_id = d.id
ORDER BY n.position LIMIT ?

-- name: guarded_news_clear
DELETE FROM guard_news WHERE position = ?

-- How those who were deleted were, and the version that the deletion made; the last one counts.
-- name: guarded_deletions
SELECT c.resource_id, c.version, c.document FROM `change` c FORCE INDEX (history)
WHERE c.directory_id = ? AND c.type = 1 AND c.resource_id IN (?*) AND c.kind = 3

-- name: guarded_marks
SELECT c.resource_id, c.version, c.document, 0, c.cause, c.actor,
       CASE WHEN c.actor IS NULL OR c.cause = 1 THEN 0
            WHEN EXISTS (SELECT 1 FROM api_key k WHERE k.id = c.actor AND k.environment_id IS NULL) THEN 2
            WHEN EXISTS (SELECT 1 FROM signing_key s WHERE s.id = c.actor) THEN 3 ELSE 1 END
FROM `change` c
WHERE c.directory_id = ? AND c.operation_id = ? AND c.ordinal BETWEEN ? AND ? AND c.kind = 5
ORDER BY c.ordinal LIMIT 5000

-- name: guarded_event
INSERT INTO event (id, environment_id, organization_id, directory_id, type, data, created_ms, cause, operation_id, actor)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
