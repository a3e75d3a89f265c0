/* What a receiver says of tokens that it was offered. Those of another stream, or of none, are passed over: there is
 * nothing to be done about them. */
#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/json.h"
#include "base/must.h"
#include "polling.h"

static bool is_news(const struct polling *polling, struct slice jti, struct stream_place *mark_out)
{
    return stream_jti_read(polling->stream.set.salt, jti, mark_out) &&
           !stream_place_has_passed(&polling->place, mark_out);
}

static void add_acks(struct polling *polling, const json_t *ack)
{
    struct stream_place mark;
    for (size_t i = 0; i < json_array_size(ack); i++)
        if (is_news(polling, json_slice(json_array_get(ack, i)), &mark))
            polling->fresh[polling->fresh_count++] = mark;
}

/* --- errors --- */

/* Whole characters of it. */
static struct slice cut(const json_t *text, size_t most)
{
    struct slice slice = json_slice(text);
    if (slice.len <= most)
        return slice;
    slice.len = most;
    while (slice.len > 0 && (slice.data[slice.len] & 0xc0) == 0x80)
        slice.len--;
    return slice;
}

static bool record(struct polling *polling, const char *jti, const json_t *told, struct err *err)
{
    enum { CODE = 100, DESCRIPTION = 1000 };
    const struct id id = id_new();
    const json_t *description = json_object_get(told, "description");
    const struct db_value parameters[] = {
        db_id(&polling->stream.id),
        db_id(&id),
        db_bytes(slice_str(jti)),
        db_bytes(cut(json_object_get(told, "err"), CODE)),
        db_bytes(description ? cut(description, DESCRIPTION) : SLICE_LITERAL("")),
        db_integer(polling->call->op->now_ms),
    };
    return db_execute(polling->call->db, sql_stream_error_insert, parameters, 6, NULL, err);
}

/* What could not be taken is not offered again: the same token would end in the same way. */
static bool add_errors(struct polling *polling, json_t *told, uint64_t *count_out, struct err *err)
{
    const char *jti;
    json_t *what;
    struct stream_place mark;
    *count_out = 0;
    json_object_foreach (told, jti, what) {
        if (!is_news(polling, slice_str(jti), &mark))
            continue;
        polling->fresh[polling->fresh_count++] = mark;
        ++*count_out;
        if (!record(polling, jti, what, err))
            return false;
    }
    return true;
}

static bool trim_errors(struct polling *polling, uint64_t count, struct err *err)
{
    const struct db_value id = db_id(&polling->stream.id), twice[] = {id, id};
    const struct db_value parameters[] = {db_integer((int64_t)count), db_id(&polling->stream.environment.id), id};
    return count == 0 || (db_execute(polling->call->db, sql_stream_errors_trim, twice, 2, NULL, err) &&
                          db_execute(polling->call->db, sql_stream_count_errors, parameters, 3, NULL, err));
}

/* --- all of it --- */

/* Those of earlier polls, behind the fresh ones. */
static bool load_stored(struct polling *polling, struct err *err)
{
    const struct db_value parameters[] = {db_id(&polling->stream.id), db_integer(POLL_ACKS_MOST)}, *row;
    struct db_rows *rows = db_query(polling->call->db, sql_stream_acks, parameters, 2, err);
    polling->stored_count = 0;
    while (rows && (row = db_next(rows)))
        must(stream_place_read(row[0].bytes, &polling->acked[polling->fresh_count + polling->stored_count++]));
    return rows && db_rows_end(rows, err);
}

static int compare(const void *a, const void *b) { return stream_place_compare(a, b); }

bool polling_take_acks(struct polling *polling, struct err *err)
{
    json_t *ack = call_member(polling->call, "ack"), *told = call_member(polling->call, "setErrs");
    size_t most = json_array_size(ack) + json_object_size(told);
    struct arena *arena = call_arena(polling->call);
    uint64_t errors;
    polling->fresh = arena_array(arena, struct stream_place, most + 1);
    polling->acked = arena_array(arena, struct stream_place, most + POLL_ACKS_MOST);
    polling->fresh_count = polling->acked_at = 0;
    add_acks(polling, ack);
    if (!add_errors(polling, told, &errors, err) || !trim_errors(polling, errors, err) || !load_stored(polling, err))
        return false;
    memcpy(polling->acked, polling->fresh, polling->fresh_count * sizeof *polling->fresh);
    polling->acked_count = polling->fresh_count + polling->stored_count;
    qsort(polling->acked, polling->acked_count, sizeof *polling->acked, compare);
    return true;
}

/* Most receivers acknowledge all that they were offered: then the place says so, and there is nothing to store. */
static bool store_rest(struct polling *polling, struct err *err)
{
    struct arena *arena = call_arena(polling->call);
    struct db_value *values = arena_array(arena, struct db_value, 2 * polling->fresh_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < polling->fresh_count; i++) {
        if (stream_place_has_passed(&polling->place, &polling->fresh[i]))
            continue;
        uint8_t *bytes = arena_take(arena, STREAM_PLACE_BYTES);
        stream_place_write(&polling->fresh[i], bytes);
        values[2 * count] = db_id(&polling->stream.id);
        values[2 * count++ + 1] = db_bytes(slice_of((const char *)bytes, STREAM_PLACE_BYTES));
    }
    return count == 0 || db_execute_bulk(polling->call->db, sql_stream_ack_insert, values, 2, count, NULL, err);
}

bool polling_save(struct polling *polling, struct err *err)
{
    uint8_t bytes[STREAM_PLACE_BYTES];
    stream_place_write(&polling->place, bytes);
    const struct db_value place = db_bytes(slice_of((const char *)bytes, sizeof bytes)),
                          id = db_id(&polling->stream.id);
    const struct db_value move[] = {place, db_integer(polling->call->op->now_ms),
                                    db_id(&polling->stream.environment.id), id};
    const struct db_value forget[] = {id, place};
    return db_execute(polling->call->db, sql_stream_move, move, 4, NULL, err) && store_rest(polling, err) &&
           (polling->stored_count == 0 || db_execute(polling->call->db, sql_stream_acks_forget, forget, 2, NULL, err));
}
