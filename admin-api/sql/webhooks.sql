-- Webhooks (migrations/0015_webhooks.sql): orders of the API.

-- name: webhook_progress_begin
INSERT INTO webhook_progress (endpoint_id, environment_id, scanned_sequence)
SELECT ?, x.id, COALESCE((SELECT f.last_sequence FROM feed_end f WHERE f.environment_id = x.id), 0) + 1
FROM environment x WHERE x.id = ?

-- name: webhook_endpoint_changed
UPDATE webhook_endpoint SET revision = revision + 1 WHERE id = ?

-- name: webhook_ordered
UPDATE webhook_progress SET orders = orders + 1 WHERE endpoint_id = ?

-- name: webhook_progress_end
DELETE FROM webhook_progress WHERE endpoint_id = ?

-- name: webhook_lanes_end
DELETE FROM webhook_lane WHERE endpoint_id = ?

-- name: webhook_ping_delivery
INSERT INTO webhook_delivery (endpoint_id, id, kind, state, event_id, sequence, type, attempt_log, created_ms)
VALUES (?, ?, 3, 1, ?, 0, 'webhook.ping', '', ?)

-- name: webhook_order_lane
INSERT INTO webhook_lane (endpoint_id, kind, id, sequence, part, until_sequence, until_part, delivery_id)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)

-- The dispatcher's. Leases end by the database's clock.

-- name: webhook_alive
INSERT INTO webhook_dispatcher (id, alive_ms) VALUES (?, UNIX_TIMESTAMP(NOW(3)) * 1000 + ?)
ON DUPLICATE KEY UPDATE alive_ms = VALUES(alive_ms)

-- name: webhook_dead
DELETE FROM webhook_dispatcher WHERE alive_ms < UNIX_TIMESTAMP(NOW(3)) * 1000 - 60000 ORDER BY id LIMIT 100

-- name: webhook_renew
UPDATE webhook_progress SET lease_ms = UNIX_TIMESTAMP(NOW(3)) * 1000 + ? WHERE holder = ?

-- How many processes there are, how many endpoints, how many of them are this one's, and is one nobody's?
-- name: webhook_share
SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED),
       (SELECT COUNT(*) FROM webhook_dispatcher d WHERE d.alive_ms >= UNIX_TIMESTAMP(NOW(3)) * 1000),
       (SELECT COUNT(*) FROM webhook_progress a),
       (SELECT COUNT(*) FROM webhook_progress h WHERE h.holder = ?),
       EXISTS (SELECT 1 FROM webhook_progress v WHERE v.lease_ms < UNIX_TIMESTAMP(NOW(3)) * 1000)

-- name: webhook_vacant
SELECT EXISTS (SELECT 1 FROM webhook_progress v WHERE v.lease_ms < UNIX_TIMESTAMP(NOW(3)) * 1000)

-- name: webhook_take
UPDATE webhook_progress SET holder = ?, fence = fence + 1, lease_ms = UNIX_TIMESTAMP(NOW(3)) * 1000 + ?
WHERE lease_ms < UNIX_TIMESTAMP(NOW(3)) * 1000
ORDER BY lease_ms LIMIT ?

-- name: webhook_give
UPDATE webhook_progress SET holder = NULL, lease_ms = 0 WHERE endpoint_id = ? AND fence = ?

-- name: webhook_give_all
UPDATE webhook_progress SET holder = NULL, lease_ms = 0 WHERE holder = ?

-- name: webhook_gone
DELETE FROM webhook_dispatcher WHERE id = ?

-- What is new about what this process holds.
-- name: webhook_look
SELECT p.endpoint_id, p.fence, e.revision, p.orders, COALESCE(f.last_sequence, 0)
FROM webhook_progress p
JOIN webhook_endpoint e ON e.id = p.endpoint_id
LEFT JOIN feed_end f ON f.environment_id = p.environment_id
WHERE p.holder = ? AND p.endpoint_id > ?
ORDER BY p.endpoint_id LIMIT ?

-- name: webhook_load
SELECT e.environment_id, e.kind, e.url, e.types, e.secret, e.previous_secret, e.previous_until_ms, e.state, e.revision,
       p.scanned_sequence, p.scanned_part, p.failures, p.next_ms, p.failing_since_ms, p.success_ms, p.failure_ms,
       p.failure, p.expired_events, p.expired_ms, p.revision, p.orders, COALESCE(f.last_sequence, 0)
