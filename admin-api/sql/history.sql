-- The versions of a resource (history*.c, restore*.c), by the key `history` of `change`. Kind 5 is no change: it says what
-- the resource was before one.

-- The last column says what the actor is: 0 a token, 1 a key, 2 an operator's, 3 a signing key.
-- name: history_page
SELECT c.version, c.kind, c.created_ms, c.actor, c.cause, c.operation_id, c.document, c.members,
       CASE WHEN c.cause = 1 THEN 0 WHEN k.id IS NOT NULL THEN IF(k.environment_id IS NULL, 2, 1)
            WHEN EXISTS (SELECT 1 FROM signing_key s WHERE s.id = c.actor) THEN 3 ELSE 1 END
FROM `change` c FORCE INDEX (history) LEFT JOIN api_key k ON k.id = c.actor
WHERE c.directory_id = ? AND c.type = ? AND c.resource_id = ? AND c.version < ? AND c.kind <> 5
ORDER BY c.version DESC LIMIT ?

-- name: history_row
SELECT c.version, c.kind, c.created_ms, c.actor, c.cause, c.operation_id, NULL, c.members,
       CASE WHEN c.cause = 1 THEN 0 WHEN k.id IS NOT NULL THEN IF(k.environment_id IS NULL, 2, 1)
            WHEN EXISTS (SELECT 1 FROM signing_key s WHERE s.id = c.actor) THEN 3 ELSE 1 END
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

-- What of a directory has changed since a moment (rewind*.c). The time stands in the id of the operation, too, so that
-- finding them needs nothing but the key; created_ms decides.
-- name: rewind_changed
SELECT DISTINCT c.resource_id
FROM `change` c FORCE INDEX (history)
WHERE c.directory_id = ? AND c.type = ? AND c.resource_id > ? AND c.operation_id >= ?
ORDER BY c.resource_id LIMIT ?

-- name: rewind_count
SELECT COUNT(DISTINCT c.resource_id)
FROM `change` c FORCE INDEX (history)
WHERE c.directory_id = ? AND c.type = ? AND c.operation_id >= ?

-- Of the changed ones between two ids: the first change since, the last one, and the document before the first. Twice
-- where a version has a row of kind 5, too.
-- name: rewind_states
SELECT f.resource_id, f.version, x.kind, l.version, l.kind, l.born_ms, d.kind, d.document
FROM (SELECT c.resource_id, MIN(c.version) AS version, MAX(c.version) AS newest
      FROM `change` c FORCE INDEX (history)
      WHERE c.directory_id = ? AND c.type = ? AND c.resource_id > ? AND c.resource_id <= ? AND c.operation_id >= ?
        AND c.created_ms > ? AND c.kind <> 5
      GROUP BY c.resource_id) f
JOIN `change` x FORCE INDEX (history)
  ON x.directory_id = ? AND x.type = ? AND x.resource_id = f.resource_id AND x.version = f.version AND x.kind <> 5
JOIN `change` l FORCE INDEX (history)
  ON l.directory_id = ? AND l.type = ? AND l.resource_id = f.resource_id AND l.version = f.newest AND l.kind <> 5
LEFT JOIN `change` d FORCE INDEX (history)
  ON d.directory_id = ? AND d.type = ? AND d.resource_id = f.resource_id AND d.kind <> 4
 AND d.version = (SELECT MAX(e.version) FROM `change` e FORCE INDEX (history)
                  WHERE e.directory_id = ? AND e.type = ? AND e.resource_id = f.resource_id AND e.version < f.version
                    AND e.kind <> 4)
ORDER BY f.resource_id LIMIT 1000

-- The document of a group whose members alone have changed since rows were dropped: said by the next row that has one.
-- name: rewind_next_document
SELECT c.document
FROM `change` c FORCE INDEX (history)
WHERE c.directory_id = ? AND c.type = ? AND c.resource_id = ? AND c.version >= ? AND c.kind IN (3, 5)
ORDER BY c.version LIMIT 1
