-- name: audit_insert
INSERT INTO audit (id, actor, action, environment_id, organization_id, directory_id, detail, request_id, created_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: audit_find
SELECT 1 FROM audit WHERE id = ?
