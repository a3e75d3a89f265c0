/* The connection was lost while COMMIT was on its way: did it happen?
 *
 * The changes of a batch carry operation ids that were chosen before it ran, so a new connection can look. "Not there"
 * proves nothing while the old connection may still be committing: it is killed, and looked for until it is gone. */
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "obs/log.h"
#include "store_sql.h"
#include "worker.h"

enum { RECOVER_MS = 8000, RECOVER_PAUSE_MS = 20 };

static void pause_ms(unsigned ms)
{
    struct timespec length = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&length, NULL);
}

/* true in *is_alive_out: the server still has a session of that number. A server that was restarted has not, or it is
 * another's, and then the old one is certainly gone. */
static bool session_is_alive(struct db *db, uint64_t connection, bool *is_alive_out, struct err *err)
{
    struct db_value id = db_integer((int64_t)connection);
    const struct db_value *row;
    if (!db_query_one(db, sql_recover_session, &id, 1, &row, err))
        return false;
    *is_alive_out = row != NULL;
    return true;
}

static bool kill_session(struct db *db, uint64_t connection, struct err *err)
{
    bool is_alive;
    if (!session_is_alive(db, connection, &is_alive, err))
        return false;
    if (!is_alive)
        return true;
    struct db_value id = db_integer((int64_t)connection);
    struct err gone = ERR_INIT;
    (void)!db_execute(db, sql_recover_kill, &id, 1, NULL, &gone); /* it may have ended by itself in between */
    return db_failure(db) != DB_LOST;
}

static bool wait_until_gone(struct db *db, uint64_t connection, uint64_t deadline_ns, struct err *err)
{
    bool is_alive = true;
    while (session_is_alive(db, connection, &is_alive, err)) {
        if (!is_alive)
            return true;
        if (clock_monotonic_ns() > deadline_ns)
            return false;
        pause_ms(RECOVER_PAUSE_MS);
    }
    return false;
}

/* Any of the operations will do: they were committed together or not at all. */
static bool find_operation(const struct view *view, struct db *db, bool *found_out, struct err *err)
{
    must(view->changes);
    struct db_value operation = db_id(&view->changes->operation.id);
    const struct db_value *row;
    if (!db_query_one(db, sql_recover_operation, &operation, 1, &row, err))
        return false;
    *found_out = row != NULL;
    return true;
}

static bool look(struct worker *worker, uint64_t connection, uint64_t deadline_ns, bool *found_out, struct err *err)
{
    return worker_connect(worker, err) && kill_session(worker->db, connection, err) &&
           wait_until_gone(worker->db, connection, deadline_ns, err) &&
           find_operation(&worker->view, worker->db, found_out, err);
}

enum worker_fate worker_look_up_commit(struct worker *worker)
{
    uint64_t connection = db_connection_id(worker->db);
    uint64_t deadline_ns = clock_monotonic_ns() + (uint64_t)RECOVER_MS * 1000000;
    do {
        struct err err = ERR_INIT;
        bool found;
        worker_disconnect(worker);
        if (look(worker, connection, deadline_ns, &found, &err)) {
            log_event(LOG_WARN, "store", "looked up a commit whose answer was lost", LOG_NUMBER("committed", found));
            return found ? FATE_COMMITTED : FATE_NOT_COMMITTED;
        }
        pause_ms(RECOVER_PAUSE_MS);
    } while (clock_monotonic_ns() < deadline_ns);
    log_plain(LOG_ERROR, "store", "the outcome of a commit stays unknown: the database did not come back in time");
    return FATE_UNKNOWN;
}
