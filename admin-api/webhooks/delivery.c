#include "delivery.h"

#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/must.h"
#include "column.h"

enum { COLUMNS = 22, CLOSING_COLUMNS = 4 };

void delivery_log_init(struct delivery_log *log)
{
    *log = (struct delivery_log){0};
    arena_init(&log->arena);
}

void delivery_log_fini(struct delivery_log *log)
{
    arena_fini(&log->arena);
    free(log->list);
    free(log->closings);
}

void delivery_log_clear(struct delivery_log *log)
{
    arena_reset(&log->arena);
    log->count = log->closing_count = 0;
}

static void *grow(void *list, size_t count, size_t *capacity, size_t size)
{
    if (count < *capacity)
        return list;
    *capacity = *capacity ? 2 * *capacity : 64;
    void *larger = realloc(list, *capacity * size);
    must(larger);
    return larger;
}

struct delivery *delivery_add(struct delivery_log *log)
{
    log->list = grow(log->list, log->count, &log->capacity, sizeof *log->list);
    struct delivery *delivery = &log->list[log->count++];
    *delivery = (struct delivery){0};
    return delivery;
}

void delivery_close(struct delivery_log *log, const struct id *endpoint, const struct id *id, const char *error)
{
    log->closings = grow(log->closings, log->closing_count, &log->closing_capacity, sizeof *log->closings);
    log->closings[log->closing_count++] = (struct delivery_closing){.endpoint = *endpoint, .id = *id, .error = error};
}

void delivery_log_drop(struct delivery_log *log, const struct id *endpoint)
{
    size_t kept = 0;
    for (size_t i = 0; i < log->count; i++)
        if (!id_equals(&log->list[i].endpoint, endpoint))
            log->list[kept++] = log->list[i];
    log->count = kept;
    kept = 0;
    for (size_t i = 0; i < log->closing_count; i++)
        if (!id_equals(&log->closings[i].endpoint, endpoint))
            log->closings[kept++] = log->closings[i];
    log->closing_count = kept;
}

/* --- writing --- */

static struct db_value number_or_null(int64_t number) { return number ? db_integer(number) : db_null(); }

static void put_row(const struct delivery *delivery, struct db_value *row)
{
    const struct db_value values[COLUMNS] = {
        db_id(&delivery->endpoint),
        db_id(&delivery->id),
        db_integer(delivery->kind),
        db_integer(delivery->state),
        db_id(&delivery->event),
        db_integer((int64_t)delivery->place.sequence),
        db_integer(delivery->place.part),
        number_or_null((int64_t)delivery->until),
        db_bytes(slice_str(delivery->type)),
        column_id(&delivery->organization.id),
        column_id(&delivery->directory.id),
        column_id(&delivery->replay),
        db_integer(delivery->attempts),
        db_bytes(delivery->attempt),
        number_or_null(delivery->next_ms),
        column_text(delivery->error),
        number_or_null(delivery->status),
        column_text(delivery->request_headers),
        column_text(delivery->response_headers),
        column_text(delivery->response_body),
        db_integer(delivery->created_ms),
        number_or_null(delivery->ended_ms),
    };
    memcpy(row, values, sizeof values);
}

static bool write_rows(struct db *db, const struct delivery_log *log, struct err *err)
{
    struct db_value *rows = calloc(log->count, COLUMNS * sizeof *rows);
    must(rows);
    for (size_t i = 0; i < log->count; i++)
        put_row(&log->list[i], rows + i * COLUMNS);
    bool good = db_execute_bulk(db, sql_webhook_delivery_write, rows, COLUMNS, log->count, NULL, err);
    free(rows);
    return good;
}

static bool write_closing(struct db *db, const struct delivery_closing *closing, int64_t now_ms, struct err *err)
{
    const struct db_value parameters[CLOSING_COLUMNS] = {db_bytes(slice_str(closing->error)), db_integer(now_ms),
                                                         db_id(&closing->endpoint), db_id(&closing->id)};
    return db_execute(db, sql_webhook_delivery_close, parameters, CLOSING_COLUMNS, NULL, err);
}

bool delivery_log_write(struct db *db, const struct delivery_log *log, int64_t now_ms, struct err *err)
{
    if (log->count > 0 && !write_rows(db, log, err))
        return false;
    for (size_t i = 0; i < log->closing_count; i++)
        if (!write_closing(db, &log->closings[i], now_ms, err))
            return false;
    return true;
}
