-- repeatable
-- Indexes for attributes that none serves by itself: a text beside policy and catalog, and a part of the same rules.
ALTER TABLE directory
  ADD COLUMN IF NOT EXISTS indexes MEDIUMTEXT DEFAULT NULL COMMENT 'JSON object, see scim/indexes.h; NULL: none';

-- A vendor can say that an attribute stays undeclared; what clients do with it is counted all the same.
ALTER TABLE undeclared_attribute
  ADD COLUMN IF NOT EXISTS dismissed_ms BIGINT DEFAULT NULL;
