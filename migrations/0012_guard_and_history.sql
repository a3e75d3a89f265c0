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

-- The deprovisioning guard (view_guard.c). A row for each directory whose guard has ever noted a departure: who notes one
-- holds it until the commit, so that the guard trips once, whatever happens at the same time.
CREATE TABLE IF NOT EXISTS directory_guard (
  directory_id  BINARY(16)  NOT NULL,
  guarded_ms    BIGINT               DEFAULT NULL COMMENT 'since when the vendor''s view is held; NULL: it is not',
  departures    BIGINT      NOT NULL DEFAULT 0 COMMENT 'how many made it trip',
  users         BIGINT      NOT NULL DEFAULT 0 COMMENT 'of how many',
  PRIMARY KEY (directory_id),
  CONSTRAINT directory_guard_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Users who were deactivated, deleted or left their last group, as they were before: within the guard's window, or since
-- it tripped (held).
CREATE TABLE IF NOT EXISTS departure (
  directory_id  BINARY(16)        NOT NULL,
  resource_id   BINARY(16)        NOT NULL,
  kinds         TINYINT UNSIGNED  NOT NULL COMMENT '1 deactivated, 2 deleted, 4 in no group any more; several',
  held          TINYINT UNSIGNED  NOT NULL,
  since_ms      BIGINT            NOT NULL,
  version       BIGINT UNSIGNED   NOT NULL COMMENT 'this and what follows: as in resource',
  created_ms    BIGINT            NOT NULL,
  modified_ms   BIGINT            NOT NULL,
  open_braces   TINYINT UNSIGNED  NOT NULL,
  display       VARBINARY(1020)            DEFAULT NULL,
  manager_id    BINARY(16)                 DEFAULT NULL,
  document      MEDIUMBLOB        NOT NULL,
  PRIMARY KEY (directory_id, resource_id),
  KEY recent (directory_id, held, since_ms),
  KEY stale (held, since_ms),
  CONSTRAINT departure_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- The groups that they were in.
CREATE TABLE IF NOT EXISTS departure_group (
  directory_id  BINARY(16)        NOT NULL,
  group_id      BINARY(16)        NOT NULL,
  resource_id   BINARY(16)        NOT NULL,
  indirect      TINYINT UNSIGNED  NOT NULL COMMENT '1: through another group',
  display       VARBINARY(1020)            DEFAULT NULL COMMENT 'of the group',
  PRIMARY KEY (directory_id, group_id, resource_id),
  KEY of_user (directory_id, resource_id, group_id),
  CONSTRAINT departure_group_departure FOREIGN KEY (directory_id, resource_id)
    REFERENCES departure (directory_id, resource_id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

GRANT SELECT, INSERT, UPDATE ON directory_guard TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON departure TO `{database}_data`;
GRANT SELECT, INSERT, DELETE ON departure_group TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory_guard TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON departure TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON departure_group TO `{database}_control`;
