/* Where an HTTP/1 message begins and ends, read strictly (RFC 9112). Pure.
 *
 * libh2o reads leniently: it takes the first of two Content-Length headers, prefers Transfer-Encoding over both,
 * accepts bare LF, folded headers and chunk sizes such as "0x0". What one server on the way reads differently from the
 * next is a smuggled request, so every byte passes through here first, and libh2o sees whole messages of one meaning
 * only. */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

enum framing_step {
    FRAMING_MORE, /* so far well-formed; bytes are missing */
    FRAMING_DONE,
    FRAMING_REFUSED /* err says why */
};

struct framing_limits {
    size_t header; /* bytes of request line and headers with their line ends; of trailers as well */
    size_t fields; /* headers */
};

struct framing_head {
    struct slice method, target, host, expect;            /* into the head; data is NULL without the header */
    struct slice length_name, encoding_name, expect_name; /* where those names stand */
    bool version_1_1;
    bool chunked;
    bool has_length;
    uint64_t content_length;
};

/* Looks for the end of the head in text[*seen_io..]; *seen_io remembers how far it is known to be well-formed.
 * FRAMING_DONE: *length_out bytes, the empty line included. */
enum framing_step framing_find_head(struct slice text, const struct framing_limits *limits, size_t *seen_io,
                                    size_t *length_out, struct err *err);

/* A whole head, as framing_find_head cut it. What could be read of the request line is in head_out on refusal, too. */
bool framing_parse_head(struct slice text, const struct framing_limits *limits, struct framing_head *head_out,
                        struct err *err);

/* The body behind a head. */
struct framing_body {
    enum framing_body_state {
        FRAMING_COUNTED,
        FRAMING_CHUNK_SIZE,
        FRAMING_CHUNK_EXTENSION,
        FRAMING_CHUNK_SIZE_LF,
        FRAMING_CHUNK_DATA,
        FRAMING_CHUNK_CR,
        FRAMING_CHUNK_LF,
        FRAMING_TRAILER_START,
        FRAMING_TRAILER_NAME,
        FRAMING_TRAILER_VALUE,
        FRAMING_TRAILER_LF,
        FRAMING_LAST_LF,
        FRAMING_ENDED
    } state;
    uint64_t left;    /* of the body or of the chunk */
    unsigned digits;  /* of the chunk size */
    size_t overhead;  /* bytes of the current extension; of all trailers */
    size_t most;      /* trailers */
    uint64_t payload; /* bytes of content so far */
};

void framing_body_init(struct framing_body *body, const struct framing_head *head, const struct framing_limits *limits);
/* Takes what belongs to the body from the beginning of text; *used_out bytes do. */
enum framing_step framing_body_feed(struct framing_body *body, struct slice text, size_t *used_out, struct err *err);

/* A Host: name, IPv4 or [IPv6], and an optional port. */
bool framing_host_is_valid(struct slice host);

#endif
