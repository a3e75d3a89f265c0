/* What db.c, db_error.c and statement*.c share: the connection and its prepared statements. */
#ifndef STORE_DB_PRIVATE_H
#define STORE_DB_PRIVATE_H

#include <mysql.h>

#include "base/must.h"
#include "store/db.h"

struct column { /* of a result, as it is bound */
    bool is_integer;
    my_bool is_null, error;
    unsigned long length;
    int64_t integer;
    char *bytes;
    size_t capacity, first_capacity;
};

struct statement {
    const char *sql; /* its address is the key */
    MYSQL_STMT *handle;
    size_t parameter_count, column_count;
    MYSQL_BIND *parameters, *results;
    struct column *columns;
    struct db_value *values; /* the current row */
};

struct db_rows {
    struct db *db;
    struct statement *statement; /* NULL: no result is open */
    bool failed;                 /* db->failure says how, `err` what to tell */
    struct err err;
};

struct db {
    MYSQL *mysql;
    enum db_failure failure;
    bool lost; /* every further call fails at once */
    bool in_transaction;
    uint64_t round_trips;
    struct statement **statements; /* hash table, its size a power of two */
    size_t statement_slots, statement_count;
    struct statement *swollen; /* whose buffers grew big: shrunk at the next call */
    struct db_rows rows;
};

/* Begins a call: false (with err) on a lost connection. */
bool db_enter(struct db *db, struct err *err);

/* What failed on the connection or statement: classifies, counts, logs and explains the error. `text` may be shown in
 * the log; NULL where it could repeat parameters. Returns false. */
bool db_failed(struct db *db, unsigned code, const char *text, const char *sql, struct err *err);

/* The statement, prepared on this connection; NULL (with err) when that failed. */
struct statement *statement_get(struct db *db, const char *sql, struct err *err);
void statements_free(struct db *db);
/* false with err; on success the result, if any, is open on the handle. */
bool statement_execute(struct db *db, struct statement *statement, const struct db_value *parameters, size_t count,
                       struct err *err);

/* Prepares for the columns of its result, once. */
void statement_describe_result(struct statement *statement);
void statement_free_result(struct statement *statement);
void statement_shrink(struct statement *statement);

#endif
