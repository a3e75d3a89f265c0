/* What chores have in common: pauses, and batches that are as large as a few ms allow. */
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "housekeeping.h"

enum {
    MOST_PARAMETERS = 8,
    FIRST_ROWS = 100,
    FEWEST_ROWS = 20,
    MOST_ROWS = 250,
    SHORT_NS = 2000000, /* a batch that took less may be larger next time */
    LONG_NS = 5000000,  /* one that took more must be smaller */
    IDLE_SHARE = 3,     /* a pause is so many times as long as the work before it */
    MOST_PAUSE_NS = 500000000,
    LEAST_PAUSE_NS = 2000000,
    TURN_S = 10, /* so that no chore waits for long behind another */
};

bool chore_pause(struct chore *chore)
{
    uint64_t pause_ns = IDLE_SHARE * (clock_monotonic_ns() - chore->busy_since_ns);
    if (pause_ns < LEAST_PAUSE_NS)
        pause_ns = LEAST_PAUSE_NS;
    if (pause_ns > MOST_PAUSE_NS)
        pause_ns = MOST_PAUSE_NS;
    struct timespec length = {.tv_nsec = (long)pause_ns};
    nanosleep(&length, NULL);
    chore->busy_since_ns = clock_monotonic_ns();
    chore->cut = chore->busy_since_ns - chore->began_ns > (uint64_t)TURN_S * 1000000000;
    return !chore_is_stopping(chore);
}

static uint64_t next_size(uint64_t rows, uint64_t took_ns)
{
    if (took_ns > LONG_NS)
        return rows / 2 < FEWEST_ROWS ? FEWEST_ROWS : rows / 2;
    if (took_ns < SHORT_NS)
        return rows * 2 > MOST_ROWS ? MOST_ROWS : rows * 2;
    return rows;
}

bool chore_delete(struct chore *chore, const char *sql, const struct db_value *parameters, size_t count,
                  uint64_t *erased_out, bool *stopped_out, struct err *err)
{
    struct db_value all[MOST_PARAMETERS];
    uint64_t rows = FIRST_ROWS, erased = rows, total = 0;
    bool stopped = false;
    must(count < MOST_PARAMETERS);
    if (count > 0)
        memcpy(all, parameters, count * sizeof *parameters);
    for (uint64_t asked = rows; erased == asked && !stopped; total += erased) {
        asked = rows;
        all[count] = db_integer((int64_t)rows);
        uint64_t began_ns = clock_monotonic_ns();
        if (!db_execute(chore->db, sql, all, count + 1, &erased, err))
            return false;
        rows = next_size(rows, clock_monotonic_ns() - began_ns);
        stopped = erased > 0 && !chore_pause(chore);
    }
    if (erased_out)
        *erased_out = total;
    if (stopped_out)
        *stopped_out = stopped;
    return true;
}

struct id housekeeping_first_id(int64_t wall_ms)
{
    struct id id = {{0}};
    for (size_t i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)((uint64_t)wall_ms >> (40 - 8 * i));
    return id;
}
