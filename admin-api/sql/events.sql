-- name: event_list
SELECT id, organization_id, directory_id, type, data, created_ms
FROM event
WHERE environment_id = ?
  AND (? IS NULL OR FIND_IN_SET(type, ?) > 0) AND (? IS NULL OR organization_id = ?) AND id > ?
ORDER BY id LIMIT ?
