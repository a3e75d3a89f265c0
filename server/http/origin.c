#include "origin.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/un.h>

#include "base/must.h"
#include "base/num.h"
#include "framing.h"

enum { ADDRESS_BYTES = 16, MOST_BLOCKS = 64 };

struct block {
    uint8_t address[ADDRESS_BYTES]; /* IPv6; IPv4 as ::ffff:a.b.c.d */
    unsigned bits;
};

struct proxies {
    size_t count;
    struct block blocks[MOST_BLOCKS];
};

static void map_ipv4(const void *ipv4, uint8_t out[ADDRESS_BYTES])
{
    static const uint8_t prefix[12] = {[10] = 0xff, [11] = 0xff};
    memcpy(out, prefix, sizeof prefix);
    memcpy(out + sizeof prefix, ipv4, 4);
}

/* *bits_out: how many bits an address of this family has left of its prefix. */
static bool parse_address(struct slice text, uint8_t out[ADDRESS_BYTES], unsigned *offset_out)
{
    char copy[INET6_ADDRSTRLEN];
    if (text.len == 0 || text.len >= sizeof copy)
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    uint8_t ipv4[4];
    if (inet_pton(AF_INET, copy, ipv4) == 1) {
        map_ipv4(ipv4, out);
        *offset_out = 96;
        return true;
    }
    *offset_out = 0;
    return inet_pton(AF_INET6, copy, out) == 1;
}

static bool parse_block(struct slice text, struct block *block)
{
    const char *slash = memchr(text.data, '/', text.len);
    struct slice address = slice_of(text.data, slash ? (size_t)(slash - text.data) : text.len);
    unsigned offset;
    if (!parse_address(address, block->address, &offset))
        return false;
    uint64_t bits = 128 - offset;
    if (slash && !num_parse_uint(slice_skip(text, address.len + 1), 0, bits, &bits))
        return false;
    block->bits = offset + (unsigned)bits;
    return true;
}

static bool add_block(struct proxies *proxies, struct slice text, struct err *err)
{
    if (proxies->count == MOST_BLOCKS)
        return err_set(err, ERR_INVALID_VALUE, "There are more than %d trusted proxies.", MOST_BLOCKS);
    if (text.len == 0 || !parse_block(text, &proxies->blocks[proxies->count]))
        return err_set(err, ERR_INVALID_VALUE, "The trusted proxy \"%.*s\" is neither an address nor a CIDR block.",
                       (int)text.len, text.len > 0 ? text.data : "");
    proxies->count++;
    return true;
}

struct proxies *proxies_parse(const char *list, struct err *err)
{
    struct proxies *proxies = calloc(1, sizeof *proxies);
    must(proxies != NULL);
    struct slice rest = slice_trim(slice_str(list));
    while (rest.len > 0) {
        const char *comma = memchr(rest.data, ',', rest.len);
        size_t length = comma ? (size_t)(comma - rest.data) : rest.len;
        if (!add_block(proxies, slice_trim(slice_of(rest.data, length)), err)) {
            free(proxies);
            return NULL;
        }
        rest = comma ? slice_skip(rest, length + 1) : SLICE_EMPTY;
    }
    return proxies;
}

void proxies_free(struct proxies *proxies) { free(proxies); }

static bool lies_in(const struct block *block, const uint8_t address[ADDRESS_BYTES])
{
    unsigned bytes = block->bits / 8, rest = block->bits % 8;
    if (memcmp(block->address, address, bytes) != 0)
        return false;
    return rest == 0 || (block->address[bytes] ^ address[bytes]) >> (8 - rest) == 0;
}

static bool trust_address(const struct proxies *proxies, const uint8_t address[ADDRESS_BYTES])
{
    for (size_t i = 0; i < proxies->count; i++)
        if (lies_in(&proxies->blocks[i], address))
            return true;
    return false;
}

bool proxies_trust(const struct proxies *proxies, const struct sockaddr *address)
{
    uint8_t bytes[ADDRESS_BYTES];
    if (address->sa_family == AF_INET)
        map_ipv4(&((const struct sockaddr_in *)(const void *)address)->sin_addr, bytes);
    else if (address->sa_family == AF_INET6)
        memcpy(bytes, &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr, sizeof bytes);
    else
        return address->sa_family == AF_UNIX && proxies->count > 0;
    return trust_address(proxies, bytes);
}

void origin_peer(const struct sockaddr *address, char *out)
{
    snprintf(out, ORIGIN_PEER_BYTES, "unix");
    if (address->sa_family == AF_INET)
        inet_ntop(AF_INET, &((const struct sockaddr_in *)(const void *)address)->sin_addr, out, ORIGIN_PEER_BYTES);
    if (address->sa_family == AF_INET6) {
        const struct in6_addr *ipv6 = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
        if (IN6_IS_ADDR_V4MAPPED(ipv6))
            inet_ntop(AF_INET, ipv6->s6_addr + 12, out, ORIGIN_PEER_BYTES);
        else
            inet_ntop(AF_INET6, ipv6, out, ORIGIN_PEER_BYTES);
    }
}

/* What a chain of proxies wrote last is what the one that we trust said. */
static struct slice last_item(struct slice list)
{
    const char *comma = list.len > 0 ? memrchr(list.data, ',', list.len) : NULL;
    return slice_trim(comma ? slice_skip(list, (size_t)(comma - list.data) + 1) : list);
}

struct slice origin_of(const struct origin_request *request, struct arena *arena)
{
    bool https = request->tls;
    struct slice host = request->host;
    if (request->trusted) {
        struct slice proto = last_item(request->forwarded_proto), forwarded = last_item(request->forwarded_host);
        if (slice_equals_ascii_nocase(proto, SLICE_LITERAL("https")))
            https = true;
        else if (slice_equals_ascii_nocase(proto, SLICE_LITERAL("http")))
            https = false;
        if (framing_host_is_valid(forwarded))
            host = forwarded;
    }
    struct slice scheme = https ? SLICE_LITERAL("https://") : SLICE_LITERAL("http://");
    char *text = arena_take(arena, scheme.len + host.len + 1);
    memcpy(text, scheme.data, scheme.len);
    memcpy(text + scheme.len, host.data, host.len);
    text[scheme.len + host.len] = '\0';
    return slice_of(text, scheme.len + host.len);
}

struct slice origin_client(const struct proxies *proxies, struct slice forwarded_for, struct slice peer)
{
    while (forwarded_for.len > 0) {
        struct slice item = last_item(forwarded_for);
        uint8_t address[ADDRESS_BYTES];
        unsigned offset;
        if (!parse_address(item, address, &offset))
            return peer;
        if (!trust_address(proxies, address))
            return item;
        peer = item;
        const char *comma = memrchr(forwarded_for.data, ',', forwarded_for.len);
        forwarded_for.len = comma ? (size_t)(comma - forwarded_for.data) : 0;
    }
    return peer;
}
