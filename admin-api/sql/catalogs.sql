-- name: catalog_load
SELECT d.revision, d.policy, COALESCE(d.catalog, ''), o.domains
FROM directory d JOIN organization o ON o.id = d.organization_id
WHERE d.id = ? AND d.state <> 3

-- name: catalog_lock
SELECT revision FROM directory WHERE id = ? AND state <> 3 FOR UPDATE
