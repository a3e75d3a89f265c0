#include "people.h"

#include "admin_api_sql.h"
#include "base/json.h"
#include "condition.h"
#include "crowd.h"
#include "held.h"
#include "query.h"
#include "reading.h"
#include "reply.h"
#include "scim/schema.h"
#include "store/deleted.h"
#include "store/query.h"
#include "updates.h"

struct list { /* a page on its way */
    struct reading reading;
    struct page page;
    uint16_t type;
    struct people people;
};

static const char *plural(uint16_t type) { return type == SCIM_TYPE_USER ? "users" : "groups"; }

static bool find_all(struct list *list, bool deleted, struct err *err)
{
    struct crowd crowd = {
        .reading = &list->reading, .type = list->type, .with_deleted = deleted, .after = {list->page.after}};
    if (!crowd_find(&crowd, &list->people, err))
        return false;
    list->page.has_more = crowd.has_more;
    list->page.last = crowd.last.id;
    return true;
}

static bool find_people(struct list *list, struct err *err)
{
    struct reading *reading = &list->reading;
    struct scim_filter *filter;
    bool deleted;
    if (!query_flag(reading->call, QUERY_INCLUDE_DELETED, &deleted, err) ||
        !condition_read(reading->call, scim_rules_type(reading->rules, list->type), &reading->rules->policy, &filter,
                        err))
        return false;
    if (filter && deleted)
        return err_set(err, ERR_BAD_REQUEST, "include_deleted cannot be combined with a filter or a look-up.");
    if (filter)
        return condition_find(reading, list->type, filter, &list->page, &list->people, err);
    reading->has_total = true;
    return find_all(list, deleted, err) &&
           store_count(reading->call->db, reading->directory, list->type, &reading->total, err);
}

/* Those who have changed are a list of their own kind. */
static bool refuse_mixture(const struct call *call, struct err *err)
{
    static const enum admin_query others[] = {QUERY_FILTER,       QUERY_USER_NAME,   QUERY_EMAIL,
                                              QUERY_DISPLAY_NAME, QUERY_EXTERNAL_ID, QUERY_INCLUDE_DELETED};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        if (call->query[others[i]].data)
            return err_set(err, ERR_BAD_REQUEST, "updated_since cannot be combined with %s.",
                           admin_query_names[others[i]]);
    return true;
}

static bool answer_list(struct list *list, struct err *err)
{
    struct call *call = list->reading.call;
    if (!page_read(call, &list->reading.directory.id, &list->page, err))
        return false;
    list->people = reading_room(&list->reading, list->page.limit);
    if (!find_people(list, err) || !reading_dress(&list->reading, list->type, &list->people, err))
        return false;
    return reading_answer_page(&list->reading, plural(list->type), &list->people, page_next(call, &list->page));
}

static bool list_people(struct call *call, enum reading_place place, uint16_t type, struct err *err)
{
    struct list list = {.type = type};
    bool good = reading_begin(call, place, &list.reading, err);
    if (good && call->query[QUERY_UPDATED_SINCE].data)
        good = refuse_mixture(call, err) && updates_answer(&list.reading, type, err);
    else
        good = good && answer_list(&list, err);
    reading_end(&list.reading);
    return good;
}

static bool refuse_unknown(uint16_t type, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "The directory has no such %s.", type == SCIM_TYPE_USER ? "user" : "group");
}

/* The resource that the path's second segment names. */
static bool load_one(const struct reading *reading, uint16_t type, const struct view_resource **row_out,
                     struct err *err)
{
    struct call *call = reading->call;
    struct resource_id id;
    *row_out = NULL;
    if (!id_from_uuid(call->op->parameters[1], true, &id.id))
        return refuse_unknown(type, err);
    if ((type == SCIM_TYPE_USER && !held_load(reading, id, row_out, err)) ||
        (!*row_out && !store_resource(call->db, reading->directory, type, id, call_arena(call), row_out, err)))
        return false;
    return *row_out || refuse_unknown(type, err);
}

