/* Prepared statements of a connection, and running them with parameters. */
#include <stdlib.h>

#include "db_private.h"

enum { FIRST_SLOTS = 64 };

static bool fail(struct db *db, struct statement *statement, bool has_parameters, struct err *err)
{
    MYSQL_STMT *handle = statement->handle;
    /* A message about parameters can repeat them ("Duplicate entry 'bjensen'"). */
    const char *text = has_parameters ? NULL : mysql_stmt_error(handle);
    return db_failed(db, mysql_stmt_errno(handle), text, statement->sql, err);
}

static size_t slot_of(const struct db *db, const char *sql)
{
    uint64_t hash = (uint64_t)(uintptr_t)sql * UINT64_C(0x9e3779b97f4a7c15);
    size_t slot = (size_t)(hash >> 32) & (db->statement_slots - 1);
    while (db->statements[slot] && db->statements[slot]->sql != sql)
        slot = (slot + 1) & (db->statement_slots - 1);
    return slot;
}

static void grow_table(struct db *db)
{
    struct statement **old = db->statements;
    size_t old_slots = db->statement_slots;
    db->statement_slots = old_slots ? old_slots * 2 : FIRST_SLOTS;
    db->statements = calloc(db->statement_slots, sizeof(struct statement *));
    must(db->statements);
    for (size_t i = 0; i < old_slots; i++)
        if (old[i])
            db->statements[slot_of(db, old[i]->sql)] = old[i];
    free(old);
}

static void statement_free(struct statement *statement)
{
    if (statement->handle)
        mysql_stmt_close(statement->handle);
    statement_free_result(statement);
    free(statement->parameters);
    free(statement);
}

void statements_free(struct db *db)
{
    for (size_t i = 0; i < db->statement_slots; i++)
        if (db->statements[i])
            statement_free(db->statements[i]);
    free(db->statements);
}

static struct statement *prepare(struct db *db, const char *sql, struct err *err)
{
    struct statement *statement = calloc(1, sizeof(*statement));
    must(statement);
    statement->sql = sql;
    statement->handle = mysql_stmt_init(db->mysql);
    must(statement->handle);
    db->round_trips++;
    if (mysql_stmt_prepare(statement->handle, sql, strlen(sql)) != 0) {
        fail(db, statement, false, err);
        statement_free(statement);
        return NULL;
    }
    statement->parameter_count = mysql_stmt_param_count(statement->handle);
    statement->parameters = calloc(statement->parameter_count + 1, sizeof(MYSQL_BIND));
    must(statement->parameters);
    statement_describe_result(statement);
    return statement;
}

struct statement *statement_get(struct db *db, const char *sql, struct err *err)
{
    if (db->statement_count * 2 >= db->statement_slots)
        grow_table(db);
    size_t slot = slot_of(db, sql);
    if (!db->statements[slot]) {
        struct statement *statement = prepare(db, sql, err);
        if (!statement)
            return NULL;
        db->statements[slot] = statement;
        db->statement_count++;
    }
    return db->statements[slot];
}

/* The client library wants pointers to non-const, though it only reads parameters. */
static void *unconst(const void *pointer) { return (void *)(uintptr_t)pointer; }

static void bind_value(MYSQL_BIND *bind, const struct db_value *value)
{
    *bind = (MYSQL_BIND){0};
    switch (value->kind) {
    case DB_NULL:
        bind->buffer_type = MYSQL_TYPE_NULL;
        break;
    case DB_INTEGER:
        bind->buffer_type = MYSQL_TYPE_LONGLONG;
        bind->buffer = unconst(&value->integer);
        break;
    case DB_BYTES:
        bind->buffer_type = MYSQL_TYPE_BLOB;
        bind->buffer = unconst(value->bytes.data ? value->bytes.data : "");
        bind->buffer_length = value->bytes.len;
        break;
    }
}

static bool set_array_size(struct statement *statement, unsigned rows)
{
    return mysql_stmt_attr_set(statement->handle, STMT_ATTR_ARRAY_SIZE, &rows) == 0;
}

static bool bind_and_run(struct db *db, struct statement *statement, struct err *err)
{
    db->round_trips++;
    if ((statement->parameter_count > 0 && mysql_stmt_bind_param(statement->handle, statement->parameters) != 0) ||
        mysql_stmt_execute(statement->handle) != 0)
        return fail(db, statement, statement->parameter_count > 0, err);
    return true;
}

bool statement_execute(struct db *db, struct statement *statement, const struct db_value *parameters, size_t count,
                       struct err *err)
{
    must(count == statement->parameter_count);
    for (size_t i = 0; i < count; i++)
        bind_value(&statement->parameters[i], &parameters[i]);
    return bind_and_run(db, statement, err);
}

