#include "envelope.h"

static const struct webhook_envelope *const envelopes[] = {
    [WEBHOOK_STANDARD] = &webhook_standard_envelope,
    [WEBHOOK_SET_PUSH] = &webhook_set_push_envelope,
};

const struct webhook_envelope *webhook_envelope_of(enum webhook_kind kind)
{
    return (size_t)kind < sizeof envelopes / sizeof envelopes[0] ? envelopes[kind] : NULL;
}

enum webhook_verdict webhook_judge_status(int status)
{
    if (status >= 200 && status < 300)
        return WEBHOOK_DELIVERED;
    if (status == 410)
        return WEBHOOK_GONE;
    bool asks_for_a_break = status == 429 || status == 502 || status == 503 || status == 504;
    return asks_for_a_break ? WEBHOOK_SLOWER : WEBHOOK_AGAIN;
}
