-- repeatable
-- has_vendor_users, has_departed: whether the next two tables hold anything of the directory. They come with the token,
-- which reads this row anyway, so that writes to other directories cost nothing more. Neither is taken back.
ALTER TABLE directory
  ADD COLUMN IF NOT EXISTS has_vendor_users TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: the vendor has imported its own users',
  ADD COLUMN IF NOT EXISTS has_departed TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: some user was deleted, who may come back',
  ADD COLUMN IF NOT EXISTS deactivated_retention_days INT UNSIGNED DEFAULT NULL COMMENT 'deactivated users are deleted after so many days; NULL: never',
  ADD KEY IF NOT EXISTS retention (deactivated_retention_days, id);
GRANT UPDATE (has_departed, revision) ON directory TO `{database}_data`;

-- People whom the vendor has had before their directory came, under its own ids. They stand beside the resources: those
-- stay exactly what the identity provider pushed. Keys are prepared as those of resources are.
CREATE TABLE IF NOT EXISTS vendor_user (
  directory_id           BINARY(16)    NOT NULL,
  id                     BINARY(16)    NOT NULL,
  vendor_user_id         VARBINARY(255) NOT NULL COMMENT 'UTF-8',
  user_name              VARBINARY(1020)        DEFAULT NULL COMMENT 'as imported',
  email                  VARBINARY(1020)        DEFAULT NULL,
  display_name           VARBINARY(1020)        DEFAULT NULL,
  user_name_key          VARBINARY(700)         DEFAULT NULL COMMENT 'as resource.unique_key of a userName',
  email_key              VARBINARY(191)         DEFAULT NULL COMMENT 'as attribute_value.value_key of an address',
  state                  TINYINT UNSIGNED NOT NULL COMMENT '1 unmatched, 2 matched, 3 conflict',
  conflict               TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT 'why, see store/vendor.h',
  resource_id            BINARY(16)             DEFAULT NULL COMMENT 'the user that this is; NULL: not known',
  matched_by             TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1 userName, 2 e-mail, 3 by hand, 4 came back',
  linked_ms              BIGINT                 DEFAULT NULL,
  previous_unique_key    VARBINARY(700)         DEFAULT NULL COMMENT 'of the user that this was, who was deleted',
  previous_external_key  VARBINARY(191)         DEFAULT NULL,
  import_id              BINARY(16)    NOT NULL COMMENT 'the job that wrote it last',
  import_row             BIGINT        NOT NULL COMMENT 'the row of its file',
  created_ms             BIGINT        NOT NULL,
  updated_ms             BIGINT        NOT NULL,
  PRIMARY KEY (directory_id, id),
  UNIQUE KEY vendor_user_id (directory_id, vendor_user_id),
  UNIQUE KEY resource (directory_id, resource_id),
  KEY user_name (directory_id, user_name_key),
  KEY email (directory_id, email_key),
  KEY previous_unique (directory_id, previous_unique_key),
  KEY previous_external (directory_id, previous_external_key),
  KEY state (directory_id, state, id),
  CONSTRAINT vendor_user_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- The body of an import until its job has ended, in pieces.
CREATE TABLE IF NOT EXISTS import_piece (
  directory_id  BINARY(16)    NOT NULL,
  job_id        BINARY(16)    NOT NULL,
  ordinal       INT UNSIGNED  NOT NULL,
  data          MEDIUMBLOB    NOT NULL,
  PRIMARY KEY (directory_id, job_id, ordinal),
  CONSTRAINT import_piece_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- What was wrong with the rows of an import.
CREATE TABLE IF NOT EXISTS import_problem (
  directory_id  BINARY(16)    NOT NULL,
  job_id        BINARY(16)    NOT NULL,
  place         BINARY(16)    NOT NULL COMMENT 'row, kind and column: in the order of the file, and each problem once',
  kind          TINYINT UNSIGNED NOT NULL COMMENT '1 bad row, 2 conflict',
  file_row      BIGINT        NOT NULL COMMENT '1-based; the header of a CSV file is row 1',
  column_name   VARCHAR(64)            DEFAULT NULL,
  vendor_user_id VARBINARY(255)        DEFAULT NULL,
  detail        VARCHAR(255)  NOT NULL,
  created_ms    BIGINT        NOT NULL,
  PRIMARY KEY (directory_id, job_id, place),
  KEY created (created_ms),
  CONSTRAINT import_problem_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- Users that are inactive, and since when. Kept in the transaction of each change (view_deactivated.c).
CREATE TABLE IF NOT EXISTS deactivated_user (
  directory_id  BINARY(16)    NOT NULL,
  resource_id   BINARY(16)    NOT NULL,
  place         BINARY(16)    NOT NULL COMMENT 'since_ms as 6 bytes, then the last 10 of the id: the order of lists',
  since_ms      BIGINT        NOT NULL,
  PRIMARY KEY (directory_id, resource_id),
  KEY place (directory_id, place),
  CONSTRAINT deactivated_user_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
-- Those that were inactive before there was this table: since their last change, as far as anybody knows.
INSERT IGNORE INTO deactivated_user (directory_id, resource_id, place, since_ms)
SELECT r.directory_id, r.id, CONCAT(UNHEX(LPAD(HEX(r.modified_ms), 12, '0')), RIGHT(r.id, 10)), r.modified_ms
FROM resource r
WHERE r.type = 1 AND JSON_EXTRACT(CONVERT(CONCAT(r.document, REPEAT('}', r.open_braces)) USING utf8mb4), '$.active') = 'false';

-- Users that were deleted, so that who comes back is known to be the same person.
CREATE TABLE IF NOT EXISTS departed_user (
  directory_id  BINARY(16)    NOT NULL,
  resource_id   BINARY(16)    NOT NULL,
  person_id     BINARY(16)    NOT NULL COMMENT 'the id under which the person was first created',
  unique_key    VARBINARY(700)         DEFAULT NULL COMMENT 'as it was in resource',
  external_key  VARBINARY(191)         DEFAULT NULL,
  departed_ms   BIGINT        NOT NULL,
  PRIMARY KEY (directory_id, resource_id),
  KEY unique_key (directory_id, unique_key),
  KEY external_key (directory_id, external_key),
  KEY departed (departed_ms),
  CONSTRAINT departed_user_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

-- The resources of people who have had more than one.
CREATE TABLE IF NOT EXISTS incarnation (
  directory_id  BINARY(16)    NOT NULL,
  resource_id   BINARY(16)    NOT NULL,
  person_id     BINARY(16)    NOT NULL,
  PRIMARY KEY (directory_id, resource_id),
  KEY person (directory_id, person_id, resource_id),
  CONSTRAINT incarnation_directory FOREIGN KEY (directory_id) REFERENCES directory (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

GRANT SELECT, UPDATE (resource_id, state, conflict, matched_by, linked_ms, previous_unique_key, previous_external_key, updated_ms)
  ON vendor_user TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON deactivated_user TO `{database}_data`;
GRANT SELECT, INSERT, DELETE ON departed_user TO `{database}_data`;
GRANT SELECT, INSERT ON incarnation TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON vendor_user TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON import_piece TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON import_problem TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON deactivated_user TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON departed_user TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON incarnation TO `{database}_control`;
