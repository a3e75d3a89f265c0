-- name: deactivated_list
SELECT d.place, d.resource_id FROM deactivated_user d
WHERE d.directory_id = ? AND d.place < ? AND d.place > ?
ORDER BY d.place LIMIT ?

-- name: deactivated_count
SELECT COUNT(*) FROM (
  SELECT 1 FROM deactivated_user d WHERE d.directory_id = ? AND d.place < ? ORDER BY d.place LIMIT 1000000) counted

-- name: departed_purge
DELETE FROM departed_user WHERE departed_ms < ? ORDER BY departed_ms LIMIT ?
