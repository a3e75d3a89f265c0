#include "listing.h"

#include "scim/policy_bind.h"
#include "scim/sieve.h"

struct directory_id listing_directory(const struct listing *listing) { return call_directory(listing->call); }

bool listing_is_filtered(const struct listing *listing) { return listing->call->query.has_filter; }

size_t listing_part_of(const struct listing *listing, uint16_t type)
{
    size_t part = 0;
    while (part < listing->part_count && listing->parts[part].type->code != type)
        part++;
    return part;
}

bool listing_sift(struct listing *listing, const struct listing_part *part, struct resource_id after,
                  store_row_fn *visit, void *context)
{
    struct call *call = listing->call;
    struct sift sift = {.db = listing->db,
                        .directory = listing_directory(listing),
                        .type = part->type,
                        .policy = call_policy(call),
                        .filter = part->filter,
                        .base_url = call->base_url,
                        .arena = &call->op->arena,
                        .after = after,
                        .most = call->settings->max_scan,
                        .deadline_ns = listing->deadline_ns};
    if (!sift_run(&sift, visit, context, listing->err))
        return false;
    if (sift.gave_up)
        err_set(&call->op->err, ERR_TOO_MANY,
                "The filter has to look at too many resources: ask by an indexed attribute such as userName, "
                "externalId or emails.value.");
    return true;
}

struct listed *listing_add(struct listing *listing, const struct listing_part *part)
{
    struct listed *listed = &listing->page[listing->count++];
    *listed = (struct listed){.type = part->type, .place.kind = SCIM_PLACE_VALUED};
    return listed;
}

void listing_keep_row(struct listing *listing, const struct listing_part *part, const struct view_resource *row)
{
    struct listed *listed = listing_add(listing, part);
    listed->place.id = row->id;
    listed->row = *row;
    listed->row.stored.text = arena_slice(&listing->arena, row->stored.text);
    listed->row.unique_key = listed->row.external_key = SLICE_EMPTY;
    listed->row.display = arena_slice(&listing->arena, row->display);
    listed->row.manager_display = arena_slice(&listing->arena, row->manager_display);
}

void listing_turn(struct listing *listing, size_t first)
{
    for (size_t i = first, j = listing->count; i + 1 < j; i++) {
        struct listed other = listing->page[i];
        listing->page[i] = listing->page[--j];
        listing->page[j] = other;
    }
}

bool listing_count_all(struct listing *listing)
{
    listing->total = 0;
    for (size_t i = 0; i < listing->part_count; i++) {
        uint64_t count;
        if (!store_count(listing->db, listing_directory(listing), listing->parts[i].type->code, &count, listing->err))
            return false;
        listing->total += count;
    }
    return true;
}

bool listing_load_rows_of(struct listing *listing, const struct scim_resource_type *type)
{
    struct resource_id *ids = arena_array(&listing->arena, struct resource_id, listing->count);
    struct view_resource *rows = arena_array(&listing->arena, struct view_resource, listing->count);
    size_t count = 0, at = 0;
    for (size_t i = 0; i < listing->count; i++)
        if (listing->page[i].type == type)
            ids[count++] = listing->page[i].place.id;
    if (!store_rows(listing->db, listing_directory(listing), type->code, ids, count, &listing->arena, rows,
                    listing->err))
        return false;
    for (size_t i = 0; i < listing->count; i++)
        if (listing->page[i].type == type)
            listing->page[i].row = rows[at++];
    return true;
}

bool listing_load_rows(struct listing *listing)
{
    for (size_t i = 0; listing->count > 0 && i < listing->part_count; i++)
        if (!listing_load_rows_of(listing, listing->parts[i].type))
            return false;
    return true;
}

/* --- who is asked --- */

/* F-24: the root shows what the token may read elsewhere. */
static bool may_read(const struct call *call, const struct scim_resource_type *type)
{
    unsigned wanted = SCOPE_USERS_READ | SCOPE_GROUPS_READ;
    if (type->code == SCIM_TYPE_USER)
        wanted = SCOPE_USERS_READ;
    if (type->code == SCIM_TYPE_GROUP)
        wanted = SCOPE_GROUPS_READ;
    return (call->token->scopes & wanted) == wanted;
}

