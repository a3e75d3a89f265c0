#include "idempotency.h"

#include <sodium.h>

#include "admin_api_sql.h"
#include "auth/seal.h"
#include "base/num.h"
#include "problem.h"
#include "reply.h"

enum { HASH_BYTES = 32, MOST_KEPT = 15 * 1024 * 1024 };

static const char purpose[] = "idempotency";

/* --- the key --- */

static bool malformed(struct err *err)
{
    return err_set(err, ERR_BAD_REQUEST,
                   "Idempotency-Key must be one string of 1 to %d printable ASCII characters, such as a UUID.",
                   IDEMPOTENCY_KEY_MAX);
}

static bool is_quoted(struct slice text)
{
    return text.len >= 2 && text.data[0] == '"' && text.data[text.len - 1] == '"';
}

bool idempotency_key_parse(struct slice header, struct arena *arena, struct slice *key_out, struct err *err)
{
    struct slice text = slice_trim(header);
    bool quoted = is_quoted(text);
    if (quoted)
        text = slice_of(text.data + 1, text.len - 2);
    char *key = arena_take(arena, text.len + 1);
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        bool escaped = quoted && c == '\\';
        if (escaped)
            c = ++i < text.len ? (unsigned char)text.data[i] : 0;
        bool special = c == '"' || c == '\\', blank = c == ' ' || c == ',';
        if (c < 0x20 || c > 0x7e || (special && !escaped) || (escaped && !special) || (blank && !quoted))
            return malformed(err);
        key[length++] = (char)c;
    }
    *key_out = slice_of(key, length);
    return (length > 0 && length <= IDEMPOTENCY_KEY_MAX) || malformed(err);
}

struct claim {
    uint8_t principal[ID_BYTES]; /* with key: what the sealed answer is bound to */
    uint8_t key[HASH_BYTES];
    uint8_t request[HASH_BYTES];
};

static void add_part(crypto_generichash_state *state, struct slice part)
{
    uint64_t length = part.len;
    crypto_generichash_update(state, (const uint8_t *)&length, sizeof length);
    crypto_generichash_update(state, (const uint8_t *)part.data, part.len);
}

static void hash_request(const struct op *op, uint8_t out[HASH_BYTES])
{
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, HASH_BYTES);
    add_part(&state, op->method);
    add_part(&state, op->path);
    add_part(&state, op->query);
    add_part(&state, op->body);
    crypto_generichash_final(&state, out, HASH_BYTES);
}

/* Once for a request, whose body may be a large table. NULL: refused. */
static const struct claim *claim_of(struct call *call, struct err *err)
{
    struct call_state *state = call_state(call->op);
    struct slice key;
    if (state->claim)
        return state->claim;
    if (!idempotency_key_parse(call->op->idempotency_key, call_arena(call), &key, err))
        return NULL;
    struct claim *claim = arena_new(call_arena(call), struct claim);
    memcpy(claim->principal, call->principal.key.id.bytes, ID_BYTES);
    crypto_generichash(claim->key, HASH_BYTES, (const uint8_t *)key.data, key.len, NULL, 0);
    hash_request(call->op, claim->request);
    state->claim = claim;
    return claim;
}

static struct slice bound_of(const struct claim *claim)
{
    return slice_of((const char *)claim->principal, sizeof claim->principal + sizeof claim->key);
}

static struct db_value principal_of(const struct claim *claim)
{
    return db_bytes(slice_of((const char *)claim->principal, ID_BYTES));
}

static struct db_value key_of(const struct claim *claim)
{
    return db_bytes(slice_of((const char *)claim->key, HASH_BYTES));
}

/* --- the answer as it is kept: hash of the request, status, "name: value" lines, an empty line, body --- */

static void write_reply(const struct op *op, const struct claim *claim, struct buf *out)
{
    const struct reply *reply = &op->reply;
    buf_add(out, slice_of((const char *)claim->request, HASH_BYTES));
    buf_printf(out, "%d\n", reply->status);
    if (reply->content_type)
        buf_printf(out, "content-type: %s\n", reply->content_type);
    for (size_t i = 0; i < reply->header_count; i++) {
        buf_printf(out, "%s: ", reply->headers[i].name);
        buf_add(out, reply->headers[i].value);
        buf_add_char(out, '\n');
    }
    buf_add_char(out, '\n');
    buf_add(out, buf_slice(&reply->body));
}

static struct slice take_line(struct slice *rest)
{
    const char *end = rest->len ? memchr(rest->data, '\n', rest->len) : NULL;
    struct slice line = slice_of(rest->data, end ? (size_t)(end - rest->data) : rest->len);
    *rest = slice_skip(*rest, end ? line.len + 1 : line.len);
    return line;
}

