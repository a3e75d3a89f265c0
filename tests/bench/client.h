/* An HTTP/2 client (prior knowledge, clear text): so many connections with so many requests on each, one thread. */
#ifndef BENCH_CLIENT_H
#define BENCH_CLIENT_H

#include "requests.h"

struct client;

struct answer {
    int status; /* 0: the stream or the connection ended without one */
    uint64_t begun_ns, ended_ns;
    struct slice text; /* of an answer that is no success: its first bytes */
};
typedef void client_answer_fn(void *context, const struct answer *answer);

/* Ends the program when it cannot connect. */
struct client *client_new(uint16_t port, const char *authority, size_t connections, size_t streams,
                          client_answer_fn *on_answer, void *context);
void client_free(struct client *client);

/* A request to fill and to hand to client_send; NULL when all places are taken. */
struct request *client_place(struct client *client);
/* begun_ns: from when its latency counts. */
void client_send(struct client *client, struct request *request, uint64_t begun_ns);

/* Sends what was queued, waits for answers until the time has come at the latest, and delivers them. */
void client_step(struct client *client, uint64_t until_ns);

size_t client_outstanding(const struct client *client);
uint64_t client_received(const struct client *client); /* bytes of answers' bodies */

#endif
