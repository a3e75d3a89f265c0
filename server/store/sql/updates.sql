-- What changed in a directory, in the order of its operations (updates.c). The lists of members of large changes are read
-- in pieces.

-- name: updates_after
SELECT c.operation_id, c.ordinal, c.type, c.kind, c.resource_id, COALESCE(LENGTH(c.members), 0),
       IF(LENGTH(c.members) > 4096, NULL, c.members)
FROM `change` c FORCE INDEX (of_directory)
WHERE c.directory_id = ? AND c.operation_id >= ? AND (c.operation_id > ? OR c.ordinal >= ?)
ORDER BY c.operation_id, c.ordinal LIMIT ?

-- name: updates_members
SELECT SUBSTRING(c.members, ?, ?) FROM `change` c WHERE c.directory_id = ? AND c.operation_id = ? AND c.ordinal = ?

-- name: updates_groups_among
SELECT g.id FROM resource g WHERE g.directory_id = ? AND g.type = 2 AND g.id IN (?*)
