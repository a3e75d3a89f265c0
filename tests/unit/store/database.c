#include "database.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "store/store.h"

#define SCRIPT TEST_VECTORS_DIR "/../support/mariadb"

static char folder[] = "/tmp/rollcall-store.XXXXXX";

enum { URL_BYTES = 512, MOST_URLS = 64 };

static void run(const char *verb)
{
    char command[1024];
    snprintf(command, sizeof(command), "%s %s %s >%s/output", SCRIPT, verb, folder, folder);
    must(system(command) == 0);
}

static void make_empty(const char *database)
{
    struct err err;
    struct db_settings settings = database_settings();
    char other[URL_BYTES];
    snprintf(other, sizeof(other), "mariadb://root@localhost/mysql?socket=%s/run/socket", folder);
    settings.url = other;
    struct db *db = db_open(&settings, &err);
    must(db);
    char script[256];
    snprintf(script, sizeof(script), "DROP DATABASE IF EXISTS %s;\nCREATE DATABASE %s;\n", database, database);
    database_run(db, script);
    db_close(db);
}

static int guard_pipe[2];
static pid_t guard;

/* A process that cleans up when this one ends, however it ends. */
static void start_guard(void)
{
    must(pipe2(guard_pipe, O_CLOEXEC) == 0);
    guard = fork();
    must(guard >= 0);
    if (guard > 0)
        return;
    setsid();
    close(guard_pipe[1]);
    char nothing;
    while (read(guard_pipe[0], &nothing, 1) < 0)
        continue;
    char command[1024];
    snprintf(command, sizeof(command), "%s stop %s && rm -rf %s", SCRIPT, folder, folder);
    _exit(system(command) == 0 ? 0 : 1);
}

int database_start(void **state)
{
    (void)state;
    must(mkdtemp(folder));
    must(chmod(folder, 0755) == 0); /* the server may run as another user */
    start_guard();
    run("start");
    make_empty("rollcall");
    return 0;
}

int database_stop(void **state)
{
    (void)state;
    int status;
    close(guard_pipe[1]);
    must(waitpid(guard, &status, 0) == guard);
    return status;
}

void database_kill(void) { run("kill"); }
void database_resume(void) { run("start"); }
void database_reset(void) { make_empty("rollcall"); }

/* Threads that were given a URL go on reading it, so each is written once and stays. */
static const char *kept(const char *url)
{
    static pthread_mutex_t writing = PTHREAD_MUTEX_INITIALIZER;
    static char *urls[MOST_URLS];
    size_t at = 0;
    pthread_mutex_lock(&writing);
    while (urls[at] && strcmp(urls[at], url) != 0)
        at++;
    must(at + 1 < MOST_URLS);
    if (!urls[at])
        must((urls[at] = strdup(url)));
    pthread_mutex_unlock(&writing);
    return urls[at];
}

struct db_settings database_settings_of(const char *user, const char *password, const char *options)
{
    char url[URL_BYTES];
    snprintf(url, sizeof(url), "mariadb://%s:%s@localhost/rollcall?socket=%s/run/socket%s", user, password, folder,
             options);
    return (struct db_settings){
        .url = kept(url), .connect_timeout_s = 2, .io_timeout_s = 10, .statement_timeout_ms = 5000};
}

struct db_settings database_settings(void) { return database_settings_of("root", "", ""); }

struct db *database_connect(void)
{
    struct err err = ERR_INIT;
    struct db_settings settings = database_settings();
    struct db *db = db_open(&settings, &err);
    must(db);
    return db;
}

void database_run(struct db *db, const char *script)
{
    struct err err = ERR_INIT;
    bool ran = db_script(db, script, &err);
    if (!ran)
        fprintf(stderr, "%s\n", err.detail);
    must(ran);
}

int64_t database_integer(struct db *db, const char *sql)
{
    struct err err = ERR_INIT;
    const struct db_value *row;
    must(db_query_one(db, sql, NULL, 0, &row, &err));
    must(row && row[0].kind == DB_INTEGER);
    return row[0].integer;
}

static void say_nothing(const char *line) { (void)line; }

void database_migrate(void)
{
    struct err err = ERR_INIT;
    struct db_settings settings = database_settings();
    database_reset();
    bool migrated = store_migrate(&settings, say_nothing, &err);
    if (!migrated)
        fprintf(stderr, "%s\n", err.detail);
    must(migrated);
}
