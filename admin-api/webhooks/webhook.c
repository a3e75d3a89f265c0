#include "webhook.h"

#include "access.h"
#include "admin_api_sql.h"
#include "auth/webhook.h"
#include "base/json.h"
#include "column.h"
#include "destination.h"
#include "problem.h"
#include "reply.h"
#include "secret.h"

/* Columns of webhook_find and webhook_list. */
enum column {
    ID,
    ENVIRONMENT,
    URL,
    LABEL,
    TYPES,
    SECRET,
    PREVIOUS_UNTIL,
    STATE,
    STATE_REASON,
    STATE_MS,
    CREATED,
    UPDATED,
    HEALTH
};

/* Columns of what an endpoint's health is made of. */
enum health_column {
    FAILING_SINCE,
    SUCCESS,
    FAILURE_MS,
    FAILURE,
    NEXT,
    EXPIRED_EVENTS,
    SCANNED,
    LAGGING, /* the least place of a lane */
    LAST,    /* of the feed */
    BEHIND_MS
};

const char *const webhook_state_names[] = {
    [ENDPOINT_ACTIVE] = "active", [ENDPOINT_PAUSED] = "paused", [ENDPOINT_DISABLED] = "disabled"};

/* --- showing --- */

static json_t *show_types(const struct db_value *column)
{
    if (column->kind == DB_NULL)
        return json_null();
    json_t *list = json_array();
    for (struct slice rest = column->bytes; rest.len > 0;) {
        const char *comma = memchr(rest.data, ',', rest.len);
        struct slice name = slice_of(rest.data, comma ? (size_t)(comma - rest.data) : rest.len);
        json_array_append_new(list, json_from_slice(name));
        rest = slice_skip(rest, comma ? name.len + 1 : name.len);
    }
    return list;
}

static json_t *show_column_time(const struct db_value *column)
{
    return column->kind == DB_NULL ? json_null() : show_time_or_null(column->integer);
}

/* Which kind of signature, and the public half of a key that has one; nulls when the secret cannot be opened, because
 * its pepper is gone. */
static void show_signature(struct call *call, const struct db_value *row, json_t *shown)
{
    struct environment_id environment;
    struct id id;
    struct auth_webhook_secret secret;
    struct buf text;
    char public_key[AUTH_WEBHOOK_TEXT_BYTES] = "";
    db_id_out(&row[ENVIRONMENT], &environment.id);
    db_id_out(&row[ID], &id);
    buf_init(&text, AUTH_WEBHOOK_TEXT_BYTES);
    bool opened = row[SECRET].kind != DB_NULL &&
                  webhook_secret_open(call->settings->peppers, &environment, &id, row[SECRET].bytes, &text) &&
                  auth_webhook_secret_parse(buf_slice(&text), &secret);
    bool has_public = opened && secret.scheme == AUTH_WEBHOOK_ED25519;
    if (has_public)
        auth_webhook_public_text(&secret, public_key);
    json_object_set_new(shown, "signature", opened ? json_string(has_public ? "v1a" : "v1") : json_null());
    json_object_set_new(shown, "public_key", has_public ? json_string(public_key) : json_null());
    if (opened)
        auth_webhook_secret_wipe(&secret);
    buf_fini(&text);
}

/* At most so many events are not there yet: numbers of the feed, which other endpoints' types share. */
static int64_t lag_of(const struct db_value *row)
{
    int64_t next = row[LAGGING].kind == DB_NULL ? row[SCANNED].integer : row[LAGGING].integer;
    int64_t lag = row[LAST].integer + 1 - next;
    return row[SCANNED].kind == DB_NULL || row[LAST].kind == DB_NULL || lag < 0 ? 0 : lag;
}

json_t *webhook_show_health(const struct call *call, const struct db_value *row, enum endpoint_state state)
{
    int64_t lag = lag_of(row), next_ms = row[NEXT].integer;
    bool waits = row[NEXT].kind != DB_NULL && next_ms > call->op->now_ms && state == ENDPOINT_ACTIVE;
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:I}", "failing_since", show_column_time(&row[FAILING_SINCE]),
                     "last_success_at", show_column_time(&row[SUCCESS]), "last_failure_at",
                     show_column_time(&row[FAILURE_MS]), "last_failure", show_text_or_null(row[FAILURE].bytes),
                     "next_attempt_at", waits ? show_time(next_ms) : json_null(), "lag", (json_int_t)lag,
                     "behind_since", lag > 0 ? show_column_time(&row[BEHIND_MS]) : json_null(), "expired_events",
                     (json_int_t)(row[EXPIRED_EVENTS].kind == DB_NULL ? 0 : row[EXPIRED_EVENTS].integer));
}

