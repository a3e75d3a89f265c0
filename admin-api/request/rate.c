#include "rate.h"

#include "problem.h"

bool rate_take(struct call *call, struct err *err)
{
    struct op *op = call->op;
    struct auth_limiter *requests = call->settings->requests;
    if (!requests)
        return true;
    struct call_state *state = call_state(op);
    if (!state->counted)
        state->quota = auth_limiter_take(requests, &call->principal.key.id, 1, op->now_ms);
    state->counted = true;
    return state->quota.granted ||
           err_set(err, ERR_QUOTA_EXCEEDED, "This key has made too many requests: try again in %llu s.",
                   (unsigned long long)state->quota.retry_s);
}

static struct slice field(struct op *op, const char *first, uint64_t first_value, const char *second, uint64_t value)
{
    return slice_str(arena_printf(&op->arena, "\"" RATE_POLICY "\";%s=%llu;%s=%llu", first,
                                  (unsigned long long)first_value, second, (unsigned long long)value));
}

void rate_add_fields(struct op *op)
{
    const struct admin_settings *settings = op->service->context;
    const struct call_state *state = op->state;
    if (!state || !state->counted)
        return;
    const struct auth_limit *limit = auth_limiter_limit(settings->requests);
    const struct auth_quota *quota = &state->quota;
    if (!quota->granted)
        op_header(op, "retry-after", slice_str(arena_printf(&op->arena, "%llu", (unsigned long long)quota->retry_s)));
    if (!settings->rate_fields)
        return;
    uint64_t window_s = (limit->burst * limit->interval_ns + 999999999) / 1000000000;
    op_header(op, "ratelimit-policy", field(op, "q", limit->burst, "w", window_s));
    op_header(op, "ratelimit", field(op, "r", quota->remaining, "t", quota->granted ? quota->full_s : quota->retry_s));
}
