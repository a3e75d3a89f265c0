/* What a receiver says of tokens that it was offered. Those of another stream, or of none, are passed over: there is
 * nothing to be done about them. */
#include "admin_api_sql.h"
#include "base/json.h"
#include "base/must.h"
#include "polling.h"

static bool is_news(const struct polling *polling, struct slice jti, struct stream_place *mark_out)
{
    return stream_jti_read(polling->stream.set.salt, jti, mark_out) &&
           !stream_place_has_passed(&polling->place, mark_out);
}

struct marks { /* rows of event_stream_ack */
    struct arena *arena;
    const struct id *stream;
    struct db_value *values;
    size_t count;
};

static void add_mark(struct marks *marks, const struct stream_place *mark)
{
    uint8_t *bytes = arena_take(marks->arena, STREAM_PLACE_BYTES);
    stream_place_write(mark, bytes);
    struct db_value *row = marks->values + 2 * marks->count++;
    row[0] = db_id(marks->stream);
    row[1] = db_bytes(slice_of((const char *)bytes, STREAM_PLACE_BYTES));
}

static void add_acks(const struct polling *polling, const json_t *ack, struct marks *marks)
{
    struct stream_place mark;
    for (size_t i = 0; i < json_array_size(ack); i++)
        if (is_news(polling, json_slice(json_array_get(ack, i)), &mark))
            add_mark(marks, &mark);
}

/* --- errors --- */

static struct slice cut(const json_t *text, size_t most)
{
    struct slice slice = json_slice(text);
    while (slice.len > most || (slice.len > 0 && slice.len == most && (slice.data[slice.len] & 0xc0) == 0x80))
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
static bool add_errors(struct polling *polling, json_t *told, struct marks *marks, uint64_t *count_out, struct err *err)
{
    const char *jti;
    json_t *what;
    struct stream_place mark;
    *count_out = 0;
    json_object_foreach (told, jti, what) {
        if (!is_news(polling, slice_str(jti), &mark))
            continue;
        add_mark(marks, &mark);
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

static bool load_acked(struct polling *polling, struct err *err)
{
    const struct db_value parameters[] = {db_id(&polling->stream.id), db_integer(POLL_ACKS_MOST)}, *row;
    struct db_rows *rows = db_query(polling->call->db, sql_stream_acks, parameters, 2, err);
    polling->acked = arena_array(call_arena(polling->call), struct stream_place, POLL_ACKS_MOST);
    polling->acked_count = polling->acked_at = 0;
    while (rows && (row = db_next(rows)))
        must(stream_place_read(row[0].bytes, &polling->acked[polling->acked_count++]));
    return rows && db_rows_end(rows, err);
}

bool polling_take_acks(struct polling *polling, struct err *err)
{
    json_t *ack = call_member(polling->call, "ack"), *told = call_member(polling->call, "setErrs");
    size_t most = json_array_size(ack) + json_object_size(told);
    uint64_t errors;
    struct marks marks = {.arena = call_arena(polling->call), .stream = &polling->stream.id};
    marks.values = arena_array(marks.arena, struct db_value, 2 * most + 1);
    add_acks(polling, ack, &marks);
    if (!add_errors(polling, told, &marks, &errors, err) || !trim_errors(polling, errors, err))
        return false;
    bool written = marks.count == 0 ||
                   db_execute_bulk(polling->call->db, sql_stream_ack_insert, marks.values, 2, marks.count, NULL, err);
    return written && load_acked(polling, err);
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
    return db_execute(polling->call->db, sql_stream_move, move, 4, NULL, err) &&
           (polling->acked_count == 0 || db_execute(polling->call->db, sql_stream_acks_forget, forget, 2, NULL, err));
}
