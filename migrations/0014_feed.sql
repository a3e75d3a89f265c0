-- repeatable
-- The change feed. Whoever changes something leaves a row in `outbox`, in the transaction of the change; the sequencer
-- (admin-api/feed/sequencer.c) takes committed rows from there and numbers them, environment by environment, in `feed`. So
-- a reader's cursor never passes a row that is committed later.

-- AUTO_INCREMENT tells the order: a position is taken while the rows that it is about are locked, so nothing stands
-- before what it depends on. Positions have holes, and a lower one may be committed later: no reader ever sees them.
-- What a transaction has changed is one row, packed: to be told must cost a write next to nothing.
CREATE TABLE IF NOT EXISTS outbox (
  position         BIGINT UNSIGNED   NOT NULL AUTO_INCREMENT,
  noted            TIMESTAMP(3)      NOT NULL DEFAULT CURRENT_TIMESTAMP(3),
  source           TINYINT UNSIGNED  NOT NULL COMMENT '1 a row of `change`, 2 a row of event, 3 rows of `change`: packed',
  operation_id     BINARY(16)                 DEFAULT NULL COMMENT 'of the change; or the id of the event',
  ordinal          INT UNSIGNED               DEFAULT NULL COMMENT 'of the change',
  environment_id   BINARY(16)                 DEFAULT NULL COMMENT 'of an event; a change has a directory, which has one',
  organization_id  BINARY(16)                 DEFAULT NULL COMMENT 'of an event',
  directory_id     BINARY(16)                 DEFAULT NULL,
  type             SMALLINT UNSIGNED          DEFAULT NULL COMMENT 'of the resource; 0: an event',
  kind             TINYINT UNSIGNED           DEFAULT NULL COMMENT 'of the change',
  resource_id      BINARY(16)                 DEFAULT NULL,
  packed           VARBINARY(7040)            DEFAULT NULL COMMENT 'entries: include/store/outbox.h',
  PRIMARY KEY (position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- What readers see, by number. Narrow: what happened stands in `change` and event, and is rendered when it is read. Ids
-- alone, nothing of people.
CREATE TABLE IF NOT EXISTS feed (
  environment_id   BINARY(16)        NOT NULL,
  sequence         BIGINT UNSIGNED   NOT NULL COMMENT '1-based, without holes',
  source           TINYINT UNSIGNED  NOT NULL COMMENT 'this and what follows: as in outbox',
  operation_id     BINARY(16)        NOT NULL,
  ordinal          INT UNSIGNED      NOT NULL,
  organization_id  BINARY(16)                 DEFAULT NULL,
  directory_id     BINARY(16)                 DEFAULT NULL,
  type             SMALLINT UNSIGNED NOT NULL,
  kind             TINYINT UNSIGNED  NOT NULL,
  resource_id      BINARY(16)                 DEFAULT NULL,
  is_primary       TINYINT UNSIGNED  NOT NULL COMMENT 'of the directory, when it was numbered',
  numbered_ms      BIGINT            NOT NULL,
  PRIMARY KEY (environment_id, sequence)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

CREATE TABLE IF NOT EXISTS feed_end (
  environment_id   BINARY(16)        NOT NULL,
  last_sequence    BIGINT UNSIGNED   NOT NULL,
  purged_sequence  BIGINT UNSIGNED   NOT NULL DEFAULT 0 COMMENT 'what is not above it was dropped',
  PRIMARY KEY (environment_id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Row 1: whoever numbers holds it until the commit. Row 2 is counted up by orders to those who listen: nobody who numbers waits
-- for who gives one.
CREATE TABLE IF NOT EXISTS feed_turn (
  id               TINYINT UNSIGNED  NOT NULL,
  turns            BIGINT UNSIGNED   NOT NULL COMMENT 'that numbered something, or orders: by this other processes hear of it',
  low              BIGINT UNSIGNED   NOT NULL DEFAULT 0 COMMENT 'positions of the outbox up to this one are done with',
  PRIMARY KEY (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT IGNORE INTO feed_turn (id, turns) VALUES (1, 0), (2, 0);

ALTER TABLE environment
  ADD COLUMN IF NOT EXISTS event_retention_days SMALLINT UNSIGNED DEFAULT NULL COMMENT 'NULL: as the setting says';

-- Why it happened, and who did it: changes have that already.
ALTER TABLE event
  ADD COLUMN IF NOT EXISTS cause TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'as in `change`; 0: the system itself',
  ADD COLUMN IF NOT EXISTS operation_id BINARY(16) DEFAULT NULL COMMENT 'of the request',
  ADD COLUMN IF NOT EXISTS actor VARCHAR(40) DEFAULT NULL COMMENT 'as it is shown: key-…';

-- What the members of a group are is told with them.
ALTER TABLE `change`
  MODIFY COLUMN members MEDIUMBLOB DEFAULT NULL COMMENT 'kinds 3 and 4: 17 bytes each, "+" or "-", of a group with the top bit set, and the member''s id';

-- A PUT and a PATCH leave the same row otherwise; SCIM events name them (RFC 9967 section 2.4).
ALTER TABLE `change`
  ADD COLUMN IF NOT EXISTS is_put TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: by a SCIM PUT';

-- What was told before there were numbers. All of it anew, when this was cut before the ends were written: what was told has
-- changed since.
DELETE FROM feed WHERE NOT EXISTS (SELECT 1 FROM feed_end);
INSERT IGNORE INTO feed (environment_id, sequence, source, operation_id, ordinal, organization_id, directory_id, type,
                         kind, resource_id, is_primary, numbered_ms)
SELECT e.environment_id, ROW_NUMBER() OVER (PARTITION BY e.environment_id ORDER BY e.id), 2, e.id, 0, e.organization_id,
       e.directory_id, 0, 0, NULL, p.directory_id IS NOT NULL, e.created_ms
FROM event e
JOIN environment x ON x.id = e.environment_id
LEFT JOIN primary_directory p ON p.directory_id = e.directory_id
WHERE NOT EXISTS (SELECT 1 FROM feed_end);
INSERT INTO feed_end (environment_id, last_sequence)
SELECT x.id, COALESCE((SELECT MAX(f.sequence) FROM feed f WHERE f.environment_id = x.id), 0)
FROM environment x
WHERE NOT EXISTS (SELECT 1 FROM feed_end);

-- What is shown of users has changed without a change of theirs, because the guard has tripped or let go of them: the
-- sequencer tells it (admin-api/feed/guarded_news.c) behind all that was committed before, and empties the table. A row is
-- a user, or one's membership of a group.
CREATE TABLE IF NOT EXISTS guard_news (
  position       BIGINT UNSIGNED   NOT NULL AUTO_INCREMENT,
  directory_id   BINARY(16)        NOT NULL,
  resource_id    BINARY(16)        NOT NULL COMMENT 'the user',
  group_id       BINARY(16)                 DEFAULT NULL,
  was_shown      TINYINT UNSIGNED           DEFAULT NULL COMMENT 'the membership, until now',
  operation_id   BINARY(16)                 DEFAULT NULL COMMENT 'of the user''s row of `change` (kind 5) that says how he was before he left',
  ordinal        INT UNSIGNED               DEFAULT NULL COMMENT 'of the same',
  PRIMARY KEY (position)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- What is told of users and groups in this way stands in event, and goes with the directory.
ALTER TABLE event ADD KEY IF NOT EXISTS of_directory (directory_id, type);

GRANT INSERT ON outbox TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON outbox TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON feed TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON feed_end TO `{database}_control`;
GRANT SELECT, UPDATE ON feed_turn TO `{database}_control`;
GRANT INSERT ON guard_news TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON guard_news TO `{database}_control`;
