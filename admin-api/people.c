/* Users and groups of an organization, read by the vendor's application: through the primary directory, or another one
 * that ?directory= names. */
#include "people.h"

#include "admin_api_sql.h"
#include "base/json.h"
#include "directories.h"
#include "organizations.h"
#include "page.h"
#include "reply.h"
#include "scim/schema.h"
#include "store/query.h"

struct reading {
    struct call *call;
    struct directory_id directory;
    struct slice base_url;
    struct page page;
    struct view_resource *rows; /* room for a page and one more */
    size_t count;
};

static bool choose_directory(struct call *call, const struct organization *organization,
                             struct directory_id *directory_out, struct err *err)
{
    struct slice named = call->query[QUERY_DIRECTORY];
    struct directory directory;
    *directory_out = organization->primary;
    if (!named.data)
        return true;
    if (!id_from_prefixed(ID_PREFIX_DIRECTORY, named, &directory_out->id))
        return err_set(err, ERR_NOT_FOUND, "There is no such directory.");
    if (!directory_load(call, directory_out, DIRECTORY_SHARED, &directory, err))
        return false;
    return id_equals(&directory.organization.id, &organization->id.id) ||
           err_set(err, ERR_NOT_FOUND, "There is no such directory.");
}

static bool begin(struct call *call, struct reading *reading, struct err *err)
{
    struct organization organization;
    *reading = (struct reading){.call = call};
    if (!organization_of_path(call, ORGANIZATION_SHARED, &organization, err) ||
        !choose_directory(call, &organization, &reading->directory, err))
        return false;
    call->op->log_directory = reading->directory;
    reading->base_url = slice_str(organization_connector_url(call, &organization.id));
    return true;
}

/* The rows of a page are kept: one result can be open at a time, and the groups are another. */
static bool keep_row(const struct view_resource *row, void *context)
{
    struct reading *reading = context;
    struct arena *arena = call_arena(reading->call);
    if (reading->count == reading->page.limit) {
        reading->page.has_more = true;
        return false;
    }
    struct view_resource *kept = &reading->rows[reading->count++];
    *kept = *row;
    kept->stored.text = arena_slice(arena, row->stored.text);
    kept->display = arena_slice(arena, row->display);
    kept->manager_display = arena_slice(arena, row->manager_display);
    reading->page.last = row->id.id;
    return true;
}

static bool load_groups(struct reading *reading, struct view_refs *refs, struct err *err)
{
    struct arena *arena = call_arena(reading->call);
    struct resource_id *ids = arena_array(arena, struct resource_id, reading->count);
    for (size_t i = 0; i < reading->count; i++)
        ids[i] = reading->rows[i].id;
    return store_groups_of(reading->call->db, reading->directory, SCIM_TYPE_USER, ids, reading->count, arena, refs,
                           err);
}

static void render_page(struct reading *reading, const char *name, const struct view_refs *refs)
{
    struct op *op = reading->call->op;
    struct buf *out = &op->reply.body;
    buf_printf(out, "{\"%s\":[", name);
    for (size_t i = 0; i < reading->count; i++) {
        struct person person = {.row = &reading->rows[i], .groups = refs[i], .base_url = reading->base_url};
        if (i)
            buf_add_char(out, ',');
        person_render(&person, out);
    }
    const char *next = page_next(reading->call, &reading->page);
    if (next)
        buf_printf(out, "],\"next_cursor\":\"%s\"}", next);
    else
        buf_add(out, SLICE_LITERAL("],\"next_cursor\":null}"));
    reply_body(op, 200);
}

static bool list(struct call *call, uint16_t type, const char *name, struct err *err)
{
    struct reading reading;
    if (!begin(call, &reading, err) || !page_read(call, &reading.directory.id, &reading.page, err))
        return false;
    reading.rows = arena_array(call_arena(call), struct view_resource, reading.page.limit);
    struct view_refs *refs = arena_array(call_arena(call), struct view_refs, reading.page.limit);
    struct resource_id after = {reading.page.after};
    if (!store_page_after(call->db, reading.directory, type, after, reading.page.limit + 1, keep_row, &reading, err))
        return false;
    if (type == SCIM_TYPE_USER && reading.count > 0 && !load_groups(&reading, refs, err))
        return false;
    render_page(&reading, name, refs);
    return true;
}

static bool list_users(struct call *call, struct err *err) { return list(call, SCIM_TYPE_USER, "users", err); }

static bool list_groups(struct call *call, struct err *err) { return list(call, SCIM_TYPE_GROUP, "groups", err); }

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
    if (!id_from_uuid(call->op->parameters[1], true, &id.id))
        return refuse_unknown(type, err);
    if (!store_resource(call->db, reading->directory, type, id, call_arena(call), row_out, err))
        return false;
    return *row_out || refuse_unknown(type, err);
}

static bool get_user(struct call *call, struct err *err)
{
    struct reading reading;
    struct person person = {.row = NULL};
    if (!begin(call, &reading, err) || !load_one(&reading, SCIM_TYPE_USER, &person.row, err) ||
        !store_groups_of(call->db, reading.directory, SCIM_TYPE_USER, &person.row->id, 1, call_arena(call),
                         &person.groups, err))
        return false;
    person.base_url = reading.base_url;
    person_render(&person, &call->op->reply.body);
    return reply_body(call->op, 200);
}

static bool get_group(struct call *call, struct err *err)
{
    struct reading reading;
    struct person person = {.row = NULL};
    if (!begin(call, &reading, err) || !load_one(&reading, SCIM_TYPE_GROUP, &person.row, err))
        return false;
    person.base_url = reading.base_url;
    person_render(&person, &call->op->reply.body);
    return reply_body(call->op, 200);
}

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

static bool list_members(struct call *call, struct err *err)
{
    struct reading reading;
    const struct view_resource *group;
    if (!begin(call, &reading, err) || !load_one(&reading, SCIM_TYPE_GROUP, &group, err) ||
        !page_read(call, &group->id.id, &reading.page, err))
        return false;
    struct db_value parameters[] = {db_id(&reading.directory.id), db_id(&group->id.id)};
    return page_answer(call, &reading.page, "members", sql_group_members, parameters, 2, show_member, err);
}

#define QUERY_WHERE (QUERY_BIT(QUERY_DIRECTORY) | QUERY_BIT(QUERY_ENVIRONMENT))

const struct admin_operation user_list = {
    .operation = ADMIN_OPERATION("user.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_WHERE,
    .handle = list_users,
};
const struct admin_operation user_get = {
    .operation = ADMIN_OPERATION("user.get", SCOPE_ADMIN_READ),
    .queries = QUERY_WHERE,
    .handle = get_user,
};
const struct admin_operation group_list = {
    .operation = ADMIN_OPERATION("group.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_WHERE,
    .handle = list_groups,
};
const struct admin_operation group_get = {
    .operation = ADMIN_OPERATION("group.get", SCOPE_ADMIN_READ),
    .queries = QUERY_WHERE,
    .handle = get_group,
};
const struct admin_operation group_list_members = {
    .operation = ADMIN_OPERATION("group.list_members", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_WHERE,
    .handle = list_members,
};
