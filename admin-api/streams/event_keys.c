#include "event_keys.h"

#include <sodium.h>
#include <stdlib.h>

#include "access.h"
#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "base/must.h"
#include "orders.h"
#include "page.h"
#include "reply.h"

enum { MAX_SECRET = 4096, SIGN_AFTER_S = 600, KEEP_S = 86400, MOST_SIGN_AFTER_S = 86400, MOST_KEEP_S = 30 * 86400 };

static const char purpose[] = "event_key";
static const char *const algorithm_names[] = {[AUTH_ES256] = "ES256", [AUTH_RS256] = "RS256"};

const char *event_issuer(const char *admin_url, const struct environment_id *environment, struct arena *arena)
{
    char id[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_ENVIRONMENT, &environment->id, id);
    return arena_printf(arena, "%s/v1/environments/%s", admin_url, id);
}

/* --- secrets --- */

struct binding { /* what a secret is sealed to */
    struct id environment, key;
};

static struct slice bytes_of(const struct binding *binding) { return slice_of((const char *)binding, sizeof *binding); }

static bool insert(struct call *call, const struct environment_id *environment, enum auth_algorithm algorithm,
                   const struct id *id, int64_t signs_from_ms, struct err *err)
{
    struct auth_key_pair pair;
    const struct binding binding = {environment->id, *id};
    if (!auth_key_pair_make(algorithm, call_arena(call), &pair, err))
        return false;
    struct buf box;
    buf_init(&box, MAX_SECRET);
    auth_box_make(call->settings->peppers, purpose, bytes_of(&binding), pair.secret, &box);
    auth_key_pair_forget(&pair);
    struct db_value parameters[] = {
        db_id(id),
        db_id(&environment->id),
        db_integer(algorithm),
        db_bytes(pair.published),
        db_bytes(buf_slice(&box)),
        db_integer(call->op->now_ms),
        db_integer(signs_from_ms),
    };
    bool inserted = db_execute(call->db, sql_event_key_insert, parameters, 7, NULL, err);
    buf_fini(&box);
    return inserted;
}

bool event_key_need(struct call *call, const struct environment_id *environment, enum auth_algorithm algorithm,
                    struct err *err)
{
    const struct db_value parameters[] = {db_id(&environment->id), db_integer(algorithm), db_integer(call->op->now_ms)};
    const struct db_value *row;
    const struct id id = id_new();
    if (!db_query_one(call->db, sql_event_key_signing, parameters, 3, &row, err))
        return false;
    return row || insert(call, environment, algorithm, &id, call->op->now_ms, err);
}

/* --- signers --- */

enum { MOST_SIGNERS = 8 };

struct event_signers { /* newest first */
    struct {
        struct auth_signer *signer;
        int64_t from_ms;
    } list[MOST_SIGNERS];
    size_t count;
};

static struct auth_signer *open_signer(const struct auth_peppers *peppers, const struct environment_id *environment,
                                       enum auth_algorithm algorithm, const struct db_value *row, struct err *err)
{
    struct binding binding = {.environment = environment->id};
    struct auth_signer *signer = NULL;
    char kid[ID_PREFIXED_CHARS + 1];
    struct buf secret;
    db_id_out(&row[0], &binding.key);
    id_to_prefixed(ID_PREFIX_EVENT_KEY, &binding.key, kid);
    buf_init(&secret, MAX_SECRET);
    if (auth_box_open(peppers, purpose, bytes_of(&binding), row[1].bytes, &secret))
        signer = auth_signer_new(algorithm, buf_slice(&secret), kid, err);
    else
        err_set(err, ERR_INTERNAL, "The key that signs events cannot be opened: rotate it.");
    if (secret.data)
        sodium_memzero(secret.data, secret.len);
    buf_fini(&secret);
    return signer;
}

