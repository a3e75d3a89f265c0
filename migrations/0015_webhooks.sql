-- repeatable
-- Webhooks: who is to be told of an environment's events, how far that has come, and what came of it. The API writes
-- endpoints and orders; all else is the dispatcher's (admin-api/webhooks/dispatcher.h).

-- Who is told. The API's: whoever changes something that sending depends on adds one to `revision`
-- (webhook_order_look).
CREATE TABLE IF NOT EXISTS webhook_endpoint (
  id                 BINARY(16)        NOT NULL,
  environment_id     BINARY(16)        NOT NULL,
  kind               TINYINT UNSIGNED  NOT NULL COMMENT '1 a webhook, 2 the push of an event stream, which has the same id',
  url                VARCHAR(2048)     NOT NULL,
  label              VARCHAR(200)               DEFAULT NULL COMMENT 'a webhook''s; a stream has its own',
  types              VARCHAR(4000)              DEFAULT NULL COMMENT 'names of events, comma between; NULL: all',
  secret             VARBINARY(512)             DEFAULT NULL COMMENT 'sealed',
  previous_secret    VARBINARY(512)             DEFAULT NULL COMMENT 'sealed: signs, too, until previous_until_ms',
  previous_until_ms  BIGINT                     DEFAULT NULL,
  state              TINYINT UNSIGNED  NOT NULL DEFAULT 1 COMMENT '1 active, 2 paused, 3 disabled',
  state_reason       VARCHAR(255)               DEFAULT NULL COMMENT 'why it was disabled',
  state_ms           BIGINT            NOT NULL COMMENT 'since when',
  revision           INT UNSIGNED      NOT NULL DEFAULT 1,
  created_ms         BIGINT            NOT NULL,
  updated_ms         BIGINT            NOT NULL,
  PRIMARY KEY (id),
  KEY environment (environment_id, kind, id),
  CONSTRAINT webhook_endpoint_environment FOREIGN KEY (environment_id) REFERENCES environment (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- How far an endpoint is, and which process sends to it. Events before the place (scanned_sequence, scanned_part) were
-- delivered or given up, but for those of the lanes in webhook_lane. Whoever takes an endpoint over adds one to `fence`:
-- what the one before writes late, names a fence that is not there any more.
CREATE TABLE IF NOT EXISTS webhook_progress (
  endpoint_id        BINARY(16)        NOT NULL,
  environment_id     BINARY(16)        NOT NULL,
  scanned_sequence   BIGINT UNSIGNED   NOT NULL,
  scanned_part       INT UNSIGNED      NOT NULL DEFAULT 0,
  holder             BINARY(16)                 DEFAULT NULL COMMENT 'a row of webhook_dispatcher',
  lease_ms           BIGINT            NOT NULL DEFAULT 0 COMMENT 'when it ends, by the database''s clock',
  fence              BIGINT UNSIGNED   NOT NULL DEFAULT 0,
  failures           INT UNSIGNED      NOT NULL DEFAULT 0 COMMENT 'since it was found to be down: it is probed; 0: it is up',
  next_ms            BIGINT            NOT NULL DEFAULT 0 COMMENT 'nothing is sent before, by the database''s clock',
  failing_since_ms   BIGINT                     DEFAULT NULL COMMENT 'nothing but failures since',
  success_ms         BIGINT                     DEFAULT NULL COMMENT 'the last one',
  failure_ms         BIGINT                     DEFAULT NULL COMMENT 'the last one',
  failure            VARCHAR(255)               DEFAULT NULL COMMENT 'what it was',
  expired_events     BIGINT UNSIGNED   NOT NULL DEFAULT 0 COMMENT 'numbers that the feed had dropped before they were sent',
  expired_ms         BIGINT                     DEFAULT NULL COMMENT 'when that was last found',
  revision           INT UNSIGNED      NOT NULL DEFAULT 0 COMMENT 'of the endpoint, as the dispatcher knows it',
  orders             INT UNSIGNED      NOT NULL DEFAULT 0 COMMENT 'that were given: lanes of kind 2 and 3',
  PRIMARY KEY (endpoint_id),
  KEY holder (holder, endpoint_id),
  KEY lease (lease_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Lanes that lag behind what was scanned, each sent in order: the events of one directory, from the place on up to what
-- was scanned. And orders: a replay is a lane of its own, from its place on, up to `until`; a ping has no place.
CREATE TABLE IF NOT EXISTS webhook_lane (
  endpoint_id        BINARY(16)        NOT NULL,
  kind               TINYINT UNSIGNED  NOT NULL COMMENT '1 a directory''s, 2 a replay, 3 a ping',
  id                 BINARY(16)        NOT NULL COMMENT 'of the directory, zeros: events that have none; else of the order',
  sequence           BIGINT UNSIGNED   NOT NULL DEFAULT 0 COMMENT 'of the next event to send; of a ping: 0',
  part               INT UNSIGNED      NOT NULL DEFAULT 0,
  until_sequence     BIGINT UNSIGNED            DEFAULT NULL COMMENT 'of a replay: events before this place',
  until_part         INT UNSIGNED               DEFAULT NULL,
  delivery_id        BINARY(16)                 DEFAULT NULL COMMENT 'of that event, once there is one; of a ping always',
  attempts           INT UNSIGNED      NOT NULL DEFAULT 0 COMMENT 'of that delivery',
  failures           INT UNSIGNED      NOT NULL DEFAULT 0 COMMENT 'of that event, since somebody last changed the endpoint',
  next_ms            BIGINT            NOT NULL DEFAULT 0 COMMENT 'not before, by the database''s clock',
  PRIMARY KEY (endpoint_id, kind, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- What came of each event that was sent. The body is not kept: it is rendered again from the feed, so that nothing of
-- people is here, and rows outlive the directories that they name.
CREATE TABLE IF NOT EXISTS webhook_delivery (
  endpoint_id        BINARY(16)        NOT NULL,
  id                 BINARY(16)        NOT NULL,
  kind               TINYINT UNSIGNED  NOT NULL COMMENT '1 as it happened, 2 replayed, 3 a ping, 4 events that had expired',
  state              TINYINT UNSIGNED  NOT NULL COMMENT '1 waiting, 2 to be tried again, 3 delivered, 4 failed',
  event_id           BINARY(16)        NOT NULL COMMENT 'zeros: events that had expired',
  sequence           BIGINT UNSIGNED   NOT NULL COMMENT 'its place in the feed; 0: a ping',
  part               INT UNSIGNED      NOT NULL DEFAULT 0,
  until_sequence     BIGINT UNSIGNED            DEFAULT NULL COMMENT 'of events that had expired: those before this number',
  type               VARCHAR(64)       NOT NULL COMMENT 'of the event; empty: events that had expired',
  organization_id    BINARY(16)                 DEFAULT NULL,
  directory_id       BINARY(16)                 DEFAULT NULL,
  replay_id          BINARY(16)                 DEFAULT NULL COMMENT 'the order that it was sent for',
  attempts           INT UNSIGNED      NOT NULL DEFAULT 0,
  attempt_log        TEXT              NOT NULL COMMENT 'a JSON object for each, comma between: at_ms, status, error, duration_ms',
  next_ms            BIGINT                     DEFAULT NULL COMMENT 'when it is tried again',
  error              VARCHAR(255)               DEFAULT NULL COMMENT 'why the last attempt failed',
  status             SMALLINT UNSIGNED          DEFAULT NULL COMMENT 'of the last answer',
  request_headers    TEXT                       DEFAULT NULL COMMENT 'of the last attempt, a line each',
  response_headers   VARBINARY(4096)            DEFAULT NULL COMMENT 'likewise, as they came',
  response_body      VARBINARY(4096)            DEFAULT NULL COMMENT 'its beginning',
  created_ms         BIGINT            NOT NULL,
  ended_ms           BIGINT                     DEFAULT NULL,
  PRIMARY KEY (endpoint_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Processes that send. How many there are says how many endpoints are one's share.
CREATE TABLE IF NOT EXISTS webhook_dispatcher (
  id                 BINARY(16)        NOT NULL,
  alive_ms           BIGINT            NOT NULL COMMENT 'until then it counts, by the database''s clock',
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_endpoint TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_progress TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_lane TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_delivery TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON webhook_dispatcher TO `{database}_control`;
