-- Statements with a LIMIT are run batch by batch; tests/blackbox/test_admin_erase.py holds their tables against the
-- database's.

-- name: erase_find
SELECT d.id, d.organization_id, o.environment_id
FROM directory d JOIN organization o ON o.id = d.organization_id
WHERE d.state = 3 AND d.erase_ms <= ? ORDER BY d.erase_ms, d.id LIMIT ?

-- name: erase_lock_organization
UPDATE organization SET erasing = erasing WHERE id = ?

-- name: erase_claim
UPDATE directory SET erasing = 1 WHERE id = ? AND state = 3 AND erase_ms <= ?

-- name: erase_claim_organization
UPDATE organization SET erasing = 1
WHERE id = ? AND EXISTS (SELECT 1 FROM directory WHERE id = ? AND state = 3 AND erasing = 1 AND with_organization = 1)

-- name: erase_memberships
DELETE FROM membership WHERE directory_id = ? ORDER BY group_type, group_id, member_id LIMIT ?

-- name: erase_attribute_values
DELETE FROM attribute_value WHERE directory_id = ? ORDER BY type, attribute, value_key, resource_id LIMIT ?

-- name: erase_resources
DELETE FROM resource WHERE directory_id = ? ORDER BY type, id LIMIT ?

-- name: erase_undeclared
DELETE FROM undeclared_attribute WHERE directory_id = ? ORDER BY type, path LIMIT ?

-- name: erase_dropped_indexes
DELETE FROM dropped_index WHERE directory_id = ? ORDER BY type, attribute LIMIT ?

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

-- name: erase_requests
DELETE FROM scim_request WHERE directory_id = ? ORDER BY id LIMIT ?

-- name: erase_request_bodies
DELETE FROM scim_request_body WHERE directory_id = ? ORDER BY id LIMIT ?

-- name: erase_hours
DELETE FROM directory_hour WHERE directory_id = ? ORDER BY hour LIMIT ?

-- name: erase_health
DELETE FROM directory_health WHERE directory_id = ? LIMIT ?

-- name: erase_departure_groups
DELETE FROM departure_group WHERE directory_id = ? ORDER BY group_id, resource_id LIMIT ?

-- name: erase_departures
DELETE FROM departure WHERE directory_id = ? ORDER BY resource_id LIMIT ?

-- name: erase_guard
DELETE FROM directory_guard WHERE directory_id = ? ORDER BY directory_id LIMIT ?

-- What the guard had told of users and groups; everything else in event says who and when.
-- name: erase_guard_events
DELETE FROM event WHERE (type LIKE 'user.%' OR type LIKE 'group.%') AND directory_id = ? LIMIT ?

-- name: erase_guard_news
DELETE FROM guard_news WHERE directory_id = ? ORDER BY position LIMIT ?

-- name: erase_deleted
DELETE FROM deleted_resource WHERE directory_id = ? ORDER BY type, id LIMIT ?

-- name: erase_deleted_memberships
DELETE FROM deleted_membership WHERE directory_id = ? ORDER BY deleted_id, group_id LIMIT ?

-- name: erase_role_rules
DELETE FROM role_rule WHERE directory_id = ? ORDER BY ordinal LIMIT ?

-- name: erase_role_mapping
DELETE FROM role_mapping WHERE directory_id = ? LIMIT ?

-- name: erase_tokens
DELETE FROM scim_token WHERE directory_id = ? ORDER BY id LIMIT ?

-- In no order: it has several indexes that begin so, and one that is not in the order asked for would be sorted, row by
-- row with the documents, for each batch.
-- name: erase_changes
DELETE FROM `change` WHERE directory_id = ? LIMIT ?

-- name: erase_jobs
DELETE FROM job WHERE directory_id = ? LIMIT ?

-- By the links: with IN (SELECT …) every session of all tenants would be looked at.
-- name: erase_setup_sessions_of_directory
DELETE s FROM (SELECT l.id FROM setup_link l JOIN setup_session x ON x.link_id = l.id WHERE l.directory_id = ? LIMIT ?) t
JOIN setup_session s ON s.link_id = t.id

-- name: erase_setup_links_of_directory
DELETE FROM setup_link WHERE directory_id = ? LIMIT ?

-- name: erase_primary
DELETE FROM primary_directory WHERE organization_id = ? AND directory_id = ?

-- name: erase_counters
DELETE FROM resource_count WHERE directory_id = ?

-- name: erase_directory
DELETE FROM directory WHERE id = ? AND state = 3 AND erasing = 1

-- Its last directory has set `erasing`.
-- name: erase_find_organizations
SELECT o.id, o.id, o.environment_id
FROM organization o LEFT JOIN directory d FORCE INDEX (organization) ON d.organization_id = o.id
WHERE o.erase_ms <= ? AND o.erasing = 1 AND d.id IS NULL
ORDER BY o.erase_ms, o.id LIMIT ?

-- name: erase_organization_domains
DELETE FROM organization_domain WHERE organization_id = ? LIMIT ?

-- name: erase_organization_jobs
DELETE FROM job WHERE organization_id = ? LIMIT ?

-- name: erase_setup_sessions
DELETE s FROM (SELECT l.id FROM setup_link l JOIN setup_session x ON x.link_id = l.id WHERE l.organization_id = ? LIMIT ?) t
JOIN setup_session s ON s.link_id = t.id

-- name: erase_setup_links
DELETE FROM setup_link WHERE organization_id = ? LIMIT ?

-- name: erase_organization
DELETE FROM organization
WHERE id = ? AND erasing = 1 AND NOT EXISTS (SELECT 1 FROM directory WHERE organization_id = ?)

-- Directories that rows of the request log name and that are not there. A loose scan of the primary key.
-- name: late_requests
SELECT t.directory_id FROM (SELECT DISTINCT directory_id FROM scim_request) t
LEFT JOIN directory d ON d.id = t.directory_id WHERE d.id IS NULL LIMIT ?

-- name: late_request_bodies
SELECT t.directory_id FROM (SELECT DISTINCT directory_id FROM scim_request_body) t
LEFT JOIN directory d ON d.id = t.directory_id WHERE d.id IS NULL LIMIT ?

-- name: late_hours
SELECT t.directory_id FROM (SELECT DISTINCT directory_id FROM directory_hour) t
LEFT JOIN directory d ON d.id = t.directory_id WHERE d.id IS NULL LIMIT ?

-- name: late_health
SELECT t.directory_id FROM (SELECT DISTINCT directory_id FROM directory_health) t
LEFT JOIN directory d ON d.id = t.directory_id WHERE d.id IS NULL LIMIT ?
