#include "sift.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"

enum { CHUNK = 500 };

struct candidate {
    struct view_resource row; /* its texts in the arena */
    struct view_refs refs;
};

struct run {
    struct sift *sift;
    struct err *err;
    store_row_fn *visit;
    void *context;
    struct arena arena;      /* of a chunk */
    struct candidate *chunk; /* that the filter has not seen yet */
    size_t count, capacity;
    bool ended; /* by the visitor */
};

static struct view_resource copy_row(struct arena *arena, const struct view_resource *row)
{
    struct view_resource copy = *row;
    copy.stored.text = arena_slice(arena, row->stored.text);
    copy.unique_key = copy.external_key = SLICE_EMPTY;
    copy.display = arena_slice(arena, row->display);
    copy.manager_display = arena_slice(arena, row->manager_display);
    return copy;
}

/* --- references: groups of users, members of groups --- */

static bool load_groups(struct run *run)
{
    struct resource_id *ids = arena_array(&run->arena, struct resource_id, run->count);
    struct view_refs *refs = arena_array(&run->arena, struct view_refs, run->count);
    for (size_t i = 0; i < run->count; i++)
        ids[i] = run->chunk[i].row.id;
    if (!store_groups_of(run->sift->db, call_directory(run->sift->call), SCIM_TYPE_USER, ids, run->count, &run->arena,
                         refs, run->err))
        return false;
    for (size_t i = 0; i < run->count; i++)
        run->chunk[i].refs = refs[i];
    return true;
}

struct ref_collector {
    struct arena *arena;
    struct scim_group_ref *list;
    size_t count, capacity;
};

static bool collect_ref(const struct scim_group_ref *ref, void *context)
{
    struct ref_collector *collector = context;
    if (collector->count == collector->capacity) {
        size_t capacity = collector->capacity ? collector->capacity * 2 : 16;
        struct scim_group_ref *list = arena_take(collector->arena, capacity * sizeof(*list));
        if (collector->count)
            memcpy(list, collector->list, collector->count * sizeof(*list));
        collector->list = list;
        collector->capacity = capacity;
    }
    struct scim_group_ref *copy = &collector->list[collector->count++];
    *copy = *ref;
    copy->display = arena_slice(collector->arena, ref->display);
    return true;
}

bool sift_load_members(struct db *db, struct directory_id directory, struct resource_id group, struct arena *arena,
                       struct view_refs *refs_out, struct err *err)
{
    struct ref_collector collector = {.arena = arena};
    if (!store_members_of(db, directory, group, collect_ref, &collector, err))
        return false;
    *refs_out = (struct view_refs){collector.list, collector.count};
    return true;
}

struct named_members { /* the members of one group among those that the filter names */
    struct run *run;
    struct ref_collector collector;
    struct resource_id group;
    bool good;
};

static void look_for_member(struct slice literal, void *context)
{
    struct named_members *members = context;
    struct run *run = members->run;
    struct scim_group_ref ref = {.type = SCIM_TYPE_USER};
    bool is_member;
    if (!members->good || !id_from_uuid(literal, true, &ref.id.id))
        return;
    members->good =
        store_is_member(run->sift->db, call_directory(run->sift->call), members->group, ref.id, &is_member, run->err);
    if (members->good && is_member)
        collect_ref(&ref, &members->collector);
}

/* What the filter must see of a group's members: those that it names, or all when it asks for more than `value eq`. */
static bool load_members_for_filter(struct run *run, struct candidate *group)
{
    struct named_members members = {
        .run = run, .collector = {.arena = &run->arena}, .group = group->row.id, .good = true};
    if (!scim_filter_only_eq_values(run->sift->filter, SLICE_LITERAL("members"), look_for_member, &members))
        return members.good && sift_load_members(run->sift->db, call_directory(run->sift->call), group->row.id,
                                                 &run->arena, &group->refs, run->err);
    group->refs = (struct view_refs){members.collector.list, members.collector.count};
    return members.good;
}