static bool open_all(struct db_rows *rows, const struct auth_peppers *peppers, const struct environment_id *environment,
                     enum auth_algorithm algorithm, struct event_signers *signers, struct err *err)
{
    const struct db_value *row;
    bool good = true;
    while ((row = db_next(rows)) && good) {
        struct auth_signer *signer = open_signer(peppers, environment, algorithm, row, err);
        good = signer != NULL;
        if (good) {
            signers->list[signers->count].signer = signer;
            signers->list[signers->count++].from_ms = row[2].integer;
        }
    }
    struct err ending = ERR_INIT;
    bool ended = db_rows_end(rows, good ? err : &ending);
    return good && ended && (signers->count > 0 || err_set(err, ERR_INTERNAL, "No key signs events: rotate it."));
}

bool event_signers_open(struct db *db, const struct auth_peppers *peppers, const struct environment_id *environment,
                        enum auth_algorithm algorithm, int64_t now_ms, struct event_signers **signers_out,
                        struct err *err)
{
    const struct db_value parameters[] = {db_id(&environment->id), db_integer(algorithm), db_integer(now_ms)};
    struct db_rows *rows = db_query(db, sql_event_key_signing, parameters, 3, err);
    *signers_out = NULL;
    if (!rows)
        return false;
    *signers_out = calloc(1, sizeof **signers_out);
    must(*signers_out);
    if (open_all(rows, peppers, environment, algorithm, *signers_out, err))
        return true;
    event_signers_close(*signers_out);
    *signers_out = NULL;
    return false;
}

void event_signers_close(struct event_signers *signers)
{
    for (size_t i = 0; signers && i < signers->count; i++)
        auth_signer_free(signers->list[i].signer);
    free(signers);
}

/* The newest whose time has come, else the first that will. */
const struct auth_signer *event_signers_at(const struct event_signers *signers, int64_t now_ms)
{
    size_t i = 0;
    while (i + 1 < signers->count && signers->list[i].from_ms > now_ms)
        i++;
    return signers->list[i].signer;
}

/* --- operations --- */

static json_t *show_key(struct call *call, const struct db_value *row)
{
    struct id id;
    int64_t until_ms = row[5].kind == DB_NULL ? 0 : row[5].integer;
    bool signs = row[4].integer <= call->op->now_ms && (!until_ms || until_ms > call->op->now_ms);
    db_id_out(&row[0], &id);
    return json_pack("{s:o, s:s, s:o, s:o, s:s, s:o, s:o}", "id", show_id(ID_PREFIX_EVENT_KEY, &id), "algorithm",
                     algorithm_names[row[1].integer], "public_key", json_from_slice(row[2].bytes), "created_at",
                     show_time(row[3].integer), "state",
                     until_ms ? "retiring"
                     : signs  ? "signing"
                              : "waiting",
                     "signs_from", show_time(row[4].integer), "published_until", show_time_or_null(until_ms));
}

static bool list(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct page page;
    if (!access_environment(call, &environment, err) || !page_read(call, &environment.id, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&environment.id)};
    return page_answer(call, &page, "event_keys", sql_event_key_list, parameters, 1, show_key, err);
}

static bool load(struct call *call, const struct environment_id *environment, const struct id *id,
                 const struct db_value **row_out, struct err *err)
{
    struct db_value parameters[] = {db_id(&environment->id), db_id(id)};
    if (!db_query_one(call->db, sql_event_key_load, parameters, 2, row_out, err))
        return false;
    return *row_out || err_set(err, ERR_NOT_FOUND, "There is no such event key.");
}

static bool get(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct id id;
    const struct db_value *row;
    if (!id_from_prefixed(ID_PREFIX_EVENT_KEY, call->op->parameters[0], &id))
        return err_set(err, ERR_NOT_FOUND, "There is no such event key.");
    const struct db_value parameter = db_id(&id);
    if (!db_query_one(call->db, sql_event_key_environment, &parameter, 1, &row, err))
        return false;
    if (row)
        db_id_out(&row[0], &environment.id);
    if (!row || !access_sees(call, &environment))
        return err_set(err, ERR_NOT_FOUND, "There is no such event key.");
    return load(call, &environment, &id, &row, err) && reply_json(call->op, 200, show_key(call, row));
}

