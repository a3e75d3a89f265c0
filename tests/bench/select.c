/* What MariaDB itself reaches with the statement that a GET by id comes down to: one row of `resource` by its primary
 * key, prepared, over the same socket, from as many threads as are asked for.
 *
 *   select SOCKET DATABASE DATA_DIRECTORY THREADS SECONDS MARIADBD_PID
 *
 * Prints one JSON object. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <mysql.h>

#include "sample.h"

enum { MOST_THREADS = 256, DOCUMENT_BYTES = 65536 };

static const char statement[] = "SELECT version, created_ms, modified_ms, open_braces, document FROM resource "
                                "WHERE directory_id = ? AND type = 1 AND id = ?";

static const char *socket_path, *database;
static unsigned char directory_id[16], (*ids)[16];
static size_t id_count;
static uint64_t end_ns;

struct reader {
    pthread_t thread;
    uint64_t seed;
    struct latencies latencies;
};

static unsigned hex(char c) { return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10); }

static void read_uuid(const char *text, unsigned char *out)
{
    for (size_t at = 0; at < 16; text += 2) {
        if (*text == '-')
            text++;
        out[at++] = (unsigned char)(hex(text[0]) << 4 | hex(text[1]));
    }
}

static MYSQL_STMT *prepare(MYSQL *connection)
{
    MYSQL_STMT *prepared = mysql_stmt_init(connection);
    if (!prepared || mysql_stmt_prepare(prepared, statement, sizeof(statement) - 1))
        sample_fail("prepare: %s", mysql_error(connection));
    return prepared;
}

static uint64_t next_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    return *seed ^= *seed << 17;
}

static MYSQL_BIND blob(void *at, unsigned long room, unsigned long *length)
{
    return (MYSQL_BIND){.buffer_type = MYSQL_TYPE_BLOB, .buffer = at, .buffer_length = room, .length = length};
}

static void bind_result(MYSQL_STMT *prepared, char *document, unsigned long *length)
{
    static _Thread_local long long numbers[4];
    MYSQL_BIND results[5];
    for (size_t i = 0; i < 4; i++)
        results[i] = (MYSQL_BIND){.buffer_type = MYSQL_TYPE_LONGLONG, .buffer = &numbers[i]};
    results[4] = blob(document, DOCUMENT_BYTES, length);
    if (mysql_stmt_bind_result(prepared, results))
        sample_fail("bind: %s", mysql_stmt_error(prepared));
}

static void *read_rows(void *argument)
{
    struct reader *reader = argument;
    MYSQL *connection = mysql_init(NULL);
    if (!mysql_real_connect(connection, NULL, "root", NULL, database, 0, socket_path, 0))
        sample_fail("connect: %s", mysql_error(connection));
    MYSQL_STMT *prepared = prepare(connection);
    unsigned char id[16];
    unsigned long id_length = sizeof(id), document_length = 0;
    char *document = malloc(DOCUMENT_BYTES);
    MYSQL_BIND parameters[2] = {blob(directory_id, 16, &id_length), blob(id, 16, &id_length)};
    if (!document || mysql_stmt_bind_param(prepared, parameters))
        sample_fail("bind: %s", mysql_stmt_error(prepared));
    bind_result(prepared, document, &document_length);

    for (uint64_t now = sample_now_ns(); now < end_ns;) {
        memcpy(id, ids[next_random(&reader->seed) % id_count], sizeof(id));
        if (mysql_stmt_execute(prepared) || mysql_stmt_store_result(prepared) || mysql_stmt_fetch(prepared))
            sample_fail("a row that was loaded was not found: %s", mysql_stmt_error(prepared));
        mysql_stmt_free_result(prepared);
        uint64_t after = sample_now_ns();
        latencies_add(&reader->latencies, after - now);
        now = after;
    }
    mysql_stmt_close(prepared);
    mysql_close(connection);
    free(document);
    return NULL;
}

static void read_ids(const char *data)
{
    struct pairs pairs;
    sample_pairs(data, "directory.txt", &pairs);
    read_uuid(pairs.first[0], directory_id);
    sample_pairs(data, "users.txt", &pairs);
    id_count = pairs.count;
    ids = calloc(id_count, 16);
    if (!ids)
        sample_fail("out of memory");
    for (size_t i = 0; i < id_count; i++)
        read_uuid(pairs.first[i], ids[i]);
}

int main(int argc, char **argv)
{
    if (argc != 7)
        sample_fail("usage: select SOCKET DATABASE DATA_DIRECTORY THREADS SECONDS MARIADBD_PID");
    socket_path = argv[1];
    database = argv[2];
    read_ids(argv[3]);
    uint64_t threads = sample_number("THREADS", argv[4]), seconds = sample_number("SECONDS", argv[5]);
    int pid = (int)sample_number("MARIADBD_PID", argv[6]);
    static struct reader readers[MOST_THREADS];
    if (threads < 1 || threads > MOST_THREADS || mysql_library_init(0, NULL, NULL))
        sample_fail("THREADS can be 1 to %d", MOST_THREADS);

    uint64_t begin = sample_now_ns(), cpu = sample_cpu_ns(pid);
    end_ns = begin + seconds * 1000000000u;
    for (uint64_t i = 0; i < threads; i++) {
        readers[i].seed = (i + 1) * 0x9E3779B97F4A7C15u;
        if (pthread_create(&readers[i].thread, NULL, read_rows, &readers[i]))
            sample_fail("cannot start a thread");
    }
    struct latencies all = {NULL, 0, 0};
    for (uint64_t i = 0; i < threads; i++) {
        pthread_join(readers[i].thread, NULL);
        for (size_t k = 0; k < readers[i].latencies.count; k++)
            latencies_add(&all, (uint64_t)readers[i].latencies.list[k] * 1000);
    }
    double count = (double)all.count;
    printf("{\"rate\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"db_cpu_us\": %.2f}\n",
           count * 1e9 / (double)(sample_now_ns() - begin), latencies_percentile(&all, 50),
           latencies_percentile(&all, 99), (double)(sample_cpu_ns(pid) - cpu) / 1000 / count);
}