static bool load_for_filter(struct run *run)
{
    uint16_t type = run->sift->type->code;
    if (type == SCIM_TYPE_USER && scim_filter_uses(run->sift->filter, SLICE_LITERAL("groups")))
        return load_groups(run);
    if (type != SCIM_TYPE_GROUP || !scim_filter_uses(run->sift->filter, SLICE_LITERAL("members")))
        return true;
    for (size_t i = 0; i < run->count; i++)
        if (!load_members_for_filter(run, &run->chunk[i]))
            return false;
    return true;
}

/* --- filtering --- */

static bool matches(const struct run *run, const struct candidate *candidate)
{
    const struct sift *sift = run->sift;
    struct call_shown shown = {.row = &candidate->row, .refs = candidate->refs};
    struct scim_served served = call_served(sift->call, &shown);
    served.type = sift->type;
    served.refs_shown = true;
    json_scoped *resource = call_representation(sift->call, &served);
    return scim_filter_matches(sift->filter, resource);
}

static bool sift_chunk(struct run *run)
{
    if (run->count > 0 && !load_for_filter(run))
        return false;
    for (size_t i = 0; i < run->count && !run->ended; i++)
        if (matches(run, &run->chunk[i]))
            run->ended = !run->visit(&run->chunk[i].row, run->context);
    run->chunk = NULL;
    run->count = run->capacity = 0;
    arena_reset(&run->arena);
    return true;
}

/* Rows come while their result is open, and the filter may need statements of its own: they are collected first. */
static bool collect(const struct view_resource *row, void *context)
{
    struct run *run = context;
    if (run->count == run->capacity) {
        size_t capacity = run->capacity ? run->capacity * 2 : 64;
        struct candidate *chunk = arena_array(&run->arena, struct candidate, capacity);
        if (run->count)
            memcpy(chunk, run->chunk, run->count * sizeof(*chunk));
        run->chunk = chunk;
        run->capacity = capacity;
    }
    run->sift->looked_at++;
    run->chunk[run->count++].row = copy_row(&run->arena, row);
    return true;
}

static bool too_much(const struct sift *sift)
{
    if (sift->looked_at <= sift->call->settings->max_scan && clock_monotonic_ns() < sift->deadline_ns)
        return false;
    err_set(&sift->call->op->err, ERR_TOO_MANY,
            "The filter has to look at too many resources: ask by an indexed attribute such as userName, externalId or "
            "emails.value.");
    return true;
}

/* Every resource of the type, chunk by chunk in order of id. */
static bool scan(struct run *run)
{
    struct sift *sift = run->sift;
    struct resource_id last = sift->after;
    size_t seen;
    do {
        if (!store_page_after(sift->db, call_directory(sift->call), sift->type->code, last, CHUNK, collect, run,
                              run->err))
            return false;
        seen = run->count;
        if (seen)
            last = run->chunk[seen - 1].row.id;
        if (!sift_chunk(run))
            return false;
    } while (seen == CHUNK && !run->ended && !too_much(sift));
    return true;
}

static bool collect_behind(const struct view_resource *row, void *context)
{
    const struct run *run = context;
    return id_compare(&row->id.id, &run->sift->after.id) <= 0 || collect(row, context);
}

static bool sift_candidates(struct run *run, const struct scim_plan *plan)
{
    struct sift *sift = run->sift;
    uint64_t most = sift->call->settings->max_scan;
    if (!store_candidates(sift->db, call_directory(sift->call), sift->type->code, plan, most + 1, collect_behind, run,
                          run->err))
        return false;
    return too_much(sift) || sift_chunk(run);
}

static bool run_plan(struct run *run)
{
    struct sift *sift = run->sift;
    struct scim_plan plan;
    scim_filter_plan(sift->filter, sift->type, call_policy(sift->call), &sift->call->op->arena, &plan);
    if (plan.kind == SCIM_PLAN_NOTHING)
        return true;
    return plan.kind == SCIM_PLAN_SCAN ? scan(run) : sift_candidates(run, &plan);
}

bool sift_run(struct sift *sift, store_row_fn *visit, void *context, struct err *err)
{
    struct run run = {.sift = sift, .err = err, .visit = visit, .context = context};
    arena_init(&run.arena);
    bool good = run_plan(&run);
    arena_fini(&run.arena);
    return good;
}
