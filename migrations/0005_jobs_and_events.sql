-- repeatable
-- Events: what a vendor's people or programs should hear of, written in the transaction of what happened.
-- Rows are of the control plane: they name what they are about but do not keep it from being erased.
CREATE TABLE IF NOT EXISTS event (
  id               BINARY(16)   NOT NULL,
  environment_id   BINARY(16)   NOT NULL,
  organization_id  BINARY(16)            DEFAULT NULL,
  directory_id     BINARY(16)            DEFAULT NULL,
  type             VARCHAR(64)  NOT NULL COMMENT 'token.expiring, directory.guarded, …',
  data             MEDIUMTEXT   NOT NULL COMMENT 'JSON object, never a secret',
  created_ms       BIGINT       NOT NULL,
  PRIMARY KEY (id),
  KEY environment (environment_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Long work that is asked for by a request and done behind it, by whichever rollcall-admin has the lease. A run that is
-- cut goes on from its checkpoint, in the same process or another.
CREATE TABLE IF NOT EXISTS job (
  id               BINARY(16)   NOT NULL,
  environment_id   BINARY(16)   NOT NULL,
  organization_id  BINARY(16)            DEFAULT NULL,
  directory_id     BINARY(16)            DEFAULT NULL,
  kind             VARCHAR(40)  NOT NULL,
  state            TINYINT UNSIGNED NOT NULL DEFAULT 1 COMMENT '1 waiting, 2 running, 3 done, 4 failed, 5 cancelled',
  actor            VARCHAR(64)  NOT NULL COMMENT 'id of the key that asked for it',
  parameters       MEDIUMTEXT   NOT NULL COMMENT 'JSON object',
  checkpoint       MEDIUMTEXT   NOT NULL COMMENT 'JSON object: where a run that was cut goes on',
  result           MEDIUMTEXT            DEFAULT NULL COMMENT 'JSON object',
  problem          VARCHAR(255)          DEFAULT NULL COMMENT 'why it failed',
  done             BIGINT       NOT NULL DEFAULT 0,
  total            BIGINT                DEFAULT NULL COMMENT 'NULL: not known yet',
  cancel_asked     TINYINT UNSIGNED NOT NULL DEFAULT 0,
  runner           BINARY(16)            DEFAULT NULL COMMENT 'the worker that has the lease',
  lease_ms         BIGINT       NOT NULL DEFAULT 0 COMMENT 'when the lease ends, by the database''s clock',
  attempts         INT UNSIGNED NOT NULL DEFAULT 0,
  created_ms       BIGINT       NOT NULL,
  started_ms       BIGINT                DEFAULT NULL,
  ended_ms         BIGINT                DEFAULT NULL,
  PRIMARY KEY (id),
  KEY environment (environment_id, id),
  KEY state (state, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

GRANT INSERT ON event TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON event TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON job TO `{database}_control`;
