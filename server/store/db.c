/* Opening a connection, its session, and transactions. The only file that sends SQL as text, and only fixed texts. */
#include <errmsg.h>
#include <fcntl.h>
#include <mysqld_error.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "db_private.h"
#include "db_script.h"
#include "db_url.h"
#include "obs/log.h"

/* The client library initialises itself at first use, but not thread-safely. OpenSSL writes to its sockets without
 * MSG_NOSIGNAL, so a server that goes away would kill a process that has not ignored SIGPIPE. */
static void initialise(void)
{
    struct sigaction old;
    must(mysql_library_init(0, NULL, NULL) == 0);
    if (sigaction(SIGPIPE, NULL, &old) == 0 && old.sa_handler == SIG_DFL)
        signal(SIGPIPE, SIG_IGN);
}

static bool read_password(const char *path, char *out, size_t size, struct err *err)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd < 0 ? -1 : read(fd, out, size);
    if (fd >= 0)
        close(fd);
    if (got < 0)
        return err_set(err, ERR_INVALID_VALUE, "The database password file cannot be read: %s", path);
    if ((size_t)got == size)
        return err_set(err, ERR_INVALID_VALUE, "The database password file is longer than %zu bytes: %s", size - 1,
                       path);
    out[got] = '\0';
    out[strcspn(out, "\r\n")] = '\0';
    return true;
}

static void set_options(MYSQL *mysql, const struct db_settings *settings, const struct db_address *address)
{
    const unsigned no = 0, tcp = MYSQL_PROTOCOL_TCP, socket = MYSQL_PROTOCOL_SOCKET;
    const my_bool off = 0, on = 1;
    mysql_options(mysql, MYSQL_OPT_CONNECT_TIMEOUT, &settings->connect_timeout_s);
    mysql_options(mysql, MYSQL_OPT_READ_TIMEOUT, &settings->io_timeout_s);
    mysql_options(mysql, MYSQL_OPT_WRITE_TIMEOUT, &settings->io_timeout_s);
    mysql_options(mysql, MYSQL_OPT_RECONNECT, &off);
    mysql_options(mysql, MYSQL_OPT_LOCAL_INFILE, &no);
    mysql_options(mysql, MYSQL_REPORT_DATA_TRUNCATION, &on);
    mysql_options(mysql, MYSQL_SET_CHARSET_NAME, "utf8mb4");
    mysql_options(mysql, MYSQL_OPT_PROTOCOL, address->over_tcp ? &tcp : &socket);
    if (address->tls != DB_TLS_OFF)
        mysql_options(mysql, MYSQL_OPT_SSL_ENFORCE, &on);
    if (address->tls_ca[0]) {
        mysql_options(mysql, MYSQL_OPT_SSL_CA, address->tls_ca);
        mysql_options(mysql, MYSQL_OPT_SSL_VERIFY_SERVER_CERT, &on);
    }
}

static bool fail_to_connect(struct db *db, const char *why, struct err *err)
{
    log_event(LOG_WARN, "store", "cannot connect to the database", LOG_NUMBER("error", mysql_errno(db->mysql)),
              LOG_TEXT("cause", why));
    db->failure = DB_LOST;
    return err_set(err, ERR_UNAVAILABLE, "The database is not available");
}

static bool connect_to(struct db *db, const struct db_address *address, struct err *err)
{
    /* Rows matched, not rows changed, are what an UPDATE of the same value should count. */
    if (!mysql_real_connect(db->mysql, address->host[0] ? address->host : NULL, address->user, address->password,
                            address->database, address->port, address->socket[0] ? address->socket : NULL,
                            CLIENT_FOUND_ROWS))
        return fail_to_connect(db, mysql_error(db->mysql), err);
    if (address->tls == DB_TLS_REQUIRED && !mysql_get_ssl_cipher(db->mysql))
        return fail_to_connect(db, "the server does not offer TLS", err);
    return true;
}

static bool run_text(struct db *db, const char *text, size_t bytes, struct err *err)
{
    db->round_trips++;
    if (mysql_real_query(db->mysql, text, bytes) == 0)
        return true;
    return db_failed(db, mysql_errno(db->mysql), mysql_error(db->mysql), text, err);
}

static bool run_fixed(struct db *db, const char *text, struct err *err)
{
    return run_text(db, text, strlen(text), err);
}

static bool set_snapshot_isolation(struct db *db, struct err *err)
{
    static const char text[] = "SET SESSION innodb_snapshot_isolation = ON";
    db->round_trips++;
    if (mysql_real_query(db->mysql, text, sizeof(text) - 1) == 0 ||
        mysql_errno(db->mysql) == ER_UNKNOWN_SYSTEM_VARIABLE)
        return true;
    return db_failed(db, mysql_errno(db->mysql), mysql_error(db->mysql), text, err);
}

/* With a list of ids the optimizer otherwise looks into the index once for each, only to estimate how many rows it will
 * find: about as much work as reading them. Every list of ours goes by one index, whatever the estimate. */
#define FEW_INDEX_DIVES "eq_range_index_dive_limit = 2"

/* A machine that is gone in the middle of a transaction leaves its connection, and its locks, which not only its own
 * tenants wait for: the sequencer numbers for all. Migrations hold theirs for as long as it takes. */
enum { IDLE_WRITE_S = 60 };

