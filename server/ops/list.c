/* GET /Users, GET /Groups in the query lane: pages, and filters that name more than one resource. */
#include <stdlib.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"
#include "scim/message.h"
#include "sift.h"
#include "store/rules.h"
#include "use_cases.h"

struct found {                /* one resource of the page */
    struct view_resource row; /* its texts in the listing's arena */
    struct view_refs refs;
};

struct listing {
    struct call *call;
    struct db *db;
    struct err *err;
    struct arena arena;   /* of the page */
    uint64_t first, most; /* the page: 1-based, resources */
    uint64_t total;       /* matches so far */
    struct found *page;
    size_t page_count;
};

static bool is_user(const struct listing *listing) { return listing->call->type->code == SCIM_TYPE_USER; }
static bool is_group(const struct listing *listing) { return listing->call->type->code == SCIM_TYPE_GROUP; }
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

static bool keep_match(const struct view_resource *row, void *context)
{
    keep(context, row);
    return true;
}

static bool run_filter(struct listing *listing)
{
    struct call *call = listing->call;
    struct scim_filter *filter;
    if (!call_parse_filter(call, &filter))
        return true;
    struct sift sift = {.call = call,
                        .db = listing->db,
                        .type = call->type,
                        .filter = filter,
                        .deadline_ns = clock_monotonic_ns() + (uint64_t)SIFT_MS * 1000000};
    return sift_run(&sift, keep_match, listing, listing->err);
}

static struct scim_served served_of(const struct listing *listing, const struct found *found)
{
    struct call_shown shown = {.row = &found->row, .refs = found->refs};
    return call_served(listing->call, &shown);
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

static bool load_managers(struct listing *listing)
{
    struct view_resource **rows = arena_array(&listing->arena, struct view_resource *, listing->page_count + 1);
    for (size_t i = 0; i < listing->page_count; i++)
        rows[i] = &listing->page[i].row;
    return store_know_managers(listing->db, call_directory(listing->call), rows, listing->page_count, &listing->arena,
                               listing->err);
}

static bool load_shown(struct listing *listing)
{
    if (is_user(listing))
        return load_managers(listing) && load_groups(listing, &listing->arena, listing->page, listing->page_count);
    return true; /* members are loaded group by group while the reply is written */
}

static bool write_resource(struct listing *listing, struct found *found)
{
    struct arena members;
    arena_init(&members);
    bool good = !is_group(listing) || !call_shows_refs(listing->call) ||
                sift_load_members(listing->db, call_directory(listing->call), found->row.id, &members, &found->refs,
                                  listing->err);
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
    struct view_token *token = arena_new(&call->op->arena, struct view_token);
    bool found = false;
    *good_out = !call->credential_good || store_token_load(db, call->credential.directory,
                                                           (struct token_id){call->credential.id}, token, &found, err);
    if (!*good_out)
        return false;
    bool admitted = call_admit_token(call, found ? token : NULL);
    store_rules_unref(token->rules); /* the call has a reference of its own */
    if (!admitted)
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
        struct listing listing = {.call = call, .db = db, .err = err};
        arena_init(&listing.arena);
        good = run_listing(&listing);
        arena_fini(&listing.arena);
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
        good = store_resource(db, call_directory(call), SCIM_TYPE_GROUP, call->id, &op->arena, &shown.row, err);
        if (good && shown.row)
            good = sift_load_members(db, call_directory(call), call->id, &op->arena, &shown.refs, err);
        if (good)
            scim_get_shown(call, &shown);
    }
    db_rollback(db);
    return good;
}
