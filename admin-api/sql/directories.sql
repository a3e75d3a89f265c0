-- name: directory_lock
SELECT 1 FROM directory WHERE id = ? FOR UPDATE

-- name: directory_load
SELECT d.id, d.organization_id, o.environment_id, p.directory_id <=> d.id, d.state, d.name, d.idp, d.policy,
       d.created_ms, d.updated_ms, COALESCE(u.resources, 0), COALESCE(g.resources, 0),
       d.deleted_ms, d.erase_ms, d.erasing, d.with_organization,
       d.expected_cadence_s, h.first_request_ms, h.last_request_ms, h.last_success_ms, h.last_error_ms, h.last_error_id,
       h.last_error_status, h.last_error_problem, h.last_error_operation, h.last_error_detail, h.failures_in_row,
       h.usual_gap_ms, h.gaps, h.stalled_ms,
       (SELECT CAST(SUM(t.requests) AS SIGNED) FROM directory_hour t
        WHERE t.directory_id = d.id AND t.hour > UNIX_TIMESTAMP() DIV 3600 - 24),
       (SELECT CAST(SUM(t.failures) AS SIGNED) FROM directory_hour t
        WHERE t.directory_id = d.id AND t.hour > UNIX_TIMESTAMP() DIV 3600 - 24),
       (SELECT CAST(SUM(t.skipped) AS SIGNED) FROM directory_hour t
        WHERE t.directory_id = d.id AND t.hour > UNIX_TIMESTAMP() DIV 3600 - 24),
       (SELECT q.guarded_ms FROM directory_guard q WHERE q.directory_id = d.id)
FROM directory d
JOIN organization o ON o.id = d.organization_id
LEFT JOIN primary_directory p ON p.organization_id = d.organization_id
LEFT JOIN resource_count u ON u.directory_id = d.id AND u.type = 1
LEFT JOIN resource_count g ON g.directory_id = d.id AND g.type = 2
LEFT JOIN directory_health h ON h.directory_id = d.id
WHERE d.id = ?

-- name: directory_list
SELECT d.id, d.organization_id, o.environment_id, p.directory_id <=> d.id, d.state, d.name, d.idp, d.policy,
       d.created_ms, d.updated_ms, COALESCE(u.resources, 0), COALESCE(g.resources, 0),
       d.deleted_ms, d.erase_ms, d.erasing, d.with_organization,
       d.expected_cadence_s, h.first_request_ms, h.last_request_ms, h.last_success_ms, h.last_error_ms, h.last_error_id,
       h.last_error_status, h.last_error_problem, h.last_error_operation, h.last_error_detail, h.failures_in_row,
       h.usual_gap_ms, h.gaps, h.stalled_ms,
       (SELECT CAST(SUM(t.requests) AS SIGNED) FROM directory_hour t
        WHERE t.directory_id = d.id AND t.hour > UNIX_TIMESTAMP() DIV 3600 - 24),
       (SELECT CAST(SUM(t.failures) AS SIGNED) FROM directory_hour t
        WHERE t.directory_id = d.id AND t.hour > UNIX_TIMESTAMP() DIV 3600 - 24),
       (SELECT CAST(SUM(t.skipped) AS SIGNED) FROM directory_hour t
        WHERE t.directory_id = d.id AND t.hour > UNIX_TIMESTAMP() DIV 3600 - 24),
       (SELECT q.guarded_ms FROM directory_guard q WHERE q.directory_id = d.id)
FROM directory d
JOIN organization o ON o.id = d.organization_id
LEFT JOIN primary_directory p ON p.organization_id = d.organization_id
LEFT JOIN resource_count u ON u.directory_id = d.id AND u.type = 1
LEFT JOIN resource_count g ON g.directory_id = d.id AND g.type = 2
LEFT JOIN directory_health h ON h.directory_id = d.id
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
