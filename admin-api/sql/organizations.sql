-- An organization is there while its primary directory is not being deleted.

-- name: organization_load
SELECT o.id, o.environment_id, p.directory_id, o.external_id, o.display_name, o.domains, o.created_ms, o.updated_ms,
       o.deleted_ms, o.erase_ms, o.erasing
FROM organization o
JOIN primary_directory p ON p.organization_id = o.id
JOIN directory d ON d.id = p.directory_id AND d.state <> 3
WHERE o.id = ?

-- Whose it is, before it is locked.
-- name: organization_owner
SELECT o.environment_id FROM organization o WHERE o.id = ?

-- name: organization_load_locked
SELECT o.id, o.environment_id, p.directory_id, o.external_id, o.display_name, o.domains, o.created_ms, o.updated_ms,
       o.deleted_ms, o.erase_ms, o.erasing
FROM organization o
JOIN primary_directory p ON p.organization_id = o.id
JOIN directory d ON d.id = p.directory_id AND d.state <> 3
WHERE o.id = ?
FOR UPDATE

-- name: organization_load_deleted
SELECT o.id, o.environment_id, p.directory_id, o.deleted_external_id, o.display_name, o.domains, o.created_ms,
       o.updated_ms, o.deleted_ms, o.erase_ms, o.erasing
FROM organization o
LEFT JOIN primary_directory p ON p.organization_id = o.id
WHERE o.id = ? AND o.deleted_ms IS NOT NULL
FOR UPDATE

-- name: organization_of_external_id
SELECT id FROM organization WHERE environment_id = ? AND external_id = ?

-- name: organization_of_deleted_external_id
SELECT id FROM organization
WHERE environment_id = ? AND deleted_ms IS NOT NULL AND deleted_external_id = ? ORDER BY deleted_ms DESC LIMIT 1

-- Parameters are bytes; only text has a collation, which makes the search of names ignore case.
-- name: organization_list
SELECT o.id, o.environment_id, p.directory_id, o.external_id, o.display_name, o.domains, o.created_ms, o.updated_ms,
       o.deleted_ms, o.erase_ms, o.erasing
FROM organization o
JOIN primary_directory p ON p.organization_id = o.id
WHERE o.environment_id = ? AND o.deleted_ms IS NULL
  AND (? IS NULL OR o.display_name LIKE CONVERT(? USING utf8mb4) COLLATE utf8mb4_uca1400_nopad_as_ci)
  AND o.id > ?
ORDER BY o.id LIMIT ?

-- name: organization_list_of_external_id
SELECT o.id, o.environment_id, p.directory_id, o.external_id, o.display_name, o.domains, o.created_ms, o.updated_ms,
       o.deleted_ms, o.erase_ms, o.erasing
FROM organization o
JOIN primary_directory p ON p.organization_id = o.id
WHERE o.environment_id = ? AND o.external_id = ? AND o.deleted_ms IS NULL
  AND (? IS NULL OR EXISTS (SELECT 1 FROM organization_domain h
                            WHERE h.environment_id = o.environment_id AND h.domain = ? AND h.organization_id = o.id))
  AND (? IS NULL OR o.display_name LIKE CONVERT(? USING utf8mb4) COLLATE utf8mb4_uca1400_nopad_as_ci)
  AND o.id > ?
ORDER BY o.id LIMIT ?

-- name: organization_list_of_domain
SELECT o.id, o.environment_id, p.directory_id, o.external_id, o.display_name, o.domains, o.created_ms, o.updated_ms,
       o.deleted_ms, o.erase_ms, o.erasing
FROM organization_domain h
JOIN organization o ON o.id = h.organization_id
JOIN primary_directory p ON p.organization_id = o.id
WHERE h.environment_id = ? AND h.domain = ? AND o.deleted_ms IS NULL
  AND (? IS NULL OR o.display_name LIKE CONVERT(? USING utf8mb4) COLLATE utf8mb4_uca1400_nopad_as_ci)
  AND h.organization_id > ?
ORDER BY h.organization_id LIMIT ?

-- name: organization_list_deleted
SELECT o.id, o.environment_id, p.directory_id, o.deleted_external_id, o.display_name, o.domains, o.created_ms,
       o.updated_ms, o.deleted_ms, o.erase_ms, o.erasing
FROM organization o
LEFT JOIN primary_directory p ON p.organization_id = o.id
WHERE o.environment_id = ? AND o.deleted_ms IS NOT NULL
  AND (? IS NULL OR o.deleted_external_id = ?)
  AND (? IS NULL OR EXISTS (SELECT 1 FROM organization_domain h
                            WHERE h.environment_id = o.environment_id AND h.domain = ? AND h.organization_id = o.id))
  AND (? IS NULL OR o.display_name LIKE CONVERT(? USING utf8mb4) COLLATE utf8mb4_uca1400_nopad_as_ci)
  AND o.id > ?
ORDER BY o.id LIMIT ?

-- name: organization_insert
INSERT INTO organization (id, environment_id, external_id, display_name, domains, created_ms, updated_ms)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- name: organization_update
UPDATE organization SET external_id = ?, display_name = ?, domains = ?, updated_ms = ? WHERE id = ?

-- The domains are of the rules of its directories.
-- name: organization_revise_directories
UPDATE directory SET revision = revision + 1 WHERE organization_id = ?

-- name: organization_forget_domains
DELETE FROM organization_domain WHERE organization_id = ?

-- name: organization_add_domain
INSERT IGNORE INTO organization_domain (environment_id, domain, organization_id) VALUES (?, ?, ?)

-- Its external_id is free for another one meanwhile.
-- name: organization_delete
UPDATE organization SET deleted_external_id = external_id, external_id = NULL, deleted_ms = ?, erase_ms = ? WHERE id = ?

-- Those that were deleted before it keep their own way back, but no longer than it has.
-- name: organization_delete_directories
UPDATE directory
SET with_organization = IF(state = 3, with_organization, 1), state_before = IF(state = 3, state_before, state),
    deleted_ms = IF(state = 3, deleted_ms, ?), erase_ms = LEAST(COALESCE(erase_ms, ?), ?), state = 3
WHERE organization_id = ?

-- name: organization_hasten
UPDATE organization SET erase_ms = LEAST(erase_ms, ?) WHERE id = ?

-- name: organization_hasten_directories
UPDATE directory SET erase_ms = LEAST(erase_ms, ?) WHERE organization_id = ? AND state = 3

-- name: organization_restore
UPDATE organization
SET external_id = ?, deleted_external_id = NULL, deleted_ms = NULL, erase_ms = NULL, updated_ms = ? WHERE id = ?

-- name: organization_restore_directories
UPDATE directory
SET state = state_before, with_organization = 0, deleted_ms = NULL, erase_ms = NULL
WHERE organization_id = ? AND state = 3 AND with_organization = 1

-- name: primary_insert
INSERT INTO primary_directory (organization_id, directory_id) VALUES (?, ?)

-- name: primary_candidate
SELECT 1 FROM directory WHERE id = ? AND organization_id = ? AND state <> 3

-- name: primary_update
UPDATE primary_directory SET directory_id = ? WHERE organization_id = ?
