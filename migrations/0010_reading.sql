-- repeatable
-- What was deleted, for as long as the vendor may still want to see it (--deleted-retention). Written in the transaction
-- of the deletion; whoever brings a resource back under its id takes the row away.
CREATE TABLE IF NOT EXISTS deleted_resource (
  directory_id  BINARY(16)        NOT NULL,
  type          SMALLINT UNSIGNED NOT NULL,
  id            BINARY(16)        NOT NULL,
  unique_key    VARBINARY(700)             DEFAULT NULL COMMENT 'as it was in resource',
  external_key  VARBINARY(191)             DEFAULT NULL,
  display       VARBINARY(1020)            DEFAULT NULL,
  manager_id    BINARY(16)                 DEFAULT NULL,
  open_braces   TINYINT UNSIGNED  NOT NULL,
  version       BIGINT UNSIGNED   NOT NULL COMMENT 'the deletion counts as one',
  created_ms    BIGINT            NOT NULL,
  deleted_ms    BIGINT            NOT NULL,
  document      MEDIUMBLOB        NOT NULL COMMENT 'the last one',
  PRIMARY KEY (directory_id, type, id),
  KEY deleted (deleted_ms),
  CONSTRAINT deleted_resource_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- The groups that a deleted resource was directly in. (The members of a deleted group stand in its last change.)
CREATE TABLE IF NOT EXISTS deleted_membership (
  directory_id  BINARY(16)        NOT NULL,
  deleted_id    BINARY(16)        NOT NULL COMMENT 'the resource that was deleted',
  group_id      BINARY(16)        NOT NULL,
  display       VARBINARY(1020)            DEFAULT NULL COMMENT 'of the group, then',
  deleted_ms    BIGINT            NOT NULL,
  PRIMARY KEY (directory_id, deleted_id, group_id),
  KEY deleted (deleted_ms),
  CONSTRAINT deleted_membership_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- The changes of one directory in the order of their operations' ids, which begin with the time: ?updated_since= reads
-- them. Entries of this index only ever come at a directory's end.
ALTER TABLE `change` ADD INDEX IF NOT EXISTS of_directory (directory_id);

-- What people may do in the vendor's application. Roles are the vendor's alone: no identity provider makes or ends one.
CREATE TABLE IF NOT EXISTS role (
  id              BINARY(16)    NOT NULL,
  environment_id  BINARY(16)    NOT NULL,
  name            VARCHAR(64)   NOT NULL,
  display_name    VARCHAR(255)  NOT NULL,
  description     VARCHAR(1000) NOT NULL,
  created_ms      BIGINT        NOT NULL,
  updated_ms      BIGINT        NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY name (environment_id, name),
  KEY environment (environment_id, id),
  CONSTRAINT role_environment FOREIGN KEY (environment_id) REFERENCES environment (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Which groups of a directory stand for which role. Groups come and go by the identity provider's hand, so a rule names
-- one by value, and may name one that is not there.
CREATE TABLE IF NOT EXISTS role_rule (
  directory_id  BINARY(16)        NOT NULL,
  ordinal       SMALLINT UNSIGNED NOT NULL COMMENT 'as in the list that the vendor put',
  role_id       BINARY(16)        NOT NULL,
  priority      INT               NOT NULL COMMENT 'the highest decides which role is the first',
  kind          TINYINT UNSIGNED  NOT NULL COMMENT '1 group id, 2 displayName, 3 beginning of displayName',
  group_id      BINARY(16)                 DEFAULT NULL COMMENT 'kind 1',
  group_name    VARCHAR(255)               DEFAULT NULL COMMENT 'kinds 2 and 3, as put',
  match_key     VARBINARY(191)             DEFAULT NULL COMMENT 'prepared as attribute_value.value_key of a displayName',
  match_end     VARBINARY(192)             DEFAULT NULL COMMENT 'kind 3: the least key behind those that begin so',
  PRIMARY KEY (directory_id, ordinal),
  KEY role (role_id, directory_id),
  CONSTRAINT role_rule_directory FOREIGN KEY (directory_id) REFERENCES directory (id),
  CONSTRAINT role_rule_role FOREIGN KEY (role_id) REFERENCES role (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS role_mapping (
  directory_id     BINARY(16)  NOT NULL,
  default_role_id  BINARY(16)           DEFAULT NULL COMMENT 'of users whom no rule gives a role',
  updated_ms       BIGINT      NOT NULL,
  PRIMARY KEY (directory_id),
  KEY default_role (default_role_id),
  CONSTRAINT role_mapping_directory FOREIGN KEY (directory_id) REFERENCES directory (id),
  CONSTRAINT role_mapping_role FOREIGN KEY (default_role_id) REFERENCES role (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

GRANT SELECT, INSERT, DELETE ON deleted_resource TO `{database}_data`;
GRANT SELECT, INSERT, DELETE ON deleted_membership TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON deleted_resource TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON deleted_membership TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON role TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON role_rule TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON role_mapping TO `{database}_control`;
