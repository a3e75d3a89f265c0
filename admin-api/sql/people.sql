-- name: group_members
SELECT m.member_id, m.member_type, r.display
FROM membership m
JOIN resource r ON r.directory_id = m.directory_id AND r.type = m.member_type AND r.id = m.member_id
WHERE m.directory_id = ? AND m.group_id = ? AND m.member_id > ?
ORDER BY m.member_id LIMIT ?

-- The same while departures are held: who is held is a member where he was one.
-- name: group_members_held
SELECT x.member_id, x.member_type, x.display FROM (
  (SELECT m.member_id, m.member_type, r.display
   FROM membership m
   JOIN resource r ON r.directory_id = m.directory_id AND r.type = m.member_type AND r.id = m.member_id
   LEFT JOIN departure d ON d.directory_id = m.directory_id AND d.resource_id = m.member_id AND d.held = 1
   WHERE m.directory_id = ? AND m.group_type = 2 AND m.group_id = ? AND m.member_id > ? AND d.resource_id IS NULL
   ORDER BY m.member_id LIMIT 1001)
  UNION ALL
  (SELECT g.resource_id, 1, d.display
   FROM departure_group g
   JOIN departure d ON d.directory_id = g.directory_id AND d.resource_id = g.resource_id AND d.held = 1
   WHERE g.directory_id = ? AND g.group_id = ? AND g.resource_id > ? AND g.indirect = 0
   ORDER BY g.resource_id LIMIT ?)) x
ORDER BY x.member_id LIMIT 1001
