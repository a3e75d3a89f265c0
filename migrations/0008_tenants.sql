-- repeatable
-- Deleting with a grace period. A directory that is to go has state 3, which every server obeys at once; until erase_ms
-- it can come back as it was. From the moment that housekeeping sets `erasing`, it cannot. Those that were marked before
-- there was a grace period are due.
ALTER TABLE organization
  ADD COLUMN IF NOT EXISTS deleted_ms BIGINT DEFAULT NULL COMMENT 'NULL: it is there',
  ADD COLUMN IF NOT EXISTS erase_ms BIGINT DEFAULT NULL COMMENT 'from when on housekeeping erases it',
  ADD COLUMN IF NOT EXISTS erasing TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: there is no way back',
  ADD COLUMN IF NOT EXISTS deleted_external_id VARCHAR(255) DEFAULT NULL COMMENT 'its external_id, which is free while it is deleted',
  ADD KEY IF NOT EXISTS erase (erase_ms),
  ADD KEY IF NOT EXISTS deleted (environment_id, deleted_ms);
ALTER TABLE directory
  ADD COLUMN IF NOT EXISTS deleted_ms BIGINT DEFAULT NULL COMMENT 'NULL: it is there',
  ADD COLUMN IF NOT EXISTS erase_ms BIGINT DEFAULT NULL COMMENT 'from when on housekeeping erases it',
  ADD COLUMN IF NOT EXISTS erasing TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: there is no way back',
  ADD COLUMN IF NOT EXISTS state_before TINYINT UNSIGNED NOT NULL DEFAULT 1 COMMENT 'what it comes back to: 1 active, 2 paused',
  ADD COLUMN IF NOT EXISTS with_organization TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: it went, and comes back, with its organization',
  ADD KEY IF NOT EXISTS erase (state, erase_ms);
UPDATE directory SET deleted_ms = updated_ms, erase_ms = updated_ms WHERE state = 3 AND erase_ms IS NULL;
UPDATE organization o
JOIN primary_directory p ON p.organization_id = o.id
JOIN directory d ON d.id = p.directory_id AND d.state = 3
SET o.deleted_ms = d.deleted_ms, o.erase_ms = d.erase_ms, d.with_organization = 1
WHERE o.deleted_ms IS NULL;

-- Which organizations have a domain; `organization.domains` has them in the vendor's order, and is written with it.
CREATE TABLE IF NOT EXISTS organization_domain (
  environment_id   BINARY(16)    NOT NULL,
  domain           VARCHAR(253)  NOT NULL COMMENT 'lower case',
  organization_id  BINARY(16)    NOT NULL,
  PRIMARY KEY (environment_id, domain, organization_id),
  KEY organization (organization_id),
  CONSTRAINT organization_domain_organization FOREIGN KEY (organization_id) REFERENCES organization (id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;
INSERT IGNORE INTO organization_domain (environment_id, domain, organization_id)
SELECT o.environment_id, listed.domain, o.id
FROM organization o, JSON_TABLE(o.domains, '$[*]' COLUMNS (domain VARCHAR(253) PATH '$')) listed;

-- warned: which warnings of its end a token has had: 1 thirty days ahead, 2 seven, 3 one, 4 that it has ended. It is
-- moved in the transaction of the event, so each is raised once, whoever looks.
ALTER TABLE scim_token
  ADD COLUMN IF NOT EXISTS warned TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: 30 days ahead, 2: 7, 3: 1, 4: ended',
  ADD KEY IF NOT EXISTS ending (warned, expires_ms),
  ADD KEY IF NOT EXISTS expires (expires_ms);
UPDATE scim_token SET warned = 4 WHERE revoked_ms IS NOT NULL OR expires_ms <= UNIX_TIMESTAMP(NOW(3)) * 1000;

-- So that what is about an erased directory or organization is found.
ALTER TABLE job
  ADD KEY IF NOT EXISTS directory (directory_id),
  ADD KEY IF NOT EXISTS organization (organization_id);
ALTER TABLE setup_link ADD KEY IF NOT EXISTS directory (directory_id);

GRANT SELECT, INSERT, UPDATE, DELETE ON organization_domain TO `{database}_control`;
