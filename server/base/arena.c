#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

/* Under AddressSanitizer what is not handed out is poisoned, with a gap between neighbours, so that an overrun and a
 * use after reset are found although the heap sees one block. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define ARENA_POISONS 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(ARENA_POISONS)
#include <sanitizer/asan_interface.h>
#define GAP 16
#else
#define GAP                                      0
#define ASAN_POISON_MEMORY_REGION(start, size)   ((void)(start), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(start, size) ((void)(start), (void)(size))
#endif

#define ALIGNMENT   _Alignof(max_align_t)
#define LEAST_BLOCK ((size_t)4096)
/* Freeing 64 KiB or more makes glibc tidy its whole arena (FASTBIN_CONSOLIDATION_THRESHOLD): 6 % of a create's CPU. */
#define MOST_BLOCK ((size_t)56 * 1024)

struct arena_block {
    struct arena_block *next;
    size_t size; /* of bytes[] */
    _Alignas(max_align_t) char bytes[];
};

void arena_init(struct arena *arena) { *arena = (struct arena){0}; }

static void free_blocks(struct arena_block *block)
{
    while (block) {
        struct arena_block *next = block->next;
        ASAN_UNPOISON_MEMORY_REGION(block->bytes, block->size);
        free(block);
        block = next;
    }
}

void arena_fini(struct arena *arena)
{
    free_blocks(arena->first);
    arena_init(arena);
}

static void fill_from(struct arena *arena, struct arena_block *block)
{
    arena->at = block->bytes;
    arena->end = block->bytes + block->size;
    ASAN_POISON_MEMORY_REGION(block->bytes, block->size);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *kept = arena->first;
    if (!kept)
        return;
    if (kept->size > MOST_BLOCK) { /* one huge request must not fatten a worker for ever */
        arena_fini(arena);
        return;
    }
    free_blocks(kept->next);
    kept->next = NULL;
    arena->total = sizeof *kept + kept->size;
    fill_from(arena, kept);
}

static struct arena_block *new_block(struct arena *arena, size_t size)
{
    must(size <= SIZE_MAX / 2);
    struct arena_block *block = malloc(sizeof *block + size);
    must(block != NULL);
    block->size = size;
    block->next = NULL;
    arena->total += sizeof *block + size;
    return block;
}

/* Blocks grow with the arena: a small job takes one, a large one few. */
static size_t next_block_size(const struct arena *arena)
{
    size_t size = arena->total < LEAST_BLOCK ? LEAST_BLOCK : arena->total;
    return size > MOST_BLOCK ? MOST_BLOCK : size;
}

static void *take_from_new_block(struct arena *arena, size_t bytes)
{
    size_t usual = next_block_size(arena);
    if (arena->first && bytes > usual / 4) { /* a block of its own, behind the newest, whose rest stays in use */
        struct arena_block *block = new_block(arena, bytes);
        block->next = arena->first->next;
        arena->first->next = block;
        return block->bytes;
    }
    struct arena_block *block = new_block(arena, bytes > usual ? bytes : usual);
    block->next = arena->first;
    arena->first = block;
    fill_from(arena, block);
    arena->at += bytes;
    return block->bytes;
}

void *arena_take(struct arena *arena, size_t bytes)
{
    must(bytes <= SIZE_MAX / 4);
    size_t rounded = (bytes + GAP + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    void *taken = arena->at;
    if (taken && rounded <= (size_t)(arena->end - arena->at))
        arena->at += rounded;
    else
        taken = take_from_new_block(arena, rounded);
    ASAN_UNPOISON_MEMORY_REGION(taken, bytes);
    return taken;
}

void *arena_alloc(struct arena *arena, size_t bytes) { return memset(arena_take(arena, bytes), 0, bytes); }

char *arena_copy(struct arena *arena, struct slice s)
{
    char *copy = arena_take(arena, s.len + 1);
    if (s.len > 0)
        memcpy(copy, s.data, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct slice arena_slice(struct arena *arena, struct slice s) { return slice_of(arena_copy(arena, s), s.len); }

char *arena_printf(struct arena *arena, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int len = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    must(len >= 0);

    char *text = arena_take(arena, (size_t)len + 1);
    vsnprintf(text, (size_t)len + 1, format, again);
    va_end(again);
    return text;
}
