-- name: signing_key_load
SELECT environment_id, algorithm, public_key, scopes,
       retired_ms IS NULL AND (expires_ms IS NULL OR expires_ms > UNIX_TIMESTAMP(NOW(3)) * 1000),
       COALESCE(last_used_ms, 0)
FROM signing_key WHERE id = ?

-- name: signing_key_touch
UPDATE signing_key SET last_used_ms = ? WHERE id = ? AND (last_used_ms IS NULL OR last_used_ms < ?)

-- name: signing_key_insert
INSERT INTO signing_key (id, environment_id, algorithm, bits, public_key, fingerprint, scopes, label, created_ms,
                         expires_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: signing_key_of_environment
SELECT id, label, algorithm, bits, fingerprint, scopes, created_ms, expires_ms, retired_ms, last_used_ms, public_key
FROM signing_key WHERE environment_id = ? AND id = ?

-- name: signing_key_list
SELECT id, label, algorithm, bits, fingerprint, scopes, created_ms, expires_ms, retired_ms, last_used_ms, public_key
FROM signing_key WHERE environment_id = ? AND id > ? ORDER BY id LIMIT ?

-- name: signing_key_retire
UPDATE signing_key SET retired_ms = ? WHERE environment_id = ? AND id = ? AND retired_ms IS NULL

-- name: signing_use_insert
INSERT INTO signing_use (signing_key_id, jti, expires_ms) VALUES (?, ?, ?)

-- name: signing_use_purge
DELETE FROM signing_use WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?

-- name: signing_key_self
SELECT k.label, k.created_ms, k.expires_ms, e.id, e.name
FROM signing_key k JOIN environment e ON e.id = k.environment_id WHERE k.id = ?
