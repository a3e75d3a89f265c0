#include "condition.h"

#include "base/clock.h"
#include "held_sift.h"
#include "ops/sift.h"
#include "scim/policy.h"

enum { MOST_LOOKED_AT = 100000, MOST_MS = 2000 };

static const struct {
    enum admin_query query;
    const char *attribute;
} lookups[] = {
    {QUERY_USER_NAME, "userName"},
    {QUERY_EMAIL, "emails.value"},
    {QUERY_EXTERNAL_ID, "externalId"},
    {QUERY_DISPLAY_NAME, "displayName"},
};

static struct slice comparison(struct call *call, const char *attribute, struct slice value)
{
    struct buf text;
    buf_init(&text, SIZE_MAX / 2);
    buf_printf(&text, "%s eq ", attribute);
    buf_add_json_string(&text, value);
    struct slice kept = arena_slice(call_arena(call), buf_slice(&text));
    buf_fini(&text);
    return kept;
}

/* What is never returned cannot be asked for either, in a URL or elsewhere. */
static bool add(struct call *call, struct slice text, const struct scim_resource_type *type,
                const struct scim_policy *policy, struct scim_filter **all, struct err *err)
{
    struct scim_filter *filter;
    if (!scim_filter_parse(text, type, policy, call_arena(call), &filter, err)) {
        err->kind = err->kind == ERR_SENSITIVE ? ERR_INVALID_FILTER : err->kind;
        return false;
    }
    if (*all) {
        struct scim_filter *both = arena_new(call_arena(call), struct scim_filter);
        *both = (struct scim_filter){.kind = SCIM_AND, .left = *all, .right = filter};
        filter = both;
    }
    *all = filter;
    return true;
}

bool condition_read(struct call *call, const struct scim_resource_type *type, const struct scim_policy *policy,
                    struct scim_filter **filter_out, struct err *err)
{
    *filter_out = NULL;
    for (size_t i = 0; i < sizeof lookups / sizeof lookups[0]; i++) {
        struct slice value = call->query[lookups[i].query];
        if (value.data && !add(call, comparison(call, lookups[i].attribute, value), type, policy, filter_out, err))
            return false;
    }
    struct slice filter = call->query[QUERY_FILTER];
    return !filter.data || add(call, filter, type, policy, filter_out, err);
}

struct match {
    struct resource_id id;
    const struct view_resource *was; /* of somebody who is held */
};

struct finding {
    const struct reading *reading;
    struct page *page;
    struct match *list;
    size_t count;

    const struct match *there; /* those that match as they are, while the held are put between them */
    size_t there_count, there_at;
};

/* false: the page is full, and goes on behind what it has. */
static bool add_match(struct finding *finding, struct resource_id id, const struct view_resource *was)
{
    struct page *page = finding->page;
    if (finding->count == page->limit) {
        page->has_more = true;
        page->last = finding->list[finding->count - 1].id.id;
        return false;
    }
    finding->list[finding->count++] = (struct match){.id = id, .was = was};
    return true;
}

/* Rows of a scan have no displays, and of a manager the id alone: only ids are kept, and loaded when all are known. */
static bool keep_id(const struct view_resource *row, void *context) { return add_match(context, row->id, NULL); }

/* --- those who are held: they match by what they were, and by that alone --- */

/* Of those who are there, the ones in front of the id; who has it is held. NULL: all that are left. */
static bool add_those_before(struct finding *finding, const struct id *id)
{
    while (finding->there_at < finding->there_count) {
        const struct match *next = &finding->there[finding->there_at];
        int order = id ? id_compare(&next->id.id, id) : -1;
        if (order > 0)
            break;
        if (order < 0 && !add_match(finding, next->id, NULL))
            return false;
        finding->there_at++;
    }
    return true;
}

