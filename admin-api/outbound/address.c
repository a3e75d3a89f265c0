#include "address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>

#include "base/must.h"
#include "base/num.h"

enum { BYTES = sizeof(struct address), V4_AT = 12, BITS = 128, V4_BITS = 96 };

static const uint8_t mapped[V4_AT] = {[10] = 0xff, [11] = 0xff};
static const uint8_t nat64[V4_AT] = {0x00, 0x64, 0xff, 0x9b};

/* --- texts --- */

static struct address of_v4(const void *bytes)
{
    struct address address;
    memcpy(address.bytes, mapped, V4_AT);
    memcpy(address.bytes + V4_AT, bytes, BYTES - V4_AT);
    return address;
}

static bool is_v4(const struct address *address) { return memcmp(address->bytes, mapped, V4_AT) == 0; }

bool address_of_socket(const struct sockaddr *socket, struct address *address_out)
{
    if (socket->sa_family == AF_INET)
        *address_out = of_v4(&((const struct sockaddr_in *)(const void *)socket)->sin_addr);
    else if (socket->sa_family == AF_INET6)
        memcpy(address_out->bytes, &((const struct sockaddr_in6 *)(const void *)socket)->sin6_addr, BYTES);
    return socket->sa_family == AF_INET || socket->sa_family == AF_INET6;
}

bool address_parse(struct slice text, struct address *address_out)
{
    char copy[ADDRESS_TEXT_BYTES];
    uint8_t v4[BYTES - V4_AT];
    if (text.len == 0 || text.len >= sizeof copy || memchr(text.data, '\0', text.len))
        return false;
    memcpy(copy, text.data, text.len);
    copy[text.len] = '\0';
    if (inet_pton(AF_INET, copy, v4) == 1)
        return *address_out = of_v4(v4), true;
    return inet_pton(AF_INET6, copy, address_out->bytes) == 1;
}

void address_text(const struct address *address, char out[ADDRESS_TEXT_BYTES])
{
    const uint8_t *bytes = address->bytes;
    must(is_v4(address) ? inet_ntop(AF_INET, bytes + V4_AT, out, ADDRESS_TEXT_BYTES) != NULL
                        : inet_ntop(AF_INET6, bytes, out, ADDRESS_TEXT_BYTES) != NULL);
}

/* "10.0.0.0/8", "fc00::/7", or an address alone */
static bool parse_block(struct slice text, struct allowed_block *block_out)
{
    const char *slash = text.len ? memchr(text.data, '/', text.len) : NULL;
    struct slice address = slice_of(text.data, slash ? (size_t)(slash - text.data) : text.len);
    uint64_t bits = BITS;
    if (!address_parse(address, &block_out->address))
        return false;
    bool is_short = address.len > 0 && memchr(address.data, ':', address.len) == NULL;
    if (slash && !num_parse_uint(slice_skip(text, address.len + 1), 0, is_short ? BITS - V4_BITS : BITS, &bits))
        return false;
    block_out->bits = (unsigned)(bits + (slash && is_short ? V4_BITS : 0));
    return true;
}

static bool is_in(const struct address *address, const struct allowed_block *block)
{
    unsigned whole = block->bits / 8, rest = block->bits % 8;
    if (memcmp(address->bytes, block->address.bytes, whole) != 0)
        return false;
    return rest == 0 || (address->bytes[whole] ^ block->address.bytes[whole]) >> (8 - rest) == 0;
}

/* --- what the operator allows --- */

static bool is_of_names(char c) { return isalnum((unsigned char)c) || c == '-' || c == '_' || c == '.'; }

static bool is_name(struct slice text)
{
    bool good = text.len > 0 && text.len < ALLOWED_NAME_BYTES && text.data[text.len - 1] != '.';
    for (size_t i = 0; i < text.len; i++)
        good = good && is_of_names(text.data[i]);
    return good;
}

