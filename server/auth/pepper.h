/* Keys of the peppers, for the hash of credentials only. */
#ifndef AUTH_PEPPER_H
#define AUTH_PEPPER_H

#include "auth/token.h"

enum { AUTH_PEPPER_BYTES = 32 };

/* NULL when the version is not in the file. */
const uint8_t *auth_pepper_key(const struct auth_peppers *peppers, unsigned version);

#endif
