#include "indexes.h"

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "base/num.h"
#include "problem.h"
#include "reply.h"
#include "store/indexes.h"

/* --- showing --- */

enum { STATE_FAILED = 4, STATE_CANCELLED = 5 }; /* of jobs */

struct job_progress {
    struct id id;
    int64_t state, done, total;
    bool has_total;
};

struct shown_indexes {
    json_t *list; /* a reference */
    struct job_progress jobs[SCIM_INDEXES_MOST];
    size_t job_count;
};

static bool id_of_job(const json_t *entry, struct id *id_out)
{
    return id_from_prefixed(ID_PREFIX_JOB, json_slice(json_object_get(entry, "job")), id_out);
}

static bool read_jobs(struct call *call, struct shown_indexes *shown, struct err *err)
{
    static const struct id nobody;
    const json_t *entries = json_object_get(shown->list, "indexes");
    struct id ids[SCIM_INDEXES_MOST];
    struct db_value parameters[SCIM_INDEXES_MOST];
    for (size_t i = 0; i < SCIM_INDEXES_MOST; i++) {
        ids[i] = nobody;
        if (i < json_array_size(entries) && !id_of_job(json_array_get(entries, i), &ids[i]))
            ids[i] = nobody;
        parameters[i] = db_id(&ids[i]);
    }
    struct db_rows *rows = db_query(call->db, sql_index_jobs, parameters, SCIM_INDEXES_MOST, err);
    const struct db_value *row;
    while (rows && (row = db_next(rows)) && shown->job_count < SCIM_INDEXES_MOST) {
        struct job_progress *job = &shown->jobs[shown->job_count++];
        db_id_out(&row[0], &job->id);
        *job = (struct job_progress){job->id, row[1].integer, row[2].integer, row[3].integer, row[3].kind != DB_NULL};
    }
    return rows && db_rows_end(rows, err);
}

static bool load(struct call *call, struct directory *directory, struct shown_indexes *shown, struct err *err)
{
    const struct db_value *row;
    *shown = (struct shown_indexes){.list = NULL};
    if (!directory_of_path(call, DIRECTORY_SHARED, directory, err))
        return false;
    struct db_value parameters[] = {db_id(&directory->id.id)};
    if (!db_query_one(call->db, sql_index_list, parameters, 1, &row, err))
        return false;
    shown->list = scim_indexes_read(row ? row[0].bytes : SLICE_EMPTY);
    if (!shown->list)
        return err_set(err, ERR_INTERNAL, "The indexes of the directory cannot be read.");
    return read_jobs(call, shown, err);
}

static const struct job_progress *progress_of(const struct shown_indexes *shown, const json_t *entry)
{
    struct id id;
    for (size_t i = 0; id_of_job(entry, &id) && i < shown->job_count; i++)
        if (id_equals(&shown->jobs[i].id, &id))
            return &shown->jobs[i];
    return NULL;
}

static const char *state_of(const json_t *entry, const struct job_progress *job)
{
    if (json_is_true(json_object_get(entry, "ready")))
        return "ready";
    bool ended = job && (job->state == STATE_FAILED || job->state == STATE_CANCELLED);
    return ended ? "failed" : "building";
}

static json_t *show_progress(const char *state, const struct job_progress *job)
{
    if (strcmp(state, "building") != 0 || !job)
        return json_null();
    return json_pack("{s:I, s:o}", "done", (json_int_t)job->done, "total",
                     job->has_total ? json_integer(job->total) : json_null());
}

static json_t *show(const struct shown_indexes *shown, const json_t *entry)
{
    const struct job_progress *job = progress_of(shown, entry);
    const char *state = state_of(entry, job);
    return json_pack("{s:O, s:O, s:O, s:s, s:o, s:O, s:o}", "id", json_object_get(entry, "id"), "resource_type",
                     json_object_get(entry, "resource_type"), "attribute", json_object_get(entry, "attribute"), "state",
                     state, "progress", show_progress(state, job), "job_id", json_object_get(entry, "job"),
                     "created_at", show_time(json_integer_value(json_object_get(entry, "created_ms"))));
}

static json_t *show_all(const struct shown_indexes *shown)
{
    const json_t *entries = json_object_get(shown->list, "indexes");
    json_t *list = json_array();
    for (size_t i = 0; i < json_array_size(entries); i++)
        json_array_append_new(list, show(shown, json_array_get(entries, i)));
    return json_pack("{s:o, s:n}", "indexes", list, "next_cursor");
}

static bool list(struct call *call, struct err *err)
{
    struct directory directory;
    struct shown_indexes shown;
    bool good = load(call, &directory, &shown, err) && reply_json(call->op, 200, show_all(&shown));
    json_decref(shown.list);
    return good;
}

