-- name: change_purge
DELETE FROM `change` WHERE operation_id < ? ORDER BY operation_id, ordinal LIMIT ?

-- name: erase_find
SELECT id, organization_id FROM directory WHERE state = 3 ORDER BY id LIMIT ?

-- name: erase_memberships
DELETE FROM membership WHERE directory_id = ? ORDER BY group_id, member_id LIMIT ?

-- name: erase_attribute_values
DELETE FROM attribute_value WHERE directory_id = ? ORDER BY type, attribute, value_key, resource_id LIMIT ?

-- name: erase_resources
DELETE FROM resource WHERE directory_id = ? ORDER BY type, id LIMIT ?

-- name: erase_undeclared
DELETE FROM undeclared_attribute WHERE directory_id = ? ORDER BY type, path LIMIT ?

-- name: erase_vendor_users
DELETE FROM vendor_user WHERE directory_id = ? ORDER BY id LIMIT ?

-- name: erase_import_pieces
DELETE FROM import_piece WHERE directory_id = ? ORDER BY job_id, ordinal LIMIT ?

-- name: erase_import_problems
DELETE FROM import_problem WHERE directory_id = ? ORDER BY job_id, place LIMIT ?

-- name: erase_deactivated
DELETE FROM deactivated_user WHERE directory_id = ? ORDER BY resource_id LIMIT ?

-- name: erase_departed
DELETE FROM departed_user WHERE directory_id = ? ORDER BY resource_id LIMIT ?

-- name: erase_incarnations
DELETE FROM incarnation WHERE directory_id = ? ORDER BY resource_id LIMIT ?

-- name: erase_tokens
DELETE FROM scim_token WHERE directory_id = ? ORDER BY id LIMIT ?

-- name: erase_lock_organization
UPDATE organization SET external_id = external_id WHERE id = ?

-- name: erase_primary
DELETE FROM primary_directory WHERE organization_id = ? AND directory_id = ?

-- name: erase_counters
DELETE FROM resource_count WHERE directory_id = ?

-- name: erase_directory
DELETE FROM directory WHERE id = ? AND state = 3

-- name: erase_organization
DELETE FROM organization
WHERE id = ? AND NOT EXISTS (SELECT 1 FROM directory WHERE organization_id = ?)
