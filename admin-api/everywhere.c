/* In which organizations is a person? */
#include "store/everywhere.h"
#include "access.h"
#include "admin_api_sql.h"
#include "base/json.h"
#include "condition.h"
#include "page.h"
#include "people.h"
#include "profile.h"
#include "reply.h"
#include "scim/index.h"
#include "scim/sieve.h"

enum { ORGANIZATIONS = 2000, MOST_FOUND = 5000 };

struct search {
    struct call *call;
    struct scim_sieve *sieve;
    json_t *found;
};

static json_t *json_of(struct slice text)
{
    json_t *value = text.len ? json_loadb(text.data, text.len, JSON_DECODE_ANY, NULL) : NULL;
    return value ? value : json_null();
}

static json_t *show(const struct everywhere_row *row)
{
    char id[ID_UUID_CHARS + 1];
    struct profile profile = profile_of_user(row->resource.stored.text);
    id_to_uuid(&row->resource.id.id, id);
    return json_pack("{s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:o}", "organization_id",
                     show_id(ID_PREFIX_ORGANIZATION, &row->organization.id), "organization_external_id",
                     show_text_or_null(row->external_id), "directory_id",
                     show_id(ID_PREFIX_DIRECTORY, &row->directory.id), "primary", row->is_primary, "id", id, "userName",
                     json_of(profile.user_name), "displayName", show_text_or_null(row->resource.display), "email",
                     json_of(profile.email), "external_id", json_of(profile.external_id));
}

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
        json_array_append_new(search->found, show(row));
    return true;
}

/* Where e-mail addresses are what identifies users, userNames stand in the side index. */
static bool look(struct search *search, const struct everywhere *where, const struct scim_plan *plan, struct err *err)
{
    struct scim_plan other = *plan;
    if (!store_everywhere(search->call->db, where, plan, keep, search, err))
        return false;
    if (plan->kind != SCIM_PLAN_UNIQUE)
        return true;
    other.kind = SCIM_PLAN_ATTRIBUTE;
    other.code = SCIM_INDEX_USER_NAME;
    if (other.key.len > SCIM_KEY_BYTES)
        other.key.len = SCIM_KEY_BYTES;
    return store_everywhere(search->call->db, where, &other, keep, search, err);
}

static bool search_page(struct search *search, const struct scim_filter *filter, struct everywhere *where,
                        struct err *err)
{
    struct scim_plan plan;
    scim_filter_plan(filter, &scim_user_type, &scim_policy_default, call_arena(search->call), &plan);
    if (plan.kind == SCIM_PLAN_NOTHING)
        return true;
    if (plan.kind == SCIM_PLAN_SCAN) /* an empty text, say: no index knows it */
        return err_set(err, ERR_BAD_REQUEST, "Nobody can be looked up by this value.");
    search->sieve = scim_sieve_new(filter, &scim_user_type, call_arena(search->call));
    bool good = look(search, where, &plan, err);
    scim_sieve_free(search->sieve);
    if (good && json_array_size(search->found) >= MOST_FOUND)
        return err_set(err, ERR_TOO_MANY, "Too many users have it: ask organization by organization.");
    return good;
}

static bool read_question(struct call *call, struct scim_filter **filter_out, struct err *err)
{
    int asked =
        !!call->query[QUERY_EMAIL].data + !!call->query[QUERY_USER_NAME].data + !!call->query[QUERY_EXTERNAL_ID].data;
    if (asked != 1)
        return err_set(err, ERR_BAD_REQUEST, "Ask by one of email, user_name and external_id.");
    return condition_read(call, &scim_user_type, &scim_policy_default, filter_out, err);
}

static bool find(struct call *call, struct err *err)
{
    struct everywhere where = {.organizations = ORGANIZATIONS, .most = MOST_FOUND};
    struct search search = {.call = call};
    struct scim_filter *filter;
    struct page page;
    struct organization_id last;
    if (!access_environment(call, &where.environment, err) || !read_question(call, &filter, err) ||
        !page_read(call, &where.environment.id, &page, err))
        return false;
    where.after.id = page.after;
    search.found = json_array();
    if (!search_page(&search, filter, &where, err) ||
        !store_everywhere_last(call->db, &where, &last, &page.has_more, err)) {
        json_decref(search.found);
        return false;
    }
    page.last = last.id;
    return reply_json(call->op, 200,
                      json_pack("{s:o, s:s?}", "users", search.found, "next_cursor", page_next(call, &page)));
}

const struct admin_operation user_find = {
    .operation = ADMIN_OPERATION("user.find", SCOPE_ADMIN_READ),
    .queries = QUERY_BIT(QUERY_CURSOR) | QUERY_BIT(QUERY_EMAIL) | QUERY_BIT(QUERY_USER_NAME) |
               QUERY_BIT(QUERY_EXTERNAL_ID) | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = find,
};
