/* POST /v1/directories/{id}/rewind: the whole directory, as it was at a moment. */
#include "history.h"
#include "instant.h"
#include "problem.h"
#include "rewind.h"

static const char *check_at(const json_t *value, const struct field_context *context)
{
    int64_t instant_ms;
    if (!json_is_string(value) ||
        !admin_instant_parse(slice_of(json_string_value(value), json_string_length(value)), &instant_ms))
        return "must be a time such as \"2027-01-31T12:00:00Z\"";
    return instant_ms < context->now_ms ? NULL : "must be in the past";
}

static const struct admin_field fields[] = {{"at", check_at, FIELD_REQUIRED}, {"dry_run", field_flag, 0}};

static bool check_reach(struct call *call, const struct directory *directory, int64_t at_ms, struct err *err)
{
    if (at_ms < directory->created_ms)
        return problem_invalid(call->op, "#/at", "must not be before the directory was made", err);
    if (at_ms < call->op->now_ms - call->settings->history_ms)
        return problem_invalid(call->op, "#/at", "must not be longer ago than changes are kept (--change-retention)",
                               err);
    return true;
}

static bool start(struct call *call, struct err *err)
{
    struct directory directory;
    int64_t at_ms = 0;
    if (!directory_of_path(call, DIRECTORY_LOCKED, &directory, err))
        return false;
    (void)admin_instant_parse(call_text(call, "at", SLICE_EMPTY), &at_ms);
    /* Two at a time, to different moments, would make it what it never was. */
    if (!check_reach(call, &directory, at_ms, err) || !admin_job_alone(call, &rewind_job, directory.id, err))
        return false;
    bool is_dry = json_is_true(call_member(call, "dry_run"));
    json_t *parameters =
        json_pack("{s:O, s:I, s:b}", "at", call_member(call, "at"), "at_ms", (json_int_t)at_ms, "dry_run", is_dry);
    struct admin_job_new job = {.kind = &rewind_job,
                                .environment = directory.environment,
                                .organization = directory.organization,
                                .directory = directory.id,
                                .parameters = parameters,
                                .total = -1};
    bool created = admin_job_create(call, &job, err);
    json_decref(parameters);
    return created;
}

const struct admin_operation directory_rewind = {
    .operation = ADMIN_OPERATION("directory.rewind", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(fields),
    .handle = start,
};
