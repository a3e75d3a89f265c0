#include "base/json.h"
#include "polling.h"

enum { LEAST_EVENTS = 50, MOST_PAGES = 20 };

bool polling_wants(struct polling *polling, const struct stream_place *mark)
{
    int order = -1;
    while (polling->acked_at < polling->acked_count &&
           (order = stream_place_compare(&polling->acked[polling->acked_at], mark)) < 0)
        polling->acked_at++;
    if (polling->acked_at < polling->acked_count && order == 0)
        return false;
    bool is_held_up = polling->stored_count == POLL_ACKS_MOST && polling->acked_at == polling->acked_count;
    polling->is_full = polling->count >= polling->most || polling->bytes >= POLL_BYTES || is_held_up;
    return !polling->is_full;
}

void polling_offer(struct polling *polling, const struct stream_place *mark, struct slice token)
{
    char jti[STREAM_JTI_BYTES];
    stream_jti_write(polling->stream.set.salt, mark, jti);
    json_object_set_new(polling->sets, jti, json_from_slice(token));
    polling->bytes += token.len;
    polling->count++;
}

void polling_pass(struct polling *polling, const struct stream_place *next)
{
    if (polling->count == 0)
        polling->place = *next;
}

static bool take_event(struct polling *polling, const struct feed_event *event, struct arena *arena, struct err *err)
{
    enum set_event moved;
    const struct stream_place mark = {.feed = event->place}, next = {.feed = event->next};
    bool concerns = stream_takes(&polling->stream, &event->organization);
    if (concerns && set_event_moves(event, &moved)) {
        if (!polling_walk_moved(polling, event, moved, err))
            return false;
    } else if (concerns && polling_wants(polling, &mark)) {
        struct slice token = set_of_event(&polling->stream.set, polling->signer, event, arena);
        if (token.data)
            polling_offer(polling, &mark, token);
    }
    if (!polling->is_full)
        polling_pass(polling, &next);
    return true;
}

static bool take_page(struct polling *polling, const struct feed_page *page, struct arena *arena, struct err *err)
{
    for (size_t i = 0; i < page->count && !polling->is_full; i++)
        if (!take_event(polling, &page->list[i], arena, err))
            return false;
    const struct stream_place next = {.feed = page->next};
    if (!polling->is_full)
        polling_pass(polling, &next);
    return true;
}

/* What the feed has dropped before it was polled. */
static bool explain(struct err *err)
{
    if (err->kind == ERR_EXPIRED_CURSOR)
        err_set(err, ERR_EXPIRED_CURSOR,
                "The stream was not polled for so long that events were dropped. PATCH it with \"announce\": true: it "
                "begins anew, with all that is there.");
    return false;
}

static struct feed_place first_of(const struct stream_place *place)
{
    bool is_of_all = place->feed.part == STREAM_PART_OF_ALL;
    return is_of_all ? (struct feed_place){place->feed.sequence + 1, 0} : place->feed;
}

struct feed_query polling_query(const struct polling *polling)
{
    const struct stream *stream = &polling->stream;
    struct feed_query query = {.environment = stream->environment,
                               .from = first_of(&polling->place),
                               .types = set_types_of(stream->set.events),
                               .limit = LEAST_EVENTS};
    if (stream->organization_count == 1)
        query.organization = stream->organizations[0];
    return query;
}

/* What there is room for, and one to see that there is more. */
static size_t limit_of(const struct polling *polling)
{
    size_t wanted = polling->most - polling->count + 1;
    return wanted < LEAST_EVENTS ? LEAST_EVENTS : wanted > FEED_MOST ? FEED_MOST : wanted;
}

static bool read_page(struct polling *polling, struct feed_reader *reader, struct feed_query *query, bool *at_end_out,
                      struct err *err)
{
    struct arena arena;
    struct feed_page page;
    arena_init(&arena);
    query->limit = limit_of(polling);
    bool is_read = (feed_read(reader, polling->call->db, query, &arena, &page, err) || explain(err)) &&
                   take_page(polling, &page, &arena, err);
    *at_end_out = is_read && page.at_end;
    if (is_read)
        query->from = page.next;
    arena_fini(&arena);
    return is_read;
}

static bool read_pages(struct polling *polling, struct feed_reader *reader, struct err *err)
{
    struct feed_query query = polling_query(polling);
    bool at_end = false;
    for (int pages = 0; !at_end && !polling->is_full; pages++) {
        if (!read_page(polling, reader, &query, &at_end, err))
            return false;
        polling->is_full |= pages == MOST_PAGES && !at_end;
    }
    return true;
}

bool polling_read(struct polling *polling, struct err *err)
{
    if (polling->place.feed.part == STREAM_PART_OF_ALL && !polling_walk_all(polling, err))
        return false;
    struct feed_reader *reader = feed_reader_new();
    bool is_read = read_pages(polling, reader, err);
    feed_reader_free(reader);
    return is_read;
}
