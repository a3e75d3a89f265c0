#include "vendor_import.h"

#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"
#include "reply.h"
#include "store/event.h"
#include "store/rules.h"

enum { MOST_TRIES = 8, MOST_WAITS = 40, PROBLEMS_BEFORE_FLUSH = 500 };

static const char *const count_names[IMPORT_COUNTS] = {
    [COUNT_ROWS] = "rows",
    [COUNT_BAD_ROWS] = "bad_rows",
    [COUNT_CREATED] = "created",
    [COUNT_REPLACED] = "replaced",
    [COUNT_UNCHANGED] = "unchanged",
    [COUNT_TO_MATCH] = "to_match",
    [COUNT_SKIPPED] = "skipped",
    [COUNT_MATCHED_NAMES] = "matched_by_user_name",
    [COUNT_MATCHED_EMAILS] = "matched_by_email",
    [COUNT_CONFLICTS] = "conflicts",
};
static const char *const phase_names[] = {
    [IMPORT_CHECKS] = "checking",
    [IMPORT_WRITES] = "writing",
    [IMPORT_MATCHES_NAMES] = "matching by user_name",
    [IMPORT_MATCHES_EMAILS] = "matching by email",
    [IMPORT_FINISHED] = "finished",
};

/* --- what a run remembers --- */

