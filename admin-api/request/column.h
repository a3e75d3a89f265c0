/* Columns of rows as answers show them, and values that may be absent as statements take them. */
#ifndef ADMIN_COLUMN_H
#define ADMIN_COLUMN_H

#include <jansson.h>

#include "base/id.h"
#include "store/db.h"

/* New references; null where the column is NULL. */
json_t *column_show_id(const char *prefix, const struct db_value *column);
json_t *column_show_uuid(const struct db_value *column);
json_t *column_show_number(const struct db_value *column);

struct db_value column_id(const struct id *id);  /* NULL when zero */
struct db_value column_text(struct slice text);  /* NULL when absent; an empty text is one */
struct db_value column_time(int64_t instant_ms); /* NULL when negative */

#endif
