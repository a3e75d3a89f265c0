/* Whole directories as NDJSON, out of the read view that the connection has: what exports and snapshots have in common.
 * They differ in what a line shows of a person. */
#ifndef ADMIN_LINES_H
#define ADMIN_LINES_H

#include "exports.h"
#include "reading.h"

struct lines {
    struct call call; /* of its own: with an arena that is emptied after each page */
    struct op shadow;
    struct environment_id environment;
    struct reading reading; /* of the directory whose lines are written */
    struct export_stream *stream;
    struct buf *out;
    int64_t deadline_ms;
    bool go_on; /* false: the client has left */
};

/* In the handler: `lines` is what `start` goes on with, the first member of what is allocated. Answers 200. */
void lines_park(struct lines *lines, struct call *call, struct environment_id environment);
/* An operation's start: runs its handler, then the kind with what it has parked. */
enum job_run lines_start(struct op *op, struct db *db, const struct export_kind *kind, struct err *err);

/* On the stream's thread: begins the read view. */
MUST_CHECK bool lines_open(struct lines *lines, struct export_stream *stream, struct op *op, struct db *db,
                           struct err *err);
void lines_fini(struct lines *lines);

/* Behind a page: sends, waits for the client, and empties the arena. */
MUST_CHECK bool lines_flush(struct lines *lines, struct err *err);

/* {"type": "…", "…": value}; steals the reference. */
void lines_add_json(struct lines *lines, const char *type, json_t *value);
void lines_add_uuid(struct lines *lines, const struct id *id); /* quoted */

struct lines_view { /* how people are shown */
    bool (*dress)(struct reading *reading, uint16_t type, struct people *people, struct err *err);
    void (*add)(struct lines *lines, const struct person *person); /* a whole line */
};
/* Everybody of a type, as lists show them: whose departure is held is there. */
MUST_CHECK bool lines_add_people(struct lines *lines, const struct lines_view *view, uint16_t type,
                                 int64_t *count_inout, struct err *err);

/* Who is in which group, at most 1,000 members in a line. lead: what a line begins with, up to the id of the group. */
MUST_CHECK bool lines_add_members(struct lines *lines, struct slice lead, int64_t *count_inout, struct err *err);

#endif
