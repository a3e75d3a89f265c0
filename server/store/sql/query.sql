-- Reads of many rows (query.c, query_refs.c). Columns of a resource as in row.h. `?*` stands for a list of parameters.

-- name: query_token
SELECT d.organization_id, d.state, d.revision, t.hash, t.pepper_version, t.scopes,
       t.revoked_ms IS NULL AND (t.expires_ms IS NULL OR t.expires_ms > UNIX_TIMESTAMP(NOW(3)) * 1000),
       COALESCE(t.last_used_ms, 0), d.nests_groups, t.user_id
FROM scim_token t JOIN directory d ON d.id = t.directory_id
WHERE t.directory_id = ? AND t.id = ?

-- name: query_count
SELECT resources FROM resource_count WHERE directory_id = ? AND type = ?

-- name: query_resource
SELECT r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM resource r LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE r.directory_id = ? AND r.type = ? AND r.id = ?

-- The inner statement walks ids alone, so that the rows in front of a deep offset are never put together.
-- name: query_page
SELECT STRAIGHT_JOIN r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key,
       r.external_key, r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM (SELECT p.id FROM resource p FORCE INDEX (PRIMARY) WHERE p.directory_id = ? AND p.type = ?
      ORDER BY p.id LIMIT ? OFFSET ?) ids
JOIN resource r ON r.directory_id = ? AND r.type = ? AND r.id = ids.id
LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
ORDER BY ids.id

-- name: query_page_after
SELECT r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM resource r FORCE INDEX (PRIMARY)
LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE r.directory_id = ? AND r.type = ? AND r.id > ?
ORDER BY r.id LIMIT ?

-- name: query_page_before
SELECT r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM resource r FORCE INDEX (PRIMARY)
LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE r.directory_id = ? AND r.type = ? AND r.id < ?
ORDER BY r.id DESC LIMIT ?

-- What a filter has to see of every resource: a scan pays for each column a hundred thousand times.
-- name: query_scan
SELECT r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, NULL, NULL, NULL, r.manager_id,
       0, NULL
FROM resource r FORCE INDEX (PRIMARY)
WHERE r.directory_id = ? AND r.type = ? AND r.id > ?
ORDER BY r.id LIMIT ?

-- name: query_managers
SELECT r.id, r.display FROM resource r WHERE r.directory_id = ? AND r.type = 1 AND r.id IN (?*)

-- name: query_by_unique_key
SELECT r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM resource r LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE r.directory_id = ? AND r.type = ? AND r.unique_key = ? AND r.id > ?
LIMIT ?

-- name: query_by_external_key
SELECT r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM resource r FORCE INDEX (external_key)
LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE r.directory_id = ? AND r.type = ? AND r.external_key = ? AND r.id > ?
ORDER BY r.id LIMIT ?

-- name: query_by_value
SELECT STRAIGHT_JOIN r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key,
       r.external_key, r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM attribute_value v FORCE INDEX (PRIMARY)
JOIN resource r ON r.directory_id = v.directory_id AND r.type = v.type AND r.id = v.resource_id
LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE v.directory_id = ? AND v.type = ? AND v.attribute = ? AND v.value_key = ? AND v.resource_id > ?
ORDER BY v.resource_id LIMIT ?

-- A resource may have several values in the range, and has to come once.
-- name: query_by_value_range
SELECT STRAIGHT_JOIN r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key,
       r.external_key, r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM (SELECT DISTINCT v.resource_id AS id FROM attribute_value v FORCE INDEX (PRIMARY)
      WHERE v.directory_id = ? AND v.type = ? AND v.attribute = ? AND v.value_key >= ? AND v.value_key < ?
        AND v.resource_id > ?
      ORDER BY v.resource_id LIMIT ?) ids
JOIN resource r ON r.directory_id = ? AND r.type = ? AND r.id = ids.id
LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
ORDER BY ids.id

-- name: query_by_member
SELECT STRAIGHT_JOIN r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key,
       r.external_key, r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM membership s FORCE INDEX (of_member)
JOIN resource r ON r.directory_id = s.directory_id AND r.type = s.group_type AND r.id = s.group_id
LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE s.directory_id = ? AND s.group_type = ? AND s.member_type IN (1, 2) AND s.member_id = ? AND s.group_id > ?
ORDER BY s.group_id LIMIT ?

-- name: query_by_group
SELECT STRAIGHT_JOIN r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key,
       r.external_key, r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM membership s FORCE INDEX (PRIMARY)
JOIN resource r ON r.directory_id = s.directory_id AND r.type = s.member_type AND r.id = s.member_id
LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE s.directory_id = ? AND s.member_type = ? AND s.group_type = 2 AND s.group_id = ? AND s.member_id > ?
ORDER BY s.member_id LIMIT ?

-- name: query_groups_of
SELECT STRAIGHT_JOIN s.member_id, s.group_id, s.group_type, g.display
FROM membership s FORCE INDEX (of_member)
JOIN resource g ON g.directory_id = s.directory_id AND g.type = s.group_type AND g.id = s.group_id
WHERE s.directory_id = ? AND s.member_type = ? AND s.member_id IN (?*)
ORDER BY s.member_id, s.group_id

-- name: query_nests_groups
SELECT d.nests_groups FROM directory d WHERE d.id = ?

-- The groups of the listed groups, of those groups, and so on: a row for each pair, and one without a group for those
-- at the top. UNION, not UNION ALL: rings end.
-- name: query_groups_above
WITH RECURSIVE above(id) AS (
  SELECT s.member_id FROM membership s FORCE INDEX (of_member)
  WHERE s.directory_id = ? AND s.member_type = 2 AND s.member_id IN (?*)
  UNION
  SELECT s.group_id FROM above JOIN membership s FORCE INDEX (of_member)
  ON s.directory_id = ? AND s.member_type = 2 AND s.member_id = above.id)
SELECT above.id, s.group_id, g.display
FROM above LEFT JOIN membership s ON s.directory_id = ? AND s.member_type = 2 AND s.member_id = above.id
LEFT JOIN resource g ON g.directory_id = ? AND g.type = 2 AND g.id = s.group_id
ORDER BY above.id, s.group_id

-- Every group that is in a group. They are few: people are what groups hold.
-- name: query_nested_groups
SELECT s.member_id, s.group_id FROM membership s FORCE INDEX (of_member)
WHERE s.directory_id = ? AND s.member_type = 2
ORDER BY s.member_id, s.group_id LIMIT 1000000

-- name: query_ids_by_group
SELECT s.member_id FROM membership s FORCE INDEX (PRIMARY)
WHERE s.directory_id = ? AND s.member_type = ? AND s.group_type = 2 AND s.group_id = ? AND s.member_id > ?
ORDER BY s.member_id LIMIT ?

-- name: query_by_ids
SELECT r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM resource r LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE r.directory_id = ? AND r.type = ? AND r.id IN (?*)
ORDER BY r.id

-- name: query_members
SELECT STRAIGHT_JOIN s.member_id, s.member_type, r.display
FROM membership s FORCE INDEX (PRIMARY)
JOIN resource r ON r.directory_id = s.directory_id AND r.type = s.member_type AND r.id = s.member_id
WHERE s.directory_id = ? AND s.group_type = 2 AND s.group_id = ? AND s.member_id > ?
ORDER BY s.member_id LIMIT 1000

-- name: query_is_member
SELECT 1 FROM membership s WHERE s.directory_id = ? AND s.group_type = 2 AND s.group_id = ? AND s.member_id = ?
