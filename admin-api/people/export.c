/* GET …/export. Lines: "directory" first; "user" and "group" as they are read one by one; "members" of a group, at most
 * 1,000 in a line; "vendor_user"; and "end" with the counts, by which a file that was cut is told from a whole one. */
#include "export.h"

#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/must.h"
#include "directories.h"
#include "lines.h"
#include "reply.h"
#include "scim/schema.h"
#include "vendor_users.h"

enum { PAGE = 500 };

struct export
{
    struct lines lines; /* first */
    int64_t users, groups, memberships, vendor_users;
    json_t *head;
};

static void free_export(void *context)
{
    struct export *export = context;
    json_decref(export->head);
    lines_fini(&export->lines);
    free(export);
}

/* --- the request --- */

static bool begin(struct call *call, struct err *err)
{
    struct directory directory;
    struct reading reading;
    bool good = reading_begin(call, READING_DIRECTORY, &reading, err) &&
                directory_of_path(call, DIRECTORY_SHARED, &directory, err);
    if (!good) {
        reading_end(&reading);
        return false;
    }
    struct export *export = calloc(1, sizeof *export);
    must(export);
    export->lines.reading = reading;
    export->head = directory_show(&directory);
    lines_park(&export->lines, call, directory.environment);
    return true;
}

/* --- users and groups --- */

static void add_person(struct lines *lines, const struct person *person)
{
    const char *name = person->row->type == SCIM_TYPE_USER ? "user" : "group";
    buf_printf(lines->out, "{\"type\":\"%s\",\"%s\":", name, name);
    person_render(person, &lines->reading.style, lines->out);
    buf_add(lines->out, SLICE_LITERAL("}\n"));
}

static const struct lines_view view = {.dress = reading_dress, .add = add_person};

/* --- vendor users --- */

static bool add_vendor_page(struct export *export, struct id *last, size_t *count_out, struct err *err)
{
    struct lines *lines = &export->lines;
    struct id after = *last;
    struct db_value parameters[] = {db_id(&lines->reading.directory.id), db_id(&after), db_integer(PAGE)};
    struct db_rows *rows = db_query(lines->call.db, sql_vendor_user_list, parameters, 3, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows))) {
        db_id_out(&row[0], last);
        lines_add_json(lines, "vendor_user", vendor_user_show(&lines->call, row));
        ++*count_out;
    }
    return rows && db_rows_end(rows, err);
}

static bool add_vendor_users(struct export *export, struct err *err)
{
    size_t count = PAGE;
    struct id last = {{0}};
    while (count == PAGE && export->lines.go_on) {
        if (!add_vendor_page(export, &last, &count, err))
            return false;
        export->vendor_users += (int64_t)count;
        if (!lines_flush(&export->lines, err))
            return false;
    }
    return true;
}

/* --- all of it --- */

static void add_end(struct export *export)
{
    if (export->lines.go_on)
        buf_printf(export->lines.out,
                   "{\"type\":\"end\",\"end\":{\"users\":%lld,\"groups\":%lld,\"memberships\":%lld,"
                   "\"vendor_users\":%lld}}\n",
                   (long long)export->users, (long long)export->groups, (long long)export->memberships,
                   (long long)export->vendor_users);
}

static bool write_all(struct export *export, struct err *err)
{
    struct lines *lines = &export->lines;
    static const char members[] = "{\"type\":\"members\",\"group_id\":";
    json_object_set_new(export->head, "exported_at", show_time(clock_wall_ms()));
    lines_add_json(lines, "directory", json_incref(export->head));
    if (!lines_add_people(lines, &view, SCIM_TYPE_USER, &export->users, err) ||
        !lines_add_people(lines, &view, SCIM_TYPE_GROUP, &export->groups, err) ||
        !lines_add_members(lines, slice_str(members), &export->memberships, err) || !add_vendor_users(export, err))
        return false;
    add_end(export);
    return true;
}

static bool run(struct export_stream *stream, struct op *op, struct db *db, void *context, struct err *err)
{
    struct export *export = context;
    if (!lines_open(&export->lines, stream, op, db, err) || !write_all(export, err))
        return false;
    db_rollback(db); /* it has only read */
    return true;
}

static const struct export_kind export_kind = {.run = run, .free = free_export};

static enum job_run start(struct op *op, struct db *db, struct err *err)
{
    return lines_start(op, db, &export_kind, err);
}

const struct admin_operation directory_export = {
    .produces = "application/x-ndjson",
    .operation = {.name = "directory.export", .lane = OP_QUERY, .scope = SCOPE_ADMIN_READ, .start = start},
    .queries = QUERY_BIT(QUERY_VIEW),
    .handle = begin,
};
