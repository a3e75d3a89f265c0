-- name: vendor_user_list
SELECT v.id, v.vendor_user_id, v.user_name, v.email, v.display_name, v.state, v.conflict, v.resource_id, v.matched_by,
       v.linked_ms, v.created_ms, v.updated_ms
FROM vendor_user v FORCE INDEX (PRIMARY) WHERE v.directory_id = ? AND v.id > ?
ORDER BY v.id LIMIT ?

-- name: vendor_user_list_in_state
SELECT v.id, v.vendor_user_id, v.user_name, v.email, v.display_name, v.state, v.conflict, v.resource_id, v.matched_by,
       v.linked_ms, v.created_ms, v.updated_ms
FROM vendor_user v FORCE INDEX (state) WHERE v.directory_id = ? AND v.state = ? AND v.id > ?
ORDER BY v.id LIMIT ?

-- name: vendor_user_load
SELECT v.id, v.vendor_user_id, v.user_name, v.email, v.display_name, v.state, v.conflict, v.resource_id, v.matched_by,
       v.linked_ms, v.created_ms, v.updated_ms
FROM vendor_user v WHERE v.directory_id = ? AND v.vendor_user_id = ?

-- name: vendor_user_lock
SELECT v.id, v.vendor_user_id, v.user_name, v.email, v.display_name, v.state, v.conflict, v.resource_id, v.matched_by,
       v.linked_ms, v.created_ms, v.updated_ms
FROM vendor_user v WHERE v.directory_id = ? AND v.vendor_user_id = ? FOR UPDATE

-- name: vendor_user_of
SELECT v.vendor_user_id FROM vendor_user v WHERE v.directory_id = ? AND v.resource_id = ?

-- name: vendor_user_count
SELECT v.state, COUNT(*) FROM vendor_user v FORCE INDEX (state) WHERE v.directory_id = ? GROUP BY v.state

-- name: vendor_user_keep_resource
SELECT 1 FROM resource WHERE directory_id = ? AND type = 1 AND id = ? LOCK IN SHARE MODE

-- name: vendor_user_link
UPDATE vendor_user
SET resource_id = ?, state = 2, conflict = 0, matched_by = 3, linked_ms = ?, previous_unique_key = NULL,
    previous_external_key = NULL, updated_ms = ?
WHERE directory_id = ? AND vendor_user_id = ?

-- name: vendor_user_unlink
UPDATE vendor_user
SET resource_id = NULL, state = 3, conflict = 5, matched_by = 0, linked_ms = NULL, updated_ms = ?
WHERE directory_id = ? AND vendor_user_id = ?

-- name: vendor_user_delete
DELETE FROM vendor_user WHERE directory_id = ? AND vendor_user_id = ?

-- Users of the directory whom no vendor user is, out of the next 20,000: where most are linked a page may be short, but
-- it is never slow.
-- name: user_unmatched
SELECT u.id FROM (
  SELECT r.id FROM resource r FORCE INDEX (PRIMARY) WHERE r.directory_id = ? AND r.type = 1 AND r.id > ?
  ORDER BY r.id LIMIT 20000) u
LEFT JOIN vendor_user v FORCE INDEX (resource) ON v.directory_id = ? AND v.resource_id = u.id
WHERE v.id IS NULL
ORDER BY u.id LIMIT ?

-- name: user_unmatched_end
SELECT MAX(u.id), COUNT(*) FROM (
  SELECT r.id FROM resource r FORCE INDEX (PRIMARY) WHERE r.directory_id = ? AND r.type = 1 AND r.id > ?
  ORDER BY r.id LIMIT 20000) u
