-- name: change_purge
DELETE FROM `change` WHERE operation_id < ? ORDER BY operation_id, ordinal LIMIT ?

-- name: event_purge
DELETE FROM event WHERE id < ? ORDER BY id LIMIT ?

-- name: deleted_purge
DELETE FROM deleted_resource WHERE deleted_ms < ? ORDER BY deleted_ms LIMIT ?

-- name: deleted_membership_purge
DELETE FROM deleted_membership WHERE deleted_ms < ? ORDER BY deleted_ms LIMIT ?
