-- The rules of directories (rules.c).

-- name: rules_load
SELECT d.revision, d.policy, COALESCE(d.catalog, ''), o.domains
FROM directory d JOIN organization o ON o.id = d.organization_id
WHERE d.id = ?
