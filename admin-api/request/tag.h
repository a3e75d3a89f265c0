/* Entity tags (RFC 9110 section 8.8.3) of what the admin API shows: strong, made from the answer itself, so that no
 * noun needs a version.
 *
 * A tag is "<hash>" or "<hash>.<hash>". The first is of what somebody made it be; the second, where it is there, of
 * members that change by themselves (tag.c names them: counts, times of use, health). If-Match looks at the first
 * alone: that a token was used meanwhile is no reason to refuse a change. If-None-Match looks at both. */
#ifndef ADMIN_TAG_H
#define ADMIN_TAG_H

#include "base/err.h"
#include "base/slice.h"

enum { TAG_TEXT_BYTES = 64 }; /* with quotes and NUL */

struct tag_view {
    const char *resource; /* the member of the body that is the resource; NULL: the body is */
    const char *secret;   /* a member that is shown once and is no part of it; NULL: none */
};

/* Of a JSON object as it is sent. */
void tag_of(struct slice body, const struct tag_view *view, char out[TAG_TEXT_BYTES]);

enum tag_comparison {
    TAG_STRONG, /* If-Match: weak tags match nothing, what changes by itself does not count */
    TAG_WEAK    /* If-None-Match */
};

/* Does the header ("*" or a list) name the tag? ERR_BAD_REQUEST when it is malformed. */
MUST_CHECK bool tag_listed(struct slice header, const char *tag, enum tag_comparison comparison, bool *listed_out,
                           struct err *err);

#endif
