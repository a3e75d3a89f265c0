#include "held_sift.h"

#include "base/clock.h"
#include "scim/sieve.h"

enum { CHUNK = 500, MOST_BYTES = 16 << 20 /* of documents at a time */ };

struct one {
    struct view_resource row; /* its texts in the chunk's arena */
    struct store_held held;
    struct view_refs groups;
};

struct chunk {
    struct arena arena;
    struct one *list;
    size_t count, bytes;
};

/* Rows come while their result is open, and groups need a statement of their own: they are collected first. */
static bool collect(const struct view_resource *row, const struct store_held *held, void *context)
{
    struct chunk *chunk = context;
    struct one *one = &chunk->list[chunk->count++];
    *one = (struct one){.row = *row, .held = *held};
    one->row.stored.text = arena_slice(&chunk->arena, row->stored.text);
    one->row.display = arena_slice(&chunk->arena, row->display);
    one->row.manager_display = arena_slice(&chunk->arena, row->manager_display);
    chunk->bytes += row->stored.text.len;
    return chunk->bytes < MOST_BYTES;
}

static bool load_groups(const struct held_sift *sift, struct chunk *chunk, struct err *err)
{
    struct resource_id *ids = arena_array(&chunk->arena, struct resource_id, chunk->count + 1);
    struct view_refs *refs = arena_array(&chunk->arena, struct view_refs, chunk->count + 1);
    for (size_t i = 0; i < chunk->count; i++)
        ids[i] = chunk->list[i].row.id;
    if (!store_held_groups_of(sift->db, sift->directory, ids, chunk->count, &chunk->arena, refs, err))
        return false;
    for (size_t i = 0; i < chunk->count; i++)
        chunk->list[i].groups = refs[i];
    return true;
}

static bool load(const struct held_sift *sift, bool with_groups, struct chunk *chunk, struct err *err)
{
    arena_reset(&chunk->arena);
    chunk->list = arena_array(&chunk->arena, struct one, CHUNK);
    chunk->count = chunk->bytes = 0;
    return store_held_after(sift->db, sift->directory, sift->last, sift->until, CHUNK, collect, chunk, err) &&
           (!with_groups || chunk->count == 0 || load_groups(sift, chunk, err));
}

static bool passes(const struct held_sift *sift, struct scim_sieve *sieve, const struct one *one)
{
    const struct view_resource *row = &one->row;
    const struct scim_served served = {
        .type = sift->type,
        .id = row->id,
        .stored = row->stored,
        .version = row->version,
        .created_ms = row->created_ms,
        .modified_ms = row->modified_ms,
        .manager_known = row->manager_known,
        .manager_id = row->manager_id,
        .manager_display = row->manager_display,
        .refs = one->groups.list,
        .ref_count = one->groups.count,
        .refs_shown = true,
    };
    return scim_sieve_passes(sieve, &served, sift->base_url);
}

static bool sift_chunks(struct held_sift *sift, struct scim_sieve *sieve, struct chunk *chunk, held_sift_fn *visit,
                        void *context, struct err *err)
{
    bool with_groups = scim_sieve_needs(sieve).refs, more = true;
    for (uint64_t looked_at = 0; more; looked_at += chunk->count) {
        sift->gave_up = looked_at > 0 && (looked_at >= sift->most || clock_monotonic_ns() >= sift->deadline_ns);
        if (sift->gave_up)
            break;
        if (!load(sift, with_groups, chunk, err))
            return false;
        more = chunk->count == CHUNK || chunk->bytes >= MOST_BYTES;
        for (size_t i = 0; i < chunk->count; i++) {
            const struct one *one = &chunk->list[i];
            sift->last = one->row.id;
            if (!visit(&one->row, &one->held, passes(sift, sieve, one), context))
                return true;
        }
    }
    return true;
}

bool held_sift_run(struct held_sift *sift, held_sift_fn *visit, void *context, struct err *err)
{
    struct chunk chunk = {.list = NULL};
    struct scim_sieve *sieve = scim_sieve_new(sift->filter, sift->type, sift->arena);
    sift->last = sift->after;
    sift->gave_up = false;
    arena_init(&chunk.arena);
    bool good = sift_chunks(sift, sieve, &chunk, visit, context, err);
    arena_fini(&chunk.arena);
    scim_sieve_free(sieve);
    return good;
}
