/* Importing the vendor's own users into a directory: a job in passes over the uploaded file.
 *
 *   check   every row is read; what is wrong with it is listed. One bad row ends the job, unless bad rows are skipped
 *   write   rows become vendor users, 500 in a transaction with the job's checkpoint
 *   match   those that are in the directory already are linked, by userName, then by e-mail address
 *
 * The first pass is run again after a cut; the others go on from where they were. A dry run writes nothing but its
 * report: it makes the passes over the file alone. */
#ifndef ADMIN_VENDOR_IMPORT_H
#define ADMIN_VENDOR_IMPORT_H

#include "import_parse.h"
#include "import_seen.h"
#include "jobs.h"
#include "scim/rules.h"
#include "store/vendor.h"

extern const struct admin_operation vendor_user_import, vendor_user_list_problems;
extern const struct admin_job_kind vendor_user_import_job;

enum { IMPORT_CHUNK = 500, IMPORT_MOST_ROWS = 1000000, IMPORT_MOST_PROBLEMS = 100000 };

enum import_phase { IMPORT_CHECKS, IMPORT_WRITES, IMPORT_MATCHES_NAMES, IMPORT_MATCHES_EMAILS, IMPORT_FINISHED };

enum import_count {
    COUNT_ROWS,
    COUNT_BAD_ROWS,
    COUNT_CREATED,
    COUNT_REPLACED,
    COUNT_UNCHANGED,
    COUNT_TO_MATCH, /* created, or replaced and not linked */
    COUNT_SKIPPED,  /* for a conflict with what is stored or with another row */
    COUNT_MATCHED_NAMES,
    COUNT_MATCHED_EMAILS,
    COUNT_CONFLICTS,
    IMPORT_COUNTS
};

enum import_action { ACTION_CREATE, ACTION_REPLACE, ACTION_LEAVE, ACTION_SKIP };

struct import_item { /* a good row of a chunk; in the chunk's arena */
    struct import_row row;
    enum import_action action;
    bool stored, linked;
    struct id id;                   /* of the stored one */
    struct slice previous_external; /* of the stored one */
};

struct import {
    struct admin_job_run *run;
    enum import_format format;
    bool dry, replaces, skips_bad_rows;
    const struct scim_rules *rules; /* a reference */
    enum import_phase phase;
    int64_t counts[IMPORT_COUNTS];
    int64_t now_ms;

    struct import_seen *ids, *user_names, *emails; /* of the file, by the first pass */
    int64_t problem_count;                         /* listed ones, of this run */

    /* a pass over the file */
    int64_t from; /* rows before are done already */
    struct arena arena;
    struct import_item items[IMPORT_CHUNK];
    size_t count;
    struct problem_list *problems;
    int64_t last_row;                                           /* of the chunk */
    bool (*take_chunk)(struct import *import, struct err *err); /* in a transaction; may be run again */
    enum vendor_match how;                                      /* what a dry run matches by */
    bool failed, stopped;                                       /* err is set; told to stop by the job's runner */
    struct err *err;
    int64_t last_bad; /* the row whose problem was told last: a row may have several */

    /* a dry run */
    struct import_seen *taken;   /* users that a row was given already */
    struct import_seen *decided; /* rows */
};

/* Problems of rows are kept until the next flush, which is in the transaction of a chunk. */
enum import_problem_kind { PROBLEM_BAD_ROW = 1, PROBLEM_CONFLICT = 2 };
void import_list_problem(struct import *import, enum import_problem_kind kind, const struct import_problem *problem,
                         struct slice vendor_user_id);
MUST_CHECK bool import_flush_problems(struct import *import, struct err *err);
struct problem_list *import_problems_new(void);
void import_problems_free(struct problem_list *problems);

/* What is to become of each item: looked up and decided; conflicts are listed when `lists`. */
MUST_CHECK bool import_plan(struct import *import, bool lists, struct err *err);
MUST_CHECK bool import_write_chunk(struct import *import, struct err *err);
/* Of the file, without writing. */
MUST_CHECK bool import_try_chunk(struct import *import, struct err *err);
/* Links those of the table; false with err, or *go_on_out false. */
MUST_CHECK bool import_match_all(struct import *import, enum vendor_match how, bool *go_on_out, struct err *err);
/* A conflict of matching in words. */
void import_list_conflict(struct import *import, int64_t row, enum vendor_match how, enum vendor_conflict why,
                          struct slice key, struct slice vendor_user_id);

/* A transaction, begun anew when it collides with another's; counts are then what they were. */
typedef bool import_chunk_fn(struct import *import, void *context, struct err *err);
MUST_CHECK bool import_transact(struct import *import, import_chunk_fn *chunk, void *context, struct err *err);
/* And again, for as long as rows are in somebody's hands: some minutes. *go_on_out false: told to stop. */
MUST_CHECK bool import_transact_patiently(struct import *import, import_chunk_fn *chunk, void *context, bool *go_on_out,
                                          struct err *err);

/* Keeps counts and checkpoint; in a transaction. */
MUST_CHECK bool import_keep(struct import *import, json_t *place, bool *go_on_out, struct err *err);

#endif
