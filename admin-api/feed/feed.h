/* The change feed as its readers get it: rows by number, rendered as events.
 *
 * A row of `feed` is a change of a resource or a row of `event`; the event is made of them when it is read, always with
 * the same content and id. Most rows are one event; a change of many members, or one that (de)activates a user and
 * changes other things as well, is several, its parts. Rows whose change was erased meanwhile are passed over. */
#ifndef ADMIN_FEED_H
#define ADMIN_FEED_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/id.h"
#include "store/db.h"

enum feed_source { FEED_CHANGE = 1, FEED_EVENT = 2 }; /* feed.source: never renumber */

/* What to read next: rows below `sequence` are passed, and `part` events of that row. {1, 0}: the beginning. */
struct feed_place {
    uint64_t sequence;
    uint32_t part;
};
int feed_place_compare(struct feed_place a, struct feed_place b);

/* A set of types of events (store/event_types.def), by their order there. */
enum {
    FEED_TYPES = sizeof((const char[]){
#define EVENT_TYPE(name, meaning) 0,
#include "store/event_types.def"
#undef EVENT_TYPE
    })
};
_Static_assert(FEED_TYPES <= 64, "a set of types is a word");
extern const char *const feed_type_names[FEED_TYPES], *const feed_type_meanings[FEED_TYPES];
int feed_type_find(struct slice name); /* -1: there is none */
/* "user.created,group.*" (a noun and ".*" stands for all of it). ERR_BAD_REQUEST names the one that is unknown and says
 * which there are. */
MUST_CHECK bool feed_types_parse(struct slice list, uint64_t *types_out, struct err *err);
#define FEED_ALL_TYPES ((UINT64_C(1) << FEED_TYPES) - 1)

struct feed_ends {
    uint64_t last;   /* the highest number; 0: there is none */
    uint64_t purged; /* rows up to this one were dropped */
};
MUST_CHECK bool feed_ends_of(struct db *db, struct environment_id environment, struct feed_ends *ends_out,
                             struct err *err);

struct feed_query {
    struct environment_id environment;
    struct feed_place from;
    uint64_t until;                      /* rows up to this one; 0: to the end */
    struct organization_id organization; /* zero: all */
    struct directory_id directory;       /* zero: all, those without one included */
    bool without_directory;              /* only those without one */
    uint64_t types;                      /* bits by the order in store/event_types.def */
    size_t limit;                        /* events, at most FEED_MOST */
    size_t most_bytes;                   /* of their JSON, but for the last one; 0: 8 MiB */
};
enum { FEED_MOST = 1000, FEED_MOST_ROWS = 20000 };

struct feed_event {
    struct feed_place place;             /* its own; */
    struct feed_place next;              /* what to read behind it */
    struct id id;                        /* shown as evt-…; the same at each reading, no two events' alike */
    int type;                            /* an index of feed_type_names */
    struct organization_id organization; /* zero: none */
    struct directory_id directory;       /* likewise */
    struct id operation;                 /* the request or action that it is of, as "cause" shows it; zero: not known */
    uint16_t resource_type;              /* SCIM_TYPE_USER, …; 0: an event that is about no resource */
    struct resource_id resource;
    struct slice endpoint; /* of the resource's type: "/Users"; empty: of none, or of one that is gone */
    bool is_put;           /* by a SCIM PUT */
    int64_t happened_ms;
    struct slice json; /* {"id", "type", "timestamp", …, "data"}: whole, compact; see docs/events.md */
};

struct feed_page {
    struct feed_event *list; /* in order; in the arena */
    size_t count;
    struct feed_place next; /* where the next page begins: behind what was read and what was passed over */
    bool at_end;            /* nothing lies behind it, as yet. false with count 0: it has looked at FEED_MOST_ROWS */
};

/* What reading needs from one page to the next: memory. Used by one thread at a time. */
struct feed_reader;
struct feed_reader *feed_reader_new(void);
void feed_reader_free(struct feed_reader *reader);

/* ERR_EXPIRED_CURSOR: some of what it asks for was dropped. */
MUST_CHECK bool feed_read(struct feed_reader *reader, struct db *db, const struct feed_query *query,
                          struct arena *arena, struct feed_page *page_out, struct err *err);

#endif
