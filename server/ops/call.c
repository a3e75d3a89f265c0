#include "call.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"
#include "door.h"
#include "scim/etag.h"
#include "scim/policy_bind.h"
#include "store/rules.h"
#include "store/store.h"

static void dispose(struct op *op)
{
    struct call *call = op->state;
    json_decref(call->body);
    store_rules_unref(call->rules);
    auth_credential_wipe(&call->credential);
}

/* Made for every request: by copying, which is several times cheaper than printf. */
static struct slice base_url(struct op *op)
{
    const struct slice parts[] = {op->origin, SLICE_LITERAL("/orgs/"), op->parameters[0], SLICE_LITERAL("/scim/v2")};
    size_t len = 0;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        len += parts[i].len;
    char *text = arena_take(&op->arena, len), *at = text;
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        memcpy(at, parts[i].data ? parts[i].data : "", parts[i].len);
        at += parts[i].len;
    }
    return slice_of(text, len);
}

/* Does the path name one of the directory's own types? */
static bool names_type(const struct op *op) { return op->operation->resource_type == SCIM_TYPE_OWN; }

static const struct scim_resource_type *find_type(const struct op *op, const struct scim_rules *rules)
{
    if (op->operation->resource_type == SCIM_TYPE_ROOT)
        return rules->root;
    return names_type(op) ? scim_rules_type_by_endpoint(rules, op->parameters[1])
                          : scim_rules_type(rules, op->operation->resource_type);
}

static void read_path(struct call *call)
{
    struct op *op = call->op;
    if (op->parameter_count > 0)
        call->organization_known = id_from_prefixed(ID_PREFIX_ORGANIZATION, op->parameters[0], &call->organization.id);
    size_t id_at = names_type(op) ? 2 : 1;
    if (op->parameter_count > id_at)
        call->id_good = id_from_uuid(op->parameters[id_at], false, &call->id.id);
    if (call->id_good)
        op->log_resource = call->id;
    call->base_url = base_url(op);
}

static void read_projection(struct call *call)
{
    call->projection = NULL;
    if (call->query_good && call->type)
        (void)!scim_projection_parse(call->query.attributes, call->query.excluded, call->type, &call->op->arena,
                                     &call->projection, &call->parameter_err);
}

static void read_parameters(struct call *call)
{
    struct op *op = call->op;
    if (op->operation->searches) {
        call->query_good = false; /* its parameters stand in the body */
        return;
    }
    call->query_good = scim_query_parse(op->query, &op->arena, &call->query, &call->parameter_err);
    read_projection(call);
}

/* What was made of the request under other rules is made anew: the built-in ones before admission, or those of an
 * earlier revision when a batch is run again. */
static void take_rules(struct call *call, const struct scim_rules *rules)
{
    if (call->rules == rules)
        return;
    const struct scim_resource_type *before = call->type;
    call->type = find_type(call->op, rules);
    call->patch = NULL;
    call->decision = NULL;
    call->sent = NULL;
    store_rules_ref(rules);
    store_rules_unref(call->rules);
    call->rules = rules;
    if (call->type != before)
        read_projection(call);
}

struct call *call_of(struct op *op)
{
    if (op->state)
        return op->state;
    struct call *call = arena_new(&op->arena, struct call);
    op->state = call;
    op->dispose = dispose;
    call->op = op;
    call->settings = op->service->context;
    call->rules = &scim_rules_default;
    call->type = find_type(op, call->rules);
    call->credential_sent = op->authorization.len > 0;
    call->credential_good = auth_credential_parse(op->authorization, AUTH_DIRECTORY_TOKEN, &call->credential);
    read_path(call);
    read_parameters(call);
    return call;
}

struct directory_id call_directory(const struct call *call) { return call->credential.directory; }

const struct scim_policy *call_policy(const struct call *call) { return &call->rules->policy; }

struct view_change call_change(const struct call *call)
{
    return (struct view_change){.operation = call->op->operation_id, .now_ms = call->op->now_ms, .ordinal = 0};
}

bool call_want_token(struct call *call, struct view *view)
{
    if (!call->credential_good)
        return true;
    struct token_id id = {call->credential.id};
    const struct view_token *token;
    bool known = view_want_token(view, call->credential.directory, id, &token);
    call->token = known ? token : NULL;
    return known;
}

