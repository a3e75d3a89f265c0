/* The store: the lanes, their workers, and the schema check.
 *
 * Three lanes, so that none starves another: reads (GET of named rows), writes (transactions of named rows), queries
 * (lists and scans, and everything of the admin executable). A worker is a thread with one connection; its turn has
 * four beats: take, load, decide, write (architecture.md section 3). */
#ifndef STORE_STORE_H
#define STORE_STORE_H

#include "store/db.h"
#include "store/job.h"

struct store;

enum store_lane { STORE_READ, STORE_WRITE, STORE_QUERY, STORE_LANES };

struct store_settings {
    struct db_settings db;
    unsigned workers[STORE_LANES]; /* 0: the lane does not exist */
    size_t queue_capacity;         /* jobs waiting per lane */
    bool logs_requests;            /* store_request_push and store_request_ended may be called (store/request.h) */
    size_t batch;                  /* jobs per turn of the read and write lanes, 1..64 */
};

/* Opens the connections (workers keep trying when the database is away) and starts the threads. Refuses with
 * ERR_UNAVAILABLE and what to run when the schema is not the one this build knows. */
MUST_CHECK struct store *store_start(const struct store_settings *settings, struct err *err);
/* Takes no more jobs, runs those that wait, joins the threads, writes what is written behind. */
void store_stop(struct store *store);
struct queue *store_queue(struct store *store, enum store_lane lane);

/* How long changes are kept (change_retention_days): what a change would leave without a previous version is recorded
 * with it. Set once, at the start of the process; 30 days until then. */
void store_keep_history(int64_t ms);

/* For /readyz: a read of a real table with a deadline (a probe thread does it once a second), and warnings such as
 * innodb_flush_log_at_trx_commit != 1. false: not ready, err says why. Never blocks. */
MUST_CHECK bool store_ready(struct store *store, struct err *err);

/* A credential was proved right: remembered for scim_token.last_used_ms, which is written behind, at most once a minute
 * per token. Any thread. */
struct view_token;
void store_token_used(const struct view_token *token, int64_t now_ms);

/* A document was written that has an attribute which no schema declares (scim/undeclared.h): remembered for the table
 * undeclared_attribute, which is written behind, at most once a minute per path. Any thread; never blocks for long. */
void store_undeclared_seen(struct directory_id directory, uint16_t type, struct slice path, int64_t now_ms);

/* Applies every migration that is missing, in order, each recorded with a checksum. Prints progress through `say`. */
MUST_CHECK bool store_migrate(const struct db_settings *settings, void (*say)(const char *line), struct err *err);
/* ERR_UNAVAILABLE naming the command to run when the database is not at this build's version. */
MUST_CHECK bool store_check_schema(struct db *db, struct err *err);

#endif
