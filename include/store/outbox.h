/* What stands in the outbox (migrations/0014_feed.sql): which changes a transaction has made, for the sequencer.
 *
 * All changes of a transaction are one row (or a few), packed: entries of OUTBOX_ENTRY_BYTES, so that being told costs
 * a write next to nothing. */
#ifndef STORE_OUTBOX_H
#define STORE_OUTBOX_H

#include "base/id.h"

enum outbox_source { /* outbox.source and feed.source: never renumber */
                     OUTBOX_CHANGE = 1,
                     OUTBOX_EVENT = 2,
                     OUTBOX_PACKED = 3 /* of the outbox alone: entries, each of them a change */
};

enum { OUTBOX_ENTRY_BYTES = 55, OUTBOX_MOST_ENTRIES = 128 /* of a row */ };

struct outbox_entry { /* a row of `change`, and what it says of itself */
    struct operation_id operation;
    uint32_t ordinal;
    struct directory_id directory;
    uint16_t type;
    uint8_t kind; /* of the change */
    struct resource_id resource;
};
void outbox_pack(const struct outbox_entry *entry, char bytes[OUTBOX_ENTRY_BYTES]);
struct outbox_entry outbox_unpack(const char bytes[OUTBOX_ENTRY_BYTES]);

#endif
