/* Undeclared attributes that were seen: written behind, on the connection that touch.c has, at most once a minute for
 * each path of a directory. Bounded: what does not fit is noted when it is seen again. */
#ifndef STORE_UNDECLARED_H
#define STORE_UNDECLARED_H

#include "scim/undeclared.h"
#include "store/db.h"

struct undeclared_seen {
    struct directory_id directory;
    uint16_t type;
    uint16_t path_len;
    char path[SCIM_UNDECLARED_PATH_BYTES];
    int64_t first_ms, last_ms;
    uint64_t uses;
};

/* Takes what is due at now_ms, or (`all`) whatever has been noted; at most `most`. What is taken is forgotten but for
 * the time. */
size_t undeclared_take(int64_t now_ms, bool all, struct undeclared_seen *list, size_t most);

/* Writes what is due. false: the connection failed, and what was taken is lost. */
MUST_CHECK bool undeclared_write(struct db *db, int64_t now_ms, bool all, struct err *err);
bool undeclared_is_due(int64_t now_ms, bool all);

#endif