static int64_t seconds_of(struct call *call, const char *name, int64_t otherwise)
{
    const json_t *value = call_member(call, name);
    return value ? json_integer_value(value) : otherwise;
}

struct rotation {
    const struct environment_id *environment;
    const struct id *id;
    enum auth_algorithm algorithm;
    int64_t signs_from_ms, until_ms;
};

/* The others stay published until whoever has a token of theirs has verified it; those that have not signed yet, and
 * would have begun behind the new one, are of no use. */
static bool retire_others(struct call *call, const struct rotation *rotation, struct err *err)
{
    const struct db_value environment = db_id(&rotation->environment->id), id = db_id(rotation->id),
                          algorithm = db_integer(rotation->algorithm);
    const struct db_value overtake[] = {environment, algorithm, db_integer(rotation->signs_from_ms), id};
    const struct db_value retire[] = {db_integer(rotation->until_ms), environment, algorithm, id};
    return db_execute(call->db, sql_event_key_overtake, overtake, 4, NULL, err) &&
           db_execute(call->db, sql_event_key_retire, retire, 4, NULL, err);
}

/* All that are published stand in the set that receivers read. Nothing is held, since making a key takes a while: two
 * that come together may be the last one both. */
static bool has_room(struct call *call, const struct environment_id *environment, struct err *err)
{
    enum { KEYS_MOST = 32 };
    const struct db_value forget[] = {db_id(&environment->id), db_integer(call->op->now_ms)}, *row;
    if (!db_execute(call->db, sql_event_key_forget, forget, 2, NULL, err) ||
        !db_query_one(call->db, sql_event_key_count, forget, 1, &row, err))
        return false;
    return row[0].integer < KEYS_MOST ||
           err_set(
               err, ERR_CONFLICT,
               "An environment publishes %d event keys at most: wait until one of them has ended (published_until).",
               KEYS_MOST);
}

/* Streams that are pushed have their keys open. */
static bool tell_dispatcher(struct call *call, const struct environment_id *environment, struct err *err)
{
    enum { MOST = 100 };
    struct id list[MOST];
    size_t count = 0;
    const struct db_value parameter = db_id(&environment->id), *row;
    struct db_rows *rows = db_query(call->db, sql_stream_endpoints, &parameter, 1, err);
    while (rows && (row = db_next(rows)))
        db_id_out(&row[0], &list[count++]);
    bool told = rows && db_rows_end(rows, err);
    for (size_t i = 0; told && i < count; i++)
        told = webhook_order_look(call->db, &list[i], err);
    return told;
}

static bool rotate(struct call *call, struct err *err)
{
    struct environment_id environment;
    const struct db_value *row;
    const struct id *id = &call->op->fresh_id.id;
    bool is_rs = slice_equals(call_text(call, "algorithm", SLICE_EMPTY), SLICE_LITERAL("RS256"));
    enum auth_algorithm algorithm = is_rs ? AUTH_RS256 : AUTH_ES256;
    int64_t signs_from_ms = call->op->now_ms + seconds_of(call, "sign_after_seconds", SIGN_AFTER_S) * 1000;
    int64_t until_ms = signs_from_ms + seconds_of(call, "keep_seconds", KEEP_S) * 1000;
    if (!access_environment(call, &environment, err) || !has_room(call, &environment, err))
        return false;
    call->audit.environment = environment;
    const struct rotation rotation = {&environment, id, algorithm, signs_from_ms, until_ms};
    if (!insert(call, &environment, algorithm, id, signs_from_ms, err) || !retire_others(call, &rotation, err) ||
        !tell_dispatcher(call, &environment, err))
        return false;
    if (!load(call, &environment, id, &row, err))
        return false;
    json_t *shown = show_key(call, row);
    audit_after(call, json_copy(shown));
    return reply_created(call->op, "/v1/event-keys", json_string_value(json_object_get(shown, "id")), shown);
}

