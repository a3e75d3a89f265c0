-- Event streams (migrations/0016_streams.sql). How far behind a stream is: by its push, which is a webhook's, or by the place
-- of its receiver's polls, which begins with the number of the feed.

-- name: stream_load
SELECT s.id, s.environment_id, s.label, s.delivery, s.audience, s.format, s.algorithm, s.events, s.organizations, s.salt,
       s.place, s.issuer, s.errors, s.created_ms, s.updated_ms, s.polled_ms, w.url, COALESCE(w.state, 1), w.state_reason,
       COALESCE(w.state_ms, s.created_ms), w.secret IS NOT NULL, p.failing_since_ms, p.success_ms, p.failure_ms, p.failure,
       p.next_ms, p.expired_events, COALESCE(p.scanned_sequence, CAST(CONV(HEX(LEFT(s.place, 8)), 16, 10) AS UNSIGNED)),
       (SELECT MIN(l.sequence) FROM webhook_lane l WHERE l.endpoint_id = s.id AND l.kind = 1), e.last_sequence,
       (SELECT f.numbered_ms FROM feed f
        WHERE f.environment_id = s.environment_id
          AND f.sequence = COALESCE((SELECT MIN(l.sequence) FROM webhook_lane l WHERE l.endpoint_id = s.id AND l.kind = 1),
                                    p.scanned_sequence, CAST(CONV(HEX(LEFT(s.place, 8)), 16, 10) AS UNSIGNED)))
FROM event_stream s
LEFT JOIN feed_end e ON e.environment_id = s.environment_id
LEFT JOIN webhook_endpoint w ON w.id = s.id
LEFT JOIN webhook_progress p ON p.endpoint_id = s.id
WHERE s.environment_id = ? AND s.id = ?

-- name: stream_environment
SELECT environment_id FROM event_stream WHERE id = ?

-- name: stream_lock
SELECT 1 FROM event_stream WHERE environment_id = ? AND id = ? FOR UPDATE

-- name: stream_list
SELECT s.id, s.environment_id, s.label, s.delivery, s.audience, s.format, s.algorithm, s.events, s.organizations, s.salt,
       s.place, s.issuer, s.errors, s.created_ms, s.updated_ms, s.polled_ms, w.url, COALESCE(w.state, 1), w.state_reason,
       COALESCE(w.state_ms, s.created_ms), w.secret IS NOT NULL, p.failing_since_ms, p.success_ms, p.failure_ms, p.failure,
       p.next_ms, p.expired_events, COALESCE(p.scanned_sequence, CAST(CONV(HEX(LEFT(s.place, 8)), 16, 10) AS UNSIGNED)),
       (SELECT MIN(l.sequence) FROM webhook_lane l WHERE l.endpoint_id = s.id AND l.kind = 1), e.last_sequence,
       (SELECT f.numbered_ms FROM feed f
        WHERE f.environment_id = s.environment_id
          AND f.sequence = COALESCE((SELECT MIN(l.sequence) FROM webhook_lane l WHERE l.endpoint_id = s.id AND l.kind = 1),
                                    p.scanned_sequence, CAST(CONV(HEX(LEFT(s.place, 8)), 16, 10) AS UNSIGNED)))
FROM event_stream s
LEFT JOIN feed_end e ON e.environment_id = s.environment_id
LEFT JOIN webhook_endpoint w ON w.id = s.id
LEFT JOIN webhook_progress p ON p.endpoint_id = s.id
WHERE s.environment_id = ? AND s.id > ? ORDER BY s.id LIMIT ?

-- name: stream_count
SELECT COUNT(*) FROM event_stream WHERE environment_id = ?

