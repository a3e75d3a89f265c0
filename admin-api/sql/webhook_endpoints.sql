-- Webhooks as the API shows and changes them (migrations/0015_webhooks.sql). A directory's lane stands in webhook_lane
-- while it lags behind what was scanned; what is before all of them has come through.

-- name: webhook_count
SELECT COUNT(*) FROM webhook_endpoint WHERE environment_id = ? AND kind = 1

-- name: webhook_insert
INSERT INTO webhook_endpoint (id, environment_id, kind, url, label, types, secret, state, state_ms, created_ms,
                              updated_ms)
VALUES (?, ?, 1, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: webhook_lock
SELECT 1 FROM webhook_endpoint WHERE id = ? AND kind = 1 FOR UPDATE

-- name: webhook_find
SELECT e.id, e.environment_id, e.url, e.label, e.types, e.secret, e.previous_until_ms, e.state, e.state_reason,
       e.state_ms, e.created_ms, e.updated_ms, p.failing_since_ms, p.success_ms, p.failure_ms, p.failure, p.next_ms,
       p.expired_events, p.scanned_sequence,
       (SELECT MIN(l.sequence) FROM webhook_lane l WHERE l.endpoint_id = e.id AND l.kind = 1),
       (SELECT f.last_sequence FROM feed_end f WHERE f.environment_id = e.environment_id),
       (SELECT f.numbered_ms FROM feed f
        WHERE f.environment_id = e.environment_id
          AND f.sequence = COALESCE((SELECT MIN(l.sequence) FROM webhook_lane l
                                     WHERE l.endpoint_id = e.id AND l.kind = 1), p.scanned_sequence))
FROM webhook_endpoint e LEFT JOIN webhook_progress p ON p.endpoint_id = e.id
WHERE e.id = ? AND e.kind = 1

-- name: webhook_list
SELECT e.id, e.environment_id, e.url, e.label, e.types, e.secret, e.previous_until_ms, e.state, e.state_reason,
       e.state_ms, e.created_ms, e.updated_ms, p.failing_since_ms, p.success_ms, p.failure_ms, p.failure, p.next_ms,
       p.expired_events, p.scanned_sequence,
       (SELECT MIN(l.sequence) FROM webhook_lane l WHERE l.endpoint_id = e.id AND l.kind = 1),
       (SELECT f.last_sequence FROM feed_end f WHERE f.environment_id = e.environment_id),
       (SELECT f.numbered_ms FROM feed f
        WHERE f.environment_id = e.environment_id
          AND f.sequence = COALESCE((SELECT MIN(l.sequence) FROM webhook_lane l
                                     WHERE l.endpoint_id = e.id AND l.kind = 1), p.scanned_sequence))
FROM webhook_endpoint e LEFT JOIN webhook_progress p ON p.endpoint_id = e.id
WHERE e.environment_id = ? AND e.kind = 1 AND e.id > ? ORDER BY e.id LIMIT ?

-- name: webhook_update
UPDATE webhook_endpoint
SET url = ?, label = ?, types = ?, state = ?, state_reason = ?, state_ms = ?, updated_ms = ?
WHERE id = ? AND kind = 1

-- name: webhook_rotate
UPDATE webhook_endpoint SET previous_secret = ?, previous_until_ms = ?, secret = ?, updated_ms = ?
WHERE id = ? AND kind = 1

-- name: webhook_drop_replaced_secrets
UPDATE webhook_endpoint SET previous_secret = NULL, previous_until_ms = NULL
WHERE previous_until_ms < ? ORDER BY previous_until_ms LIMIT ?

-- name: webhook_delete
DELETE FROM webhook_endpoint WHERE id = ? AND kind = 1

-- name: webhook_delete_all_lanes
DELETE l FROM webhook_lane l JOIN webhook_endpoint e ON e.id = l.endpoint_id WHERE e.environment_id = ?

-- name: webhook_delete_all_progress
DELETE FROM webhook_progress WHERE environment_id = ?

-- name: webhook_delete_all
DELETE FROM webhook_endpoint WHERE environment_id = ?

-- name: webhook_delivery_list
SELECT id, endpoint_id, kind, state, event_id, type, organization_id, directory_id, replay_id, attempts, next_ms, error,
       status, created_ms, ended_ms, sequence, part, until_sequence
FROM webhook_delivery
WHERE endpoint_id = ? AND created_ms >= ? AND (? IS NULL OR state = ?) AND (? IS NULL OR FIND_IN_SET(type, ?))
  AND (? IS NULL OR replay_id = ?) AND id < ?
ORDER BY id DESC LIMIT ?

-- name: webhook_delivery_load
SELECT id, endpoint_id, kind, state, event_id, type, organization_id, directory_id, replay_id, attempts, next_ms, error,
       status, created_ms, ended_ms, sequence, part, until_sequence, attempt_log, request_headers, response_headers,
       response_body
FROM webhook_delivery WHERE endpoint_id = ? AND id = ?

-- name: webhook_delivery_again
INSERT INTO webhook_delivery (endpoint_id, id, kind, state, event_id, sequence, part, type, organization_id, directory_id,
                              attempt_log, created_ms)
SELECT endpoint_id, ?, 2, 1, event_id, sequence, part, type, organization_id, directory_id, '', ?
FROM webhook_delivery WHERE endpoint_id = ? AND id = ?

-- name: webhook_replays_under_way
SELECT COUNT(*) FROM webhook_lane WHERE endpoint_id = ? AND kind = 2

-- name: webhook_feed_time
SELECT numbered_ms FROM feed WHERE environment_id = ? AND sequence = ?
