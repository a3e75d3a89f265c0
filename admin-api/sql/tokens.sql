-- name: token_insert
INSERT INTO scim_token (directory_id, id, hash, pepper_version, scopes, label, hint, created_ms, expires_ms, warned)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: token_load
SELECT id, label, scopes, hint, created_ms, expires_ms, revoked_ms, last_used_ms
FROM scim_token WHERE directory_id = ? AND id = ?

-- name: token_list
SELECT id, label, scopes, hint, created_ms, expires_ms, revoked_ms, last_used_ms
FROM scim_token WHERE directory_id = ? AND id > ? ORDER BY id LIMIT ?

-- name: token_revoke
UPDATE scim_token SET revoked_ms = ?, warned = 4 WHERE directory_id = ? AND id = ? AND revoked_ms IS NULL

-- name: token_revoke_all
UPDATE scim_token SET revoked_ms = ?, warned = 4 WHERE directory_id = ? AND revoked_ms IS NULL

-- Whoever rotates knows when they end: of the warnings, the last one is left.
-- name: token_end_all
UPDATE scim_token SET expires_ms = ?, warned = 3
WHERE (expires_ms IS NULL OR expires_ms > ?) AND directory_id = ? AND revoked_ms IS NULL

-- A change of its end makes warnings due again.
-- name: token_update
UPDATE scim_token SET label = ?, expires_ms = ?, warned = ? WHERE directory_id = ? AND id = ? AND revoked_ms IS NULL

-- name: token_count_live
SELECT COUNT(*) FROM scim_token
WHERE directory_id = ? AND user_id IS NULL AND revoked_ms IS NULL AND (expires_ms IS NULL OR expires_ms > ?)

-- name: token_find_ending
SELECT t.directory_id, t.id, d.organization_id, o.environment_id, t.label, t.expires_ms
FROM scim_token t
JOIN directory d ON d.id = t.directory_id AND d.state <> 3
JOIN organization o ON o.id = d.organization_id
WHERE t.warned = ? AND t.expires_ms <= ?
ORDER BY t.expires_ms LIMIT ?

-- name: token_warn
UPDATE scim_token SET warned = ? WHERE directory_id = ? AND id = ? AND warned = ? AND expires_ms = ?

-- name: token_list_ending
SELECT t.id, t.label, t.scopes, t.hint, t.created_ms, t.expires_ms, t.revoked_ms, t.last_used_ms, t.directory_id, o.id,
       o.external_id, o.display_name
FROM scim_token t
JOIN directory d ON d.id = t.directory_id AND d.state <> 3
JOIN organization o ON o.id = d.organization_id
WHERE o.environment_id = ? AND t.revoked_ms IS NULL AND t.expires_ms > ? AND t.expires_ms <= ? AND t.id > ?
ORDER BY t.id LIMIT ?
