#include "view_outbox.h"

#include "store_sql.h"
#include "view_people.h"

bool view_tell(struct view *view, struct db *db, struct err *err)
{
    struct people_rows rows = {.view = view, .width = 6};
    for (const struct staged_change *change = view->changes; change; change = change->next)
        if (change->kind != CHANGE_BEFORE)
            PEOPLE_ROW(&rows, db_id(&change->operation.id), db_integer(change->ordinal), db_id(&change->directory.id),
                       db_integer(change->type), db_integer(change->kind), db_id(&change->resource.id));
    return people_run(db, sql_outbox_change, &rows, NULL, err);
}
