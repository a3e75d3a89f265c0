-- name: export_members
SELECT m.group_id, m.member_id, m.member_type FROM membership m FORCE INDEX (PRIMARY)
WHERE m.directory_id = ? AND m.group_type = 2 AND (m.group_id > ? OR (m.group_id = ? AND m.member_id > ?))
ORDER BY m.group_id, m.member_id LIMIT ?
