-- name: event_insert
INSERT INTO event (id, environment_id, organization_id, directory_id, type, data, created_ms, cause, operation_id, actor)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
