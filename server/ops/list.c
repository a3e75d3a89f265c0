/* Lists in the query lane: collections, the root, and searches of either. */
#include "base/clock.h"
#include "base/must.h"
#include "listing.h"
#include "use_cases.h"

bool listing_look_behind(struct listing *listing, bool (*walk)(struct listing *listing))
{
    if (listing->count == 0)
        return true;
    const struct listed *last = &listing->page[listing->count - 1];
    struct listing probe = *listing;
    struct listed found[1];
    probe.page = found;
    probe.count = 0;
    probe.most = 0;
    probe.from.backward = false;
    probe.from.has_total = listing_is_filtered(listing);
    probe.from.place = last->place;
    probe.from.type = last->type->code;
    arena_init(&probe.arena);
    bool good = walk(&probe);
    listing->behind = probe.more;
    arena_fini(&probe.arena);
    return good;
}

static bool run_listing(struct listing *listing)
{
    const struct op *op = listing->call->op;
    if (!listing_prepare(listing))
        return true;
    return (listing->sorted ? listing_sorted : listing_by_id)(listing) &&
           (op->err.kind != ERR_NONE || listing_reply(listing));
}

/* true: go on. Otherwise *good_out says whether the op was answered or the database failed. */
static bool begin(struct call *call, struct db *db, bool *good_out, struct err *err)
{
    if (!call_admit_loading(call, db, good_out, err) || !call_read_search(call))
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
        struct listing listing = {.call = call,
                                  .db = db,
                                  .err = err,
                                  .deadline_ns = clock_monotonic_ns() + (uint64_t)LISTING_SIFT_MS * 1000000};
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
