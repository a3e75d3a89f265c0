/* UTF-16 text for the calls of ICU. Private to the room. */
#ifndef SCIM_UNICODE_WIDE_H
#define SCIM_UNICODE_WIDE_H

#include <unicode/utypes.h>

#include "base/buf.h"

enum { SCIM_WIDE_FIXED = 256 };

/* Short texts live in `fixed`, so that a name costs no allocation. Never copy the struct. */
struct scim_wide {
    UChar *data;
    int32_t len, capacity; /* UTF-16 units */
    UChar fixed[SCIM_WIDE_FIXED];
};

void scim_wide_init(struct scim_wide *wide);
void scim_wide_fini(struct scim_wide *wide);
void scim_wide_reserve(struct scim_wide *wide, int32_t capacity); /* what was in it is lost */

void scim_wide_read(struct scim_wide *wide, struct slice utf8);
void scim_wide_write(const struct scim_wide *wide, struct buf *out);
void scim_wide_nfc(const struct scim_wide *from, struct scim_wide *to);
void scim_wide_add(struct scim_wide *wide, UChar32 c); /* within what was reserved */

/* The character at or before *at, which moves past it; U_SENTINEL at the ends. */
UChar32 scim_wide_next(const struct scim_wide *wide, int32_t *at);
UChar32 scim_wide_previous(const struct scim_wide *wide, int32_t *at);

#endif
