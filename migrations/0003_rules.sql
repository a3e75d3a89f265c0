-- repeatable
-- The rules of a directory beyond its policy, and the number of their state: every request's token brings the revision,
-- so that compiled rules can be kept in memory and are never stale. Whoever changes policy, catalog or the
-- organization's domains counts it up in the same transaction.
ALTER TABLE directory
  ADD COLUMN IF NOT EXISTS revision INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'of policy, catalog and the organization''s domains',
  ADD COLUMN IF NOT EXISTS catalog MEDIUMTEXT DEFAULT NULL COMMENT 'JSON object: schemas and resource types, see scim/rules.h; NULL: none';
