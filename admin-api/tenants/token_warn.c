/* Tokens that end: warnings ahead, and the list of them. */
#include "access.h"
#include "admin_api_sql.h"
#include "base/json.h"
#include "base/must.h"
#include "base/num.h"
#include "page.h"
#include "reply.h"
#include "store/event.h"
#include "tell.h"
#include "tokens.h"

enum { DAY_MS = 86400000, MOST_AT_A_TIME = 100, MOST_DAYS = 3650, DEFAULT_DAYS = 30 };

static const unsigned ahead_days[TOKEN_WARNINGS] = {30, 7, 1, 0};

unsigned token_warnings_due(int64_t expires_ms, int64_t now_ms)
{
    unsigned due = 0;
    if (expires_ms == 0)
        return 0;
    while (due < TOKEN_WARNINGS && expires_ms - now_ms <= (int64_t)ahead_days[due] * DAY_MS)
        due++;
    return due;
}

json_t *token_describe(const struct token_id *token, struct slice label, int64_t expires_ms)
{
    return json_pack("{s:o, s:o, s:o}", "token_id", show_id(ID_PREFIX_TOKEN, &token->id), "label",
                     json_from_slice(label), "expires_at", show_time_or_null(expires_ms));
}

bool token_tell(struct call *call, const char *type, const struct token_new *token, struct err *err)
{
    return admin_tell(call, type, token_describe(&token->id, token->label, token->expires_ms), err);
}

struct ending {
    struct directory_id directory;
    struct organization_id organization;
    struct environment_id environment;
    struct token_id token;
    struct slice label; /* in the arena */
    int64_t expires_ms;
};

static bool find(struct chore *chore, unsigned warned, struct arena *arena, struct ending *list, size_t *count_out,
                 struct err *err)
{
    struct db_value parameters[] = {db_integer(warned),
                                    db_integer(chore->now_ms + (int64_t)ahead_days[warned] * DAY_MS),
                                    db_integer(MOST_AT_A_TIME)};
    struct db_rows *rows = db_query(chore->db, sql_token_find_ending, parameters, 3, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows))) {
        struct ending *ending = &list[(*count_out)++];
        db_id_out(&row[0], &ending->directory.id);
        db_id_out(&row[1], &ending->token.id);
        db_id_out(&row[2], &ending->organization.id);
        db_id_out(&row[3], &ending->environment.id);
        ending->label = arena_slice(arena, row[4].bytes);
        ending->expires_ms = row[5].integer;
    }
    return rows && db_rows_end(rows, err);
}

static bool raise(struct chore *chore, const struct ending *ending, unsigned due, struct err *err)
{
    json_scoped *data = token_describe(&ending->token, ending->label, ending->expires_ms);
    must(due > 0);
    if (due < TOKEN_WARNINGS) {
        json_object_set_new(data, "expires_in_days", json_integer((ending->expires_ms - chore->now_ms) / DAY_MS));
        json_object_set_new(data, "warning_days", json_integer(ahead_days[due - 1]));
    }
    struct event_new event = {.type = due < TOKEN_WARNINGS ? "token.expiring" : "token.expired",
                              .environment = ending->environment,
                              .organization = ending->organization,
                              .directory = ending->directory,
                              .data = data,
                              .now_ms = chore->now_ms};
    return store_event_raise(chore->db, &event, err);
}

/* The row is moved from the warning that was seen to the one that is due; whoever comes second moves nothing. */
static bool warn_one(struct chore *chore, const struct ending *ending, unsigned warned, struct err *err)
{
    unsigned due = token_warnings_due(ending->expires_ms, chore->now_ms);
    uint64_t moved;
    struct db_value parameters[] = {db_integer(due), db_id(&ending->directory.id), db_id(&ending->token.id),
                                    db_integer(warned), db_integer(ending->expires_ms)};
    return db_begin(chore->db, err) && db_execute(chore->db, sql_token_warn, parameters, 5, &moved, err) &&
           (moved == 0 || raise(chore, ending, due, err)) && db_commit(chore->db, err);
}

static bool warn_all(struct chore *chore, unsigned warned, struct arena *arena, struct err *err)
{
    struct ending list[MOST_AT_A_TIME];
    size_t count = MOST_AT_A_TIME;
    while (count == MOST_AT_A_TIME) {
        arena_reset(arena);
        if (!find(chore, warned, arena, list, &count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            if (!warn_one(chore, &list[i], warned, err))
                return false;
        if (!chore_pause(chore))
            return true;
    }
    return true;
}

bool token_warn_chore(struct chore *chore, struct err *err)
{
    struct arena arena;
    bool fine = true;
    arena_init(&arena);
    for (unsigned warned = 0; warned < TOKEN_WARNINGS && fine; warned++)
        fine = warn_all(chore, warned, &arena, err);
    arena_fini(&arena);
    return fine;
}

static json_t *show_with_owner(struct call *call, const struct db_value *row)
{
    json_t *token = token_show(call, row);
    struct id directory, organization;
    db_id_out(&row[8], &directory);
    db_id_out(&row[9], &organization);
    json_object_set_new(token, "directory_id", show_id(ID_PREFIX_DIRECTORY, &directory));
    json_object_set_new(token, "organization_id", show_id(ID_PREFIX_ORGANIZATION, &organization));
    json_object_set_new(token, "organization_external_id", show_text_or_null(row[10].bytes));
    json_object_set_new(token, "organization_display_name", json_from_slice(row[11].bytes));
    return token;
}

static bool list_ending(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct page page;
    struct slice within = call->query[QUERY_EXPIRING_WITHIN_DAYS];
    uint64_t days = DEFAULT_DAYS;
    if (!access_environment(call, &environment, err) || !page_read(call, &environment.id, &page, err))
        return false;
    if (within.data && !num_parse_uint(within, 1, MOST_DAYS, &days))
        return err_set(err, ERR_BAD_REQUEST, "expiring_within_days must be a whole number from 1 to %d.", MOST_DAYS);
    int64_t now_ms = call->op->now_ms;
    struct db_value parameters[] = {db_id(&environment.id), db_integer(now_ms),
                                    db_integer(now_ms + (int64_t)days * DAY_MS)};
    return page_answer(call, &page, "tokens", sql_token_list_ending, parameters, 3, show_with_owner, err);
}

const struct admin_operation token_list_ending = {
    .operation = ADMIN_OPERATION("token.list_ending", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_EXPIRING_WITHIN_DAYS) | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = list_ending,
};
