-- repeatable
-- The audit log as chains of records: one of each environment, and one of what operators do beside environments. The
-- hash of a record covers the hash of the one before; the seal is keyed with the pepper, so that whoever can write to
-- the database alone cannot write history. Records of before this migration stand in no chain.
ALTER TABLE audit
  ADD COLUMN IF NOT EXISTS chain          BINARY(16)            DEFAULT NULL COMMENT 'environment, or zeros: the operators''',
  ADD COLUMN IF NOT EXISTS position       BIGINT UNSIGNED       DEFAULT NULL COMMENT '1-based, without gaps',
  ADD COLUMN IF NOT EXISTS hash           BINARY(32)            DEFAULT NULL COMMENT 'BLAKE2b-256 of the hash before and of the record''s text',
  ADD COLUMN IF NOT EXISTS seal           BINARY(16)            DEFAULT NULL COMMENT 'keyed, of chain, position and hash',
  ADD COLUMN IF NOT EXISTS pepper_version SMALLINT UNSIGNED     DEFAULT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS chain ON audit (chain, position);
CREATE INDEX IF NOT EXISTS organization ON audit (chain, organization_id, position);
CREATE INDEX IF NOT EXISTS directory ON audit (chain, directory_id, position);
CREATE INDEX IF NOT EXISTS actor ON audit (chain, actor, position);

-- Where each chain ends, and where it begins: records up to the anchor may have been taken away by its owner. Apart from
-- the records, which no account of the executables can change or delete.
CREATE TABLE IF NOT EXISTS audit_chain (
  id               BINARY(16)        NOT NULL,
  position         BIGINT UNSIGNED   NOT NULL COMMENT 'of the last record; 0: none',
  hash             BINARY(32)        NOT NULL COMMENT 'of the last record; zeros: none',
  anchor_position  BIGINT UNSIGNED   NOT NULL DEFAULT 0 COMMENT 'of the last record that was taken away',
  anchor_hash      BINARY(32)        NOT NULL COMMENT 'its hash; zeros: none',
  seal             BINARY(16)        NOT NULL COMMENT 'keyed, of all of this',
  pepper_version   SMALLINT UNSIGNED NOT NULL,
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
GRANT SELECT, INSERT, UPDATE ON audit_chain TO `{database}_control`;

-- Public keys of an environment: whoever holds the private one may sign short-lived tokens instead of sending an API key.
CREATE TABLE IF NOT EXISTS signing_key (
  id              BINARY(16)   NOT NULL,
  environment_id  BINARY(16)   NOT NULL,
  algorithm       TINYINT UNSIGNED NOT NULL COMMENT '1 ES256, 2 RS256: the only one that tokens may name',
  bits            SMALLINT UNSIGNED NOT NULL,
  public_key      TEXT         NOT NULL COMMENT 'PEM, SubjectPublicKeyInfo',
  fingerprint     BINARY(32)   NOT NULL COMMENT 'SHA-256 of the SubjectPublicKeyInfo',
  scopes          INT UNSIGNED NOT NULL,
  label           VARCHAR(200) NOT NULL,
  created_ms      BIGINT       NOT NULL,
  expires_ms      BIGINT                DEFAULT NULL,
  retired_ms      BIGINT                DEFAULT NULL,
  last_used_ms    BIGINT                DEFAULT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY fingerprint (environment_id, fingerprint),
  KEY environment (environment_id, id),
  CONSTRAINT signing_key_environment FOREIGN KEY (environment_id) REFERENCES environment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
GRANT SELECT, INSERT, UPDATE, DELETE ON signing_key TO `{database}_control`;

-- Which jti were used up by a write, until the token that carried them would be refused anyway.
CREATE TABLE IF NOT EXISTS signing_use (
  signing_key_id  BINARY(16)   NOT NULL,
  jti             BINARY(32)   NOT NULL COMMENT 'BLAKE2b-256 of it',
  expires_ms      BIGINT       NOT NULL,
  PRIMARY KEY (signing_key_id, jti),
  KEY expires (expires_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
GRANT SELECT, INSERT, UPDATE, DELETE ON signing_use TO `{database}_control`;

-- Links for a customer's IT admin: good for one exchange, which makes a session. No foreign keys: they outlive what they
-- are about, for the record, and count for nothing then.
CREATE TABLE IF NOT EXISTS setup_link (
  id               BINARY(16)   NOT NULL,
  environment_id   BINARY(16)   NOT NULL,
  organization_id  BINARY(16)   NOT NULL,
  directory_id     BINARY(16)            DEFAULT NULL COMMENT 'NULL: all of the organization',
  hash             BINARY(32)   NOT NULL,
  pepper_version   SMALLINT UNSIGNED NOT NULL,
  permissions      INT UNSIGNED NOT NULL COMMENT 'bit set, see auth/scope.h',
  label            VARCHAR(200) NOT NULL,
  created_by       VARCHAR(64)  NOT NULL COMMENT 'id of the key that made it',
  created_ms       BIGINT       NOT NULL,
  expires_ms       BIGINT       NOT NULL,
  used_ms          BIGINT                DEFAULT NULL COMMENT 'when it was exchanged for a session',
  revoked_ms       BIGINT                DEFAULT NULL,
  PRIMARY KEY (id),
  KEY organization (organization_id, id),
  KEY expires (expires_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
GRANT SELECT, INSERT, UPDATE, DELETE ON setup_link TO `{database}_control`;

CREATE TABLE IF NOT EXISTS setup_session (
  id              BINARY(16)   NOT NULL,
  link_id         BINARY(16)   NOT NULL,
  hash            BINARY(32)   NOT NULL,
  pepper_version  SMALLINT UNSIGNED NOT NULL,
  created_ms      BIGINT       NOT NULL,
  expires_ms      BIGINT       NOT NULL,
  last_used_ms    BIGINT       NOT NULL,
  ended_ms        BIGINT                DEFAULT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY link (link_id),
  KEY expires (expires_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
GRANT SELECT, INSERT, UPDATE, DELETE ON setup_session TO `{database}_control`;
