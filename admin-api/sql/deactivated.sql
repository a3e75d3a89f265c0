-- name: deactivated_list
SELECT d.place, d.resource_id FROM deactivated_user d
WHERE d.directory_id = ? AND d.place < ? AND d.place > ?
ORDER BY d.place LIMIT ?

-- name: deactivated_count
SELECT COUNT(*) FROM (
  SELECT 1 FROM deactivated_user d WHERE d.directory_id = ? AND d.place < ? ORDER BY d.place LIMIT 1000000) counted

-- name: departed_purge
DELETE FROM departed_user WHERE departed_ms < ? ORDER BY departed_ms LIMIT ?

-- Those who are so still: whoever makes one of them active waits, or has done so before. A server of a version without
-- this table leaves rows that are not true (docs/operations.md, "Upgrades"), so the user itself is asked.
-- name: deactivated_take
SELECT STRAIGHT_JOIN d.place, d.resource_id,
       COALESCE(JSON_EXTRACT(CONVERT(CONCAT(r.document, REPEAT('}', r.open_braces)) USING utf8mb4), '$.active') = 'false', 0)
FROM deactivated_user d FORCE INDEX (place)
LEFT JOIN resource r ON r.directory_id = d.directory_id AND r.type = 1 AND r.id = d.resource_id
WHERE d.directory_id = ? AND d.place < ? AND d.place > ?
ORDER BY d.place LIMIT ?
FOR UPDATE

-- name: deactivated_forget
DELETE FROM deactivated_user WHERE directory_id = ? AND resource_id = ?

-- name: retention_load
SELECT d.deactivated_retention_days FROM directory d WHERE d.id = ?

-- name: retention_save
UPDATE directory SET deactivated_retention_days = ?, updated_ms = ? WHERE id = ?

-- Directories with somebody whose time is over, and no job that deletes already: one look at the first of each directory.
-- name: retention_due
SELECT d.id, d.organization_id, o.environment_id, d.deactivated_retention_days
FROM directory d FORCE INDEX (retention) JOIN organization o ON o.id = d.organization_id
WHERE d.deactivated_retention_days IS NOT NULL AND d.state <> 3
  AND (SELECT u.place FROM deactivated_user u FORCE INDEX (place) WHERE u.directory_id = d.id ORDER BY u.place LIMIT 1)
      < RPAD(UNHEX(LPAD(HEX(? - d.deactivated_retention_days * 86400000), 12, '0')), 16, '\0')
  AND (SELECT 1 FROM job j FORCE INDEX (directory)
       WHERE j.directory_id = d.id AND j.kind = 'deactivated_delete' AND j.state IN (1, 2) LIMIT 1) IS NULL
ORDER BY d.deactivated_retention_days, d.id LIMIT ?
