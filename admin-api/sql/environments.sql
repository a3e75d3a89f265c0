-- name: environment_load
SELECT id, name, created_ms, updated_ms FROM environment WHERE id = ?

-- name: environment_lock
SELECT 1 FROM environment WHERE id = ? FOR UPDATE

-- name: environment_insert
INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (?, ?, ?, ?)

-- name: environment_list
SELECT id, name, created_ms, updated_ms FROM environment WHERE id > ? ORDER BY id LIMIT ?

-- name: environment_update
UPDATE environment SET name = ?, updated_ms = ? WHERE id = ?

-- name: environment_delete_keys
DELETE FROM api_key WHERE environment_id = ?

-- name: environment_delete
DELETE FROM environment WHERE id = ?

-- name: environment_delete_signing_keys
DELETE FROM signing_key WHERE environment_id = ?
