-- name: index_list
SELECT COALESCE(indexes, '') FROM directory WHERE id = ?

-- name: index_jobs
SELECT id, state, done, total FROM job
WHERE id IN (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ORDER BY id LIMIT 20

-- name: index_count
SELECT resources FROM resource_count WHERE directory_id = ? AND type = ?

-- name: dropped_find
SELECT directory_id, type, attribute FROM dropped_index WHERE since_ms < ? ORDER BY since_ms LIMIT ?

-- name: dropped_rows
DELETE FROM attribute_value
WHERE directory_id = ? AND type = ? AND attribute = ?
ORDER BY value_key, resource_id LIMIT ?

-- name: dropped_forget
DELETE FROM dropped_index WHERE directory_id = ? AND type = ? AND attribute = ?