bool db_execute(struct db *db, const char *sql, const struct db_value *parameters, size_t count, uint64_t *affected_out,
                struct err *err)
{
    if (!db_enter(db, err))
        return false;
    struct statement *statement = statement_get(db, sql, err);
    if (!statement || !statement_execute(db, statement, parameters, count, err))
        return false;
    must(mysql_stmt_field_count(statement->handle) == 0);
    if (affected_out)
        *affected_out = mysql_stmt_affected_rows(statement->handle);
    return true;
}

enum { BULK_ROWS = 1000, BULK_BYTES = 8 << 20 };

/* One column of a chunk, as the client library wants it: arrays with an element per row. */
struct bulk_column {
    int64_t *integers;
    const char **pointers;
    unsigned long *lengths;
    char *indicators;
};

/* How many rows go in one packet, and what they weigh at most together. */
static size_t count_chunk(const struct db_value *parameters, size_t count, size_t rows)
{
    size_t bytes = 0, row = 0;
    for (; row < rows && row < BULK_ROWS; row++) {
        for (size_t i = 0; i < count; i++)
            bytes += parameters[row * count + i].bytes.len + 10;
        if (bytes > BULK_BYTES && row > 0)
            break;
    }
    return row;
}

static void *take_array(size_t elements, size_t size)
{
    void *array = calloc(elements, size);
    must(array);
    return array;
}

static void fill_element(const struct bulk_column *column, size_t row, const struct db_value *value)
{
    column->indicators[row] = value->kind == DB_NULL ? STMT_INDICATOR_NULL : STMT_INDICATOR_NONE;
    column->integers[row] = value->integer;
    column->pointers[row] = value->bytes.data ? value->bytes.data : "";
    column->lengths[row] = value->bytes.len;
}

/* `values` is the column's first one; the next stands `stride` behind it. */
static void bind_column(MYSQL_BIND *bind, const struct bulk_column *column, const struct db_value *values,
                        size_t stride, size_t rows)
{
    enum db_kind kind = DB_NULL;
    for (size_t row = 0; row < rows; row++) {
        const struct db_value *value = &values[row * stride];
        must(value->kind == DB_NULL || kind == DB_NULL || value->kind == kind);
        kind = value->kind == DB_NULL ? kind : value->kind;
        fill_element(column, row, value);
    }
    bool integer = kind == DB_INTEGER;
    *bind = (MYSQL_BIND){
        .buffer_type = integer ? MYSQL_TYPE_LONGLONG : MYSQL_TYPE_BLOB,
        .buffer = integer ? (void *)column->integers : (void *)column->pointers,
        .length = column->lengths,
        .u.indicator = column->indicators,
    };
}

static bool run_chunk(struct db *db, struct statement *statement, const struct db_value *parameters, size_t rows,
                      struct err *err)
{
    size_t count = statement->parameter_count, cells = rows * count;
    const struct bulk_column whole = {
        .integers = take_array(cells, sizeof(int64_t)),
        .pointers = take_array(cells, sizeof(char *)),
        .lengths = take_array(cells, sizeof(unsigned long)),
        .indicators = take_array(cells, 1),
    };
    for (size_t i = 0; i < count; i++) {
        const struct bulk_column column = {&whole.integers[i * rows], &whole.pointers[i * rows],
                                           &whole.lengths[i * rows], &whole.indicators[i * rows]};
        bind_column(&statement->parameters[i], &column, &parameters[i], count, rows);
    }
    must(set_array_size(statement, (unsigned)rows));
    bool ran = bind_and_run(db, statement, err);
    must(set_array_size(statement, 0));
    free(whole.integers);
    free(whole.pointers);
    free(whole.lengths);
    free(whole.indicators);
    return ran;
}

static bool run_chunks(struct db *db, const char *sql, const struct db_value *parameters, size_t count, size_t rows,
                       uint64_t *affected_out, struct err *err)
{
    struct statement *statement = statement_get(db, sql, err);
    if (!statement)
        return false;
    must(count > 0 && count == statement->parameter_count);
    for (size_t chunk; rows > 0; rows -= chunk, parameters += chunk * count) {
        chunk = count_chunk(parameters, count, rows);
        if (!(chunk == 1 ? statement_execute(db, statement, parameters, count, err)
                         : run_chunk(db, statement, parameters, chunk, err)))
            return false;
        must(mysql_stmt_field_count(statement->handle) == 0);
        *affected_out += mysql_stmt_affected_rows(statement->handle);
    }
    return true;
}

/* More than a packet takes is several statements, which only a transaction makes one again. */
bool db_execute_bulk(struct db *db, const char *sql, const struct db_value *parameters, size_t count, size_t rows,
                     uint64_t *affected_out, struct err *err)
{
    uint64_t affected = 0;
    if (!db_enter(db, err))
        return false;
    bool alone = !db->in_transaction && count_chunk(parameters, count, rows) < rows;
    if (alone && !db_begin(db, err))
        return false;
    bool done = run_chunks(db, sql, parameters, count, rows, &affected, err) && (!alone || db_commit(db, err));
    if (alone && !done)
        db_rollback(db);
    if (affected_out)
        *affected_out = affected;
    return done;
}
