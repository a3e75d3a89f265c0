#include <errmsg.h>
#include <mysqld_error.h>
#include <stdio.h>

#include "db_private.h"
#include "db_script.h"
#include "obs/log.h"
#include "obs/metrics.h"

enum { STATEMENT_HEAD = 60 }; /* characters of a statement that a log line shows */

static const struct {
    const char *name;
    enum log_level level;
    enum err_kind kind;
    const char *detail;
} failures[] = {
    [DB_FINE] = {"fine", LOG_DEBUG, ERR_INTERNAL, "Nothing failed"},
    [DB_DUPLICATE] = {"duplicate", LOG_DEBUG, ERR_UNIQUENESS, "A value that must be unique is already in use"},
    [DB_REFERENCE] = {"reference", LOG_DEBUG, ERR_CONFLICT,
                      "What this refers to does not exist, or something still refers to it"},
    [DB_RETRY] = {"retry", LOG_DEBUG, ERR_UNAVAILABLE, "The change collided with another one, try again"},
    [DB_TIMED_OUT] = {"timed_out", LOG_WARN, ERR_UNAVAILABLE, "The database took too long"},
    [DB_LOST] = {"lost", LOG_WARN, ERR_UNAVAILABLE, "The database is not available"},
    [DB_FULL] = {"full", LOG_ERROR, ERR_STORAGE_FULL, "The database has no room left"},
    [DB_BROKEN] = {"broken", LOG_ERROR, ERR_INTERNAL, "The database refused a statement"},
};

/* Of the client library's own errors nearly all are about the connection; the rest are wrong use of it. */
static bool is_connection_error(unsigned code)
{
    bool misuse = code == CR_OUT_OF_MEMORY || code == CR_NET_PACKET_TOO_LARGE ||
                  (code >= CR_NO_PREPARE_STMT && code <= CR_UNSUPPORTED_PARAM_TYPE);
    return (code >= CR_MIN_ERROR && code <= CR_MAX_ERROR && !misuse) || code == CR_ERR_NET_READ ||
           code == CR_ERR_NET_WRITE;
}

enum db_failure db_classify(unsigned code)
{
    switch (code) {
    case ER_DUP_ENTRY:
        return DB_DUPLICATE;
    case ER_ROW_IS_REFERENCED:
    case ER_NO_REFERENCED_ROW:
    case ER_ROW_IS_REFERENCED_2:
    case ER_NO_REFERENCED_ROW_2:
        return DB_REFERENCE;
    case ER_LOCK_DEADLOCK:
    case ER_LOCK_WAIT_TIMEOUT:
    case ER_CHECKREAD: /* snapshot isolation: the row was changed since the transaction began */
    case ER_NEED_REPREPARE:
        return DB_RETRY;
    case ER_STATEMENT_TIMEOUT:
    case ER_QUERY_INTERRUPTED:
    case 3024: /* the same as ER_STATEMENT_TIMEOUT, of MySQL */
        return DB_TIMED_OUT;
    case ER_RECORD_FILE_FULL:
    case ER_DISK_FULL:
    case 28: /* ENOSPC as a handler's error */
        return DB_FULL;
    case ER_CON_COUNT_ERROR:
    case ER_TOO_MANY_USER_CONNECTIONS:
    case ER_USER_LIMIT_REACHED:
    case ER_UNKNOWN_COM_ERROR: /* a Galera node outside the primary component */
    case ER_SERVER_SHUTDOWN:
    case ER_ERROR_DURING_COMMIT:
    case ER_OPTION_PREVENTS_STATEMENT: /* read-only */
    case ER_CONNECTION_KILLED:
        return DB_LOST;
    default:
        return is_connection_error(code) ? DB_LOST : DB_BROKEN;
    }
}

/* The database has another schema than this build's statements: an operator's affair, not a request's. */
static bool is_schema_skew(unsigned code)
{
    return code == ER_BAD_FIELD_ERROR || code == ER_NO_SUCH_TABLE || code == ER_WRONG_VALUE_COUNT_ON_ROW;
}

bool db_failed(struct db *db, unsigned code, const char *text, const char *sql, struct err *err)
{
    enum db_failure failure = db_classify(code);
    char head[STATEMENT_HEAD + 1];
    snprintf(head, sizeof(head), "%.*s", STATEMENT_HEAD, sql);
    for (char *c = head; *c; c++)
        if (*c == '\n')
            *c = ' ';
    log_event(failures[failure].level, "store", "database error", LOG_TEXT("kind", failures[failure].name),
              LOG_NUMBER("error", code), LOG_TEXT("statement", head), LOG_TEXT("cause", text ? text : ""));
    metric_add(metric_series(METRIC_DATABASE_ERRORS, failures[failure].name, NULL), 1);

    db->failure = failure;
    db->lost = db->lost || failure == DB_LOST;
    return err_set(err, is_schema_skew(code) ? ERR_UNAVAILABLE : failures[failure].kind, "%s",
                   failures[failure].detail);
}

bool db_enter(struct db *db, struct err *err)
{
    must(!db->rows.statement);
    if (db->lost) {
        db->failure = DB_LOST;
        return err_set(err, failures[DB_LOST].kind, "%s", failures[DB_LOST].detail);
    }
    db->failure = DB_FINE;
    if (db->swollen) {
        statement_shrink(db->swollen);
        db->swollen = NULL;
    }
    return true;
}
