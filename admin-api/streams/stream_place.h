/* Where a stream is, and what its tokens are called. Pure.
 *
 * Most tokens are an event of the feed each. When all resources of a directory enter a stream or leave it, there is one
 * for each of them, in the order of their ids: a walk, at the place of the event that began it. */
#ifndef ADMIN_STREAMS_STREAM_PLACE_H
#define ADMIN_STREAMS_STREAM_PLACE_H

#include "base/id.h"
#include "feed.h"

/* A token's mark: its event's place, and within a walk what it is about. Of a stream: what comes next, or within a walk
 * what was passed last. */
struct stream_place {
    struct feed_place feed;
    struct directory_id directory; /* zeros, as what follows: it is in no walk */
    uint16_t type;
    struct resource_id resource;
};

/* The walk over everything, where a stream begins with what is there: behind all of `sequence`. */
#define STREAM_PART_OF_ALL UINT32_MAX

enum { STREAM_PLACE_BYTES = 46, STREAM_SALT_BYTES = 16, STREAM_JTI_BYTES = 80 /* with NUL */ };

int stream_place_compare(const struct stream_place *a, const struct stream_place *b);
bool stream_place_is_walk(const struct stream_place *place);
/* Was the token passed, when the stream is at `place`? */
bool stream_place_has_passed(const struct stream_place *place, const struct stream_place *mark);

/* Bytes that sort as the places do. */
void stream_place_write(const struct stream_place *place, uint8_t out[STREAM_PLACE_BYTES]);
bool stream_place_read(struct slice bytes, struct stream_place *place_out);

/* The same at each offer, another for each stream, and nobody can guess the next one. */
void stream_jti_write(const uint8_t salt[STREAM_SALT_BYTES], const struct stream_place *mark,
                      char out[STREAM_JTI_BYTES]);
/* false: it is no token's of this stream. */
bool stream_jti_read(const uint8_t salt[STREAM_SALT_BYTES], struct slice jti, struct stream_place *mark_out);

#endif
