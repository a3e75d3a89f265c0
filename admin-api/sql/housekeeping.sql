-- name: change_purge
DELETE FROM `change` WHERE operation_id < ? ORDER BY operation_id, ordinal LIMIT ?

-- name: event_purge
DELETE FROM event WHERE id < ? ORDER BY id LIMIT ?
