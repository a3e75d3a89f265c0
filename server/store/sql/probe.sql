-- name: probe_durability
SELECT @@innodb_flush_log_at_trx_commit
