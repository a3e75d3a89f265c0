#include "number.h"

#include "admin_api_sql.h"
#include "base/clock.h"
#include "column.h"
#include "guarded.h"
#include "number_take.h"

enum { FEED_COLUMNS = 12, END_COLUMNS = 2 };

struct turn {
    struct db *db;
    int64_t now_ms;
    struct arena arena;
    struct taken taken;
    struct guarded_list told; /* of that, what is shown; and what the guard adds */
    bool has_news, more_news;
    bool *seen; /* by the walk over environments */
    struct db_value *feed, *ends;
    size_t numbered, environments;
};

/* *exists_out false: the environment is gone. */
static bool last_of(struct turn *turn, const struct environment_id *environment, bool *exists_out, uint64_t *last_out,
                    struct err *err)
{
    const struct db_value parameter = db_id(&environment->id), *row;
    if (!db_query_one(turn->db, sql_number_last, &parameter, 1, &row, err))
        return false;
    *exists_out = row != NULL;
    *last_out = row ? (uint64_t)row[0].integer : 0;
    return true;
}

static void add_row(struct turn *turn, const struct pending *pending, uint64_t sequence)
{
    struct db_value *row = turn->feed + FEED_COLUMNS * turn->numbered++;
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

static void add_end(struct turn *turn, const struct environment_id *environment, uint64_t last)
{
    struct db_value *end = turn->ends + END_COLUMNS * turn->environments++;
    end[0] = db_id(&environment->id);
    end[1] = db_integer((int64_t)last);
}

/* All of the environment that the one at `first` is of. */
static bool number_environment(struct turn *turn, size_t first, struct err *err)
{
    const struct environment_id *environment = &turn->told.list[first].environment;
    uint64_t last;
    bool exists;
    if (!last_of(turn, environment, &exists, &last, err))
        return false;
    for (size_t i = first; i < turn->told.count; i++) {
        if (!id_equals(&turn->told.list[i].environment.id, &environment->id))
            continue;
        turn->seen[i] = true;
        if (exists)
            add_row(turn, &turn->told.list[i], ++last);
    }
    if (exists)
        add_end(turn, environment, last);
    return true;
}

static bool number_all(struct turn *turn, struct err *err)
{
    turn->seen = arena_array(&turn->arena, bool, turn->told.count + 1);
    turn->feed = arena_take(&turn->arena, (turn->told.count + 1) * FEED_COLUMNS * sizeof *turn->feed);
    turn->ends = arena_take(&turn->arena, (turn->told.count + 1) * END_COLUMNS * sizeof *turn->ends);
    for (size_t i = 0; i < turn->told.count; i++)
        if (!turn->seen[i] && !id_is_zero(&turn->told.list[i].environment.id) && !number_environment(turn, i, err))
            return false;
    return turn->numbered == 0 ||
           (db_execute_bulk(turn->db, sql_feed_insert, turn->feed, FEED_COLUMNS, turn->numbered, NULL, err) &&
            db_execute_bulk(turn->db, sql_feed_end, turn->ends, END_COLUMNS, turn->environments, NULL, err));
}

static bool clear(struct turn *turn, struct err *err)
{
    struct db_value positions[NUMBER_MOST_ROWS];
    for (size_t i = 0; i < turn->taken.rows; i++)
        positions[i] = db_integer((int64_t)turn->taken.positions[i]);
    return turn->taken.rows == 0 ||
           db_execute_bulk(turn->db, sql_number_clear, positions, 1, turn->taken.rows, NULL, err);
}

static int64_t monotonic_ms(void) { return (int64_t)(clock_monotonic_ns() / 1000000); }

/* What the process remembers holds as long as nobody else has numbered meanwhile. */
static bool lock(struct turn *turn, struct numbering *numbering, struct err *err)
{
    const struct db_value *row;
    if (!db_query_one(turn->db, sql_number_lock, NULL, 0, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_UNAVAILABLE, "feed_turn has no row");
    if (numbering->turns != (uint64_t)row[0].integer)
        numbering->gaps = (struct gaps){.high = (uint64_t)row[1].integer};
    numbering->turns = (uint64_t)row[0].integer;
    return true;
}

static bool end(struct turn *turn, struct numbering *numbering, struct err *err)
{
    if (turn->taken.rows == 0 && turn->numbered == 0)
        return db_commit(turn->db, err);
    numbering->turns++;
    gaps_take(&numbering->gaps, turn->taken.positions, turn->taken.rows, monotonic_ms());
    const struct db_value low = db_integer((int64_t)gaps_low(&numbering->gaps, monotonic_ms()));
    return clear(turn, err) && db_execute(turn->db, sql_number_done, &low, 1, NULL, err) && db_commit(turn->db, err);
}

/* What the guard has changed comes last, when nothing is left that was committed before. */
static bool sift(struct turn *turn, bool news, struct err *err)
{
    turn->told = (struct guarded_list){turn->taken.list, turn->taken.count};
    return guarded_sift(turn->db, &turn->arena, turn->now_ms, &turn->told, &turn->has_news, err) &&
           (!news || turn->taken.full ||
            guarded_news(turn->db, &turn->arena, turn->now_ms, &turn->told, &turn->more_news, err));
}

static bool run(struct turn *turn, struct numbering *numbering, bool from_start, struct err *err)
{
    if (!(numbering->news ? db_begin_repeatable : db_begin)(turn->db, err) || !lock(turn, numbering, err))
        return false;
    uint64_t low = from_start ? 0 : gaps_low(&numbering->gaps, monotonic_ms());
    return number_take(turn->db, low, &turn->taken, err) && sift(turn, numbering->news, err) && number_all(turn, err) &&
           end(turn, numbering, err);
}

static void report(const struct turn *turn, struct number_result *result_out)
{
    result_out->numbered = turn->numbered;
    result_out->rows = turn->taken.rows;
    result_out->more = turn->taken.full || turn->has_news || turn->more_news;
    memcpy(result_out->waited_us, turn->taken.waited_us, turn->taken.rows * sizeof turn->taken.waited_us[0]);
}

bool number_prepare(struct db *db, struct err *err) { return db_execute(db, sql_number_session, NULL, 0, NULL, err); }

bool number_turn(struct db *db, struct numbering *numbering, bool from_start, struct number_result *result_out,
                 struct err *err)
{
    static _Thread_local struct turn turn; /* large */
    turn.db = db;
    turn.now_ms = clock_wall_ms();
    turn.numbered = turn.environments = 0;
    turn.has_news = turn.more_news = false;
    arena_init(&turn.arena);
    bool done = run(&turn, numbering, from_start, err);
    arena_fini(&turn.arena);
    if (!done) {
        db_rollback(db);
        *numbering = (struct numbering){0}; /* who knows what was done */
        return false;
    }
    numbering->news |= turn.has_news;
    report(&turn, result_out);
    return true;
}
