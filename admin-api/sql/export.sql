-- name: export_members
SELECT m.group_id, m.member_id, m.member_type FROM membership m FORCE INDEX (PRIMARY)
WHERE m.directory_id = ? AND m.group_type = 2 AND (m.group_id > ? OR (m.group_id = ? AND m.member_id > ?))
ORDER BY m.group_id, m.member_id LIMIT ?

-- name: export_members_held
SELECT x.group_id, x.member_id, x.member_type FROM (
  (SELECT m.group_id, m.member_id, m.member_type
   FROM membership m FORCE INDEX (PRIMARY)
   LEFT JOIN departure d ON d.directory_id = m.directory_id AND d.resource_id = m.member_id AND d.held = 1
   WHERE m.directory_id = ? AND m.group_type = 2 AND (m.group_id > ? OR (m.group_id = ? AND m.member_id > ?))
     AND d.resource_id IS NULL
   ORDER BY m.group_id, m.member_id LIMIT ?)
  UNION ALL
  (SELECT g.group_id, g.resource_id, 1
   FROM departure_group g
   JOIN departure d ON d.directory_id = g.directory_id AND d.resource_id = g.resource_id AND d.held = 1
   JOIN resource r ON r.directory_id = g.directory_id AND r.type = 2 AND r.id = g.group_id
   WHERE g.directory_id = ? AND g.indirect = 0 AND (g.group_id > ? OR (g.group_id = ? AND g.resource_id > ?))
   ORDER BY g.group_id, g.resource_id LIMIT ?)) x
ORDER BY x.group_id, x.member_id LIMIT ?

-- name: snapshot_next_directory
SELECT d.id FROM directory d WHERE d.organization_id = ? AND d.state <> 3 AND d.id > ? ORDER BY d.id LIMIT 1
