#include "door.h"

enum { BUSY_RETRY_S = 1 };

static const struct scim_service_settings *settings_of(const struct op *op) { return op->service->context; }

bool door_admit(struct op *op)
{
    struct auth_guard *guard = settings_of(op)->guard;
    if (!guard)
        return true;
    op->job.party = auth_guard_party(guard, op->authorization, op->peer);
    if (auth_guard_admits(guard, op->authorization, op->peer, op->now_ms, &op->retry_after_s))
        return true;
    return err_set(&op->err, ERR_THROTTLED, "Too many wrong credentials came from this address, try again later.");
}

void door_failed(struct call *call)
{
    if (!call->failure_counted && call->credential_sent)
        auth_guard_failed(call->settings->guard, call->op->peer, call->op->now_ms);
    call->failure_counted = true;
}

/* The draft's structured fields (AD-14): the bucket's size and the time in which it fills, then what is left of it. */
static void add_rate_fields(const struct call *call)
{
    struct op *op = call->op;
    if (!call->settings->rate_fields)
        return;
    const struct auth_limit *limit = auth_limiter_limit(call->settings->requests);
    uint64_t window_s = (limit->burst * limit->interval_ns + 999999999) / 1000000000;
    uint64_t reset_s = call->quota.granted ? call->quota.full_s : call->quota.retry_s;
    op_header(op, "ratelimit-policy",
              slice_str(arena_printf(&op->arena, "\"directory\";q=%llu;w=%llu", (unsigned long long)limit->burst,
                                     (unsigned long long)window_s)));
    op_header(op, "ratelimit",
              slice_str(arena_printf(&op->arena, "\"directory\";r=%llu;t=%llu",
                                     (unsigned long long)call->quota.remaining, (unsigned long long)reset_s)));
}

bool door_proved(struct call *call)
{
    struct op *op = call->op;
    struct auth_limiter *requests = call->settings->requests;
    auth_guard_proved(call->settings->guard, op->authorization);
    if (!requests)
        return true;
    if (!call->request_counted)
        call->quota = auth_limiter_take(requests, &call->credential.directory.id, 1, op->now_ms);
    call->request_counted = true;
    op->retry_after_s = call->quota.retry_s;
    if (!call->quota.granted)
        return err_set(&op->err, ERR_THROTTLED, "This directory has made too many requests, try again later.");
    add_rate_fields(call);
    return true;
}

void door_count_more(struct call *call, uint64_t operations)
{
    if (call->settings->requests && !call->more_counted)
        auth_limiter_spend(call->settings->requests, &call->credential.directory.id, operations, call->op->now_ms);
    call->more_counted = true;
}

static void add_retry_after(struct op *op, uint64_t seconds)
{
    op_header(op, "retry-after", slice_str(arena_printf(&op->arena, "%llu", (unsigned long long)seconds)));
}

void door_add_headers(struct op *op)
{
    const struct call *call = op->state;
    if (op->err.kind == ERR_THROTTLED)
        add_retry_after(op, op->retry_after_s ? op->retry_after_s : 1);
    if (op->err.kind == ERR_UNAVAILABLE || op->err.kind == ERR_BUSY)
        add_retry_after(op, BUSY_RETRY_S);
    if (call && call->request_counted)
        add_rate_fields(call);
}
