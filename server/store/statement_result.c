/* Reading results: each statement keeps buffers for its columns, which grow to what has been seen.
 *
 * Rows are read from the connection one by one, without the client library's own copy of the result. Whatever is longer
 * than its buffer is fetched again into a bigger one, which costs no round trip. */
#include <errmsg.h>
#include <stdlib.h>

#include "db_private.h"

enum {
    FIRST_BYTES = 4096, /* of a column that may be longer */
    LEAST_BYTES = 64,
    KEPT_BYTES = 256 << 10, /* a buffer that has grown beyond is given back */
};

static bool is_integer(const MYSQL_FIELD *field)
{
    switch ((int)field->type) {
    case MYSQL_TYPE_TINY:
    case MYSQL_TYPE_SHORT:
    case MYSQL_TYPE_INT24:
    case MYSQL_TYPE_LONG:
    case MYSQL_TYPE_LONGLONG:
    case MYSQL_TYPE_YEAR:
        return true;
    case MYSQL_TYPE_DECIMAL:
    case MYSQL_TYPE_NEWDECIMAL: /* SUM() of integers is a decimal */
        return field->decimals == 0;
    default:
        return false;
    }
}

static size_t first_capacity(const MYSQL_FIELD *field)
{
    if (field->length >= FIRST_BYTES)
        return FIRST_BYTES;
    return field->length > LEAST_BYTES ? field->length : LEAST_BYTES;
}

static void resize(struct column *column, size_t capacity)
{
    char *bytes = realloc(column->bytes, capacity);
    must(bytes);
    column->bytes = bytes;
    column->capacity = capacity;
}

static void describe_column(struct column *column, const MYSQL_FIELD *field, MYSQL_BIND *bind)
{
    column->is_integer = is_integer(field);
    *bind = (MYSQL_BIND){.is_null = &column->is_null, .error = &column->error, .length = &column->length};
    if (column->is_integer) {
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = &column->integer;
        bind->is_unsigned = (field->flags & UNSIGNED_FLAG) != 0;
    } else {
        bind->buffer_type = MYSQL_TYPE_BLOB;
        column->first_capacity = first_capacity(field);
        resize(column, column->first_capacity);
    }
}

void statement_describe_result(struct statement *statement)
{
    MYSQL_RES *metadata = mysql_stmt_result_metadata(statement->handle);
    if (!metadata)
        return;
    size_t count = mysql_num_fields(metadata);
    statement->column_count = count;
    statement->columns = calloc(count, sizeof(struct column));
    statement->results = calloc(count, sizeof(MYSQL_BIND));
    statement->values = calloc(count, sizeof(struct db_value));
    must(statement->columns && statement->results && statement->values);
    for (size_t i = 0; i < count; i++)
        describe_column(&statement->columns[i], mysql_fetch_field_direct(metadata, (unsigned)i),
                        &statement->results[i]);
    mysql_free_result(metadata);
}

void statement_free_result(struct statement *statement)
{
    for (size_t i = 0; i < statement->column_count; i++)
        free(statement->columns[i].bytes);
    free(statement->columns);
    free(statement->results);
    free(statement->values);
}

void statement_shrink(struct statement *statement)
{
    for (size_t i = 0; i < statement->column_count; i++)
        if (statement->columns[i].capacity > KEPT_BYTES)
            resize(&statement->columns[i], statement->columns[i].first_capacity);
}

static bool bind_results(struct statement *statement)
{
    for (size_t i = 0; i < statement->column_count; i++) {
        if (!statement->columns[i].is_integer) {
            statement->results[i].buffer = statement->columns[i].bytes;
            statement->results[i].buffer_length = statement->columns[i].capacity;
        }
    }
    return mysql_stmt_bind_result(statement->handle, statement->results) == 0;
}

/* An error that arrives between rows is left on the connection, not on the statement. */
static bool fail(struct db *db, struct statement *statement, struct err *err)
{
    unsigned code = mysql_stmt_errno(statement->handle);
    if (code == 0)
        code = mysql_errno(db->mysql);
    return db_failed(db, code != 0 ? code : CR_SERVER_LOST, NULL, statement->sql, err);
}

