#include "health.h"

#include "access.h"
#include "admin_api_sql.h"
#include "base/json.h"
#include "page.h"
#include "reply.h"
#include "requests.h"

enum { FAILING = 3, SECOND_MS = 1000 };

static const char *const states[] = {"waiting", "healthy", "failing", "stalled", "paused", NULL};

struct health health_read(const struct db_value *row, struct arena *arena)
{
    struct health health = {
        .set_cadence_s = row[0].integer,
        .first_ms = row[1].integer,
        .last_ms = row[2].integer,
        .last_success_ms = row[3].integer,
        .last_error_ms = row[4].integer,
        .last_error_status = row[6].integer,
        .last_error_problem = arena_slice(arena, row[7].bytes),
        .last_error_operation = arena_slice(arena, row[8].bytes),
        .last_error_detail = arena_slice(arena, row[9].bytes),
        .failures_in_row = row[10].integer,
        .usual_gap_ms = row[11].integer,
        .gaps = row[12].integer,
        .stalled_ms = row[13].integer,
        .requests = row[14].integer,
        .failures = row[15].integer,
        .skipped = row[16].integer,
    };
    if (row[5].kind != DB_NULL)
        db_id_out(&row[5], &health.last_error_id);
    return health;
}

/* The same as the CASE of sql/health.sql. */
static const char *state_of(const struct health *health, bool paused)
{
    if (paused)
        return "paused";
    if (health->first_ms == 0)
        return "waiting";
    if (health->failures_in_row >= FAILING && health->last_ms > health->stalled_ms)
        return "failing";
    return health->stalled_ms && health->last_success_ms <= health->stalled_ms ? "stalled" : "healthy";
}

static json_t *show_error(const struct health *health, struct slice idp)
{
    if (!health->last_error_ms)
        return json_null();
    char request_id[ID_UUID_CHARS + 1];
    id_to_uuid(&health->last_error_id, request_id);
    json_t *shown = json_pack("{s:o, s:s, s:I, s:o}", "received_at", show_time(health->last_error_ms), "request_id",
                              request_id, "status", (json_int_t)health->last_error_status, "operation",
                              show_text_or_null(health->last_error_operation));
    struct request_error error = {(int)health->last_error_status, health->last_error_problem,
                                  health->last_error_operation, health->last_error_detail, idp};
    request_show_error(&error, shown);
    return shown;
}

json_t *health_show(const struct health *health, struct slice idp, bool paused)
{
    struct cadence_source source = {idp, health->set_cadence_s, health->usual_gap_ms, health->gaps};
    struct cadence cadence = cadence_of(&source);
    bool is_stalled = strcmp(state_of(health, false), "stalled") == 0;
    int64_t overdue_ms = health->first_ms ? health->last_ms + cadence.patience_ms : 0;
    return json_pack(
        "{s:s, s:o, s:o, s:o, s:I, s:I, s:s, s:o, s:o, s:{s:I, s:I, s:I}}", "state", state_of(health, paused),
        "last_request_at", show_time_or_null(health->last_ms), "last_success_at",
        show_time_or_null(health->last_success_ms), "last_error", show_error(health, idp), "failures_in_row",
        (json_int_t)health->failures_in_row, "expected_cadence_seconds", (json_int_t)(cadence.expected_ms / SECOND_MS),
        "cadence_source", cadence.source, "overdue_at", show_time_or_null(overdue_ms), "stalled_at",
        show_time_or_null(is_stalled ? health->stalled_ms : 0), "last_24_hours", "requests",
        (json_int_t)health->requests, "failures", (json_int_t)health->failures, "skipped", (json_int_t)health->skipped);
}

/* --- of a whole environment --- */

static json_t *show_row(struct call *call, const struct db_value *row)
{
    struct id directory, organization;
    db_id_out(&row[0], &directory);
    db_id_out(&row[1], &organization);
    struct health health = health_read(&row[7], call_arena(call));
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "directory_id", show_id(ID_PREFIX_DIRECTORY, &directory),
                     "organization_id", show_id(ID_PREFIX_ORGANIZATION, &organization), "organization_external_id",
                     show_text_or_null(row[2].bytes), "organization_display_name", json_from_slice(row[3].bytes),
                     "name", json_from_slice(row[4].bytes), "idp", json_from_slice(row[5].bytes), "health",
                     health_show(&health, row[5].bytes, row[6].integer == 2));
}

static bool read_state(const struct call *call, struct db_value *state_out, struct err *err)
{
    struct slice wanted = call->query[QUERY_STATE];
    *state_out = db_null();
    for (size_t i = 0; wanted.data && states[i]; i++)
        if (slice_equals(wanted, slice_str(states[i])))
            *state_out = db_bytes(wanted);
    return !wanted.data || state_out->kind != DB_NULL ||
           err_set(err, ERR_BAD_REQUEST, "state must be waiting, healthy, failing, stalled or paused.");
}

static bool list(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct page page;
    struct db_value state;
    if (!access_environment(call, &environment, err) || !read_state(call, &state, err) ||
        !page_read(call, &environment.id, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&environment.id), state, state};
    return page_answer(call, &page, "directories", sql_health_list, parameters, 3, show_row, err);
}

const struct admin_operation health_list = {
    .operation = ADMIN_OPERATION("health.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_ENVIRONMENT) | QUERY_BIT(QUERY_STATE),
    .handle = list,
};
