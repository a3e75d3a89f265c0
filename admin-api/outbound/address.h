/* Which addresses and names may be connected to for a vendor. Pure.
 *
 * A URL that a vendor gives leads where the vendor likes, and the request is made from inside the operator's network:
 * so what is not on the public Internet is refused (server-side request forgery), unless the operator has allowed it.
 */
#ifndef ADMIN_OUTBOUND_ADDRESS_H
#define ADMIN_OUTBOUND_ADDRESS_H

#include <stdint.h>
#include <sys/socket.h>

#include "base/err.h"
#include "base/slice.h"

/* IPv4 is kept as it is mapped into IPv6 (::ffff:a.b.c.d), so that there is one form of each. */
struct address {
    uint8_t bytes[16];
};
enum { ADDRESS_TEXT_BYTES = 46 };

MUST_CHECK bool address_of_socket(const struct sockaddr *socket, struct address *address_out); /* false: neither IP */
MUST_CHECK bool address_parse(struct slice text, struct address *address_out); /* "127.0.0.1", "::1"; nothing looser */
void address_text(const struct address *address, char out[ADDRESS_TEXT_BYTES]);

enum { ALLOWED_MOST = 64, ALLOWED_NAME_BYTES = 254 };

struct allowed_block {
    struct address address;
    unsigned bits; /* of 128 */
};
struct allowed_name {
    char text[ALLOWED_NAME_BYTES]; /* lower case, no dot at its end; with one at its beginning: all that end in it */
};
struct outbound_rules {
    bool http; /* http:// as well as https:// */
    struct allowed_block blocks[ALLOWED_MOST];
    size_t block_count;
    struct allowed_name names[ALLOWED_MOST];
    size_t name_count;
};

/* The setting --webhook-allow: addresses, CIDR blocks, names and ".suffixes", comma-separated. ERR_INVALID_VALUE names
 * what is neither. */
MUST_CHECK bool outbound_rules_parse(struct slice allowed, bool http, struct outbound_rules *rules_out,
                                     struct err *err);

/* What the address is that it must not be connected to: "a loopback address"; NULL: nothing is wrong with it. An
 * allowed block lets it pass, but a metadata service only when the block is that one address. */
const char *address_refusal(const struct outbound_rules *rules, const struct address *address);

/* The same for names: those that only mean something inside a network, "localhost" and single labels among them. An
 * allowed name passes; its addresses are looked at all the same. */
const char *name_refusal(const struct outbound_rules *rules, struct slice name);

/* Ports of other protocols, where a POST is never meant (those that the Fetch standard blocks), and 0. */
bool port_is_refused(uint16_t port);

#endif
