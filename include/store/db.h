/* One connection to MariaDB and its prepared statements. Owned by one thread; every call blocks.
 *
 * The only way to the database: no other header offers one. Statements are static strings (from the .sql files, or
 * composed once at start-up), prepared on first use on a connection and kept under their address. Every session runs
 * with time_zone UTC, READ COMMITTED (docs/adr says why), strict sql_mode, innodb_lock_wait_timeout 3 s,
 * max_statement_time, innodb_snapshot_isolation where the server has it; a transaction that has written something and
 * says nothing for a minute is ended by the server. */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"

struct db;
struct db_rows;

struct db_settings {
    const char *url;           /* mariadb://user:password@host:port/database?tls=required|preferred|off&tls_ca=/path, or
                                  …@localhost/database?socket=/path; every part percent-encoded */
    const char *password_file; /* overrides the password of the url; may be NULL */
    unsigned connect_timeout_s;    /* 2 */
    unsigned io_timeout_s;         /* 10: read and write timeout of the connection */
    unsigned statement_timeout_ms; /* 5,000: max_statement_time; 0 for migrations, which may be idle as well */
};

/* What the last failed call met. The caller-safe error is in err; this decides what to do next. */
enum db_failure {
    DB_FINE,
    DB_DUPLICATE, /* 1062: a unique key */
    DB_REFERENCE, /* 1451, 1452: a foreign key */
    DB_RETRY,     /* 1213, 1205, 1020: roll back and run the whole transaction again */
    DB_TIMED_OUT, /* 1969, 3024: max_statement_time; not to be retried blindly */
    DB_LOST,      /* the connection is gone (2006, 2013, 2002, 1047, …): nothing more can be said on it */
    DB_FULL,      /* 1114, 1021, disk full */
    DB_BROKEN,    /* anything else: schema skew, a bug */
};

/* ERR_UNAVAILABLE; ERR_INVALID_VALUE when the URL or the password file is malformed, which no waiting will mend. */
MUST_CHECK struct db *db_open(const struct db_settings *settings, struct err *err);
void db_close(struct db *db); /* NULL is fine */
enum db_failure db_failure(const struct db *db);
uint64_t db_round_trips(const struct db *db); /* since open, for metrics */
uint64_t db_connection_id(const struct db *db);

MUST_CHECK bool db_begin(struct db *db, struct err *err);
/* All reads of the transaction see what the first plain one saw. What was changed since and is to be locked or written
 * is a collision. */
MUST_CHECK bool db_begin_repeatable(struct db *db, struct err *err);
MUST_CHECK bool db_begin_snapshot(struct db *db,
                                  struct err *err); /* START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY */
/* false with DB_LOST: the outcome is unknown (see worker.h). */
MUST_CHECK bool db_commit(struct db *db, struct err *err);
void db_rollback(struct db *db); /* harmless without a transaction or on a lost connection */

enum db_kind { DB_NULL, DB_INTEGER, DB_BYTES };
struct db_value {
    enum db_kind kind;
    int64_t integer;
    struct slice bytes;
};
static inline struct db_value db_null(void) { return (struct db_value){.kind = DB_NULL}; }
static inline struct db_value db_integer(int64_t n) { return (struct db_value){.kind = DB_INTEGER, .integer = n}; }
static inline struct db_value db_bytes(struct slice s) { return (struct db_value){.kind = DB_BYTES, .bytes = s}; }
static inline struct db_value db_bytes_or_null(struct slice s) { return s.len ? db_bytes(s) : db_null(); }
static inline struct db_value db_id(const struct id *id) /* borrows *id */
{
    return db_bytes(slice_of((const char *)id->bytes, ID_BYTES));
}

/* Runs a statement without a result set. affected_out may be NULL; an UPDATE counts the rows that it matched, also
 * those it left as they were. */
MUST_CHECK bool db_execute(struct db *db, const char *sql, const struct db_value *parameters, size_t count,
                           uint64_t *affected_out, struct err *err);

/* The same for many rows in one round trip (bulk binding): `rows` times `count` values, row by row. One row's failure
 * is the statement's: nothing of it stays. (Above 8 MB or 1,000 rows it is several statements; in a transaction, what
 * the first of them wrote stays until the caller rolls back, as after any failure.) Within one parameter's column all
 * values are of one kind or NULL. */
MUST_CHECK bool db_execute_bulk(struct db *db, const char *sql, const struct db_value *parameters, size_t count,
                                size_t rows, uint64_t *affected_out, struct err *err);

/* Runs a SELECT; NULL on failure. Then: while ((row = db_next(rows)) …), and always db_rows_end, which says whether the
 * result was read whole. Values are valid until the next call with the same rows; text and blobs come as DB_BYTES of
 * any length. One open result per connection. */
MUST_CHECK struct db_rows *db_query(struct db *db, const char *sql, const struct db_value *parameters, size_t count,
                                    struct err *err);
const struct db_value *db_next(struct db_rows *rows);
MUST_CHECK bool db_rows_end(struct db_rows *rows, struct err *err);

/* Convenience for at most one row: copies nothing; *found_out tells. The row is valid until the next call on db. */
MUST_CHECK bool db_query_one(struct db *db, const char *sql, const struct db_value *parameters, size_t count,
                             const struct db_value **row_out, struct err *err); /* *row_out NULL: none */

/* A text of several statements separated by ";\n": migrations only. */
MUST_CHECK bool db_script(struct db *db, const char *text, struct err *err);

void db_id_out(const struct db_value *value, struct id *id_out); /* must() be 16 bytes */

#endif
