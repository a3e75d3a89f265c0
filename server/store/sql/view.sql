-- What the batches of named rows load and write. `?*` stands for as many parameters as the statement is composed for
-- (view_sql.c); the arm of the token may stand behind it in a UNION ALL, so all have the columns of row.h behind a tag.

-- name: view_arm_token
SELECT 0, d.state, d.organization_id, t.scopes,
       t.revoked_ms IS NULL AND (t.expires_ms IS NULL OR t.expires_ms > UNIX_TIMESTAMP(NOW(3)) * 1000),
       COALESCE(t.last_used_ms, 0), t.pepper_version, d.policy, t.hash, t.id, NULL, NULL, 0, NULL
FROM scim_token t JOIN directory d ON d.id = t.directory_id
WHERE t.directory_id = ? AND t.id = ?

-- name: view_arm_whole
SELECT 1, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, 0, NULL
FROM resource r
WHERE r.directory_id = ? AND r.type = ? AND r.id IN (?*)

-- name: view_arm_locked
SELECT 1, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, 0, NULL
FROM resource r
WHERE r.directory_id = ? AND r.type = ? AND r.id IN (?*)
FOR UPDATE

-- name: view_arm_narrow
SELECT 1, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, NULL, r.unique_key, r.external_key,
       r.display, r.manager_id, 0, NULL
FROM resource r
WHERE r.directory_id = ? AND r.type = ? AND r.id IN (?*)

-- name: view_arm_member
SELECT 1, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, NULL, r.unique_key, r.external_key,
       r.display, r.manager_id, 0, NULL
FROM resource r
WHERE r.directory_id = ? AND r.type IN (1, 2) AND r.id IN (?*)

-- name: view_arm_member_locked
SELECT 1, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, NULL, r.unique_key, r.external_key,
       r.display, r.manager_id, 0, NULL
FROM resource r
WHERE r.directory_id = ? AND r.type IN (1, 2) AND r.id IN (?*)
LOCK IN SHARE MODE

-- name: view_arm_unique
SELECT 1, r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, 0, NULL
FROM resource r
WHERE r.directory_id = ? AND r.type = ? AND r.unique_key IN (?*)

-- name: view_arm_unique_probe
SELECT 1, r.type, r.id, 0, 0, 0, 1, NULL, r.unique_key, NULL, NULL, NULL, 0, NULL
FROM resource r
WHERE r.directory_id = ? AND r.type = ? AND r.unique_key IN (?*)

-- name: view_arm_groups
SELECT STRAIGHT_JOIN 1, s.member_type, s.member_id, 0, 0, 0, 1, NULL, NULL, NULL, g.display, s.group_id, 0, NULL
FROM membership s FORCE INDEX (of_member)
JOIN resource g ON g.directory_id = s.directory_id AND g.type = 2 AND g.id = s.group_id
WHERE s.directory_id = ? AND s.member_type = ? AND s.member_id IN (?*)

-- name: view_arm_membership
SELECT 1, s.member_type, s.member_id, 0, 0, 0, 1, NULL, NULL, NULL, NULL, s.group_id, 0, NULL
FROM membership s
WHERE s.directory_id = ? AND s.group_type = 2 AND s.group_id = ? AND s.member_id IN (?*)

-- name: view_arm_members
SELECT 1, s.member_type, s.member_id, 0, 0, 0, 1, NULL, NULL, NULL, NULL, s.group_id, 0, NULL
FROM membership s
WHERE s.directory_id = ? AND s.group_type = 2 AND s.group_id IN (?*)

-- name: view_arm_members_shown
SELECT STRAIGHT_JOIN 1, s.member_type, s.member_id, 0, 0, 0, 1, NULL, NULL, NULL, r.display, s.group_id, 0, NULL
FROM membership s
JOIN resource r ON r.directory_id = s.directory_id AND r.type = s.member_type AND r.id = s.member_id
WHERE s.directory_id = ? AND s.group_type = 2 AND s.group_id IN (?*)

-- name: view_arm_managed
SELECT 1, 1, v.resource_id, 0, 0, 0, 1, NULL, v.value_key, NULL, NULL, NULL, 0, NULL
FROM attribute_value v
WHERE v.directory_id = ? AND v.type = 1 AND v.attribute = 7 AND v.value_key IN (?*)

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

-- name: view_delete_membership
DELETE FROM membership WHERE directory_id = ? AND group_type = 2 AND group_id = ? AND member_id = ?

-- name: view_delete_members
DELETE FROM membership WHERE directory_id = ? AND group_type = 2 AND group_id = ?

-- name: view_insert_change
INSERT INTO `change` (operation_id, ordinal, directory_id, type, resource_id, kind, version, created_ms, document, members)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: view_add_to_count
UPDATE resource_count SET resources = resources + ? WHERE directory_id = ? AND type = ?

-- name: view_touch_token
UPDATE scim_token SET last_used_ms = ?
WHERE directory_id = ? AND id = ? AND (last_used_ms IS NULL OR last_used_ms < ?)
