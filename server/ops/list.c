/* GET /Users, GET /Groups in the query lane: pages, and filters that name more than one resource. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"
#include "scim/message.h"
#include "use_cases.h"

enum { CHUNK = 500, SCAN_MS = 4000 };

struct found {                /* one resource of the page */
    struct view_resource row; /* its texts in the listing's arena */
    struct view_refs refs;
};

struct listing {
    struct call *call;
    struct db *db;
    struct err *err;
    struct arena arena;         /* of the page */
    struct arena scratch;       /* of a chunk of candidates */
    struct scim_filter *filter; /* NULL: all */
    uint64_t first, most;       /* the page: 1-based, resources */
    uint64_t total;             /* matches so far */
    struct found *page;
    size_t page_count;
    struct found *chunk; /* candidates that the filter has not seen yet */
    size_t chunk_count, chunk_capacity;
    uint64_t looked_at;
    uint64_t deadline_ns;
};

static bool is_user(const struct listing *listing) { return listing->call->type->code == SCIM_TYPE_USER; }
static uint16_t type_code(const struct listing *listing) { return listing->call->type->code; }

static struct view_resource copy_row(struct arena *arena, const struct view_resource *row)
{
    struct view_resource copy = *row;
    copy.stored.text = arena_slice(arena, row->stored.text);
    copy.unique_key = copy.external_key = SLICE_EMPTY;
    copy.display = arena_slice(arena, row->display);
    copy.manager_display = arena_slice(arena, row->manager_display);
    return copy;
}

static void keep(struct listing *listing, const struct view_resource *row)
{
    listing->total++;
    if (listing->total >= listing->first && listing->page_count < listing->most)
        listing->page[listing->page_count++].row = copy_row(&listing->arena, row);
}

/* --- references: groups of users, members of groups --- */

