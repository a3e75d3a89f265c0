/* Records become rows: whose they are is looked up where it was not proved, their texts are redacted, and all go into
 * one transaction. On the writer's thread. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/must.h"
#include "health.h"
#include "obs/metrics.h"
#include "request_ring.h"
#include "rules_cache.h"
#include "store/rules.h"
#include "store_sql.h"

enum {
    COLUMNS = 15,
    BODY_COLUMNS = 9,
    PROVED = 1,
    LEFT = 2,
    REQUEST_CUT = 1,
    REQUEST_UNREADABLE = 2,
    REPLY_CUT = 4,
    REPLY_UNREADABLE = 8,
    DETAIL_BYTES = 600,
};

struct writing {
    struct db *db;
    struct arena arena;
    struct buf text;
    struct db_value *rows, *bodies;
    size_t row_count, body_count;
};

void store_problem_name(enum err_kind kind, char out[STORE_PROBLEM_BYTES])
{
    static const char *const names[] = {
        [ERR_NONE] = "ERR_",
#define ERR(kind_, status, scim_type, level, title) [kind_] = #kind_,
#include "base/err.def"
#undef ERR
    };
    const char *name = names[kind] + strlen("ERR_");
    size_t len = 0;
    for (; *name && len < STORE_PROBLEM_BYTES - 1; name++)
        out[len++] = (char)(*name == '_' ? '-' : *name + ('a' - 'A'));
    out[len] = '\0';
}

/* --- whose it is --- */

static bool look_up(struct db *db, const char *sql, const struct db_value *parameters, size_t count,
                    struct store_request *request, bool *found_out, struct err *err)
{
    const struct db_value *row;
    *found_out = false;
    if (!db_query_one(db, sql, parameters, count, &row, err))
        return false;
    if (!row)
        return true;
    *found_out = true;
    db_id_out(&row[0], &request->directory.id);
    request->revision = (uint32_t)row[1].integer;
    request->token = (struct id){{0}};
    if (row[2].kind != DB_NULL)
        db_id_out(&row[2], &request->token);
    return true;
}

/* Who sends a token that the directory once had is its identity provider, misconfigured: that is news of its health.
 * Who knows nothing but the URL may be anybody. */
static void note_claim(const struct store_request *request)
{
    char detail[256];
    if (request->proved || id_is_zero(&request->directory.id) || id_is_zero(&request->token))
        return;
    size_t len = request->detail.len < sizeof detail - 1 ? request->detail.len : sizeof detail - 1;
    if (len > 0)
        memcpy(detail, request->detail.data, len);
    detail[len] = '\0';
    struct store_ending ending = {.id = request->id,
                                  .now_ms = request->received_ms,
                                  .outcome = store_outcome_of(request->status),
                                  .status = request->status,
                                  .problem = request->problem,
                                  .operation = request->operation,
                                  .detail = detail};
    store_request_ended(request->directory, &ending);
}

/* *known_out false: of no directory that is there. */
static bool resolve(struct db *db, struct store_request *request, bool *known_out, struct err *err)
{
    const struct db_value claimed[] = {db_id(&request->token), db_id(&request->directory.id),
                                       db_id(&request->organization.id)};
    const struct db_value organization[] = {db_id(&request->organization.id)};
    *known_out = false;
    if (!id_is_zero(&request->directory.id) && !look_up(db, sql_request_claimed, claimed, 3, request, known_out, err))
        return false;
    if (!*known_out && !look_up(db, sql_request_primary, organization, 1, request, known_out, err))
        return false;
    if (!*known_out)
        request->directory = (struct directory_id){{{0}}};
    request->mode = SCIM_LOG_REDACTED;
    return true;
}

/* --- its texts --- */

static struct slice keep(struct writing *writing, size_t most)
{
    struct slice text = buf_slice(&writing->text);
    if (text.len > most)
        text.len = most;
    text = arena_slice(&writing->arena, text);
    buf_clear(&writing->text);
    return text;
}

static struct db_value plain_text(struct writing *writing, struct slice text)
{
    scim_redact_text(text, &writing->text);
    return db_bytes(keep(writing, STORE_REQUEST_TEXT));
}

static struct db_value id_or_null(const struct id *id) { return id_is_zero(id) ? db_null() : db_id(id); }

static void add_row(struct writing *writing, const struct store_request *request, const struct scim_redaction *how)
{
    struct db_value *row = &writing->rows[writing->row_count++ * COLUMNS];
    char *problem = arena_take(&writing->arena, STORE_PROBLEM_BYTES);
    store_problem_name(request->problem, problem);
    row[0] = db_id(&request->directory.id);
    row[1] = db_id(&request->id);
    row[2] = db_integer(request->received_ms);
    row[3] = db_integer((int64_t)request->duration_us);
    row[4] = db_integer(request->status);
    row[5] = db_integer((request->proved ? PROVED : 0) | (request->client_left ? LEFT : 0));
    row[6] = plain_text(writing, request->method);
    row[7] = db_bytes_or_null(slice_str(request->operation));
    scim_redact_target(request->path, request->query, how, &writing->text);
    row[8] = db_bytes(keep(writing, STORE_REQUEST_URL));
    row[9] = db_bytes_or_null(slice_str(problem));
    scim_redact_detail(request->detail, how, &writing->text);
    row[10] = db_bytes_or_null(keep(writing, DETAIL_BYTES));
    row[11] = id_or_null(&request->token);
    row[12] = id_or_null(&request->resource.id);
    row[13] = plain_text(writing, request->peer);
    row[14] = request->user_agent.len ? plain_text(writing, request->user_agent) : db_null();
}

