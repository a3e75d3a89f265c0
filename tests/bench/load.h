/* The loader: rows exactly as the server would have written them, by its own functions, many at a time. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include <stdio.h>

#include "auth/token.h"
#include "base/arena.h"
#include "store/db.h"

struct tenant {
    struct organization_id organization;
    struct directory_id directory;
    char token[AUTH_TEXT_BYTES];
};

/* Ends the program when the condition does not hold: with err's text, else with what was attempted. */
void load_must(bool good, const struct err *err, const char *what);

/* A parameter that is text ending in NUL. */
static inline struct db_value load_text(const char *text) { return db_bytes(slice_str(text)); }

/* load_tenants.c: one environment; organizations with their primary directory, its counters and its token. */
struct id load_environment(struct db *db);
void load_tenant(struct db *db, const struct id *environment, const struct auth_peppers *peppers, const char *name,
                 struct tenant *tenant_out);

/* load_rows.c. Users 0 to count-1; every tenth has a manager. */
void load_users(struct db *db, const struct tenant *tenant, const char *family, struct resource_id *ids_out,
                size_t count);

/* A group and its members, which are users. */
struct resource_id load_group(struct db *db, const struct tenant *tenant, const char *name,
                              const struct resource_id *members, size_t count);

#endif
