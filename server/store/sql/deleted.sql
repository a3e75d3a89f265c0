-- What was deleted: written by view_deleted.c, read by deleted.c. Columns of a resource as in row.h; the time of the
-- deletion stands in for that of the last change.

-- name: deleted_keep
REPLACE INTO deleted_resource (directory_id, type, id, unique_key, external_key, display, manager_id, open_braces, version,
                               created_ms, deleted_ms, document)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: deleted_keep_group
REPLACE INTO deleted_membership (directory_id, deleted_id, group_id, display, deleted_ms) VALUES (?, ?, ?, ?, ?)

-- name: deleted_forget
DELETE FROM deleted_resource WHERE directory_id = ? AND type = ? AND id = ?

-- name: deleted_forget_memberships
DELETE FROM deleted_membership WHERE directory_id = ? AND deleted_id = ?

-- name: deleted_after
SELECT r.type, r.id, r.version, r.created_ms, r.deleted_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM deleted_resource r FORCE INDEX (PRIMARY)
LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE r.directory_id = ? AND r.type = ? AND r.id > ?
ORDER BY r.id LIMIT ?

-- name: deleted_rows
SELECT r.type, r.id, r.version, r.created_ms, r.deleted_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM deleted_resource r
LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE r.directory_id = ? AND r.type = ? AND r.id IN (?*)

-- name: deleted_groups_of
SELECT d.deleted_id, d.group_id, d.display
FROM deleted_membership d
WHERE d.directory_id = ? AND d.deleted_id IN (?*)
ORDER BY d.deleted_id, d.group_id
