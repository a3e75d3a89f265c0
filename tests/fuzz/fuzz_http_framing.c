/* A connection's bytes, read as HTTP/1 messages in one piece and byte by byte: both must say the same. */
#include <stdint.h>
#include <stdlib.h>

#include "../../server/http/framing.h"
#include "base/must.h"

static const struct framing_limits limits = {.header = 512, .fields = 16};

static enum framing_step find(struct slice text, size_t step, size_t *length_out)
{
    size_t seen = 0;
    struct err err;
    enum framing_step result = FRAMING_MORE;
    for (size_t available = 0; result == FRAMING_MORE && available < text.len;) {
        available = text.len - available > step ? available + step : text.len;
        result = framing_find_head(slice_of(text.data, available), &limits, &seen, length_out, &err);
    }
    return result;
}

static enum framing_step feed(const struct framing_head *head, struct slice text, size_t step, size_t *used_out)
{
    struct framing_body body;
    struct err err;
    framing_body_init(&body, head, &limits);
    enum framing_step result = body.state == FRAMING_ENDED ? FRAMING_DONE : FRAMING_MORE;
    size_t at = 0;
    while (result == FRAMING_MORE && at < text.len) {
        size_t used, piece = text.len - at < step ? text.len - at : step;
        result = framing_body_feed(&body, slice_of(text.data + at, piece), &used, &err);
        must(used <= piece && (used == piece || result != FRAMING_MORE));
        at += used;
    }
    *used_out = at;
    return result;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    for (int messages = 0; messages < 16 && text.len > 0; messages++) {
        size_t whole = 0, pieces = 0;
        enum framing_step found = find(text, SIZE_MAX / 2, &whole);
        must(found == find(text, 1, &pieces));
        if (found != FRAMING_DONE)
            return 0;
        must(whole == pieces);
        struct framing_head head;
        struct err err;
        if (!framing_parse_head(slice_of(text.data, whole), &limits, &head, &err))
            return 0;
        text = slice_skip(text, whole);
        enum framing_step ended = feed(&head, text, SIZE_MAX / 2, &whole);
        must(ended == feed(&head, text, 1, &pieces));
        if (ended != FRAMING_DONE)
            return 0;
        must(whole == pieces);
        text = slice_skip(text, whole);
    }
    return 0;
}
