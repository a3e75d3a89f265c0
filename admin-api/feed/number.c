#include "number.h"

#include "admin_api_sql.h"
#include "base/must.h"
#include "column.h"

enum { COLUMNS = 12, FEED_COLUMNS = 12 };

struct turn {
    struct db *db;
    int64_t now_ms;
    struct pending list[NUMBER_MOST];
    size_t count;
    bool numbered[NUMBER_MOST]; /* by the walk over environments */
    struct db_value values[NUMBER_MOST * FEED_COLUMNS];
    size_t rows;
};

static void read_id(const struct db_value *column, struct id *id_out)
{
    if (column->kind == DB_NULL)
        *id_out = (struct id){{0}};
    else
        db_id_out(column, id_out);
}

static struct pending read_row(const struct db_value *row)
{
    struct pending pending = {
        .position = (uint64_t)row[0].integer,
        .source = (int)row[1].integer,
        .ordinal = (uint32_t)row[3].integer,
        .type = (uint16_t)row[7].integer,
        .kind = (uint8_t)row[8].integer,
        .is_primary = row[10].integer != 0,
        .is_guarded = row[11].integer != 0,
    };
    db_id_out(&row[2], &pending.operation);
    read_id(&row[4], &pending.environment.id);
    read_id(&row[5], &pending.organization.id);
    read_id(&row[6], &pending.directory.id);
    read_id(&row[9], &pending.resource.id);
    return pending;
}

static bool take(struct turn *turn, uint64_t low, struct err *err)
{
    const struct db_value parameters[] = {db_integer((int64_t)low), db_integer(NUMBER_MOST)};
    struct db_rows *rows = db_query(turn->db, sql_number_pending, parameters, 2, err);
    const struct db_value *row;
    while (rows && (row = db_next(rows)))
        turn->list[turn->count++] = read_row(row);
    return rows && db_rows_end(rows, err);
}

static bool last_of(struct turn *turn, const struct environment_id *environment, uint64_t *last_out, struct err *err)
{
    const struct db_value parameter = db_id(&environment->id), *row;
    if (!db_query_one(turn->db, sql_feed_last, &parameter, 1, &row, err))
        return false;
    *last_out = row ? (uint64_t)row[0].integer : 0;
    return true;
}

static void add_row(struct turn *turn, const struct pending *pending, uint64_t sequence)
{
    struct db_value *row = turn->values + FEED_COLUMNS * turn->rows++;
    row[0] = db_id(&pending->environment.id);
    row[1] = db_integer((int64_t)sequence);
    row[2] = db_integer(pending->source);
    row[3] = db_id(&pending->operation);
    row[4] = db_integer(pending->ordinal);
    row[5] = column_id(&pending->organization.id);
    row[6] = column_id(&pending->directory.id);
    row[7] = db_integer(pending->type);
    row[8] = db_integer(pending->kind);
    row[9] = column_id(&pending->resource.id);
    row[10] = db_integer(pending->is_primary);
    row[11] = db_integer(turn->now_ms);
}

/* All of the environment that the row at `first` is of. */
static bool number_environment(struct turn *turn, size_t first, struct err *err)
{
    const struct environment_id environment = turn->list[first].environment;
    uint64_t last;
    if (!last_of(turn, &environment, &last, err))
        return false;
    for (size_t i = first; i < turn->count; i++) {
        if (!id_equals(&turn->list[i].environment.id, &environment.id))
            continue;
        turn->numbered[i] = true;
        add_row(turn, &turn->list[i], ++last);
    }
    const struct db_value parameters[] = {db_id(&environment.id), db_integer((int64_t)last)};
    return db_execute(turn->db, sql_feed_end, parameters, 2, NULL, err);
}

static bool number_all(struct turn *turn, struct err *err)
{
    for (size_t i = 0; i < turn->count; i++)
        if (!turn->numbered[i] && !id_is_zero(&turn->list[i].environment.id) && !number_environment(turn, i, err))
            return false;
    return turn->rows == 0 ||
           db_execute_bulk(turn->db, sql_feed_insert, turn->values, FEED_COLUMNS, turn->rows, NULL, err);
}

static bool clear(struct turn *turn, struct err *err)
{
    struct db_value positions[NUMBER_MOST];
    for (size_t i = 0; i < turn->count; i++)
        positions[i] = db_integer((int64_t)turn->list[i].position);
    return db_execute_bulk(turn->db, sql_number_clear, positions, 1, turn->count, NULL, err);
}

static bool run(struct turn *turn, uint64_t low, struct err *err)
{
    const struct db_value *row;
    if (!db_query_one(turn->db, sql_number_lock, NULL, 0, &row, err) || !take(turn, low, err))
        return false;
    return turn->count == 0 ||
           (number_all(turn, err) && clear(turn, err) && db_execute(turn->db, sql_number_turned, NULL, 0, NULL, err));
}

bool number_turn(struct db *db, uint64_t low, int64_t now_ms, uint64_t *positions_out, size_t *count_out,
                 struct err *err)
{
    static _Thread_local struct turn turn; /* large */
    turn.db = db;
    turn.now_ms = now_ms;
    turn.count = turn.rows = 0;
    memset(turn.numbered, 0, sizeof turn.numbered);
    *count_out = 0;
    if (!db_begin(db, err) || !run(&turn, low, err) || !db_commit(db, err)) {
        db_rollback(db);
        return false;
    }
    for (size_t i = 0; i < turn.count; i++)
        positions_out[i] = turn.list[i].position;
    *count_out = turn.count;
    return true;
}
