#include "view_deleted.h"

#include "store_sql.h"
#include "view_people.h"

/* A resource that comes back under its own id goes on from its last version (struct view_past). */
static bool came_back(const struct known *known) { return view_was_created(known) && known->row->version > 1; }

static void add_resource(struct people_rows *rows, const struct known *known)
{
    const struct view_resource *row = known->row;
    PEOPLE_ROW(rows, db_id(&known->key.directory.id), db_integer(row->type), db_id(&known->key.id),
               db_bytes_or_null(row->unique_key), db_bytes_or_null(row->external_key), db_bytes_or_null(row->display),
               row->has_manager ? db_id(&row->manager_id.id) : db_null(), db_integer(row->stored.open_braces),
               db_integer((int64_t)row->version), db_integer(row->created_ms), db_integer(row->modified_ms),
               db_bytes(row->stored.text));
}

static bool keep_resources(struct view *view, struct db *db, bool *any_out, struct err *err)
{
    struct people_rows rows = {.view = view, .width = 12};
    for (const struct known *known = view->staged_resources; known; known = known->next_staged)
        if (view_was_deleted(known))
            add_resource(&rows, known);
    *any_out = rows.count > 0;
    return people_run(db, sql_deleted_keep, &rows, NULL, err);
}

/* The member of an ended membership, when the batch deletes it. */
static const struct known *deleted_member(struct view *view, const struct known *membership)
{
    static const uint16_t types[] = {SCIM_TYPE_USER, SCIM_TYPE_GROUP};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        struct known_key key = {
            .kind = KNOWN_RESOURCE, .type = types[i], .directory = membership->key.directory, .id = membership->key.id};
        const struct known *found = view_find(view, &key);
        if (found && found->staged && view_was_deleted(found))
            return found;
    }
    return NULL;
}

static struct slice display_of_group(struct view *view, const struct known *membership)
{
    struct known_key key = {.kind = KNOWN_RESOURCE,
                            .type = SCIM_TYPE_GROUP,
                            .directory = membership->key.directory,
                            .id = membership->key.second};
    const struct known *group = view_find(view, &key);
    return group && group->row ? group->row->display : SLICE_EMPTY;
}

/* Whoever is deleted has left its groups in the same batch (view_delete). */
static bool keep_groups(struct view *view, struct db *db, struct err *err)
{
    struct people_rows rows = {.view = view, .width = 5};
    for (size_t i = 0; i < view->staged_membership_count; i++) {
        const struct known *ended = view->staged_memberships[i];
        const struct known *member = view_was_deleted(ended) ? deleted_member(view, ended) : NULL;
        if (member)
            PEOPLE_ROW(&rows, db_id(&ended->key.directory.id), db_id(&ended->key.id), db_id(&ended->key.second),
                       db_bytes_or_null(display_of_group(view, ended)), db_integer(member->row->modified_ms));
    }
    return people_run(db, sql_deleted_keep_group, &rows, NULL, err);
}

static bool forget(struct view *view, struct db *db, struct err *err)
{
    struct people_rows rows = {.view = view, .width = 3}, memberships = {.view = view, .width = 2};
    for (const struct known *known = view->staged_resources; known; known = known->next_staged) {
        if (!came_back(known))
            continue;
        PEOPLE_ROW(&rows, db_id(&known->key.directory.id), db_integer(known->key.type), db_id(&known->key.id));
        PEOPLE_ROW(&memberships, db_id(&known->key.directory.id), db_id(&known->key.id));
    }
    return people_run(db, sql_deleted_forget, &rows, NULL, err) &&
           people_run(db, sql_deleted_forget_memberships, &memberships, NULL, err);
}

bool view_keep_deleted(struct view *view, struct db *db, struct err *err)
{
    bool any;
    return forget(view, db, err) && keep_resources(view, db, &any, err) && (!any || keep_groups(view, db, err));
}
