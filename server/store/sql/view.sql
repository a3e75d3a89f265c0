-- What the batches of named rows load and write. view_sql.c fills in `{wanted}` and `{match directory, scope, key}`: a list
-- of keys of one directory and scope (a type, a group), or a join with the rows of `wanted`, which may be of many
-- directories. Arms have the columns of row.h behind a tag and the directory.

-- name: view_arm_token
SELECT 0, t.directory_id, d.state, d.organization_id, t.scopes,
       (t.revoked_ms IS NULL AND (t.expires_ms IS NULL OR t.expires_ms > UNIX_TIMESTAMP(NOW(3)) * 1000))
           + 2 * d.nests_groups + 4 * d.has_vendor_users + 8 * d.has_departed,
       COALESCE(t.last_used_ms, 0), t.pepper_version, NULL, t.hash, t.id, NULL, t.user_id, d.revision, NULL
FROM scim_token t JOIN directory d ON d.id = t.directory_id
WHERE t.directory_id = ? AND t.id = ?

-- name: view_arm_tokens
SELECT STRAIGHT_JOIN 0, t.directory_id, d.state, d.organization_id, t.scopes,
       (t.revoked_ms IS NULL AND (t.expires_ms IS NULL OR t.expires_ms > UNIX_TIMESTAMP(NOW(3)) * 1000))
           + 2 * d.nests_groups + 4 * d.has_vendor_users + 8 * d.has_departed,
       COALESCE(t.last_used_ms, 0), t.pepper_version, NULL, t.hash, t.id, NULL, t.user_id, d.revision, NULL
FROM presented JOIN scim_token t ON t.directory_id = presented.d AND t.id = presented.k
JOIN directory d ON d.id = t.directory_id

-- The gate of a directory: in the write lane its row is kept as it is until the batch ends, so that nobody writes under
-- rules that are being changed. Who changes them has the row for himself; then it is skipped.
-- name: view_arm_gate
SELECT 2, d.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, d.revision, NULL
FROM directory d
WHERE d.id = ?
LOCK IN SHARE MODE SKIP LOCKED

-- name: view_arm_gates
SELECT STRAIGHT_JOIN 2, d.id, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, d.revision, NULL
FROM presented JOIN directory d ON d.id = presented.d
LOCK IN SHARE MODE SKIP LOCKED

-- name: view_arm_whole
SELECT STRAIGHT_JOIN 1, r.directory_id, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document,
       r.unique_key, r.external_key, r.display, r.manager_id, 0, NULL
FROM {wanted} resource r
WHERE {match r.directory_id, r.type, r.id}

-- name: view_arm_locked
SELECT STRAIGHT_JOIN 1, r.directory_id, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document,
       r.unique_key, r.external_key, r.display, r.manager_id, 0, NULL
FROM {wanted} resource r
WHERE {match r.directory_id, r.type, r.id}
FOR UPDATE

-- name: view_arm_narrow
SELECT STRAIGHT_JOIN 1, r.directory_id, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, NULL,
       r.unique_key, r.external_key, r.display, r.manager_id, 0, NULL
FROM {wanted} resource r
WHERE {match r.directory_id, r.type, r.id}

-- name: view_arm_narrow_locked
SELECT STRAIGHT_JOIN 1, r.directory_id, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, NULL,
       r.unique_key, r.external_key, r.display, r.manager_id, 0, NULL
FROM {wanted} resource r
WHERE {match r.directory_id, r.type, r.id}
LOCK IN SHARE MODE

-- name: view_arm_unique
SELECT STRAIGHT_JOIN 1, r.directory_id, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document,
       r.unique_key, r.external_key, r.display, r.manager_id, 0, NULL
FROM {wanted} resource r FORCE INDEX (unique_key)
WHERE {match r.directory_id, r.type, r.unique_key}

-- name: view_arm_unique_probe
SELECT STRAIGHT_JOIN 1, r.directory_id, r.type, r.id, 0, 0, 0, 1, NULL, r.unique_key, NULL, NULL, NULL, 0, NULL
FROM {wanted} resource r FORCE INDEX (unique_key)
WHERE {match r.directory_id, r.type, r.unique_key}

-- Keys that several may have, of one attribute: VIEW_MOST_TOGETHER rows tell that some of the keys have many, and then
-- each is asked for by an arm of its own. A document too large to be held for each of a batch's jobs is left out. The
-- last columns say which key it is.
-- name: view_arm_values
SELECT STRAIGHT_JOIN 1, r.directory_id, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces,
       IF(LENGTH(r.document) > 65536, NULL, r.document), r.unique_key, r.external_key, r.display, r.manager_id,
       v.attribute, v.value_key
FROM attribute_value v FORCE INDEX (PRIMARY)
JOIN resource r ON r.directory_id = v.directory_id AND r.type = v.type AND r.id = v.resource_id
WHERE v.attribute = ? AND {match v.directory_id, v.type, v.value_key}
LIMIT 256

-- name: view_arm_externals
SELECT 1, r.directory_id, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces,
       IF(LENGTH(r.document) > 65536, NULL, r.document), r.unique_key, r.external_key, r.display, r.manager_id, 0,
       r.external_key
FROM resource r FORCE INDEX (external_key)
WHERE {match r.directory_id, r.type, r.external_key}
LIMIT 256

