/* Writing what a batch staged: each kind of row in one bulk statement, in an order that the keys allow. */
#include <stdlib.h>

#include "base/must.h"
#include "store_sql.h"
#include "view_deleted.h"
#include "view_internal.h"
#include "view_outbox.h"
#include "view_people.h"

struct bulk { /* rows of parameters for one statement */
    struct view *view;
    struct db_value *values;
    size_t width, rows, capacity;
};

static struct db_value *bulk_row(struct bulk *bulk)
{
    if (bulk->rows == bulk->capacity) {
        size_t capacity = bulk->capacity ? bulk->capacity * 4 : 32;
        struct db_value *values = arena_take(&bulk->view->arena, capacity * bulk->width * sizeof(*values));
        if (bulk->rows)
            memcpy(values, bulk->values, bulk->rows * bulk->width * sizeof(*values));
        bulk->values = values;
        bulk->capacity = capacity;
    }
    return bulk->values + bulk->width * bulk->rows++;
}

#define FILL(row, ...)                                                                                                 \
    memcpy((row), (const struct db_value[]){__VA_ARGS__}, sizeof((const struct db_value[]){__VA_ARGS__}))

static bool run(struct db *db, const char *sql, const struct bulk *bulk, uint64_t *affected_out, struct err *err)
{
    if (bulk->rows == 0) {
        if (affected_out)
            *affected_out = 0;
        return true;
    }
    if (bulk->rows == 1)
        return db_execute(db, sql, bulk->values, bulk->width, affected_out, err);
    return db_execute_bulk(db, sql, bulk->values, bulk->width, bulk->rows, affected_out, err);
}

static bool run_all(struct db *db, const char *sql, const struct bulk *bulk, struct err *err)
{
    return run(db, sql, bulk, NULL, err);
}

/* Updates name the version they were decided on. With the rows locked it cannot have moved: this is the second line. */
static bool run_versioned(struct db *db, const char *sql, const struct bulk *bulk, struct err *err)
{
    uint64_t affected = 0;
    if (!run(db, sql, bulk, &affected, err))
        return false;
    return affected == bulk->rows || err_set(err, ERR_CONFLICT, "The resource was changed by someone else meanwhile");
}

static bool is_insert(const struct known *known) { return !known->existed && known->exists; }
static bool is_update(const struct known *known) { return known->existed && known->exists; }
static bool is_delete(const struct known *known) { return known->existed && !known->exists; }

static struct db_value manager_value(const struct view_resource *row)
{
    return row->has_manager ? db_id(&row->manager_id.id) : db_null();
}

static bool insert_resources(struct view *view, struct db *db, struct err *err)
{
    struct bulk bulk = {.view = view, .width = 12};
    for (struct known *known = view->staged_resources; known; known = known->next_staged) {
        const struct view_resource *row = known->row;
        if (is_insert(known))
            FILL(bulk_row(&bulk), db_id(&known->key.directory.id), db_integer(row->type), db_id(&known->key.id),
                 db_bytes_or_null(row->unique_key), db_bytes_or_null(row->external_key), db_bytes_or_null(row->display),
                 manager_value(row), db_integer(row->stored.open_braces), db_integer((int64_t)row->version),
                 db_integer(row->created_ms), db_integer(row->modified_ms), db_bytes(row->stored.text));
    }
    return run_all(db, sql_view_insert_resource, &bulk, err);
}

