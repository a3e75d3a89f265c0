/* Which endpoints the dispatcher holds, and what is new about them. */
#include "admin_api_sql.h"
#include "base/clock.h"
#include "dispatch.h"
#include "obs/log.h"

enum { LOOK_AT_ONCE = 500 };

struct news { /* of one endpoint */
    struct id id;
    uint64_t fence;
    uint32_t revision, orders;
    uint64_t end;
};

static void log_endpoint(enum log_level level, const char *what, const struct id *id, const char *cause)
{
    char text[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_WEBHOOK, id, text);
    log_event(level, "webhooks", what, LOG_TEXT("endpoint", text), LOG_TEXT("cause", cause));
}

/* --- coming and going --- */

static void let_go(struct dispatcher *dispatcher, struct endpoint **at)
{
    struct endpoint *endpoint = *at;
    *at = endpoint->next;
    dispatcher_forget(dispatcher, endpoint);
    if (endpoint->in_flight == 0) {
        endpoint_free(endpoint);
        return;
    }
    endpoint->is_lost = true;
    endpoint->next = dispatcher->lost;
    dispatcher->lost = endpoint;
}

/* Deleted, or taken over: what was not written stays so. */
static void lose(struct dispatcher *dispatcher, struct endpoint **at)
{
    log_endpoint(LOG_DEBUG, "an endpoint is not this process's any more", &(*at)->row.id, "");
    delivery_log_drop(&dispatcher->log, &(*at)->row.id);
    let_go(dispatcher, at);
}

static bool load(struct dispatcher *dispatcher, const struct id *id, uint64_t fence, struct endpoint **endpoint_out,
                 struct err *err)
{
    const struct endpoint_source source = dispatcher_source(dispatcher);
    if (!endpoint_load(&source, id, fence, dispatcher->settings.lanes, endpoint_out, err))
        return false;
    if (*endpoint_out)
        (*endpoint_out)->lanes.total = &dispatcher->bytes;
    return true;
}

static bool take(struct dispatcher *dispatcher, struct endpoint **at, const struct news *news, struct err *err)
{
    struct endpoint *endpoint;
    if (!load(dispatcher, &news->id, news->fence, &endpoint, err))
        return false;
    if (!endpoint)
        return true; /* gone meanwhile */
    endpoint->next = *at;
    *at = endpoint;
    dispatcher_queue(dispatcher, endpoint);
    return true;
}

/* --- what is new --- */

static bool hear(struct dispatcher *dispatcher, struct endpoint *endpoint, const struct news *news, struct err *err)
{
    bool has_orders = endpoint->orders != news->orders, was_changed = endpoint->row.revision != news->revision;
    if (!has_orders && !was_changed && endpoint->end == news->end)
        return true;
    const struct endpoint_source source = dispatcher_source(dispatcher);
    if (has_orders && !endpoint_read_orders(&source, endpoint, err))
        return false;
    endpoint->orders = news->orders;
    endpoint->end = news->end;
    endpoint->is_stale = endpoint->is_stale || was_changed;
    dispatcher->is_untidy = dispatcher->is_untidy || was_changed;
    dispatcher_queue(dispatcher, endpoint);
    return true;
}

static bool read_news(struct dispatcher *dispatcher, const struct id *after, struct news *list, size_t *count_out,
                      struct err *err)
{
    const struct db_value parameters[] = {db_id(&dispatcher->lease.self), db_id(after), db_integer(LOOK_AT_ONCE)};
    struct db_rows *rows = db_query(dispatcher->db, sql_webhook_look, parameters, 3, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows))) {
        struct news *news = &list[(*count_out)++];
        db_id_out(&row[0], &news->id);
        news->fence = (uint64_t)row[1].integer;
        news->revision = (uint32_t)row[2].integer;
        news->orders = (uint32_t)row[3].integer;
        news->end = (uint64_t)row[4].integer;
    }
    return rows && db_rows_end(rows, err);
}

/* Both are in the order of ids: whatever lies between two of the database's is not held any more. */
static bool merge(struct dispatcher *dispatcher, struct endpoint ***at, const struct news *news, struct err *err)
{
    while (**at && id_compare(&(**at)->row.id, &news->id) < 0)
        lose(dispatcher, *at);
    bool is_known = **at && id_equals(&(**at)->row.id, &news->id);
    if (is_known && (**at)->fence != news->fence) {
        lose(dispatcher, *at);
        is_known = false;
    }
    if (!(is_known ? hear(dispatcher, **at, news, err) : take(dispatcher, *at, news, err)))
        return false;
    if (**at && id_equals(&(**at)->row.id, &news->id))
        *at = &(**at)->next;
    return true;
}

