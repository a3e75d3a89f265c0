/* A row of event_stream: loaded and shown. */
#ifndef ADMIN_STREAMS_STREAM_H
#define ADMIN_STREAMS_STREAM_H

#include "call.h"
#include "set_token.h"

enum stream_delivery { STREAM_POLL = 1, STREAM_PUSH = 2 }; /* event_stream.delivery: never renumber */

enum { STREAMS_MOST = 50, STREAM_ORGANIZATIONS_MOST = 100 };

struct stream { /* texts in the arena */
    struct id id;
    struct environment_id environment;
    struct slice label;
    enum stream_delivery delivery;
    enum auth_algorithm algorithm;
    struct set_stream set;
    const struct organization_id *organizations; /* NULL: all */
    size_t organization_count;
    struct stream_place place;
    struct slice url; /* of one that is pushed; */
    bool has_token;   /* and whether a bearer token is sent there */
    int64_t created_ms;
};

extern const char *const stream_format_names[], *const stream_algorithm_names[], *const stream_delivery_names[];

/* A row of stream_load or stream_list; it is copied. */
struct stream stream_of_row(const struct db_value *row, const struct environment_id *environment, struct arena *arena);
json_t *stream_show(struct call *call, const struct db_value *row); /* a new reference; a page_render_fn */

/* The row and what it says, locked when the call changes something. ERR_NOT_FOUND. The row is good until the next
 * statement. */
MUST_CHECK bool stream_load(struct call *call, const struct environment_id *environment, const struct id *id,
                            const struct db_value **row_out, struct stream *stream_out, struct err *err);
/* The stream that the path names. */
MUST_CHECK bool stream_of_path(struct call *call, const struct db_value **row_out, struct stream *stream_out,
                               struct err *err);
/* Its row held until the caller's transaction ends. */
MUST_CHECK bool stream_hold(struct call *call, const struct stream *stream, struct err *err);

bool stream_takes(const struct stream *stream, const struct organization_id *organization);

#endif
