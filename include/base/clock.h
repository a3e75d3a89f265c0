/* Time. Pure rooms never call these: they get `now_ms` as a parameter. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdint.h>

int64_t clock_wall_ms(void);       /* ms since 1970-01-01 UTC */
uint64_t clock_monotonic_ns(void); /* for durations and deadlines only */

#define CLOCK_TEXT_BYTES 25 /* "2026-11-22T04:18:53.123Z" and its NUL */

/* RFC 3339 in UTC with milliseconds, as meta.created and the admin API show it. out has CLOCK_TEXT_BYTES. */
void clock_text(int64_t wall_ms, char *out);

#endif