bool held_look(struct dispatcher *dispatcher, struct err *err)
{
    struct news list[LOOK_AT_ONCE];
    struct id after = {{0}};
    struct endpoint **at = &dispatcher->held;
    size_t count = LOOK_AT_ONCE;
    dispatcher->looked_ns = clock_monotonic_ns();
    while (count == LOOK_AT_ONCE) {
        if (!read_news(dispatcher, &after, list, &count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            if (!merge(dispatcher, &at, &list[i], err))
                return false;
        if (count > 0)
            after = list[count - 1].id;
    }
    while (*at)
        lose(dispatcher, at);
    return true;
}

/* --- leases --- */

/* Those that are idle first: the others have to end what they do. */
static void mark_surplus(struct dispatcher *dispatcher)
{
    size_t surplus = dispatcher->lease.surplus;
    for (int busy = 0; busy <= 1; busy++)
        for (struct endpoint *endpoint = dispatcher->held; endpoint && surplus > 0; endpoint = endpoint->next) {
            if (endpoint->is_leaving || (endpoint->in_flight > 0) != busy)
                continue;
            endpoint->is_leaving = dispatcher->is_untidy = true;
            surplus--;
        }
}

static void measure(struct dispatcher *dispatcher)
{
    int64_t held = 0, down = 0, lag = 0;
    for (const struct endpoint *endpoint = dispatcher->held; endpoint; endpoint = endpoint->next) {
        int64_t behind = (int64_t)endpoint->end + 1 - (int64_t)endpoint->scanned.sequence;
        held++;
        if (endpoint->state == ENDPOINT_ACTIVE && receiver_is_down(&endpoint->receiver))
            down++;
        else if (endpoint->state == ENDPOINT_ACTIVE && behind > lag)
            lag = behind;
    }
    metric_set(dispatcher->metrics.held, held);
    metric_set(dispatcher->metrics.down, down);
    metric_set(dispatcher->metrics.lag, lag);
}

/* Those of which nothing is in flight any more. */
static void free_lost(struct dispatcher *dispatcher)
{
    for (struct endpoint **at = &dispatcher->lost; *at;) {
        struct endpoint *endpoint = *at;
        if (endpoint->in_flight > 0) {
            at = &endpoint->next;
            continue;
        }
        *at = endpoint->next;
        endpoint_free(endpoint);
    }
}

bool held_renew(struct dispatcher *dispatcher, struct err *err)
{
    if (!lease_turn(dispatcher->db, &dispatcher->lease, err) || !held_look(dispatcher, err))
        return false;
    free_lost(dispatcher);
    mark_surplus(dispatcher);
    measure(dispatcher);
    return true;
}

/* --- tidying --- */

static bool give_back(struct dispatcher *dispatcher, struct endpoint **at, struct err *err)
{
    if (!lease_give(dispatcher->db, &(*at)->row.id, (*at)->fence, err))
        return false;
    let_go(dispatcher, at);
    return true;
}

static bool read_again(struct dispatcher *dispatcher, struct endpoint **at, struct err *err)
{
    struct endpoint *fresh, *old = *at;
    if (!load(dispatcher, &old->row.id, old->fence, &fresh, err))
        return false;
    let_go(dispatcher, at);
    if (!fresh)
        return true;
    fresh->next = *at;
    *at = fresh;
    dispatcher_queue(dispatcher, fresh);
    return true;
}

static bool tidy(struct dispatcher *dispatcher, struct endpoint **at, struct err *err)
{
    return (*at)->is_leaving ? give_back(dispatcher, at, err) : read_again(dispatcher, at, err);
}

bool held_tidy(struct dispatcher *dispatcher, struct err *err)
{
    if (!dispatcher_flush(dispatcher, err))
        return false;
    bool is_untidy_yet = false;
    for (struct endpoint **at = &dispatcher->held; *at;) {
        bool is_untidy = (*at)->is_leaving || (*at)->is_stale;
        bool is_busy = (*at)->in_flight > 0 || endpoint_is_dirty(*at);
        if (is_untidy && !is_busy) {
            if (!tidy(dispatcher, at, err))
                return false;
            continue;
        }
        is_untidy_yet = is_untidy_yet || is_untidy;
        at = &(*at)->next;
    }
    dispatcher->is_untidy = is_untidy_yet;
    return true;
}

static void free_list(struct endpoint *list)
{
    for (struct endpoint *endpoint = list, *next; endpoint; endpoint = next) {
        next = endpoint->next;
        endpoint_free(endpoint);
    }
}

void held_free(struct dispatcher *dispatcher)
{
    free_list(dispatcher->held);
    free_list(dispatcher->lost);
}
