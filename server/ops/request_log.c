/* What of a request goes into the request log. On the loop's thread: copies, and no more; the rest is done by whoever
 * writes them (store/request.h). */
#include "request_log.h"

#include <stdlib.h>

#include "auth/limit.h"
#include "base/must.h"
#include "ops/scim.h"
#include "scim/redact.h"
#include "store/request.h"

enum { BURST = 10, MOST_OPERATIONS = 4096 };

/* Of what proves nothing: enough to see that somebody has the wrong token, too few to fill a log with. */
enum { STRANGERS_BURST = 10, STRANGERS = 6, WINDOW_S = 60, ALL_STRANGERS = 600 };

/* What is kept of a kind of requests: so many of each directory, and so many in all. */
struct bounds {
    struct auth_limiter *each, *all; /* NULL: no limit */
};

struct request_log {
    struct bounds successes, failures;  /* apart, so that a flood of the one does not hide the other */
    struct auth_limiter *strangers;     /* by organization of the URL, */
    struct auth_limiter *all_strangers; /* and of all */
};

static const struct id all = {{0}};

static struct bounds bounds_new(uint64_t rate, uint64_t total)
{
    return (struct bounds){auth_limiter_new(auth_limit_of(rate, 1, rate * BURST)),
                           auth_limiter_new(auth_limit_of(total, 1, total))};
}

static void bounds_free(struct bounds *bounds)
{
    auth_limiter_free(bounds->each);
    auth_limiter_free(bounds->all);
}

struct request_log *request_log_new(uint64_t rate, uint64_t total)
{
    struct request_log *log = calloc(1, sizeof *log);
    must(log);
    log->successes = bounds_new(rate, total);
    log->failures = bounds_new(rate, total);
    log->strangers = auth_limiter_new(auth_limit_of(STRANGERS, WINDOW_S, STRANGERS_BURST));
    log->all_strangers = auth_limiter_new(auth_limit_of(ALL_STRANGERS, WINDOW_S, ALL_STRANGERS));
    return log;
}

void request_log_free(struct request_log *log)
{
    if (!log)
        return;
    bounds_free(&log->successes);
    bounds_free(&log->failures);
    auth_limiter_free(log->strangers);
    auth_limiter_free(log->all_strangers);
    free(log);
}

static bool is_granted(struct auth_limiter *limiter, const struct id *key, int64_t now_ms)
{
    return !limiter || auth_limiter_take(limiter, key, 1, now_ms).granted;
}

static bool is_within(const struct bounds *bounds, const struct id *directory, int64_t now_ms)
{
    return is_granted(bounds->each, directory, now_ms) && is_granted(bounds->all, &all, now_ms);
}

/* --- a record of it --- */

static int status_of(const struct op *op) { return op->reply.status ? op->reply.status : STORE_CLIENT_LEFT; }

static bool has_failed(const struct op *op) { return status_of(op) >= 400; }

/* [{"operation": …, "status": …, "count": …}, …], in the order in which they first came. */
static void add_operations(const struct op *op, struct buf *out)
{
    buf_add_char(out, '[');
    for (size_t i = 0; i < op->record_count; i++) {
        const struct op_record *record = &op->records[i];
        size_t before = 0, count = 0;
        for (size_t j = 0; j < op->record_count && before == 0; j++) {
            bool same = op->records[j].route == record->route && op->records[j].status == record->status;
            before = same && j < i;
            count += same;
        }
        if (before)
            continue;
        buf_printf(out, "%s{\"operation\":\"%s\",\"status\":%d,\"count\":%zu}", i ? "," : "",
                   record->route ? record->route->operation->name : "none", record->status, count);
    }
    buf_add_char(out, ']');
}

static struct store_request *copy(const struct op *op, bool bodies)
{
    struct slice request = bodies ? op->body : SLICE_EMPTY;
    struct slice response = bodies && !op->is_head ? buf_slice(&op->reply.body) : SLICE_EMPTY;
    struct buf operations;
    buf_init(&operations, MOST_OPERATIONS);
    if (bodies && op->record_count > 0)
        add_operations(op, &operations);
    if (operations.overflowed)
        buf_clear(&operations);
    struct slice texts[] = {op->method, op->path,       op->query,
                            op->peer,   op->user_agent, slice_str(op->err.detail),
                            request,    response,       buf_slice(&operations)};
    size_t bytes = 0;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        bytes += texts[i].len < STORE_REQUEST_BODY ? texts[i].len : STORE_REQUEST_BODY;
    struct store_request *record = store_request_new(bytes);
    struct slice *const into[] = {&record->method,  &record->path,       &record->query,
                                  &record->peer,    &record->user_agent, &record->detail,
                                  &record->request, &record->response,   &record->operations};
    static const size_t most[] = {36,
                                  STORE_REQUEST_URL,
                                  STORE_REQUEST_URL,
                                  64,
                                  STORE_REQUEST_TEXT,
                                  STORE_REQUEST_TEXT,
                                  STORE_REQUEST_BODY,
                                  STORE_REQUEST_BODY,
                                  STORE_REQUEST_BODY};
    for (size_t i = 0; i < sizeof into / sizeof into[0]; i++)
        *into[i] = store_request_text(record, texts[i], most[i]);
    record->request_bytes = request.len;
    record->response_bytes = response.len;
    buf_fini(&operations);
    return record;
}