static bool set_up_session(struct db *db, unsigned statement_timeout_ms, struct err *err)
{
    char variables[384];
    snprintf(variables, sizeof(variables),
             "SET SESSION time_zone = '+00:00', innodb_lock_wait_timeout = 3, autocommit = 1, " FEW_INDEX_DIVES
             ", max_recursive_iterations = 1000000, idle_write_transaction_timeout = %u, max_statement_time = %u.%03u, "
             "sql_mode = "
             "'STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ENGINE_SUBSTITUTION'",
             statement_timeout_ms ? IDLE_WRITE_S : 0u, statement_timeout_ms / 1000, statement_timeout_ms % 1000);
    return run_fixed(db, variables, err) &&
           run_fixed(db, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED", err) &&
           set_snapshot_isolation(db, err);
}

static bool open_session(struct db *db, const struct db_settings *settings, struct db_address *address, struct err *err)
{
    const char *file = settings->password_file;
    if (!db_url_parse(settings->url, address, err))
        return false;
    if (file && file[0] && !read_password(file, address->password, sizeof(address->password), err))
        return false;
    set_options(db->mysql, settings, address);
    return connect_to(db, address, err) && set_up_session(db, settings->statement_timeout_ms, err);
}

struct db *db_open(const struct db_settings *settings, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, initialise);
    must(mysql_thread_init() == 0);

    struct db *db = calloc(1, sizeof(*db));
    must(db);
    db->rows.db = db;
    db->mysql = mysql_init(NULL);
    must(db->mysql);
    struct db_address address;
    bool opened = open_session(db, settings, &address, err);
    explicit_bzero(&address, sizeof(address));
    if (opened)
        return db;
    db_close(db);
    return NULL;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    must(!db->rows.statement);
    statements_free(db);
    mysql_close(db->mysql);
    free(db);
    mysql_thread_end();
}

enum db_failure db_failure(const struct db *db) { return db->failure; }
uint64_t db_round_trips(const struct db *db) { return db->round_trips; }
uint64_t db_connection_id(const struct db *db) { return mysql_thread_id(db->mysql); }

bool db_begin(struct db *db, struct err *err)
{
    must(!db->in_transaction);
    db->in_transaction = db_enter(db, err) && run_fixed(db, "START TRANSACTION", err);
    return db->in_transaction;
}

bool db_begin_repeatable(struct db *db, struct err *err)
{
    must(!db->in_transaction);
    db->in_transaction = db_enter(db, err) && run_fixed(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", err) &&
                         run_fixed(db, "START TRANSACTION", err);
    return db->in_transaction;
}

/* Under READ COMMITTED each statement has a snapshot of its own and WITH CONSISTENT SNAPSHOT does nothing. */
bool db_begin_snapshot(struct db *db, struct err *err)
{
    must(!db->in_transaction);
    db->in_transaction = db_enter(db, err) && run_fixed(db, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ", err) &&
                         run_fixed(db, "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY", err);
    return db->in_transaction;
}

bool db_commit(struct db *db, struct err *err)
{
    must(db->in_transaction);
    if (!db_enter(db, err))
        return false;
    if (!run_fixed(db, "COMMIT", err)) {
        /* Only a collision is certain to have rolled back. Whatever else COMMIT meets, nobody knows on this connection
         * whether it took effect. */
        if (db->failure != DB_RETRY) {
            db->failure = DB_LOST;
            db->lost = true;
        }
        return false;
    }
    db->in_transaction = false;
    return true;
}

void db_rollback(struct db *db)
{
    struct err ignored;
    enum db_failure failure = db->failure;
    if (db->in_transaction && !db->lost && !run_fixed(db, "ROLLBACK", &ignored))
        db->lost = true;
    db->in_transaction = false;
    db->failure = failure;
}

static bool is_blank_or_comment(struct slice line)
{
    line = slice_trim(line);
    return line.len == 0 || slice_starts_with(line, SLICE_LITERAL("--"));
}

/* Comments and blank lines at the head of a statement; the server calls a text of nothing else an error. */
static struct slice skip_comments(struct slice text)
{
    while (text.len > 0) {
        const char *end = memchr(text.data, '\n', text.len);
        size_t line = end ? (size_t)(end - text.data) : text.len;
        if (!is_blank_or_comment(slice_of(text.data, line)))
            break;
        text = slice_skip(text, end ? line + 1 : line);
    }
    return text;
}

static struct slice cut_statement(struct slice *text)
{
    const char *end = memmem(text->data, text->len, ";\n", 2);
    struct slice statement = slice_of(text->data, end ? (size_t)(end - text->data) : text->len);
    *text = slice_skip(*text, end ? statement.len + 2 : statement.len);
    return statement;
}

bool db_script_counted(struct db *db, const char *text, size_t *done_out, struct err *err)
{
    *done_out = 0;
    if (!db_enter(db, err))
        return false;
    for (struct slice rest = skip_comments(slice_str(text)); rest.len > 0; rest = skip_comments(rest)) {
        struct slice statement = cut_statement(&rest);
        if (!run_text(db, statement.data, statement.len, err))
            return err_set(err, err->kind, "MariaDB said: %s", mysql_error(db->mysql));
        mysql_free_result(mysql_store_result(db->mysql));
        ++*done_out;
    }
    return true;
}

bool db_script(struct db *db, const char *text, struct err *err)
{
    size_t done;
    return db_script_counted(db, text, &done, err);
}
