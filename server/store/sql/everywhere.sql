-- People of a whole environment (everywhere.c): for so many of its organizations, each directory is asked for the key.
-- Columns of a resource as in row.h behind organization, directory, whether it is the primary one, and the vendor's name
-- for the organization. directory_id is that of every row of the environment's directories in turn.

-- name: everywhere_by_value
SELECT STRAIGHT_JOIN o.id, d.id, p.directory_id IS NOT NULL, o.external_id, r.type, r.id, r.version, r.created_ms,
       r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key, r.display, r.manager_id, 0, NULL
FROM (SELECT id, external_id FROM organization FORCE INDEX (environment)
      WHERE environment_id = ? AND id > ? ORDER BY id LIMIT ?) o
JOIN directory d FORCE INDEX (organization) ON d.organization_id = o.id AND d.state <> 3
JOIN attribute_value v FORCE INDEX (PRIMARY) ON v.directory_id = d.id AND v.type = 1 AND v.attribute = ? AND v.value_key = ?
JOIN resource r ON r.directory_id = v.directory_id AND r.type = v.type AND r.id = v.resource_id
LEFT JOIN departure x ON x.directory_id = r.directory_id AND x.resource_id = r.id AND x.held = 1
LEFT JOIN primary_directory p ON p.organization_id = o.id AND p.directory_id = d.id
WHERE x.resource_id IS NULL
ORDER BY o.id, d.id, r.id LIMIT ?

-- name: everywhere_by_unique
SELECT STRAIGHT_JOIN o.id, d.id, p.directory_id IS NOT NULL, o.external_id, r.type, r.id, r.version, r.created_ms,
       r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key, r.display, r.manager_id, 0, NULL
FROM (SELECT id, external_id FROM organization FORCE INDEX (environment)
      WHERE environment_id = ? AND id > ? ORDER BY id LIMIT ?) o
JOIN directory d FORCE INDEX (organization) ON d.organization_id = o.id AND d.state <> 3
JOIN resource r FORCE INDEX (unique_key) ON r.directory_id = d.id AND r.type = 1 AND r.unique_key = ?
LEFT JOIN departure x ON x.directory_id = r.directory_id AND x.resource_id = r.id AND x.held = 1
LEFT JOIN primary_directory p ON p.organization_id = o.id AND p.directory_id = d.id
WHERE x.resource_id IS NULL
ORDER BY o.id, d.id, r.id LIMIT ?

-- name: everywhere_by_external
SELECT STRAIGHT_JOIN o.id, d.id, p.directory_id IS NOT NULL, o.external_id, r.type, r.id, r.version, r.created_ms,
       r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key, r.display, r.manager_id, 0, NULL
FROM (SELECT id, external_id FROM organization FORCE INDEX (environment)
      WHERE environment_id = ? AND id > ? ORDER BY id LIMIT ?) o
JOIN directory d FORCE INDEX (organization) ON d.organization_id = o.id AND d.state <> 3
JOIN resource r FORCE INDEX (external_key) ON r.directory_id = d.id AND r.type = 1 AND r.external_key = ?
LEFT JOIN departure x ON x.directory_id = r.directory_id AND x.resource_id = r.id AND x.held = 1
LEFT JOIN primary_directory p ON p.organization_id = o.id AND p.directory_id = d.id
WHERE x.resource_id IS NULL
ORDER BY o.id, d.id, r.id LIMIT ?

-- Where departures are held: who has left is looked for as before, and not by what is.
-- name: everywhere_guarded
SELECT STRAIGHT_JOIN o.id, d.id, p.directory_id IS NOT NULL, o.external_id
FROM (SELECT id, external_id FROM organization FORCE INDEX (environment)
      WHERE environment_id = ? AND id > ? ORDER BY id LIMIT ?) o
JOIN directory d FORCE INDEX (organization) ON d.organization_id = o.id AND d.state <> 3
JOIN directory_guard g ON g.directory_id = d.id AND g.guarded_ms IS NOT NULL
LEFT JOIN primary_directory p ON p.organization_id = o.id AND p.directory_id = d.id
ORDER BY o.id, d.id LIMIT ?

-- name: everywhere_last
SELECT o.id FROM organization o FORCE INDEX (environment)
WHERE o.environment_id = ? AND o.id > ? ORDER BY o.id LIMIT 1 OFFSET ?
