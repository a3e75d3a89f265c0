#include "policies.h"

#include "audit.h"
#include "base/json.h"
#include "catalogs.h"
#include "problem.h"
#include "reply.h"
#include "scim/policy_bind.h"
#include "store/rules.h"

enum { MAX_POLICY = 65000 }; /* the column is TEXT */

/* --- saving --- */

static const char *conflict_text(struct call *call, const struct store_key_conflict *conflict)
{
    char id[ID_UUID_CHARS + 1], other[ID_UUID_CHARS + 1];
    const char *kind = conflict->type == SCIM_TYPE_GROUP ? "group" : "user";
    id_to_uuid(&conflict->id.id, id);
    id_to_uuid(&conflict->other.id, other);
    if (conflict->why[0])
        return arena_printf(call_arena(call), "%s %s: %s", kind, id, conflict->why);
    return arena_printf(call_arena(call), "%s %s has the same as %s %s", kind, id, kind, other);
}

/* In the answer, one by one, as far as there is room. */
static void name_conflicts(struct call *call, const struct store_key_conflicts *conflicts, const char *pointer)
{
    struct field_errors *errors = &call_state(call->op)->errors;
    errors->count = 0;
    for (size_t i = 0; i < conflicts->count && i < STORE_KEY_CONFLICTS && i < FIELD_ERRORS_MAX; i++) {
        bool group = conflicts->list[i].type == SCIM_TYPE_GROUP;
        const char *member = group ? "unique_group_names" : "unique_identifier";
        errors->list[errors->count++] = (struct field_error){admin_pointer(pointer, member, call_arena(call)),
                                                             conflict_text(call, &conflicts->list[i])};
    }
}

bool policy_save(struct call *call, struct directory_id directory, struct slice policy, const char *pointer,
                 struct err *err)
{
    struct store_key_conflicts conflicts = {.count = 0};
    struct store_rules_change change = {.policy = policy, .now_ms = call->op->now_ms, .conflicts = &conflicts};
    if (store_rules_save(call->db, directory, &change, err))
        return true;
    if (err->kind == ERR_CONFLICT)
        name_conflicts(call, &conflicts, pointer);
    if (err->kind == ERR_INVALID_VALUE || err->kind == ERR_INVALID_SYNTAX) {
        const char *detail = arena_printf(call_arena(call), "%s", err->detail);
        return problem_invalid(call->op, pointer, detail, err);
    }
    return false;
}

/* --- what is wrong, exactly: each part is tried alone --- */

struct trial {
    struct call *call;
    const struct catalog_state *state;
    struct field_errors *errors;
};

static struct slice text_of(struct call *call, const json_t *policy)
{
    struct buf text;
    buf_init(&text, MAX_POLICY);
    json_render(policy, &text);
    struct slice copy = text.overflowed ? SLICE_EMPTY : arena_slice(call_arena(call), buf_slice(&text));
    buf_fini(&text);
    return copy;
}

/* NULL: nothing is wrong with a policy that has this alone. Takes the reference. */
static const char *try(const struct trial *trial, json_t *policy)
{
    struct scim_rules_source source = trial->state->source;
    struct err err = ERR_INIT;
    source.policy = text_of(trial->call, policy);
    json_decref(policy);
    struct scim_rules *rules = scim_rules_make(&source, &err);
    bool fine = rules && scim_policy_check_names(&rules->policy, &err);
    scim_rules_free(rules);
    return fine ? NULL : arena_printf(call_arena(trial->call), "%s", err.detail);
}

static void add(const struct trial *trial, const char *pointer, const char *why)
{
    if (why && trial->errors->count < FIELD_ERRORS_MAX)
        trial->errors->list[trial->errors->count++] = (struct field_error){pointer, why};
}

static void try_member(const struct trial *trial, const char *name, json_t *value)
{
    struct arena *arena = call_arena(trial->call);
    const char *pointer = admin_pointer("#", name, arena), *key;
    size_t before = trial->errors->count;
    json_t *part;
    for (size_t i = 0; i < json_array_size(value); i++)
        add(trial, arena_printf(arena, "%s/%zu", pointer, i),
            try(trial, json_pack("{s:[O]}", name, json_array_get(value, i))));
    json_object_foreach (value, key, part) {
        add(trial, admin_pointer(pointer, key, arena), try(trial, json_pack("{s:{s:O}}", name, key, part)));
    }
    if (trial->errors->count == before)
        add(trial, pointer, try(trial, json_pack("{s:O}", name, value)));
}

