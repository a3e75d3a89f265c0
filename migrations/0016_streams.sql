-- repeatable
-- Event streams (RFC 9967): the feed as Security Event Tokens, which a receiver polls (RFC 8936) or is sent (RFC 8935).

-- Who is told. Of a stream that is pushed, URL, state and progress stand in webhook_endpoint and webhook_progress, under
-- the same id.
CREATE TABLE IF NOT EXISTS event_stream (
  id               BINARY(16)        NOT NULL,
  environment_id   BINARY(16)        NOT NULL,
  label            VARCHAR(200)      NOT NULL,
  delivery         TINYINT UNSIGNED  NOT NULL COMMENT '1 poll, 2 push',
  audience         VARCHAR(1000)     NOT NULL,
  issuer           VARCHAR(1000)     NOT NULL COMMENT 'as it was when it was made or changed last',
  format           TINYINT UNSIGNED  NOT NULL COMMENT '1 full, 2 notice',
  algorithm        TINYINT UNSIGNED  NOT NULL COMMENT '1 ES256, 2 RS256',
  events           INT UNSIGNED      NOT NULL COMMENT 'bits, see admin-api/streams/set_events.h',
  organizations    TEXT                       DEFAULT NULL COMMENT 'JSON array of ids; NULL: all',
  salt             BINARY(16)        NOT NULL COMMENT 'keeps the ids of its tokens from being guessed',
  place            VARBINARY(46)     NOT NULL COMMENT 'poll: what lies before it was acknowledged, see stream_place.h',
  errors           BIGINT UNSIGNED   NOT NULL DEFAULT 0 COMMENT 'that its receiver has told',
  created_ms       BIGINT            NOT NULL,
  updated_ms       BIGINT            NOT NULL,
  polled_ms        BIGINT                     DEFAULT NULL,
  PRIMARY KEY (id),
  KEY environment (environment_id, id),
  CONSTRAINT event_stream_environment FOREIGN KEY (environment_id) REFERENCES environment (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- What was acknowledged behind the place, out of order.
CREATE TABLE IF NOT EXISTS event_stream_ack (
  stream_id        BINARY(16)        NOT NULL,
  mark             VARBINARY(46)     NOT NULL,
  PRIMARY KEY (stream_id, mark),
  CONSTRAINT event_stream_ack_stream FOREIGN KEY (stream_id) REFERENCES event_stream (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- What a receiver could not do with a token (setErrs): the last ones of each stream.
CREATE TABLE IF NOT EXISTS event_stream_error (
  stream_id        BINARY(16)        NOT NULL,
  id               BINARY(16)        NOT NULL,
  jti              VARCHAR(100)      NOT NULL,
  code             VARCHAR(100)      NOT NULL,
  description      VARCHAR(1000)     NOT NULL,
  created_ms       BIGINT            NOT NULL,
  PRIMARY KEY (stream_id, id),
  CONSTRAINT event_stream_error_stream FOREIGN KEY (stream_id) REFERENCES event_stream (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- What tokens are signed with. The newest whose time has come signs; all that are published can be verified.
CREATE TABLE IF NOT EXISTS event_key (
  id                  BINARY(16)       NOT NULL,
  environment_id      BINARY(16)       NOT NULL,
  algorithm           TINYINT UNSIGNED NOT NULL COMMENT '1 ES256, 2 RS256',
  public_key          TEXT             NOT NULL COMMENT 'PEM, SubjectPublicKeyInfo',
  secret              VARBINARY(4096)  NOT NULL COMMENT 'PEM, sealed',
  created_ms          BIGINT           NOT NULL,
  signs_from_ms       BIGINT           NOT NULL,
  published_until_ms  BIGINT                    DEFAULT NULL,
  PRIMARY KEY (id),
  KEY environment (environment_id, algorithm, id),
  CONSTRAINT event_key_environment FOREIGN KEY (environment_id) REFERENCES environment (id) ON DELETE CASCADE
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

GRANT SELECT, INSERT, UPDATE, DELETE ON event_stream TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON event_stream_ack TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON event_stream_error TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON event_key TO `{database}_control`;
