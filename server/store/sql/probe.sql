-- What the probe asks once a second (probe.c).

-- name: probe_schema
SELECT COUNT(*) FROM schema_migration WHERE applied_ms IS NOT NULL

-- name: probe_durability
SELECT @@innodb_flush_log_at_trx_commit
