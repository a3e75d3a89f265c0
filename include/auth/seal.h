/* Seals: what is given out and taken back later, such as the cursors of lists: a MAC over what is readable, or a sealed
 * text that nobody outside can read.
 *
 * Keyed from the peppers, so that nobody outside can make one and every process of a cluster accepts it. */
#ifndef AUTH_SEAL_H
#define AUTH_SEAL_H

#include "auth/token.h"
#include "base/buf.h"

enum { AUTH_SEAL_BYTES = 16 };

/* purpose: static text that keeps one use's seals from being another's, at most 64 bytes. false when the pepper version
 * is unknown. */
MUST_CHECK bool auth_seal(const struct auth_peppers *peppers, unsigned pepper_version, const char *purpose,
                          struct slice message, uint8_t seal_out[AUTH_SEAL_BYTES]);

/* In constant time. */
MUST_CHECK bool auth_seal_check(const struct auth_peppers *peppers, unsigned pepper_version, const char *purpose,
                                struct slice message, const uint8_t seal[AUTH_SEAL_BYTES]);

/* Encrypts the message (XChaCha20-Poly1305, a key of its own for each pepper and purpose, a random nonce) and appends
 * it to out as unpadded base64url. What it is bound to is not in it, and has to be the same when it is opened. Made
 * with the newest pepper. */
void auth_sealed_make(const struct auth_peppers *peppers, const char *purpose, struct slice bound, struct slice message,
                      struct buf *out);

/* Appends the message to out. false: nothing of ours, for another purpose or bound to something else, or changed in a
 * bit. */
MUST_CHECK bool auth_sealed_open(const struct auth_peppers *peppers, const char *purpose, struct slice bound,
                                 struct slice sealed, struct buf *out);

/* The same as bytes and of any length, for what is kept in the database. */
void auth_box_make(const struct auth_peppers *peppers, const char *purpose, struct slice bound, struct slice message,
                   struct buf *out);
MUST_CHECK bool auth_box_open(const struct auth_peppers *peppers, const char *purpose, struct slice bound,
                              struct slice box, struct buf *out);

#endif
