-- repeatable
-- Answers to POST requests with an Idempotency-Key, written in the transaction of what they answer: whoever sends the
-- same again gets the same answer. They hold secrets that are shown once, so they are sealed with a key that is not in
-- the database.
CREATE TABLE IF NOT EXISTS idempotency (
  principal_id  BINARY(16)  NOT NULL COMMENT 'the key that asked',
  key_hash      BINARY(32)  NOT NULL COMMENT 'BLAKE2b of the Idempotency-Key',
  reply         MEDIUMBLOB  NOT NULL COMMENT 'sealed: fingerprint of the request, status, headers, body',
  created_ms    BIGINT      NOT NULL,
  PRIMARY KEY (principal_id, key_hash),
  KEY created (created_ms)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4 COLLATE=utf8mb4_nopad_bin;

GRANT SELECT, INSERT, UPDATE, DELETE ON idempotency TO `{database}_control`;
