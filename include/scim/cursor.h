/* What a cursor of RFC 9865 holds, as bytes. Who gives it out seals it, and binds it to the query, the directory and
 * the credential it was made for (ops/listing). */
#ifndef SCIM_CURSOR_H
#define SCIM_CURSOR_H

#include "scim/sort.h"

struct scim_cursor {
    int64_t issued_s; /* since 1970 UTC */
    uint64_t count;   /* of a page */
    bool backward;    /* the page in front of the place, else the one behind */
    bool has_total;   /* of a filtered list: counted for its first page */
    uint64_t total;
    uint16_t type; /* of the resource at the place */
    struct scim_place place;
};

enum { SCIM_CURSOR_BYTES = 1 + 8 + 8 + 1 + 8 + 2 + ID_BYTES + SCIM_SORT_KEY_BYTES };

/* Into out; returns how many bytes. */
size_t scim_cursor_pack(const struct scim_cursor *cursor, uint8_t out[SCIM_CURSOR_BYTES]);

/* The key borrows from bytes. false: nothing that scim_cursor_pack makes. */
MUST_CHECK bool scim_cursor_unpack(struct slice bytes, struct scim_cursor *cursor_out);

#endif