static int64_t member(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static bool flag(const json_t *object, const char *name) { return json_is_true(json_object_get(object, name)); }

static void begin(struct import *import)
{
    const json_t *parameters = import->run->parameters;
    const char *format = json_string_value(json_object_get(parameters, "format"));
    const char *on_conflict = json_string_value(json_object_get(parameters, "on_conflict"));
    import->format = format && strcmp(format, "csv") == 0 ? IMPORT_CSV : IMPORT_NDJSON;
    import->dry = flag(parameters, "dry_run");
    import->skips_bad_rows = flag(parameters, "skip_bad_rows");
    import->replaces = on_conflict && strcmp(on_conflict, "replace") == 0;
    import->phase = (enum import_phase)member(import->run->checkpoint, "phase");
    import->from = member(import->run->checkpoint, "row");
    for (int i = 0; i < IMPORT_COUNTS; i++)
        import->counts[i] = member(import->run->checkpoint, count_names[i]);
    import->now_ms = clock_wall_ms();
    import->ids = import_seen_new();
    import->user_names = import_seen_new();
    import->emails = import_seen_new();
    import->taken = import_seen_new();
    import->decided = import_seen_new();
    import->problems = import_problems_new();
    arena_init(&import->arena);
}

static void end(struct import *import)
{
    arena_fini(&import->arena);
    import_problems_free(import->problems);
    import_seen_free(import->decided);
    import_seen_free(import->taken);
    import_seen_free(import->emails);
    import_seen_free(import->user_names);
    import_seen_free(import->ids);
    store_rules_unref(import->rules);
}

static int64_t matched(const struct import *import)
{
    return import->counts[COUNT_MATCHED_NAMES] + import->counts[COUNT_MATCHED_EMAILS];
}

/* What the vendor sees of it, while it runs and afterwards. */
static void show(struct import *import)
{
    json_t *result = import->run->result;
    bool written = !import->dry && import->phase >= IMPORT_WRITES;
    json_object_set_new(result, "dry_run", json_boolean(import->dry));
    json_object_set_new(result, "phase", json_string(phase_names[import->phase]));
    for (int i = 0; i < IMPORT_COUNTS; i++)
        if (i != COUNT_TO_MATCH)
            json_object_set_new(result, count_names[i], json_integer(import->counts[i]));
    json_object_set_new(result, "matched", json_integer(matched(import)));
    json_object_set_new(
        result, "unmatched",
        json_integer(import->counts[COUNT_TO_MATCH] - matched(import) - import->counts[COUNT_CONFLICTS]));
    json_object_set_new(result, "written", json_boolean(written));
}

bool import_keep(struct import *import, json_t *place, bool *go_on_out, struct err *err)
{
    json_t *checkpoint = import->run->checkpoint;
    json_object_clear(checkpoint);
    json_object_update(checkpoint, place);
    json_decref(place);
    json_object_set_new(checkpoint, "phase", json_integer(import->phase));
    for (int i = 0; i < IMPORT_COUNTS; i++)
        json_object_set_new(checkpoint, count_names[i], json_integer(import->counts[i]));
    import->run->total = import->counts[COUNT_ROWS];
    import->run->done = import->counts[COUNT_CREATED] + import->counts[COUNT_REPLACED] +
                        import->counts[COUNT_UNCHANGED] + import->counts[COUNT_SKIPPED] +
                        import->counts[COUNT_BAD_ROWS];
    show(import);
    return admin_job_step(import->run, go_on_out, err);
}

static bool try_chunk(struct import *import, import_chunk_fn *chunk, void *context, struct err *err)
{
    return db_begin(import->run->db, err) && chunk(import, context, err) && db_commit(import->run->db, err);
}

/* A collision with the data plane, or with another import that has written the same vendor user meanwhile. */
static bool may_try_again(const struct db *db) { return db_failure(db) == DB_RETRY || db_failure(db) == DB_DUPLICATE; }

bool import_transact(struct import *import, import_chunk_fn *chunk, void *context, struct err *err)
{
    int64_t counts[IMPORT_COUNTS], problem_count = import->problem_count;
    json_t *checkpoint = json_deep_copy(import->run->checkpoint);
    memcpy(counts, import->counts, sizeof counts);
    bool done = false, again = true;
    for (int try = 0; !done && again && try < MOST_TRIES; try++) {
        *err = ERR_INIT;
        done = try_chunk(import, chunk, context, err);
        if (done)
            break;
        again = may_try_again(import->run->db);
        db_rollback(import->run->db);
        memcpy(import->counts, counts, sizeof counts);
        import->problem_count = problem_count;
        json_object_clear(import->run->checkpoint);
        json_object_update(import->run->checkpoint, checkpoint);
    }
    json_decref(checkpoint);
    return done;
}

/* Who gives a large directory other keys has its rows for minutes. */
bool import_transact_patiently(struct import *import, import_chunk_fn *chunk, void *context, bool *go_on_out,
                               struct err *err)
{
    bool done = false;
    *go_on_out = true;
    for (int round = 0; !done && *go_on_out && round < MOST_WAITS; round++) {
        done = import_transact(import, chunk, context, err);
        if (!done && (db_failure(import->run->db) != DB_RETRY || !admin_job_step(import->run, go_on_out, err)))
            return false;
    }
    return done || !*go_on_out;
}

/* --- a pass over the file --- */

static bool stop_pass(struct import *import, bool failed)
{
    import->failed |= failed;
    import->stopped |= !failed;
    return false;
}

static bool run_chunk(struct import *import, void *context, struct err *err)
{
    bool *go_on = context;
    return import->take_chunk(import, err) && import_flush_problems(import, err) &&
           import_keep(import, json_pack("{s:I}", "row", (json_int_t)import->last_row), go_on, err);
}

static bool flush_chunk(struct import *import)
{
    bool go_on = true;
    if (import->count == 0)
        return true;
    if (!import_transact(import, run_chunk, &go_on, import->err))
        return stop_pass(import, true);
    import->count = 0;
    arena_reset(&import->arena);
    return go_on || stop_pass(import, false);
}

static bool collect_row(const struct import_row *row, void *context)
{
    struct import *import = context;
    if (row->number <= import->from)
        return true;
    struct import_item *item = &import->items[import->count++];
    *item = (struct import_item){.row = *row};
    for (int i = 0; i < IMPORT_COLUMNS; i++)
        item->row.values[i] = arena_slice(&import->arena, row->values[i]);
    item->row.user_name_key = arena_slice(&import->arena, row->user_name_key);
    item->row.email_key = arena_slice(&import->arena, row->email_key);
    import->last_row = row->number;
    return import->count < IMPORT_CHUNK || flush_chunk(import);
}

static bool pass_over(const struct import_problem *problem, void *context)
{
    (void)problem;
    (void)context;
    return true;
}

/* Who has what, for rows that come twice; what is wrong is listed at once. */
static bool check_row(const struct import_row *row, void *context)
{
    struct import *import = context;
    import_seen_add(import->ids, row->values[IMPORT_ID], row->number);
    if (import_seen_first(import->ids, row->values[IMPORT_ID]) != row->number)
        return true; /* it will be left out, so what it has is not in anybody's way */
    if (row->user_name_key.len)
        import_seen_add(import->user_names, row->user_name_key, row->number);
    if (row->email_key.len)
        import_seen_add(import->emails, row->email_key, row->number);
    return true;
}

static bool check_problem(const struct import_problem *problem, void *context)
{
    struct import *import = context;
    import->counts[COUNT_BAD_ROWS] += problem->row != import->last_bad;
    import->last_bad = problem->row;
    import_list_problem(import, PROBLEM_BAD_ROW, problem, SLICE_EMPTY);
    if (import->problem_count % PROBLEMS_BEFORE_FLUSH != 0)
        return true;
    return import_flush_problems(import, import->err) || stop_pass(import, true);
}

static bool load_piece(struct import *import, int64_t ordinal, const struct db_value **piece_out, struct err *err)
{
    struct db_value parameters[] = {db_id(&import->run->directory.id), db_id(&import->run->id), db_integer(ordinal)};
    return db_query_one(import->run->db, sql_import_piece, parameters, 3, piece_out, err);
}

/* The visitor uses the connection: the piece is the run's own copy. */
static bool feed_all(struct import *import, struct import_parser *parser, struct err *err)
{
    for (int64_t ordinal = 0;; ordinal++) {
        const struct db_value *piece;
        if (!load_piece(import, ordinal, &piece, err))
            return false;
        if (!piece)
            return import_parser_end(parser) || !import->failed;
        struct buf copy;
        buf_init(&copy, SIZE_MAX / 2);
        buf_add(&copy, piece[0].bytes);
        bool go_on = import_parser_feed(parser, buf_slice(&copy));
        buf_fini(&copy);
        if (!go_on)
            return !import->failed;
        if (import_parser_rows(parser) > IMPORT_MOST_ROWS)
            return err_set(err, ERR_TOO_LARGE, "The file has more than %d rows: send it in parts.", IMPORT_MOST_ROWS);
    }
}

static bool check(struct import *import, bool *usable_out, struct err *err)
{
    const struct import_visitor visitor = {check_row, check_problem, import};
    struct import_parser *parser = import_parser_new(import->format, &visitor);
    import->counts[COUNT_BAD_ROWS] = import->last_bad = 0;
    bool good = feed_all(import, parser, err) && import_flush_problems(import, err);
    import->counts[COUNT_ROWS] = import_parser_rows(parser);
    *usable_out = import->counts[COUNT_BAD_ROWS] == 0 ||
                  (import->skips_bad_rows && import->counts[COUNT_BAD_ROWS] <= import->counts[COUNT_ROWS] &&
                   import->counts[COUNT_ROWS] > 0);
    import_parser_free(parser);
    return good;
}

/* *go_on_out false: told to stop. */
static bool pass_file(struct import *import, bool (*take_chunk)(struct import *, struct err *), bool *go_on_out,
                      struct err *err)
{
    const struct import_visitor visitor = {collect_row, pass_over, import};
    struct import_parser *parser = import_parser_new(import->format, &visitor);
    import->take_chunk = take_chunk;
    import->stopped = import->failed = false;
    bool good = feed_all(import, parser, err) && (import->stopped || flush_chunk(import));
    import_parser_free(parser);
    *go_on_out = !import->stopped;
    import->from = 0;
    return good || import->stopped;
}

/* --- the passes --- */

static bool set_flag(struct import *import, void *context, struct err *err)
{
    (void)context;
    const struct db_value directory = db_id(&import->run->directory.id), *row;
    if (!db_query_one(import->run->db, sql_import_is_flagged, &directory, 1, &row, err))
        return false;
    bool is_flagged = row && row[0].integer != 0;
    return is_flagged || db_execute(import->run->db, sql_import_flag_directory, &directory, 1, NULL, err);
}

static bool write_phase(struct import *import, bool *go_on_out, struct err *err)
{
    if (!import->dry && !import_transact(import, set_flag, NULL, err))
        return false;
    return pass_file(import, import_write_chunk, go_on_out, err);
}

static bool match_phase(struct import *import, enum vendor_match how, bool *go_on_out, struct err *err)
{
    import->how = how;
    return import->dry ? pass_file(import, import_try_chunk, go_on_out, err)
                       : import_match_all(import, how, go_on_out, err);
}

static bool run_phase(struct import *import, bool *go_on_out, struct err *err)
{
    switch (import->phase) {
    case IMPORT_CHECKS:
    case IMPORT_FINISHED:
        return true;
    case IMPORT_WRITES:
        return write_phase(import, go_on_out, err);
    case IMPORT_MATCHES_NAMES:
        return match_phase(import, VENDOR_BY_USER_NAME, go_on_out, err);
    case IMPORT_MATCHES_EMAILS:
        return match_phase(import, VENDOR_BY_EMAIL, go_on_out, err);
    }
    return true;
}

static bool keep_phase(struct import *import, void *context, struct err *err)
{
    return import_keep(import, json_object(), context, err);
}

/* A dry run that was cut begins again: it has nothing but counts, and they are of the whole. */
static void begin_again(struct import *import)
{
    import->phase = IMPORT_CHECKS;
    import->from = 0;
    memset(import->counts, 0, sizeof import->counts);
}

static bool raise_event(struct import *import, const char *outcome, struct err *err)
{
    char id[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_JOB, &import->run->id, id);
    json_scoped *data = json_pack("{s:s, s:s, s:O}", "job_id", id, "outcome", outcome, "result", import->run->result);
    const struct event_new event = {
        .type = "import.finished",
        .environment = import->run->environment,
        .organization = import->run->organization,
        .directory = import->run->directory,
        .data = data,
        .now_ms = clock_wall_ms(),
        .cause = VIEW_CAUSE_JOB,
        .actor = import->run->actor,
    };
    return store_event_raise(import->run->db, &event, err);
}

struct ending {
    const char *outcome;
    bool go_on;
};

static bool finish_chunk(struct import *import, void *context, struct err *err)
{
    struct ending *ending = context;
    struct db_value parameters[] = {db_id(&import->run->directory.id), db_id(&import->run->id)};
    return import_keep(import, json_object(), &ending->go_on, err) &&
           db_execute(import->run->db, sql_import_drop_pieces, parameters, 2, NULL, err) &&
           raise_event(import, ending->outcome, err);
}

static bool finish(struct import *import, const char *outcome, struct err *err)
{
    struct ending ending = {.outcome = outcome};
    if (strcmp(outcome, "done") == 0)
        import->phase = IMPORT_FINISHED;
    return import_transact(import, finish_chunk, &ending, err);
}

/* Told to stop by the vendor, not by the process that ends. */
static bool give_up(struct import *import, struct err *err)
{
    import->run->cancelled = false; /* its end is kept by one more step, */
    bool done = finish(import, "cancelled", err);
    import->run->cancelled = true; /* after which it is cancelled as before */
    return done;
}

static bool refuse(struct import *import, struct err *err)
{
    int64_t bad = import->counts[COUNT_BAD_ROWS];
    import->phase = IMPORT_CHECKS;
    if (!finish(import, "failed", err))
        return false;
    return err_set(err, ERR_INVALID_VALUE,
                   "%lld row%s cannot be accepted, so nothing was written: see the import's problems, or send it with "
                   "skip_bad_rows=true.",
                   (long long)bad, bad == 1 ? "" : "s");
}

static bool run_phases(struct import *import, struct err *err)
{
    bool go_on = true;
    if (import->phase == IMPORT_CHECKS)
        import->phase = IMPORT_WRITES;
    while (import->phase < IMPORT_FINISHED) {
        if (!run_phase(import, &go_on, err))
            return false;
        if (!go_on)
            return true;
        if (import->phase == IMPORT_MATCHES_EMAILS)
            return finish(import, "done", err);
        import->phase++;
        if (!import_transact(import, keep_phase, &go_on, err))
            return false;
        if (!go_on)
            return true;
    }
    return true;
}

static bool run_import(struct import *import, struct err *err)
{
    bool usable;
    if (import->phase == IMPORT_FINISHED) /* cut between its end and that of its job */
        return true;
    if (import->dry)
        begin_again(import);
    if (!store_rules_load(import->run->db, import->run->directory, &import->rules, err))
        return false;
    if (!import->rules)
        return err_set(err, ERR_NOT_FOUND, "There is no such directory.");
    if (!check(import, &usable, err))
        return false;
    return usable ? run_phases(import, err) : refuse(import, err);
}

static bool run(struct admin_job_run *job, struct err *err)
{
    struct import *import = calloc(1, sizeof *import);
    must(import);
    import->run = job;
    import->err = err;
    begin(import);
    bool done = run_import(import, err) && (!job->cancelled || give_up(import, err));
    end(import);
    free(import);
    return done;
}

const struct admin_job_kind vendor_user_import_job = {.name = "vendor_user_import", .run = run};
