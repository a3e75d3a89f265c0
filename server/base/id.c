#include "base/id.h"

#include <sodium.h>

#include "base/clock.h"
#include "base/must.h"

#define COUNTER_MAX  0xFFFU
#define COUNTER_SEED 0x7FFU /* the upper half stays free, so that a ms has room for 2048 ids at least */
#define POOL_BYTES   1024

/* Ids of one thread; threads share nothing. */
static __thread struct {
    uint64_t ms; /* of the newest id; may run ahead of the clock, never back */
    unsigned counter;
    size_t pool_left;
    uint8_t pool[POOL_BYTES]; /* random bytes in stock, because asking the kernel costs more than all the rest */
} maker;

static uint64_t random_u64(void)
{
    uint64_t value;
    if (maker.pool_left < sizeof value) {
        must(sodium_init() >= 0);
        randombytes_buf(maker.pool, sizeof maker.pool);
        maker.pool_left = sizeof maker.pool;
    }
    maker.pool_left -= sizeof value;
    memcpy(&value, maker.pool + maker.pool_left, sizeof value);
    return value;
}

static void advance(uint64_t now_ms)
{
    if (now_ms > maker.ms) {
        maker.ms = now_ms;
    } else if (maker.counter < COUNTER_MAX) {
        maker.counter++;
        return;
    } else {
        maker.ms++;
    }
    maker.counter = (unsigned)(random_u64() & COUNTER_SEED);
}

static void put_u64(uint8_t *out, uint64_t value)
{
    for (int i = 7; i >= 0; i--) {
        out[i] = (uint8_t)value;
        value >>= 8;
    }
}

static uint64_t get_u64(const uint8_t *in)
{
    uint64_t value = 0;
    for (int i = 0; i < 8; i++)
        value = value << 8 | in[i];
    return value;
}

/* RFC 9562 section 5.7, with the counter of section 6.2 method 1 in rand_a. */
struct id id_new(void)
{
    advance((uint64_t)clock_wall_ms());
    struct id id = {{0}};
    put_u64(id.bytes, maker.ms << 16 | 0x7000U | maker.counter);
    put_u64(id.bytes + 8, random_u64() >> 2 | UINT64_C(1) << 63);
    return id;
}

int id_compare(const struct id *a, const struct id *b) { return memcmp(a->bytes, b->bytes, ID_BYTES); }
bool id_equals(const struct id *a, const struct id *b) { return id_compare(a, b) == 0; }
bool id_is_zero(const struct id *id) { return id_equals(id, &(struct id){{0}}); }

static bool dash_precedes(size_t byte) { return byte == 4 || byte == 6 || byte == 8 || byte == 10; }

void id_to_uuid(const struct id *id, char out[ID_UUID_CHARS + 1])
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < ID_BYTES; i++) {
        if (dash_precedes(i))
            *out++ = '-';
        *out++ = hex[id->bytes[i] >> 4];
        *out++ = hex[id->bytes[i] & 15];
    }
    *out = '\0';
}

static int hex_value(char c, bool any_case)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (any_case && c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool id_from_uuid(struct slice text, bool any_case, struct id *id_out)
{
    if (text.len != ID_UUID_CHARS)
        return false;
    struct id id;
    const char *at = text.data;
    for (size_t i = 0; i < ID_BYTES; i++) {
        if (dash_precedes(i) && *at++ != '-')
            return false;
        int high = hex_value(*at++, any_case), low = hex_value(*at++, any_case);
        if (high < 0 || low < 0)
            return false;
        id.bytes[i] = (uint8_t)(high << 4 | low);
    }
    *id_out = id;
    return true;
}

static const char base32[] = "0123456789abcdefghjkmnpqrstvwxyz";

void id_to_base32(const struct id *id, char out[ID_BASE32_CHARS + 1])
{
    unsigned __int128 value = (unsigned __int128)get_u64(id->bytes) << 64 | get_u64(id->bytes + 8);
    for (size_t i = ID_BASE32_CHARS; i > 0; i--) {
        out[i - 1] = base32[(unsigned)value & 31];
        value >>= 5;
    }
    out[ID_BASE32_CHARS] = '\0';
}

bool id_from_base32(struct slice text, struct id *id_out)
{
    /* 26 characters hold 130 bits; the two that are too many must be zero. */
    if (text.len != ID_BASE32_CHARS || text.data[0] < '0' || text.data[0] > '7')
        return false;
    unsigned __int128 value = 0;
    for (size_t i = 0; i < text.len; i++) {
        const char *at = memchr(base32, text.data[i], sizeof base32 - 1);
        if (!at)
            return false;
        value = value << 5 | (unsigned)(at - base32);
    }
    put_u64(id_out->bytes, (uint64_t)(value >> 64));
    put_u64(id_out->bytes + 8, (uint64_t)value);
    return true;
}

void id_to_prefixed(const char *prefix, const struct id *id, char out[ID_PREFIXED_CHARS + 1])
{
    enum { PREFIX_CHARS = ID_PREFIXED_CHARS - ID_BASE32_CHARS };
    must(strlen(prefix) == PREFIX_CHARS);
    memcpy(out, prefix, PREFIX_CHARS);
    id_to_base32(id, out + PREFIX_CHARS);
}

bool id_from_prefixed(const char *prefix, struct slice text, struct id *id_out)
{
    struct slice head = slice_str(prefix);
    return slice_starts_with(text, head) && id_from_base32(slice_skip(text, head.len), id_out);
}
