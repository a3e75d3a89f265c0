/* URLs that vendors register: read by libcurl's parser, which also connects, so that both mean the same host. */
#ifndef ADMIN_OUTBOUND_DESTINATION_H
#define ADMIN_OUTBOUND_DESTINATION_H

#include "address.h"
#include "base/arena.h"

enum { DESTINATION_BYTES = 2048, DESTINATION_RESOLVE_MS = 3000 };

struct destination {   /* texts in the arena */
    struct slice url;  /* as it is kept: host in ASCII and lower case, numbers of addresses written out */
    struct slice host; /* a name without a dot at its end, or an address without brackets */
    bool is_address;
    struct address address; /* if it is one */
    uint16_t port;
};

/* What is wrong with the URL, as a sentence in the arena; NULL: nothing. Asks no name server. */
const char *destination_check(const struct outbound_rules *rules, struct slice url, struct arena *arena,
                              struct destination *destination_out);

/* As destination_check, and all addresses that the name has now must be good ones. Blocks for DESTINATION_RESOLVE_MS at
 * most: to be called before anything is locked. */
const char *destination_prove(const struct outbound_rules *rules, struct slice url, struct arena *arena,
                              struct destination *destination_out);

#endif
