-- Undeclared attributes that were seen (undeclared.c).

-- name: undeclared_update
UPDATE undeclared_attribute SET last_seen_ms = GREATEST(last_seen_ms, ?), uses = uses + ?
WHERE directory_id = ? AND type = ? AND path = ?

-- name: undeclared_insert
INSERT IGNORE INTO undeclared_attribute (directory_id, type, path, first_seen_ms, last_seen_ms, uses)
SELECT ?, ?, ?, ?, ?, ?
FROM directory d
WHERE d.id = ? AND d.state <> 3 AND (SELECT COUNT(*) FROM undeclared_attribute u WHERE u.directory_id = ?) < ?

-- name: undeclared_list
SELECT type, path FROM undeclared_attribute WHERE directory_id = ? ORDER BY type, path LIMIT ?

-- name: undeclared_delete
DELETE FROM undeclared_attribute WHERE directory_id = ? AND type = ? AND path = ?
