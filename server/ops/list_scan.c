/* Lists in the order of ids: types one behind the other, the resources of each as they were created. */
#include <string.h>

#include "listing.h"

struct scan {
    struct listing *listing;
    const struct listing_part *part;
    bool counting;            /* to the end, whatever the page holds */
    struct resource_id until; /* of a walk backward: resources from here on are not meant; zero: all are */
    struct resource_id *ring; /* the last `room` matches in front of it */
    uint64_t room, met;
};

static uint64_t room(const struct listing *listing) { return listing->most + 1 - listing->count; }

static bool keep_row(const struct view_resource *row, void *context)
{
    struct scan *scan = context;
    listing_keep_row(scan->listing, scan->part, row);
    return true;
}

static bool keep_match_of_page(const struct view_resource *row, void *context)
{
    struct scan *scan = context;
    struct listing *listing = scan->listing;
    listing->total++;
    if (listing->total >= listing->first && listing->count < listing->most)
        listing_keep_row(listing, scan->part, row);
    return true;
}

static bool is_refused(const struct listing *listing) { return listing->call->op->err.kind != ERR_NONE; }

/* --- by index --- */

static bool page_of_filter(struct listing *listing)
{
    for (size_t i = 0; i < listing->part_count && !is_refused(listing); i++) {
        struct scan scan = {.listing = listing, .part = &listing->parts[i]};
        if (!listing_sift(listing, scan.part, (struct resource_id){0}, keep_match_of_page, &scan))
            return false;
    }
    return true;
}

static bool keep_place(const struct scim_place *place, void *context)
{
    struct scan *scan = context;
    listing_add(scan->listing, scan->part)->place = *place;
    return true;
}

/* A page behind the middle is counted from the end. */
static bool page_from_end(struct scan *scan, uint64_t skip, uint64_t limit)
{
    static const struct scim_place edge = {.kind = SCIM_PLACE_EDGE};
    static const struct scim_sort by_id = {.way = SCIM_SORT_ID};
    struct listing *listing = scan->listing;
    size_t first = listing->count;
    if (!store_walk(listing->db, listing_directory(listing), scan->part->type->code, &by_id, &edge, true, skip, limit,
                    keep_place, scan, listing->err))
        return false;
    listing_turn(listing, first);
    return listing_load_rows_of(listing, scan->part->type);
}

static bool page_of_type(struct scan *scan, uint64_t skip, uint64_t count)
{
    struct listing *listing = scan->listing;
    uint64_t left = listing->most - listing->count;
    if (left == 0 || skip >= count)
        return true;
    if (left > count - skip)
        left = count - skip;
    if (skip > count - skip - left)
        return page_from_end(scan, count - skip - left, left);
    return store_page(listing->db, listing_directory(listing), scan->part->type->code, skip, left, keep_row, scan,
                      listing->err);
}

/* The counters tell the total, and in which type the page begins; only the page is read. */
static bool page_of_all(struct listing *listing)
{
    uint64_t skip = listing->first - 1;
    for (size_t i = 0; i < listing->part_count; i++) {
        struct scan scan = {.listing = listing, .part = &listing->parts[i]};
        uint16_t type = scan.part->type->code;
        uint64_t count;
        if (!store_count(listing->db, listing_directory(listing), type, &count, listing->err))
            return false;
        listing->total += count;
        if (!page_of_type(&scan, skip, count))
            return false;
        skip = skip > count ? skip - count : 0;
    }
    return true;
}

/* --- by cursor --- */

static bool keep_match_of_walk(const struct view_resource *row, void *context)
{
    struct scan *scan = context;
    struct listing *listing = scan->listing;
    if (scan->counting)
        listing->total++;
    if (room(listing) > 0)
        listing_keep_row(listing, scan->part, row);
    return scan->counting || room(listing) > 0;
}

static bool walk_part(struct scan *scan, struct resource_id after)
{
    struct listing *listing = scan->listing;
    if (!scan->part->filter)
        return store_page_after(listing->db, listing_directory(listing), scan->part->type->code, after, room(listing),
                                keep_row, scan, listing->err);
    return listing_sift(listing, scan->part, after, keep_match_of_walk, scan);
}

static size_t first_part(const struct listing *listing, size_t edge)
{
    return listing->from.place.kind == SCIM_PLACE_EDGE ? edge : listing_part_of(listing, listing->from.type);
}

static bool walk_forward(struct listing *listing)
{
    size_t first = first_part(listing, 0);
    bool counting = listing_is_filtered(listing) && !listing->from.has_total;
    for (size_t i = first; i < listing->part_count && !is_refused(listing); i++) {
        struct scan scan = {.listing = listing, .part = &listing->parts[i], .counting = counting};
        struct resource_id after = {0};
        if (i == first)
            after = listing->from.place.id;
        if ((counting || room(listing) > 0) && !walk_part(&scan, after))
            return false;
    }
    return true;
}

static bool remember(const struct view_resource *row, void *context)
{
    struct scan *scan = context;
    if (!id_is_zero(&scan->until.id) && id_compare(&row->id.id, &scan->until.id) >= 0)
        return false;
    scan->ring[scan->met++ % scan->room] = row->id;
    return true;
}

/* A filter finds its resources in the order of ids alone: those in front of the place are looked at from the beginning,
 * and the last ones kept. */
static bool filter_back(struct scan *scan)
{
    struct listing *listing = scan->listing;
    scan->room = room(listing);
    scan->ring = arena_array(&listing->arena, struct resource_id, scan->room);
    if (!listing_sift(listing, scan->part, (struct resource_id){0}, remember, scan))
        return false;
    for (uint64_t kept = scan->met < scan->room ? scan->met : scan->room; kept > 0; kept--)
        listing_add(listing, scan->part)->place.id = scan->ring[--scan->met % scan->room];
    return true;
}

static bool walk_part_back(struct scan *scan, bool from_place)
{
    struct listing *listing = scan->listing;
    struct resource_id before;
    if (from_place)
        scan->until = listing->from.place.id;
    if (scan->part->filter)
        return filter_back(scan);
    memset(&before, 0xff, sizeof before);
    return store_page_before(listing->db, listing_directory(listing), scan->part->type->code,
                             from_place ? scan->until : before, room(listing), keep_row, scan, listing->err);
}

static bool walk_back(struct listing *listing)
{
    size_t first = first_part(listing, listing->part_count - 1);
    for (size_t left = listing->part_count ? first + 1 : 0; left > 0 && room(listing) > 0 && !is_refused(listing);
         left--) {
        struct scan scan = {.listing = listing, .part = &listing->parts[left - 1]};
        bool from_place = left == first + 1 && listing->from.place.kind != SCIM_PLACE_EDGE;
        if (!walk_part_back(&scan, from_place))
            return false;
    }
    return !listing_is_filtered(listing) || is_refused(listing) || listing_load_rows(listing);
}

static bool walk(struct listing *listing)
{
    if (listing->from.has_total)
        listing->total = listing->from.total;
    else if (!listing_is_filtered(listing) && !listing_count_all(listing))
        return false;
    if (!(listing->from.backward ? walk_back : walk_forward)(listing))
        return false;
    listing->more = listing->count > listing->most;
    if (listing->more)
        listing->count--;
    if (!listing->from.backward)
        return true;
    listing_turn(listing, 0);
    return is_refused(listing) || listing_look_behind(listing, walk);
}

bool listing_by_id(struct listing *listing)
{
    if (listing->by_cursor)
        return walk(listing);
    return listing_is_filtered(listing) ? page_of_filter(listing) : page_of_all(listing);
}
