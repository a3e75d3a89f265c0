/* What an HTTP/2 connection sends, counted frame by frame before libh2o reads it. Pure.
 *
 * libh2o 2.2.5 bounds no kind of frame, and much of a hostile connection never reaches a handler: bodies that do not
 * end, streams given up before their end, pings. All of it is visible in the nine bytes before each frame. */
#ifndef HTTP_FRAMES_H
#define HTTP_FRAMES_H

#include <stdint.h>

#include "base/slice.h"

enum { FRAMES_PREFACE_BYTES = 24, FRAMES_MOST_UPLOADS = 128 };
extern const char frames_preface[FRAMES_PREFACE_BYTES + 1];

enum frame_type {
    FRAME_DATA,
    FRAME_HEADERS,
    FRAME_PRIORITY,
    FRAME_RST_STREAM,
    FRAME_SETTINGS,
    FRAME_PUSH_PROMISE,
    FRAME_PING,
    FRAME_GOAWAY,
    FRAME_WINDOW_UPDATE,
    FRAME_CONTINUATION,
    FRAME_KNOWN_TYPES /* libh2o prints a line on stderr for each frame of any other type */
};

struct frame {
    unsigned type, flags;
    uint32_t stream;
    size_t bytes;  /* whole, with its nine */
    size_t length; /* payload */
};

/* The frame at the beginning of text; false while it is not there as a whole. */
bool frames_next(struct slice text, struct frame *frame_out);

struct upload { /* a stream that still sends its body */
    uint32_t stream;
    uint64_t since_ms;
    size_t bytes;
};

struct frames {
    uint64_t streams; /* opened by the client */
    uint64_t resets;  /* of streams whose request was not complete; the others are counted by their exchange */
    uint64_t control; /* frames that carry neither requests nor bodies nor windows */
    uint64_t windows; /* WINDOW_UPDATE */
    uint32_t last_stream;
    bool in_block;           /* a header block goes on in CONTINUATION */
    uint64_t block_since_ms; /* since then */
    size_t block_bytes;
    struct upload *uploads; /* heap; NULL until the first */
    size_t upload_count, upload_bytes;
};

struct frames_limits {
    size_t header; /* bytes of one header block */
    size_t bodies; /* bytes of all open bodies together */
};

/* Counts one frame. Returns why the connection has to be cut, or NULL. */
const char *frames_count(struct frames *frames, const struct frame *frame, const struct frames_limits *limits,
                         uint64_t now_ms);
/* Is it flooding? reply_bytes: what it was sent so far, for which it owes window updates. */
const char *frames_judge(const struct frames *frames, uint64_t reply_bytes);
/* When the oldest unfinished request began; 0: there is none. */
uint64_t frames_oldest_ms(const struct frames *frames);
void frames_fini(struct frames *frames);

#endif
