/* GET …/export. Lines: "directory" first; "user" and "group" as they are read one by one; "members" of a group, at most
 * 1,000 in a line; "vendor_user"; and "end" with the counts, by which a file that was cut is told from a whole one. */
#include "export.h"

#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"
#include "directories.h"
#include "exports.h"
#include "problem.h"
#include "reading.h"
#include "reply.h"
#include "scim/schema.h"
#include "store/query.h"
#include "store/rules.h"
#include "vendor_users.h"

enum { PAGE = 500, MEMBERS_IN_A_LINE = 1000, MEMBER_ROWS = 5000, MOST_MS = 3600000 };

struct export
{
    struct call call; /* of its own: with an arena that is emptied after each page */
    struct op shadow;
    struct reading reading;
    struct environment_id environment;
    struct export_stream *stream;
    struct buf *out;
    int64_t deadline_ms;
    int64_t users, groups, memberships, vendor_users;
    json_t *head;
    bool go_on;

    struct people people; /* the page */
    struct id last;
};

static void free_export(void *context)
{
    struct export *export = context;
    json_decref(export->head);
    store_rules_unref(export->reading.rules);
    arena_fini(&export->shadow.arena);
    free(export);
}

/* --- the request --- */

static bool begin(struct call *call, struct err *err)
{
    struct directory directory;
    struct export *export = calloc(1, sizeof *export);
    must(export);
    arena_init(&export->shadow.arena);
    if (!reading_begin(call, READING_DIRECTORY, &export->reading, err) ||
        !directory_of_path(call, DIRECTORY_SHARED, &directory, err)) {
        free_export(export);
        return false;
    }
    export->call.settings = call->settings;
    export->call.principal = call->principal;
    export->environment = directory.environment;
    export->head = directory_show(&directory);
    call_state(call->op)->parked = export;
    (void)reply_body(call->op, 200);
    call->op->reply.content_type = "application/x-ndjson";
    return true;
}

/* --- pieces --- */

static bool flush(struct export *export, struct err *err)
{
    arena_reset(&export->shadow.arena);
    if (export->go_on)
        export_flush(export->stream, &export->go_on);
    return clock_wall_ms() < export->deadline_ms ||
           err_set(err, ERR_TIMEOUT, "The export took longer than an hour: the client reads too slowly.");
}

static void add_json(struct export *export, const char *type, json_t *value)
{
    buf_printf(export->out, "{\"type\":\"%s\",\"%s\":", type, type);
    json_render(value, export->out);
    buf_add(export->out, SLICE_LITERAL("}\n"));
    json_decref(value);
}

static void add_uuid(struct buf *out, const struct id *id)
{
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(id, text);
    buf_add_str(out, text);
}

/* --- users and groups --- */

static bool keep_row(const struct view_resource *row, void *context)
{
    struct export *export = context;
    (void)reading_keep(&export->reading, &export->people, row);
    export->last = row->id.id;
    return true;
}

static bool export_page(struct export *export, uint16_t type, struct err *err)
{
    const char *name = type == SCIM_TYPE_USER ? "user" : "group";
    export->people = reading_room(&export->reading, PAGE);
    struct resource_id after = {export->last};
    if (!store_page_after(export->call.db, export->reading.directory, type, after, PAGE, keep_row, export, err) ||
        !reading_dress(&export->reading, type, &export->people, err))
        return false;
    for (size_t i = 0; i < export->people.count; i++) {
        buf_printf(export->out, "{\"type\":\"%s\",\"%s\":", name, name);
        person_render(&export->people.list[i], &export->reading.style, export->out);
        buf_add(export->out, SLICE_LITERAL("}\n"));
        export_flush(export->stream, &export->go_on);
        if (!export->go_on)
            return true;
    }
    return true;
}

static bool export_people(struct export *export, uint16_t type, int64_t *count_out, struct err *err)
{
    size_t count = PAGE;
    export->last = (struct id){{0}};
    while (count == PAGE && export->go_on) {
        if (!export_page(export, type, err))
            return false;
        count = export->people.count;
        *count_out += (int64_t)count;
        if (!flush(export, err))
            return false;
    }
    return true;
}

/* --- members --- */

struct members {
    struct id group, member; /* the last */
    size_t in_line, rows;
};

static void add_member(struct export *export, struct members *members, const struct db_value *row)
{
    struct id group;
    db_id_out(&row[0], &group);
    bool new_line =
        members->in_line == 0 || members->in_line == MEMBERS_IN_A_LINE || !id_equals(&group, &members->group);
    if (new_line && members->in_line > 0)
        buf_add(export->out, SLICE_LITERAL("]}\n"));
    if (new_line) {
        buf_add(export->out, SLICE_LITERAL("{\"type\":\"members\",\"group_id\":\""));
        add_uuid(export->out, &group);
        buf_add(export->out, SLICE_LITERAL("\",\"members\":["));
        members->in_line = 0;
    }
    members->group = group;
    db_id_out(&row[1], &members->member);
    buf_add_str(export->out, members->in_line ? ",{\"id\":\"" : "{\"id\":\"");
    add_uuid(export->out, &members->member);
    buf_add_str(export->out, row[2].integer == SCIM_TYPE_GROUP ? "\",\"type\":\"Group\"}" : "\",\"type\":\"User\"}");
    members->in_line++;
    members->rows++;
}

