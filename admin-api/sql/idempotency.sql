-- One that is being answered is locked: whoever comes meanwhile is told so at once.
-- name: idempotency_find
SELECT created_ms, reply FROM idempotency WHERE principal_id = ? AND key_hash = ? FOR UPDATE NOWAIT

-- name: idempotency_claim
INSERT INTO idempotency (principal_id, key_hash, reply, created_ms) VALUES (?, ?, '', ?)

-- name: idempotency_keep
UPDATE idempotency SET reply = ?, created_ms = ? WHERE principal_id = ? AND key_hash = ?

-- name: idempotency_purge
DELETE FROM idempotency WHERE created_ms < ? ORDER BY created_ms LIMIT ?