static bool update_resources(struct view *view, struct db *db, struct err *err)
{
    struct bulk whole = {.view = view, .width = 12}, touched = {.view = view, .width = 6};
    for (struct known *known = view->staged_resources; known; known = known->next_staged) {
        const struct view_resource *row = known->row;
        if (!is_update(known))
            continue;
        if (known->document_changed)
            FILL(bulk_row(&whole), db_bytes_or_null(row->unique_key), db_bytes_or_null(row->external_key),
                 db_bytes_or_null(row->display), manager_value(row), db_integer(row->stored.open_braces),
                 db_integer((int64_t)row->version), db_integer(row->modified_ms), db_bytes(row->stored.text),
                 db_id(&known->key.directory.id), db_integer(row->type), db_id(&known->key.id),
                 db_integer((int64_t)known->version_before));
        else
            FILL(bulk_row(&touched), db_integer((int64_t)row->version), db_integer(row->modified_ms),
                 db_id(&known->key.directory.id), db_integer(row->type), db_id(&known->key.id),
                 db_integer((int64_t)known->version_before));
    }
    return run_versioned(db, sql_view_update_resource, &whole, err) &&
           run_versioned(db, sql_view_touch_resource, &touched, err);
}

static bool delete_resources(struct view *view, struct db *db, struct err *err)
{
    struct bulk members = {.view = view, .width = 2}, resources = {.view = view, .width = 3};
    for (struct known *known = view->staged_resources; known; known = known->next_staged) {
        if (!is_delete(known))
            continue;
        if (known->key.type == SCIM_TYPE_GROUP)
            FILL(bulk_row(&members), db_id(&known->key.directory.id), db_id(&known->key.id));
        FILL(bulk_row(&resources), db_id(&known->key.directory.id), db_integer(known->key.type), db_id(&known->key.id));
    }
    return run_all(db, sql_view_delete_members, &members, err) &&
           run_all(db, sql_view_delete_resource, &resources, err);
}

static int compare_keys(const struct scim_key *a, const struct scim_key *b)
{
    if (a->code != b->code)
        return a->code < b->code ? -1 : 1;
    size_t common = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = common ? memcmp(a->key.data, b->key.data, common) : 0;
    return order ? order : (a->key.len > b->key.len) - (a->key.len < b->key.len);
}

static void add_value(struct bulk *bulk, const struct known *known, const struct scim_key *key)
{
    FILL(bulk_row(bulk), db_id(&known->key.directory.id), db_integer(known->key.type), db_integer(key->code),
         db_bytes(key->key), db_id(&known->key.id));
}

/* Both lists are sorted: a merge finds what has gone and what has come. */
static void diff_values(const struct known *known, struct bulk *gone, struct bulk *come)
{
    static const struct scim_row_keys none;
    const struct scim_row_keys *before = known->keys_before ? known->keys_before : &none;
    const struct scim_row_keys *after = known->keys_after ? known->keys_after : &none;
    size_t i = 0, k = 0;
    while (i < before->key_count || k < after->key_count) {
        int order = i == before->key_count  ? 1
                    : k == after->key_count ? -1
                                            : compare_keys(&before->keys[i], &after->keys[k]);
        if (order < 0)
            add_value(gone, known, &before->keys[i++]);
        else if (order > 0)
            add_value(come, known, &after->keys[k++]);
        else
            i++, k++;
    }
}

static bool write_memberships(struct view *view, struct db *db, bool added, struct err *err)
{
    struct bulk bulk = {.view = view, .width = added ? 4 : 3};
    for (size_t i = 0; i < view->staged_membership_count; i++) {
        const struct known *known = view->staged_memberships[i];
        if (known->exists == known->existed || known->exists != added)
            continue;
        struct db_value *row = bulk_row(&bulk);
        row[0] = db_id(&known->key.directory.id);
        row[1] = db_id(&known->key.second);
        if (added)
            row[2] = db_integer(known->member_type);
        row[added ? 3 : 2] = db_id(&known->key.id);
    }
    return run_all(db, added ? sql_view_insert_membership : sql_view_delete_membership, &bulk, err);
}

/* The first group in a group of a directory: from now on its tokens say so. The row is locked only then. */
static bool is_news(struct view *view, const struct known *staged, const struct directory_id *last)
{
    bool nests = staged->member_type == SCIM_TYPE_GROUP && staged->exists && !staged->existed;
    return nests && !(last && id_equals(&last->id, &staged->key.directory.id)) &&
           !view_nests_groups(view, staged->key.directory);
}

