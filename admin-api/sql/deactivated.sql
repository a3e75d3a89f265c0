-- name: deactivated_list
SELECT d.place, d.resource_id FROM deactivated_user d
WHERE d.directory_id = ? AND d.place < ? AND d.place > ?
ORDER BY d.place LIMIT ?

-- name: deactivated_count
SELECT COUNT(*) FROM (
  SELECT 1 FROM deactivated_user d WHERE d.directory_id = ? AND d.place < ? ORDER BY d.place LIMIT 1000000) counted

-- name: departed_purge
DELETE FROM departed_user WHERE departed_ms < ? ORDER BY departed_ms LIMIT ?

-- Those who are so still: whoever makes one of them active waits, or has done so before.
-- name: deactivated_take
SELECT d.place, d.resource_id FROM deactivated_user d
WHERE d.directory_id = ? AND d.place < ? AND d.place > ?
ORDER BY d.place LIMIT ?
FOR UPDATE

-- name: retention_load
SELECT d.deactivated_retention_days FROM directory d WHERE d.id = ?

-- name: retention_save
UPDATE directory SET deactivated_retention_days = ?, updated_ms = ? WHERE id = ?

-- Directories with somebody whose time is over, and no job that deletes already.
-- name: retention_due
SELECT d.id, d.organization_id, o.environment_id, d.deactivated_retention_days
FROM directory d FORCE INDEX (retention) JOIN organization o ON o.id = d.organization_id
WHERE d.deactivated_retention_days IS NOT NULL AND d.state <> 3
  AND EXISTS (SELECT 1 FROM deactivated_user u
              WHERE u.directory_id = d.id
                AND u.place < RPAD(UNHEX(LPAD(HEX(? - d.deactivated_retention_days * 86400000), 12, '0')), 16, '\0'))
  AND NOT EXISTS (SELECT 1 FROM job j
                  WHERE j.directory_id = d.id AND j.kind = 'deactivated_delete' AND j.state IN (1, 2))
ORDER BY d.deactivated_retention_days, d.id LIMIT ?
