/* GET …/snapshot. Lines: "organization"; of each directory "directory", then its "user", "group", "resource" and
 * "members"; and "end" with the cursor of the feed that belongs to all of it.
 *
 * The place in the feed is read in the same view as the rows. What was committed before and numbered behind it is in
 * both: versions tell (docs/snapshot.md). */
#include "snapshot.h"

#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/must.h"
#include "directories.h"
#include "feed_cursor.h"
#include "feed_document.h"
#include "held.h"
#include "lines.h"
#include "organizations.h"
#include "reply.h"
#include "scim/schema.h"
#include "sequencer.h"
#include "store/rules.h"

struct snapshot {
    struct lines lines; /* first */
    struct organization_id organization;
    struct directory_id only; /* zero: all of them */
    struct feed_place place;
    char directory[ID_PREFIXED_CHARS + 1]; /* whose lines are written */
    int64_t directories, users, groups, resources, memberships;
};

static void free_snapshot(void *context)
{
    struct snapshot *snapshot = context;
    lines_fini(&snapshot->lines);
    free(snapshot);
}

/* --- the request --- */

/* ?directory_id=, one of the organization's. */
static bool read_directory(struct call *call, const struct organization *organization, struct directory_id *only_out,
                           struct err *err)
{
    struct slice named = call->query[QUERY_DIRECTORY];
    struct directory directory;
    *only_out = (struct directory_id){{{0}}};
    if (!named.data)
        return true;
    if (!id_from_prefixed(ID_PREFIX_DIRECTORY, named, &only_out->id))
        return directory_refuse_unknown(err);
    if (!directory_load(call, only_out, DIRECTORY_SHARED, &directory, err))
        return false;
    return id_equals(&directory.organization.id, &organization->id.id) || directory_refuse_unknown(err);
}

static bool begin(struct call *call, struct err *err)
{
    struct organization organization;
    struct directory_id only;
    if (!organization_of_path(call, ORGANIZATION_SHARED, &organization, err) ||
        !read_directory(call, &organization, &only, err))
        return false;
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);
    must(snapshot);
    snapshot->organization = organization.id;
    snapshot->only = only;
    lines_park(&snapshot->lines, call, organization.environment);
    return true;
}

/* --- users, groups, and resources of the directory's own types --- */

/* The representation is the stored one: of all that is laid over people, only what the guard holds changes it. */
static bool dress(struct reading *reading, uint16_t type, struct people *people, struct err *err)
{
    return type != SCIM_TYPE_USER || held_replace(reading, people, err);
}

static void add_person(struct lines *lines, const struct person *person)
{
    const struct snapshot *snapshot = (const struct snapshot *)lines;
    const struct view_resource *row = person->row;
    const struct scim_resource_type *type = scim_rules_type(lines->reading.rules, row->type);
    const char *name = row->type == SCIM_TYPE_USER ? "user" : row->type == SCIM_TYPE_GROUP ? "group" : "resource";
    buf_printf(lines->out, "{\"type\":\"%s\",\"directory_id\":\"%s\",\"version\":%llu,", name, snapshot->directory,
               (unsigned long long)row->version);
    if (row->type != SCIM_TYPE_USER && row->type != SCIM_TYPE_GROUP)
        buf_printf(lines->out, "\"resource_type\":\"%s\",", type->name); /* a name of letters and digits */
    buf_printf(lines->out, "\"%s\":", name);
    feed_document_add(type, row->stored, lines->out);
    buf_add(lines->out, SLICE_LITERAL("}\n"));
}

static const struct lines_view view = {.dress = dress, .add = add_person};

static int64_t *count_of(struct snapshot *snapshot, uint16_t type)
{
    return type == SCIM_TYPE_USER    ? &snapshot->users
           : type == SCIM_TYPE_GROUP ? &snapshot->groups
                                     : &snapshot->resources;
}

static bool add_everybody(struct snapshot *snapshot, struct err *err)
{
    const struct scim_rules *rules = snapshot->lines.reading.rules;
    for (size_t i = 0; i < rules->type_count; i++) {
        uint16_t type = rules->types[i]->code;
        if (!lines_add_people(&snapshot->lines, &view, type, count_of(snapshot, type), err))
            return false;
    }
    return true;
}

static bool add_members(struct snapshot *snapshot, struct err *err)
{
    char lead[128];
    snprintf(lead, sizeof lead, "{\"type\":\"members\",\"directory_id\":\"%s\",\"group_id\":", snapshot->directory);
    return lines_add_members(&snapshot->lines, slice_str(lead), &snapshot->memberships, err);
}