static bool write_nesting(struct view *view, struct db *db, struct err *err)
{
    const struct directory_id *last = NULL;
    for (size_t i = 0; view->stages_nesting && i < view->staged_membership_count; i++) {
        const struct known *staged = view->staged_memberships[i];
        if (!is_news(view, staged, last))
            continue;
        last = &staged->key.directory;
        const struct db_value directory = db_id(&last->id);
        if (!db_execute(db, sql_view_nest_groups, &directory, 1, NULL, err))
            return false;
    }
    return true;
}

static bool write_changes(struct view *view, struct db *db, struct err *err)
{
    struct bulk bulk = {.view = view, .width = 14};
    for (const struct staged_change *change = view->changes; change; change = change->next)
        FILL(bulk_row(&bulk), db_id(&change->operation.id), db_integer(change->ordinal), db_id(&change->directory.id),
             db_integer(change->type), db_id(&change->resource.id), db_integer(change->kind),
             db_integer((int64_t)change->version), db_integer(change->now_ms), db_bytes_or_null(change->document),
             db_bytes_or_null(change->members), id_is_zero(&change->actor) ? db_null() : db_id(&change->actor),
             db_integer(change->cause ? change->cause : VIEW_CAUSE_SCIM),
             change->kind == CHANGE_DELETED ? db_integer(change->born_ms) : db_null(), db_integer(change->is_put));
    return run_all(db, sql_view_insert_change, &bulk, err);
}

static int compare_counts(const void *a, const void *b)
{
    const struct staged_count *left = *(struct staged_count *const *)a, *right = *(struct staged_count *const *)b;
    int order = id_compare(&left->directory.id, &right->directory.id);
    return order ? order : (left->type > right->type) - (left->type < right->type);
}

/* Last, and in one order for everyone: all creations of a directory meet in its counter row, so it is locked for as
 * short a time as possible. */
static bool write_counts(struct view *view, struct db *db, struct err *err)
{
    size_t count = 0;
    for (struct staged_count *staged = view->counts; staged; staged = staged->next)
        count += staged->delta != 0;
    if (count == 0)
        return true;
    struct staged_count **list = arena_array(&view->arena, struct staged_count *, count);
    count = 0;
    for (struct staged_count *staged = view->counts; staged; staged = staged->next)
        if (staged->delta)
            list[count++] = staged;
    qsort(list, count, sizeof(*list), compare_counts);
    struct bulk bulk = {.view = view, .width = 3};
    for (size_t i = 0; i < count; i++)
        FILL(bulk_row(&bulk), db_integer(list[i]->delta), db_id(&list[i]->directory.id), db_integer(list[i]->type));
    return run_all(db, sql_view_add_to_count, &bulk, err);
}

/* Old rows go before new ones come, so that a freed key can be taken in the same batch; members come when both ends are
 * there. Two resources that swap their keys collide all the same: then the jobs run one by one. */
bool view_flush(struct view *view, struct db *db, struct err *err)
{
    struct bulk gone = {.view = view, .width = 5}, come = {.view = view, .width = 5};
    for (struct known *known = view->staged_resources; known; known = known->next_staged)
        if (known->keys_before || known->keys_after)
            diff_values(known, &gone, &come);
    return view_gather_fallen(view, db, err) && view_guard_departures(view, db, err) &&
           view_keep_deleted(view, db, err) && write_memberships(view, db, false, err) &&
           delete_resources(view, db, err) && run_all(db, sql_view_delete_value, &gone, err) &&
           update_resources(view, db, err) && insert_resources(view, db, err) &&
           run_all(db, sql_view_insert_value, &come, err) && write_memberships(view, db, true, err) &&
           write_nesting(view, db, err) && write_changes(view, db, err) && view_note_deactivated(view, db, err) &&
           view_follow_people(view, db, err) && view_link_vendor_users(view, db, err) && view_tell(view, db, err) &&
           write_counts(view, db, err);
}
