#include "ops/sift.h"

#include <stdlib.h>

#include "base/clock.h"
#include "scim/sieve.h"

enum {
    CHUNK = 500,             /* rows that are collected before the filter looks at them */
    MOST_OF_ANY = 200,       /* rows of each plan of an `or` */
    MOST_BYTES = 16 << 20,   /* of documents at a time */
    STREAM_ROWS = 2000,      /* rows of one statement when the filter looks at once */
    FIRST_AVERAGE = 1 << 17, /* bytes of a document while none was seen */
};

struct candidate {
    struct view_resource row; /* its texts in the arena */
    struct view_refs refs;
};

struct run {
    struct sift *sift;
    struct err *err;
    store_row_fn *visit;
    void *context;
    struct scim_sieve *sieve;
    struct scim_sieve_needs needs;
    struct arena arena;      /* of a chunk */
    struct arena members;    /* of one group */
    struct candidate *chunk; /* that the filter has not seen yet */
    size_t count, capacity;
    size_t bytes; /* of its documents; */
    bool full;    /* as many as may be: it was cut short */
    bool ended;   /* by the visitor */
    bool too_much;
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
    if (!store_groups_of(run->sift->db, run->sift->directory, SCIM_TYPE_USER, ids, run->count, &run->arena, refs,
                         run->err))
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
    members->good = store_is_member(run->sift->db, run->sift->directory, members->group, ref.id, &is_member, run->err);
    if (members->good && is_member)
        collect_ref(&ref, &members->collector);
}

/* What the filter must see of a group's members: those that it names, or all when it asks for more than `value eq`. */
static bool load_members_for_filter(struct run *run, struct candidate *group)
{
    arena_reset(&run->members);
    struct named_members members = {
        .run = run, .collector = {.arena = &run->members}, .group = group->row.id, .good = true};
    if (!scim_filter_only_eq_values(run->sift->filter, SLICE_LITERAL("members"), look_for_member, &members))
        return members.good && sift_load_members(run->sift->db, run->sift->directory, group->row.id, &run->members,
                                                 &group->refs, run->err);
    group->refs = (struct view_refs){members.collector.list, members.collector.count};
    return members.good;
}

/* Groups of all users at once; members of one group at a time, because they may be many. */
static bool load_refs_of_users(struct run *run)
{
    bool users = run->sift->type->code != SCIM_TYPE_GROUP;
    return !users || !run->needs.refs || run->count == 0 || load_groups(run);
}

static bool load_refs_of_group(struct run *run, struct candidate *candidate)
{
    bool group = run->sift->type->code == SCIM_TYPE_GROUP;
    return !group || !run->needs.refs || load_members_for_filter(run, candidate);
}

/* --- filtering --- */

static bool passes(const struct run *run, const struct view_resource *row, struct view_refs refs)
{
    const struct sift *sift = run->sift;
    if (!run->sieve)
        return true;
    struct scim_served served = {
        .type = sift->type,
        .id = row->id,
        .stored = row->stored,
        .version = row->version,
        .created_ms = row->created_ms,
        .modified_ms = row->modified_ms,
        .manager_known = row->manager_known,
        .manager_id = row->manager_id,
        .manager_display = row->manager_display,
        .refs = refs.list,
        .ref_count = refs.count,
        .refs_shown = true,
    };
    return scim_sieve_passes(run->sieve, &served, sift->base_url);
}

static bool is_too_much(const struct sift *sift)
{
    return sift->looked_at > sift->most || clock_monotonic_ns() >= sift->deadline_ns;
}

static void forget_chunk(struct run *run)
{
    run->chunk = NULL;
    run->count = run->capacity = run->bytes = 0;
    run->full = false;
    arena_reset(&run->arena);
}

static bool sift_chunk(struct run *run)
{
    if (!load_refs_of_users(run))
        return false;
    for (size_t i = 0; i < run->count && !run->ended && !run->too_much; i++) {
        if (!load_refs_of_group(run, &run->chunk[i]))
            return false;
        run->sift->last = run->chunk[i].row.id;
        if (passes(run, &run->chunk[i].row, run->chunk[i].refs))
            run->ended = !run->visit(&run->chunk[i].row, run->context);
        run->too_much = is_too_much(run->sift);
    }
    forget_chunk(run);
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
    run->bytes += row->stored.text.len;
    run->full = run->bytes > MOST_BYTES;
    return !run->full;
}

/* What one statement reads, behind an id: resources of the type, or candidates of a plan. */
static bool read_rows(struct run *run, const struct scim_plan *plan, struct resource_id after, uint64_t limit,
                      store_row_fn *visit, void *context)
{
    const struct sift *sift = run->sift;
    struct directory_id directory = sift->directory;
    uint16_t type = sift->type->code;
    if (plan->kind != SCIM_PLAN_SCAN)
        return store_candidates(sift->db, directory, type, plan, after, limit, visit, context, run->err);
    return (run->needs.manager ? store_page_after : store_scan)(sift->db, directory, type, after, limit, visit, context,
                                                                run->err);
}

