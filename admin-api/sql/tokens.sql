-- name: token_insert
INSERT INTO scim_token (directory_id, id, hash, pepper_version, scopes, label, hint, created_ms, expires_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: token_load
SELECT id, label, scopes, hint, created_ms, expires_ms, revoked_ms, last_used_ms
FROM scim_token WHERE directory_id = ? AND id = ?

-- name: token_list
SELECT id, label, scopes, hint, created_ms, expires_ms, revoked_ms, last_used_ms
FROM scim_token WHERE directory_id = ? AND id > ? ORDER BY id LIMIT ?

-- name: token_revoke
UPDATE scim_token SET revoked_ms = ? WHERE directory_id = ? AND id = ? AND revoked_ms IS NULL

-- name: token_revoke_all
UPDATE scim_token SET revoked_ms = ? WHERE directory_id = ? AND revoked_ms IS NULL

-- name: token_end_all
UPDATE scim_token SET expires_ms = ?
WHERE (expires_ms IS NULL OR expires_ms > ?) AND directory_id = ? AND revoked_ms IS NULL
