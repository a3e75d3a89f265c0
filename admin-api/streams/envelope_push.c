/* The push of a Security Event Token (RFC 8935): the token is the body. */
#include <stdio.h>
#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"
#include "envelope.h"
#include "event_keys.h"
#include "secret.h"
#include "stream.h"

enum { TOKEN_BYTES = 512, ERROR_BYTES = 256 };

struct opened {
    struct arena arena;
    struct stream stream;
    struct event_signers *signers;
    struct slice authorization; /* a header; data NULL: none */
};

static void close(void *context)
{
    struct opened *opened = context;
    if (opened->authorization.data)
        explicit_bzero((char *)(uintptr_t)opened->authorization.data, opened->authorization.len);
    event_signers_close(opened->signers);
    arena_fini(&opened->arena);
    free(opened);
}

static bool open_stream(const struct webhook_endpoint *endpoint, struct db *db, struct opened *opened, struct err *err)
{
    const struct db_value parameters[] = {db_id(&endpoint->environment.id), db_id(&endpoint->id)}, *row;
    if (!db_query_one(db, sql_stream_load, parameters, 2, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "The event stream is not there any more.");
    opened->stream = stream_of_row(row, &endpoint->environment, &opened->arena);
    return true;
}

static bool open_token(const struct webhook_endpoint *endpoint, const struct auth_peppers *peppers,
                       struct opened *opened, struct err *err)
{
    struct buf token;
    if (endpoint->secret.len == 0)
        return true;
    buf_init(&token, TOKEN_BYTES);
    bool good = webhook_secret_open(peppers, &endpoint->environment, &endpoint->id, endpoint->secret, &token);
    if (good)
        opened->authorization =
            slice_str(arena_printf(&opened->arena, "authorization: Bearer %.*s", (int)token.len, token.data));
    if (token.data)
        explicit_bzero(token.data, token.len);
    buf_fini(&token);
    return good || err_set(err, ERR_INTERNAL, "The stream's bearer token cannot be opened: its pepper is missing.");
}

static bool open(const struct webhook_endpoint *endpoint, const struct auth_peppers *peppers, struct db *db,
                 void **opened_out, struct err *err)
{
    struct opened *opened = calloc(1, sizeof *opened);
    must(opened);
    arena_init(&opened->arena);
    *opened_out = opened;
    if (open_stream(endpoint, db, opened, err) && open_token(endpoint, peppers, opened, err) &&
        event_signers_open(db, peppers, &endpoint->environment, opened->stream.algorithm, clock_wall_ms(),
                           &opened->signers, err))
        return true;
    close(opened);
    return false;
}

static bool wrap(void *context, const struct webhook_endpoint *endpoint, const struct feed_event *event, int64_t now_ms,
                 struct arena *arena, struct webhook_request *request, struct err *err)
{
    (void)endpoint;
    (void)err;
    const struct opened *opened = context;
    request->body = stream_takes(&opened->stream, &event->organization)
                        ? set_of_event(&opened->stream.set, event_signers_at(opened->signers, now_ms), event, arena)
                        : SLICE_EMPTY;
    request->is_unwanted = request->body.data == NULL;
    request->headers[0] = SLICE_LITERAL("content-type: application/secevent+jwt");
    request->headers[1] = SLICE_LITERAL("accept: application/json");
    request->header_count = 2;
    if (opened->authorization.data) {
        request->headers[2] = opened->authorization;
        request->header_count = request->secret_header = 3;
    }
    return true;
}

/* {"err", "description"} (RFC 8935 section 2.3). A token that is no valid request will never be one: it is given up,
 * and the next one sent. All else is about keys and credentials, which people mend. */
static enum webhook_verdict judge_refusal(const struct outbound_result *result, char error_out[ERROR_BYTES])
{
    json_scoped *told = json_loadb(result->body.data, result->body.len, 0, NULL);
    const char *code = json_string_value(json_object_get(told, "err"));
    const char *description = json_string_value(json_object_get(told, "description"));
    if (!code)
        return WEBHOOK_AGAIN;
    snprintf(error_out, ERROR_BYTES, "The receiver refused the token: %.60s%s%.150s", code, description ? ": " : "",
             description ? description : "");
    return strcmp(code, "invalid_request") == 0 ? WEBHOOK_NEVER : WEBHOOK_AGAIN;
}

static enum webhook_verdict judge(const struct outbound_result *result, char error_out[ERROR_BYTES])
{
    return result->status == 400 ? judge_refusal(result, error_out) : webhook_judge_status(result->status);
}

const struct webhook_envelope webhook_set_push_envelope = {.open = open, .close = close, .wrap = wrap, .judge = judge};
