/* Every route of the admin API; docs/admin-api/openapi.json describes the same ones, a test compares them. */
#include "access.h"
#include "audit_log.h"
#include "catalogs.h"
#include "deactivated.h"
#include "deliveries.h"
#include "directories.h"
#include "environments.h"
#include "event_keys.h"
#include "export.h"
#include "feed_api.h"
#include "guards.h"
#include "health.h"
#include "history.h"
#include "indexes.h"
#include "jobs.h"
#include "keys.h"
#include "openapi.h"
#include "operator_keys.h"
#include "organizations.h"
#include "people.h"
#include "policies.h"
#include "problem.h"
#include "requests.h"
#include "resource_types.h"
#include "roles.h"
#include "schemas.h"
#include "scim/catalog.h"
#include "service.h"
#include "setup_links.h"
#include "setup_sessions.h"
#include "signing_keys.h"
#include "snapshot.h"
#include "streams.h"
#include "tokens.h"
#include "undeclared.h"
#include "vendor_import.h"
#include "vendor_users.h"
#include "webhooks.h"

enum { ROLE_MAPPING_BODY = 524288, MAX_BODY = 65536, MAX_IMPORT = 64 << 20, MAX_POLL = 1 << 20 };

#define ENVIRONMENT  "/v1/environments/{}"
#define ORGANIZATION "/v1/organizations/{}"
#define DIRECTORY    "/v1/directories/{}"
#define WEBHOOK      "/v1/webhooks/{}"