static bool no_such_index(struct err *err) { return err_set(err, ERR_NOT_FOUND, "The directory has no such index."); }

static bool reply_one(struct call *call, const struct shown_indexes *shown, json_int_t id, struct err *err)
{
    const json_t *entry = scim_indexes_find(shown->list, "id", id);
    return entry ? reply_json(call->op, 200, show(shown, entry)) : no_such_index(err);
}

static bool id_of_path(const struct call *call, json_int_t *id_out)
{
    uint64_t number;
    bool good = num_parse_uint(call->op->parameters[1], 1, SCIM_INDEXES_LAST_CODE, &number);
    *id_out = good ? (json_int_t)number : 0;
    return good;
}

static bool get(struct call *call, struct err *err)
{
    struct directory directory;
    struct shown_indexes shown;
    json_int_t id;
    bool good = load(call, &directory, &shown, err) &&
                (id_of_path(call, &id) ? reply_one(call, &shown, id, err) : no_such_index(err));
    json_decref(shown.list);
    return good;
}

/* --- making and deleting --- */

static bool point_at(struct call *call, struct err *err)
{
    const char *detail = arena_printf(call_arena(call), "%s", err->detail);
    if (err->kind == ERR_INVALID_VALUE)
        return problem_invalid(call->op, "#/attribute", detail, err);
    if (err->kind == ERR_NOT_FOUND)
        return problem_invalid(call->op, "#/resource_type", detail, err);
    return false;
}

static bool answer_created(struct call *call, json_int_t id, struct err *err)
{
    struct directory directory;
    struct shown_indexes shown;
    const json_t *entry = NULL;
    if (load(call, &directory, &shown, err))
        entry = scim_indexes_find(shown.list, "id", id);
    const char *collection = arena_printf(call_arena(call), "%.*s", (int)call->op->path.len, call->op->path.data);
    const char *text = arena_printf(call_arena(call), "%lld", (long long)id);
    if (entry)
        audit_after(call, show(&shown, entry));
    bool good = entry && reply_created(call->op, collection, text, show(&shown, entry));
    json_decref(shown.list);
    return good;
}

static bool create(struct call *call, struct err *err)
{
    struct directory directory;
    json_int_t id;
    char job[ID_PREFIXED_CHARS + 1];
    if (!directory_of_path(call, DIRECTORY_LOCKED, &directory, err))
        return false;
    id_to_prefixed(ID_PREFIX_JOB, &call->op->fresh_id.id, job);
    json_scoped *work = json_array();
    const struct store_index_new fresh = {.type = call_text(call, "resource_type", SLICE_LITERAL("User")),
                                          .attribute = call_text(call, "attribute", SLICE_EMPTY),
                                          .job = slice_str(job),
                                          .now_ms = call->op->now_ms};
    return (store_index_add(call->db, directory.id, &fresh, &id, work, err) || point_at(call, err)) &&
           index_job_add(call, &directory, work, err) && answer_created(call, id, err);
}

static bool note_before(struct call *call, json_int_t id, struct err *err)
{
    struct directory directory;
    struct shown_indexes shown;
    bool loaded = load(call, &directory, &shown, err);
    const json_t *entry = loaded ? scim_indexes_find(shown.list, "id", id) : NULL;
    if (entry)
        audit_before(call, show(&shown, entry));
    json_decref(shown.list);
    return loaded;
}

static bool delete (struct call *call, struct err *err)
{
    struct directory directory;
    json_int_t id;
    if (!directory_of_path(call, DIRECTORY_LOCKED, &directory, err))
        return false;
    if (!id_of_path(call, &id))
        return no_such_index(err);
    return note_before(call, id, err) && store_index_remove(call->db, directory.id, id, call->op->now_ms, err) &&
           reply_empty(call->op);
}

static const char *check_text(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_is_string(value) && json_string_length(value) > 0 && json_string_length(value) <= 500
               ? NULL
               : "must be a text of 1 to 500 bytes";
}

static const struct admin_field create_fields[] = {
    {"resource_type", check_text, 0},
    {"attribute", check_text, FIELD_REQUIRED},
};

const struct admin_operation index_list = {
    .operation = ADMIN_OPERATION("index.list", SCOPE_ADMIN_READ),
    .handle = list,
};
const struct admin_operation index_create = {
    .operation = ADMIN_OPERATION("index.create", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(create_fields),
    .handle = create,
};
const struct admin_operation index_get = {
    .operation = ADMIN_OPERATION("index.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation index_delete = {
    .operation = ADMIN_OPERATION("index.delete", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .handle = delete,
};
