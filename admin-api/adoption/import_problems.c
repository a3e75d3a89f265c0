/* What is wrong with the rows of an import, on its way into the database. */
#include <stdio.h>
#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/json.h"
#include "base/must.h"
#include "vendor_import.h"

enum { KEPT = 4096, WIDTH = 9, DETAIL_BYTES = 255 };

struct listed {
    struct id place;
    enum import_problem_kind kind;
    int64_t row;
    const char *column; /* static */
    char detail[DETAIL_BYTES + 1];
    char vendor_user_id[IMPORT_MOST_ID + 1];
};

struct problem_list {
    struct listed list[KEPT];
    size_t count;
};

struct problem_list *import_problems_new(void)
{
    struct problem_list *problems = calloc(1, sizeof *problems);
    must(problems);
    return problems;
}

void import_problems_free(struct problem_list *problems) { free(problems); }

static uint8_t code_of(const char *column)
{
    for (uint8_t i = 0; column && i < IMPORT_COLUMNS; i++)
        if (strcmp(column, import_column_names[i]) == 0)
            return (uint8_t)(i + 1);
    return 0;
}

/* The same for the same problem, however often a pass is run. */
static struct id place_of(enum import_problem_kind kind, const struct import_problem *problem)
{
    struct id place = {{0}};
    for (size_t i = 0; i < 8; i++)
        place.bytes[i] = (uint8_t)((uint64_t)problem->row >> (56 - 8 * i));
    place.bytes[8] = (uint8_t)kind;
    place.bytes[9] = code_of(problem->column);
    place.bytes[10] = (uint8_t)problem->detail[0];
    return place;
}

/* A text of the file that is cut to fit must still be UTF-8. */
static void copy_text(struct slice text, char *out, size_t most)
{
    size_t len = text.len < most ? text.len : most;
    while (len > 0 && len < text.len && ((unsigned char)text.data[len] & 0xc0) == 0x80)
        len--;
    if (len)
        memcpy(out, text.data, len);
    out[len] = '\0';
}

static void replace_bad_bytes(char *text)
{
    json_t *string = json_string(text);
    json_decref(string);
    for (char *c = text; !string && *c; c++)
        if ((unsigned char)*c >= 0x80)
            *c = '?';
}

void import_list_problem(struct import *import, enum import_problem_kind kind, const struct import_problem *problem,
                         struct slice vendor_user_id)
{
    struct problem_list *problems = import->problems;
    if (import->problem_count >= IMPORT_MOST_PROBLEMS || problems->count == KEPT)
        return;
    import->problem_count++;
    struct listed *listed = &problems->list[problems->count++];
    *listed = (struct listed){.place = place_of(kind, problem), .kind = kind, .row = problem->row};
    listed->column = problem->column;
    copy_text(slice_str(problem->detail), listed->detail, DETAIL_BYTES);
    copy_text(vendor_user_id, listed->vendor_user_id, IMPORT_MOST_ID);
    replace_bad_bytes(listed->detail);
}

bool import_flush_problems(struct import *import, struct err *err)
{
    struct problem_list *problems = import->problems;
    struct db_value *values = calloc((size_t)KEPT * WIDTH, sizeof *values);
    must(values);
    for (size_t i = 0; i < problems->count; i++) {
        const struct listed *listed = &problems->list[i];
        const struct db_value row[WIDTH] = {
            db_id(&import->run->directory.id),
            db_id(&import->run->id),
            db_id(&listed->place),
            db_integer(listed->kind),
            db_integer(listed->row),
            db_bytes_or_null(slice_str(listed->column)),
            db_bytes_or_null(slice_str(listed->vendor_user_id)),
            db_bytes(slice_str(listed->detail)),
            db_integer(import->now_ms),
        };
        memcpy(&values[i * WIDTH], row, sizeof row);
    }
    bool good = problems->count == 0 ||
                db_execute_bulk(import->run->db, sql_import_list_problem, values, WIDTH, problems->count, NULL, err);
    free(values);
    if (good)
        problems->count = 0;
    return good;
}

/* The row that had the same first is worth naming. */
static void describe_shared(const struct import *import, int64_t row, enum vendor_match how, struct slice key,
                            char detail[DETAIL_BYTES])
{
    int64_t first = import_seen_first(how == VENDOR_BY_EMAIL ? import->emails : import->user_names, key);
    if (first && first != row)
        snprintf(detail, DETAIL_BYTES, "Row %lld has the same: nobody is linked by it", (long long)first);
    else
        snprintf(detail, DETAIL_BYTES, "Another vendor user has the same: nobody is linked by it");
}

void import_list_conflict(struct import *import, int64_t row, enum vendor_match how, enum vendor_conflict why,
                          struct slice key, struct slice vendor_user_id)
{
    static const char *const details[] = {
        [VENDOR_AGREED] = "",
        [VENDOR_SHARED] = "",
        [VENDOR_SEVERAL] = "Several users of the directory have it: nobody is linked by it",
        [VENDOR_TAKEN] = "The user who has it is linked to another vendor user",
        [VENDOR_STRANGER] =
            "It is somebody else's now: the identity provider's own id of the user who has it is another",
        [VENDOR_UNLINKED] = "It was unlinked by hand",
    };
    char shared[DETAIL_BYTES];
    if (why == VENDOR_SHARED)
        describe_shared(import, row, how, key, shared);
    struct import_problem problem = {
        .row = row,
        .column = import_column_names[how == VENDOR_BY_EMAIL ? IMPORT_EMAIL : IMPORT_USER_NAME],
        .detail = why == VENDOR_SHARED ? shared : details[why],
    };
    import->counts[COUNT_CONFLICTS]++;
    import_list_problem(import, PROBLEM_CONFLICT, &problem, vendor_user_id);
}
