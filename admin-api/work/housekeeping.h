/* What is done behind everyone's back, on a thread and a connection of its own: erasing what was deleted, dropping what
 * is older than its retention, warning of tokens that end. In bounded batches, so that nobody waits for it; it can be
 * cut anywhere and goes on where it was, and several processes may do it at a time. chores.c has the table of what
 * there is to do: a new chore is a function and a line there. */
#ifndef ADMIN_HOUSEKEEPING_H
#define ADMIN_HOUSEKEEPING_H

#include "config/settings.h"
#include "store/db.h"

struct housekeeping;

struct chore {     /* one run of a chore */
    struct db *db; /* no transaction is open at entry or exit */
    const struct settings *settings;
    int64_t now_ms; /* when the run began */

    struct housekeeping *owner;
    uint64_t began_ns, busy_since_ns; /* the latter: when the last pause ended */
    bool cut;                         /* its turn was long enough */
};

struct chore_kind {
    const char *name;
    unsigned every_s; /* how long after the end of one run the next begins, in each process */
    /* false: put off until its next turn, err says why. What failed with DB_RETRY is put off without a word: another
     * process was at the same rows. */
    bool (*run)(struct chore *chore, struct err *err);
};
extern const struct chore_kind chore_kinds[];
extern const size_t chore_kind_count;

/* To be called between two batches: lets others get at the rows and the disk for three times as long as the batch took.
 * false: stop here, return true without doing more, because the process stops or the turn has been long enough. What
 * was cut goes on after the other chores have had a turn. */
MUST_CHECK bool chore_pause(struct chore *chore);
bool chore_is_stopping(const struct chore *chore);

/* Runs a DELETE whose last parameter is its LIMIT (the caller gives those in front of it), batch by batch with pauses,
 * until nothing is left. Batches are made as large as a few ms allow. *erased_out may be NULL; *stopped_out, which may
 * be NULL, too: chore_pause said so, and rows may be left. */
MUST_CHECK bool chore_delete(struct chore *chore, const char *sql, const struct db_value *parameters, size_t count,
                             uint64_t *erased_out, bool *stopped_out, struct err *err);

/* The smallest id that can have been made at this moment. */
struct id housekeeping_first_id(int64_t wall_ms);

/* The settings must outlive it. */
struct housekeeping *housekeeping_start(const struct db_settings *database, const struct settings *settings);
void housekeeping_stop(struct housekeeping *housekeeping);

/* There is something to do: every chore has its turn now. From any thread. */
void housekeeping_wake(struct housekeeping *housekeeping);

#endif
