/* The SCIM service: its routes, and how it refuses. */
#include "door.h"
#include "request_log.h"
#include "scim/message.h"
#include "use_cases.h"

#define BASE "/orgs/{}/scim/v2"

#define READS(id, label, type_code, scope_bit, step_function)                                                          \
    static const struct operation id = {                                                                               \
        .name = (label), .lane = OP_READ, .scope = (scope_bit), .resource_type = (type_code), .step = (step_function)}
#define WRITES(id, label, type_code, scope_bit, step_function)                                                         \
    static const struct operation id = {.name = (label),                                                               \
                                        .lane = OP_WRITE,                                                              \
                                        .scope = (scope_bit),                                                          \
                                        .resource_type = (type_code),                                                  \
                                        .step = (step_function)}

#define LISTS(id, label, type_code, scope_bit)                                                                         \
    static const struct operation id = {.name = (label),                                                               \
                                        .lane = OP_READ,                                                               \
                                        .scope = (scope_bit),                                                          \
                                        .resource_type = (type_code),                                                  \
                                        .step = scim_find,                                                             \
                                        .run = scim_list}
LISTS(list_users, "user.list", SCIM_TYPE_USER, SCOPE_USERS_READ);
LISTS(list_groups, "group.list", SCIM_TYPE_GROUP, SCOPE_GROUPS_READ);
#define SEARCHES(id, label, type_code, scope_bit)                                                                      \
    static const struct operation id = {.name = (label),                                                               \
                                        .lane = OP_READ,                                                               \
                                        .scope = (scope_bit),                                                          \
                                        .resource_type = (type_code),                                                  \
                                        .searches = true,                                                              \
                                        .step = scim_find,                                                             \
                                        .run = scim_list}
SEARCHES(search_users, "user.search", SCIM_TYPE_USER, SCOPE_USERS_READ);
SEARCHES(search_groups, "group.search", SCIM_TYPE_GROUP, SCOPE_GROUPS_READ);
SEARCHES(search_all, "root.search", SCIM_TYPE_ROOT, SCOPE_USERS_READ | SCOPE_GROUPS_READ);
/* one of the scopes */
LISTS(list_all, "root.list", SCIM_TYPE_ROOT, SCOPE_USERS_READ | SCOPE_GROUPS_READ);
static const struct operation get_group = {.name = "group.get",
                                           .lane = OP_READ,
                                           .scope = SCOPE_GROUPS_READ,
                                           .resource_type = SCIM_TYPE_GROUP,
                                           .step = scim_get_group,
                                           .run = scim_get_group_whole};
READS(get_user, "user.get", SCIM_TYPE_USER, SCOPE_USERS_READ, scim_get_user);
WRITES(create_user, "user.create", SCIM_TYPE_USER, SCOPE_USERS_WRITE, scim_create);
WRITES(replace_user, "user.replace", SCIM_TYPE_USER, SCOPE_USERS_WRITE, scim_replace);
WRITES(patch_user, "user.patch", SCIM_TYPE_USER, SCOPE_USERS_WRITE, scim_change);
WRITES(delete_user, "user.delete", SCIM_TYPE_USER, SCOPE_USERS_WRITE, scim_delete);
WRITES(create_group, "group.create", SCIM_TYPE_GROUP, SCOPE_GROUPS_WRITE, scim_create);
WRITES(replace_group, "group.replace", SCIM_TYPE_GROUP, SCOPE_GROUPS_WRITE, scim_replace);
WRITES(patch_group, "group.patch", SCIM_TYPE_GROUP, SCOPE_GROUPS_WRITE, scim_change);
WRITES(delete_group, "group.delete", SCIM_TYPE_GROUP, SCOPE_GROUPS_WRITE, scim_delete);
#define READ_OWN  (SCOPE_USERS_READ | SCOPE_GROUPS_READ)
#define WRITE_OWN SCOPE_DIRECTORY_ALL
LISTS(list_own, "resource.list", SCIM_TYPE_OWN, READ_OWN);
static const struct operation refuse_method = {.name = "resource.refuse",
                                               .lane = OP_READ,
                                               .scope = READ_OWN,
                                               .resource_type = SCIM_TYPE_OWN,
                                               .refuses_method = true,
                                               .step = scim_refuse_method};
