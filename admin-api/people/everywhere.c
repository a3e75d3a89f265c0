/* In which organizations is a person? */
#include "store/everywhere.h"

#include <stdlib.h>

#include "access.h"
#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/json.h"
#include "condition.h"
#include "held_sift.h"
#include "page.h"
#include "people.h"
#include "person.h"
#include "profile.h"
#include "reply.h"
#include "scim/index.h"
#include "scim/sieve.h"

enum { ORGANIZATIONS = 2000, MOST_FOUND = 5000, MOST_MS = 2000 };

struct found {
    struct organization_id organization;
    struct directory_id directory;
    struct resource_id user;
    json_t *shown; /* borrowed of search.shown */
};

struct search {
    struct call *call;
    const struct scim_filter *filter;
    struct everywhere *where;
    struct page *page;
    struct scim_sieve *sieve;
    struct found *list;
    size_t count, room;
    json_t *shown;
};

static json_t *json_of(struct slice text)
{
    json_t *value = text.len ? json_loadb(text.data, text.len, JSON_DECODE_ANY, NULL) : NULL;
    return value ? value : json_null();
}

static json_t *show_held(const struct store_held *held)
{
    return json_pack("{s:o, s:s}", "held_at", show_time(held->since_ms), "kind", person_held_kind(held));
}

/* held: NULL when it is shown as it is. */
static json_t *show(const struct everywhere_row *row, const struct store_held *held)
{
    char id[ID_UUID_CHARS + 1];
    struct profile profile = profile_of_user(row->resource.stored.text);
    id_to_uuid(&row->resource.id.id, id);
    json_t *shown =
        json_pack("{s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:o}", "organization_id",
                  show_id(ID_PREFIX_ORGANIZATION, &row->organization.id), "organization_external_id",
                  show_text_or_null(row->external_id), "directory_id", show_id(ID_PREFIX_DIRECTORY, &row->directory.id),
                  "primary", row->is_primary, "id", id, "userName", json_of(profile.user_name), "displayName",
                  show_text_or_null(row->resource.display), "email", json_of(profile.email), "external_id",
                  json_of(profile.external_id));
    if (held)
        json_object_set_new(shown, "held", show_held(held));
    return shown;
}

static void add_found(struct search *search, const struct everywhere_row *row, const struct store_held *held)
{
    if (search->count == search->room) {
        size_t room = search->room ? 2 * search->room : 16;
        struct found *list = arena_array(call_arena(search->call), struct found, room);
        if (search->count)
            memcpy(list, search->list, search->count * sizeof(*list));
        search->list = list;
        search->room = room;
    }
    struct found *found = &search->list[search->count++];
    *found = (struct found){row->organization, row->directory, row->resource.id, show(row, held)};
    json_array_append_new(search->shown, found->shown);
}

/* --- those who are as they are --- */

/* Keys are candidates: they are cut, and a unique key may be another attribute's by the directory's policy. */
static bool keep(const struct everywhere_row *row, void *context)
{
    struct search *search = context;
    const struct view_resource *resource = &row->resource;
    struct scim_served served = {.type = &scim_user_type,
                                 .id = resource->id,
                                 .stored = resource->stored,
                                 .version = resource->version,
                                 .created_ms = resource->created_ms,
                                 .modified_ms = resource->modified_ms,
                                 .refs_shown = true};
    if (scim_sieve_passes(search->sieve, &served, SLICE_EMPTY))
        add_found(search, row, NULL);
    return true;
}

/* Where e-mail addresses are what identifies users, userNames stand in the side index. */
static bool look(struct search *search, const struct scim_plan *plan, struct err *err)
{
    struct scim_plan other = *plan;
    if (!store_everywhere(search->call->db, search->where, plan, keep, search, err))
        return false;
    if (plan->kind != SCIM_PLAN_UNIQUE)
        return true;
    other.kind = SCIM_PLAN_ATTRIBUTE;
    other.code = SCIM_INDEX_USER_NAME;
    if (other.key.len > SCIM_KEY_BYTES)
        other.key.len = SCIM_KEY_BYTES;
    return store_everywhere(search->call->db, search->where, &other, keep, search, err);
}

/* --- those who are held, as they were: no index knows them --- */

struct guarded {
    struct search *search;
    struct everywhere_row *list;
    size_t count, room;
    struct everywhere_row *place; /* that is looked through */
};

static bool keep_guarded(const struct everywhere_row *row, void *context)
{
    struct guarded *guarded = context;
    struct arena *arena = call_arena(guarded->search->call);
    if (guarded->count == guarded->room) {
        size_t room = guarded->room ? 2 * guarded->room : 16;
        struct everywhere_row *list = arena_array(arena, struct everywhere_row, room);
        if (guarded->count)
            memcpy(list, guarded->list, guarded->count * sizeof(*list));
        guarded->list = list;
        guarded->room = room;
    }
    struct everywhere_row *kept = &guarded->list[guarded->count++];
    *kept = *row;
    kept->external_id = arena_slice(arena, row->external_id);
    return true;
}

static bool keep_held(const struct view_resource *row, const struct store_held *held, bool matches, void *context)
{
    struct guarded *guarded = context;
    guarded->place->resource = *row;
    if (matches)
        add_found(guarded->search, guarded->place, held);
    return guarded->search->count < MOST_FOUND;
}

