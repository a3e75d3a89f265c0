-- name: change_purge
DELETE FROM `change` WHERE operation_id < ? ORDER BY operation_id, ordinal LIMIT ?

-- Changes behind a row that are older than a moment, and whether what came next, an update, is needed.
-- name: change_old
SELECT c.operation_id, c.ordinal,
       c.kind <> 4 AND EXISTS (SELECT 1 FROM `change` n FORCE INDEX (history)
                               WHERE n.directory_id = c.directory_id AND n.type = c.type AND n.resource_id = c.resource_id
                                 AND n.version = c.version + 1 AND n.kind = 2 AND n.operation_id >= ?)
FROM `change` c FORCE INDEX (PRIMARY)
WHERE (c.operation_id > ? OR (c.operation_id = ? AND c.ordinal > ?)) AND c.operation_id < ?
ORDER BY c.operation_id, c.ordinal LIMIT ?

-- name: change_drop
DELETE FROM `change` WHERE operation_id = ? AND ordinal = ?

-- name: event_purge
DELETE FROM event WHERE id < ? ORDER BY id LIMIT ?

-- name: deleted_purge
DELETE FROM deleted_resource WHERE deleted_ms < ? ORDER BY deleted_ms LIMIT ?

-- name: deleted_membership_purge
DELETE FROM deleted_membership WHERE deleted_ms < ? ORDER BY deleted_ms LIMIT ?
