/* One request and its answer: a copy for the use case on one side, libh2o's request on the other.
 *
 * libh2o frees a request whenever its client leaves. So nothing but `req` points at it, `req` is touched by the loop's
 * thread alone, and a guard in the request's pool clears it. An exchange whose job is with the store outlives its
 * request, and holds its admission slots until the job is back. */
#ifndef HTTP_EXCHANGE_H
#define HTTP_EXCHANGE_H

#include "connection.h"
#include "router.h"

enum exchange_state {
    EXCHANGE_ARRIVED,
    EXCHANGE_IN_OUTBOX, /* until the end of the round: a stream that is reset meanwhile reaches no queue */
    EXCHANGE_IN_STORE,
    EXCHANGE_ANSWERED /* libh2o sends it */
};

struct exchange {
    struct op op; /* first: jobs are ops are exchanges */
    enum exchange_state state;
    struct loop *loop;
    struct connection *connection;    /* held */
    h2o_req_t *req;                   /* NULL: the client has left */
    struct exchange *next, *previous; /* of the connection while req is set; next also among the spare */
    enum store_lane lane;
    size_t route_index;
    uint64_t began_ns, pushed_ns, back_ns, answered_ms;
    struct slice host, forwarded_proto, forwarded_host, forwarded_for;
    bool is_http2, has_doubles; /* a header that must be single came twice */
    bool streams;               /* the answer has begun, and comes in pieces */
    h2o_generator_t generator;  /* of it */
};

static inline struct exchange *exchange_next(const struct exchange *exchange) { return exchange->next; }
/* When the answer was handed to libh2o; 0: not yet. */
static inline uint64_t exchange_answered_ms(const struct exchange *exchange) { return exchange->answered_ms; }

/* libh2o's handler for every path. */
int exchange_on_request(h2o_handler_t *handler, h2o_req_t *req);

void exchange_push_all(struct loop *loop);                      /* at the end of a round */
void exchange_come_home(struct loop *loop, struct job *newest); /* linked by next, newest first */
void exchange_drop_home(struct loop *loop, struct job *newest); /* after the loop has ended */
void exchange_free_spare(struct loop *loop);

/* Bytes that the body of such a request may have. */
size_t exchange_body_limit(const struct http_server *server, struct slice method, struct slice target);
/* Always false. */
bool exchange_too_large(size_t limit, struct err *err);

/* --- within the exchange --- */

/* Copies the request into the op. false: op->err says what is wrong with it. */
bool exchange_pack(struct exchange *exchange);
/* Sends op->reply. */
void exchange_answer(struct exchange *exchange);
/* Its status and headers alone. */
void exchange_start(struct exchange *exchange, size_t content_length);
/* The first or the next piece of an answer in pieces. */
void exchange_send_piece(struct exchange *exchange);
/* Nobody waits for the rest. */
void exchange_stop_stream(struct exchange *exchange);
/* Renders op->err and sends it. */
void exchange_refuse(struct exchange *exchange);
void exchange_count(struct exchange *exchange);
void exchange_tell(const struct exchange *exchange, bool client_left); /* the service, that it has ended */
void exchange_count_records(struct exchange *exchange);                /* of the operations in it */
void exchange_release(struct exchange *exchange);
/* Of a job that is out: what limits count. Given back when it comes home. */
void exchange_take_slots(struct exchange *exchange);
/* Takes admission slots and puts its job into the outbox, or refuses. */
void exchange_submit(struct exchange *exchange);
/* Takes the job back and its slots with it; false: a worker has it. */
bool exchange_withdraw(struct exchange *exchange);

#endif