/* Whatever is wrong with a credential, the answer is the same; only its absence shows (RFC 6750 section 3.1). */
static bool refuse_credential(struct call *call)
{
    door_failed(call);
    if (auth_form_of(call->op->authorization) == AUTH_FORM_MALFORMED)
        return err_set(&call->op->err, ERR_BAD_REQUEST, "The Authorization header is not Bearer and one token.");
    return err_set(&call->op->err, ERR_UNAUTHORIZED, "%s",
                   auth_form_of(call->op->authorization) == AUTH_FORM_TOKEN
                       ? "The bearer token is not valid for this URL."
                       : "A bearer token is needed: send Authorization: Bearer <token>.");
}

static bool verify(struct call *call, const struct view_token *token)
{
    bool proved = auth_credential_verify(call->settings->peppers, &call->credential, token ? token->hash : NULL,
                                         token ? token->pepper_version : 0);
    return proved && token && token->live && token->state != VIEW_DIRECTORY_DELETING && call->organization_known &&
           id_equals(&token->organization.id, &call->organization.id);
}

/* Own types take all of their scopes (auth/scope.h). */
static bool has_scope(const struct op *op, const struct view_token *token)
{
    unsigned wanted = op->operation->scope, has = token->scopes & wanted;
    return names_type(op) ? has == wanted : has || !wanted;
}

bool call_may_read(const struct call *call)
{
    unsigned users = SCOPE_USERS_READ, groups = SCOPE_GROUPS_READ, wanted = users | groups;
    if (call->type->code == SCIM_TYPE_USER)
        wanted = users;
    else if (call->type->code == SCIM_TYPE_GROUP)
        wanted = groups;
    return (call->token->scopes & wanted) == wanted;
}

bool call_admit_token(struct call *call, const struct view_token *token)
{
    struct op *op = call->op;
    if (!call->credential_good || !verify(call, token))
        return refuse_credential(call);
    call->token = token;
    op->log_organization = token->organization;
    op->log_directory = token->directory;
    op->log_credential = token->id.id;
    store_token_used(token, op->now_ms);
    if (!door_proved(call))
        return false;
    if (!token->rules)
        return err_set(&op->err, ERR_INTERNAL, "The rules of this directory cannot be read.");
    take_rules(call, token->rules);
    if (!has_scope(op, token))
        return err_set(&op->err, ERR_FORBIDDEN, "The token has not the scope for this.");
    if (token->has_user && op->operation->lane == OP_WRITE && !call->is_self)
        return err_set(&op->err, ERR_FORBIDDEN, "This token is of a user, who changes nothing but /Me.");
    if (names_type(op) && !call->type)
        return err_set(&op->err, ERR_NOT_FOUND, "There is nothing at this URL.");
    if (token->closed)
        return err_set(&op->err, ERR_UNAVAILABLE, "The rules of this directory are being changed, try again.");
    if (token->state == VIEW_DIRECTORY_PAUSED)
        return err_set(&op->err, ERR_UNAVAILABLE, "Provisioning of this directory is paused, try again later.");
    return call_check_media_types(call);
}

bool call_resolve_type(struct call *call)
{
    if (call->credential_good && call->token && call->token->rules)
        take_rules(call, call->token->rules);
    return call->type != NULL;
}

bool call_admit(struct call *call) { return call_admit_token(call, call->token); }

static struct slice next_item(struct slice *list)
{
    const char *comma = list->len ? memchr(list->data, ',', list->len) : NULL;
    size_t len = comma ? (size_t)(comma - list->data) : list->len;
    struct slice item = slice_trim(slice_of(list->data, len));
    *list = slice_skip(*list, comma ? len + 1 : len);
    return item;
}

static struct slice without_parameters(struct slice media_type)
{
    const char *semicolon = media_type.len ? memchr(media_type.data, ';', media_type.len) : NULL;
    return slice_trim(slice_of(media_type.data, semicolon ? (size_t)(semicolon - media_type.data) : media_type.len));
}

static bool is_type(struct slice type, const char *name) { return slice_equals_ascii_nocase(type, slice_str(name)); }

enum { ACCEPTS_NOTHING = 0, ACCEPTS_JSON = 1, ACCEPTS_SCIM = 2 };

static int accepted(struct slice accept)
{
    if (accept.len == 0)
        return ACCEPTS_SCIM;
    int found = ACCEPTS_NOTHING;
    while (accept.len > 0) {
        struct slice type = without_parameters(next_item(&accept));
        if (is_type(type, "*/*") || is_type(type, "application/*") || is_type(type, CALL_MEDIA_TYPE))
            found |= ACCEPTS_SCIM;
        else if (is_type(type, "application/json"))
            found |= ACCEPTS_JSON;
    }
    return found;
}

