/* How the values of an attribute are prepared and compared. Private to the room. */
#ifndef SCIM_FILTER_TEXT_H
#define SCIM_FILTER_TEXT_H

#include "base/buf.h"
#include "scim/filter.h"

enum scim_text_kind {
    SCIM_TEXT_EXACT,
    SCIM_TEXT_FOLDED,
    SCIM_TEXT_USER_NAME, /* PRECIS (I-03) */
    SCIM_TEXT_URI,       /* of a resource of ours: with and without the version segment they are equal */
};

/* Of an attribute without sub-attributes; NULL (undeclared) is folded. */
enum scim_text_kind scim_text_kind(const struct scim_attribute *attribute);

/* Appends the prepared value. Never fails: a user name that PRECIS refuses is folded instead; no stored one is like
 * that, so it equals none. */
void scim_text_prepare(enum scim_text_kind kind, struct slice value, struct buf *out);
struct slice scim_text_prepare_in(enum scim_text_kind kind, struct slice value, struct arena *arena);

/* value `op` literal, where the literal is prepared and the value is not. Order is by code point (F-09). */
bool scim_text_compare(enum scim_text_kind kind, struct slice value, enum scim_operator op, struct slice prepared);

/* A scalar of unknown type as text, in `room` unless it is one. */
enum { SCIM_SCALAR_TEXT_BYTES = 32 };
struct slice scim_undeclared_text(const json_t *value, char room[SCIM_SCALAR_TEXT_BYTES]);

#endif
