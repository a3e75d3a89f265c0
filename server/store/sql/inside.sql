-- What admits the process itself to a directory (inside.c): the gate of view_arm_gate, and what a token would bring.

-- name: inside_directory
SELECT d.state, d.organization_id, d.nests_groups, d.revision, d.has_vendor_users, d.has_departed
FROM directory d
WHERE d.id = ? AND d.state <> 3
LOCK IN SHARE MODE
