/* The columns of a resource, and how they become a struct view_resource. Shared by everything that reads resources. */
#ifndef STORE_ROW_H
#define STORE_ROW_H

#include "store/db.h"
#include "store/view.h"

/* The columns every SELECT of resources has, in this order and possibly behind columns of its own. Statements in
 * .sql files spell the list out. */
enum row_column {
    ROW_TYPE,
    ROW_ID,
    ROW_VERSION,
    ROW_CREATED_MS,
    ROW_MODIFIED_MS,
    ROW_OPEN_BRACES,
    ROW_DOCUMENT, /* NULL where only the narrow columns are wanted */
    ROW_UNIQUE_KEY,
    ROW_EXTERNAL_KEY,
    ROW_DISPLAY,
    ROW_MANAGER_ID,
    ROW_MANAGER_KNOWN, /* 0 or 1: manager_id names a user of the directory. 0 where nobody looked */
    ROW_MANAGER_DISPLAY,
    ROW_COLUMN_COUNT
};

/* values: the ROW_COLUMN_COUNT columns. Text is copied into the arena. */
void row_read(const struct db_value *values, struct arena *arena, struct view_resource *row_out);

/* The same without copying: the slices are valid as long as the values are. */
void row_borrow(const struct db_value *values, struct view_resource *row_out);

#endif
