-- The versions of a resource (history*.c, restore*.c), by the key `history` of `change`. Kind 5 is no change: it says what
-- the resource was before one.

-- name: history_page
SELECT c.version, c.kind, c.created_ms, c.actor, c.cause, c.operation_id, c.document, c.members,
       c.cause <> 1 AND k.id IS NOT NULL AND k.environment_id IS NULL
FROM `change` c FORCE INDEX (history) LEFT JOIN api_key k ON k.id = c.actor
WHERE c.directory_id = ? AND c.type = ? AND c.resource_id = ? AND c.version < ? AND c.kind <> 5
ORDER BY c.version DESC LIMIT ?

-- name: history_row
SELECT c.version, c.kind, c.created_ms, c.actor, c.cause, c.operation_id, NULL, c.members,
       c.cause <> 1 AND k.id IS NOT NULL AND k.environment_id IS NULL
FROM `change` c FORCE INDEX (history) LEFT JOIN api_key k ON k.id = c.actor
WHERE c.directory_id = ? AND c.type = ? AND c.resource_id = ? AND c.version = ?
ORDER BY c.kind LIMIT 1

-- name: history_document
SELECT c.version, c.kind, c.created_ms, c.document
FROM `change` c FORCE INDEX (history)
WHERE c.directory_id = ? AND c.type = ? AND c.resource_id = ? AND c.version <= ? AND c.kind <> 4
ORDER BY c.version DESC LIMIT 1

-- The last change of a resource.
-- name: history_last
SELECT c.version, c.kind, c.created_ms, c.operation_id, c.born_ms
FROM `change` c FORCE INDEX (history)
WHERE c.directory_id = ? AND c.type = ? AND c.resource_id = ? AND c.kind <> 5
ORDER BY c.version DESC LIMIT 1

-- Whom a group gained and lost behind a version and up to another, oldest first.
-- name: history_members
SELECT c.members
FROM `change` c FORCE INDEX (history)
WHERE c.directory_id = ? AND c.type = 2 AND c.resource_id = ? AND c.version > ? AND c.version <= ?
  AND c.members IS NOT NULL
ORDER BY c.version LIMIT 1000000

-- What an operation did to groups and managers beside its own resource, for undoing a deletion.
-- name: history_operation
SELECT c.type, c.resource_id, c.kind, c.members, c.version
FROM `change` c
WHERE c.operation_id = ? AND c.directory_id = ?
ORDER BY c.ordinal LIMIT 100000
