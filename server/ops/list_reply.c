/* The ListResponse: rows become resources, with what is derived beside them. */
#include "listing.h"
#include "scim/message.h"

static bool is_user(const struct listed *listed) { return listed->type->code == SCIM_TYPE_USER; }

static bool load_managers(struct listing *listing)
{
    struct view_resource **rows = arena_array(&listing->arena, struct view_resource *, listing->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < listing->count; i++)
        if (is_user(&listing->page[i]))
            rows[count++] = &listing->page[i].row;
    return store_know_managers(listing->db, listing_directory(listing), rows, count, &listing->arena, listing->err);
}

static bool load_groups(struct listing *listing)
{
    struct resource_id *ids = arena_array(&listing->arena, struct resource_id, listing->count + 1);
    struct view_refs *refs = arena_array(&listing->arena, struct view_refs, listing->count + 1);
    size_t count = 0, at = 0;
    for (size_t i = 0; i < listing->count; i++)
        if (is_user(&listing->page[i]))
            ids[count++] = listing->page[i].row.id;
    if (count > 0 && !store_groups_of(listing->db, listing_directory(listing), SCIM_TYPE_USER, ids, count,
                                      &listing->arena, refs, listing->err))
        return false;
    for (size_t i = 0; i < listing->count; i++)
        if (is_user(&listing->page[i]))
            listing->page[i].refs = refs[at++];
    return true;
}

static bool shows_members(const struct listing *listing, const struct listed *listed)
{
    return listed->type->code == SCIM_TYPE_GROUP &&
           scim_projection_shows(listing->call->projection, SLICE_LITERAL("members"));
}

static bool shows_refs(const struct listing *listing, const struct listed *listed)
{
    return is_user(listed) ? scim_projection_shows(listing->call->projection, SLICE_LITERAL("groups"))
                           : shows_members(listing, listed);
}

/* Members are loaded group by group: there may be a hundred thousand of each. */
static bool write_resource(struct listing *listing, struct listed *listed)
{
    struct arena members;
    arena_init(&members);
    bool good =
        !shows_members(listing, listed) || sift_load_members(listing->db, listing_directory(listing), listed->row.id,
                                                             &members, &listed->refs, listing->err);
    if (good) {
        struct call_shown shown = {.row = &listed->row, .refs = listed->refs};
        struct scim_served served = call_served(listing->call, &shown);
        served.type = listed->type;
        served.refs_shown = shows_refs(listing, listed);
        call_render(listing->call, &served, &listing->call->op->reply.body);
    }
    arena_fini(&members);
    return good;
}

/* CU-02, CU-03: absent exactly where there is no such page. */
static void begin_walk(const struct listing *listing, struct buf *out)
{
    static const struct scim_place edge = {.kind = SCIM_PLACE_EDGE};
    bool backward = listing->from.backward, begun = listing->from.place.kind != SCIM_PLACE_EDGE;
    struct slice next = SLICE_EMPTY, previous = SLICE_EMPTY;
    if (listing->count > 0) {
        const struct listed *first = &listing->page[0], *last = &listing->page[listing->count - 1];
        if (backward ? listing->behind : listing->more)
            next = listing_make_cursor(listing, false, last->type->code, &last->place);
        if (backward ? listing->more : begun)
            previous = listing_make_cursor(listing, true, first->type->code, &first->place);
    } else if (begun && listing->most > 0) {
        /* Everything on this side of the place has been deleted: what is left is on the other. */
        struct slice *other = backward ? &next : &previous;
        *other = listing_make_cursor(listing, !backward, 0, &edge);
    }
    scim_message_walk_begin(listing->total, listing->count, next, previous, out);
}

bool listing_reply(struct listing *listing)
{
    struct buf *out = &listing->call->op->reply.body;
    if (!load_managers(listing) || !load_groups(listing))
        return false;
    if (listing->by_cursor)
        begin_walk(listing, out);
    else
        scim_message_list_begin(listing->total, listing->first, listing->count, out);
    for (size_t i = 0; i < listing->count && !out->overflowed; i++) {
        if (i)
            buf_add_char(out, ',');
        if (!write_resource(listing, &listing->page[i]))
            return false;
    }
    scim_message_list_end(out);
    call_reply_body(listing->call, 200);
    return true;
}
