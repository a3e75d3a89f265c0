/* Webhooks: made, changed and ended by the vendor. */
#include "webhooks.h"

#include "access.h"
#include "admin_api_sql.h"
#include "audit.h"
#include "auth/webhook.h"
#include "base/json.h"
#include "feed.h"
#include "orders.h"
#include "page.h"
#include "problem.h"
#include "reply.h"
#include "secret.h"
#include "webhook.h"

enum { TYPES_BYTES = 4000, BOX_BYTES = 512, OVERLAP_SECONDS = 86400 };

/* --- what bodies may hold --- */

static const char *field_signature(const json_t *value, const struct field_context *context)
{
    const char *text = json_string_value(value);
    (void)context;
    return text && (strcmp(text, "v1") == 0 || strcmp(text, "v1a") == 0)
               ? NULL
               : "must be \"v1\" (HMAC-SHA256) or \"v1a\" (ed25519)";
}

/* ["user.*", "group.created"] as it is kept, with commas, in the arena; data NULL: not an array of such. */
static struct slice joined_types(const json_t *list, struct arena *arena)
{
    struct buf text;
    const json_t *name;
    size_t i;
    bool good = json_is_array(list);
    buf_init(&text, TYPES_BYTES);
    json_array_foreach (list, i, name) {
        good = good && json_is_string(name) && !memchr(json_string_value(name), ',', json_string_length(name));
        if (good && i > 0)
            buf_add_char(&text, ',');
        if (good)
            buf_add(&text, json_slice(name));
    }
    struct slice joined =
        good && !text.overflowed && text.len > 0 ? slice_str(arena_copy(arena, buf_slice(&text))) : SLICE_EMPTY;
    buf_fini(&text);
    return joined;
}

static const char *field_types(const json_t *value, const struct field_context *context)
{
    uint64_t types;
    struct err err = ERR_INIT;
    struct slice joined = joined_types(value, context->arena);
    if (!joined.data)
        return "must be an array of at least one type of event, such as \"user.created\" or \"user.*\"; null is all";
    return feed_types_parse(joined, &types, &err) ? NULL : arena_printf(context->arena, "%s", err.detail);
}

static struct slice types_of_body(struct call *call, struct slice otherwise)
{
    if (!call_has(call, "types"))
        return otherwise;
    const json_t *types = call_member(call, "types");
    return json_is_null(types) ? SLICE_EMPTY : joined_types(types, call_arena(call));
}

static enum endpoint_state state_of_body(const struct call *call, enum endpoint_state otherwise)
{
    struct slice state = call_text(call, "state", SLICE_EMPTY);
    if (!state.len)
        return otherwise;
    return slice_equals(state, SLICE_LITERAL("paused")) ? ENDPOINT_PAUSED : ENDPOINT_ACTIVE;
}

/* --- secrets --- */

struct fresh_secret {
    enum auth_webhook_scheme scheme;
    char text[AUTH_WEBHOOK_TEXT_BYTES]; /* shown once */
    struct slice box;                   /* in the arena */
};

static struct fresh_secret make_secret(struct call *call, const struct environment_id *environment,
                                       const struct id *webhook, enum auth_webhook_scheme scheme)
{
    struct fresh_secret fresh = {.scheme = scheme};
    struct auth_webhook_secret secret;
    struct buf box;
    auth_webhook_secret_make(scheme, &secret);
    auth_webhook_secret_text(&secret, fresh.text);
    auth_webhook_secret_wipe(&secret);
    buf_init(&box, BOX_BYTES);
    webhook_secret_seal(call->settings->peppers, environment, webhook, slice_str(fresh.text), &box);
    fresh.box = arena_slice(call_arena(call), buf_slice(&box));
    buf_fini(&box);
    return fresh;
}

static enum auth_webhook_scheme scheme_of_body(const struct call *call, enum auth_webhook_scheme otherwise)
{
    struct slice signature = call_text(call, "signature", SLICE_EMPTY);
    if (!signature.len)
        return otherwise;
    return slice_equals(signature, SLICE_LITERAL("v1a")) ? AUTH_WEBHOOK_ED25519 : AUTH_WEBHOOK_HMAC;
}

/* With the secret of a HMAC, without which nobody can verify. Of an ed25519 key the public half is there at all times,
 * and the other one is ours. */
static json_t *show_with_secret(json_t *shown, const struct fresh_secret *fresh)
{
    bool is_shared = fresh->scheme == AUTH_WEBHOOK_HMAC;
    json_object_set_new(shown, "secret", is_shared ? json_string(fresh->text) : json_null());
    return shown;
}