static bool load_groups(struct listing *listing, struct arena *arena, struct found *list, size_t count)
{
    if (count == 0)
        return true;
    struct resource_id *ids = arena_array(arena, struct resource_id, count);
    struct view_refs *refs = arena_array(arena, struct view_refs, count);
    for (size_t i = 0; i < count; i++)
        ids[i] = list[i].row.id;
    if (!store_groups_of(listing->db, call_directory(listing->call), SCIM_TYPE_USER, ids, count, arena, refs,
                         listing->err))
        return false;
    for (size_t i = 0; i < count; i++)
        list[i].refs = refs[i];
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

static bool load_members(struct listing *listing, struct arena *arena, struct found *group)
{
    struct ref_collector collector = {.arena = arena};
    if (!store_members_of(listing->db, call_directory(listing->call), group->row.id, collect_ref, &collector,
                          listing->err))
        return false;
    group->refs = (struct view_refs){collector.list, collector.count};
    return true;
}

struct literal_members { /* the members of one group among those that the filter names */
    struct listing *listing;
    struct ref_collector collector;
    struct resource_id group;
    bool good;
};

static void look_for_member(struct slice literal, void *context)
{
    struct literal_members *members = context;
    struct scim_group_ref ref = {.type = SCIM_TYPE_USER};
    bool is_member;
    if (!members->good || !id_from_uuid(literal, true, &ref.id.id))
        return;
    members->good = store_is_member(members->listing->db, call_directory(members->listing->call), members->group,
                                    ref.id, &is_member, members->listing->err);
    if (members->good && is_member)
        collect_ref(&ref, &members->collector);
}

/* What the filter must see of a group's members: those that it names, or all when it asks for more than `value eq`. */
static bool load_members_for_filter(struct listing *listing, struct found *group)
{
    struct literal_members members = {
        .listing = listing, .collector = {.arena = &listing->scratch}, .group = group->row.id, .good = true};
    if (!scim_filter_only_eq_values(listing->filter, SLICE_LITERAL("members"), look_for_member, &members))
        return members.good && load_members(listing, &listing->scratch, group);
    group->refs = (struct view_refs){members.collector.list, members.collector.count};
    return members.good;
}

static bool load_for_filter(struct listing *listing)
{
    if (is_user(listing))
        return !scim_filter_uses(listing->filter, SLICE_LITERAL("groups")) ||
               load_groups(listing, &listing->scratch, listing->chunk, listing->chunk_count);
    if (!scim_filter_uses(listing->filter, SLICE_LITERAL("members")))
        return true;
    for (size_t i = 0; i < listing->chunk_count; i++)
        if (!load_members_for_filter(listing, &listing->chunk[i]))
            return false;
    return true;
}

/* --- filtering --- */

static struct scim_served served_of(const struct listing *listing, const struct found *found)
{
    struct call_shown shown = {.row = &found->row, .refs = found->refs};
    return call_served(listing->call, &shown);
}

static bool found_matches(const struct listing *listing, const struct found *found)
{
    struct scim_served served = served_of(listing, found);
    served.refs_shown = true;
    json_scoped *resource = call_representation(listing->call, &served);
    return scim_filter_matches(listing->filter, resource);
}

static bool sift_chunk(struct listing *listing)
{
    if (!load_for_filter(listing))
        return false;
    for (size_t i = 0; i < listing->chunk_count; i++)
        if (found_matches(listing, &listing->chunk[i]))
            keep(listing, &listing->chunk[i].row);
    listing->chunk = NULL;
    listing->chunk_count = listing->chunk_capacity = 0;
    arena_reset(&listing->scratch);
    return true;
}

/* Rows come while their result is open, and the filter may need statements of its own: they are collected first. */
static bool collect(const struct view_resource *row, void *context)
{
    struct listing *listing = context;
    if (listing->chunk_count == listing->chunk_capacity) {
        size_t capacity = listing->chunk_capacity ? listing->chunk_capacity * 2 : 64;
        struct found *chunk = arena_array(&listing->scratch, struct found, capacity);
        if (listing->chunk_count)
            memcpy(chunk, listing->chunk, listing->chunk_count * sizeof(*chunk));
        listing->chunk = chunk;
        listing->chunk_capacity = capacity;
    }
    listing->looked_at++;
    listing->chunk[listing->chunk_count++].row = copy_row(&listing->scratch, row);
    return true;
}

static bool too_much(struct listing *listing)
{
    if (listing->looked_at <= listing->call->settings->max_scan && clock_monotonic_ns() < listing->deadline_ns)
        return false;
    err_set(&listing->call->op->err, ERR_TOO_MANY,
            "The filter has to look at too many resources: ask by an indexed attribute such as userName, externalId or "
            "emails.value.");
    return true;
}

/* Every resource of the type, chunk by chunk in order of id. */
static bool scan(struct listing *listing)
{
    struct resource_id last = {0};
    size_t seen;
    do {
        if (!store_page_after(listing->db, call_directory(listing->call), type_code(listing), last, CHUNK, collect,
                              listing, listing->err))
            return false;
        seen = listing->chunk_count;
        if (seen)
            last = listing->chunk[seen - 1].row.id;
        if (!sift_chunk(listing))
            return false;
    } while (seen == CHUNK && !too_much(listing));
    return true;
}

static bool sift_candidates(struct listing *listing, const struct scim_plan *plan)
{
    uint64_t most = listing->call->settings->max_scan;
    if (!store_candidates(listing->db, call_directory(listing->call), type_code(listing), plan, most + 1, collect,
                          listing, listing->err))
        return false;
    return too_much(listing) || sift_chunk(listing);
}

static bool run_filter(struct listing *listing)
{
    struct call *call = listing->call;
    struct op *op = call->op;
    if (!scim_filter_parse(call->query.filter, call->type, call_policy(call), &op->arena, &listing->filter, &op->err))
        return true;
    struct scim_plan plan;
    scim_filter_plan(listing->filter, call->type, call_policy(call), &op->arena, &plan);
    if (plan.kind == SCIM_PLAN_NOTHING)
        return true;
    return plan.kind == SCIM_PLAN_SCAN ? scan(listing) : sift_candidates(listing, &plan);
}

static bool keep_row(const struct view_resource *row, void *context)
{
    struct listing *listing = context;
    listing->page[listing->page_count++].row = copy_row(&listing->arena, row);
    return true;
}

/* Without a filter the counter row knows the total, and only the page is read. */
static bool run_unfiltered(struct listing *listing)
{
    struct directory_id directory = call_directory(listing->call);
    return store_count(listing->db, directory, type_code(listing), &listing->total, listing->err) &&
           (listing->most == 0 || store_page(listing->db, directory, type_code(listing), listing->first - 1,
                                             listing->most, keep_row, listing, listing->err));
}

/* --- the reply --- */

static bool load_shown(struct listing *listing)
{
    if (is_user(listing))
        return load_groups(listing, &listing->arena, listing->page, listing->page_count);
    return true; /* members are loaded group by group while the reply is written */
}

static bool write_resource(struct listing *listing, struct found *found)
{
    struct arena members;
    arena_init(&members);
    bool good = is_user(listing) || !call_shows_refs(listing->call) || load_members(listing, &members, found);
    if (good) {
        struct scim_served served = served_of(listing, found);
        call_render(listing->call, &served, &listing->call->op->reply.body);
    }
    arena_fini(&members);
    return good;
}

static bool write_reply(struct listing *listing)
{
    struct buf *out = &listing->call->op->reply.body;
    if (!load_shown(listing))
        return false;
    scim_message_list_begin(listing->total, listing->first, listing->page_count, out);
    for (size_t i = 0; i < listing->page_count && !out->overflowed; i++) {
        if (i)
            buf_add_char(out, ',');
        if (!write_resource(listing, &listing->page[i]))
            return false;
    }
    scim_message_list_end(out);
    call_reply_body(listing->call, 200);
    return true;
}

static void set_page(struct listing *listing)
{
    const struct call *call = listing->call;
    uint64_t asked = call->query.has_count ? (uint64_t)call->query.count : call->settings->default_page;
    listing->most = asked < call->settings->max_page ? asked : call->settings->max_page;
    listing->first = call->query.has_start_index ? (uint64_t)call->query.start_index : 1;
    listing->page = arena_array(&listing->arena, struct found, listing->most + 1);
}

static bool run_listing(struct listing *listing)
{
    struct call *call = listing->call;
    set_page(listing);
    bool good = call->query.has_filter ? run_filter(listing) : run_unfiltered(listing);
    return good && (call->op->err.kind != ERR_NONE || write_reply(listing));
}

/* true: go on. Otherwise *good_out says whether the op was answered or the database failed. */
static bool begin(struct call *call, struct db *db, bool *good_out, struct err *err)
{
    struct view_token token;
    bool found = false;
    *good_out = !call->credential_good || store_token_load(db, call->credential.directory,
                                                           (struct token_id){call->credential.id}, &token, &found, err);
    if (!*good_out)
        return false;
    struct view_token *kept = arena_new(&call->op->arena, struct view_token);
    *kept = token;
    if (!call_admit_token(call, found ? kept : NULL))
        return false;
    if (call->parameter_err.kind != ERR_NONE) {
        call->op->err = call->parameter_err;
        return false;
    }
    return true;
}

bool scim_list(struct op *op, struct db *db, struct err *err)
{
    struct call *call = call_of(op);
    bool good;
    if (!db_begin_snapshot(db, err))
        return false;
    if (begin(call, db, &good, err)) {
        struct listing listing = {
            .call = call, .db = db, .err = err, .deadline_ns = clock_monotonic_ns() + (uint64_t)SCAN_MS * 1000000};
        arena_init(&listing.arena);
        arena_init(&listing.scratch);
        good = run_listing(&listing);
        arena_fini(&listing.arena);
        arena_fini(&listing.scratch);
    }
    db_rollback(db);
    return good;
}

bool scim_get_group_whole(struct op *op, struct db *db, struct err *err)
{
    struct call *call = call_of(op);
    struct call_shown shown = {0};
    bool good;
    if (!db_begin_snapshot(db, err))
        return false;
    if (begin(call, db, &good, err)) {
        struct listing listing = {.call = call, .db = db, .err = err};
        struct found group = {0};
        good = store_resource(db, call_directory(call), SCIM_TYPE_GROUP, call->id, &op->arena, &shown.row, err);
        if (good && shown.row) {
            group.row = *shown.row;
            good = load_members(&listing, &op->arena, &group);
            shown.refs = group.refs;
        }
        if (good)
            scim_get_shown(call, &shown);
    }
    db_rollback(db);
    return good;
}
