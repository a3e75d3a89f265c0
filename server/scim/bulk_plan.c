/* The order of a bulk request: strongly connected components (Tarjan 1972), found by a depth-first search that starts
 * from the operations in the order of the request. A component comes out after everything that it refers to. */
#include <stdlib.h>

#include "base/must.h"
#include "bulk_parts.h"

struct node {
    size_t index, low; /* 1-based order of discovery; 0: not yet */
    size_t finished;   /* 1-based order of being left */
    size_t next_ref;   /* of refs, to follow next */
    size_t circle;     /* its number; 0: in none */
    bool waits;        /* on the stack of those whose component is not known */
};

struct search {
    struct scim_bulk *bulk;
    struct arena *arena;
    struct node *nodes;
    size_t *path, path_len;   /* from the root of the search to where it is */
    size_t *stack, stack_len; /* discovered, component not known */
    size_t discovered, finished, circles;
    size_t most_joined;
    struct scim_bulk_step *steps;
    size_t step_count;
};

/* Members of a circle in the order in which they were left: most of what they refer to has come before. */
static void sort_by_finished(const struct search *search, size_t *members, size_t count)
{
    for (size_t i = 1; i < count; i++) { /* they are few */
        size_t member = members[i], at = i;
        for (; at > 0 && search->nodes[members[at - 1]].finished > search->nodes[member].finished; at--)
            members[at] = members[at - 1];
        members[at] = member;
    }
}

static struct scim_bulk_step *add_step(struct search *search, size_t operation, bool joined)
{
    struct scim_bulk_step *step = &search->steps[search->step_count++];
    *step = (struct scim_bulk_step){.operation = operation, .joined = joined};
    return step;
}

/* References of a member to those of its circle that are left later. */
static size_t list_later(const struct search *search, size_t member, size_t *later)
{
    const struct scim_bulk_operation *operation = &search->bulk->operations[member];
    size_t count = 0;
    for (size_t i = 0; i < operation->ref_count; i++) {
        size_t ref = operation->refs[i];
        if (search->nodes[ref].circle == search->circles &&
            search->nodes[ref].finished > search->nodes[member].finished) {
            if (later)
                later[count] = ref;
            count++;
        }
    }
    return count;
}

static void give_up(struct search *search, const size_t *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add_step(search, members[i], false);
        bulk_refuse(&search->bulk->operations[members[i]], search->arena, ERR_CONFLICT,
                    "Too many operations refer to each other in a circle: at most %zu can.", search->most_joined);
    }
}

static void add_circle(struct search *search, size_t *members, size_t count)
{
    if (count > search->most_joined) {
        give_up(search, members, count);
        return;
    }
    search->circles++;
    for (size_t i = 0; i < count; i++)
        search->nodes[members[i]].circle = search->circles;
    sort_by_finished(search, members, count);
    size_t first = search->step_count, links = 0;
    for (size_t i = 0; i < count; i++) {
        struct scim_bulk_step *step = add_step(search, members[i], i > 0);
        size_t later = list_later(search, members[i], NULL);
        size_t *without = arena_array(search->arena, size_t, later + 1);
        step->without_count = list_later(search, members[i], without);
        step->without = without;
        links += later > 0;
    }
    if (count + links > search->most_joined) {
        search->step_count = first;
        give_up(search, members, count);
        return;
    }
    for (size_t i = 0; i < count; i++)
        if (search->steps[first + i].without_count > 0)
            add_step(search, members[i], true)->links = true;
}

/* Everything on the stack from the member on is one component. */
static void take_component(struct search *search, size_t member)
{
    size_t from = search->stack_len;
    do
        search->nodes[search->stack[--from]].waits = false;
    while (search->stack[from] != member);
    size_t count = search->stack_len - from;
    search->stack_len = from;
    if (count == 1)
        add_step(search, member, false);
    else
        add_circle(search, search->stack + from, count);
}

static void discover(struct search *search, size_t operation)
{
    struct node *node = &search->nodes[operation];
    node->index = node->low = ++search->discovered;
    node->waits = true;
    search->path[search->path_len++] = operation;
    search->stack[search->stack_len++] = operation;
}

static void leave(struct search *search, size_t operation)
{
    struct node *node = &search->nodes[operation];
    node->finished = ++search->finished;
    search->path_len--;
    if (node->low == node->index)
        take_component(search, operation);
    if (search->path_len > 0) {
        struct node *from = &search->nodes[search->path[search->path_len - 1]];
        if (node->low < from->low)
            from->low = node->low;
    }
}

/* One step of the search: into the next reference, or out of the operation. What an operation refers to does not matter
 * when it cannot be run anyway. */
static void advance(struct search *search)
{
    size_t at = search->path[search->path_len - 1];
    const struct scim_bulk_operation *operation = &search->bulk->operations[at];
    struct node *node = &search->nodes[at];
    if (operation->err || node->next_ref == operation->ref_count) {
        leave(search, at);
        return;
    }
    size_t ref = operation->refs[node->next_ref++];
    const struct node *target = &search->nodes[ref];
    if (target->index == 0)
        discover(search, ref);
    else if (target->waits && target->index < node->low)
        node->low = target->index;
}

void scim_bulk_plan(struct scim_bulk *bulk, size_t most_joined, struct arena *arena,
                    const struct scim_bulk_step **steps_out, size_t *count_out)
{
    struct search search = {
        .bulk = bulk,
        .arena = arena,
        .nodes = calloc(bulk->count + 1, sizeof(struct node)),
        .path = calloc(bulk->count + 1, sizeof(size_t)),
        .stack = calloc(bulk->count + 1, sizeof(size_t)),
        .most_joined = most_joined,
        .steps = arena_array(arena, struct scim_bulk_step, 2 * bulk->count + 1),
    };
    must(search.nodes && search.path && search.stack);
    for (size_t i = 0; i < bulk->count; i++) {
        if (search.nodes[i].index > 0)
            continue;
        discover(&search, i);
        while (search.path_len > 0)
            advance(&search);
    }
    free(search.nodes);
    free(search.path);
    free(search.stack);
    *steps_out = search.steps;
    *count_out = search.step_count;
}
