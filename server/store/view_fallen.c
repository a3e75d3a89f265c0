/* Whoever is in a group that is deleted is in it no more: so that the group can be restored, its deletion says who that
 * was. Read under the lock of the group's row, which everybody who changes members takes. */
#include <stdlib.h>

#include "base/buf.h"
#include "base/must.h"
#include "store_sql.h"
#include "view_internal.h"

enum { MOST_BYTES = 16000000, ENTRY_BYTES = 1 + ID_BYTES };

static void add(struct buf *out, const struct id *member, int64_t type)
{
    buf_add_char(out, (char)(type == SCIM_TYPE_GROUP ? '-' | VIEW_MEMBER_IS_GROUP : '-'));
    buf_add(out, slice_of((const char *)member->bytes, ID_BYTES));
}

static struct known *membership(struct view *view, const struct staged_change *deletion, const struct id *member)
{
    struct known_key key = {
        .kind = KNOWN_MEMBERSHIP, .directory = deletion->directory, .id = *member, .second = deletion->resource.id};
    struct known *known = view_find(view, &key);
    return known && known->staged ? known : NULL;
}

/* Those in the database but for what the batch has decided itself. */
static bool add_stored(struct view *view, struct db *db, const struct staged_change *deletion, struct buf *out,
                       struct err *err)
{
    const struct db_value parameters[] = {db_id(&deletion->directory.id), db_id(&deletion->resource.id)}, *row;
    struct db_rows *rows = db_query(db, sql_view_fallen, parameters, 2, err);
    if (!rows)
        return false;
    while ((row = db_next(rows))) {
        struct id member;
        db_id_out(&row[0], &member);
        if (!membership(view, deletion, &member))
            add(out, &member, row[1].integer);
    }
    return db_rows_end(rows, err);
}

static void add_staged(const struct view *view, const struct staged_change *deletion, struct buf *out)
{
    for (size_t i = 0; i < view->staged_membership_count; i++) {
        const struct known *known = view->staged_memberships[i];
        if (known->fell && id_equals(&known->key.second, &deletion->resource.id) &&
            id_equals(&known->key.directory.id, &deletion->directory.id))
            add(out, &known->key.id, known->member_type);
    }
}

/* By the member alone. */
static int compare_entries(const void *a, const void *b)
{
    return memcmp((const char *)a + 1, (const char *)b + 1, ID_BYTES);
}

static bool gather(struct view *view, struct db *db, struct staged_change *deletion, struct err *err)
{
    struct buf list;
    buf_init(&list, MOST_BYTES);
    bool read = add_stored(view, db, deletion, &list, err);
    add_staged(view, deletion, &list);
    if (list.len > 0)
        qsort(list.data, list.len / ENTRY_BYTES, ENTRY_BYTES, compare_entries);
    if (read && !list.overflowed)
        deletion->members = arena_slice(&view->arena, buf_slice(&list));
    buf_fini(&list);
    return read;
}

bool view_gather_fallen(struct view *view, struct db *db, struct err *err)
{
    for (struct staged_change *change = view->changes; change; change = change->next)
        if (change->kind == CHANGE_DELETED && change->type == SCIM_TYPE_GROUP && !gather(view, db, change, err))
            return false;
    return true;
}