static bool check(struct call *call, const struct catalog_state *state, json_t *policy, struct err *err)
{
    struct trial trial = {call, state, &call_state(call->op)->errors};
    const char *why = try(&trial, json_incref(policy)), *name;
    json_t *value;
    if (!why)
        return true;
    trial.errors->count = 0;
    json_object_foreach (policy, name, value) {
        try_member(&trial, name, value);
    }
    if (trial.errors->count == 0)
        add(&trial, "#", why);
    return err_set(err, ERR_VALIDATION, "The policy has %zu value%s that cannot be accepted: see errors.",
                   trial.errors->count, trial.errors->count == 1 ? "" : "s");
}

/* --- the resource --- */

static json_t *stored_policy(const struct slice text)
{
    json_t *policy = text.len ? json_loadb(text.data, text.len, 0, NULL) : NULL;
    return policy ? policy : json_object();
}

static bool get(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    return catalog_load(call, &state, err) &&
           reply_json(call->op, 200,
                      json_pack("{s:o, s:o}", "policy", stored_policy(state.source.policy), "effective",
                                scim_policy_show(state.rules)));
}

static bool save(struct call *call, json_t *policy, struct catalog_state *state, struct err *err)
{
    struct slice text = text_of(call, policy);
    if (text.len == 0)
        return problem_invalid(call->op, "#", "the policy would be larger than 64 KiB", err);
    audit_before(call, stored_policy(state->source.policy));
    audit_after(call, json_incref(policy));
    return check(call, state, policy, err) && policy_save(call, state->directory.id, text, "#", err) && get(call, err);
}

/* RFC 7396: objects are merged, null takes away, anything else replaces. */
static void merge(json_t *target, const json_t *patch)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)patch, name, value) {
        json_t *old = json_object_get(target, name);
        if (json_is_null(value)) {
            json_object_del(target, name);
        } else if (json_is_object(value)) {
            if (!json_is_object(old))
                json_object_set_new(target, name, json_object());
            merge(json_object_get(target, name), value);
        } else {
            json_object_set(target, name, value);
        }
    }
}

/* The directory is locked from the beginning: what is merged is what is there. */
static bool load_locked(struct call *call, struct catalog_state *state, struct err *err)
{
    struct directory directory;
    *state = (struct catalog_state){.revision = 0};
    return directory_of_path(call, DIRECTORY_LOCKED, &directory, err) && catalog_load(call, state, err);
}

static bool update(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    if (!load_locked(call, &state, err))
        return false;
    json_scoped *policy = stored_policy(state.source.policy);
    merge(policy, call->body);
    return save(call, policy, &state, err);
}

static bool replace(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    return load_locked(call, &state, err) && save(call, call->body, &state, err);
}

/* The policy's own reader says what may stand there. */
static const char *pass(const json_t *value, const struct field_context *context)
{
    (void)value;
    (void)context;
    return NULL;
}

static const struct admin_field fields[] = {
    {"unknown_attributes", pass, 0},
    {"unique_identifier", pass, 0},
    {"unique_group_names", pass, 0},
    {"required_attributes", pass, 0},
    {"value_rules", pass, 0},
    {"domains", pass, 0},
    {"sensitive_attributes", pass, 0},
    {"self_service_attributes", pass, 0},
    {"if_match_required", pass, 0},
    {"strict", pass, 0},
    {"leniencies", pass, 0},
    {"request_log", pass, 0},
    {"guard", pass, 0},
};

const struct admin_operation policy_get = {
    .operation = ADMIN_OPERATION("policy.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation policy_update = {
    .operation = ADMIN_OPERATION("policy.update", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(fields),
    .handle = update,
};
const struct admin_operation policy_replace = {
    .operation = ADMIN_OPERATION("policy.replace", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(fields),
    .handle = replace,
};