-- One of these for each key: a limit for all of them together would not keep one from taking the room of the others. One
-- row more than VIEW_MOST_MATCHES tells that there are too many.
-- name: view_arm_value
SELECT STRAIGHT_JOIN 1, r.directory_id, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces,
       IF(LENGTH(r.document) > 65536, NULL, r.document), r.unique_key, r.external_key, r.display, r.manager_id,
       v.attribute, v.value_key
FROM attribute_value v FORCE INDEX (PRIMARY)
JOIN resource r ON r.directory_id = v.directory_id AND r.type = v.type AND r.id = v.resource_id
WHERE v.directory_id = ? AND v.type = ? AND v.attribute = ? AND v.value_key = ?
ORDER BY v.resource_id LIMIT 21

-- name: view_arm_external
SELECT 1, r.directory_id, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces,
       IF(LENGTH(r.document) > 65536, NULL, r.document), r.unique_key, r.external_key, r.display, r.manager_id, 0,
       r.external_key
FROM resource r FORCE INDEX (external_key)
WHERE r.directory_id = ? AND r.type = ? AND r.external_key = ?
ORDER BY r.id LIMIT 21

-- name: view_arm_groups
SELECT STRAIGHT_JOIN 1, m.directory_id, m.member_type, m.member_id, 0, 0, 0, 1, NULL, NULL, NULL, g.display, m.group_id,
       0, NULL
FROM {wanted} membership m FORCE INDEX (of_member)
JOIN resource g ON g.directory_id = m.directory_id AND g.type = 2 AND g.id = m.group_id
WHERE {match m.directory_id, m.member_type, m.member_id}

-- name: view_arm_membership
SELECT STRAIGHT_JOIN 1, m.directory_id, m.member_type, m.member_id, 0, 0, 0, 1, NULL, NULL, NULL, NULL, m.group_id, 0, NULL
FROM {wanted} membership m FORCE INDEX (PRIMARY)
WHERE m.group_type = 2 AND {match m.directory_id, m.group_id, m.member_id}

-- name: view_arm_members
SELECT STRAIGHT_JOIN 1, m.directory_id, m.member_type, m.member_id, 0, 0, 0, 1, NULL, NULL, NULL, NULL, m.group_id, 0, NULL
FROM {wanted} membership m FORCE INDEX (PRIMARY)
WHERE {match m.directory_id, m.group_type, m.group_id}

-- name: view_arm_members_shown
SELECT STRAIGHT_JOIN 1, m.directory_id, m.member_type, m.member_id, 0, 0, 0, 1, NULL, NULL, NULL, r.display, m.group_id,
       0, NULL
FROM {wanted} membership m FORCE INDEX (PRIMARY)
JOIN resource r ON r.directory_id = m.directory_id AND r.type = m.member_type AND r.id = m.member_id
WHERE {match m.directory_id, m.group_type, m.group_id}

-- name: view_arm_managed
SELECT STRAIGHT_JOIN 1, v.directory_id, 1, v.resource_id, 0, 0, 0, 1, NULL, v.value_key, NULL, NULL, NULL, 0, NULL
FROM {wanted} attribute_value v
WHERE v.attribute = 7 AND {match v.directory_id, v.type, v.value_key}

-- name: view_insert_resource
INSERT INTO resource (directory_id, type, id, unique_key, external_key, display, manager_id, open_braces, version,
                      created_ms, modified_ms, document)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: view_update_resource
UPDATE resource
SET unique_key = ?, external_key = ?, display = ?, manager_id = ?, open_braces = ?, version = ?, modified_ms = ?, document = ?
WHERE directory_id = ? AND type = ? AND id = ? AND version = ?

-- name: view_touch_resource
UPDATE resource SET version = ?, modified_ms = ? WHERE directory_id = ? AND type = ? AND id = ? AND version = ?

-- name: view_delete_resource
DELETE FROM resource WHERE directory_id = ? AND type = ? AND id = ?

-- name: view_insert_value
INSERT INTO attribute_value (directory_id, type, attribute, value_key, resource_id) VALUES (?, ?, ?, ?, ?)

-- name: view_delete_value
DELETE FROM attribute_value WHERE directory_id = ? AND type = ? AND attribute = ? AND value_key = ? AND resource_id = ?

-- name: view_insert_membership
INSERT INTO membership (directory_id, group_type, group_id, member_type, member_id) VALUES (?, 2, ?, ?, ?)

-- name: view_nest_groups
UPDATE directory SET nests_groups = 1 WHERE id = ?

-- name: view_delete_membership
DELETE FROM membership WHERE directory_id = ? AND group_type = 2 AND group_id = ? AND member_id = ?

-- name: view_delete_members
DELETE FROM membership WHERE directory_id = ? AND group_type = 2 AND group_id = ?

-- name: view_fallen
SELECT m.member_id, m.member_type FROM membership m FORCE INDEX (PRIMARY)
WHERE m.directory_id = ? AND m.group_type = 2 AND m.group_id = ?
ORDER BY m.member_id LIMIT 900000

-- name: view_insert_change
INSERT INTO `change` (operation_id, ordinal, directory_id, type, resource_id, kind, version, created_ms, document, members,
                      actor, cause, born_ms, is_put)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: view_add_to_count
UPDATE resource_count SET resources = resources + ? WHERE directory_id = ? AND type = ?

-- name: view_touch_token
UPDATE scim_token SET last_used_ms = ?
WHERE directory_id = ? AND id = ? AND (last_used_ms IS NULL OR last_used_ms < ?)