static bool export_member_page(struct export *export, struct members *members, struct err *err)
{
    struct id group = members->group, member = members->member;
    struct db_value parameters[] = {db_id(&export->reading.directory.id), db_id(&group), db_id(&group), db_id(&member),
                                    db_integer(MEMBER_ROWS)};
    struct db_rows *rows = db_query(export->call.db, sql_export_members, parameters, 5, err);
    const struct db_value *row;
    members->in_line = members->rows = 0;
    while (rows && (row = db_next(rows)))
        add_member(export, members, row);
    if (members->in_line > 0)
        buf_add(export->out, SLICE_LITERAL("]}\n"));
    return rows && db_rows_end(rows, err);
}

static bool export_members(struct export *export, struct err *err)
{
    struct members members = {.rows = MEMBER_ROWS};
    while (members.rows == MEMBER_ROWS && export->go_on) {
        if (!export_member_page(export, &members, err))
            return false;
        export->memberships += (int64_t)members.rows;
        if (!flush(export, err))
            return false;
    }
    return true;
}

/* --- vendor users --- */

static bool export_vendor_page(struct export *export, size_t *count_out, struct err *err)
{
    struct id after = export->last;
    struct db_value parameters[] = {db_id(&export->reading.directory.id), db_id(&after), db_integer(PAGE)};
    struct db_rows *rows = db_query(export->call.db, sql_vendor_user_list, parameters, 3, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows))) {
        db_id_out(&row[0], &export->last);
        add_json(export, "vendor_user", vendor_user_show(&export->call, row));
        ++*count_out;
    }
    return rows && db_rows_end(rows, err);
}

static bool export_vendor_users(struct export *export, struct err *err)
{
    size_t count = PAGE;
    export->last = (struct id){{0}};
    while (count == PAGE && export->go_on) {
        if (!export_vendor_page(export, &count, err))
            return false;
        export->vendor_users += (int64_t)count;
        if (!flush(export, err))
            return false;
    }
    return true;
}

/* --- all of it --- */

static void add_end(struct export *export)
{
    if (export->go_on)
        buf_printf(export->out,
                   "{\"type\":\"end\",\"end\":{\"users\":%lld,\"groups\":%lld,\"memberships\":%lld,"
                   "\"vendor_users\":%lld}}\n",
                   (long long)export->users, (long long)export->groups, (long long)export->memberships,
                   (long long)export->vendor_users);
}

static bool write_all(struct export *export, struct err *err)
{
    json_object_set_new(export->head, "exported_at", show_time(clock_wall_ms()));
    add_json(export, "directory", json_incref(export->head));
    if (!export_people(export, SCIM_TYPE_USER, &export->users, err) ||
        !export_people(export, SCIM_TYPE_GROUP, &export->groups, err) || !export_members(export, err) ||
        !export_vendor_users(export, err))
        return false;
    add_end(export);
    return true;
}

static bool run(struct export_stream *stream, struct op *op, struct db *db, void *context, struct err *err)
{
    struct export *export = context;
    export->stream = stream;
    export->out = &op->reply.body;
    export->call.op = &export->shadow;
    export->call.db = db;
    export->reading.call = &export->call;
    export->deadline_ms = clock_wall_ms() + MOST_MS;
    export->go_on = true;
    if (!db_begin_snapshot(db, err) || !write_all(export, err))
        return false;
    db_rollback(db); /* it has only read */
    return true;
}

static const struct export_kind export_kind = {.run = run, .free = free_export};

static enum job_run start(struct op *op, struct db *db, struct err *err)
{
    if (!admin_run(op, db, err))
        return JOB_FAILED;
    struct call_state *state = op->state;
    struct export *export = state ? state->parked : NULL;
    if (!export)
        return JOB_RAN;
    const struct admin_settings *settings = op->service->context;
    bool parked =
        !op->is_head && exports_begin(settings->exports, &export->environment, op, &export_kind, export, &op->err);
    if (parked)
        return JOB_PARKED;
    free_export(export);
    return JOB_RAN;
}

const struct admin_operation directory_export = {
    .produces = "application/x-ndjson",
    .operation = {.name = "directory.export", .lane = OP_QUERY, .scope = SCOPE_ADMIN_READ, .start = start},
    .queries = QUERY_BIT(QUERY_VIEW),
    .handle = begin,
};