/* Chunk by chunk, with what the filter needs beside the rows. */
static bool sift_chunks(struct run *run, const struct scim_plan *plan)
{
    struct resource_id last = run->sift->after;
    bool more;
    do {
        if (!read_rows(run, plan, last, CHUNK, collect, run))
            return false;
        more = run->count == CHUNK || run->full;
        if (run->count)
            last = run->chunk[run->count - 1].row.id;
        if (!sift_chunk(run))
            return false;
    } while (more && !run->ended && !run->too_much);
    return true;
}

struct stream {
    struct run *run;
    struct resource_id last;
    uint64_t rows, bytes; /* of one statement */
};

static bool look_at(const struct view_resource *row, void *context)
{
    struct stream *stream = context;
    struct run *run = stream->run;
    stream->last = run->sift->last = row->id;
    stream->rows++;
    stream->bytes += row->stored.text.len;
    run->sift->looked_at++;
    if (passes(run, row, (struct view_refs){0}))
        run->ended = !run->visit(row, run->context);
    run->too_much = is_too_much(run->sift);
    return !run->ended && !run->too_much;
}

/* What is left of a result that is given up is read all the same: no more than that. */
static uint64_t rows_for_bytes(const struct stream *stream)
{
    uint64_t average = stream->rows ? stream->bytes / stream->rows + 1 : FIRST_AVERAGE;
    uint64_t rows = MOST_BYTES / average + 1;
    return rows < STREAM_ROWS ? rows : STREAM_ROWS;
}

/* Without copies: nothing but the row is needed, so it is looked at while it is read. */
static bool sift_stream(struct run *run, const struct scim_plan *plan)
{
    struct stream stream = {.run = run, .last = run->sift->after};
    uint64_t limit;
    do {
        limit = plan->kind == SCIM_PLAN_PREFIX ? run->sift->most + 1 : rows_for_bytes(&stream);
        stream.rows = stream.bytes = 0;
        if (!read_rows(run, plan, stream.last, limit, look_at, &stream))
            return false;
    } while (stream.rows == limit && !run->ended && !run->too_much);
    return true;
}

static bool sift_by(struct run *run, const struct scim_plan *plan)
{
    return (run->needs.refs ? sift_chunks : sift_stream)(run, plan);
}

static int compare_candidates(const void *a, const void *b)
{
    const struct candidate *left = a, *right = b;
    return id_compare(&left->row.id.id, &right->row.id.id);
}

static void drop_doubles(struct run *run)
{
    size_t kept = 0;
    if (run->count)
        qsort(run->chunk, run->count, sizeof(*run->chunk), compare_candidates);
    for (size_t i = 0; i < run->count; i++)
        if (kept == 0 || compare_candidates(&run->chunk[kept - 1], &run->chunk[i]) != 0)
            run->chunk[kept++] = run->chunk[i];
    run->count = kept;
}

static const struct scim_plan everything = {.kind = SCIM_PLAN_SCAN};

/* The union of some plans, unless one of them finds many: then a scan costs no more. */
static bool sift_any(struct run *run, const struct scim_plan *plan)
{
    for (size_t i = 0; i < plan->any_count; i++) {
        size_t before = run->count;
        if (!read_rows(run, &plan->any[i], run->sift->after, MOST_OF_ANY, collect, run))
            return false;
        if (run->count - before < MOST_OF_ANY && !run->full)
            continue;
        forget_chunk(run);
        return sift_by(run, &everything);
    }
    drop_doubles(run);
    return sift_chunk(run);
}

static bool run_plan(struct run *run)
{
    struct sift *sift = run->sift;
    struct scim_plan plan;
    if (!sift->filter)
        return sift_by(run, &everything);
    scim_filter_plan(sift->filter, sift->type, sift->policy, sift->arena, &plan);
    if (plan.kind == SCIM_PLAN_NOTHING)
        return true;
    return plan.kind == SCIM_PLAN_ANY ? sift_any(run, &plan) : sift_by(run, &plan);
}

bool sift_run(struct sift *sift, store_row_fn *visit, void *context, struct err *err)
{
    struct run run = {.sift = sift, .err = err, .visit = visit, .context = context};
    arena_init(&run.arena);
    arena_init(&run.members);
    if (sift->filter) {
        run.sieve = scim_sieve_new(sift->filter, sift->type, sift->arena);
        run.needs = scim_sieve_needs(run.sieve);
    }
    bool good = run_plan(&run);
    sift->gave_up = run.too_much && !run.ended;
    if (run.sieve)
        scim_sieve_free(run.sieve);
    arena_fini(&run.arena);
    arena_fini(&run.members);
    return good;
}
