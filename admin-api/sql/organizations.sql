-- An organization is there while its primary directory is not being deleted.

-- name: organization_load
SELECT o.id, o.environment_id, p.directory_id, o.external_id, o.display_name, o.domains, o.created_ms, o.updated_ms
FROM organization o
JOIN primary_directory p ON p.organization_id = o.id
JOIN directory d ON d.id = p.directory_id AND d.state <> 3
WHERE o.id = ?

-- name: organization_load_locked
SELECT o.id, o.environment_id, p.directory_id, o.external_id, o.display_name, o.domains, o.created_ms, o.updated_ms
FROM organization o
JOIN primary_directory p ON p.organization_id = o.id
JOIN directory d ON d.id = p.directory_id AND d.state <> 3
WHERE o.id = ?
FOR UPDATE

-- name: organization_of_external_id
SELECT id FROM organization WHERE environment_id = ? AND external_id = ?

-- Parameters are bytes; only text has a collation, which makes the search of names ignore case.
-- name: organization_list
SELECT o.id, o.environment_id, p.directory_id, o.external_id, o.display_name, o.domains, o.created_ms, o.updated_ms
FROM organization o
JOIN primary_directory p ON p.organization_id = o.id
JOIN directory d ON d.id = p.directory_id AND d.state <> 3
WHERE o.environment_id = ?
  AND (? IS NULL OR o.external_id = ?)
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

-- name: organization_release
UPDATE organization SET external_id = NULL, updated_ms = ? WHERE id = ?

-- name: organization_delete_directories
UPDATE directory SET state = 3, updated_ms = ? WHERE organization_id = ?

-- name: primary_insert
INSERT INTO primary_directory (organization_id, directory_id) VALUES (?, ?)

-- name: primary_candidate
SELECT 1 FROM directory WHERE id = ? AND organization_id = ? AND state <> 3

-- name: primary_update
UPDATE primary_directory SET directory_id = ? WHERE organization_id = ?