/* What it creates has the fresh id, if it did. */
static struct resource_id resource_of(const struct op *op)
{
    return op->reply.status == 201 ? op->fresh_id : op->log_resource;
}

static struct store_request *record_of(const struct op *op, uint64_t duration_us, bool client_left, bool bodies)
{
    struct store_request *record = copy(op, bodies);
    record->id = op->operation_id.id;
    record->resource = resource_of(op);
    record->received_ms = op->now_ms;
    record->duration_us = duration_us;
    record->status = status_of(op);
    record->client_left = client_left;
    record->problem = op->err.kind;
    record->operation = op->operation ? op->operation->name : NULL;
    record->request_kind = op->operation && op->operation->searches ? SCIM_BODY_SEARCH : SCIM_BODY_REQUEST;
    return record;
}

/* --- of a directory --- */

static void log_proved(struct request_log *log, const struct op *op, uint64_t duration_us, bool client_left)
{
    const struct id *directory = &op->log_directory.id;
    bool kept = op->log_mode != SCIM_LOG_NONE;
    bool granted = kept && is_within(has_failed(op) ? &log->failures : &log->successes, directory, op->now_ms);
    struct store_ending ending = {.id = op->operation_id.id,
                                  .now_ms = op->now_ms,
                                  .outcome = store_outcome_of(status_of(op)),
                                  .status = status_of(op),
                                  .problem = op->err.kind,
                                  .operation = op->operation ? op->operation->name : NULL,
                                  .detail = op->err.detail,
                                  .skipped = kept && !granted};
    store_request_ended(op->log_directory, &ending);
    if (!granted)
        return;
    struct store_request *record = record_of(op, duration_us, client_left, op->log_mode >= SCIM_LOG_REDACTED);
    record->proved = true;
    record->directory = op->log_directory;
    record->organization = op->log_organization;
    record->token = op->log_credential;
    record->mode = (enum scim_request_log)op->log_mode;
    record->revision = op->log_revision;
    store_request_push(record);
}

/* --- of nobody, as far as is known --- */

/* "/orgs/org-…/…" */
static bool read_organization(struct slice path, struct organization_id *organization_out)
{
    static const struct slice front = SLICE_LITERAL("/orgs/");
    while (path.len > 1 && path.data[1] == '/')
        path = slice_skip(path, 1);
    if (!slice_starts_with(path, front))
        return false;
    path = slice_skip(path, front.len);
    const char *slash = path.len ? memchr(path.data, '/', path.len) : NULL;
    return id_from_prefixed(ID_PREFIX_ORGANIZATION, slice_of(path.data, slash ? (size_t)(slash - path.data) : path.len),
                            &organization_out->id);
}

/* Refused before, or because, nothing was proved. Without bodies: anybody could write them. */
static void log_claimed(struct request_log *log, const struct op *op, uint64_t duration_us, bool client_left)
{
    struct organization_id organization;
    if (!has_failed(op) || !read_organization(op->path, &organization) ||
        !is_granted(log->strangers, &organization.id, op->now_ms) || !is_granted(log->all_strangers, &all, op->now_ms))
        return;
    struct store_request *record = record_of(op, duration_us, client_left, false);
    struct auth_credential claimed;
    record->organization = organization;
    if (auth_credential_parse(op->authorization, AUTH_DIRECTORY_TOKEN, &claimed)) {
        record->directory = claimed.directory;
        record->token = claimed.id;
    }
    auth_credential_wipe(&claimed);
    store_request_push(record);
}

void request_log_ended(const struct op *op, uint64_t duration_us, bool client_left)
{
    const struct scim_service_settings *settings = op->service->context;
    if (!settings->log)
        return;
    if (id_is_zero(&op->log_directory.id))
        log_claimed(settings->log, op, duration_us, client_left);
    else
        log_proved(settings->log, op, duration_us, client_left);
}
