/* The people of the benchmark: the loader writes them as a server would have stored them, the generator posts more. */
#ifndef BENCH_USERS_H
#define BENCH_USERS_H

#include "base/buf.h"

/* Appends the body of POST /Users for person number n, about 1.5 kB. `family` keeps two series apart: it is part of the
 * userName and the e-mails. manager: a user's id, or NULL. */
void users_body(struct buf *out, const char *family, uint64_t n, const char *manager);

/* The userName in it. out has USERS_NAME_BYTES. */
enum { USERS_NAME_BYTES = 96 };
void users_name(const char *family, uint64_t n, char *out);

#endif