static bool choose_types(struct listing *listing)
{
    struct call *call = listing->call;
    const struct scim_resource_type *const *types = call->type->types ? call->type->types : &call->type;
    size_t count = call->type->types ? call->type->type_count : 1;
    listing->parts = arena_array(&call->op->arena, struct listing_part, count);
    for (size_t i = 0; i < count; i++)
        if (may_read(call, types[i]))
            listing->parts[listing->part_count++].type = types[i];
    return listing->part_count > 0 || err_set(&call->op->err, ERR_FORBIDDEN, "The token has not the scope for this.");
}

/* Each type of the root reads the filter in its own way; what it does not have has no value there (R-09, F-04). */
static void read_filter_of(const struct listing *listing, struct listing_part *part, struct scim_filter *root)
{
    struct scim_policy policy = *call_policy(listing->call);
    struct err ignored = ERR_INIT;
    policy.unknown_attributes = SCIM_UNKNOWN_KEEP;
    if (!scim_filter_parse(listing->call->query.filter, part->type, &policy, &listing->call->op->arena, &part->filter,
                           &ignored))
        part->filter = root;
}

static bool read_filter(struct listing *listing)
{
    struct call *call = listing->call;
    struct scim_filter *filter;
    size_t kept = 0;
    if (!call->query.has_filter)
        return true;
    if (!call_parse_filter(call, &filter))
        return false;
    for (size_t i = 0; i < listing->part_count; i++) {
        struct listing_part part = listing->parts[i];
        part.filter = filter;
        if (call->type->types)
            read_filter_of(listing, &part, filter);
        if (scim_filter_may_match_type(part.filter, slice_str(part.type->name)))
            listing->parts[kept++] = part;
    }
    listing->part_count = kept;
    return true;
}

static bool is_derived(const struct call *call, const struct listing_part *part)
{
    struct scim_filter present = {.kind = SCIM_PRESENT, .path = part->sort.path};
    if (part->sort.way != SCIM_SORT_KEYS)
        return false;
    struct scim_sieve *sieve = scim_sieve_new(&present, part->type, &call->op->arena);
    struct scim_sieve_needs needs = scim_sieve_needs(sieve);
    scim_sieve_free(sieve);
    return needs.refs || needs.manager;
}

static bool read_sort(struct listing *listing)
{
    struct call *call = listing->call;
    const struct scim_query *query = &call->query;
    struct scim_sort sort;
    listing->sorted = query->sort_by.len > 0;
    if (!listing->sorted)
        return true;
    if (!scim_sort_parse(query->sort_by, query->sort_order, call->type, call_policy(call), &call->op->arena, &sort,
                         &listing->descending, &call->op->err))
        return false;
    for (size_t i = 0; i < listing->part_count; i++) {
        struct listing_part *part = &listing->parts[i];
        scim_sort_of_type(query->sort_by, part->type, call_policy(call), &call->op->arena, &part->sort);
        if (is_derived(call, part))
            return err_set(&call->op->err, ERR_INVALID_VALUE,
                           "sortBy: \"%.*s\" is derived from other resources and cannot be sorted by.",
                           (int)query->sort_by.len, query->sort_by.data);
    }
    return true;
}

static void read_page(struct listing *listing)
{
    const struct call *call = listing->call;
    uint64_t asked = call->query.has_count ? (uint64_t)call->query.count : call->settings->default_page;
    listing->most = asked < call->settings->max_page ? asked : call->settings->max_page;
    listing->first = call->query.has_start_index ? (uint64_t)call->query.start_index : 1;
    listing->by_cursor = call->query.has_cursor;
    listing->page = arena_array(&listing->arena, struct listed, listing->most + 1);
}

bool listing_prepare(struct listing *listing)
{
    if (!choose_types(listing) || !read_filter(listing) || !read_sort(listing))
        return false;
    read_page(listing);
    return !listing->by_cursor || listing_open_cursor(listing);
}
