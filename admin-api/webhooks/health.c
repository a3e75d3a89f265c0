#include "health.h"

#include <stdio.h>

#include "schedule.h"

/* Twice as many at a time after as many successes: what asked for a break is not met by all of them at once. */
static void widen(struct health *health)
{
    if (health->window >= health->most || ++health->credit < health->window)
        return;
    health->credit = 0;
    health->window = health->window * 2 < health->most ? health->window * 2 : health->most;
}

bool health_succeed(struct health *health, int64_t now_ms)
{
    bool was_down = health_is_down(health);
    health->failures = health->row = 0;
    health->next_ms = health->failing_since_ms = 0;
    health->success_ms = now_ms;
    widen(health);
    return was_down;
}

static void wait(struct health *health, unsigned failures, int64_t retry_after_ms, int64_t now_ms, uint64_t chance,
                 unsigned haste)
{
    int64_t delay_ms = schedule_delay_ms(failures, chance, haste);
    health->failures = failures;
    health->next_ms = now_ms + (delay_ms > retry_after_ms ? delay_ms : retry_after_ms);
}

static void go_down(struct health *health, const struct health_failure *failure, int64_t now_ms, uint64_t chance,
                    unsigned haste)
{
    health->window = 1;
    health->credit = 0;
    wait(health, 1, failure->retry_after_ms, now_ms, chance, haste);
}

bool health_fail(struct health *health, const struct health_failure *failure, int64_t now_ms, uint64_t chance,
                 unsigned haste)
{
    bool was_down = health_is_down(health);
    health->failure_ms = now_ms;
    snprintf(health->failure, sizeof health->failure, "%s", failure->text);
    if (health->failing_since_ms == 0)
        health->failing_since_ms = now_ms;
    if (failure->event_failures <= 1)
        health->row++;
    if (was_down && failure->is_probe)
        wait(health, health->failures + 1, failure->retry_after_ms, now_ms, chance, haste);
    else if (was_down && now_ms + failure->retry_after_ms > health->next_ms)
        health->next_ms = now_ms + failure->retry_after_ms;
    else if (!was_down && (failure->asks_for_a_break || health->row >= HEALTH_PATIENCE))
        go_down(health, failure, now_ms, chance, haste);
    return !was_down && health_is_down(health);
}

bool health_is_over(const struct health *health, const struct health_failure *failure, int64_t now_ms, unsigned haste)
{
    unsigned failures = health->failures > failure->event_failures ? health->failures : failure->event_failures;
    return health->failing_since_ms != 0 && schedule_is_over(health->failing_since_ms, failures, now_ms, haste);
}

bool health_may_send(const struct health *health, unsigned in_flight, int64_t now_ms)
{
    return health_is_down(health) ? in_flight == 0 && now_ms >= health->next_ms : in_flight < health->window;
}
