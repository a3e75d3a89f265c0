-- name: group_members
SELECT m.member_id, m.member_type, r.display
FROM membership m
JOIN resource r ON r.directory_id = m.directory_id AND r.type = m.member_type AND r.id = m.member_id
WHERE m.directory_id = ? AND m.group_id = ? AND m.member_id > ?
ORDER BY m.member_id LIMIT ?
