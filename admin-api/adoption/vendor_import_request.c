/* The request that starts an import, and the list of what was wrong with its rows. */
#include "admin_api_sql.h"
#include "base/json.h"
#include "base/must.h"
#include "directories.h"
#include "page.h"
#include "reply.h"
#include "vendor_import.h"

enum { PIECE_BYTES = 512 * 1024, PIECES_TOGETHER = 8 };

static bool is_type(struct slice content_type, struct slice wanted)
{
    const char *semicolon = content_type.len ? memchr(content_type.data, ';', content_type.len) : NULL;
    struct slice type = semicolon ? slice_of(content_type.data, (size_t)(semicolon - content_type.data)) : content_type;
    return slice_equals_ascii_nocase(slice_trim(type), wanted);
}

static bool read_format(const struct call *call, const char **format_out, struct err *err)
{
    struct slice type = call->op->content_type;
    *format_out = is_type(type, SLICE_LITERAL("text/csv"))               ? "csv"
                  : is_type(type, SLICE_LITERAL("application/x-ndjson")) ? "ndjson"
                                                                         : NULL;
    return *format_out ||
           err_set(err, ERR_MEDIA_TYPE, "Send the users as text/csv or as application/x-ndjson, in UTF-8.");
}

static bool read_flag(const struct call *call, enum admin_query query, const char *name, bool *flag_out,
                      struct err *err)
{
    struct slice text = call->query[query];
    *flag_out = slice_equals(text, SLICE_LITERAL("true"));
    return !text.data || *flag_out || slice_equals(text, SLICE_LITERAL("false")) ||
           err_set(err, ERR_BAD_REQUEST, "%s must be true or false.", name);
}

static bool read_on_conflict(const struct call *call, const char **on_conflict_out, struct err *err)
{
    struct slice text = call->query[QUERY_ON_CONFLICT];
    bool replaces = slice_equals(text, SLICE_LITERAL("replace"));
    *on_conflict_out = replaces ? "replace" : "skip";
    return !text.data || replaces || slice_equals(text, SLICE_LITERAL("skip")) ||
           err_set(err, ERR_BAD_REQUEST, "on_conflict must be \"skip\" or \"replace\".");
}

static json_t *read_parameters(const struct call *call, struct err *err)
{
    const char *format, *on_conflict;
    bool dry_run, skip_bad_rows;
    if (!read_format(call, &format, err) || !read_flag(call, QUERY_DRY_RUN, "dry_run", &dry_run, err) ||
        !read_flag(call, QUERY_SKIP_BAD_ROWS, "skip_bad_rows", &skip_bad_rows, err) ||
        !read_on_conflict(call, &on_conflict, err))
        return NULL;
    return json_pack("{s:s, s:s, s:b, s:b, s:I}", "format", format, "on_conflict", on_conflict, "dry_run", dry_run,
                     "skip_bad_rows", skip_bad_rows, "bytes", (json_int_t)call->op->body.len);
}

static bool save_pieces(const struct call *call, const struct directory_id *directory, struct err *err)
{
    struct slice body = call->op->body;
    struct db_value values[4 * PIECES_TOGETHER];
    for (int64_t ordinal = 0; body.len > 0;) {
        size_t count = 0;
        while (count < PIECES_TOGETHER && body.len > 0) {
            size_t bytes = body.len < PIECE_BYTES ? body.len : PIECE_BYTES;
            struct db_value *row = &values[4 * count++];
            row[0] = db_id(&directory->id);
            row[1] = db_id(&call->op->fresh_id.id);
            row[2] = db_integer(ordinal++);
            row[3] = db_bytes(slice_of(body.data, bytes));
            body = slice_skip(body, bytes);
        }
        if (!db_execute_bulk(call->db, sql_import_add_piece, values, 4, count, NULL, err))
            return false;
    }
    return true;
}

static bool start(struct call *call, const struct directory *directory, json_t *parameters, struct err *err)
{
    const struct admin_job_new job = {
        .kind = &vendor_user_import_job,
        .environment = directory->environment,
        .organization = directory->organization,
        .directory = directory->id,
        .parameters = parameters,
        .total = -1,
    };
    return save_pieces(call, &directory->id, err) && admin_job_create(call, &job, err);
}

static bool import_users(struct call *call, struct err *err)
{
    struct directory directory;
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err))
        return false;
    if (call->op->body.len == 0)
        return err_set(err, ERR_BAD_REQUEST, "The body is empty: send the users as CSV or NDJSON.");
    json_scoped *parameters = read_parameters(call, err);
    return parameters && start(call, &directory, parameters, err);
}

/* --- problems --- */

static json_t *show_problem(struct call *call, const struct db_value *row)
{
    (void)call;
    return json_pack("{s:s, s:I, s:o, s:o, s:o}", "kind", row[1].integer == PROBLEM_CONFLICT ? "conflict" : "bad_row",
                     "row", (json_int_t)row[2].integer, "column", show_text_or_null(row[3].bytes), "vendor_user_id",
                     show_text_or_null(row[4].bytes), "detail", json_from_slice(row[5].bytes));
}

static bool list_problems(struct call *call, struct err *err)
{
    struct directory directory;
    struct page page;
    struct id job;
    const struct db_value *row;
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err))
        return false;
    if (!id_from_prefixed(ID_PREFIX_JOB, call->op->parameters[1], &job))
        return err_set(err, ERR_NOT_FOUND, "There is no such import.");
    struct db_value parameters[] = {db_id(&job), db_id(&directory.id.id)};
    if (!db_query_one(call->db, sql_import_job, parameters, 2, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "There is no such import.");
    if (!page_read(call, &job, &page, err))
        return false;
    struct db_value of[] = {db_id(&directory.id.id), db_id(&job)};
    return page_answer(call, &page, "problems", sql_import_problems, of, 2, show_problem, err);
}

const struct admin_operation vendor_user_import = {
    .operation = ADMIN_OPERATION("vendor_user.import", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .takes = "text/csv, application/x-ndjson",
    .queries = QUERY_BIT(QUERY_DRY_RUN) | QUERY_BIT(QUERY_ON_CONFLICT) | QUERY_BIT(QUERY_SKIP_BAD_ROWS),
    .handle = import_users,
};
const struct admin_operation vendor_user_list_problems = {
    .operation = ADMIN_OPERATION("vendor_user.list_problems", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE,
    .handle = list_problems,
};
