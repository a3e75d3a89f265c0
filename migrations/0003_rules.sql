-- repeatable
-- The rules of a directory beyond its policy, and the number of their state: every request's token brings the revision,
-- so that compiled rules can be kept in memory and are never stale. Whoever changes policy, catalog or the
-- organization's domains counts it up in the same transaction.
ALTER TABLE directory
  ADD COLUMN IF NOT EXISTS revision INT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'of policy, catalog and the organization''s domains',
  ADD COLUMN IF NOT EXISTS catalog MEDIUMTEXT DEFAULT NULL COMMENT 'JSON object: schemas and resource types, see scim/rules.h; NULL: none';

-- Attributes that no schema of the directory declares and its clients send all the same: so that the vendor can declare
-- them. Written behind, at most once a minute for each.
CREATE TABLE IF NOT EXISTS undeclared_attribute (
  directory_id   BINARY(16)        NOT NULL,
  type           SMALLINT UNSIGNED NOT NULL COMMENT 'of the resources that hold it, as in resource.type',
  path           VARBINARY(255)    NOT NULL COMMENT 'shoeSize, name.nick, urn:x:Thing:size',
  first_seen_ms  BIGINT            NOT NULL,
  last_seen_ms   BIGINT            NOT NULL,
  uses           BIGINT UNSIGNED   NOT NULL COMMENT 'documents that were written with it, about',
  PRIMARY KEY (directory_id, type, path),
  CONSTRAINT undeclared_attribute_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

GRANT SELECT, INSERT, UPDATE ON undeclared_attribute TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON undeclared_attribute TO `{database}_control`;
