-- The record of migrations (migrate.c). Version 0 is the lock of whoever migrates: a row that is never committed.

-- name: migrate_has_table
SELECT 1 FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'schema_migration'

-- name: migrate_table
CREATE TABLE IF NOT EXISTS schema_migration (
  version     SMALLINT UNSIGNED NOT NULL,
  name        VARCHAR(100)      NOT NULL,
  checksum    CHAR(64)          NOT NULL COMMENT 'SHA-256 of its text',
  started_ms  BIGINT            NOT NULL,
  applied_ms  BIGINT                     DEFAULT NULL COMMENT 'NULL: under way, or stopped half-way',
  PRIMARY KEY (version)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin

-- name: migrate_lock
INSERT INTO schema_migration (version, name, checksum, started_ms) VALUES (0, 'lock', '', 0)

-- name: migrate_database
SELECT DATABASE()

-- name: migrate_checksum
SELECT SHA2(?, 256)

-- name: migrate_recorded
SELECT version, name, checksum, applied_ms IS NOT NULL FROM schema_migration ORDER BY version

-- name: migrate_begin
INSERT INTO schema_migration (version, name, checksum, started_ms) VALUES (?, ?, ?, ?)

-- name: migrate_done
UPDATE schema_migration SET applied_ms = ? WHERE version = ?

-- name: migrate_forget
DELETE FROM schema_migration WHERE version = ? AND applied_ms IS NULL
