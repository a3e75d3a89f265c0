-- name: setup_link_prove
SELECT hash, pepper_version, environment_id, organization_id, directory_id, permissions FROM setup_link WHERE id = ?

-- name: setup_link_insert
INSERT INTO setup_link (id, environment_id, organization_id, directory_id, hash, pepper_version, permissions, label,
                        created_by, created_ms, expires_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: setup_link_load
SELECT l.id, l.label, l.directory_id, l.permissions, l.created_by, l.created_ms, l.expires_ms, l.used_ms, l.revoked_ms,
       s.last_used_ms, s.expires_ms, s.ended_ms
FROM setup_link l LEFT JOIN setup_session s ON s.link_id = l.id
WHERE l.organization_id = ? AND l.id = ?

-- name: setup_link_list
SELECT l.id, l.label, l.directory_id, l.permissions, l.created_by, l.created_ms, l.expires_ms, l.used_ms, l.revoked_ms,
       s.last_used_ms, s.expires_ms, s.ended_ms
FROM setup_link l LEFT JOIN setup_session s ON s.link_id = l.id
WHERE l.organization_id = ? AND l.id > ? ORDER BY l.id LIMIT ?

-- name: setup_link_revoke
UPDATE setup_link SET revoked_ms = ? WHERE organization_id = ? AND id = ? AND revoked_ms IS NULL

-- Once: of two at a time, the later one finds it used.
-- name: setup_link_use
UPDATE setup_link SET used_ms = ?
WHERE id = ? AND used_ms IS NULL AND revoked_ms IS NULL AND expires_ms > UNIX_TIMESTAMP(NOW(3)) * 1000

-- name: setup_link_why
SELECT used_ms IS NOT NULL, revoked_ms IS NOT NULL FROM setup_link WHERE id = ?

-- name: setup_session_insert
INSERT INTO setup_session (id, link_id, hash, pepper_version, created_ms, expires_ms, last_used_ms)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: setup_session_prove
SELECT s.hash, s.pepper_version, l.environment_id, l.organization_id, l.directory_id, l.permissions, l.id,
       s.ended_ms IS NULL AND l.revoked_ms IS NULL AND s.expires_ms > UNIX_TIMESTAMP(NOW(3)) * 1000 AND
       s.last_used_ms > UNIX_TIMESTAMP(NOW(3)) * 1000 - ?,
       s.last_used_ms, s.expires_ms
FROM setup_session s JOIN setup_link l ON l.id = s.link_id WHERE s.id = ?

-- name: setup_session_touch
UPDATE setup_session SET last_used_ms = ? WHERE id = ? AND last_used_ms < ?

-- name: setup_session_end
UPDATE setup_session SET ended_ms = ? WHERE id = ? AND ended_ms IS NULL

-- name: setup_session_purge
DELETE FROM setup_session WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?

-- name: setup_link_purge
DELETE FROM setup_link WHERE expires_ms < ? ORDER BY expires_ms LIMIT ?

-- name: setup_directories
SELECT d.id, d.name, d.idp, d.state, p.directory_id <=> d.id
FROM directory d LEFT JOIN primary_directory p ON p.organization_id = d.organization_id
WHERE d.organization_id = ? AND (? IS NULL OR d.id = ?) AND d.state <> 3
ORDER BY d.id LIMIT 1000