static void add_name(struct outbound_rules *rules, struct slice text)
{
    char *name = rules->names[rules->name_count++].text;
    for (size_t i = 0; i < text.len; i++)
        name[i] = (char)tolower((unsigned char)text.data[i]);
    name[text.len] = '\0';
}

static bool add_allowed(struct outbound_rules *rules, struct slice text, struct err *err)
{
    if (rules->block_count == ALLOWED_MOST || rules->name_count == ALLOWED_MOST)
        return err_set(err, ERR_INVALID_VALUE, "--webhook-allow has more than %d entries", (int)ALLOWED_MOST);
    if (parse_block(text, &rules->blocks[rules->block_count])) {
        rules->block_count++;
        return true;
    }
    if (!is_name(text))
        return err_set(err, ERR_INVALID_VALUE,
                       "--webhook-allow takes addresses, CIDR blocks and names, comma-separated, not \"%.*s\"",
                       (int)(text.len > 80 ? 80 : text.len), text.data);
    add_name(rules, text);
    return true;
}

bool outbound_rules_parse(struct slice allowed, bool http, struct outbound_rules *rules_out, struct err *err)
{
    *rules_out = (struct outbound_rules){.http = http};
    while (allowed.len > 0) {
        const char *comma = memchr(allowed.data, ',', allowed.len);
        size_t length = comma ? (size_t)(comma - allowed.data) : allowed.len;
        if (!add_allowed(rules_out, slice_trim(slice_of(allowed.data, length)), err))
            return false;
        allowed = slice_skip(allowed, comma ? length + 1 : length);
    }
    return true;
}

/* --- addresses --- */

static const char metadata[] = "the address of a cloud's metadata service";

/* The first that fits counts. Of IPv6, only 2000::/3 is handed out for the Internet. */
static const struct refused_block {
    const char *block, *why;
} refused_blocks[] = {
    {"169.254.169.254", metadata}, /* AWS, GCP, Azure, Oracle, DigitalOcean, OpenStack */
    {"169.254.170.2", metadata},   /* AWS ECS */
    {"169.254.170.23", metadata},  /* AWS EKS */
    {"100.100.100.200", metadata}, /* Alibaba */
    {"192.0.0.192", metadata},     /* Oracle */
    {"168.63.129.16", metadata},   /* Azure's wire server */
    {"fd00:ec2::254", metadata},   /* AWS */
    {"fd00:ec2::23", metadata},    /* AWS EKS */
    {"fd20:ce::254", metadata},    /* GCP */
    {"fd00:42::42", metadata},     /* Scaleway */
    {"0.0.0.0/8", "an unspecified address"},
    {"10.0.0.0/8", "a private address"},
    {"100.64.0.0/10", "a carrier's private address"},
    {"127.0.0.0/8", "a loopback address"},
    {"169.254.0.0/16", "a link-local address"},
    {"172.16.0.0/12", "a private address"},
    {"192.0.0.0/24", "an address reserved for protocols"},
    {"192.0.2.0/24", "an address reserved for documentation"},
    {"192.88.99.0/24", "an address of 6to4 relays"},
    {"192.168.0.0/16", "a private address"},
    {"198.18.0.0/15", "an address reserved for benchmarks"},
    {"198.51.100.0/24", "an address reserved for documentation"},
    {"203.0.113.0/24", "an address reserved for documentation"},
    {"224.0.0.0/4", "a multicast address"},
    {"255.255.255.255", "the broadcast address"},
    {"240.0.0.0/4", "a reserved address"},
    {"::ffff:0.0.0.0/96", NULL}, /* the rest of IPv4 */
    {"::", "an unspecified address"},
    {"::1", "a loopback address"},
    {"::/96", "an IPv4-compatible address"},
    {"::ffff:0:0:0/96", "an IPv4-translated address"},
    {"64:ff9b:1::/48", "a private NAT64 address"},
    {"100::/64", "an address that discards"},
    {"2001::/32", "a Teredo address"},
    {"2001:2::/48", "an address reserved for benchmarks"},
    {"2001:db8::/32", "an address reserved for documentation"},
    {"2001::/23", "an address reserved for protocols"},
    {"2002::/16", "a 6to4 address"},
    {"3fff::/20", "an address reserved for documentation"},
    {"5f00::/16", "a segment routing address"},
    {"fc00::/7", "a private address"},
    {"fe80::/10", "a link-local address"},
    {"fec0::/10", "a site-local address"},
    {"ff00::/8", "a multicast address"},
    {"2000::/3", NULL},
    {"::/0", "a reserved address"},
};