/* H-04 to H-07, and P-35: a JSON Patch is not a SCIM PATCH. */
bool call_check_media_types(struct call *call)
{
    struct op *op = call->op;
    struct slice sent = without_parameters(op->content_type);
    if (op->body.len > 0 && sent.len > 0 && !is_type(sent, CALL_MEDIA_TYPE) && !is_type(sent, "application/json"))
        return err_set(&op->err, ERR_MEDIA_TYPE, "The body must be application/scim+json or application/json.");
    if (accepted(op->accept) == ACCEPTS_NOTHING)
        return err_set(&op->err, ERR_NOT_ACCEPTABLE, "Only application/scim+json and application/json can be sent.");
    return true;
}

const char *call_media_type(const struct op *op)
{
    return accepted(op->accept) == ACCEPTS_JSON ? "application/json" : CALL_MEDIA_TYPE;
}

/* A group of 50,000 members is an object for each of them, each with a few members. */
static const struct json_limits *json_limits(const struct call *call)
{
    static const struct json_limits of_groups = {.depth = 32, .containers = 60000, .tokens = 600000, .number = 64};
    return call->type && call->type->code == SCIM_TYPE_GROUP ? &of_groups : &json_limits_default;
}

bool call_read_body(struct call *call)
{
    if (!call->body_read) {
        call->body_read = true;
        if (call->op->json)
            call->body = json_incref(call->op->json);
        else if (call->op->body.len == 0)
            err_set(&call->body_err, ERR_INVALID_SYNTAX, "The request needs a JSON object as its body.");
        else
            call->body = json_parse_object(call->op->body, json_limits(call), &call->body_err);
    }
    if (!call->body)
        call->op->err = call->body_err;
    return call->body != NULL;
}

bool call_read_search(struct call *call)
{
    if (!call->op->operation->searches || call->query_good || call->parameter_err.kind != ERR_NONE)
        return true;
    if (!call_read_body(call))
        return false;
    call->query_good = scim_search_parse(call->body, &call->op->arena, &call->query, &call->parameter_err);
    read_projection(call);
    return true;
}

void call_note_sent(struct call *call)
{
    struct arena *arena = &call->op->arena;
    if (!call->type->has_hidden || call->sent)
        return;
    size_t count;
    const struct scim_path *paths = call->patch ? scim_patch_paths(call->patch, arena, &count)
                                                : scim_resource_paths(call->body, call->type, arena, &count);
    call->sent = scim_projection_with_sent(call->projection, paths, count, arena);
}

bool call_not_found(struct call *call)
{
    return err_set(&call->op->err, ERR_NOT_FOUND, "There is no %s with this id.", call->type->name);
}

enum job_step call_refuse(struct call *call, const struct err *err)
{
    call->op->err = *err;
    return JOB_DONE;
}

bool call_shows_refs(const struct call *call)
{
    bool is_group = call->type->code == SCIM_TYPE_GROUP;
    return scim_projection_shows(call->projection, is_group ? SLICE_LITERAL("members") : SLICE_LITERAL("groups"));
}

struct scim_served call_served(const struct call *call, const struct call_shown *shown)
{
    const struct view_resource *row = shown->row;
    return (struct scim_served){
        .type = call->type,
        .id = row->id,
        .stored = row->stored,
        .version = row->version,
        .created_ms = row->created_ms,
        .modified_ms = row->modified_ms,
        .manager_known = row->manager_known || shown->manager,
        .manager_id = row->manager_id,
        .manager_display = shown->manager ? shown->manager->display : row->manager_display,
        .refs = shown->refs.list,
        .ref_count = shown->refs.count,
        .refs_shown = call_shows_refs(call),
    };
}

bool call_want_groups(struct call *call, struct view *view, struct resource_id user, struct view_refs *refs_out)
{
    bool nests_groups = call->token && call->token->nests_groups;
    return view_want_all_groups(view, call_directory(call), nests_groups, user, refs_out);
}

bool call_want_manager(struct call *call, struct view *view, const struct view_resource *row,
                       const struct view_resource **manager_out)
{
    *manager_out = NULL;
    if (!row || !row->has_manager)
        return true;
    return view_want_resource(view, call_directory(call), SCIM_TYPE_USER, row->manager_id, VIEW_NARROW, manager_out);
}

static bool is_read(const struct op *op) { return slice_equals(op->method, SLICE_LITERAL("GET")) || op->is_head; }

