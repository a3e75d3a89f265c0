#include "receiver.h"

#include <stdio.h>

#include "schedule.h"

/* Twice as many at a time after as many successes: what asked for a break is not met by all of them at once. */
static void widen(struct receiver *receiver)
{
    if (receiver->window >= receiver->most || ++receiver->credit < receiver->window)
        return;
    receiver->credit = 0;
    receiver->window = receiver->window * 2 < receiver->most ? receiver->window * 2 : receiver->most;
}

bool receiver_succeed(struct receiver *receiver, int64_t now_ms)
{
    bool was_down = receiver_is_down(receiver);
    receiver->failures = receiver->row = 0;
    receiver->next_ms = receiver->failing_since_ms = 0;
    receiver->success_ms = now_ms;
    widen(receiver);
    return was_down;
}

static void wait(struct receiver *receiver, unsigned failures, int64_t retry_after_ms, int64_t now_ms, uint64_t chance,
                 unsigned haste)
{
    int64_t delay_ms = schedule_probe_ms(failures, chance, haste);
    receiver->failures = failures;
    receiver->next_ms = now_ms + (delay_ms > retry_after_ms ? delay_ms : retry_after_ms);
}

static void go_down(struct receiver *receiver, const struct receiver_failure *failure, int64_t now_ms, uint64_t chance,
                    unsigned haste)
{
    receiver->window = 1;
    receiver->credit = 0;
    wait(receiver, 1, failure->retry_after_ms, now_ms, chance, haste);
}

bool receiver_fail(struct receiver *receiver, const struct receiver_failure *failure, int64_t now_ms, uint64_t chance,
                   unsigned haste)
{
    bool was_down = receiver_is_down(receiver);
    receiver->failure_ms = now_ms;
    snprintf(receiver->failure, sizeof receiver->failure, "%s", failure->text);
    if (receiver->failing_since_ms == 0)
        receiver->failing_since_ms = now_ms;
    if (failure->event_failures <= 1)
        receiver->row++;
    if (was_down && failure->is_probe)
        wait(receiver, receiver->failures + 1, failure->retry_after_ms, now_ms, chance, haste);
    else if (was_down && now_ms + failure->retry_after_ms > receiver->next_ms)
        receiver->next_ms = now_ms + failure->retry_after_ms;
    else if (!was_down && (failure->asks_for_a_break || receiver->row >= RECEIVER_PATIENCE))
        go_down(receiver, failure, now_ms, chance, haste);
    return !was_down && receiver_is_down(receiver);
}

bool receiver_is_over(const struct receiver *receiver, const struct receiver_failure *failure, int64_t now_ms,
                      unsigned haste)
{
    unsigned failures = receiver->failures > failure->event_failures ? receiver->failures : failure->event_failures;
    return receiver->failing_since_ms != 0 && schedule_is_over(receiver->failing_since_ms, failures, now_ms, haste);
}

bool receiver_may_send(const struct receiver *receiver, unsigned in_flight, int64_t now_ms)
{
    return receiver_is_down(receiver) ? in_flight == 0 && now_ms >= receiver->next_ms : in_flight < receiver->window;
}
