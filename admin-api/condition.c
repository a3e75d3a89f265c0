#include "condition.h"

#include "base/clock.h"
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

struct finding {
    struct page *page;
    struct resource_id *ids;
    size_t count;
};

/* Rows of a scan have no displays, and of a manager the id alone: only ids are kept, and loaded when all are known. */
static bool keep_id(const struct view_resource *row, void *context)
{
    struct finding *finding = context;
    struct page *page = finding->page;
    page->has_more = finding->count == page->limit;
    if (page->has_more)
        return false;
    finding->ids[finding->count++] = row->id;
    page->last = row->id.id;
    return true;
}

static bool load(struct reading *reading, uint16_t type, const struct finding *finding, struct people *people,
                 struct err *err)
{
    struct arena *arena = call_arena(reading->call);
    struct view_resource *rows = arena_array(arena, struct view_resource, finding->count + 1);
    if (!store_rows(reading->call->db, reading->directory, type, finding->ids, finding->count, arena, rows, err))
        return false;
    for (size_t i = 0; i < finding->count; i++)
        if (!id_is_zero(&rows[i].id.id)) /* else it was deleted a moment ago */
            people->list[people->count++] = (struct person){.row = &rows[i]};
    return true;
}

bool condition_find(struct reading *reading, uint16_t type, const struct scim_filter *filter, struct page *page,
                    struct people *people, struct err *err)
{
    struct call *call = reading->call;
    struct finding finding = {.page = page, .ids = arena_array(call_arena(call), struct resource_id, page->limit)};
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
    if (!sift_run(&sift, keep_id, &finding, err))
        return false;
    if (sift.gave_up) {
        page->has_more = true;
        page->last = sift.last.id;
    }
    return load(reading, type, &finding, people, err);
}