/* The same among those that were deleted. */
static bool load_deleted(const struct reading *reading, uint16_t type, struct view_resource *row_out, struct err *err)
{
    struct call *call = reading->call;
    struct resource_id id;
    if (!id_from_uuid(call->op->parameters[1], true, &id.id))
        return refuse_unknown(type, err);
    if (!store_deleted_rows(call->db, reading->directory, type, &id, 1, call_arena(call), row_out, err))
        return false;
    return !id_is_zero(&row_out->id.id) || refuse_unknown(type, err);
}

static bool answer_one(struct reading *reading, uint16_t type, struct err *err)
{
    struct people people = reading_room(reading, 1);
    const struct view_resource *row;
    struct view_resource gone;
    bool deleted;
    if (!query_flag(reading->call, QUERY_INCLUDE_DELETED, &deleted, err))
        return false;
    if (load_one(reading, type, &row, err)) {
        reading_keep(reading, &people, row);
    } else {
        if (!deleted || err->kind != ERR_NOT_FOUND)
            return false;
        *err = ERR_INIT;
        if (!load_deleted(reading, type, &gone, err))
            return false;
        reading_keep(reading, &people, &gone)->is_deleted = true;
    }
    return reading_dress(reading, type, &people, err) && reading_answer_one(reading, &people);
}

static bool get_person(struct call *call, enum reading_place place, uint16_t type, struct err *err)
{
    struct reading reading;
    bool good = reading_begin(call, place, &reading, err) && answer_one(&reading, type, err);
    reading_end(&reading);
    return good;
}

/* --- members of a group, groups of a user --- */

static json_t *show_member(struct call *call, const struct db_value *row)
{
    (void)call;
    struct id id;
    char text[ID_UUID_CHARS + 1];
    db_id_out(&row[0], &id);
    id_to_uuid(&id, text);
    return json_pack("{s:s, s:s, s:o}", "id", text, "type", row[1].integer == SCIM_TYPE_GROUP ? "Group" : "User",
                     "displayName", show_text_or_null(row[2].bytes));
}

static bool answer_members(struct reading *reading, struct err *err)
{
    struct call *call = reading->call;
    const struct view_resource *group;
    struct page page;
    if (!load_one(reading, SCIM_TYPE_GROUP, &group, err) || !page_read(call, &group->id.id, &page, err))
        return false;
    const struct db_value directory = db_id(&reading->directory.id), id = db_id(&group->id.id),
                          after = db_id(&page.after);
    struct db_value parameters[] = {directory, id}, held[] = {directory, id, after, directory, id};
    if (reading->guarded_ms)
        return page_answer(call, &page, "members", sql_group_members_held, held, 5, show_member, err);
    return page_answer(call, &page, "members", sql_group_members, parameters, 2, show_member, err);
}

static bool list_members(struct call *call, enum reading_place place, struct err *err)
{
    struct reading reading;
    bool good = reading_begin(call, place, &reading, err) && answer_members(&reading, err);
    reading_end(&reading);
    return good;
}

static json_t *show_group(const struct scim_group_ref *group)
{
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(&group->id.id, text);
    return json_pack("{s:s, s:o, s:s}", "id", text, "displayName", show_text_or_null(group->display), "type",
                     group->indirect ? "indirect" : "direct");
}

static bool load_groups_of(struct reading *reading, const struct view_resource *user, struct view_refs *groups_out,
                           struct err *err)
{
    struct people people = reading_room(reading, 1);
    struct call *call = reading->call;
    reading_keep(reading, &people, user);
    if (!held_replace(reading, &people, err) || !held_add_groups(reading, &people, err))
        return false;
    *groups_out = people.list[0].groups;
    return people.list[0].held || store_groups_of(call->db, reading->directory, SCIM_TYPE_USER, &user->id, 1,
                                                  call_arena(call), groups_out, err);
}

/* Ordered by id. A person is in few groups, so the page is cut out of all of them. */
static bool answer_groups(struct reading *reading, struct err *err)
{
    struct call *call = reading->call;
    const struct view_resource *user;
    struct view_refs groups;
    struct page page;
    if (!load_one(reading, SCIM_TYPE_USER, &user, err) || !page_read(call, &user->id.id, &page, err) ||
        !load_groups_of(reading, user, &groups, err))
        return false;
    json_t *list = json_array();
    for (size_t i = 0; i < groups.count && !page.has_more; i++) {
        if (id_compare(&groups.list[i].id.id, &page.after) <= 0)
            continue;
        page.has_more = json_array_size(list) == page.limit;
        if (page.has_more)
            break;
        json_array_append_new(list, show_group(&groups.list[i]));
        page.last = groups.list[i].id.id;
    }
    return reply_json(call->op, 200, json_pack("{s:o, s:s?}", "groups", list, "next_cursor", page_next(call, &page)));
}