static bool put_between(const struct view_resource *row, const struct store_held *held, bool matches, void *context)
{
    (void)held; /* held_replace asks again */
    struct finding *finding = context;
    if (!add_those_before(finding, &row->id.id))
        return false;
    if (!matches)
        return true;
    struct people one = reading_room(finding->reading, 1);
    return add_match(finding, row->id, reading_keep(finding->reading, &one, row)->row);
}

static struct held_sift held_of(const struct reading *reading, const struct scim_filter *filter,
                                const struct page *page, struct resource_id after)
{
    struct held_sift sift = {.db = reading->call->db,
                             .directory = reading->directory,
                             .type = scim_rules_type(reading->rules, SCIM_TYPE_USER),
                             .filter = filter,
                             .base_url = reading->style.base_url,
                             .arena = call_arena(reading->call),
                             .after = after,
                             .most = MOST_LOOKED_AT,
                             .deadline_ns = clock_monotonic_ns() + (uint64_t)MOST_MS * 1000000};
    sift.until.id = page->last;
    if (!page->has_more)
        memset(sift.until.id.bytes, 0xff, sizeof sift.until.id.bytes);
    return sift;
}

static bool find_held(struct finding *finding, const struct scim_filter *filter, struct resource_id after,
                      struct err *err)
{
    struct held_sift sift = held_of(finding->reading, filter, finding->page, after);
    const struct match *there = finding->list;
    finding->there = there;
    finding->there_count = finding->count;
    finding->list = arena_array(call_arena(finding->reading->call), struct match, finding->page->limit);
    finding->count = 0;
    if (!held_sift_run(&sift, put_between, finding, err))
        return false;
    if (!sift.gave_up) {
        (void)add_those_before(finding, NULL);
        return true;
    }
    finding->page->has_more = true;
    finding->page->last = sift.last.id;
    return true;
}

/* --- the page --- */

static bool load(const struct finding *finding, uint16_t type, struct people *people, struct err *err)
{
    const struct reading *reading = finding->reading;
    struct arena *arena = call_arena(reading->call);
    struct resource_id *ids = arena_array(arena, struct resource_id, finding->count + 1);
    struct view_resource *rows = arena_array(arena, struct view_resource, finding->count + 1);
    for (size_t i = 0; i < finding->count; i++)
        ids[i] = finding->list[i].id;
    if (!store_rows(reading->call->db, reading->directory, type, ids, finding->count, arena, rows, err))
        return false;
    for (size_t i = 0; i < finding->count; i++) {
        const struct view_resource *row = finding->list[i].was ? finding->list[i].was : &rows[i];
        if (!id_is_zero(&row->id.id)) /* else it was deleted a moment ago */
            people->list[people->count++] = (struct person){.row = row};
    }
    return true;
}

static bool find_there(struct finding *finding, struct sift *sift, struct err *err)
{
    if (!sift_run(sift, keep_id, finding, err))
        return false;
    if (sift->gave_up) {
        finding->page->has_more = true;
        finding->page->last = sift->last.id;
    }
    return true;
}

bool condition_find(struct reading *reading, uint16_t type, const struct scim_filter *filter, struct page *page,
                    struct people *people, struct err *err)
{
    struct call *call = reading->call;
    struct finding finding = {
        .reading = reading, .page = page, .list = arena_array(call_arena(call), struct match, page->limit)};
    struct sift sift = {.db = call->db,
                        .directory = reading->directory,
                        .type = scim_rules_type(reading->rules, type),
                        .policy = &reading->rules->policy,
                        .filter = filter,
                        .base_url = reading->style.base_url,
                        .arena = call_arena(call),
                        .after = {page->after},
                        .most = MOST_LOOKED_AT,
                        .deadline_ns = clock_monotonic_ns() + (uint64_t)MOST_MS * 1000000};
    bool has_held = reading->guarded_ms && type == SCIM_TYPE_USER;
    return find_there(&finding, &sift, err) && (!has_held || find_held(&finding, filter, sift.after, err)) &&
           load(&finding, type, people, err);
}
