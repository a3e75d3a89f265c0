-- name: role_lock_environment
SELECT id FROM environment WHERE id = ? FOR UPDATE

-- name: role_count
SELECT COUNT(*) FROM role WHERE environment_id = ?

-- name: role_insert
INSERT INTO role (id, environment_id, name, display_name, description, created_ms, updated_ms) VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: role_load
SELECT r.id, r.environment_id, r.name, r.display_name, r.description, r.created_ms, r.updated_ms,
       EXISTS (SELECT 1 FROM role_rule u WHERE u.role_id = r.id), EXISTS (SELECT 1 FROM role_mapping u WHERE u.default_role_id = r.id)
FROM role r WHERE r.id = ?

-- name: role_lock
SELECT id FROM role WHERE id = ? FOR UPDATE

-- name: role_list
SELECT r.id, r.environment_id, r.name, r.display_name, r.description, r.created_ms, r.updated_ms,
       EXISTS (SELECT 1 FROM role_rule u WHERE u.role_id = r.id), EXISTS (SELECT 1 FROM role_mapping u WHERE u.default_role_id = r.id)
FROM role r
WHERE r.environment_id = ? AND (? IS NULL OR r.name = ?) AND r.id > ?
ORDER BY r.id LIMIT ?

-- name: role_update
UPDATE role SET name = ?, display_name = ?, description = ?, updated_ms = ? WHERE id = ?

-- name: role_delete
DELETE FROM role WHERE id = ?

-- name: role_delete_rules
DELETE FROM role_rule WHERE role_id = ?

-- name: role_delete_defaults
UPDATE role_mapping SET default_role_id = NULL, updated_ms = ? WHERE default_role_id = ?

-- The roles that rules may name; they stay until the rules are written.
-- name: role_names
SELECT id, name FROM role WHERE environment_id = ? ORDER BY name LIMIT 1000 LOCK IN SHARE MODE

-- Whoever puts the rules of a directory holds this row first.
-- name: role_mapping_put
INSERT INTO role_mapping (directory_id, default_role_id, updated_ms) VALUES (?, ?, ?)
ON DUPLICATE KEY UPDATE default_role_id = VALUES(default_role_id), updated_ms = VALUES(updated_ms)

-- name: role_mapping_lock
SELECT directory_id FROM role_mapping WHERE directory_id = ? FOR UPDATE

-- name: role_rules_delete
DELETE FROM role_rule WHERE directory_id = ?

-- name: role_rule_insert
INSERT INTO role_rule (directory_id, ordinal, role_id, priority, kind, group_id, group_name, match_key, match_end)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- Everything that resolving needs, and whether the directory has such a group: the first columns are the mapping's, and
-- all others NULL where it has no rules.
-- name: role_book
SELECT m.updated_ms, d.name, r.ordinal, o.name, r.priority, r.kind, r.group_id, r.group_name
FROM role_mapping m
LEFT JOIN role d ON d.id = m.default_role_id
LEFT JOIN role_rule r ON r.directory_id = m.directory_id
LEFT JOIN role o ON o.id = r.role_id
WHERE m.directory_id = ?
ORDER BY r.ordinal LIMIT 1001

-- name: role_rules_present
SELECT r.ordinal
FROM role_rule r
WHERE r.directory_id = ? AND CASE r.kind
  WHEN 1 THEN EXISTS (SELECT 1 FROM resource g WHERE g.directory_id = r.directory_id AND g.type = 2 AND g.id = r.group_id)
  WHEN 2 THEN EXISTS (SELECT 1 FROM attribute_value v WHERE v.directory_id = r.directory_id AND v.type = 2 AND v.attribute = 3
                      AND v.value_key = r.match_key)
  ELSE EXISTS (SELECT 1 FROM attribute_value v WHERE v.directory_id = r.directory_id AND v.type = 2 AND v.attribute = 3
               AND v.value_key >= r.match_key AND v.value_key < r.match_end)
  END
ORDER BY r.ordinal LIMIT 1000

-- name: role_list_unmapped
SELECT r.id, r.name FROM role r WHERE r.environment_id = ? ORDER BY r.name LIMIT 1000