json_t *webhook_show(struct call *call, const struct db_value *row)
{
    json_t *shown =
        json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
                  column_show_id(ID_PREFIX_WEBHOOK, &row[ID]), "environment_id",
                  column_show_id(ID_PREFIX_ENVIRONMENT, &row[ENVIRONMENT]), "url", json_from_slice(row[URL].bytes),
                  "label", show_text_or_null(row[LABEL].bytes), "types", show_types(&row[TYPES]), "state",
                  webhook_state_names[row[STATE].integer], "state_reason", show_text_or_null(row[STATE_REASON].bytes),
                  "state_changed_at", show_time(row[STATE_MS].integer), "previous_secret_until",
                  show_column_time(&row[PREVIOUS_UNTIL]), "created_at", show_time(row[CREATED].integer), "updated_at",
                  show_time(row[UPDATED].integer), "health",
                  webhook_show_health(call, &row[HEALTH], (enum endpoint_state)row[STATE].integer));
    show_signature(call, row, shown);
    return shown;
}

/* --- loading --- */

static bool no_such_webhook(struct err *err) { return err_set(err, ERR_NOT_FOUND, "There is no such webhook."); }

static struct slice kept(struct call *call, const struct db_value *column)
{
    return column->kind == DB_NULL ? SLICE_EMPTY : arena_slice(call_arena(call), column->bytes);
}

static struct webhook webhook_of(struct call *call, const struct db_value *row)
{
    struct webhook webhook = {.url = kept(call, &row[URL]),
                              .label = kept(call, &row[LABEL]),
                              .types = kept(call, &row[TYPES]),
                              .secret = kept(call, &row[SECRET]),
                              .state_reason = kept(call, &row[STATE_REASON]),
                              .state = (enum endpoint_state)row[STATE].integer,
                              .state_ms = row[STATE_MS].integer};
    db_id_out(&row[ID], &webhook.id);
    db_id_out(&row[ENVIRONMENT], &webhook.environment.id);
    return webhook;
}

bool webhook_find(struct call *call, const struct id *id, const struct db_value **row_out, struct webhook *webhook_out,
                  struct err *err)
{
    const struct db_value parameters[] = {db_id(id)};
    if (!db_query_one(call->db, sql_webhook_find, parameters, 1, row_out, err))
        return false;
    if (!*row_out)
        return no_such_webhook(err);
    *webhook_out = webhook_of(call, *row_out);
    if (!access_sees(call, &webhook_out->environment))
        return no_such_webhook(err);
    call->audit.environment = webhook_out->environment;
    return true;
}

bool webhook_of_path(struct call *call, const struct db_value **row_out, struct webhook *webhook_out, struct err *err)
{
    struct id id;
    bool writes = ((const struct admin_operation *)call->op->operation)->writes;
    if (!id_from_prefixed(ID_PREFIX_WEBHOOK, call->op->parameters[0], &id))
        return no_such_webhook(err);
    if (!webhook_find(call, &id, row_out, webhook_out, err))
        return false;
    if (!writes && !call->locks)
        return true;
    /* read again behind the lock, which nobody gets who may not know of it */
    const struct db_value parameters[] = {db_id(&id)};
    return db_query_one(call->db, sql_webhook_lock, parameters, 1, row_out, err) &&
           webhook_find(call, &id, row_out, webhook_out, err);
}

bool webhook_url_of_body(struct call *call, struct slice *url_out, struct err *err)
{
    struct destination destination;
    if (!call_has(call, "url"))
        return true;
    const char *why = destination_prove(call->settings->outbound, call_text(call, "url", SLICE_EMPTY), call_arena(call),
                                        &destination);
    if (why)
        return problem_invalid(call->op, "#/url", why, err);
    *url_out = destination.url;
    return true;
}
