-- repeatable
-- Who made a change, and why: for the history of resources.
ALTER TABLE `change`
  ADD COLUMN IF NOT EXISTS actor BINARY(16) DEFAULT NULL COMMENT 'of the token, or of the key of the admin API',
  ADD COLUMN IF NOT EXISTS cause TINYINT UNSIGNED NOT NULL DEFAULT 1 COMMENT '1 SCIM request, 2 admin action, 3 job or retention, 4 restore or revert';
