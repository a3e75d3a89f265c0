/* Within the store: the two ends of the request log. */
#ifndef STORE_REQUEST_RING_H
#define STORE_REQUEST_RING_H

#include "store/db.h"
#include "store/request.h"

/* Waits for records, then a moment for more of them, and takes them all, oldest first; NULL: none came for a second.
 * *stopping_out: request_ring_stop was called. */
struct store_request *request_ring_take(bool *stopping_out);
void request_ring_open(void);
void request_ring_stop(void);
/* Some could not be written: for the next take, as far as there is room. */
void request_ring_give_back(struct store_request *first);

/* They are lost to the log, but not to the counts of their directories. */
void request_drop(struct store_request *list);

/* Writes them in one transaction; false: none was. They stay the caller's. */
MUST_CHECK bool request_write(struct db *db, struct store_request *first, struct err *err);

/* The thread that writes requests and health. */
struct request_writer;
struct request_writer *request_writer_start(const struct db_settings *settings);
void request_writer_stop(struct request_writer *writer); /* writes what waits; NULL is fine */

#endif
