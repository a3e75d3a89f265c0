-- What a worker asks when the answer to its COMMIT was lost (recover.c).

-- name: recover_session
SELECT 1 FROM information_schema.processlist WHERE id = ? AND id <> CONNECTION_ID()

-- name: recover_kill
KILL ?

-- name: recover_operation
SELECT 1 FROM `change` WHERE operation_id = ? LIMIT 1