-- name: stream_insert
INSERT INTO event_stream (id, environment_id, label, delivery, audience, issuer, format, algorithm, events,
                          organizations, salt, place, created_ms, updated_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: stream_update
UPDATE event_stream SET label = ?, audience = ?, issuer = ?, format = ?, algorithm = ?, events = ?, updated_ms = ?
WHERE environment_id = ? AND id = ?

-- name: stream_delete
DELETE FROM event_stream WHERE environment_id = ? AND id = ?

-- name: stream_organizations
SELECT id FROM organization WHERE environment_id = ? AND id = ?

-- --- what a receiver polls ---

-- name: stream_move
UPDATE event_stream SET place = ?, polled_ms = COALESCE(?, polled_ms) WHERE environment_id = ? AND id = ?

-- name: stream_count_errors
UPDATE event_stream SET errors = errors + ? WHERE environment_id = ? AND id = ?

-- name: stream_acks
SELECT mark FROM event_stream_ack WHERE stream_id = ? ORDER BY mark LIMIT ?

-- name: stream_ack_insert
INSERT IGNORE INTO event_stream_ack (stream_id, mark) VALUES (?, ?)

-- What the place has gone by.
-- name: stream_acks_forget
DELETE FROM event_stream_ack WHERE stream_id = ? AND mark <= ?

-- name: stream_acks_forget_all
DELETE FROM event_stream_ack WHERE stream_id = ?

-- name: stream_error_insert
INSERT INTO event_stream_error (stream_id, id, jti, code, description, created_ms) VALUES (?, ?, ?, ?, ?, ?)

-- name: stream_errors_trim
DELETE FROM event_stream_error
WHERE stream_id = ? AND id <= (SELECT x.id FROM (SELECT id FROM event_stream_error WHERE stream_id = ?
                                                 ORDER BY id DESC LIMIT 1 OFFSET 1000) x)

-- name: stream_error_list
SELECT id, jti, code, description, created_ms FROM event_stream_error
WHERE stream_id = ? AND id > ? ORDER BY id LIMIT ?

-- --- walks: all resources of a directory, of all directories ---

-- name: stream_directories
SELECT d.id, d.organization_id, o.external_id
FROM directory d
JOIN organization o ON o.id = d.organization_id
WHERE o.environment_id = ? AND d.state <> 3 AND d.id >= ? ORDER BY d.id LIMIT ?

-- One directory, or those that go and come with their organization.
-- name: stream_directories_moved
SELECT d.id, d.organization_id, o.external_id
FROM directory d
JOIN organization o ON o.id = d.organization_id
WHERE o.environment_id = ? AND d.organization_id = ?
  AND (d.id = ? OR (? IS NULL AND (d.state <> 3 OR d.with_organization = 1)))
  AND d.id >= ? ORDER BY d.id LIMIT ?

-- name: stream_resources
SELECT type, id, external_key FROM resource
WHERE directory_id = ? AND (type > ? OR (type = ? AND id > ?)) ORDER BY type, id LIMIT ?

-- --- keys ---

-- name: event_key_insert
INSERT INTO event_key (id, environment_id, algorithm, public_key, secret, created_ms, signs_from_ms)
VALUES (?, ?, ?, ?, ?, ?, ?)

-- Those that sign, or will, newest first.
-- name: event_key_signing
SELECT id, secret, signs_from_ms FROM event_key
WHERE environment_id = ? AND algorithm = ? AND (published_until_ms IS NULL OR published_until_ms > ?)
ORDER BY signs_from_ms DESC, id DESC LIMIT 8

-- name: event_key_list
SELECT id, algorithm, public_key, created_ms, signs_from_ms, published_until_ms FROM event_key
WHERE environment_id = ? AND id > ? ORDER BY id LIMIT ?

-- name: event_key_published
SELECT id, algorithm, public_key FROM event_key
WHERE environment_id = ? AND (published_until_ms IS NULL OR published_until_ms > ?) ORDER BY id LIMIT 100

-- name: event_key_count
SELECT COUNT(*) FROM event_key WHERE environment_id = ?

-- name: event_key_environment
SELECT environment_id FROM event_key WHERE id = ?

-- name: event_key_load
SELECT id, algorithm, public_key, created_ms, signs_from_ms, published_until_ms FROM event_key
WHERE environment_id = ? AND id = ?

-- name: event_key_retire
UPDATE event_key SET published_until_ms = ?
WHERE environment_id = ? AND algorithm = ? AND published_until_ms IS NULL AND id <> ?

-- Those that would have begun to sign behind the new one.
-- name: event_key_overtake
DELETE FROM event_key WHERE environment_id = ? AND algorithm = ? AND signs_from_ms >= ? AND id <> ?

-- name: event_key_forget
DELETE FROM event_key WHERE environment_id = ? AND published_until_ms < ?

-- --- what is pushed: a row of webhook_endpoint under the same id ---

-- name: stream_endpoint_insert
INSERT INTO webhook_endpoint (id, environment_id, kind, url, types, secret, state, state_ms, created_ms, updated_ms)
VALUES (?, ?, 2, ?, ?, ?, 1, ?, ?, ?)

-- name: stream_endpoint_update
UPDATE webhook_endpoint SET url = COALESCE(?, url), types = ?, revision = revision + 1, updated_ms = ?
WHERE environment_id = ? AND id = ? AND kind = 2

-- name: stream_endpoint_set_token
UPDATE webhook_endpoint SET secret = ? WHERE environment_id = ? AND id = ? AND kind = 2

-- name: stream_endpoint_set_state
UPDATE webhook_endpoint SET state = ?, state_reason = NULL, state_ms = ? WHERE environment_id = ? AND id = ? AND kind = 2

-- name: stream_endpoint_delete
DELETE FROM webhook_endpoint WHERE environment_id = ? AND id = ? AND kind = 2

-- Streams that sign on the dispatcher's thread.
-- name: stream_endpoints
SELECT id FROM webhook_endpoint WHERE environment_id = ? AND kind = 2 ORDER BY id LIMIT 100
