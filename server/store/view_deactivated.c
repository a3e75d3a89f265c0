/* Since when users are inactive: so that those who are for long are listed without a look at every document. */
#include "store_sql.h"
#include "view_people.h"

struct db_value *people_row(struct people_rows *rows)
{
    if (rows->count == rows->capacity) {
        size_t capacity = rows->capacity ? rows->capacity * 4 : 32;
        struct db_value *values = arena_take(&rows->view->arena, capacity * rows->width * sizeof(*values));
        if (rows->count)
            memcpy(values, rows->values, rows->count * rows->width * sizeof(*values));
        rows->values = values;
        rows->capacity = capacity;
    }
    return rows->values + rows->width * rows->count++;
}

bool people_run(struct db *db, const char *sql, const struct people_rows *rows, uint64_t *affected_out, struct err *err)
{
    if (affected_out)
        *affected_out = 0;
    if (rows->count == 0)
        return true;
    if (rows->count == 1)
        return db_execute(db, sql, rows->values, rows->width, affected_out, err);
    return db_execute_bulk(db, sql, rows->values, rows->width, rows->count, affected_out, err);
}

static bool was_inactive(const struct known *known)
{
    return known->existed && known->keys_before && known->keys_before->inactive;
}

static bool is_inactive(const struct known *known)
{
    return known->exists && known->keys_after && known->keys_after->inactive;
}

/* Lists are in this order: the time first, and of the id what tells those of one moment apart. */
static struct db_value place_of(struct view *view, const struct known *known)
{
    struct id *place = arena_new(&view->arena, struct id);
    uint64_t ms = (uint64_t)known->row->modified_ms;
    *place = known->key.id;
    for (size_t i = 0; i < 6; i++)
        place->bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    return db_id(place);
}

bool view_note_deactivated(struct view *view, struct db *db, struct err *err)
{
    struct people_rows gone = {.view = view, .width = 2}, come = {.view = view, .width = 4};
    for (const struct known *known = view->staged_resources; known; known = known->next_staged) {
        if (!view_is_user(known) || was_inactive(known) == is_inactive(known))
            continue;
        if (is_inactive(known))
            PEOPLE_ROW(&come, db_id(&known->key.directory.id), db_id(&known->key.id), place_of(view, known),
                       db_integer(known->row->modified_ms));
        else
            PEOPLE_ROW(&gone, db_id(&known->key.directory.id), db_id(&known->key.id));
    }
    return people_run(db, sql_people_reactivate, &gone, NULL, err) &&
           people_run(db, sql_people_deactivate, &come, NULL, err);
}
