/* Events of users and groups that no single change stands for: they are written down in `event` when they are numbered.
 * Private to guarded*.c. */
#ifndef ADMIN_FEED_GUARDED_TELL_H
#define ADMIN_FEED_GUARDED_TELL_H

#include "guarded.h"
#include "history_read.h"
#include "scim/schema.h"
#include "store/view.h"

enum {
    TELL_MOST_MEMBERS = 500,    /* in an event */
    TELL_MOST_BYTES = 32 << 20, /* of events in memory: each has the whole of its group */
};

/* Why it happened, when, and who did it; zero: the system, now. */
struct tell_why {
    int cause; /* enum view_cause */
    int64_t at_ms;
    struct id operation;
    struct id actor;
    const char *actor_prefix;
};

struct tell { /* zero but for the first three, and `bodies`, which is an arena of its own */
    struct db *db;
    struct arena *arena;
    int64_t now_ms;
    struct tell_why why;  /* of the events that follow */
    struct pending *list; /* what is to be numbered instead */
    size_t count, capacity;
    struct db_value *events; /* rows of event, not written yet */
    size_t event_count, event_capacity;
    struct arena bodies; /* of those events */
    size_t body_bytes;
};

struct tell_member {
    struct id id;
    bool is_group;
};

/* Of columns created_ms, cause, actor, and which kind of actor, as statements of guarded.sql have them. */
struct tell_why tell_why_of(const struct db_value *columns);

void tell_keep(struct tell *tell, const struct pending *pending);
/* An event about a user or a group of the directory that `like` is of. data: a JSON object; copied. */
void tell_event(struct tell *tell, const struct pending *like, const char *type, const struct history_of *about,
                struct slice data);
/* group.member_added or group.member_removed, as many events as it takes. document: of the group as events show it.
 * guard: "held", "released"; NULL: as every change of members. */
struct tell_members {
    struct resource_id group;
    struct slice document;
    uint64_t version;
    bool added;
    const char *guard;
    const struct tell_member *list;
    size_t count;
};
void tell_members(struct tell *tell, const struct pending *like, const struct tell_members *members);
/* At the end, and before when there is much. */
MUST_CHECK bool tell_write(struct tell *tell, struct err *err);

/* Room for one more: the list, or a larger one. */
void *tell_grow(struct arena *arena, void *list, size_t count, size_t *capacity, size_t size);
/* As events show it; in the arena. */
struct slice tell_document(struct arena *arena, const struct scim_resource_type *type, struct scim_stored stored);

#endif