/* `flags`: what is said of one that was cut, or cannot be read. */
static struct db_value body(struct writing *writing, struct slice text, size_t bytes, enum scim_body_kind kind,
                            const struct scim_redaction *how, const int flags[2], int *flags_out)
{
    if (text.len == 0)
        return db_null();
    bool cut = bytes > text.len;
    bool whole = scim_redact_body(text, kind, how, &writing->text);
    *flags_out |= cut ? flags[0] : whole ? 0 : flags[1];
    return db_bytes_or_null(keep(writing, SIZE_MAX));
}

static void add_body(struct writing *writing, const struct store_request *request, const struct scim_redaction *how)
{
    static const int of_request[] = {REQUEST_CUT, REQUEST_UNREADABLE}, of_reply[] = {REPLY_CUT, REPLY_UNREADABLE};
    if (request->mode < SCIM_LOG_REDACTED || (request->request_bytes == 0 && request->response_bytes == 0))
        return;
    int flags = 0;
    struct db_value *row = &writing->bodies[writing->body_count++ * BODY_COLUMNS];
    row[0] = db_id(&request->directory.id);
    row[1] = db_id(&request->id);
    row[2] = db_integer(request->mode);
    row[4] = body(writing, request->request, request->request_bytes, request->request_kind, how, of_request, &flags);
    row[5] = body(writing, request->response, request->response_bytes, SCIM_BODY_REPLY, how, of_reply, &flags);
    row[3] = db_integer(flags);
    row[6] = db_integer((int64_t)request->request_bytes);
    row[7] = db_integer((int64_t)request->response_bytes);
    row[8] = db_bytes_or_null(request->operations);
}

/* The rules that the request was admitted by are in memory as a rule. A directory whose rules cannot be read is shown
 * without values. */
static bool add(struct writing *writing, struct store_request *request, struct err *err)
{
    const struct scim_rules *rules;
    bool known = request->proved;
    if (!known && !resolve(writing->db, request, &known, err))
        return false;
    if (!known)
        return true;
    if (!rules_of_directory(writing->db, request->directory, request->revision, &rules, err))
        return false;
    struct scim_redaction how = {.shown = request->mode == SCIM_LOG_FULL ? SCIM_SHOW_VALUES : SCIM_SHOW_STRUCTURE};
    if (rules)
        how.sensitive = rules->policy.sensitive_attributes;
    if (request->proved || !rules || rules->policy.request_log != SCIM_LOG_NONE) {
        add_row(writing, request, &how);
        add_body(writing, request, &how);
    }
    store_rules_unref(rules);
    return true;
}

/* --- the transaction --- */

static bool insert(struct db *db, const char *sql, const struct db_value *values, size_t columns, size_t rows,
                   struct err *err)
{
    if (rows < 2)
        return rows == 0 || db_execute(db, sql, values, columns, NULL, err);
    return db_execute_bulk(db, sql, values, columns, rows, NULL, err);
}

static bool write_rows(const struct writing *writing, struct err *err)
{
    if (writing->row_count == 0)
        return true;
    bool good = db_begin(writing->db, err) &&
                insert(writing->db, sql_request_insert, writing->rows, COLUMNS, writing->row_count, err) &&
                insert(writing->db, sql_request_insert_body, writing->bodies, BODY_COLUMNS, writing->body_count, err) &&
                db_commit(writing->db, err);
    if (!good)
        db_rollback(writing->db);
    else
        metric_add(metric_series(METRIC_REQUEST_LOG, "written", NULL), (int64_t)writing->row_count);
    return good;
}

bool request_write(struct db *db, struct store_request *first, struct err *err)
{
    struct writing writing = {.db = db};
    size_t count = 0;
    for (const struct store_request *request = first; request; request = request->next)
        count++;
    arena_init(&writing.arena);
    buf_init(&writing.text, (size_t)STORE_REQUEST_BODY * (SCIM_REDACTED_GROWTH + 1));
    writing.rows = arena_array(&writing.arena, struct db_value, count * COLUMNS);
    writing.bodies = arena_array(&writing.arena, struct db_value, count * BODY_COLUMNS);
    bool good = true;
    for (struct store_request *request = first; request && good; request = request->next)
        good = add(&writing, request, err);
    good = good && write_rows(&writing, err);
    for (const struct store_request *request = first; request && good; request = request->next)
        note_claim(request);
    buf_fini(&writing.text);
    arena_fini(&writing.arena);
    return good;
}
