#include "lines.h"

#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/json.h"
#include "crowd.h"
#include "problem.h"
#include "reply.h"
#include "scim/schema.h"
#include "store/rules.h"

enum { PAGE = 500, PAGE_BYTES = 8 << 20, MEMBERS_IN_A_LINE = 1000, MEMBER_ROWS = 5000, MOST_MS = 3600000 };

/* --- beginning and end --- */

void lines_park(struct lines *lines, struct call *call, struct environment_id environment)
{
    arena_init(&lines->shadow.arena);
    lines->shadow.now_ms = call->op->now_ms;
    lines->call.settings = call->settings;
    lines->call.principal = call->principal;
    lines->environment = environment;
    call_state(call->op)->parked = lines;
    (void)reply_body(call->op, 200);
    call->op->reply.content_type = "application/x-ndjson";
}

enum job_run lines_start(struct op *op, struct db *db, const struct export_kind *kind, struct err *err)
{
    if (!admin_run(op, db, err))
        return JOB_FAILED;
    struct call_state *state = op->state;
    struct lines *lines = state ? state->parked : NULL;
    if (!lines)
        return JOB_RAN;
    const struct admin_settings *settings = op->service->context;
    if (!op->is_head && exports_begin(settings->exports, &lines->environment, op, kind, lines, &op->err))
        return JOB_PARKED;
    kind->free(lines);
    return JOB_RAN;
}

bool lines_open(struct lines *lines, struct export_stream *stream, struct op *op, struct db *db, struct err *err)
{
    lines->stream = stream;
    lines->out = &op->reply.body;
    lines->call.op = &lines->shadow;
    lines->call.db = db;
    lines->reading.call = &lines->call;
    lines->deadline_ms = clock_wall_ms() + MOST_MS;
    lines->go_on = true;
    return db_begin_snapshot(db, err);
}

void lines_fini(struct lines *lines)
{
    store_rules_unref(lines->reading.rules);
    arena_fini(&lines->shadow.arena);
}

/* --- pieces --- */

bool lines_flush(struct lines *lines, struct err *err)
{
    arena_reset(&lines->shadow.arena);
    if (lines->go_on)
        export_flush(lines->stream, &lines->go_on);
    return clock_wall_ms() < lines->deadline_ms ||
           err_set(err, ERR_TIMEOUT, "The answer took longer than an hour: the client reads too slowly.");
}

void lines_add_json(struct lines *lines, const char *type, json_t *value)
{
    buf_printf(lines->out, "{\"type\":\"%s\",\"%s\":", type, type);
    json_render(value, lines->out);
    buf_add(lines->out, SLICE_LITERAL("}\n"));
    json_decref(value);
}

void lines_add_uuid(struct lines *lines, const struct id *id)
{
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(id, text);
    buf_add_char(lines->out, '"');
    buf_add(lines->out, slice_of(text, ID_UUID_CHARS));
    buf_add_char(lines->out, '"');
}

/* --- people --- */

static bool add_page(struct lines *lines, const struct lines_view *view, struct crowd *crowd, struct people *people,
                     struct err *err)
{
    if (!crowd_find(crowd, people, err) || !view->dress(&lines->reading, crowd->type, people, err))
        return false;
    for (size_t i = 0; i < people->count && lines->go_on; i++) {
        view->add(lines, &people->list[i]);
        export_flush(lines->stream, &lines->go_on);
    }
    return true;
}

/* Rows that do not fit into a page come over the line in vain. */
static size_t room_behind(const struct people *page, bool has_more)
{
    if (has_more && page->count < page->room)
        return page->count;
    return page->room < PAGE / 2 ? 2 * page->room : PAGE;
}

bool lines_add_people(struct lines *lines, const struct lines_view *view, uint16_t type, int64_t *count_inout,
                      struct err *err)
{
    struct crowd crowd = {.reading = &lines->reading, .type = type, .most_bytes = PAGE_BYTES, .has_more = true};
    size_t room = PAGE;
    while (crowd.has_more && lines->go_on) {
        struct people people = reading_room(&lines->reading, room);
        if (!add_page(lines, view, &crowd, &people, err) || !lines_flush(lines, err))
            return false;
        crowd.after = crowd.last;
        room = room_behind(&people, crowd.has_more);
        *count_inout += (int64_t)people.count;
    }
    return true;
}

/* --- members --- */

struct members {
    struct slice lead;
    struct id group, member; /* the last */
    size_t in_line, rows;
};

static void end_line(struct lines *lines, struct members *members)
{
    if (members->in_line > 0)
        buf_add(lines->out, SLICE_LITERAL("]}\n"));
    members->in_line = 0;
}

static void add_member(struct lines *lines, struct members *members, const struct db_value *row)
{
    struct id group;
    db_id_out(&row[0], &group);
    if (members->in_line == MEMBERS_IN_A_LINE || !id_equals(&group, &members->group))
        end_line(lines, members);
    if (members->in_line == 0) {
        buf_add(lines->out, members->lead);
        lines_add_uuid(lines, &group);
        buf_add(lines->out, SLICE_LITERAL(",\"members\":["));
    }
    members->group = group;
    db_id_out(&row[1], &members->member);
    buf_add_str(lines->out, members->in_line ? ",{\"id\":" : "{\"id\":");
    lines_add_uuid(lines, &members->member);
    buf_add_str(lines->out, row[2].integer == SCIM_TYPE_GROUP ? ",\"type\":\"Group\"}" : ",\"type\":\"User\"}");
    members->in_line++;
    members->rows++;
}

/* While departures are held, those who have left are in the groups that they were in. */
static struct db_rows *query_members(struct lines *lines, const struct members *members, struct err *err)
{
    const struct db_value directory = db_id(&lines->reading.directory.id), group = db_id(&members->group),
                          member = db_id(&members->member), most = db_integer(MEMBER_ROWS);
    const struct db_value plain[] = {directory, group, group, member, most},
                          held[] = {directory, group, group, member, most, directory, group, group, member, most, most};
    return lines->reading.guarded_ms ? db_query(lines->call.db, sql_export_members_held, held, 11, err)
                                     : db_query(lines->call.db, sql_export_members, plain, 5, err);
}

static bool add_member_page(struct lines *lines, struct members *members, struct err *err)
{
    struct db_rows *rows = query_members(lines, members, err);
    const struct db_value *row;
    members->rows = 0;
    while (rows && (row = db_next(rows)))
        add_member(lines, members, row);
    end_line(lines, members);
    return rows && db_rows_end(rows, err);
}

bool lines_add_members(struct lines *lines, struct slice lead, int64_t *count_inout, struct err *err)
{
    struct members members = {.lead = lead, .rows = MEMBER_ROWS};
    while (members.rows == MEMBER_ROWS && lines->go_on) {
        if (!add_member_page(lines, &members, err))
            return false;
        *count_inout += (int64_t)members.rows;
        if (!lines_flush(lines, err))
            return false;
    }
    return true;
}
