/* Notes of many directories, written in one transaction: their rows are read locked, merged here, and saved. */
#include <stdlib.h>

#include "base/must.h"
#include "health.h"
#include "store/db.h"
#include "store_sql.h"

enum { AT_ONCE = 32, SAVED_COLUMNS = 13, COUNTED_COLUMNS = 5 };

/* Of one directory: several notes of it may come together. */
struct saving {
    const struct health_note *last; /* whose directory it is */
    struct health_row row;
    const struct health_error *error; /* NULL: none */
    char problem[STORE_PROBLEM_BYTES];
    struct buf detail; /* without what it may quote of the request */
};

static bool load(struct db *db, struct saving *list, size_t count, struct err *err)
{
    struct db_value ids[AT_ONCE];
    for (size_t i = 0; i < AT_ONCE; i++)
        ids[i] = db_id(&list[i < count ? i : count - 1].last->directory.id);
    struct db_rows *rows = db_query(db, sql_health_load, ids, AT_ONCE, err);
    const struct db_value *row;
    size_t at = 0;
    while (rows && (row = db_next(rows))) {
        struct id id;
        db_id_out(&row[0], &id);
        while (at + 1 < count && id_compare(&list[at].last->directory.id, &id) < 0)
            at++;
        if (!id_equals(&list[at].last->directory.id, &id))
            continue;
        list[at].row = (struct health_row){.exists = true,
                                           .first_ms = row[1].integer,
                                           .last_ms = row[2].integer,
                                           .last_success_ms = row[3].integer,
                                           .failures_in_row = (uint64_t)row[4].integer,
                                           .usual_gap_ms = row[5].integer,
                                           .gaps = (uint64_t)row[6].integer};
    }
    return rows && db_rows_end(rows, err);
}

static struct db_value text_or_null(const char *text)
{
    return text && text[0] ? db_bytes(slice_str(text)) : db_null();
}

static void fill(struct saving *saving, struct db_value *values)
{
    const struct health_row *row = &saving->row;
    const struct health_error *error = saving->error;
    values[0] = db_id(&saving->last->directory.id);
    values[1] = db_integer(row->first_ms);
    values[2] = db_integer(row->last_ms);
    values[3] = row->last_success_ms ? db_integer(row->last_success_ms) : db_null();
    values[4] = db_integer((int64_t)(row->failures_in_row < UINT32_MAX ? row->failures_in_row : UINT32_MAX));
    values[5] = db_integer(row->usual_gap_ms);
    values[6] = db_integer((int64_t)(row->gaps < UINT32_MAX ? row->gaps : UINT32_MAX));
    for (size_t i = 7; i < SAVED_COLUMNS; i++)
        values[i] = db_null();
    if (!error)
        return;
    store_problem_name(error->problem, saving->problem);
    values[7] = db_integer(error->at_ms);
    values[8] = db_id(&error->id);
    values[9] = db_integer(error->status);
    values[10] = text_or_null(saving->problem);
    values[11] = text_or_null(error->operation);
    scim_redact_detail(slice_str(error->detail), &(struct scim_redaction){.shown = SCIM_SHOW_STRUCTURE},
                       &saving->detail);
    values[12] = db_bytes_or_null(buf_slice(&saving->detail));
}

/* One row alone needs no bulk binding. */
static bool execute(struct db *db, const char *sql, const struct db_value *values, size_t columns, size_t rows,
                    struct err *err)
{
    return rows == 1 ? db_execute(db, sql, values, columns, NULL, err)
                     : db_execute_bulk(db, sql, values, columns, rows, NULL, err);
}

static bool save(struct db *db, struct saving *list, size_t count, struct err *err)
{
    struct db_value values[AT_ONCE * SAVED_COLUMNS];
    for (size_t i = 0; i < count; i++)
        fill(&list[i], &values[i * SAVED_COLUMNS]);
    bool saved = execute(db, sql_health_save, values, SAVED_COLUMNS, count, err);
    for (size_t i = 0; i < count; i++)
        buf_fini(&list[i].detail);
    return saved;
}

static void merge(struct saving *saving, const struct health_note *first)
{
    for (const struct health_note *note = first;; note = note->next) {
        health_merge(&saving->row, note);
        if (note->error.at_ms)
            saving->error = &note->error;
        if (note == saving->last)
            return;
    }
}

/* The next AT_ONCE directories; returns the note behind them. */
static const struct health_note *gather(const struct health_note *notes, struct saving *list,
                                        const struct health_note **firsts, size_t *count_out)
{
    *count_out = 0;
    while (notes) {
        bool is_new = *count_out == 0 || !id_equals(&list[*count_out - 1].last->directory.id, &notes->directory.id);
        if (is_new && *count_out == AT_ONCE)
            break;
        if (is_new) {
            firsts[*count_out] = notes;
            list[*count_out] = (struct saving){.last = notes};
            buf_init(&list[(*count_out)++].detail, HEALTH_DETAIL_BYTES);
        }
        list[*count_out - 1].last = notes;
        notes = notes->next;
    }
    return notes;
}

static bool write_rows(struct db *db, const struct health_note *notes, struct err *err)
{
    struct saving list[AT_ONCE];
    const struct health_note *firsts[AT_ONCE];
    size_t count;
    while (notes) {
        notes = gather(notes, list, firsts, &count);
        if (!load(db, list, count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            merge(&list[i], firsts[i]);
        if (!save(db, list, count, err))
            return false;
    }
    return true;
}

static bool write_hours(struct db *db, const struct health_note *notes, struct err *err)
{
    struct db_value values[AT_ONCE * COUNTED_COLUMNS];
    while (notes) {
        size_t count = 0;
        for (; notes && count < AT_ONCE; notes = notes->next) {
            struct db_value *row = &values[count++ * COUNTED_COLUMNS];
            row[0] = db_id(&notes->directory.id);
            row[1] = db_integer(notes->hour);
            row[2] = db_integer((int64_t)notes->requests);
            row[3] = db_integer((int64_t)notes->failures);
            row[4] = db_integer((int64_t)notes->skipped);
        }
        if (!execute(db, sql_health_count, values, COUNTED_COLUMNS, count, err))
            return false;
    }
    return true;
}

bool health_write(struct db *db, const struct health_note *notes, struct err *err)
{
    if (db_begin(db, err) && write_rows(db, notes, err) && write_hours(db, notes, err) && db_commit(db, err))
        return true;
    db_rollback(db);
    return false;
}
