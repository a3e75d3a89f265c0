-- Walks along an order (query_order.c): the key, which is NULL where there is none, and the id. A name that ends in
-- "back" goes the other way. `?*` stands for a list of parameters.

-- name: order_id
SELECT NULL, r.id FROM resource r FORCE INDEX (PRIMARY)
WHERE r.directory_id = ? AND r.type = ? AND r.id > ? ORDER BY r.id LIMIT ? OFFSET ?

-- name: order_id_back
SELECT NULL, r.id FROM resource r FORCE INDEX (PRIMARY)
WHERE r.directory_id = ? AND r.type = ? AND r.id < ? ORDER BY r.id DESC LIMIT ? OFFSET ?

-- name: order_unique
SELECT r.unique_key, r.id FROM resource r FORCE INDEX (unique_key)
WHERE r.directory_id = ? AND r.type = ? AND r.unique_key > ? ORDER BY r.unique_key LIMIT ? OFFSET ?

-- name: order_without_unique
SELECT NULL, r.id FROM resource r FORCE INDEX (unique_key)
WHERE r.directory_id = ? AND r.type = ? AND r.unique_key IS NULL AND r.id > ? ORDER BY r.id LIMIT ? OFFSET ?

-- name: order_unique_back
SELECT r.unique_key, r.id FROM resource r FORCE INDEX (unique_key)
WHERE r.directory_id = ? AND r.type = ? AND r.unique_key < ? ORDER BY r.unique_key DESC LIMIT ? OFFSET ?

-- name: order_without_unique_back
SELECT NULL, r.id FROM resource r FORCE INDEX (unique_key)
WHERE r.directory_id = ? AND r.type = ? AND r.unique_key IS NULL AND r.id < ? ORDER BY r.id DESC LIMIT ? OFFSET ?

-- name: order_count_unique
SELECT COUNT(*) FROM resource r FORCE INDEX (unique_key)
WHERE r.directory_id = ? AND r.type = ? AND r.unique_key IS NOT NULL

-- name: order_external_same
SELECT r.external_key, r.id FROM resource r FORCE INDEX (external_key)
WHERE r.directory_id = ? AND r.type = ? AND r.external_key = ? AND r.id > ? ORDER BY r.id LIMIT ?

-- name: order_external
SELECT r.external_key, r.id FROM resource r FORCE INDEX (external_key)
WHERE r.directory_id = ? AND r.type = ? AND r.external_key > ? ORDER BY r.external_key, r.id LIMIT ? OFFSET ?

-- name: order_without_external
SELECT NULL, r.id FROM resource r FORCE INDEX (external_key)
WHERE r.directory_id = ? AND r.type = ? AND r.external_key IS NULL AND r.id > ? ORDER BY r.id LIMIT ? OFFSET ?

-- name: order_external_same_back
SELECT r.external_key, r.id FROM resource r FORCE INDEX (external_key)
WHERE r.directory_id = ? AND r.type = ? AND r.external_key = ? AND r.id < ? ORDER BY r.id DESC LIMIT ?

-- name: order_external_back
SELECT r.external_key, r.id FROM resource r FORCE INDEX (external_key)
WHERE r.directory_id = ? AND r.type = ? AND r.external_key < ? ORDER BY r.external_key DESC, r.id DESC LIMIT ? OFFSET ?

-- name: order_without_external_back
SELECT NULL, r.id FROM resource r FORCE INDEX (external_key)
WHERE r.directory_id = ? AND r.type = ? AND r.external_key IS NULL AND r.id < ? ORDER BY r.id DESC LIMIT ? OFFSET ?

-- name: order_count_external
SELECT COUNT(*) FROM resource r FORCE INDEX (external_key)
WHERE r.directory_id = ? AND r.type = ? AND r.external_key IS NOT NULL

-- name: order_value_same
SELECT v.value_key, v.resource_id FROM attribute_value v FORCE INDEX (PRIMARY)
WHERE v.directory_id = ? AND v.type = ? AND v.attribute = ? AND v.value_key = ? AND v.resource_id > ?
ORDER BY v.resource_id LIMIT ?

-- name: order_value
SELECT v.value_key, v.resource_id FROM attribute_value v FORCE INDEX (PRIMARY)
WHERE v.directory_id = ? AND v.type = ? AND v.attribute = ? AND v.value_key > ?
ORDER BY v.value_key, v.resource_id LIMIT ? OFFSET ?

-- Ids are read from an index that holds nothing else, those with a value once into a table of the statement's own.
-- name: order_without_value
SELECT STRAIGHT_JOIN NULL, r.id
FROM resource r FORCE INDEX (external_key)
LEFT JOIN (SELECT DISTINCT v.resource_id AS id FROM attribute_value v FORCE INDEX (PRIMARY)
           WHERE v.directory_id = ? AND v.type = ? AND v.attribute = ?) has ON has.id = r.id
WHERE r.directory_id = ? AND r.type = ? AND r.id > ? AND has.id IS NULL
ORDER BY r.id LIMIT ? OFFSET ?

-- name: order_value_same_back
SELECT v.value_key, v.resource_id FROM attribute_value v FORCE INDEX (PRIMARY)
WHERE v.directory_id = ? AND v.type = ? AND v.attribute = ? AND v.value_key = ? AND v.resource_id < ?
ORDER BY v.resource_id DESC LIMIT ?

-- name: order_value_back
SELECT v.value_key, v.resource_id FROM attribute_value v FORCE INDEX (PRIMARY)
WHERE v.directory_id = ? AND v.type = ? AND v.attribute = ? AND v.value_key < ?
ORDER BY v.value_key DESC, v.resource_id DESC LIMIT ? OFFSET ?

-- Ids are read from an index that holds nothing else, those with a value once into a table of the statement's own.
-- name: order_without_value_back
SELECT STRAIGHT_JOIN NULL, r.id
FROM resource r FORCE INDEX (external_key)
LEFT JOIN (SELECT DISTINCT v.resource_id AS id FROM attribute_value v FORCE INDEX (PRIMARY)
           WHERE v.directory_id = ? AND v.type = ? AND v.attribute = ?) has ON has.id = r.id
WHERE r.directory_id = ? AND r.type = ? AND r.id < ? AND has.id IS NULL
ORDER BY r.id DESC LIMIT ? OFFSET ?

-- name: order_count_value
SELECT COUNT(*) FROM attribute_value v FORCE INDEX (PRIMARY)
WHERE v.directory_id = ? AND v.type = ? AND v.attribute = ?

-- name: order_rows
SELECT r.type, r.id, r.version, r.created_ms, r.modified_ms, r.open_braces, r.document, r.unique_key, r.external_key,
       r.display, r.manager_id, m.id IS NOT NULL, m.display
FROM resource r LEFT JOIN resource m ON m.directory_id = r.directory_id AND m.type = 1 AND m.id = r.manager_id
WHERE r.directory_id = ? AND r.type = ? AND r.id IN (?*)