/* What is behind a NAT64 is the IPv4 address in it: names get such addresses in networks without IPv4. */
static struct address without_nat64(const struct address *address)
{
    return memcmp(address->bytes, nat64, V4_AT) == 0 ? of_v4(address->bytes + V4_AT) : *address;
}

static bool is_allowed(const struct outbound_rules *rules, const struct address *address, bool exactly)
{
    for (size_t i = 0; i < rules->block_count; i++)
        if (is_in(address, &rules->blocks[i]) && (!exactly || rules->blocks[i].bits == BITS))
            return true;
    return false;
}

const char *address_refusal(const struct outbound_rules *rules, const struct address *address)
{
    const struct address plain = without_nat64(address);
    for (size_t i = 0; i < sizeof refused_blocks / sizeof refused_blocks[0]; i++) {
        struct allowed_block block;
        must(parse_block(slice_str(refused_blocks[i].block), &block));
        if (!is_in(&plain, &block))
            continue;
        const char *why = refused_blocks[i].why;
        return why && is_allowed(rules, &plain, why == metadata) ? NULL : why;
    }
    return NULL;
}

/* --- names --- */

static const char *const inner_names[] = {
    "localhost", "localdomain", "local",        "internal", "intranet", "private", "corp",    "home",
    "lan",       "home.arpa",   "in-addr.arpa", "ip6.arpa", "onion",    "test",    "invalid", "example",
};

static bool ends_in(struct slice name, struct slice suffix)
{
    return name.len >= suffix.len && slice_equals_ascii_nocase(slice_skip(name, name.len - suffix.len), suffix);
}

/* "corp.example" is under "example". */
static bool is_under(struct slice name, struct slice above)
{
    return ends_in(name, above) && (name.len == above.len || name.data[name.len - above.len - 1] == '.');
}

static bool name_is_allowed(const struct outbound_rules *rules, struct slice name)
{
    for (size_t i = 0; i < rules->name_count; i++) {
        struct slice allowed = slice_str(rules->names[i].text);
        bool fits = allowed.data[0] == '.' ? ends_in(name, allowed) : slice_equals_ascii_nocase(name, allowed);
        if (fits)
            return true;
    }
    return false;
}

const char *name_refusal(const struct outbound_rules *rules, struct slice name)
{
    if (name.len > 0 && name.data[name.len - 1] == '.')
        name.len--;
    if (name_is_allowed(rules, name))
        return NULL;
    if (name.len == 0 || !memchr(name.data, '.', name.len))
        return "a name without a dot, which only means something inside a network";
    for (size_t i = 0; i < sizeof inner_names / sizeof inner_names[0]; i++)
        if (is_under(name, slice_str(inner_names[i])))
            return "a name that only means something inside a network";
    return NULL;
}

/* --- ports --- */

bool port_is_refused(uint16_t port)
{
    static const uint16_t refused[] = {
        0,    1,    7,    9,    11,   13,   15,   17,   19,   20,   21,   22,   23,   25,   37,    42,   43,
        53,   69,   77,   79,   87,   95,   101,  102,  103,  104,  109,  110,  111,  113,  115,   117,  119,
        123,  135,  137,  139,  143,  161,  179,  389,  427,  465,  512,  513,  514,  515,  526,   530,  531,
        532,  540,  548,  554,  556,  563,  587,  601,  636,  989,  990,  993,  995,  1719, 1720,  1723, 2049,
        3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080,
    };
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        if (refused[i] == port)
            return true;
    return false;
}
