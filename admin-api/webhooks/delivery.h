/* The log of deliveries: rows gathered as attempts end, and written together. One thread's. */
#ifndef ADMIN_WEBHOOKS_DELIVERY_H
#define ADMIN_WEBHOOKS_DELIVERY_H

#include "base/arena.h"
#include "feed.h"
#include "store/db.h"

/* webhook_delivery.kind and .state: never renumber. */
enum delivery_kind { DELIVERY_LIVE = 1, DELIVERY_REPLAY = 2, DELIVERY_PING = 3, DELIVERY_EXPIRED = 4 };
enum delivery_state { DELIVERY_WAITING = 1, DELIVERY_AGAIN = 2, DELIVERY_DONE = 3, DELIVERY_FAILED = 4 };

struct delivery { /* texts in the log's arena */
    struct id endpoint, id, event, replay;
    enum delivery_kind kind;
    enum delivery_state state;
    struct feed_place place;
    uint64_t until; /* of DELIVERY_EXPIRED: sequences before it */
    const char *type;
    struct organization_id organization;
    struct directory_id directory;
    unsigned attempts;
    struct slice attempt; /* a JSON object: the last one */
    int64_t next_ms;      /* 0: none */
    struct slice error;   /* data NULL: none, as the others */
    int status;           /* 0: none */
    struct slice request_headers, response_headers, response_body;
    int64_t created_ms, ended_ms; /* 0: it has not ended */
};

struct delivery_closing { /* one whose event is not there any more */
    struct id endpoint, id;
    const char *error; /* static */
};

struct delivery_log {
    struct arena arena;
    struct delivery *list;
    size_t count, capacity;
    struct delivery_closing *closings;
    size_t closing_count, closing_capacity;
};

void delivery_log_init(struct delivery_log *log);
void delivery_log_fini(struct delivery_log *log);
void delivery_log_clear(struct delivery_log *log);

struct delivery *delivery_add(struct delivery_log *log); /* zeroed; good until the next call */
void delivery_close(struct delivery_log *log, const struct id *endpoint, const struct id *id, const char *error);
/* What of an endpoint was gathered is not to be written: it is another process's now. */
void delivery_log_drop(struct delivery_log *log, const struct id *endpoint);

/* In the caller's transaction. Doing it twice is as good as once. */
MUST_CHECK bool delivery_log_write(struct db *db, const struct delivery_log *log, int64_t now_ms, struct err *err);

#endif