static bool look_through(struct guarded *guarded, struct everywhere_row *place, struct err *err)
{
    struct search *search = guarded->search;
    struct held_sift sift = {.db = search->call->db,
                             .directory = place->directory,
                             .type = &scim_user_type,
                             .filter = search->filter,
                             .arena = call_arena(search->call),
                             .most = UINT64_MAX,
                             .deadline_ns = UINT64_MAX};
    memset(sift.until.id.bytes, 0xff, sizeof sift.until.id.bytes);
    guarded->place = place;
    return held_sift_run(&sift, keep_held, guarded, err);
}

/* Where that takes too long the page ends behind the organization that was looked at last, however many are left. */
static bool look_at_held(struct search *search, struct err *err)
{
    uint64_t deadline_ns = clock_monotonic_ns() + (uint64_t)MOST_MS * 1000000;
    struct guarded guarded = {.search = search};
    if (!store_everywhere_guarded(search->call->db, search->where, keep_guarded, &guarded, err))
        return false;
    for (size_t i = 0; i < guarded.count; i++) {
        struct everywhere_row *place = &guarded.list[i];
        bool is_next = i > 0 && !id_equals(&place->organization.id, &guarded.list[i - 1].organization.id);
        if (is_next && clock_monotonic_ns() >= deadline_ns) {
            search->page->has_more = true;
            search->page->last = guarded.list[i - 1].organization.id;
            return true;
        }
        if (!look_through(&guarded, place, err))
            return false;
    }
    return true;
}

/* --- the page --- */

static bool search_all(struct search *search, const struct scim_plan *plan, struct err *err)
{
    search->sieve = scim_sieve_new(search->filter, &scim_user_type, call_arena(search->call));
    bool good = look(search, plan, err);
    scim_sieve_free(search->sieve);
    if (!good || !look_at_held(search, err))
        return false;
    return search->count < MOST_FOUND ||
           err_set(err, ERR_TOO_MANY, "Too many users have it: ask organization by organization.");
}

static bool search_page(struct search *search, struct err *err)
{
    struct scim_plan plan;
    struct organization_id last;
    scim_filter_plan(search->filter, &scim_user_type, &scim_policy_default, call_arena(search->call), &plan);
    if (plan.kind == SCIM_PLAN_SCAN) /* an empty text, say: no index knows it */
        return err_set(err, ERR_BAD_REQUEST, "Nobody can be looked up by this value.");
    if (plan.kind != SCIM_PLAN_NOTHING && !search_all(search, &plan, err))
        return false;
    if (search->page->has_more) /* cut short */
        return true;
    if (!store_everywhere_last(search->call->db, search->where, &last, &search->page->has_more, err))
        return false;
    search->page->last = last.id;
    return true;
}

static int compare_found(const void *a, const void *b)
{
    const struct found *left = a, *right = b;
    int order = id_compare(&left->organization.id, &right->organization.id);
    order = order ? order : id_compare(&left->directory.id, &right->directory.id);
    return order ? order : id_compare(&left->user.id, &right->user.id);
}

/* Who was taken hold of between two statements is in the list twice. */
static bool is_double(const struct search *search, size_t i)
{
    return i > 0 && compare_found(&search->list[i - 1], &search->list[i]) == 0;
}

static bool is_on_page(const struct page *page, const struct found *found)
{
    return !page->has_more || id_compare(&found->organization.id, &page->last) <= 0;
}

static json_t *show_page(struct search *search)
{
    json_t *users = json_array();
    if (search->count)
        qsort(search->list, search->count, sizeof(*search->list), compare_found);
    for (size_t i = 0; i < search->count; i++)
        if (!is_double(search, i) && is_on_page(search->page, &search->list[i]))
            json_array_append(users, search->list[i].shown);
    return users;
}

static bool read_question(struct call *call, struct scim_filter **filter_out, struct err *err)
{
    int asked =
        !!call->query[QUERY_EMAIL].data + !!call->query[QUERY_USER_NAME].data + !!call->query[QUERY_EXTERNAL_ID].data;
    if (asked != 1)
        return err_set(err, ERR_BAD_REQUEST, "Ask by one of email, user_name and external_id.");
    return condition_read(call, &scim_user_type, &scim_policy_default, filter_out, err);
}

static bool answer(struct search *search, struct err *err)
{
    if (!search_page(search, err))
        return false;
    return reply_json(
        search->call->op, 200,
        json_pack("{s:o, s:s?}", "users", show_page(search), "next_cursor", page_next(search->call, search->page)));
}

static bool find(struct call *call, struct err *err)
{
    struct everywhere where = {.organizations = ORGANIZATIONS, .most = MOST_FOUND};
    struct scim_filter *filter;
    struct page page;
    if (!access_environment(call, &where.environment, err) || !read_question(call, &filter, err) ||
        !page_read(call, &where.environment.id, &page, err))
        return false;
    where.after.id = page.after;
    json_scoped *shown = json_array();
    struct search search = {.call = call, .filter = filter, .where = &where, .page = &page, .shown = shown};
    return answer(&search, err);
}

const struct admin_operation user_find = {
    .operation = ADMIN_OPERATION("user.find", SCOPE_ADMIN_READ),
    .queries = QUERY_BIT(QUERY_CURSOR) | QUERY_BIT(QUERY_EMAIL) | QUERY_BIT(QUERY_USER_NAME) |
               QUERY_BIT(QUERY_EXTERNAL_ID) | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = find,
};
