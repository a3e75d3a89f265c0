-- The tables of the control plane (environments to tokens) and of the data plane (resources to changes).
-- Conventions: ids are UUIDv7 as BINARY(16), so rows sort by time; *_ms are milliseconds since 1970-01-01 UTC;
-- text that is compared is compared in C or as bytes, never by a collation; every key of tenant data starts with
-- directory_id, so that a tenant's rows lie together and no statement can forget its tenant.

CREATE TABLE environment (
  id          BINARY(16)   NOT NULL,
  name        VARCHAR(200) NOT NULL,
  created_ms  BIGINT       NOT NULL,
  updated_ms  BIGINT       NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY name (name)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE organization (
  id              BINARY(16)   NOT NULL,
  environment_id  BINARY(16)   NOT NULL,
  external_id     VARCHAR(255)          DEFAULT NULL COMMENT 'the vendor''s own name for this customer',
  display_name    VARCHAR(255) NOT NULL,
  domains         TEXT         NOT NULL COMMENT 'JSON array of lower-case e-mail domains',
  created_ms      BIGINT       NOT NULL,
  updated_ms      BIGINT       NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY external_id (environment_id, external_id),
  KEY environment (environment_id, id),
  CONSTRAINT organization_environment FOREIGN KEY (environment_id) REFERENCES environment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE directory (
  id               BINARY(16)   NOT NULL,
  organization_id  BINARY(16)   NOT NULL,
  name             VARCHAR(255) NOT NULL,
  idp              VARCHAR(32)  NOT NULL DEFAULT 'generic' COMMENT 'okta, entra, onelogin, jumpcloud, ping, google, rippling, …',
  state            TINYINT UNSIGNED NOT NULL DEFAULT 1 COMMENT '1 active, 2 paused, 3 deleting',
  policy           TEXT         NOT NULL COMMENT 'JSON object; absent members take the defaults of scim/policy.h',
  created_ms       BIGINT       NOT NULL,
  updated_ms       BIGINT       NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY organization (organization_id, id),
  KEY state (state, id),
  CONSTRAINT directory_organization FOREIGN KEY (organization_id) REFERENCES organization (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Exactly one primary by construction: at most one by the key, one of the organization's own by the foreign key, at
-- least one because organization, first directory and this row are made in one transaction and the row is only updated.
CREATE TABLE primary_directory (
  organization_id  BINARY(16) NOT NULL,
  directory_id     BINARY(16) NOT NULL,
  PRIMARY KEY (organization_id),
  CONSTRAINT primary_is_own FOREIGN KEY (organization_id, directory_id) REFERENCES directory (organization_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE scim_token (
  directory_id    BINARY(16)   NOT NULL,
  id              BINARY(16)   NOT NULL,
  hash            BINARY(32)   NOT NULL COMMENT 'keyed BLAKE2b-256, see auth/token.h',
  pepper_version  SMALLINT UNSIGNED NOT NULL,
  scopes          INT UNSIGNED NOT NULL COMMENT 'bit set, see auth/scope.h',
  label           VARCHAR(200) NOT NULL,
  hint            CHAR(4)      NOT NULL COMMENT 'last four characters of the secret, to recognise it',
  created_ms      BIGINT       NOT NULL,
  expires_ms      BIGINT                DEFAULT NULL,
  revoked_ms      BIGINT                DEFAULT NULL,
  last_used_ms    BIGINT                DEFAULT NULL,
  PRIMARY KEY (directory_id, id),
  CONSTRAINT scim_token_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE api_key (
  id              BINARY(16)   NOT NULL,
  environment_id  BINARY(16)            DEFAULT NULL COMMENT 'NULL: an operator key, which may do everything',
  hash            BINARY(32)   NOT NULL,
  pepper_version  SMALLINT UNSIGNED NOT NULL,
  scopes          INT UNSIGNED NOT NULL,
  label           VARCHAR(200) NOT NULL,
  hint            CHAR(4)      NOT NULL,
  created_ms      BIGINT       NOT NULL,
  expires_ms      BIGINT                DEFAULT NULL,
  revoked_ms      BIGINT                DEFAULT NULL,
  last_used_ms    BIGINT                DEFAULT NULL,
  PRIMARY KEY (id),
  KEY environment (environment_id, id),
  CONSTRAINT api_key_environment FOREIGN KEY (environment_id) REFERENCES environment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE audit (
  id               BINARY(16)   NOT NULL,
  actor            VARCHAR(64)  NOT NULL COMMENT 'id of the key that acted',
  action           VARCHAR(64)  NOT NULL COMMENT 'token.rotate, organization.create, …',
  environment_id   BINARY(16)            DEFAULT NULL,
  organization_id  BINARY(16)            DEFAULT NULL,
  directory_id     BINARY(16)            DEFAULT NULL,
  detail           TEXT         NOT NULL COMMENT 'JSON object, never a secret',
  request_id       VARCHAR(64)  NOT NULL,
  created_ms       BIGINT       NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- A user, a group or a resource of a custom type. The document is the rendered JSON object without what is derived
-- from elsewhere (meta, groups, members, manager.displayName) and without its closing braces: these are written around
-- it when it is served, so that a GET never parses JSON.
CREATE TABLE resource (
  directory_id  BINARY(16)        NOT NULL,
  type          SMALLINT UNSIGNED NOT NULL COMMENT '1 User, 2 Group, others are custom types',
  id            BINARY(16)        NOT NULL,
  unique_key    VARBINARY(700)             DEFAULT NULL COMMENT 'prepared userName, folded displayName of a group',
  external_key  VARBINARY(191)             DEFAULT NULL COMMENT 'the first bytes of externalId, as sent',
  display       VARBINARY(1020)            DEFAULT NULL COMMENT 'what members[].display and groups[].display show',
  manager_id    BINARY(16)                 DEFAULT NULL COMMENT 'manager.value, where it has the form of an id',
  open_braces   TINYINT UNSIGNED  NOT NULL COMMENT 'closing braces that the document lacks: 1, or 3 when it ends inside manager',
  version       BIGINT UNSIGNED   NOT NULL,
  created_ms    BIGINT            NOT NULL,
  modified_ms   BIGINT            NOT NULL,
  document      MEDIUMBLOB        NOT NULL,
  PRIMARY KEY (directory_id, type, id),
  UNIQUE KEY unique_key (directory_id, type, unique_key),
  KEY external_key (directory_id, type, external_key),
  CONSTRAINT resource_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- The side index: one row for each value of each attribute that filters are answered from without a scan.
CREATE TABLE attribute_value (
  directory_id  BINARY(16)        NOT NULL,
  type          SMALLINT UNSIGNED NOT NULL,
  attribute     SMALLINT UNSIGNED NOT NULL COMMENT 'code of the attribute, see scim/index.h',
  value_key     VARBINARY(191)    NOT NULL COMMENT 'the first bytes of the prepared value; equality is checked again on the document',
  resource_id   BINARY(16)        NOT NULL,
  PRIMARY KEY (directory_id, type, attribute, value_key, resource_id),
  CONSTRAINT attribute_value_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Both ends lie in the same directory: a membership across tenants cannot be written.
CREATE TABLE membership (
  directory_id  BINARY(16)        NOT NULL,
  group_id      BINARY(16)        NOT NULL,
  member_id     BINARY(16)        NOT NULL,
  group_type    SMALLINT UNSIGNED NOT NULL DEFAULT 2,
  member_type   SMALLINT UNSIGNED NOT NULL,
  PRIMARY KEY (directory_id, group_type, group_id, member_id),
  KEY of_member (directory_id, member_type, member_id, group_id),
  CONSTRAINT membership_group FOREIGN KEY (directory_id, group_type, group_id) REFERENCES resource (directory_id, type, id),
  CONSTRAINT membership_member FOREIGN KEY (directory_id, member_type, member_id) REFERENCES resource (directory_id, type, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- How many resources a directory has, so that totalResults needs no scan.
CREATE TABLE resource_count (
  directory_id  BINARY(16)        NOT NULL,
  type          SMALLINT UNSIGNED NOT NULL,
  resources     BIGINT            NOT NULL,
  PRIMARY KEY (directory_id, type),
  CONSTRAINT resource_count_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- The outbox: what each acknowledged operation changed, written in its transaction. operation_id is chosen before the
-- first try, so that a commit with an unknown outcome can be looked up.
CREATE TABLE `change` (
  operation_id   BINARY(16)        NOT NULL,
  ordinal        INT UNSIGNED      NOT NULL COMMENT '0-based within the operation',
  directory_id   BINARY(16)        NOT NULL,
  type           SMALLINT UNSIGNED NOT NULL,
  resource_id    BINARY(16)        NOT NULL,
  kind           TINYINT UNSIGNED  NOT NULL COMMENT '1 created, 2 updated, 3 deleted, 4 members changed',
  version        BIGINT UNSIGNED   NOT NULL,
  created_ms     BIGINT            NOT NULL,
  document       MEDIUMBLOB                 DEFAULT NULL COMMENT 'the new representation, whole JSON without meta; NULL when deleted',
  members        MEDIUMBLOB                 DEFAULT NULL COMMENT 'kind 4: 17 bytes each, "+" or "-" and the member''s id',
  PRIMARY KEY (operation_id, ordinal)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
