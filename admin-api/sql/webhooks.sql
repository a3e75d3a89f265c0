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
