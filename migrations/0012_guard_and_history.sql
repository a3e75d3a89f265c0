-- repeatable
-- Who made a change, and why: for the history of resources. A deletion has the last representation, and of a group the
-- members that it still had; kind 5 is what a resource was before a change, where the row that said so may have been
-- dropped.
ALTER TABLE `change`
  MODIFY COLUMN kind TINYINT UNSIGNED NOT NULL COMMENT '1 created, 2 updated, 3 deleted, 4 members changed, 5 as it was before',
  MODIFY COLUMN document MEDIUMBLOB DEFAULT NULL COMMENT 'the new representation, whole JSON without meta; of a deletion the last one',
  MODIFY COLUMN members MEDIUMBLOB DEFAULT NULL COMMENT 'kinds 3 and 4: 17 bytes each, "+" or "-" and the member''s id',
  ADD COLUMN IF NOT EXISTS actor BINARY(16) DEFAULT NULL COMMENT 'of the token, or of the key of the admin API',
  ADD COLUMN IF NOT EXISTS cause TINYINT UNSIGNED NOT NULL DEFAULT 1 COMMENT '1 SCIM request, 2 admin action, 3 job or retention, 4 restore or revert',
  ADD COLUMN IF NOT EXISTS born_ms BIGINT DEFAULT NULL COMMENT 'kind 3: when the resource was created',
  ADD KEY IF NOT EXISTS history (directory_id, type, resource_id, version);
