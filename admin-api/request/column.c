#include "column.h"

#include "reply.h"

json_t *column_show_id(const char *prefix, const struct db_value *column)
{
    struct id id;
    if (column->kind == DB_NULL)
        return json_null();
    db_id_out(column, &id);
    return show_id(prefix, &id);
}

json_t *column_show_uuid(const struct db_value *column)
{
    struct id id;
    char text[ID_UUID_CHARS + 1];
    if (column->kind == DB_NULL)
        return json_null();
    db_id_out(column, &id);
    id_to_uuid(&id, text);
    return json_string(text);
}

json_t *column_show_number(const struct db_value *column)
{
    return column->kind == DB_NULL ? json_null() : json_integer(column->integer);
}

struct db_value column_id(const struct id *id) { return id_is_zero(id) ? db_null() : db_id(id); }

struct db_value column_text(struct slice text) { return text.data ? db_bytes(text) : db_null(); }

struct db_value column_time(int64_t instant_ms) { return instant_ms < 0 ? db_null() : db_integer(instant_ms); }
