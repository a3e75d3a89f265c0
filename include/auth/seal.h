/* Seals: a MAC over what is given out and taken back later, such as the cursors of lists.
 *
 * Keyed from the peppers, so that nobody outside can make one and every process of a cluster accepts it. */
#ifndef AUTH_SEAL_H
#define AUTH_SEAL_H

#include "auth/token.h"
#include "base/slice.h"

enum { AUTH_SEAL_BYTES = 16 };

/* purpose: static text that keeps one use's seals from being another's, at most 64 bytes. false when the pepper version
 * is unknown. */
MUST_CHECK bool auth_seal(const struct auth_peppers *peppers, unsigned pepper_version, const char *purpose,
                          struct slice message, uint8_t seal_out[AUTH_SEAL_BYTES]);

/* In constant time. */
MUST_CHECK bool auth_seal_check(const struct auth_peppers *peppers, unsigned pepper_version, const char *purpose,
                                struct slice message, const uint8_t seal[AUTH_SEAL_BYTES]);

#endif
