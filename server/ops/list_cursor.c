/* Cursors of RFC 9865: the place where a page ends, sealed, so that nobody else can read or make one, and bound to
 * everything that the next request has to repeat. The server remembers nothing. */
#include "auth/seal.h"
#include "listing.h"

enum { MOST_BYTES = 4096 };

static const char purpose[] = "cursor";

static void add_number(uint64_t number, struct buf *out)
{
    for (unsigned i = 0; i < 8; i++)
        buf_add_char(out, (char)(number >> (8 * i) & 0xff));
}

static void add_text(struct slice text, struct buf *out)
{
    add_number(text.len, out);
    buf_add(out, text);
}

/* Who asks for what: a cursor is good for nobody and nothing else (CU-05, CU-08), nor when what the token may do has
 * changed (CU-09). */
static void describe(const struct listing *listing, struct buf *out)
{
    const struct call *call = listing->call;
    const struct scim_query *query = &call->query;
    buf_add(out, slice_of((const char *)call->token->directory.id.bytes, ID_BYTES));
    buf_add(out, slice_of((const char *)call->token->id.id.bytes, ID_BYTES));
    add_number(call->token->scopes, out);
    add_number(call->type->code, out);
    add_number(query->has_filter, out);
    add_text(query->filter, out);
    add_text(query->sort_by, out);
    add_number(listing->descending, out);
    add_text(query->attributes, out);
    add_text(query->excluded, out);
}

struct slice listing_make_cursor(const struct listing *listing, bool backward, uint16_t type,
                                 const struct scim_place *place)
{
    const struct call *call = listing->call;
    struct scim_cursor cursor = {.issued_s = call->op->now_ms / 1000,
                                 .count = listing->most,
                                 .backward = backward,
                                 .has_total = listing_is_filtered(listing),
                                 .total = listing->total,
                                 .type = type,
                                 .place = *place};
    uint8_t bytes[SCIM_CURSOR_BYTES];
    size_t length = scim_cursor_pack(&cursor, bytes);
    struct buf bound, sealed;
    buf_init(&bound, SIZE_MAX / 2);
    buf_init(&sealed, MOST_BYTES);
    describe(listing, &bound);
    auth_sealed_make(call->settings->peppers, purpose, buf_slice(&bound), slice_of((const char *)bytes, length),
                     &sealed);
    struct slice text = arena_slice(&call->op->arena, buf_slice(&sealed));
    buf_fini(&bound);
    buf_fini(&sealed);
    return text;
}

static bool unseal(struct listing *listing)
{
    const struct call *call = listing->call;
    struct buf bound, opened;
    buf_init(&bound, SIZE_MAX / 2);
    buf_init(&opened, MOST_BYTES);
    describe(listing, &bound);
    bool good = auth_sealed_open(call->settings->peppers, purpose, buf_slice(&bound), call->query.cursor, &opened);
    struct slice kept = arena_slice(&call->op->arena, buf_slice(&opened));
    buf_fini(&bound);
    buf_fini(&opened);
    return good && scim_cursor_unpack(kept, &listing->from) &&
           (listing->from.place.kind == SCIM_PLACE_EDGE ||
            listing_part_of(listing, listing->from.type) < listing->part_count);
}

/* What is advertised is the least that is promised (CU-10). */
static bool is_expired(const struct listing *listing)
{
    int64_t timeout = (int64_t)listing->call->settings->cursor_timeout_s;
    return listing->call->op->now_ms / 1000 - listing->from.issued_s > timeout + timeout / 10 + 1;
}

bool listing_open_cursor(struct listing *listing)
{
    struct err *err = &listing->call->op->err;
    if (listing->call->query.cursor.len == 0)
        return true;
    if (!unseal(listing))
        return err_set(err, ERR_INVALID_CURSOR,
                       "The cursor was not made for this request: its parameters have to be repeated unchanged.");
    if (is_expired(listing))
        return err_set(err, ERR_EXPIRED_CURSOR, "The cursor is too old: begin again.");
    if (listing->from.count != listing->most)
        return err_set(err, ERR_INVALID_COUNT, "The cursor was made for another count.");
    return true;
}
