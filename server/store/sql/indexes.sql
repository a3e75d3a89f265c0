-- Extra indexes of directories (indexes.c).

-- name: indexes_load
SELECT COALESCE(indexes, '') FROM directory WHERE id = ?

-- name: indexes_save
UPDATE directory SET indexes = ?, revision = revision + 1 WHERE id = ?

-- name: indexes_gate
SELECT revision FROM directory WHERE id = ? AND state <> 3 LOCK IN SHARE MODE

-- name: indexes_documents
SELECT r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, NULL, NULL, NULL, r.manager_id,
       0, NULL
FROM resource r FORCE INDEX (PRIMARY)
WHERE r.directory_id = ? AND r.type = ? AND r.id > ?
ORDER BY r.id LIMIT ? LOCK IN SHARE MODE

-- A row may be there already: its resource was written since the index is in the list.
-- name: indexes_insert
INSERT IGNORE INTO attribute_value (directory_id, type, attribute, value_key, resource_id) VALUES (?, ?, ?, ?, ?)

-- name: indexes_drop_later
INSERT IGNORE INTO dropped_index (directory_id, type, attribute, since_ms) VALUES (?, ?, ?, ?)
