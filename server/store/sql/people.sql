-- What follows from users that were written (view_deactivated.c, view_departed.c, view_vendor_users.c).

-- name: people_reactivate
DELETE FROM deactivated_user WHERE directory_id = ? AND resource_id = ?

-- name: people_deactivate
INSERT INTO deactivated_user (directory_id, resource_id, place, since_ms) VALUES (?, ?, ?, ?)
ON DUPLICATE KEY UPDATE place = VALUES(place), since_ms = VALUES(since_ms)

-- name: people_has_departed
UPDATE directory SET has_departed = 1, revision = revision + 1 WHERE id = ?

-- name: people_depart
REPLACE INTO departed_user (directory_id, resource_id, person_id, unique_key, external_key, departed_ms)
VALUES (?, ?, COALESCE((SELECT i.person_id FROM incarnation i WHERE i.directory_id = ? AND i.resource_id = ?), ?), ?, ?, ?)

-- name: people_find_departed
(SELECT d.resource_id, d.person_id, d.unique_key, d.external_key, d.departed_ms
 FROM departed_user d FORCE INDEX (external_key)
 WHERE d.directory_id = ? AND d.external_key IN (?*) ORDER BY d.departed_ms DESC LIMIT 1000)
UNION
(SELECT d.resource_id, d.person_id, d.unique_key, d.external_key, d.departed_ms
 FROM departed_user d FORCE INDEX (unique_key)
 WHERE d.directory_id = ? AND d.unique_key IN (?*) ORDER BY d.departed_ms DESC LIMIT 1000)

-- name: people_return
INSERT IGNORE INTO incarnation (directory_id, resource_id, person_id) VALUES (?, ?, ?)

-- name: people_forget
DELETE FROM departed_user WHERE directory_id = ? AND resource_id = ?

-- What shows of users beside their resources (people.c).
-- name: people_facts
SELECT 1, d.resource_id, d.since_ms, NULL, NULL, NULL
FROM deactivated_user d FORCE INDEX (PRIMARY) WHERE d.directory_id = ? AND d.resource_id IN (?*)
UNION ALL
SELECT 2, v.resource_id, 0, v.vendor_user_id, NULL, NULL
FROM vendor_user v FORCE INDEX (resource) WHERE v.directory_id = ? AND v.resource_id IN (?*)
UNION ALL
SELECT STRAIGHT_JOIN 3, i.resource_id, 0, NULL, i.person_id, p.resource_id
FROM incarnation i FORCE INDEX (PRIMARY)
JOIN incarnation p FORCE INDEX (person) ON p.directory_id = i.directory_id AND p.person_id = i.person_id
WHERE i.directory_id = ? AND i.resource_id IN (?*)
