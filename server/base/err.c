#include "base/err.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/must.h"

struct err_facts {
    int status;
    const char *scim_type;
    enum log_level level;
    const char *title;
};

static const struct err_facts facts[ERR_KINDS] = {
    /* ERR_NONE has no answer; who asks for one has lost an error on the way. */
    [ERR_NONE] = {500, NULL, LOG_ERROR, "Internal error"},
#define ERR(kind, status, scim_type, level, title) [kind] = {status, scim_type, level, title},
#include "base/err.def"
#undef ERR
};

static const struct err_facts *facts_of(enum err_kind kind)
{
    must(kind < ERR_KINDS);
    return &facts[kind];
}

int err_status(enum err_kind kind) { return facts_of(kind)->status; }
const char *err_scim_type(enum err_kind kind) { return facts_of(kind)->scim_type; }
const char *err_title(enum err_kind kind) { return facts_of(kind)->title; }
enum log_level err_log_level(enum err_kind kind) { return facts_of(kind)->level; }

/* The bytes that a character with this first byte has; 0 when no character begins so. */
static size_t char_bytes(unsigned char first)
{
    if (first < 0x80)
        return 1;
    if (first < 0xC2 || first > 0xF4)
        return 0;
    return first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
}

static bool is_good_char(const unsigned char *s, size_t bytes)
{
    uint32_t code = bytes == 1 ? s[0] : s[0] & (0x7FU >> bytes);
    for (size_t i = 1; i < bytes; i++) {
        if ((s[i] & 0xC0) != 0x80)
            return false;
        code = code << 6 | (s[i] & 0x3F);
    }
    static const uint32_t least[] = {0, 0x20, 0xA0, 0x800, 0x10000}; /* leaves out controls and overlong forms */
    return code >= least[bytes] && code != 0x7F && code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);
}

/* A detail may quote what a client sent: whatever that was, the result is printable UTF-8. */
static void copy_printable(char *out, size_t size, const char *text)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t left = strlen(text), len = 0;
    while (left > 0) {
        size_t bytes = char_bytes(*at);
        if (bytes > left || (bytes > 0 && !is_good_char(at, bytes)))
            bytes = 0;
        size_t width = bytes > 0 ? bytes : 1;
        if (len + width >= size)
            break;
        if (bytes > 0)
            memcpy(out + len, at, bytes);
        else
            out[len] = '?';
        len += width;
        at += width;
        left -= width;
    }
    out[len] = '\0';
}

bool(err_set)(struct err *err, enum err_kind kind, const char *format, ...)
{
    /* Longer than detail by a character, so that one that straddles its end is seen whole and left out. Apart from it,
     * so that an argument may be the old detail. */
    char text[sizeof err->detail + 4];
    va_list arguments;
    va_start(arguments, format);
    if (vsnprintf(text, sizeof text, format, arguments) < 0)
        text[0] = '\0';
    va_end(arguments);

    err->kind = kind;
    copy_printable(err->detail, sizeof err->detail, text);
    return false;
}
