#include "base/buf.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

#define LEAST_CAPACITY ((size_t)256)

void buf_init(struct buf *buf, size_t ceiling) { *buf = (struct buf){.ceiling = ceiling}; }

void buf_fini(struct buf *buf)
{
    free(buf->data);
    buf_init(buf, buf->ceiling);
}

void buf_clear(struct buf *buf)
{
    buf->len = 0;
    buf->overflowed = false;
}

static void grow(struct buf *buf, size_t needed)
{
    size_t capacity = buf->capacity > buf->ceiling / 2 ? buf->ceiling : buf->capacity * 2;
    if (capacity < LEAST_CAPACITY)
        capacity = LEAST_CAPACITY;
    if (capacity < needed)
        capacity = needed;
    if (capacity > buf->ceiling)
        capacity = buf->ceiling;
    char *data = realloc(buf->data, capacity + 1); /* realloc to 0 bytes would free */
    must(data != NULL);
    buf->data = data;
    buf->capacity = capacity;
}

/* What comes after an overflow is dropped as well, so that the buffer always holds a beginning of what was written. */
static char *reserve_slowly(struct buf *buf, size_t bytes)
{
    if (buf->overflowed || bytes > buf->ceiling - buf->len) {
        buf->overflowed = true;
        return NULL;
    }
    grow(buf, buf->len + bytes);
    return buf->data + buf->len;
}

static inline char *reserve(struct buf *buf, size_t bytes)
{
    if (__builtin_expect(bytes <= buf->capacity - buf->len && buf->data && !buf->overflowed, 1))
        return buf->data + buf->len;
    return reserve_slowly(buf, bytes);
}

char *buf_reserve(struct buf *buf, size_t bytes) { return reserve(buf, bytes); }

void buf_add(struct buf *buf, struct slice s)
{
    if (s.len == 0)
        return;
    char *at = reserve(buf, s.len);
    if (!at)
        return;
    memcpy(at, s.data, s.len);
    buf->len += s.len;
}

void buf_add_char(struct buf *buf, char c)
{
    char *at = reserve(buf, 1);
    if (!at)
        return;
    *at = c;
    buf->len++;
}

void buf_add_str(struct buf *buf, const char *text) { buf_add(buf, slice_str(text)); }

void buf_add_uint(struct buf *buf, uint64_t number)
{
    char digits[20], *at = digits + sizeof digits;
    do {
        *--at = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    buf_add(buf, slice_of(at, (size_t)(digits + sizeof digits - at)));
}

void buf_printf(struct buf *buf, const char *format, ...)
{
    char text[256];
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int len = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    must(len >= 0);

    size_t bytes = (size_t)len;
    if (bytes < sizeof text) {
        buf_add(buf, slice_of(text, bytes));
    } else {
        char *whole = malloc(bytes + 1); /* apart, because the NUL need not fit below the ceiling */
        must(whole != NULL);
        vsnprintf(whole, bytes + 1, format, again);
        buf_add(buf, slice_of(whole, bytes));
        free(whole);
    }
    va_end(again);
}

/* 0: stands for itself; 'u': \u00XX; else the letter after the backslash. */
static const char escapes[256] = {
    [0x00 ... 0x07] = 'u', ['\b'] = 'b', ['\t'] = 't',          ['\n'] = 'n', [0x0B] = 'u',
    ['\f'] = 'f',          ['\r'] = 'r', [0x0E ... 0x1F] = 'u', ['"'] = '"',  ['\\'] = '\\',
};

static void add_escape(struct buf *buf, unsigned char c)
{
    static const char hex[] = "0123456789abcdef";
    if (escapes[c] == 'u')
        buf_add(buf, slice_of((char[]){'\\', 'u', '0', '0', hex[c >> 4], hex[c & 15]}, 6));
    else
        buf_add(buf, slice_of((char[]){'\\', escapes[c]}, 2));
}

void buf_add_json_string(struct buf *buf, struct slice s)
{
    buf_add_char(buf, '"');
    size_t from = 0;
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.data[i];
        if (__builtin_expect(escapes[c] == 0, 1))
            continue;
        buf_add(buf, slice_of(s.data + from, i - from));
        add_escape(buf, c);
        from = i + 1;
    }
    if (from < s.len)
        buf_add(buf, slice_of(s.data + from, s.len - from));
    buf_add_char(buf, '"');
}
