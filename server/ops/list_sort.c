/* Sorted lists. Where an index holds the order, and there is no filter, the page is read from it; elsewhere the keys of
 * all matches are collected and sorted, and only the page's rows are loaded. */
#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "listing.h"
#include "scim/sieve.h"

struct entry {
    struct scim_place place; /* its key in the arena */
    const struct listing_part *part;
};

struct entries {
    struct listing *listing;
    const struct listing_part *part; /* that is being collected */
    struct scim_sieve *sieve;        /* sees what the key is made of; NULL: the part has none */
    struct entry *list;              /* heap */
    size_t count, capacity;
    struct buf key;
};

static void add(struct entries *entries, const struct scim_place *place)
{
    if (entries->count == entries->capacity) {
        entries->capacity = entries->capacity ? entries->capacity * 2 : 256;
        entries->list = realloc(entries->list, entries->capacity * sizeof(*entries->list));
        must(entries->list);
    }
    struct entry *entry = &entries->list[entries->count++];
    *entry = (struct entry){.place = *place, .part = entries->part};
    entry->place.key = arena_slice(&entries->listing->arena, place->key);
}

static int ascending(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    return scim_place_compare(&left->place, &right->place);
}

static int descending(const void *a, const void *b) { return ascending(b, a); }

static void sort(struct entries *entries, bool down)
{
    if (entries->count)
        qsort(entries->list, entries->count, sizeof(*entries->list), down ? descending : ascending);
}

static void take(struct listing *listing, const struct entries *entries, uint64_t from, uint64_t count)
{
    for (uint64_t i = from; i < from + count && i < entries->count; i++) {
        const struct entry *entry = &entries->list[i];
        listing_add(listing, entry->part)->place = entry->place;
    }
}

/* --- from an index --- */

static bool keep_place(const struct scim_place *place, void *context)
{
    add(context, place);
    return true;
}

static bool is_indexed(const struct listing *listing)
{
    if (listing_is_filtered(listing))
        return false;
    for (size_t i = 0; i < listing->part_count; i++)
        if (listing->parts[i].sort.way == SCIM_SORT_KEYS)
            return false;
    return true;
}

/* Of one type, a deep page is found by the database; of several, their beginnings are merged. */
static bool walk_parts(struct listing *listing, struct entries *entries, bool backward, uint64_t skip, uint64_t limit)
{
    bool alone = listing->part_count == 1;
    for (size_t i = 0; i < listing->part_count; i++) {
        entries->part = &listing->parts[i];
        if (!store_walk(listing->db, listing_directory(listing), entries->part->type->code, &entries->part->sort,
                        &listing->from.place, backward, alone ? skip : 0, alone ? limit : skip + limit, keep_place,
                        entries, listing->err))
            return false;
    }
    sort(entries, backward);
    take(listing, entries, alone ? 0 : skip, limit);
    return true;
}

static bool page_of_index(struct listing *listing, struct entries *entries)
{
    if (!listing_count_all(listing))
        return false;
    if (listing->by_cursor)
        return walk_parts(listing, entries, listing->descending != listing->from.backward, 0, listing->most + 1);
    if (listing->first > listing->total)
        return true;
    /* From the nearer end. */
    uint64_t skip = listing->first - 1, left = listing->total - skip;
    uint64_t count = left < listing->most ? left : listing->most;
    if (skip <= left - count)
        return walk_parts(listing, entries, listing->descending, skip, count);
    bool good = walk_parts(listing, entries, !listing->descending, left - count, count);
    listing_turn(listing, 0);
    return good;
}

/* --- collected --- */

