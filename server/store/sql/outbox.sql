-- What the sequencer is to number (migrations/0014_feed.sql).

-- name: outbox_changes
INSERT INTO outbox (source, packed) VALUES (3, ?)

-- name: outbox_event
INSERT INTO outbox (source, operation_id, ordinal, environment_id, organization_id, directory_id, type, kind)
VALUES (2, ?, 0, ?, ?, ?, 0, 0)