const struct route admin_routes[] = {
    {"GET", "/v1/openapi.json", 0, &openapi_get.operation},

    {"POST", "/v1/environments", MAX_BODY, &environment_create.operation},
    {"GET", "/v1/environments", 0, &environment_list.operation},
    {"GET", ENVIRONMENT, 0, &environment_get.operation},
    {"PATCH", ENVIRONMENT, MAX_BODY, &environment_update.operation},
    {"DELETE", ENVIRONMENT, 0, &environment_delete.operation},
    {"POST", ENVIRONMENT "/keys", MAX_BODY, &key_create.operation},
    {"GET", ENVIRONMENT "/keys", 0, &key_list.operation},
    {"GET", ENVIRONMENT "/keys/{}", 0, &key_get.operation},
    {"DELETE", ENVIRONMENT "/keys/{}", 0, &key_revoke.operation},
    {"POST", ENVIRONMENT "/signing-keys", MAX_BODY, &signing_key_create.operation},
    {"GET", ENVIRONMENT "/signing-keys", 0, &signing_key_list.operation},
    {"GET", ENVIRONMENT "/signing-keys/{}", 0, &signing_key_get.operation},
    {"DELETE", ENVIRONMENT "/signing-keys/{}", 0, &signing_key_revoke.operation},
    {"POST", "/v1/operator-keys", MAX_BODY, &operator_key_create.operation},
    {"GET", "/v1/operator-keys", 0, &operator_key_list.operation},
    {"GET", "/v1/operator-keys/{}", 0, &operator_key_get.operation},
    {"DELETE", "/v1/operator-keys/{}", 0, &operator_key_revoke.operation},
    {"GET", "/v1/key", 0, &key_self.operation},

    {"GET", "/v1/health", 0, &health_list.operation},
    {"POST", "/v1/webhooks", MAX_BODY, &webhook_create.operation},
    {"GET", "/v1/webhooks", 0, &webhook_list.operation},
    {"GET", WEBHOOK, 0, &webhook_get.operation},
    {"PATCH", WEBHOOK, MAX_BODY, &webhook_update.operation},
    {"DELETE", WEBHOOK, 0, &webhook_delete.operation},
    {"POST", WEBHOOK "/rotate-secret", MAX_BODY, &webhook_rotate_secret.operation},
    {"POST", WEBHOOK "/ping", 0, &webhook_ping.operation},
    {"POST", WEBHOOK "/replay", MAX_BODY, &webhook_replay.operation},
    {"GET", WEBHOOK "/deliveries", 0, &webhook_delivery_list.operation},
    {"GET", WEBHOOK "/deliveries/{}", 0, &webhook_delivery_get.operation},
    {"POST", WEBHOOK "/deliveries/{}/replay", 0, &webhook_delivery_replay.operation},
    {"GET", "/v1/events", 0, &event_list.operation},
    {"POST", "/v1/streams", MAX_BODY, &stream_create.operation},
    {"GET", "/v1/streams", 0, &stream_list.operation},
    {"GET", "/v1/streams/{}", 0, &stream_get.operation},
    {"PATCH", "/v1/streams/{}", MAX_BODY, &stream_update.operation},
    {"DELETE", "/v1/streams/{}", 0, &stream_delete.operation},
    {"POST", "/v1/streams/{}/poll", MAX_POLL, &stream_poll.operation},
    {"GET", "/v1/streams/{}/errors", 0, &stream_list_errors.operation},
    {"GET", "/v1/streams/{}/deliveries", 0, &stream_list_deliveries.operation},
    {"GET", "/v1/event-keys", 0, &event_key_list.operation},
    {"GET", "/v1/event-keys/{}", 0, &event_key_get.operation},
    {"POST", "/v1/event-keys/rotate", MAX_BODY, &event_key_rotate.operation},
    {"GET", ENVIRONMENT "/jwks.json", 0, &event_key_set.operation},
    {"GET", "/v1/jobs", 0, &job_list.operation},
    {"GET", "/v1/jobs/{}", 0, &job_get.operation},
    {"POST", "/v1/jobs/{}/cancel", 0, &job_cancel.operation},

    {"GET", "/v1/users", 0, &user_find.operation},
    {"POST", "/v1/roles", MAX_BODY, &role_create.operation},
    {"GET", "/v1/roles", 0, &role_list.operation},
    {"GET", "/v1/roles/{}", 0, &role_get.operation},
    {"PATCH", "/v1/roles/{}", MAX_BODY, &role_update.operation},
    {"DELETE", "/v1/roles/{}", 0, &role_delete.operation},

    {"POST", "/v1/organizations", MAX_BODY, &organization_create.operation},
    {"GET", "/v1/organizations", 0, &organization_list.operation},
    {"GET", ORGANIZATION, 0, &organization_get.operation},
    {"PATCH", ORGANIZATION, MAX_BODY, &organization_update.operation},
    {"DELETE", ORGANIZATION, 0, &organization_delete.operation},
    {"POST", ORGANIZATION "/restore", MAX_BODY, &organization_restore.operation},
    {"PUT", ORGANIZATION "/primary", MAX_BODY, &organization_set_primary.operation},
    {"POST", ORGANIZATION "/directories", MAX_BODY, &directory_create.operation},
    {"GET", ORGANIZATION "/directories", 0, &directory_list.operation},
    {"GET", ORGANIZATION "/snapshot", 0, &organization_snapshot.operation},
    {"GET", ORGANIZATION "/users", 0, &user_list.operation},
    {"GET", ORGANIZATION "/users/{}", 0, &user_get.operation},
    {"GET", ORGANIZATION "/users/{}/groups", 0, &user_list_groups.operation},
    {"GET", ORGANIZATION "/groups", 0, &group_list.operation},
    {"GET", ORGANIZATION "/groups/{}", 0, &group_get.operation},
    {"GET", ORGANIZATION "/groups/{}/members", 0, &group_list_members.operation},

    {"GET", DIRECTORY, 0, &directory_get.operation},
    {"PATCH", DIRECTORY, MAX_BODY, &directory_update.operation},
    {"DELETE", DIRECTORY, 0, &directory_delete.operation},
    {"GET", DIRECTORY "/users", 0, &directory_user_list.operation},
    {"GET", DIRECTORY "/users/{}", 0, &directory_user_get.operation},
    {"GET", DIRECTORY "/users/{}/groups", 0, &directory_user_list_groups.operation},
    {"GET", DIRECTORY "/role-mappings", 0, &role_mapping_get.operation},
    {"PUT", DIRECTORY "/role-mappings", ROLE_MAPPING_BODY, &role_mapping_replace.operation},
    {"GET", DIRECTORY "/groups", 0, &directory_group_list.operation},
    {"GET", DIRECTORY "/groups/{}", 0, &directory_group_get.operation},
    {"GET", DIRECTORY "/groups/{}/members", 0, &directory_group_list_members.operation},
    {"GET", DIRECTORY "/export", 0, &directory_export.operation},
    {"GET", DIRECTORY "/users/unmatched", 0, &user_list_unmatched.operation},
    {"GET", DIRECTORY "/vendor-users", 0, &vendor_user_list.operation},
    {"GET", DIRECTORY "/matching", 0, &vendor_user_count.operation},
    {"GET", DIRECTORY "/vendor-users/{}", 0, &vendor_user_get.operation},
    {"DELETE", DIRECTORY "/vendor-users/{}", 0, &vendor_user_delete.operation},
    {"PUT", DIRECTORY "/vendor-users/{}/link", MAX_BODY, &vendor_user_link.operation},
    {"DELETE", DIRECTORY "/vendor-users/{}/link", 0, &vendor_user_unlink.operation},
    {"POST", DIRECTORY "/vendor-users/import", MAX_IMPORT, &vendor_user_import.operation},
    {"GET", DIRECTORY "/vendor-users/imports/{}/problems", 0, &vendor_user_list_problems.operation},
    {"GET", DIRECTORY "/users/deactivated", 0, &user_list_deactivated.operation},
    {"POST", DIRECTORY "/users/deactivated/delete", MAX_BODY, &user_delete_deactivated.operation},
    {"GET", DIRECTORY "/retention", 0, &retention_get.operation},
    {"PUT", DIRECTORY "/retention", MAX_BODY, &retention_replace.operation},
    {"POST", DIRECTORY "/restore", 0, &directory_restore.operation},
    {"GET", DIRECTORY "/policy", 0, &policy_get.operation},
    {"PATCH", DIRECTORY "/policy", MAX_BODY, &policy_update.operation},
    {"PUT", DIRECTORY "/policy", MAX_BODY, &policy_replace.operation},
    {"GET", DIRECTORY "/catalog", 0, &catalog_get.operation},
    {"PUT", DIRECTORY "/catalog", SCIM_CATALOG_BYTES, &catalog_replace.operation},
    {"GET", DIRECTORY "/schemas", 0, &schema_list.operation},
    {"POST", DIRECTORY "/schemas", SCIM_CATALOG_BYTES, &schema_create.operation},
    {"GET", DIRECTORY "/schemas/{}", 0, &schema_get.operation},
    {"PUT", DIRECTORY "/schemas/{}", SCIM_CATALOG_BYTES, &schema_replace.operation},
    {"DELETE", DIRECTORY "/schemas/{}", 0, &schema_delete.operation},
    {"GET", DIRECTORY "/resource-types", 0, &resource_type_list.operation},
    {"POST", DIRECTORY "/resource-types", MAX_BODY, &resource_type_create.operation},
    {"GET", DIRECTORY "/resource-types/{}", 0, &resource_type_get.operation},
    {"PUT", DIRECTORY "/resource-types/{}", MAX_BODY, &resource_type_replace.operation},
    {"DELETE", DIRECTORY "/resource-types/{}", 0, &resource_type_delete.operation},
    {"GET", DIRECTORY "/undeclared-attributes", 0, &undeclared_attribute_list.operation},
    {"POST", DIRECTORY "/undeclared-attributes/declare", MAX_BODY, &undeclared_attribute_declare.operation},
    {"POST", DIRECTORY "/undeclared-attributes/dismiss", MAX_BODY, &undeclared_attribute_dismiss.operation},
    {"GET", DIRECTORY "/indexes", 0, &index_list.operation},
    {"POST", DIRECTORY "/indexes", MAX_BODY, &index_create.operation},
    {"GET", DIRECTORY "/indexes/{}", 0, &index_get.operation},
    {"DELETE", DIRECTORY "/indexes/{}", 0, &index_delete.operation},

    {"GET", DIRECTORY "/users/{}/history", 0, &user_history.operation},
    {"GET", DIRECTORY "/users/{}/history/{}", 0, &user_version.operation},
    {"GET", DIRECTORY "/users/{}/diff", 0, &user_diff.operation},
    {"GET", DIRECTORY "/guard", 0, &guard_get.operation},
    {"GET", DIRECTORY "/guard/users", 0, &guard_list_users.operation},
    {"POST", DIRECTORY "/guard/release", MAX_BODY, &guard_release.operation},
    {"POST", DIRECTORY "/guard/revert", MAX_BODY, &guard_revert.operation},
    {"POST", DIRECTORY "/rewind", MAX_BODY, &directory_rewind.operation},
    {"POST", DIRECTORY "/users/{}/restore", MAX_BODY, &user_restore.operation},
    {"GET", DIRECTORY "/groups/{}/history", 0, &group_history.operation},
    {"GET", DIRECTORY "/groups/{}/history/{}", 0, &group_version.operation},
    {"GET", DIRECTORY "/groups/{}/history/{}/members", 0, &group_version_members.operation},
    {"GET", DIRECTORY "/groups/{}/diff", 0, &group_diff.operation},
    {"POST", DIRECTORY "/groups/{}/restore", MAX_BODY, &group_restore.operation},
    {"POST", DIRECTORY "/tokens", MAX_BODY, &token_create.operation},
    {"GET", DIRECTORY "/tokens", 0, &token_list.operation},
    {"GET", DIRECTORY "/tokens/{}", 0, &token_get.operation},
    {"PATCH", DIRECTORY "/tokens/{}", MAX_BODY, &token_update.operation},
    {"DELETE", DIRECTORY "/tokens/{}", 0, &token_revoke.operation},
    {"POST", DIRECTORY "/tokens/rotate", MAX_BODY, &token_rotate.operation},
    {"GET", DIRECTORY "/requests", 0, &request_list.operation},
    {"GET", DIRECTORY "/requests/{}", 0, &request_get.operation},

    {"POST", ORGANIZATION "/setup-links", MAX_BODY, &setup_link_create.operation},
    {"GET", ORGANIZATION "/setup-links", 0, &setup_link_list.operation},
    {"GET", ORGANIZATION "/setup-links/{}", 0, &setup_link_get.operation},
    {"DELETE", ORGANIZATION "/setup-links/{}", 0, &setup_link_revoke.operation},
    {"POST", "/v1/setup/sessions", 0, &setup_session_create.operation},
    {"GET", "/v1/setup/session", 0, &setup_session_get.operation},
    {"DELETE", "/v1/setup/session", 0, &setup_session_end.operation},
    {"PATCH", "/v1/setup/organizations/{}", MAX_BODY, &setup_organization_update.operation},
    {"PATCH", "/v1/setup/directories/{}", MAX_BODY, &setup_directory_update.operation},
    {"POST", "/v1/setup/directories/{}/tokens", MAX_BODY, &setup_token_create.operation},
    {"POST", "/v1/setup/directories/{}/tokens/rotate", MAX_BODY, &setup_token_rotate.operation},
    {"GET", "/v1/setup/directories/{}/requests", 0, &setup_request_list.operation},
    {"GET", "/v1/setup/directories/{}/requests/{}", 0, &setup_request_get.operation},

    {"GET", "/v1/audit", 0, &audit_list.operation},
    {"GET", "/v1/audit/export", 0, &audit_export.operation},
    {"GET", "/v1/audit/verify", 0, &audit_check.operation},
    {"GET", "/v1/tokens", 0, &token_list_ending.operation},
};
const size_t admin_route_count = sizeof admin_routes / sizeof admin_routes[0];

const struct service *admin_service(const struct admin_settings *settings)
{
    static struct service service = {
        .name = "admin", .routes = admin_routes, .refuse = problem_refuse, .admit = access_admit};
    service.route_count = admin_route_count;
    service.context = (void *)(uintptr_t)settings;
    return &service;
}
