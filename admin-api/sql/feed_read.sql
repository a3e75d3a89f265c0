-- The change feed (migrations/0014_feed.sql): its readers' side (feed_read.c).

-- The ends of the feed, and up to ? of its rows with all that their events are made of: always one row at least, where the
-- environment has a feed. The first parameters are feed_select's. `wanted` has a bit for each kind of row: 0 the events;
-- of users created 1, updated 2, deleted 3; of groups 5, 6, 7 and 8 their members; of own types 9, 10, 11.
--
-- Documents above 32 KiB are left out, or a page could be gigabytes: feed_change_whole and others get them one by one.
-- beside: of an update the version before; of a change of members the group's document, which the next change of
-- the group says, or the group itself. Where other changes of members lie in between, feed_group has it.
-- The actor is 0 a token, 1 a key, 2 an operator's, 3 a signing key, as in history.sql.
-- name: feed_page
SELECT x.last_sequence, x.purged_sequence, f.sequence, f.source, f.operation_id, f.ordinal, f.organization_id,
       f.directory_id, f.type, f.kind, f.resource_id, f.is_primary,
       COALESCE(o.external_id, o.deleted_external_id),
       d.revision, d.policy IN ('', '{}') AND d.catalog IS NULL,
       c.version, COALESCE(c.created_ms, e.created_ms), COALESCE(c.cause, e.cause), c.actor,
       CASE WHEN c.actor IS NULL OR c.cause = 1 THEN 0
            WHEN EXISTS (SELECT 1 FROM api_key k WHERE k.id = c.actor AND k.environment_id IS NULL) THEN 2
            WHEN EXISTS (SELECT 1 FROM signing_key s WHERE s.id = c.actor) THEN 3 ELSE 1 END,
       c.is_put,
       IF(OCTET_LENGTH(c.document) > 32768, NULL, c.document),
       IF(OCTET_LENGTH(c.members) > 32768, NULL, c.members),
       CASE c.kind
       WHEN 2 THEN (SELECT IF(OCTET_LENGTH(b.document) > 32768, NULL, b.document)
                    FROM `change` b FORCE INDEX (history)
                    WHERE b.directory_id = c.directory_id AND b.type = c.type AND b.resource_id = c.resource_id
                      AND b.version = c.version - 1 AND b.kind <> 4 LIMIT 1)
       WHEN 4 THEN COALESCE((SELECT IF(OCTET_LENGTH(b.document) > 32768, NULL, b.document)
                             FROM `change` b FORCE INDEX (history)
                             WHERE b.directory_id = c.directory_id AND b.type = c.type AND b.resource_id = c.resource_id
                               AND b.version = c.version AND b.kind = 5 LIMIT 1),
                            (SELECT IF(OCTET_LENGTH(r.document) > 32768, NULL,
                                       CONCAT(r.document, REPEAT('}', r.open_braces)))
                             FROM resource r
                             WHERE r.directory_id = c.directory_id AND r.type = c.type AND r.id = c.resource_id
                               AND r.version = c.version)) END AS beside,
       e.type, IF(OCTET_LENGTH(e.data) > 32768, NULL, e.data), e.operation_id, e.actor
FROM feed_end x
LEFT JOIN (SELECT n.environment_id, n.sequence, n.source, n.operation_id, n.ordinal, n.organization_id, n.directory_id,
                  n.type, n.kind, n.resource_id, n.is_primary
           FROM feed n FORCE INDEX (PRIMARY)
           WHERE n.environment_id = ? AND n.sequence >= ? AND n.sequence <= ?
             AND (? >> IF(n.source = 2, 0, 4 * LEAST(n.type, 3) - 4 + n.kind)) & 1
             AND (? IS NULL OR n.organization_id = ?) AND (? IS NULL OR n.directory_id = ?)
             AND (? = 0 OR n.directory_id IS NULL)
           ORDER BY n.sequence LIMIT ?) f ON f.environment_id = x.environment_id
LEFT JOIN `change` c ON f.source = 1 AND c.operation_id = f.operation_id AND c.ordinal = f.ordinal
LEFT JOIN event e ON f.source = 2 AND e.id = f.operation_id
LEFT JOIN directory d ON d.id = f.directory_id
LEFT JOIN organization o ON o.id = f.organization_id
WHERE x.environment_id = ?
ORDER BY f.sequence LIMIT 1000

-- name: feed_change_whole
SELECT c.document, c.members FROM `change` c WHERE c.operation_id = ? AND c.ordinal = ? AND c.directory_id = ?

-- name: feed_event_whole
SELECT e.data FROM event e WHERE e.id = ? AND e.environment_id = ?

-- The version before.
-- name: feed_before
SELECT c.document
FROM `change` c FORCE INDEX (history)
WHERE c.directory_id = ? AND c.type = ? AND c.resource_id = ? AND c.version = ? AND c.kind <> 4
LIMIT 1

-- A group's document at a version, and up to which version it stays so: a change of it brings a row of kind 5 along that
-- says what it was before.
-- name: feed_group
SELECT g.version, g.document
FROM ((SELECT 1 AS place, c.version, c.document
       FROM `change` c FORCE INDEX (history)
       WHERE c.directory_id = ? AND c.type = 2 AND c.resource_id = ? AND c.version >= ? AND c.kind IN (3, 5)
       ORDER BY c.version LIMIT 1)
      UNION ALL
      (SELECT 2, r.version, CONCAT(r.document, REPEAT('}', r.open_braces))
       FROM resource r
       WHERE r.directory_id = ? AND r.type = 2 AND r.id = ?)) g
ORDER BY g.place LIMIT 1
