#include "undeclared.h"

#include "scim/undeclared.h"
#include "store/store.h"

enum { MOST_UNDECLARED = 100 }; /* of one document that are remembered */

struct undeclared_path {
    struct slice path;
    struct undeclared_path *next;
};

struct collecting {
    struct arena *arena;
    struct undeclared_path *first;
    size_t count;
};

static void collect(struct slice path, const json_t *value, void *context)
{
    (void)value;
    struct collecting *collecting = context;
    for (const struct undeclared_path *other = collecting->first; other; other = other->next)
        if (slice_equals(other->path, path))
            return;
    if (collecting->count++ >= MOST_UNDECLARED)
        return;
    struct undeclared_path *one = arena_new(collecting->arena, struct undeclared_path);
    *one = (struct undeclared_path){arena_slice(collecting->arena, path), collecting->first};
    collecting->first = one;
}

const struct undeclared_path *undeclared_find(struct call *call, const json_t *document)
{
    struct collecting collecting = {.arena = &call->op->arena};
    if (call_policy(call)->unknown_attributes == SCIM_UNKNOWN_KEEP)
        scim_undeclared_visit(document, call->type, collect, &collecting);
    return collecting.first;
}

void undeclared_note(const struct call *call, const struct undeclared_path *paths)
{
    for (const struct undeclared_path *one = paths; one; one = one->next)
        store_undeclared_seen(call_directory(call), call->type->code, one->path, call->op->now_ms);
}
