#include "gaps.h"

#include <string.h>

static void drop(struct gaps *gaps, size_t at)
{
    gaps->count--;
    memmove(&gaps->list[at], &gaps->list[at + 1], (gaps->count - at) * sizeof gaps->list[0]);
}

/* Without room, the last gap grows over what comes: more is looked at than need be, nothing is missed. */
static void open_gap(struct gaps *gaps, uint64_t first, uint64_t last, int64_t now_ms)
{
    if (gaps->count < GAPS_MOST) {
        gaps->list[gaps->count++] = (struct gap){first, last, now_ms};
        return;
    }
    gaps->list[GAPS_MOST - 1].last = last;
    gaps->list[GAPS_MOST - 1].seen_ms = now_ms;
}

static void split(struct gaps *gaps, size_t at, uint64_t position)
{
    struct gap *gap = &gaps->list[at];
    if (gaps->count == GAPS_MOST)
        return; /* it stays in: found once more, it is done already */
    memmove(gap + 1, gap, (gaps->count - at) * sizeof *gap);
    gaps->count++;
    gap[0].last = position - 1;
    gap[1].first = position + 1;
}

static void fill(struct gaps *gaps, uint64_t position)
{
    for (size_t i = 0; i < gaps->count && gaps->list[i].first <= position; i++) {
        struct gap *gap = &gaps->list[i];
        if (position > gap->last)
            continue;
        if (gap->first == gap->last)
            drop(gaps, i);
        else if (position == gap->first)
            gap->first++;
        else if (position == gap->last)
            gap->last--;
        else
            split(gaps, i, position);
        return;
    }
}

void gaps_take(struct gaps *gaps, const uint64_t *positions, size_t count, int64_t now_ms)
{
    for (size_t i = 0; i < count; i++) {
        if (positions[i] <= gaps->high) {
            fill(gaps, positions[i]);
            continue;
        }
        if (positions[i] > gaps->high + 1)
            open_gap(gaps, gaps->high + 1, positions[i] - 1, now_ms);
        gaps->high = positions[i];
    }
}

uint64_t gaps_low(struct gaps *gaps, int64_t now_ms)
{
    while (gaps->count > 0 && now_ms - gaps->list[0].seen_ms > GAPS_PATIENCE_MS)
        drop(gaps, 0);
    return gaps->count > 0 ? gaps->list[0].first - 1 : gaps->high;
}