/* At the root a name can be a sensitive attribute of one type and a harmless one of another. */
static bool is_sensitive(const struct call *call, const struct scim_filter *filter)
{
    const struct scim_resource_type *root = call->type;
    bool sensitive = scim_filter_is_sensitive(filter, call_policy(call));
    for (size_t i = 0; root->types && i < root->type_count && !sensitive; i++) {
        struct scim_filter *own;
        struct err ignored = ERR_INIT;
        sensitive = scim_filter_parse(call->query.filter, root->types[i], call_policy(call), &call->op->arena, &own,
                                      &ignored) &&
                    scim_filter_is_sensitive(own, call_policy(call));
    }
    return sensitive;
}

bool call_parse_filter(struct call *call, struct scim_filter **filter_out)
{
    struct op *op = call->op;
    if (scim_filter_parse(call->query.filter, call->type, call_policy(call), &op->arena, filter_out, &op->err))
        return !is_read(op) || !is_sensitive(call, *filter_out) ||
               err_set(&op->err, ERR_SENSITIVE,
                       "The filter looks at data that may not stand in a URL: send it to .search in a POST.");
    if (op->err.kind == ERR_SENSITIVE && !is_read(op))
        op->err.kind = ERR_INVALID_FILTER;
    return false;
}

bool call_preconditions(struct call *call, const struct scim_served *served)
{
    struct op *op = call->op;
    if (op->if_match.len == 0 && !is_read(op) && call_policy(call)->if_match_required)
        return err_set(&op->err, ERR_PRECONDITION_REQUIRED, "Changes in this directory need an If-Match header.");
    if (op->if_match.len == 0 && op->if_none_match.len == 0)
        return true;
    char tag[SCIM_ETAG_BYTES];
    scim_document_etag(served, tag);
    enum scim_condition match, none_match;
    if (!scim_etag_check(op->if_match, tag, &match, &op->err) ||
        !scim_etag_check(op->if_none_match, tag, &none_match, &op->err))
        return false;
    if (match == SCIM_CONDITION_FAILED)
        return err_set(&op->err, ERR_PRECONDITION, "The resource has changed: its version is %s.", tag);
    if (none_match != SCIM_CONDITION_MET)
        return true;
    if (!is_read(op))
        return err_set(&op->err, ERR_PRECONDITION, "The resource exists: its version is %s.", tag);
    op->reply.status = 304;
    op_header(op, "etag", slice_str(tag));
    op_header(op, "cache-control", SLICE_LITERAL("no-cache, private"));
    return false;
}

json_t *call_representation(const struct call *call, const struct scim_served *served)
{
    struct buf text;
    buf_init(&text, call->settings->max_reply);
    scim_document_serve(served, call->base_url, &text);
    json_t *resource = json_loadb(text.data, text.len, 0, NULL);
    must(resource); /* our own text */
    buf_fini(&text);
    return resource;
}

void call_render(const struct call *call, const struct scim_served *served, struct buf *out)
{
    bool plain = !call->projection || scim_projection_is_plain(call->projection);
    if (plain && !served->type->has_hidden) {
        scim_document_serve(served, call->base_url, out);
        return;
    }
    json_scoped *resource = call_representation(call, served);
    scim_projection_apply(call->sent ? call->sent : call->projection, served->type, resource);
    json_render(resource, out);
}

void call_reply_body(struct call *call, int status)
{
    struct op *op = call->op;
    if (op->reply.body.overflowed) {
        err_set(&op->err, ERR_TOO_MANY,
                "The answer would be larger than %zu bytes: ask for fewer resources or attributes.",
                call->settings->max_reply);
        return;
    }
    op->reply.status = status;
    op->reply.content_type = call_media_type(op);
    op_header(op, "cache-control", SLICE_LITERAL("no-cache, private"));
}

static void add_tag(struct call *call, const struct scim_served *served)
{
    char tag[SCIM_ETAG_BYTES];
    scim_document_etag(served, tag);
    op_header(call->op, "etag", slice_str(tag));
}

void call_reply_resource(struct call *call, int status, const struct scim_served *served)
{
    struct op *op = call->op;
    call_render(call, served, &op->reply.body);
    call_reply_body(call, status);
    if (op->err.kind != ERR_NONE)
        return;
    char uuid[ID_UUID_CHARS + 1];
    id_to_uuid(&served->id.id, uuid);
    struct slice location = slice_str(arena_printf(&op->arena, "%.*s%s/%s", (int)call->base_url.len,
                                                   call->base_url.data, served->type->endpoint, uuid));
    add_tag(call, served);
    op_header(op, "location", location);
    op_header(op, "content-location", location);
}

void call_reply_no_content(struct call *call, const struct scim_served *served)
{
    call->op->reply.status = 204;
    add_tag(call, served);
}
