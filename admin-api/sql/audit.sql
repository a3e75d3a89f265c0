-- name: audit_insert
INSERT INTO audit (id, actor, action, environment_id, organization_id, directory_id, detail, request_id, created_ms,
                   chain, position, hash, seal, pepper_version)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: audit_find
SELECT 1 FROM audit WHERE id = ?

-- name: audit_head_lock
SELECT id, position, hash, anchor_position, anchor_hash, seal, pepper_version FROM audit_chain WHERE id = ? FOR UPDATE

-- Two that begin a chain at a time: the later one finds it there.
-- name: audit_head_insert
INSERT INTO audit_chain (id, position, hash, anchor_position, anchor_hash, seal, pepper_version)
VALUES (?, 0, ?, 0, ?, ?, ?)
ON DUPLICATE KEY UPDATE id = id

-- name: audit_head_update
UPDATE audit_chain SET position = ?, hash = ?, seal = ?, pepper_version = ? WHERE id = ?

-- How a chain stands, in one statement, so that what is written meanwhile is in both numbers or in none.
-- name: audit_head_load
SELECT c.id, c.position, c.hash, c.anchor_position, c.anchor_hash, c.seal, c.pepper_version,
       EXISTS (SELECT 1 FROM audit a WHERE a.chain = c.id AND (a.position > c.position OR a.position <= c.anchor_position))
FROM audit_chain c WHERE c.id = ?

-- name: audit_head_first
SELECT c.id FROM audit_chain c ORDER BY c.id LIMIT 1

-- name: audit_head_next
SELECT c.id FROM audit_chain c WHERE c.id > ? ORDER BY c.id LIMIT 1

-- Environments whose making is on record, and whose chain is not there.
-- name: audit_lost_chains
SELECT a.environment_id
FROM audit a LEFT JOIN audit_chain c ON c.id = a.environment_id
WHERE a.chain = X'00000000000000000000000000000000' AND a.action = 'environment.create' AND c.id IS NULL
ORDER BY a.position LIMIT 1000

-- name: audit_walk
SELECT chain, position, id, actor, action, environment_id, organization_id, directory_id, detail, request_id,
       created_ms, hash, seal, pepper_version
FROM audit FORCE INDEX (chain) WHERE chain = ? AND position > ? AND position <= ? ORDER BY position LIMIT ?

-- name: audit_load
SELECT chain, position, id, actor, action, environment_id, organization_id, directory_id, detail, request_id,
       created_ms, hash, seal, pepper_version
FROM audit WHERE chain = ? AND position = ?

-- Lists: a statement for each index, oldest or newest first. Each takes the same parameters.
-- name: audit_list
SELECT chain, position, id, actor, action, environment_id, organization_id, directory_id, detail, request_id,
       created_ms, hash, seal, pepper_version
FROM audit FORCE INDEX (chain)
WHERE chain = ? AND (? IS NULL OR organization_id = ?) AND (? IS NULL OR directory_id = ?)
  AND (? IS NULL OR actor = ?) AND (? IS NULL OR action = ?)
  AND (? IS NULL OR created_ms >= ?) AND (? IS NULL OR created_ms < ?)
  AND position > ?
ORDER BY position LIMIT ?

-- name: audit_list_of_organization
SELECT chain, position, id, actor, action, environment_id, organization_id, directory_id, detail, request_id,
       created_ms, hash, seal, pepper_version
FROM audit FORCE INDEX (organization)
WHERE chain = ? AND organization_id = COALESCE(?, ?) AND (? IS NULL OR directory_id = ?)
  AND (? IS NULL OR actor = ?) AND (? IS NULL OR action = ?)
  AND (? IS NULL OR created_ms >= ?) AND (? IS NULL OR created_ms < ?)
  AND position > ?
ORDER BY position LIMIT ?

-- name: audit_list_of_directory
SELECT chain, position, id, actor, action, environment_id, organization_id, directory_id, detail, request_id,
       created_ms, hash, seal, pepper_version
FROM audit FORCE INDEX (directory)
WHERE chain = ? AND (? IS NULL OR organization_id = ?) AND directory_id = COALESCE(?, ?)
  AND (? IS NULL OR actor = ?) AND (? IS NULL OR action = ?)
  AND (? IS NULL OR created_ms >= ?) AND (? IS NULL OR created_ms < ?)
  AND position > ?
ORDER BY position LIMIT ?

-- name: audit_list_of_actor
SELECT chain, position, id, actor, action, environment_id, organization_id, directory_id, detail, request_id,
       created_ms, hash, seal, pepper_version
FROM audit FORCE INDEX (actor)
WHERE chain = ? AND (? IS NULL OR organization_id = ?) AND (? IS NULL OR directory_id = ?)
  AND actor = COALESCE(?, ?) AND (? IS NULL OR action = ?)
  AND (? IS NULL OR created_ms >= ?) AND (? IS NULL OR created_ms < ?)
  AND position > ?
ORDER BY position LIMIT ?

-- name: audit_list_newest
SELECT chain, position, id, actor, action, environment_id, organization_id, directory_id, detail, request_id,
       created_ms, hash, seal, pepper_version
FROM audit FORCE INDEX (chain)
WHERE chain = ? AND (? IS NULL OR organization_id = ?) AND (? IS NULL OR directory_id = ?)
  AND (? IS NULL OR actor = ?) AND (? IS NULL OR action = ?)
  AND (? IS NULL OR created_ms >= ?) AND (? IS NULL OR created_ms < ?)
  AND position < ?
ORDER BY position DESC LIMIT ?

-- name: audit_list_newest_of_organization
SELECT chain, position, id, actor, action, environment_id, organization_id, directory_id, detail, request_id,
       created_ms, hash, seal, pepper_version
FROM audit FORCE INDEX (organization)
WHERE chain = ? AND organization_id = COALESCE(?, ?) AND (? IS NULL OR directory_id = ?)
  AND (? IS NULL OR actor = ?) AND (? IS NULL OR action = ?)
  AND (? IS NULL OR created_ms >= ?) AND (? IS NULL OR created_ms < ?)
  AND position < ?
ORDER BY position DESC LIMIT ?

-- name: audit_list_newest_of_directory
SELECT chain, position, id, actor, action, environment_id, organization_id, directory_id, detail, request_id,
       created_ms, hash, seal, pepper_version
FROM audit FORCE INDEX (directory)
WHERE chain = ? AND (? IS NULL OR organization_id = ?) AND directory_id = COALESCE(?, ?)
  AND (? IS NULL OR actor = ?) AND (? IS NULL OR action = ?)
  AND (? IS NULL OR created_ms >= ?) AND (? IS NULL OR created_ms < ?)
  AND position < ?
ORDER BY position DESC LIMIT ?

-- name: audit_list_newest_of_actor
SELECT chain, position, id, actor, action, environment_id, organization_id, directory_id, detail, request_id,
       created_ms, hash, seal, pepper_version
FROM audit FORCE INDEX (actor)
WHERE chain = ? AND (? IS NULL OR organization_id = ?) AND (? IS NULL OR directory_id = ?)
  AND actor = COALESCE(?, ?) AND (? IS NULL OR action = ?)
  AND (? IS NULL OR created_ms >= ?) AND (? IS NULL OR created_ms < ?)
  AND position < ?
ORDER BY position DESC LIMIT ?

-- Needs the owner's account.
-- name: audit_trim
DELETE FROM audit WHERE chain = ? AND position <= ? ORDER BY position LIMIT ?

-- name: audit_head_anchor
UPDATE audit_chain SET anchor_position = ?, anchor_hash = ?, seal = ?, pepper_version = ? WHERE id = ?