/* --- directories --- */

static bool add_directory(struct snapshot *snapshot, const struct directory_id *id, struct err *err)
{
    struct lines *lines = &snapshot->lines;
    struct directory directory;
    store_rules_unref(lines->reading.rules);
    lines->reading.rules = NULL;
    if (!directory_load(&lines->call, id, DIRECTORY_SHARED, &directory, err) ||
        !reading_of_directory(&lines->call, &directory, &lines->reading, err))
        return false;
    id_to_prefixed(ID_PREFIX_DIRECTORY, &id->id, snapshot->directory);
    lines_add_json(lines, "directory", directory_show(&directory));
    snapshot->directories++;
    return lines_flush(lines, err) && add_everybody(snapshot, err) && add_members(snapshot, err);
}

static bool find_next(struct snapshot *snapshot, struct directory_id *id_inout, bool *found_out, struct err *err)
{
    const struct directory_id after = *id_inout;
    const struct db_value parameters[] = {db_id(&snapshot->organization.id), db_id(&after.id)};
    const struct db_value *row;
    if (!db_query_one(snapshot->lines.call.db, sql_snapshot_next_directory, parameters, 2, &row, err))
        return false;
    *found_out = row != NULL;
    if (row)
        db_id_out(&row[0], &id_inout->id);
    return true;
}

static bool add_directories(struct snapshot *snapshot, struct err *err)
{
    struct directory_id id = {{{0}}};
    bool found;
    if (!id_is_zero(&snapshot->only.id))
        return add_directory(snapshot, &snapshot->only, err);
    do
        if (!find_next(snapshot, &id, &found, err) || (found && !add_directory(snapshot, &id, err)))
            return false;
    while (found && snapshot->lines.go_on);
    return true;
}

/* --- all of it --- */

static bool add_organization(struct snapshot *snapshot, struct err *err)
{
    struct lines *lines = &snapshot->lines;
    struct organization organization;
    if (!organization_load(&lines->call, &snapshot->organization, ORGANIZATION_SHARED, &organization, err))
        return false;
    json_t *shown = organization_show(&lines->call, &organization);
    json_object_set_new(shown, "taken_at", show_time(clock_wall_ms()));
    lines_add_json(lines, "organization", shown);
    return true;
}

static bool read_place(struct snapshot *snapshot, struct err *err)
{
    struct feed_ends ends;
    if (!feed_ends_of(snapshot->lines.call.db, snapshot->lines.environment, &ends, err))
        return false;
    snapshot->place = (struct feed_place){ends.last + 1, 0};
    return true;
}

static void add_end(struct snapshot *snapshot)
{
    char cursor[CURSOR_TEXT_BYTES];
    if (!snapshot->lines.go_on)
        return;
    feed_cursor_write(snapshot->lines.call.settings->peppers, snapshot->lines.environment, snapshot->place, cursor);
    buf_printf(snapshot->lines.out,
               "{\"type\":\"end\",\"cursor\":\"%s\",\"directories\":%lld,\"users\":%lld,\"groups\":%lld,"
               "\"resources\":%lld,\"memberships\":%lld}\n",
               cursor, (long long)snapshot->directories, (long long)snapshot->users, (long long)snapshot->groups,
               (long long)snapshot->resources, (long long)snapshot->memberships);
}

static bool run(struct export_stream *stream, struct op *op, struct db *db, void *context, struct err *err)
{
    struct snapshot *snapshot = context;
    sequencer_settle(snapshot->lines.call.settings->sequencer); /* so that next to nothing is in both */
    if (!lines_open(&snapshot->lines, stream, op, db, err) || !read_place(snapshot, err) ||
        !add_organization(snapshot, err) || !add_directories(snapshot, err))
        return false;
    add_end(snapshot);
    db_rollback(db); /* it has only read */
    return true;
}

static const struct export_kind snapshot_kind = {.run = run, .free = free_snapshot};

static enum job_run start(struct op *op, struct db *db, struct err *err)
{
    return lines_start(op, db, &snapshot_kind, err);
}

const struct admin_operation organization_snapshot = {
    .produces = "application/x-ndjson",
    .operation = {.name = "organization.snapshot", .lane = OP_QUERY, .scope = SCOPE_ADMIN_READ, .start = start},
    .queries = QUERY_BIT(QUERY_DIRECTORY) | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = begin,
};
