/* One turn of the sequencer: committed rows of the outbox get their numbers. */
#ifndef ADMIN_FEED_NUMBER_H
#define ADMIN_FEED_NUMBER_H

#include "base/id.h"
#include "gaps.h"
#include "store/db.h"
#include "store/outbox.h"

enum { NUMBER_MOST = 2048, NUMBER_MOST_ROWS = 256 /* of the outbox, in a turn */ };
_Static_assert((int)NUMBER_MOST > (int)OUTBOX_MOST_ENTRIES, "a turn gets on");

struct pending { /* what gets a number */
    int source;  /* enum feed_source */
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

/* What a process remembers from turn to turn; zero at first. */
struct numbering {
    uint64_t
        turns; /* of all processes, as this one has left them. When another has numbered since, the gaps are void */
    struct gaps gaps;
    bool news; /* the caller's: guard_news has rows (guarded.h) */
};

struct number_result {
    size_t numbered;
    size_t rows; /* of the outbox, that were taken */
    int64_t waited_us[NUMBER_MOST_ROWS];
    bool more; /* the turn was full: there is probably more */
};

/* Once on each connection that numbers. */
MUST_CHECK bool number_prepare(struct db *db, struct err *err);

/* In one transaction: takes rows, numbers what stands in them, deletes them from the outbox. Whatever number of
 * processes and threads may call it, one does at a time. from_start: looks at rows that should not be there any more,
 * too. false with DB_RETRY: another process was faster. */
MUST_CHECK bool number_turn(struct db *db, struct numbering *numbering, bool from_start,
                            struct number_result *result_out, struct err *err);

#endif
