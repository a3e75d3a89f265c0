/* What the database says about its migrations, compared with what this build knows. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/db.h"

struct migration;

enum { SCHEMA_CHECKSUM_CHARS = 64 };

/* Counts the applied migrations, which must be this build's first ones, in order. checksums_of: one text per known
 * migration to compare with, or NULL. *half_out is the one that was begun and not finished, or NULL.
 * ERR_UNAVAILABLE says what to do about a newer, a foreign or a changed history. */
MUST_CHECK bool schema_read(struct db *db, char (*checksums)[SCHEMA_CHECKSUM_CHARS + 1], size_t *applied_out,
                            const struct migration **half_out, struct err *err);

#endif
