/* How long a directory keeps those who are deactivated. */
#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "deactivated.h"
#include "directories.h"
#include "field.h"
#include "obs/log.h"
#include "reply.h"

enum { MOST_AT_A_TIME = 100, MAX_PARAMETERS = 256 };

static const char *check_days(const json_t *value, const struct field_context *context)
{
    (void)context;
    bool good =
        json_is_integer(value) && json_integer_value(value) >= 1 && json_integer_value(value) <= DEACTIVATED_MOST_DAYS;
    return good ? NULL : "must be a whole number from 1 to 36500, or null";
}

static json_t *show(const struct db_value *days)
{
    return json_pack("{s:o}", "deactivated_retention_days",
                     days->kind == DB_NULL ? json_null() : json_integer(days->integer));
}

static bool load(struct call *call, const struct directory *directory, json_t **shown_out, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&directory->id.id)};
    if (!db_query_one(call->db, sql_retention_load, parameters, 1, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "There is no such directory.");
    *shown_out = show(&row[0]);
    return true;
}

static bool get(struct call *call, struct err *err)
{
    struct directory directory;
    json_t *shown;
    return directory_of_path(call, DIRECTORY_SHARED, &directory, err) && load(call, &directory, &shown, err) &&
           reply_json(call->op, 200, shown);
}

static bool update(struct call *call, struct err *err)
{
    struct directory directory;
    json_t *before;
    if (!directory_of_path(call, DIRECTORY_LOCKED, &directory, err) || !load(call, &directory, &before, err))
        return false;
    const json_t *days = call_member(call, "deactivated_retention_days");
    struct db_value value = json_is_null(days) ? db_null() : db_integer(json_integer_value(days));
    struct db_value parameters[] = {value, db_integer(call->op->now_ms), db_id(&directory.id.id)};
    audit_before(call, before);
    audit_after(call, show(&value));
    return db_execute(call->db, sql_retention_save, parameters, 3, NULL, err) &&
           reply_json(call->op, 200, show(&value));
}

/* --- keeping it --- */

struct due {
    struct id directory, organization, environment;
    int64_t days;
};

static bool find(struct chore *chore, struct due *list, size_t *count_out, struct err *err)
{
    struct db_value parameters[] = {db_integer(chore->now_ms), db_integer(MOST_AT_A_TIME)};
    struct db_rows *rows = db_query(chore->db, sql_retention_due, parameters, 2, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows))) {
        struct due *due = &list[(*count_out)++];
        db_id_out(&row[0], &due->directory);
        db_id_out(&row[1], &due->organization);
        db_id_out(&row[2], &due->environment);
        due->days = row[3].integer;
    }
    return rows && db_rows_end(rows, err);
}

/* Two processes may start a job each: the second one finds nobody. */
static bool start(struct chore *chore, const struct due *due, struct err *err)
{
    struct id id = id_new();
    char parameters[MAX_PARAMETERS], text[ID_PREFIXED_CHARS + 1];
    snprintf(parameters, sizeof parameters, "{\"older_than_days\":%lld,\"dry_run\":false,\"asked_ms\":%lld}",
             (long long)due->days, (long long)chore->now_ms);
    struct db_value values[] = {
        db_id(&id),
        db_id(&due->environment),
        db_id(&due->organization),
        db_id(&due->directory),
        db_bytes(slice_str(deactivated_delete_job.name)),
        db_bytes(SLICE_LITERAL("retention")),
        db_bytes(slice_str(parameters)),
        db_null(),
        db_integer(chore->now_ms),
    };
    id_to_prefixed(ID_PREFIX_DIRECTORY, &due->directory, text);
    log_event(LOG_INFO, "admin", "deactivated users are to go", LOG_TEXT("directory", text),
              LOG_NUMBER("days", due->days));
    return db_execute(chore->db, sql_job_insert, values, sizeof values / sizeof values[0], NULL, err);
}

bool retention_chore(struct chore *chore, struct err *err)
{
    struct due list[MOST_AT_A_TIME];
    size_t count;
    if (!find(chore, list, &count, err))
        return false;
    for (size_t i = 0; i < count && chore_pause(chore); i++)
        if (!start(chore, &list[i], err))
            return false;
    return true;
}

static const struct admin_field fields[] = {
    {"deactivated_retention_days", check_days, FIELD_REQUIRED | FIELD_NULLABLE}};

const struct admin_operation retention_get = {
    .operation = ADMIN_OPERATION("retention.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation retention_replace = {
    .operation = ADMIN_OPERATION("retention.replace", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .erases = true, /* it may be somebody's time already */
    ADMIN_FIELDS(fields),
    .handle = update,
};
