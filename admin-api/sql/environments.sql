-- name: environment_load
SELECT id, name, created_ms, updated_ms, event_retention_days FROM environment WHERE id = ?

-- name: environment_lock
SELECT 1 FROM environment WHERE id = ? FOR UPDATE

-- name: environment_insert
INSERT INTO environment (id, name, event_retention_days, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?)

-- name: environment_list
SELECT id, name, created_ms, updated_ms, event_retention_days FROM environment WHERE id > ? ORDER BY id LIMIT ?

-- name: environment_update
UPDATE environment
SET name = COALESCE(?, name), event_retention_days = IF(?, ?, event_retention_days), updated_ms = ?
WHERE id = ?

-- name: environment_delete_keys
DELETE FROM api_key WHERE environment_id = ?

-- name: environment_delete
DELETE FROM environment WHERE id = ?

-- name: environment_delete_signing_keys
DELETE FROM signing_key WHERE environment_id = ?