static bool collect(const struct view_resource *row, void *context)
{
    struct entries *entries = context;
    const struct call *call = entries->listing->call;
    struct scim_place place = {.kind = SCIM_PLACE_UNVALUED, .id = row->id};
    struct call_shown shown = {.row = row};
    entries->listing->total++;
    buf_clear(&entries->key);
    if (scim_sort_key_of_time(&entries->part->sort, row->created_ms, row->modified_ms, &entries->key)) {
        place.kind = SCIM_PLACE_VALUED;
    } else if (entries->sieve) {
        struct scim_served served = call_served(call, &shown);
        served.type = entries->part->type;
        json_scoped *seen = scim_sieve_see(entries->sieve, &served, call->base_url);
        if (scim_sort_key(&entries->part->sort, seen, &entries->key))
            place.kind = SCIM_PLACE_VALUED;
    } else if (entries->part->sort.way == SCIM_SORT_ID) {
        place.kind = SCIM_PLACE_VALUED;
    }
    place.key = buf_slice(&entries->key);
    add(entries, &place);
    return true;
}

static bool collect_part(struct entries *entries)
{
    struct listing *listing = entries->listing;
    const struct scim_sort *by = &entries->part->sort;
    struct scim_filter named = {.kind = SCIM_PRESENT, .path = by->path};
    bool has_keys = by->way != SCIM_SORT_ABSENT && by->way != SCIM_SORT_ID;
    entries->sieve = has_keys ? scim_sieve_new(&named, entries->part->type, &listing->call->op->arena) : NULL;
    bool good = listing_sift(listing, entries->part, (struct resource_id){0}, collect, entries);
    if (entries->sieve)
        scim_sieve_free(entries->sieve);
    return good;
}

/* How many entries stand in front of the place, in the list's own direction; `with`: and those at it. */
static uint64_t in_front_of(const struct listing *listing, const struct entries *entries, bool with)
{
    uint64_t low = 0, high = entries->count;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int order = scim_place_compare(&entries->list[middle].place, &listing->from.place);
        if (listing->descending)
            order = -order;
        if (order < 0 || (with && order == 0))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void choose_forward(struct listing *listing, const struct entries *entries)
{
    bool edge = listing->from.place.kind == SCIM_PLACE_EDGE;
    take(listing, entries, edge ? 0 : in_front_of(listing, entries, true), listing->most + 1);
}

/* Nearest first, as a walk finds them. */
static void choose_backward(struct listing *listing, const struct entries *entries)
{
    bool edge = listing->from.place.kind == SCIM_PLACE_EDGE;
    uint64_t end = edge ? entries->count : in_front_of(listing, entries, false);
    uint64_t wanted = listing->most + 1 < end ? listing->most + 1 : end;
    take(listing, entries, end - wanted, wanted);
    listing->behind = end < entries->count;
    listing_turn(listing, 0);
}

static bool page_of_keys(struct listing *listing, struct entries *entries)
{
    for (size_t i = 0; i < listing->part_count && listing->call->op->err.kind == ERR_NONE; i++) {
        entries->part = &listing->parts[i];
        if (!collect_part(entries))
            return false;
    }
    sort(entries, listing->descending);
    if (listing->from.has_total)
        listing->total = listing->from.total;
    if (!listing->by_cursor)
        take(listing, entries, listing->first - 1, listing->most);
    else
        (listing->from.backward ? choose_backward : choose_forward)(listing, entries);
    return true;
}

static bool fill(struct listing *listing)
{
    bool indexed = is_indexed(listing);
    struct entries entries = {.listing = listing};
    buf_init(&entries.key, SIZE_MAX / 2);
    bool good = (indexed ? page_of_index : page_of_keys)(listing, &entries);
    free(entries.list);
    buf_fini(&entries.key);
    if (!good || listing->call->op->err.kind != ERR_NONE)
        return good;
    listing->more = listing->count > listing->most;
    if (listing->more)
        listing->count--;
    if (!listing->from.backward)
        return true;
    listing_turn(listing, 0);
    return !indexed || listing_look_behind(listing, fill);
}

bool listing_sorted(struct listing *listing)
{
    return fill(listing) && (listing->call->op->err.kind != ERR_NONE || listing_load_rows(listing));
}
