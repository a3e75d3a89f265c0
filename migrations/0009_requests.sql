-- repeatable
-- The request log: what identity providers asked for, and what came of it. Written behind by rollcall-server, in batches;
-- what it could not keep is counted in directory_hour. An id is the request's own (X-Request-Id), so that the pages of a
-- directory are ranges of time. Narrow rows, without another index: a filter looks at no more than the rows that a
-- directory may keep. No foreign keys: a row of the log must not wait for, nor hold, a directory's row.
CREATE TABLE IF NOT EXISTS scim_request (
  directory_id  BINARY(16)        NOT NULL,
  id            BINARY(16)        NOT NULL,
  received_ms   BIGINT            NOT NULL,
  duration_us   BIGINT UNSIGNED   NOT NULL COMMENT 'from its last byte to its answer',
  status        SMALLINT UNSIGNED NOT NULL COMMENT '499: the client left before it was run',
  flags         TINYINT UNSIGNED  NOT NULL COMMENT '1: the token was proved, 2: the client left before the answer',
  method        VARBINARY(36)     NOT NULL,
  operation     VARBINARY(40)              DEFAULT NULL COMMENT 'user.create, …; NULL: no route',
  path          VARBINARY(2048)   NOT NULL COMMENT 'with the query, as the directory''s mode lets it be kept',
  problem       VARBINARY(32)              DEFAULT NULL COMMENT 'kind of error, see base/err.def: unauthorized, uniqueness, …',
  detail        VARBINARY(600)             DEFAULT NULL COMMENT 'of the SCIM error',
  token_id      BINARY(16)                 DEFAULT NULL,
  resource_id   BINARY(16)                 DEFAULT NULL COMMENT 'user or group that it is about',
  peer          VARBINARY(64)     NOT NULL,
  user_agent    VARBINARY(255)             DEFAULT NULL,
  PRIMARY KEY (directory_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS scim_request_body (
  directory_id    BINARY(16)       NOT NULL,
  id              BINARY(16)       NOT NULL,
  mode            TINYINT UNSIGNED NOT NULL COMMENT '2 redacted, 3 full',
  flags           TINYINT UNSIGNED NOT NULL COMMENT '1, 2: the request''s was cut, could not be read; 4, 8: the reply''s',
  request         MEDIUMBLOB                DEFAULT NULL,
  response        MEDIUMBLOB                DEFAULT NULL,
  request_bytes   INT UNSIGNED     NOT NULL COMMENT 'as it was sent',
  response_bytes  INT UNSIGNED     NOT NULL,
  operations      MEDIUMTEXT                DEFAULT NULL COMMENT 'of a bulk request: JSON, how many operations came to which status',
  PRIMARY KEY (directory_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- How the requests of an hour ended. "skipped" are those that the request log did not keep: too many came at once.
CREATE TABLE IF NOT EXISTS directory_hour (
  directory_id  BINARY(16)      NOT NULL,
  hour          INT UNSIGNED    NOT NULL COMMENT 'hours since 1970',
  requests      BIGINT UNSIGNED NOT NULL,
  failures      BIGINT UNSIGNED NOT NULL,
  skipped       BIGINT UNSIGNED NOT NULL,
  PRIMARY KEY (directory_id, hour)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Whether a directory's identity provider works. Written behind by rollcall-server every few seconds; stalled_ms is
-- rollcall-admin's, set and taken back with the event that tells.
CREATE TABLE IF NOT EXISTS directory_health (
  directory_id           BINARY(16)        NOT NULL,
  first_request_ms       BIGINT            NOT NULL,
  last_request_ms        BIGINT            NOT NULL,
  last_success_ms        BIGINT                     DEFAULT NULL,
  last_error_ms          BIGINT                     DEFAULT NULL,
  last_error_id          BINARY(16)                 DEFAULT NULL COMMENT 'its row in scim_request, if that was kept',
  last_error_status      SMALLINT UNSIGNED          DEFAULT NULL,
  last_error_problem     VARBINARY(32)              DEFAULT NULL,
  last_error_operation   VARBINARY(40)              DEFAULT NULL,
  last_error_detail      VARBINARY(600)             DEFAULT NULL,
  failures_in_row        INT UNSIGNED      NOT NULL COMMENT 'since the last success',
  usual_gap_ms           BIGINT            NOT NULL COMMENT 'silence between two bursts of requests, as learned; 0: nothing yet',
  gaps                   INT UNSIGNED      NOT NULL COMMENT 'that it was learned from',
  stalled_ms             BIGINT                     DEFAULT NULL COMMENT 'when it was found silent for too long',
  PRIMARY KEY (directory_id),
  KEY stalled (stalled_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

ALTER TABLE directory
  ADD COLUMN IF NOT EXISTS expected_cadence_s INT UNSIGNED DEFAULT NULL COMMENT 'the vendor''s own idea of how often requests come; NULL: learned';

GRANT INSERT ON scim_request TO `{database}_data`;
GRANT INSERT ON scim_request_body TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE ON directory_hour TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE ON directory_health TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON scim_request TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON scim_request_body TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory_hour TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory_health TO `{database}_control`;
