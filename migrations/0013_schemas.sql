-- repeatable
-- Indexes for attributes that none serves by itself: a text beside policy and catalog, and a part of the same rules.
ALTER TABLE directory
  ADD COLUMN IF NOT EXISTS indexes MEDIUMTEXT DEFAULT NULL COMMENT 'JSON object, see scim/indexes.h; NULL: none';

-- Codes of the side index whose rows nobody needs any more. They are dropped when nobody can be reading them.
CREATE TABLE IF NOT EXISTS dropped_index (
  directory_id  BINARY(16)        NOT NULL,
  type          SMALLINT UNSIGNED NOT NULL,
  attribute     SMALLINT UNSIGNED NOT NULL,
  since_ms      BIGINT            NOT NULL,
  PRIMARY KEY (directory_id, type, attribute),
  KEY since (since_ms),
  CONSTRAINT dropped_index_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- A vendor can say that an attribute stays undeclared; what clients do with it is counted all the same.
ALTER TABLE undeclared_attribute
  ADD COLUMN IF NOT EXISTS dismissed_ms BIGINT DEFAULT NULL;

GRANT SELECT, INSERT, UPDATE, DELETE ON dropped_index TO `{database}_control`;