/* --- published: for whoever verifies a token, who has no credential here --- */

static bool add_keys(struct db *db, const struct environment_id *environment, int64_t now_ms, json_t *keys,
                     struct err *err)
{
    struct db_value parameters[] = {db_id(&environment->id), db_integer(now_ms)};
    struct db_rows *rows = db_query(db, sql_event_key_published, parameters, 2, err);
    const struct db_value *row;
    while (rows && (row = db_next(rows))) {
        char kid[ID_PREFIXED_CHARS + 1];
        struct id id;
        db_id_out(&row[0], &id);
        id_to_prefixed(ID_PREFIX_EVENT_KEY, &id, kid);
        json_array_append_new(keys, auth_jwk_of_pem(row[2].bytes, (enum auth_algorithm)row[1].integer, kid));
    }
    return rows && db_rows_end(rows, err);
}

static bool answer_keys(struct op *op, struct db *db, struct err *err)
{
    struct environment_id environment;
    if (!id_from_prefixed(ID_PREFIX_ENVIRONMENT, op->parameters[0], &environment.id))
        return err_set(err, ERR_NOT_FOUND, "There are no keys of such an environment.");
    json_t *keys = json_array();
    json_scoped *set = json_pack("{s:o}", "keys", keys);
    if (!add_keys(db, &environment, op->now_ms, keys, err))
        return false;
    if (json_array_size(keys) == 0)
        return err_set(err, ERR_NOT_FOUND, "There are no keys of such an environment.");
    json_render(set, &op->reply.body);
    op->reply.status = 200;
    op->reply.content_type = "application/jwk-set+json";
    op_header(op, "cache-control", SLICE_LITERAL("public, max-age=300"));
    return true;
}

static bool publish(struct op *op, struct db *db, struct err *err)
{
    if (answer_keys(op, db, err))
        return true;
    op->err = *err;
    return db_failure(db) != DB_LOST;
}

/* --- fields --- */

const char *event_key_check_algorithm(const json_t *value, const struct field_context *context)
{
    (void)context;
    const char *text = json_string_value(value);
    return text && (strcmp(text, "ES256") == 0 || strcmp(text, "RS256") == 0) ? NULL : "must be \"ES256\" or \"RS256\"";
}

static const char *check_seconds(const json_t *value, json_int_t most, const struct field_context *context)
{
    json_int_t seconds = json_integer_value(value);
    if (json_is_integer(value) && seconds >= 0 && seconds <= most)
        return NULL;
    return arena_printf(context->arena, "must be a whole number of seconds, from 0 to %lld", (long long)most);
}

static const char *check_sign_after(const json_t *value, const struct field_context *context)
{
    return check_seconds(value, MOST_SIGN_AFTER_S, context);
}

static const char *check_keep(const json_t *value, const struct field_context *context)
{
    return check_seconds(value, MOST_KEEP_S, context);
}

static const struct admin_field rotate_fields[] = {
    {"algorithm", event_key_check_algorithm, 0},
    {"sign_after_seconds", check_sign_after, 0},
    {"keep_seconds", check_keep, 0},
};

const struct admin_operation event_key_list = {
    .operation = ADMIN_OPERATION("event_key.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = list,
};
const struct admin_operation event_key_get = {
    .operation = ADMIN_OPERATION("event_key.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation event_key_rotate = {
    .operation = ADMIN_OPERATION("event_key.rotate", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .body_optional = true,
    .queries = QUERY_BIT(QUERY_ENVIRONMENT),
    ADMIN_FIELDS(rotate_fields),
    .handle = rotate,
};
const struct admin_operation event_key_set = {
    .operation = {.name = "event_key.set", .lane = OP_QUERY, .run = publish},
};