FROM webhook_endpoint e
JOIN webhook_progress p ON p.endpoint_id = e.id
LEFT JOIN feed_end f ON f.environment_id = e.environment_id
WHERE e.id = ? AND p.fence = ?

-- name: webhook_lanes
SELECT kind, id, sequence, part, until_sequence, until_part, delivery_id, attempts, failures, next_ms
FROM webhook_lane
WHERE endpoint_id = ? AND (kind, id) > (?, ?)
ORDER BY kind, id LIMIT ?

-- name: webhook_ping_load
SELECT event_id, created_ms FROM webhook_delivery WHERE endpoint_id = ? AND id = ?

-- Of whoever holds it: another process has another fence.
-- name: webhook_progress_write
UPDATE webhook_progress
SET scanned_sequence = ?, scanned_part = ?, failures = ?, next_ms = ?, failing_since_ms = ?, success_ms = ?,
    failure_ms = ?, failure = ?, expired_events = ?, expired_ms = ?, revision = ?
WHERE endpoint_id = ? AND fence = ? AND holder = ?

-- name: webhook_lane_write
INSERT INTO webhook_lane (endpoint_id, kind, id, sequence, part, until_sequence, until_part, delivery_id, attempts,
                          failures, next_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE sequence = VALUES(sequence), part = VALUES(part), delivery_id = VALUES(delivery_id),
                        attempts = VALUES(attempts), failures = VALUES(failures), next_ms = VALUES(next_ms)

-- name: webhook_lane_end
DELETE FROM webhook_lane WHERE endpoint_id = ? AND kind = ? AND id = ?

-- An attempt that was written already, in a commit of which nobody heard, is not written twice. A log that is very long
-- (of an endpoint that is changed and fails for months) is long enough.
-- name: webhook_delivery_write
INSERT INTO webhook_delivery (endpoint_id, id, kind, state, event_id, sequence, part, until_sequence, type,
                              organization_id, directory_id, replay_id, attempts, attempt_log, next_ms, error, status,
                              request_headers, response_headers, response_body, created_ms, ended_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON DUPLICATE KEY UPDATE
  attempt_log = IF(attempts >= VALUES(attempts) OR LENGTH(attempt_log) > 32000, attempt_log,
                   CONCAT(attempt_log, IF(attempt_log = '', '', ','), VALUES(attempt_log))),
  attempts = GREATEST(attempts, VALUES(attempts)), state = VALUES(state), next_ms = VALUES(next_ms),
  error = VALUES(error), status = VALUES(status), request_headers = VALUES(request_headers),
  response_headers = VALUES(response_headers), response_body = VALUES(response_body), ended_ms = VALUES(ended_ms)

-- Its event is not there any more.
-- name: webhook_delivery_close
UPDATE webhook_delivery SET state = 4, next_ms = NULL, error = ?, ended_ms = ?
WHERE endpoint_id = ? AND id = ? AND state IN (1, 2)

-- Endpoints that the log of deliveries knows, and whether they are there yet. A loose scan of the primary key.
-- name: webhook_log_next
SELECT t.endpoint_id, e.id IS NOT NULL
FROM (SELECT DISTINCT d.endpoint_id FROM webhook_delivery d WHERE d.endpoint_id > ? ORDER BY d.endpoint_id LIMIT 1) t
LEFT JOIN webhook_endpoint e ON e.id = t.endpoint_id

-- name: webhook_log_nth
SELECT id FROM webhook_delivery WHERE endpoint_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?

-- name: webhook_log_purge
DELETE FROM webhook_delivery WHERE endpoint_id = ? AND id < ? ORDER BY id LIMIT ?

-- What failed is kept for its time, though much has been delivered since.
-- name: webhook_log_trim
DELETE FROM webhook_delivery WHERE endpoint_id = ? AND id < ? AND state = 3 ORDER BY id LIMIT ?

-- name: webhook_disable
UPDATE webhook_endpoint SET state = 3, state_reason = ?, state_ms = ?, updated_ms = ?, revision = revision + 1
WHERE id = ? AND state = 1
