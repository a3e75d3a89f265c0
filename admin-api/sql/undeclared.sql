-- name: undeclared_attributes
SELECT type, path, first_seen_ms, last_seen_ms, uses, dismissed_ms IS NOT NULL
FROM undeclared_attribute WHERE directory_id = ? ORDER BY type, path LIMIT ?

-- name: undeclared_attribute_dismiss
UPDATE undeclared_attribute SET dismissed_ms = ? WHERE directory_id = ? AND type = ? AND path = ?