SEARCHES(search_own, "resource.search", SCIM_TYPE_OWN, READ_OWN);
READS(get_own, "resource.get", SCIM_TYPE_OWN, READ_OWN, scim_get_own);
WRITES(create_own, "resource.create", SCIM_TYPE_OWN, WRITE_OWN, scim_create);
WRITES(replace_own, "resource.replace", SCIM_TYPE_OWN, WRITE_OWN, scim_replace_own);
WRITES(patch_own, "resource.patch", SCIM_TYPE_OWN, WRITE_OWN, scim_change_own);
WRITES(delete_own, "resource.delete", SCIM_TYPE_OWN, WRITE_OWN, scim_delete_own);
READS(get_me, "me.get", SCIM_TYPE_USER, SCOPE_USERS_READ, scim_get_me);
WRITES(replace_me, "me.replace", SCIM_TYPE_USER, SCOPE_USERS_WRITE, scim_replace_me);
WRITES(patch_me, "me.patch", SCIM_TYPE_USER, SCOPE_USERS_WRITE, scim_change_me);
WRITES(delete_me, "me.delete", SCIM_TYPE_USER, SCOPE_USERS_WRITE, scim_delete_me);
READS(show_config, "config.show", 0, 0, scim_show_config);
READS(show_types, "types.list", 0, 0, scim_show_types);
READS(show_type, "types.get", 0, 0, scim_show_type);
READS(show_schemas, "schemas.list", 0, 0, scim_show_schemas);
READS(show_schema, "schemas.get", 0, 0, scim_show_schema);
static const struct operation not_implemented = {
    .name = "not_implemented", .lane = OP_INLINE, .answer = scim_not_implemented};

static const struct operation bulk = {.name = "bulk", .lane = OP_QUERY, .start = scim_bulk};

static struct route routes[] = {
    /* the limits of /Bulk and of groups are settings */
    {"GET", BASE "/Users", 0, &list_users},
    {"POST", BASE "/Users", 0, &create_user},
    {"GET", BASE "/Users/{}", 0, &get_user},
    {"PUT", BASE "/Users/{}", 0, &replace_user},
    {"PATCH", BASE "/Users/{}", 0, &patch_user},
    {"DELETE", BASE "/Users/{}", 0, &delete_user},
    {"GET", BASE "/Groups", 0, &list_groups},
    {"POST", BASE "/Groups", 0, &create_group},
    {"GET", BASE "/Groups/{}", 0, &get_group},
    {"PUT", BASE "/Groups/{}", 0, &replace_group},
    {"PATCH", BASE "/Groups/{}", 0, &patch_group},
    {"DELETE", BASE "/Groups/{}", 0, &delete_group},
    {"GET", BASE "/ServiceProviderConfig", 0, &show_config},
    {"GET", BASE "/ResourceTypes", 0, &show_types},
    {"GET", BASE "/ResourceTypes/{}", 0, &show_type},
    {"GET", BASE "/Schemas", 0, &show_schemas},
    {"GET", BASE "/Schemas/{}", 0, &show_schema},
    {"GET", BASE "/Me", 0, &get_me},
    {"POST", BASE "/Me", 0, &not_implemented},
    {"PUT", BASE "/Me", 0, &replace_me},
    {"PATCH", BASE "/Me", 0, &patch_me},
    {"DELETE", BASE "/Me", 0, &delete_me},
    {"POST", BASE "/Bulk", 0, &bulk},
    {"GET", BASE, 0, &list_all},
    {"POST", BASE "/.search", 0, &search_all},
    {"POST", BASE "/Users/.search", 0, &search_users},
    {"POST", BASE "/Groups/.search", 0, &search_groups},

    /* The directory's own types. Every route above comes before these, whatever the method: literal segments win. */
    {"GET", BASE "/{}", 0, &list_own},
    {"POST", BASE "/{}", 0, &create_own},
    {"PUT", BASE "/{}", 0, &refuse_method},
    {"PATCH", BASE "/{}", 0, &refuse_method},
    {"DELETE", BASE "/{}", 0, &refuse_method},
    {"POST", BASE "/{}/.search", 0, &search_own},
    {"GET", BASE "/{}/{}", 0, &get_own},
    {"PUT", BASE "/{}/{}", 0, &replace_own},
    {"PATCH", BASE "/{}/{}", 0, &patch_own},
    {"DELETE", BASE "/{}/{}", 0, &delete_own},
    {"POST", BASE "/{}/{}", 0, &refuse_method},
};

/* The process's own ops run by the same routes, and are refused in the same words. No listener serves it. */
static struct scim_service_settings inner_settings = {
    .default_page = 100,
    .max_page = 1000,
    .max_scan = 1000000,
    .max_reply = (size_t)100 << 20,
    .max_body = (size_t)1 << 20,
};
const struct operation scim_inner_members = {
    .name = "group.members", .lane = OP_WRITE, .resource_type = SCIM_TYPE_GROUP, .step = scim_change_members};
const struct service scim_inner_service = {
    .name = "inside",
    .routes = routes,
    .route_count = sizeof(routes) / sizeof(routes[0]),
    .refuse = scim_refuse,
    .context = &inner_settings,
};

