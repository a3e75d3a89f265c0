/* Memory that lives and dies together: a job's, a batch's, a start-up's.
 *
 * Not thread-safe; an arena belongs to one thread at a time and may be handed over. Inputs are bounded at the door, so
 * allocation is treated as infallible: running out of memory aborts (see must.h). */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include "base/slice.h"

struct arena_block;

struct arena {
    struct arena_block *first; /* newest block */
    char *at, *end;
    size_t total; /* bytes taken from the heap */
};

void arena_init(struct arena *arena);
void arena_fini(struct arena *arena);  /* frees all */
void arena_reset(struct arena *arena); /* frees all but one block, for reuse */

void *arena_alloc(struct arena *arena, size_t bytes);  /* zeroed, aligned for any type */
void *arena_take(struct arena *arena, size_t bytes);   /* as arena_alloc, but not zeroed */
char *arena_copy(struct arena *arena, struct slice s); /* NUL-terminated copy */
struct slice arena_slice(struct arena *arena, struct slice s);
char *arena_printf(struct arena *arena, const char *format, ...) __attribute__((format(printf, 2, 3)));

#define arena_new(arena, type)          ((type *)arena_alloc((arena), sizeof(type)))
#define arena_array(arena, type, count) ((type *)arena_alloc((arena), sizeof(type) * (size_t)(count)))

#endif