struct db_rows *db_query(struct db *db, const char *sql, const struct db_value *parameters, size_t count,
                         struct err *err)
{
    if (!db_enter(db, err))
        return NULL;
    struct statement *statement = statement_get(db, sql, err);
    if (!statement || !statement_execute(db, statement, parameters, count, err))
        return NULL;
    must(statement->column_count > 0 && mysql_stmt_field_count(statement->handle) == statement->column_count);
    if (!bind_results(statement)) {
        fail(db, statement, err);
        mysql_stmt_free_result(statement->handle);
        return NULL;
    }
    db->rows = (struct db_rows){.db = db, .statement = statement};
    return &db->rows;
}

static bool is_cut(const struct column *column)
{
    return !column->is_integer && !column->is_null && column->length > column->capacity;
}

/* The rest of a value: what fitted is there already. */
static bool fetch_rest(struct statement *statement, unsigned index)
{
    struct column *column = &statement->columns[index];
    size_t have = column->capacity, capacity = have;
    while (capacity < column->length)
        capacity *= 2;
    resize(column, capacity);
    MYSQL_BIND rest = {
        .buffer_type = MYSQL_TYPE_BLOB,
        .buffer = column->bytes + have,
        .buffer_length = column->length - have,
        .length = &column->length,
        .is_null = &column->is_null,
        .error = &column->error,
    };
    return mysql_stmt_fetch_column(statement->handle, &rest, index, have) == 0;
}

static bool fetch_cut_values(struct db *db, struct statement *statement, struct err *err)
{
    bool grew = false;
    for (size_t i = 0; i < statement->column_count; i++) {
        if (!is_cut(&statement->columns[i]))
            continue;
        grew = true;
        if (!fetch_rest(statement, (unsigned)i))
            return fail(db, statement, err);
        if (statement->columns[i].capacity > KEPT_BYTES)
            db->swollen = statement;
    }
    /* Binding again forgets where the current row's values lie, so it comes last. */
    return !grew || bind_results(statement) || fail(db, statement, err);
}

static void read_values(struct statement *statement)
{
    for (size_t i = 0; i < statement->column_count; i++) {
        const struct column *column = &statement->columns[i];
        if (column->is_null)
            statement->values[i] = db_null();
        else if (column->is_integer)
            statement->values[i] = db_integer(column->integer);
        else
            statement->values[i] = db_bytes(slice_of(column->bytes, column->length));
    }
}

const struct db_value *db_next(struct db_rows *rows)
{
    struct statement *statement = rows->statement;
    must(statement);
    if (rows->failed)
        return NULL;
    int fetched = mysql_stmt_fetch(statement->handle);
    if (fetched == MYSQL_NO_DATA)
        return NULL;
    if (fetched == MYSQL_DATA_TRUNCATED)
        rows->failed = !fetch_cut_values(rows->db, statement, &rows->err);
    else if (fetched != 0)
        rows->failed = !fail(rows->db, statement, &rows->err);
    if (rows->failed)
        return NULL;
    read_values(statement);
    return statement->values;
}

bool db_rows_end(struct db_rows *rows, struct err *err)
{
    must(rows->statement);
    struct statement *statement = rows->statement;
    rows->statement = NULL;
    bool drained = mysql_stmt_free_result(statement->handle) == 0;
    if (rows->failed) {
        *err = rows->err;
        return false;
    }
    return drained || fail(rows->db, statement, err);
}

bool db_query_one(struct db *db, const char *sql, const struct db_value *parameters, size_t count,
                  const struct db_value **row_out, struct err *err)
{
    *row_out = NULL;
    struct db_rows *rows = db_query(db, sql, parameters, count, err);
    if (!rows)
        return false;
    const struct db_value *row = db_next(rows);
    if (!db_rows_end(rows, err))
        return false;
    *row_out = row;
    return true;
}

void db_id_out(const struct db_value *value, struct id *id_out)
{
    must(value->kind == DB_BYTES && value->bytes.len == ID_BYTES);
    memcpy(id_out->bytes, value->bytes.data, ID_BYTES);
}
