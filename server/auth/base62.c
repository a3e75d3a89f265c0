#include "base62.h"

#include <sodium.h>
#include <string.h>

#include "base/must.h"

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/* Divides the big-endian number by 62 in place and returns the remainder. */
static unsigned divide_by_62(uint8_t number[AUTH_BASE62_SECRET_BYTES])
{
    unsigned remainder = 0;
    for (size_t i = 0; i < AUTH_BASE62_SECRET_BYTES; i++) {
        unsigned dividend = remainder << 8 | number[i];
        number[i] = (uint8_t)(dividend / 62);
        remainder = dividend % 62;
    }
    return remainder;
}

void auth_base62_bytes(const uint8_t number[AUTH_BASE62_SECRET_BYTES], char *out, size_t chars)
{
    uint8_t rest[AUTH_BASE62_SECRET_BYTES];
    memcpy(rest, number, sizeof rest);
    for (size_t i = chars; i > 0; i--)
        out[i - 1] = digits[divide_by_62(rest)];
    must(sodium_is_zero(rest, sizeof rest));
}

void auth_base62_uint32(uint32_t number, char *out, size_t chars)
{
    for (size_t i = chars; i > 0; i--, number /= 62)
        out[i - 1] = digits[number % 62];
    must(number == 0);
}

bool auth_base62_is_digits(const char *text, size_t chars)
{
    for (size_t i = 0; i < chars; i++) {
        char c = text[i];
        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')))
            return false;
    }
    return true;
}