static void take_header(struct op *op, struct slice line)
{
    const char *colon = memmem(line.data, line.len, ": ", 2);
    if (!colon)
        return;
    const char *name = arena_copy(&op->arena, slice_of(line.data, (size_t)(colon - line.data)));
    struct slice value = slice_skip(line, (size_t)(colon - line.data) + 2);
    if (strcmp(name, "content-type") == 0)
        op->reply.content_type = arena_copy(&op->arena, value);
    else
        op_header(op, name, value);
}

static void read_reply(struct op *op, struct slice kept)
{
    struct slice rest = slice_skip(kept, HASH_BYTES), line;
    uint64_t status = 0;
    (void)!num_parse_uint(take_line(&rest), 100, 599, &status);
    op->reply.status = (int)status;
    while ((line = take_line(&rest)).len > 0)
        take_header(op, line);
    buf_add(&op->reply.body, rest);
    op_header(op, "idempotency-replayed", SLICE_LITERAL("true"));
}

/* --- in the transaction --- */

static bool replay(struct call *call, const struct claim *claim, struct slice sealed, struct err *err)
{
    struct buf kept;
    buf_init(&kept, MOST_KEPT);
    bool same = auth_box_open(call->settings->peppers, purpose, bound_of(claim), sealed, &kept) &&
                kept.len > HASH_BYTES && memcmp(kept.data, claim->request, HASH_BYTES) == 0;
    if (same)
        read_reply(call->op, buf_slice(&kept));
    sodium_memzero(kept.data, kept.len);
    buf_fini(&kept);
    return same || err_set(err, ERR_IDEMPOTENCY_KEY_REUSE,
                           "This Idempotency-Key was used for another request: take a new one for each.");
}

/* *row_out NULL: there is none. */
static bool find(struct call *call, const struct claim *claim, const struct db_value **row_out, struct err *err)
{
    struct db_value parameters[] = {principal_of(claim), key_of(claim)};
    if (db_query_one(call->db, sql_idempotency_find, parameters, 2, row_out, err))
        return true;
    if (db_failure(call->db) == DB_RETRY)
        err_set(err, ERR_IDEMPOTENCY_KEY_IN_USE,
                "A request with this Idempotency-Key is being answered: send it again in a moment.");
    return false;
}

/* Two may find nothing at the same time: the later one waits here until the first has ended. */
static bool take(struct call *call, const struct claim *claim, const struct db_value **row_out, struct err *err)
{
    struct db_value parameters[] = {principal_of(claim), key_of(claim), db_integer(call->op->now_ms)};
    if (!find(call, claim, row_out, err))
        return false;
    if (*row_out || db_execute(call->db, sql_idempotency_claim, parameters, 3, NULL, err))
        return true;
    return db_failure(call->db) == DB_DUPLICATE && find(call, claim, row_out, err);
}

static bool is_wanted(const struct call *call)
{
    return call->op->idempotency_key.data && strcmp(call->op->route->method, "POST") == 0;
}

bool idempotency_begin(struct call *call, bool *replayed_out, struct err *err)
{
    const struct db_value *row;
    *replayed_out = false;
    if (!is_wanted(call))
        return true;
    const struct claim *claim = claim_of(call, err);
    if (!claim || !take(call, claim, &row, err))
        return false;
    if (!row || row[0].integer <= call->op->now_ms - IDEMPOTENCY_MS)
        return true;
    *replayed_out = replay(call, claim, row[1].bytes, err);
    return *replayed_out;
}

bool idempotency_keep(struct call *call, struct err *err)
{
    struct buf text, sealed;
    if (!is_wanted(call))
        return true;
    const struct claim *claim = claim_of(call, err);
    if (!claim)
        return false;
    buf_init(&text, MOST_KEPT);
    buf_init(&sealed, MOST_KEPT);
    write_reply(call->op, claim, &text);
    auth_box_make(call->settings->peppers, purpose, bound_of(claim), buf_slice(&text), &sealed);
    struct db_value parameters[] = {db_bytes(buf_slice(&sealed)), db_integer(call->op->now_ms), principal_of(claim),
                                    key_of(claim)};
    bool kept = text.overflowed || sealed.overflowed
                    ? err_set(err, ERR_TOO_LARGE, "The answer is too large to be kept for an Idempotency-Key.")
                    : db_execute(call->db, sql_idempotency_keep, parameters, 4, NULL, err);
    sodium_memzero(text.data, text.len);
    buf_fini(&text);
    buf_fini(&sealed);
    return kept;
}

bool idempotency_purge(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err)
{
    struct db_value parameters[] = {db_integer(before_ms), db_integer((int64_t)most)};
    return db_execute(db, sql_idempotency_purge, parameters, 2, purged_out, err);
}