/* …/scim/v9/… : the version, not the endpoint, is unknown (H-19). */
static bool names_other_version(struct slice path)
{
    const char *end = path.data + path.len;
    const char *scim = path.len ? memmem(path.data, path.len, "/scim/v", 7) : NULL;
    if (!scim || scim + 7 == end || scim[7] < '0' || scim[7] > '9')
        return false;
    const char *digits = scim + 7, *at = digits;
    while (at < end && ((*at >= '0' && *at <= '9') || *at == '.'))
        at++;
    return (at == end || *at == '/') && !(at - digits == 1 && *digits == '2');
}

/* RFC 6750 section 3.1: whoever sent nothing of ours is told how to come, not what was wrong. */
static struct slice challenge(const struct op *op)
{
    if (op->err.kind == ERR_FORBIDDEN)
        return SLICE_LITERAL("Bearer realm=\"scim\", error=\"insufficient_scope\"");
    if (op->err.kind == ERR_BAD_REQUEST)
        return SLICE_LITERAL("Bearer realm=\"scim\", error=\"invalid_request\"");
    if (auth_form_of(op->authorization) == AUTH_FORM_TOKEN)
        return SLICE_LITERAL("Bearer realm=\"scim\", error=\"invalid_token\"");
    return SLICE_LITERAL("Bearer realm=\"scim\"");
}

static bool is_malformed(const struct op *op)
{
    return op->err.kind == ERR_BAD_REQUEST && auth_form_of(op->authorization) == AUTH_FORM_MALFORMED;
}

static void add_headers(struct op *op)
{
    enum err_kind kind = op->err.kind;
    bool lacks_scope = kind == ERR_FORBIDDEN && op->operation && op->operation->scope;
    if (kind == ERR_UNAUTHORIZED || lacks_scope || is_malformed(op))
        op_header(op, "www-authenticate", challenge(op));
    door_add_headers(op);
    if (kind == ERR_METHOD && op->operation && op->operation->refuses_method)
        op_header(op, "allow",
                  op->parameter_count > 2 ? SLICE_LITERAL("GET, HEAD, PUT, PATCH, DELETE, OPTIONS")
                                          : SLICE_LITERAL("GET, HEAD, POST, OPTIONS"));
    if (kind == ERR_MEDIA_TYPE)
        op_header(op, "accept", SLICE_LITERAL("application/scim+json, application/json"));
}

static bool ends_with(struct slice text, struct slice end)
{
    return text.len >= end.len && slice_equals(slice_skip(text, text.len - end.len), end);
}

/* By the HTTP room, which knows the number alone: the client knows it by its name (B-14). */
static void name_payload_limit(struct op *op)
{
    const struct scim_service_settings *settings = op->service->context;
    bool is_bulk = ends_with(op->path, SLICE_LITERAL("/Bulk")) || ends_with(op->path, SLICE_LITERAL("/Bulk/"));
    if (op->err.kind == ERR_TOO_LARGE && is_bulk && !op->state)
        err_set(&op->err, ERR_TOO_LARGE, "The request is larger than maxPayloadSize, which is %zu bytes.",
                settings->bulk_max_payload);
}

void scim_refuse(struct op *op)
{
    name_payload_limit(op);
    if (op->err.kind == ERR_NOT_FOUND && !op->route && names_other_version(op->path))
        err_set(&op->err, ERR_INVALID_VERS, "This version of the protocol is not supported: use /scim/v2.");
    scim_message_error(op->err.kind, slice_str(op->err.detail), &op->reply.body);
    op->reply.status = err_status(op->err.kind);
    op->reply.content_type = call_media_type(op);
    add_headers(op);
}

/* 0: as the listener says. */
static size_t body_limit(const struct operation *operation, const struct scim_service_settings *settings)
{
    if (operation == &bulk)
        return settings->bulk_max_payload;
    bool writes_group = operation->resource_type == SCIM_TYPE_GROUP && operation->lane == OP_WRITE;
    return writes_group && settings->group_max_body > settings->max_body ? settings->group_max_body : 0;
}

const struct service *scim_service(const struct scim_service_settings *settings)
{
    static struct service service = {
        .name = "scim",
        .routes = routes,
        .route_count = sizeof(routes) / sizeof(routes[0]),
        .refuse = scim_refuse,
        .admit = door_admit,
        .ended = request_log_ended,
        .lenient_slashes = true,
    };
    service.context = (void *)(uintptr_t)settings;
    for (size_t i = 0; i < service.route_count; i++)
        routes[i].body_limit = body_limit(routes[i].operation, settings);
    return &service;
}
