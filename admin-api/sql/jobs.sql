-- name: job_insert
INSERT INTO job (id, environment_id, organization_id, directory_id, kind, actor, parameters, checkpoint, total, created_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, '{}', ?, ?)

-- name: job_load
SELECT id, environment_id, organization_id, directory_id, kind, state, result, problem, done, total, cancel_asked,
       created_ms, started_ms, ended_ms, actor
FROM job WHERE id = ?

-- name: job_lock
SELECT 1 FROM job WHERE id = ? FOR UPDATE

-- name: job_list
SELECT id, environment_id, organization_id, directory_id, kind, state, result, problem, done, total, cancel_asked,
       created_ms, started_ms, ended_ms, actor
FROM job
WHERE environment_id = ?
  AND (? IS NULL OR kind = ?) AND (? IS NULL OR state = ?) AND (? IS NULL OR directory_id = ?) AND id > ?
ORDER BY id LIMIT ?

-- name: job_of_directory
SELECT id FROM job WHERE directory_id = ? AND kind = ? AND state IN (1, 2) LIMIT 1

-- name: job_ask_to_cancel
UPDATE job SET cancel_asked = 1, state = IF(state = 1, 5, state), ended_ms = IF(state = 5, ?, ended_ms)
WHERE id = ? AND state IN (1, 2)

-- Whether an environment has as many that wait as it may have.
-- name: job_waiting
SELECT COUNT(*) FROM (SELECT 1 FROM job WHERE state = 1 AND environment_id = ? LIMIT ?) waiting

-- One that waits, or whose worker has let its lease end, of a kind that this process knows (a newer one may make
-- others). Environments take turns: first those that have the fewest running, then those behind the one that this worker
-- served last; within one, the oldest. Looked for without a lock: taking it decides.
-- name: job_find
SELECT j.id, j.environment_id
FROM job j
LEFT JOIN (SELECT r.environment_id, COUNT(*) AS running FROM job r WHERE r.state = 2 GROUP BY r.environment_id) busy
  ON busy.environment_id = j.environment_id
WHERE (j.state = 1 OR (j.state = 2 AND j.lease_ms < UNIX_TIMESTAMP(NOW(3)) * 1000)) AND FIND_IN_SET(j.kind, ?) > 0
ORDER BY j.state DESC, COALESCE(busy.running, 0), j.environment_id <= ?, j.environment_id, j.id LIMIT 1

-- name: job_take
UPDATE job
SET state = 2, runner = ?, lease_ms = UNIX_TIMESTAMP(NOW(3)) * 1000 + 30000, attempts = attempts + 1,
    started_ms = COALESCE(started_ms, ?)
WHERE id = ? AND (state = 1 OR (state = 2 AND lease_ms < UNIX_TIMESTAMP(NOW(3)) * 1000))

-- name: job_read_taken
SELECT environment_id, organization_id, directory_id, kind, actor, parameters, checkpoint, result, done, total, attempts
FROM job WHERE id = ? AND runner = ? AND state = 2

-- name: job_keep
UPDATE job
SET done = ?, total = ?, checkpoint = ?, result = ?, lease_ms = UNIX_TIMESTAMP(NOW(3)) * 1000 + 30000
WHERE id = ? AND runner = ? AND state = 2

-- name: job_is_cancelled
SELECT cancel_asked FROM job WHERE id = ? AND runner = ? AND state = 2

-- name: job_end
UPDATE job SET state = ?, problem = ?, done = ?, total = ?, result = ?, ended_ms = ?, runner = NULL, lease_ms = 0
WHERE id = ? AND runner = ? AND state = 2

-- Given back: another worker takes it at once.
-- name: job_give_back
UPDATE job SET state = 1, runner = NULL, lease_ms = 0 WHERE id = ? AND runner = ? AND state = 2

-- name: job_purge
DELETE FROM job WHERE state >= 3 AND id < ? ORDER BY state, id LIMIT ?
