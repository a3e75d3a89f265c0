-- The rules of directories (rules.c).

-- name: rules_load
SELECT d.revision, d.policy, COALESCE(d.catalog, ''), o.domains, COALESCE(d.indexes, '')
FROM directory d JOIN organization o ON o.id = d.organization_id
WHERE d.id = ?

-- name: rules_lock
SELECT 1 FROM directory WHERE id = ? AND state <> 3 FOR UPDATE

-- name: rules_update
UPDATE directory SET policy = ?, catalog = ?, revision = revision + 1, updated_ms = ? WHERE id = ?

-- name: rules_add_counter
INSERT IGNORE INTO resource_count (directory_id, type, resources) VALUES (?, ?, 0)

-- name: rekey_resource
UPDATE resource SET unique_key = ? WHERE directory_id = ? AND type = ? AND id = ?

-- name: rules_revision
SELECT revision FROM directory WHERE id = ?
