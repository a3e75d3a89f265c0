-- The health of directories. Its columns (health_read) begin with d.expected_cadence_s; directories.sql has them, too.

-- The CASE is state_of in health.c.
-- name: health_list
SELECT d.id, d.organization_id, o.external_id, o.display_name, d.name, d.idp, d.state,
       d.expected_cadence_s, h.first_request_ms, h.last_request_ms, h.last_success_ms, h.last_error_ms, h.last_error_id,
       h.last_error_status, h.last_error_problem, h.last_error_operation, h.last_error_detail, h.failures_in_row,
       h.usual_gap_ms, h.gaps, h.stalled_ms,
       (SELECT CAST(SUM(t.requests) AS SIGNED) FROM directory_hour t
        WHERE t.directory_id = d.id AND t.hour > UNIX_TIMESTAMP() DIV 3600 - 24),
       (SELECT CAST(SUM(t.failures) AS SIGNED) FROM directory_hour t
        WHERE t.directory_id = d.id AND t.hour > UNIX_TIMESTAMP() DIV 3600 - 24),
       (SELECT CAST(SUM(t.skipped) AS SIGNED) FROM directory_hour t
        WHERE t.directory_id = d.id AND t.hour > UNIX_TIMESTAMP() DIV 3600 - 24)
FROM directory d
JOIN organization o ON o.id = d.organization_id
LEFT JOIN directory_health h ON h.directory_id = d.id
WHERE o.environment_id = ? AND d.state <> 3
  AND (? IS NULL
       OR CASE
            WHEN d.state = 2 THEN 'paused'
            WHEN h.directory_id IS NULL THEN 'waiting'
            WHEN h.failures_in_row >= 3 AND h.last_request_ms > COALESCE(h.stalled_ms, 0) THEN 'failing'
            WHEN h.stalled_ms IS NOT NULL AND COALESCE(h.last_success_ms, 0) <= h.stalled_ms THEN 'stalled'
            ELSE 'healthy'
          END = CONVERT(? USING utf8mb4))
  AND d.id > ?
ORDER BY d.id LIMIT ?

-- name: health_find_silent
SELECT h.directory_id, o.id, o.environment_id, d.idp, d.expected_cadence_s, h.last_request_ms, h.usual_gap_ms, h.gaps, 0
FROM directory_health h FORCE INDEX (PRIMARY)
JOIN directory d ON d.id = h.directory_id AND d.state = 1
JOIN organization o ON o.id = d.organization_id
WHERE h.directory_id > ? AND h.stalled_ms IS NULL AND h.last_request_ms < ?
ORDER BY h.directory_id LIMIT ?

-- name: health_stall
UPDATE directory_health SET stalled_ms = ? WHERE directory_id = ? AND stalled_ms IS NULL AND last_request_ms = ?

-- name: health_find_back
SELECT h.directory_id, o.id, o.environment_id, d.idp, d.expected_cadence_s, h.last_request_ms, h.usual_gap_ms, h.gaps,
       h.stalled_ms
FROM directory_health h FORCE INDEX (stalled)
JOIN directory d ON d.id = h.directory_id
JOIN organization o ON o.id = d.organization_id
WHERE h.stalled_ms IS NOT NULL AND h.last_success_ms > h.stalled_ms
ORDER BY h.stalled_ms LIMIT ?

-- name: health_recover
UPDATE directory_health SET stalled_ms = NULL WHERE directory_id = ? AND stalled_ms = ?

-- name: health_set_cadence
UPDATE directory SET expected_cadence_s = ? WHERE id = ?
