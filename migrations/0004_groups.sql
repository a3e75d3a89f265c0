-- repeatable
-- nests_groups: a group of the directory is, or once was, a member of a group. Where it is 0, a user's groups are the
-- direct ones, and nobody has to look further. It comes with the token, which reads this row anyway.
-- user_id: a token of one person, who is what /Me means; NULL: a token of the directory's identity provider.
ALTER TABLE directory
  ADD COLUMN IF NOT EXISTS nests_groups TINYINT UNSIGNED NOT NULL DEFAULT 0 COMMENT '1: some group is, or was, in a group';
UPDATE directory d SET d.nests_groups = 1
WHERE EXISTS (SELECT 1 FROM membership m WHERE m.directory_id = d.id AND m.member_type = 2);
ALTER TABLE scim_token
  ADD COLUMN IF NOT EXISTS user_id BINARY(16) DEFAULT NULL COMMENT 'whose token it is; NULL: the directory''s';
GRANT UPDATE (nests_groups) ON directory TO `{database}_data`;
