-- name: import_add_piece
INSERT INTO import_piece (directory_id, job_id, ordinal, data) VALUES (?, ?, ?, ?)

-- name: import_piece
SELECT data FROM import_piece WHERE directory_id = ? AND job_id = ? AND ordinal = ?

-- name: import_drop_pieces
DELETE FROM import_piece WHERE directory_id = ? AND job_id = ?

-- Of jobs that have ended, or were never made.
-- name: import_purge_pieces
DELETE FROM import_piece
WHERE NOT EXISTS (SELECT 1 FROM job j WHERE j.id = import_piece.job_id AND j.state IN (1, 2))
ORDER BY directory_id, job_id, ordinal LIMIT ?

-- name: import_purge_problems
DELETE FROM import_problem WHERE created_ms < ? ORDER BY created_ms LIMIT ?

-- name: import_list_problem
INSERT IGNORE INTO import_problem (directory_id, job_id, place, kind, file_row, column_name, vendor_user_id, detail, created_ms)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)

-- name: import_problems
SELECT place, kind, file_row, column_name, vendor_user_id, detail
FROM import_problem WHERE directory_id = ? AND job_id = ? AND place > ?
ORDER BY place LIMIT ?

-- name: import_job
SELECT 1 FROM job WHERE id = ? AND directory_id = ? AND kind = 'vendor_user_import'

-- name: import_is_flagged
SELECT has_vendor_users FROM directory WHERE id = ?

-- From now on the directory's tokens say so; a new revision, so that whoever reads a token at this moment reads it again.
-- name: import_flag_directory
UPDATE directory SET has_vendor_users = 1, revision = revision + 1 WHERE id = ? AND has_vendor_users = 0

-- name: import_stored
SELECT v.vendor_user_id, v.id, v.resource_id, v.user_name, v.email, v.display_name, v.previous_external_key
FROM vendor_user v FORCE INDEX (vendor_user_id)
WHERE v.directory_id = ? AND v.vendor_user_id IN (?*)

-- name: import_insert
INSERT INTO vendor_user (directory_id, id, vendor_user_id, user_name, email, display_name, user_name_key, email_key,
                         import_id, import_row, created_ms, updated_ms, state)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 1)

-- name: import_replace
UPDATE vendor_user
SET user_name = ?, email = ?, display_name = ?, user_name_key = ?, email_key = ?, import_id = ?, import_row = ?,
    updated_ms = ?, state = IF(resource_id IS NULL, 1, 2), conflict = 0
WHERE directory_id = ? AND id = ?

-- name: import_waiting
SELECT v.id, v.vendor_user_id, v.user_name_key, v.email_key, v.previous_external_key, v.import_row
FROM vendor_user v FORCE INDEX (PRIMARY)
WHERE v.directory_id = ? AND v.import_id = ? AND v.state = 1 AND v.id > ?
ORDER BY v.id LIMIT ?

-- name: import_link
UPDATE vendor_user
SET resource_id = ?, state = 2, conflict = 0, matched_by = ?, linked_ms = ?, previous_unique_key = NULL,
    previous_external_key = NULL, updated_ms = ?
WHERE directory_id = ? AND id = ? AND resource_id IS NULL

-- name: import_doubt
UPDATE vendor_user SET state = 3, conflict = ? WHERE directory_id = ? AND id = ? AND resource_id IS NULL

-- name: import_doubt_email
UPDATE vendor_user SET state = 3, conflict = 1
WHERE directory_id = ? AND email_key = ? AND resource_id IS NULL AND state = 1 AND import_id <> ?

-- name: import_doubt_user_name
UPDATE vendor_user SET state = 3, conflict = 1
WHERE directory_id = ? AND user_name_key = ? AND resource_id IS NULL AND state = 1 AND import_id <> ?