/* --- operations --- */

/* The environment's row is held, so that two requests cannot both be the last one. */
static bool has_room(struct call *call, const struct environment_id *environment, struct err *err)
{
    const struct db_value parameters[] = {db_id(&environment->id)}, *row;
    if (!db_query_one(call->db, sql_environment_lock, parameters, 1, &row, err) ||
        !db_query_one(call->db, sql_webhook_count, parameters, 1, &row, err))
        return false;
    return row[0].integer < WEBHOOKS_MOST ||
           err_set(err, ERR_CONFLICT, "An environment has %d webhooks at most: delete one first.", WEBHOOKS_MOST);
}

static bool insert(struct call *call, const struct environment_id *environment, struct slice url, struct slice secret,
                   struct err *err)
{
    const struct id *id = &call->op->fresh_id.id;
    struct db_value now = db_integer(call->op->now_ms);
    const struct db_value parameters[] = {
        db_id(id),
        db_id(&environment->id),
        db_bytes(url),
        db_bytes_or_null(call_text(call, "label", SLICE_EMPTY)),
        db_bytes_or_null(types_of_body(call, SLICE_EMPTY)),
        db_bytes(secret),
        db_integer(state_of_body(call, ENDPOINT_ACTIVE)),
        now,
        now,
        now,
    };
    return db_execute(call->db, sql_webhook_insert, parameters, 10, NULL, err) &&
           webhook_order_begin(call->db, environment, id, err);
}

static bool create(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct webhook webhook;
    struct slice url = SLICE_EMPTY;
    const struct db_value *row;
    const struct id *id = &call->op->fresh_id.id;
    if (!access_environment(call, &environment, err) || !webhook_url_of_body(call, &url, err) ||
        !has_room(call, &environment, err))
        return false;
    struct fresh_secret fresh = make_secret(call, &environment, id, scheme_of_body(call, AUTH_WEBHOOK_HMAC));
    if (!insert(call, &environment, url, fresh.box, err) || !webhook_find(call, id, &row, &webhook, err))
        return false;
    json_t *shown = webhook_show(call, row);
    audit_after(call, json_copy(shown));
    return reply_created(call->op, "/v1/webhooks", json_string_value(json_object_get(shown, "id")),
                         show_with_secret(shown, &fresh));
}

static bool list(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct page page;
    if (!access_environment(call, &environment, err) || !page_read(call, &environment.id, &page, err))
        return false;
    const struct db_value parameters[] = {db_id(&environment.id)};
    return page_answer(call, &page, "webhooks", sql_webhook_list, parameters, 1, webhook_show, err);
}

static bool get(struct call *call, struct err *err)
{
    struct webhook webhook;
    const struct db_value *row;
    return webhook_of_path(call, &row, &webhook, err) && reply_json(call->op, 200, webhook_show(call, row));
}

static bool write_changes(struct call *call, const struct webhook *webhook, struct slice url, struct err *err)
{
    enum endpoint_state state = state_of_body(call, webhook->state);
    bool stays = state == webhook->state;
    struct slice reason = stays ? webhook->state_reason : SLICE_EMPTY;
    const struct db_value parameters[] = {
        db_bytes(url),
        db_bytes_or_null(call_text(call, "label", webhook->label)),
        db_bytes_or_null(types_of_body(call, webhook->types)),
        db_integer(state),
        db_bytes_or_null(reason),
        db_integer(stays ? webhook->state_ms : call->op->now_ms),
        db_integer(call->op->now_ms),
        db_id(&webhook->id),
    };
    return db_execute(call->db, sql_webhook_update, parameters, 8, NULL, err) &&
           webhook_order_look(call->db, &webhook->id, err);
}

static bool update(struct call *call, struct err *err)
{
    struct webhook webhook;
    struct slice url = SLICE_EMPTY;
    const struct db_value *row;
    if (!webhook_url_of_body(call, &url, err) || !webhook_of_path(call, &row, &webhook, err))
        return false;
    audit_before(call, webhook_show(call, row));
    if (!write_changes(call, &webhook, url.data ? url : webhook.url, err) ||
        !webhook_find(call, &webhook.id, &row, &webhook, err))
        return false;
    audit_after(call, webhook_show(call, row));
    return reply_json(call->op, 200, webhook_show(call, row));
}

