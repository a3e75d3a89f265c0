-- name: key_load
SELECT environment_id, hash, pepper_version, scopes,
       revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > UNIX_TIMESTAMP(NOW(3)) * 1000),
       COALESCE(last_used_ms, 0)
FROM api_key WHERE id = ?

-- name: key_touch
UPDATE api_key SET last_used_ms = ? WHERE id = ? AND (last_used_ms IS NULL OR last_used_ms < ?)

-- name: key_insert
INSERT INTO api_key (id, environment_id, hash, pepper_version, scopes, label, hint, created_ms, expires_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: key_of_environment
SELECT id, label, scopes, hint, created_ms, expires_ms, revoked_ms, last_used_ms, environment_id
FROM api_key WHERE environment_id = ? AND id = ?

-- name: key_list
SELECT id, label, scopes, hint, created_ms, expires_ms, revoked_ms, last_used_ms, environment_id
FROM api_key WHERE environment_id = ? AND id > ? ORDER BY id LIMIT ?

-- name: key_revoke
UPDATE api_key SET revoked_ms = ? WHERE environment_id = ? AND id = ? AND revoked_ms IS NULL

-- name: key_count_operators
SELECT COUNT(*) FROM api_key
WHERE environment_id IS NULL AND revoked_ms IS NULL
  AND (expires_ms IS NULL OR expires_ms > UNIX_TIMESTAMP(NOW(3)) * 1000)

-- name: key_operator
SELECT id, label, scopes, hint, created_ms, expires_ms, revoked_ms, last_used_ms, environment_id
FROM api_key WHERE environment_id IS NULL AND id = ?

-- name: key_list_operators
SELECT id, label, scopes, hint, created_ms, expires_ms, revoked_ms, last_used_ms, environment_id
FROM api_key WHERE environment_id IS NULL AND id > ? ORDER BY id LIMIT ?

-- Locked, so that the last two do not end each other.
-- name: key_lock_operators
SELECT id FROM api_key WHERE environment_id IS NULL AND revoked_ms IS NULL ORDER BY id FOR UPDATE

-- name: key_count_other_operators
SELECT COUNT(*) FROM api_key
WHERE environment_id IS NULL AND revoked_ms IS NULL AND id <> ?
  AND (expires_ms IS NULL OR expires_ms > UNIX_TIMESTAMP(NOW(3)) * 1000)

-- name: key_revoke_operator
UPDATE api_key SET revoked_ms = ? WHERE environment_id IS NULL AND id = ? AND revoked_ms IS NULL

-- name: key_self
SELECT k.label, k.created_ms, k.expires_ms, e.id, e.name
FROM api_key k LEFT JOIN environment e ON e.id = k.environment_id WHERE k.id = ?