static bool list_groups_of(struct call *call, enum reading_place place, struct err *err)
{
    struct reading reading;
    bool good = reading_begin(call, place, &reading, err) && answer_groups(&reading, err);
    reading_end(&reading);
    return good;
}

/* --- operations, once for each kind of path --- */

#define HANDLERS(place, suffix)                                                                                        \
    static bool users##suffix(struct call *call, struct err *err)                                                      \
    {                                                                                                                  \
        return list_people(call, place, SCIM_TYPE_USER, err);                                                          \
    }                                                                                                                  \
    static bool groups##suffix(struct call *call, struct err *err)                                                     \
    {                                                                                                                  \
        return list_people(call, place, SCIM_TYPE_GROUP, err);                                                         \
    }                                                                                                                  \
    static bool user##suffix(struct call *call, struct err *err)                                                       \
    {                                                                                                                  \
        return get_person(call, place, SCIM_TYPE_USER, err);                                                           \
    }                                                                                                                  \
    static bool group##suffix(struct call *call, struct err *err)                                                      \
    {                                                                                                                  \
        return get_person(call, place, SCIM_TYPE_GROUP, err);                                                          \
    }                                                                                                                  \
    static bool members##suffix(struct call *call, struct err *err) { return list_members(call, place, err); }         \
    static bool groups_of_user##suffix(struct call *call, struct err *err) { return list_groups_of(call, place, err); }
HANDLERS(READING_ORGANIZATION, _by_organization)
HANDLERS(READING_DIRECTORY, _by_directory)

#define BY_ORGANIZATION (QUERY_BIT(QUERY_DIRECTORY) | QUERY_BIT(QUERY_ENVIRONMENT))
#define ONE             (QUERY_BIT(QUERY_VIEW) | QUERY_BIT(QUERY_INCLUDE_DELETED))
#define USER_LIST       (QUERY_PAGE | ONE | QUERY_BIT(QUERY_UPDATED_SINCE) | QUERY_CONDITION_OF_USERS)
#define GROUP_LIST      (QUERY_PAGE | ONE | QUERY_BIT(QUERY_UPDATED_SINCE) | QUERY_CONDITION_OF_GROUPS)

#define READS(name, queries_, handler)                                                                                 \
    {                                                                                                                  \
        .operation = ADMIN_OPERATION(name, SCOPE_ADMIN_READ), .queries = (queries_), .handle = (handler)               \
    }

const struct admin_operation user_list = READS("user.list", USER_LIST | BY_ORGANIZATION, users_by_organization);
const struct admin_operation user_get = READS("user.get", BY_ORGANIZATION | ONE, user_by_organization);
const struct admin_operation user_list_groups =
    READS("user.list_groups", QUERY_PAGE | BY_ORGANIZATION, groups_of_user_by_organization);
const struct admin_operation group_list = READS("group.list", GROUP_LIST | BY_ORGANIZATION, groups_by_organization);
const struct admin_operation group_get = READS("group.get", BY_ORGANIZATION | ONE, group_by_organization);
const struct admin_operation group_list_members =
    READS("group.list_members", QUERY_PAGE | BY_ORGANIZATION, members_by_organization);

const struct admin_operation directory_user_list = READS("directory_user.list", USER_LIST, users_by_directory);
const struct admin_operation directory_user_get = READS("directory_user.get", ONE, user_by_directory);
const struct admin_operation directory_user_list_groups =
    READS("directory_user.list_groups", QUERY_PAGE, groups_of_user_by_directory);
const struct admin_operation directory_group_list = READS("directory_group.list", GROUP_LIST, groups_by_directory);
const struct admin_operation directory_group_get = READS("directory_group.get", ONE, group_by_directory);
const struct admin_operation directory_group_list_members =
    READS("directory_group.list_members", QUERY_PAGE, members_by_directory);
