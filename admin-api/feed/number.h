/* One turn of the sequencer: committed rows of the outbox get their numbers. */
#ifndef ADMIN_FEED_NUMBER_H
#define ADMIN_FEED_NUMBER_H

#include "base/id.h"
#include "store/db.h"

enum { NUMBER_MOST = 500 };

struct pending { /* a row of the outbox */
    uint64_t position;
    int source; /* enum feed_source */
    struct id operation;
    uint32_t ordinal;
    struct environment_id environment;   /* zero: what it is about is gone, and nobody is to hear of it */
    struct organization_id organization; /* zero: none, as directory and resource */
    struct directory_id directory;
    uint16_t type;
    uint8_t kind;
    struct resource_id resource;
    bool is_primary;
    bool is_guarded; /* the vendor's view of the directory is held (guard_hold) */
};

/* In one transaction: takes rows behind `low`, numbers them, deletes them from the outbox. Whatever number of processes
 * and threads may call it, one does at a time. positions_out has room for NUMBER_MOST: those that were taken,
 * ascending. false with DB_RETRY: another process was faster. */
MUST_CHECK bool number_turn(struct db *db, uint64_t low, int64_t now_ms, uint64_t *positions_out, size_t *count_out,
                            struct err *err);

#endif
