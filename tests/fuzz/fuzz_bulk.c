/* Bulk requests: every operation has its place in the plan behind what it refers to, replaced references are gone, and
 * what is left out of a circle is only what comes later. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "scim/bulk.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST = 60, MOST_JOINED = 8 };

struct made { /* by operation */
    bool made[MOST], needs_link[MOST];
};

static bool is_without(const struct scim_bulk_step *step, size_t ref)
{
    for (size_t i = 0; i < step->without_count; i++)
        if (step->without[i] == ref)
            return true;
    return false;
}

static void check_step(const struct scim_bulk *bulk, const struct scim_bulk_step *step, struct made *made)
{
    const struct scim_bulk_operation *operation = &bulk->operations[step->operation];
    for (size_t i = 0; i < operation->ref_count && !operation->err; i++)
        must(made->made[operation->refs[i]] != is_without(step, operation->refs[i]));
    if (step->links) {
        must(made->made[step->operation] && made->needs_link[step->operation] && step->without_count == 0);
        made->needs_link[step->operation] = false;
    } else {
        must(!made->made[step->operation]);
        made->made[step->operation] = true;
        made->needs_link[step->operation] = step->without_count > 0;
    }
}

static void check_lengths(const struct scim_bulk_step *steps, size_t count)
{
    size_t length = 0;
    for (size_t i = 0; i < count; i++) {
        length = steps[i].joined ? length + 1 : 1;
        must(length <= MOST_JOINED && (i > 0 || !steps[i].joined));
    }
}

static void check_plan(const struct scim_bulk *bulk, const struct scim_bulk_step *steps, size_t count)
{
    struct made made = {{false}, {false}};
    for (size_t i = 0; i < count; i++)
        check_step(bulk, &steps[i], &made);
    for (size_t i = 0; i < bulk->count; i++)
        must(made.made[i] && !made.needs_link[i]);
    check_lengths(steps, count);
}

static void check_resolved(const struct scim_bulk *bulk, const struct scim_bulk_step *step, struct arena *arena)
{
    struct resource_id ids[MOST];
    memset(ids, 7, sizeof(ids));
    const struct scim_bulk_operation *operation = &bulk->operations[step->operation];
    if (operation->err)
        return;
    struct slice path = scim_bulk_path(bulk, step->operation, ids, arena);
    must(path.len > 0 && path.data[0] == '/');
    if (!operation->data)
        return;
    json_scoped *body = step->without_count ? scim_bulk_data_without(bulk, step) : json_deep_copy(operation->data);
    scim_bulk_resolve(bulk, step->operation, ids, body);
}

static void check(const json_t *message, struct arena *arena)
{
    struct scim_bulk bulk;
    struct err err = ERR_INIT;
    if (!scim_bulk_parse(message, MOST, arena, &bulk, &err)) {
        must(err.kind != ERR_NONE && err.detail[0]);
        return;
    }
    const struct scim_bulk_step *steps;
    size_t count;
    scim_bulk_plan(&bulk, MOST_JOINED, arena, &steps, &count);
    check_plan(&bulk, steps, count);
    for (size_t i = 0; i < count; i++)
        check_resolved(&bulk, &steps[i], arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = ERR_INIT;
    json_scoped *message = json_parse_object(slice_of((const char *)data, size), &scim_bulk_json_limits, &err);
    if (message) {
        struct arena arena;
        arena_init(&arena);
        json_scoped *before = json_deep_copy(message);
        check(message, &arena);
        must(json_equal(message, before));
        arena_fini(&arena);
    }
    return 0;
}
