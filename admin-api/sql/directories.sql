-- name: directory_lock
SELECT 1 FROM directory WHERE id = ? FOR UPDATE

-- name: directory_load
SELECT d.id, d.organization_id, o.environment_id, p.directory_id <=> d.id, d.state, d.name, d.idp, d.policy,
       d.created_ms, d.updated_ms, COALESCE(u.resources, 0), COALESCE(g.resources, 0),
       d.deleted_ms, d.erase_ms, d.erasing, d.with_organization
FROM directory d
JOIN organization o ON o.id = d.organization_id
LEFT JOIN primary_directory p ON p.organization_id = d.organization_id
LEFT JOIN resource_count u ON u.directory_id = d.id AND u.type = 1
LEFT JOIN resource_count g ON g.directory_id = d.id AND g.type = 2
WHERE d.id = ?

-- name: directory_list
SELECT d.id, d.organization_id, o.environment_id, p.directory_id <=> d.id, d.state, d.name, d.idp, d.policy,
       d.created_ms, d.updated_ms, COALESCE(u.resources, 0), COALESCE(g.resources, 0),
       d.deleted_ms, d.erase_ms, d.erasing, d.with_organization
FROM directory d
JOIN organization o ON o.id = d.organization_id
LEFT JOIN primary_directory p ON p.organization_id = d.organization_id
LEFT JOIN resource_count u ON u.directory_id = d.id AND u.type = 1
LEFT JOIN resource_count g ON g.directory_id = d.id AND g.type = 2
WHERE d.organization_id = ? AND (d.state = ? OR (? IS NULL AND d.state <> 3)) AND d.id > ?
ORDER BY d.id LIMIT ?

-- name: directory_insert
INSERT INTO directory (id, organization_id, name, idp, policy, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: directory_insert_counters
INSERT INTO resource_count (directory_id, type, resources) VALUES (?, 1, 0), (?, 2, 0)

-- name: directory_update
UPDATE directory SET name = ?, idp = ?, state = ?, updated_ms = ? WHERE id = ?

-- name: directory_delete
UPDATE directory SET state_before = state, state = 3, deleted_ms = ?, erase_ms = ? WHERE id = ?

-- name: directory_hasten
UPDATE directory SET erase_ms = LEAST(erase_ms, ?) WHERE id = ? AND state = 3

-- name: directory_restore
UPDATE directory SET state = state_before, deleted_ms = NULL, erase_ms = NULL, updated_ms = ? WHERE id = ? AND state = 3
