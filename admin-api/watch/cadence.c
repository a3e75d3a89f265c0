#include "cadence.h"

enum { CYCLE_S = 40 * 60, HOURS_S = 6 * 3600, DAY_S = 86400, SECOND_MS = 1000 };

/* Who works through everything in cycles, and who sends when something happens. */
static const struct {
    const char *idp;
    int64_t seconds;
} rhythms[] = {
    {"entra", CYCLE_S},   {"google", HOURS_S}, {"onelogin", DAY_S}, {"okta", DAY_S},
    {"jumpcloud", DAY_S}, {"ping", DAY_S},     {"rippling", DAY_S}, {"", DAY_S},
};

static int64_t default_ms(struct slice idp)
{
    size_t i = 0;
    while (rhythms[i].idp[0] && !slice_equals(idp, slice_str(rhythms[i].idp)))
        i++;
    return rhythms[i].seconds * SECOND_MS;
}

struct cadence cadence_of(const struct cadence_source *source)
{
    struct cadence cadence = {.expected_ms = default_ms(source->idp), .source = "default"};
    if (source->set_s > 0)
        cadence = (struct cadence){.expected_ms = source->set_s * SECOND_MS, .source = "set"};
    else if (source->gaps >= CADENCE_GAPS && source->usual_gap_ms > cadence.expected_ms)
        cadence = (struct cadence){.expected_ms = source->usual_gap_ms, .source = "learned"};
    cadence.patience_ms = cadence.expected_ms * CADENCE_OVERDUE;
    if (cadence.patience_ms < CADENCE_LEAST_MS)
        cadence.patience_ms = CADENCE_LEAST_MS;
    return cadence;
}
