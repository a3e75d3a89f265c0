-- repeatable
-- What the accounts of the two executables may do, as two roles: whoever breaks into the server finds no way to make or
-- delete tenants, keys or tokens. A migration that makes a table also grants what the roles may do with it.
--
-- Roles are global to a MariaDB server, so their names begin with the database's: rollcall_data and rollcall_control in
-- the database `rollcall`. Accounts are the operator's, see docs/operations.md.

CREATE ROLE IF NOT EXISTS `{database}_data`;
GRANT SELECT ON schema_migration TO `{database}_data`;
GRANT SELECT ON organization TO `{database}_data`;
GRANT SELECT ON directory TO `{database}_data`;
GRANT SELECT ON primary_directory TO `{database}_data`;
GRANT SELECT, UPDATE (last_used_ms) ON scim_token TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON resource TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON attribute_value TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON membership TO `{database}_data`;
GRANT SELECT, INSERT, UPDATE, DELETE ON resource_count TO `{database}_data`;
GRANT SELECT, INSERT ON `change` TO `{database}_data`;

CREATE ROLE IF NOT EXISTS `{database}_control`;
GRANT SELECT ON schema_migration TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON environment TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON organization TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON directory TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON primary_directory TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON scim_token TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON api_key TO `{database}_control`;
GRANT SELECT, INSERT ON audit TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON resource TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON attribute_value TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON membership TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON resource_count TO `{database}_control`;
GRANT SELECT, INSERT, UPDATE, DELETE ON `change` TO `{database}_control`;
