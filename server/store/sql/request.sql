-- The request log and the health of directories (request_*.c, health*.c). All of it is written behind.

-- Again under the same id when the answer of a commit was lost.
-- name: request_insert
INSERT IGNORE INTO scim_request (directory_id, id, received_ms, duration_us, status, flags, method, operation, path, problem,
                                 detail, token_id, resource_id, peer, user_agent)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: request_insert_body
INSERT IGNORE INTO scim_request_body (directory_id, id, mode, flags, request, response, request_bytes, response_bytes,
                                      operations)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- Whose log a request belongs to that proved nothing: of the directory that its token names, if that is of the organization
-- of its URL,
-- name: request_claimed
SELECT d.id, d.revision, t.id
FROM directory d
LEFT JOIN scim_token t ON t.directory_id = d.id AND t.id = ?
WHERE d.id = ? AND d.organization_id = ? AND d.state <> 3

-- else of the organization's primary directory.
-- name: request_primary
SELECT d.id, d.revision, NULL
FROM primary_directory p
JOIN directory d ON d.id = p.directory_id
WHERE p.organization_id = ? AND d.state <> 3

-- name: health_load
SELECT directory_id, first_request_ms, last_request_ms, COALESCE(last_success_ms, 0), failures_in_row, usual_gap_ms, gaps
FROM directory_health
WHERE directory_id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ORDER BY directory_id
FOR UPDATE

-- An error that is NULL is none: the last one stays.
-- name: health_save
INSERT INTO directory_health (directory_id, first_request_ms, last_request_ms, last_success_ms, failures_in_row, usual_gap_ms,
                              gaps, last_error_ms, last_error_id, last_error_status, last_error_problem,
                              last_error_operation, last_error_detail)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE
  last_error_id = IF(VALUES(last_error_ms) IS NULL, last_error_id, VALUES(last_error_id)),
  last_error_status = IF(VALUES(last_error_ms) IS NULL, last_error_status, VALUES(last_error_status)),
  last_error_problem = IF(VALUES(last_error_ms) IS NULL, last_error_problem, VALUES(last_error_problem)),
  last_error_operation = IF(VALUES(last_error_ms) IS NULL, last_error_operation, VALUES(last_error_operation)),
  last_error_detail = IF(VALUES(last_error_ms) IS NULL, last_error_detail, VALUES(last_error_detail)),
  last_error_ms = COALESCE(VALUES(last_error_ms), last_error_ms),
  first_request_ms = VALUES(first_request_ms),
  last_request_ms = VALUES(last_request_ms),
  last_success_ms = VALUES(last_success_ms),
  failures_in_row = VALUES(failures_in_row),
  usual_gap_ms = VALUES(usual_gap_ms),
  gaps = VALUES(gaps)

-- name: health_count
INSERT INTO directory_hour (directory_id, hour, requests, failures, skipped)
VALUES (?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE
  requests = requests + VALUES(requests), failures = failures + VALUES(failures), skipped = skipped + VALUES(skipped)