static bool delete (struct call *call, struct err *err)
{
    struct webhook webhook;
    const struct db_value *row;
    if (!webhook_of_path(call, &row, &webhook, err))
        return false;
    audit_before(call, webhook_show(call, row));
    const struct db_value parameters[] = {db_id(&webhook.id)};
    return webhook_order_end(call->db, &webhook.id, err) &&
           db_execute(call->db, sql_webhook_delete, parameters, 1, NULL, err) && reply_empty(call->op);
}

bool webhooks_delete_all(struct db *db, const struct environment_id *environment, struct err *err)
{
    const struct db_value parameters[] = {db_id(&environment->id)};
    return db_execute(db, sql_webhook_delete_all_lanes, parameters, 1, NULL, err) &&
           db_execute(db, sql_webhook_delete_all_progress, parameters, 1, NULL, err) &&
           db_execute(db, sql_webhook_delete_all, parameters, 1, NULL, err);
}

/* A secret that was still an earlier one's successor signs no more: two at most do. */
static bool rotate(struct call *call, struct err *err)
{
    struct webhook webhook;
    const struct db_value *row;
    if (!webhook_of_path(call, &row, &webhook, err))
        return false;
    json_scoped *before = webhook_show(call, row);
    audit_before(call, json_copy(before));
    bool was_v1a = json_is_string(json_object_get(before, "public_key"));
    json_t *overlap = call_member(call, "overlap_seconds");
    int64_t overlap_s = overlap ? json_integer_value(overlap) : OVERLAP_SECONDS, now_ms = call->op->now_ms;
    struct fresh_secret fresh = make_secret(call, &webhook.environment, &webhook.id,
                                            scheme_of_body(call, was_v1a ? AUTH_WEBHOOK_ED25519 : AUTH_WEBHOOK_HMAC));
    const struct db_value parameters[] = {
        overlap_s ? db_bytes_or_null(webhook.secret) : db_null(),
        overlap_s ? db_integer(now_ms + overlap_s * 1000) : db_null(),
        db_bytes(fresh.box),
        db_integer(now_ms),
        db_id(&webhook.id),
    };
    call->audit.detail = json_pack("{s:O, s:I}", "id", json_object_get(before, "id"), "overlap_seconds", overlap_s);
    if (!db_execute(call->db, sql_webhook_rotate, parameters, 5, NULL, err) ||
        !webhook_order_look(call->db, &webhook.id, err) || !webhook_find(call, &webhook.id, &row, &webhook, err))
        return false;
    audit_after(call, webhook_show(call, row));
    return reply_json(call->op, 200, show_with_secret(webhook_show(call, row), &fresh));
}

bool webhook_secrets_purge(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err)
{
    const struct db_value parameters[] = {db_integer(before_ms), db_integer((int64_t)most)};
    return db_execute(db, sql_webhook_drop_replaced_secrets, parameters, 2, purged_out, err);
}

static const struct admin_field create_fields[] = {
    {"url", field_url, FIELD_REQUIRED},     {"label", field_name, FIELD_NULLABLE},
    {"types", field_types, FIELD_NULLABLE}, {"state", field_state, 0},
    {"signature", field_signature, 0},      {"environment_id", field_environment_id, 0},
};
static const struct admin_field update_fields[] = {
    {"url", field_url, 0},
    {"label", field_name, FIELD_NULLABLE},
    {"types", field_types, FIELD_NULLABLE},
    {"state", field_state, 0},
};
static const struct admin_field rotate_fields[] = {
    {"overlap_seconds", field_overlap_seconds, 0},
    {"signature", field_signature, 0},
};

const struct admin_operation webhook_create = {
    .operation = ADMIN_OPERATION("webhook.create", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(create_fields),
    .tag = {.secret = "secret"},
    .handle = create,
};
const struct admin_operation webhook_list = {
    .operation = ADMIN_OPERATION("webhook.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = list,
};
const struct admin_operation webhook_get = {
    .operation = ADMIN_OPERATION("webhook.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation webhook_update = {
    .operation = ADMIN_OPERATION("webhook.update", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(update_fields),
    .handle = update,
};
const struct admin_operation webhook_delete = {
    .operation = ADMIN_OPERATION("webhook.delete", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .handle = delete,
};
const struct admin_operation webhook_rotate_secret = {
    .operation = ADMIN_OPERATION("webhook.rotate_secret", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .body_optional = true,
    ADMIN_FIELDS(rotate_fields),
    .tag = {.secret = "secret"},
    .handle = rotate,
};
