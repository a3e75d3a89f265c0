-- The request log of a directory. Ids are made when requests arrive, so ranges of time are ranges of the primary key, and
-- a filter looks at no more rows than a directory may keep (--request-log-rows).

-- name: request_list_newest
SELECT id, received_ms, duration_us, status, flags, method, operation, path, problem, detail, token_id, resource_id, peer,
       user_agent
FROM scim_request FORCE INDEX (PRIMARY)
WHERE directory_id = ? AND id >= ? AND id <= ? AND status BETWEEN ? AND ?
  AND (? IS NULL OR method = ?) AND (? IS NULL OR operation = ?)
  AND (? IS NULL OR resource_id = ?) AND (? IS NULL OR token_id = ?)
  AND id < ?
ORDER BY id DESC LIMIT ?

-- name: request_list_oldest
SELECT id, received_ms, duration_us, status, flags, method, operation, path, problem, detail, token_id, resource_id, peer,
       user_agent
FROM scim_request FORCE INDEX (PRIMARY)
WHERE directory_id = ? AND id >= ? AND id <= ? AND status BETWEEN ? AND ?
  AND (? IS NULL OR method = ?) AND (? IS NULL OR operation = ?)
  AND (? IS NULL OR resource_id = ?) AND (? IS NULL OR token_id = ?)
  AND id > ?
ORDER BY id LIMIT ?

-- name: request_load
SELECT r.id, r.received_ms, r.duration_us, r.status, r.flags, r.method, r.operation, r.path, r.problem, r.detail, r.token_id,
       r.resource_id, r.peer, r.user_agent, b.mode, b.flags, b.request, b.response, b.request_bytes, b.response_bytes,
       b.operations
FROM scim_request r LEFT JOIN scim_request_body b ON b.directory_id = r.directory_id AND b.id = r.id
WHERE r.directory_id = ? AND r.id = ?

-- name: request_skipped
SELECT CAST(SUM(skipped) AS SIGNED) FROM directory_hour WHERE directory_id = ? AND hour >= ? AND hour <= ?

-- Entries of nobody proved have no hours, and directories without a log have no entries.
-- name: request_next_directory
SELECT directory_id
FROM ((SELECT directory_id FROM scim_request WHERE directory_id > ? ORDER BY directory_id LIMIT 1)
      UNION ALL
      (SELECT directory_id FROM directory_hour WHERE directory_id > ? ORDER BY directory_id LIMIT 1)) next
ORDER BY directory_id LIMIT 1

-- name: request_nth
SELECT id FROM scim_request WHERE directory_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?

-- name: request_purge
DELETE FROM scim_request WHERE directory_id = ? AND id < ? ORDER BY id LIMIT ?

-- name: request_purge_bodies
DELETE FROM scim_request_body WHERE directory_id = ? AND id < ? ORDER BY id LIMIT ?

-- name: request_purge_hours
DELETE FROM directory_hour WHERE directory_id = ? AND hour < ? ORDER BY hour LIMIT ?
