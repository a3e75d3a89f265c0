/* Standard Webhooks 1.0.0: the event as it stands in the feed, and three headers. */
#include <stdio.h>
#include <stdlib.h>

#include "auth/webhook.h"
#include "base/must.h"
#include "envelope.h"
#include "secret.h"

enum { SIGNATURES_BYTES = 1024 };

struct opened {
    struct auth_webhook_secret secrets[2]; /* the one of now, the one before */
    size_t count;
};

static bool open_secret(const struct webhook_endpoint *endpoint, const struct auth_peppers *peppers, struct slice box,
                        struct auth_webhook_secret *secret_out)
{
    struct buf text;
    buf_init(&text, AUTH_WEBHOOK_TEXT_BYTES);
    bool good = webhook_secret_open(peppers, &endpoint->environment, &endpoint->id, box, &text) && !text.overflowed &&
                auth_webhook_secret_parse(buf_slice(&text), secret_out);
    buf_fini(&text);
    return good;
}

static void close(void *context)
{
    struct opened *opened = context;
    for (size_t i = 0; i < opened->count; i++)
        auth_webhook_secret_wipe(&opened->secrets[i]);
    free(opened);
}

static bool open(const struct webhook_endpoint *endpoint, const struct auth_peppers *peppers, struct db *db,
                 void **opened_out, struct err *err)
{
    (void)db;
    struct opened *opened = calloc(1, sizeof *opened);
    must(opened);
    bool good = open_secret(endpoint, peppers, endpoint->secret, &opened->secrets[0]);
    opened->count = good ? 1 : 0;
    if (good && endpoint->previous_secret.len > 0) {
        good = open_secret(endpoint, peppers, endpoint->previous_secret, &opened->secrets[1]);
        opened->count = good ? 2 : 1;
    }
    *opened_out = opened;
    if (good)
        return true;
    close(opened);
    return err_set(err, ERR_INTERNAL, "The endpoint's secret cannot be opened: its pepper is missing.");
}

static struct slice line(struct arena *arena, const char *name, struct slice value)
{
    return slice_str(arena_printf(arena, "%s: %.*s", name, (int)value.len, value.data));
}

static bool wrap(void *context, const struct webhook_endpoint *endpoint, const struct feed_event *event, int64_t now_ms,
                 struct arena *arena, struct webhook_request *request, struct err *err)
{
    (void)err;
    const struct opened *opened = context;
    char id[ID_PREFIXED_CHARS + 1], timestamp[24];
    struct buf signatures;
    bool overlaps = opened->count > 1 && now_ms < endpoint->previous_until_ms;
    id_to_prefixed(ID_PREFIX_EVENT, &event->id, id);
    snprintf(timestamp, sizeof timestamp, "%lld", (long long)(now_ms / 1000));
    buf_init(&signatures, SIGNATURES_BYTES);
    auth_webhook_sign(opened->secrets, overlaps ? 2 : 1, slice_str(id), now_ms / 1000, event->json, &signatures);
    request->headers[0] = SLICE_LITERAL("content-type: application/json");
    request->headers[1] = line(arena, "webhook-id", slice_str(id));
    request->headers[2] = line(arena, "webhook-timestamp", slice_str(timestamp));
    request->headers[3] = line(arena, "webhook-signature", buf_slice(&signatures));
    request->header_count = 4;
    request->body = event->json;
    buf_fini(&signatures);
    return true;
}

static enum webhook_verdict judge(const struct outbound_result *result, char error_out[256])
{
    (void)error_out;
    return webhook_judge_status(result->status);
}

const struct webhook_envelope webhook_standard_envelope = {.open = open, .close = close, .wrap = wrap, .judge = judge};
