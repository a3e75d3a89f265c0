/* The access log: one JSON object per request. Routes instead of paths, and no query: names of people are in both.
 * Lines are collected per loop and written once a second, because a write(2) each costs more than the request. */
#ifndef HTTP_ACCESS_LOG_H
#define HTTP_ACCESS_LOG_H

#include "exchange.h"

/* A line for the request, and before it one for each operation in it. */
void access_log_add(struct exchange *exchange, size_t bytes_sent);
void access_log_records(struct exchange *exchange); /* the latter alone */
/* The client left before the answer: its status is 499. */
void access_log_abandoned(struct exchange *exchange);
void access_log_flush(struct loop *loop);

#endif
