/* base64url without padding (RFC 7515 section 2), one spelling for each text only. */
#ifndef AUTH_BASE64URL_H
#define AUTH_BASE64URL_H

#include "base/arena.h"
#include "base/buf.h"

/* false: other characters, padding, or bits that are left over. *bytes_out is in the arena. */
bool auth_base64url_read(struct slice text, struct arena *arena, struct slice *bytes_out);

void auth_base64url_add(const void *bytes, size_t length, struct buf *out);

#endif
