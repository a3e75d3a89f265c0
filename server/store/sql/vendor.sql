-- The vendor's own users (view_vendor_users.c, vendor_match.c).

-- name: vendor_unlink_deleted
UPDATE vendor_user
SET resource_id = NULL, state = 1, conflict = 0, matched_by = 0, linked_ms = NULL, previous_unique_key = ?,
    previous_external_key = ?, updated_ms = ?
WHERE directory_id = ? AND resource_id = ?

-- name: vendor_find
(SELECT v.id, v.resource_id, v.state, v.conflict, v.user_name_key, v.email_key, v.previous_unique_key,
        v.previous_external_key
 FROM vendor_user v FORCE INDEX (resource) WHERE v.directory_id = ? AND v.resource_id IN (?*))
UNION
(SELECT v.id, v.resource_id, v.state, v.conflict, v.user_name_key, v.email_key, v.previous_unique_key,
        v.previous_external_key
 FROM vendor_user v FORCE INDEX (user_name) WHERE v.directory_id = ? AND v.user_name_key IN (?*) LIMIT 10000)
UNION
(SELECT v.id, v.resource_id, v.state, v.conflict, v.user_name_key, v.email_key, v.previous_unique_key,
        v.previous_external_key
 FROM vendor_user v FORCE INDEX (email) WHERE v.directory_id = ? AND v.email_key IN (?*) LIMIT 10000)
UNION
(SELECT v.id, v.resource_id, v.state, v.conflict, v.user_name_key, v.email_key, v.previous_unique_key,
        v.previous_external_key
 FROM vendor_user v FORCE INDEX (previous_external)
 WHERE v.directory_id = ? AND v.previous_external_key IN (?*) LIMIT 10000)
UNION
(SELECT v.id, v.resource_id, v.state, v.conflict, v.user_name_key, v.email_key, v.previous_unique_key,
        v.previous_external_key
 FROM vendor_user v FORCE INDEX (previous_unique)
 WHERE v.directory_id = ? AND v.previous_unique_key IN (?*) LIMIT 10000)

-- Keys that more than one user of the directory has.
-- name: vendor_shared_emails
SELECT v.value_key FROM attribute_value v
WHERE v.directory_id = ? AND v.type = 1 AND v.attribute = 2 AND v.value_key IN (?*)
GROUP BY v.value_key HAVING COUNT(*) > 1 LIMIT 1000

-- name: vendor_shared_user_names
SELECT v.value_key FROM attribute_value v
WHERE v.directory_id = ? AND v.type = 1 AND v.attribute = 1 AND v.value_key IN (?*)
GROUP BY v.value_key HAVING COUNT(*) > 1 LIMIT 1000

-- name: vendor_link
UPDATE vendor_user
SET resource_id = ?, state = 2, conflict = 0, matched_by = ?, linked_ms = ?, previous_unique_key = NULL,
    previous_external_key = NULL, updated_ms = ?
WHERE directory_id = ? AND id = ? AND resource_id IS NULL

-- name: vendor_doubt
UPDATE vendor_user SET state = 3, conflict = ? WHERE directory_id = ? AND id = ? AND resource_id IS NULL

-- Users of the directory who have a key; locked ones stay until the transaction ends.
-- name: vendor_holders_unique
SELECT r.unique_key, r.id, r.external_key FROM resource r FORCE INDEX (unique_key)
WHERE r.directory_id = ? AND r.type = 1 AND r.unique_key IN (?*)

-- name: vendor_holders_unique_locked
SELECT r.unique_key, r.id, r.external_key FROM resource r FORCE INDEX (unique_key)
WHERE r.directory_id = ? AND r.type = 1 AND r.unique_key IN (?*)
LOCK IN SHARE MODE

-- name: vendor_holders_user_name
SELECT STRAIGHT_JOIN v.value_key, r.id, r.external_key
FROM attribute_value v JOIN resource r ON r.directory_id = v.directory_id AND r.type = 1 AND r.id = v.resource_id
WHERE v.directory_id = ? AND v.type = 1 AND v.attribute = 1 AND v.value_key IN (?*) LIMIT 20000

-- name: vendor_holders_user_name_locked
SELECT STRAIGHT_JOIN v.value_key, r.id, r.external_key
FROM attribute_value v JOIN resource r ON r.directory_id = v.directory_id AND r.type = 1 AND r.id = v.resource_id
WHERE v.directory_id = ? AND v.type = 1 AND v.attribute = 1 AND v.value_key IN (?*) LIMIT 20000
LOCK IN SHARE MODE

-- name: vendor_holders_email
SELECT STRAIGHT_JOIN v.value_key, r.id, r.external_key
FROM attribute_value v JOIN resource r ON r.directory_id = v.directory_id AND r.type = 1 AND r.id = v.resource_id
WHERE v.directory_id = ? AND v.type = 1 AND v.attribute = 2 AND v.value_key IN (?*) LIMIT 20000

-- name: vendor_holders_email_locked
SELECT STRAIGHT_JOIN v.value_key, r.id, r.external_key
FROM attribute_value v JOIN resource r ON r.directory_id = v.directory_id AND r.type = 1 AND r.id = v.resource_id
WHERE v.directory_id = ? AND v.type = 1 AND v.attribute = 2 AND v.value_key IN (?*) LIMIT 20000
LOCK IN SHARE MODE

-- name: vendor_linked
SELECT v.resource_id FROM vendor_user v FORCE INDEX (resource) WHERE v.directory_id = ? AND v.resource_id IN (?*)

-- name: vendor_sharers_email
SELECT v.email_key, v.vendor_user_id FROM vendor_user v FORCE INDEX (email)
WHERE v.directory_id = ? AND v.email_key IN (?*) LIMIT 20000

-- name: vendor_sharers_user_name
SELECT v.user_name_key, v.vendor_user_id FROM vendor_user v FORCE INDEX (user_name)
WHERE v.directory_id = ? AND v.user_name_key IN (?*) LIMIT 20000
