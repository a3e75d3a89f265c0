/* Small questions about UTF-8 text. Private to the room. */
#ifndef SCIM_UNICODE_TEXT_H
#define SCIM_UNICODE_TEXT_H

#include "base/buf.h"

bool scim_text_is_ascii(struct slice text);
bool scim_text_is_utf8(struct slice text);
void scim_text_add_lower(struct slice ascii, struct buf *out);

/* The longest beginning of at most `bytes` that does not end inside a character. */
struct slice scim_text_cut(struct slice text, size_t bytes);

static inline char scim_ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

#endif
