#include "row.h"

#include "base/must.h"

static uint64_t unsigned_of(const struct db_value *value)
{
    must(value->kind == DB_INTEGER);
    return (uint64_t)value->integer;
}

static int64_t integer_of(const struct db_value *value)
{
    must(value->kind == DB_INTEGER);
    return value->integer;
}

static struct slice bytes_of(const struct db_value *value)
{
    must(value->kind != DB_INTEGER);
    return value->kind == DB_BYTES ? value->bytes : SLICE_EMPTY;
}

void row_borrow(const struct db_value *values, struct view_resource *row_out)
{
    *row_out = (struct view_resource){
        .type = (uint16_t)unsigned_of(&values[ROW_TYPE]),
        .version = unsigned_of(&values[ROW_VERSION]),
        .created_ms = integer_of(&values[ROW_CREATED_MS]),
        .modified_ms = integer_of(&values[ROW_MODIFIED_MS]),
        .stored = {.text = bytes_of(&values[ROW_DOCUMENT]),
                   .open_braces = (uint8_t)unsigned_of(&values[ROW_OPEN_BRACES])},
        .unique_key = bytes_of(&values[ROW_UNIQUE_KEY]),
        .external_key = bytes_of(&values[ROW_EXTERNAL_KEY]),
        .display = bytes_of(&values[ROW_DISPLAY]),
        .has_manager = values[ROW_MANAGER_ID].kind != DB_NULL,
        .manager_known = integer_of(&values[ROW_MANAGER_KNOWN]) != 0,
        .manager_display = bytes_of(&values[ROW_MANAGER_DISPLAY]),
    };
    db_id_out(&values[ROW_ID], &row_out->id.id);
    if (row_out->has_manager)
        db_id_out(&values[ROW_MANAGER_ID], &row_out->manager_id.id);
}

void row_read(const struct db_value *values, struct arena *arena, struct view_resource *row_out)
{
    row_borrow(values, row_out);
    row_out->stored.text = arena_slice(arena, row_out->stored.text);
    row_out->unique_key = arena_slice(arena, row_out->unique_key);
    row_out->external_key = arena_slice(arena, row_out->external_key);
    row_out->display = arena_slice(arena, row_out->display);
    row_out->manager_display = arena_slice(arena, row_out->manager_display);
}
