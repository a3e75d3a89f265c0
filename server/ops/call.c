#include "call.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"
#include "door.h"
#include "scim/etag.h"
#include "scim/policy_bind.h"
#include "store/query.h"
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

void call_read_projection(struct call *call)
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
    call_read_projection(call);
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
        call_read_projection(call);
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

void call_let_inside(struct call *call, struct directory_id directory, struct insider *insider)
{
    call->insider = insider;
    call->credential = (struct auth_credential){.directory = directory};
    call->credential_good = true;
}

struct directory_id call_directory(const struct call *call) { return call->credential.directory; }

const struct scim_policy *call_policy(const struct call *call) { return &call->rules->policy; }

struct view_change call_change(const struct call *call)
{
    struct view_change change = {.operation = call->op->operation_id, .now_ms = call->op->now_ms};
    change.actor = call->insider ? call->insider->actor : call->token->id.id;
    change.cause = call->insider ? call->insider->cause : VIEW_CAUSE_SCIM;
    change.is_put = !call->insider && slice_equals(call->op->method, SLICE_LITERAL("PUT"));
    if (call->insider)
        change.past = call->insider->past;
    return change;
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
    return proved && token && !token->is_inside && token->live && token->state != VIEW_DIRECTORY_DELETING &&
           call->organization_known && id_equals(&token->organization.id, &call->organization.id);
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

static bool admit_bearer(struct call *call, const struct view_token *token)
{
    struct op *op = call->op;
    if (!call->credential_good || !verify(call, token))
        return refuse_credential(call);
    call->token = token;
    op->log_organization = token->organization;
    op->log_directory = token->directory;
    op->log_credential = token->id.id;
    op->log_mode = (uint8_t)(token->rules ? token->rules->policy.request_log : SCIM_LOG_REDACTED);
    op->log_revision = token->revision;
    store_token_used(token, op->now_ms);
    return door_proved(call);
}

static bool admit_insider(struct call *call, const struct view_token *token)
{
    must(token && token->is_inside && id_equals(&token->directory.id, &call->credential.directory.id));
    call->token = token;
    return true;
}

bool call_admit_token(struct call *call, const struct view_token *token)
{
    struct op *op = call->op;
    if (!(call->insider ? admit_insider(call, token) : admit_bearer(call, token)))
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
    if (token->state == VIEW_DIRECTORY_PAUSED && !call->insider)
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

bool call_admit_loading(struct call *call, struct db *db, bool *good_out, struct err *err)
{
    struct view_token *token = arena_new(&call->op->arena, struct view_token);
    bool found = false;
    *good_out = !call->credential_good || store_token_load(db, call->credential.directory,
                                                           (struct token_id){call->credential.id}, token, &found, err);
    if (!*good_out)
        return false;
    bool admitted = call_admit_token(call, found ? token : NULL);
    store_rules_unref(token->rules); /* the call has a reference of its own */
    return admitted;
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
        return !call_reads(op) || !is_sensitive(call, *filter_out) ||
               err_set(&op->err, ERR_SENSITIVE,
                       "The filter looks at data that may not stand in a URL: send it to .search in a POST.");
    if (op->err.kind == ERR_SENSITIVE && !call_reads(op))
        op->err.kind = ERR_INVALID_FILTER;
    return false;
}
