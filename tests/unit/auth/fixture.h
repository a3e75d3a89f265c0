/* Pepper files in a directory of the test's own, and the shared vectors. */
#ifndef TEST_AUTH_FIXTURE_H
#define TEST_AUTH_FIXTURE_H

#include <jansson.h>
#include <stdint.h>
#include <sys/types.h>

#include "auth/token.h"

#define FIXTURE_PEPPER_1 "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"
#define FIXTURE_PEPPER_2 "2 202122232425262728292a2b2c2d2e2f303132333435363738393a3b3c3d3e3f\n"

int fixture_set_up(void **state);
int fixture_tear_down(void **state);

/* Writes the file anew; the path is valid until the next call. */
const char *fixture_pepper_file(const char *text, mode_t mode);
const char *fixture_missing_file(void);

struct auth_peppers *fixture_peppers(const char *text); /* fails the test when they do not load */

json_t *fixture_vectors(const char *name); /* an array of credentials.json; borrowed until tear-down */
void fixture_hex(const char *hex, uint8_t *out, size_t bytes);
struct id fixture_id(const char *hex);

#endif
