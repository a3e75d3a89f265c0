#include "scim/unicode.h"

#include <stdint.h>
#include <stdlib.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/ustring.h>

#include "base/must.h"
#include "unicode_text.h"
#include "unicode_wide.h"

enum {
    MOST_MARKS = 128,     /* combining marks in a row that are put into order */
    FIRST_MARK = 0x300,   /* no character before has a combining class */
    LONGEST_COMPOSED = 3, /* units of NFC that one unit becomes at most */
};

void scim_wide_init(struct scim_wide *wide)
{
    wide->data = wide->fixed;
    wide->len = 0;
    wide->capacity = SCIM_WIDE_FIXED;
}

void scim_wide_fini(struct scim_wide *wide)
{
    if (wide->data != wide->fixed)
        free(wide->data);
}

void scim_wide_reserve(struct scim_wide *wide, int32_t capacity)
{
    wide->len = 0;
    if (capacity <= wide->capacity)
        return;
    scim_wide_fini(wide);
    wide->data = malloc((size_t)capacity * sizeof *wide->data);
    must(wide->data != NULL);
    wide->capacity = capacity;
}

void scim_wide_read(struct scim_wide *wide, struct slice utf8)
{
    must(utf8.len <= INT32_MAX / 8);
    UErrorCode status = U_ZERO_ERROR;
    int32_t units = 0;
    scim_wide_reserve(wide, (int32_t)utf8.len);
    u_strFromUTF8WithSub(wide->data, wide->capacity, &units, utf8.data, (int32_t)utf8.len, 0xFFFD, NULL, &status);
    must(U_SUCCESS(status));
    wide->len = units;
}

void scim_wide_write(const struct scim_wide *wide, struct buf *out)
{
    UErrorCode status = U_ZERO_ERROR;
    int32_t bytes = 0;
    char *room = buf_reserve(out, (size_t)wide->len * 3);
    if (!room)
        return;
    u_strToUTF8(room, wide->len * 3, &bytes, wide->data, wide->len, &status);
    must(U_SUCCESS(status));
    out->len += (size_t)bytes;
}

/* Not the macros of ICU: they convert signs in ways that our warnings refuse. */
static bool is_lead(UChar32 unit) { return unit >= 0xD800 && unit <= 0xDBFF; }
static bool is_trail(UChar32 unit) { return unit >= 0xDC00 && unit <= 0xDFFF; }
static UChar32 join(UChar32 lead, UChar32 trail) { return 0x10000 + ((lead - 0xD800) << 10) + (trail - 0xDC00); }

void scim_wide_add(struct scim_wide *wide, UChar32 c)
{
    must(wide->len + 2 <= wide->capacity);
    if (c >= 0x10000) {
        wide->data[wide->len++] = (UChar)(0xD800 + ((c - 0x10000) >> 10));
        c = 0xDC00 + ((c - 0x10000) & 0x3FF);
    }
    wide->data[wide->len++] = (UChar)c;
}

UChar32 scim_wide_next(const struct scim_wide *wide, int32_t *at)
{
    if (*at >= wide->len)
        return U_SENTINEL;
    UChar32 c = wide->data[(*at)++];
    if (is_lead(c) && *at < wide->len && is_trail(wide->data[*at]))
        c = join(c, wide->data[(*at)++]);
    return c;
}

UChar32 scim_wide_previous(const struct scim_wide *wide, int32_t *at)
{
    if (*at <= 0)
        return U_SENTINEL;
    UChar32 c = wide->data[--*at];
    if (is_trail(c) && *at > 0 && is_lead(wide->data[*at - 1]))
        c = join(wide->data[--*at], c);
    return c;
}

/* One stretch of text, appended. */
static void compose(const UNormalizer2 *nfc, const UChar *text, int32_t len, struct scim_wide *to)
{
    UErrorCode status = U_ZERO_ERROR;
    to->len += unorm2_normalize(nfc, text, len, to->data + to->len, to->capacity - to->len, &status);
    must(U_SUCCESS(status));
}

/* Where a stretch ends that has no longer run of combining marks than MOST_MARKS. */
static int32_t end_of_stretch(const struct scim_wide *text, int32_t at)
{
    for (size_t marks = 0; at < text->len && marks < MOST_MARKS;) {
        UChar32 c = scim_wide_next(text, &at);
        marks = c >= FIRST_MARK && u_getCombiningClass(c) != 0 ? marks + 1 : 0;
    }
    return at;
}

/* ICU sorts the marks behind a letter by moving each to its place: a million of them took minutes. Where more than
 * MOST_MARKS follow each other, the text is composed in stretches (compare UAX #15, stream-safe text, which allows 30):
 * no language has such, and the same text still becomes the same. */
static void compose_in_stretches(const UNormalizer2 *nfc, const struct scim_wide *from, struct scim_wide *to)
{
    scim_wide_reserve(to, from->len * LONGEST_COMPOSED + 1);
    for (int32_t at = 0; at < from->len;) {
        int32_t end = end_of_stretch(from, at);
        compose(nfc, from->data + at, end - at, to);
        at = end;
    }
}

void scim_wide_nfc(const struct scim_wide *from, struct scim_wide *to)
{
    UErrorCode status = U_ZERO_ERROR;
    const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
    must(U_SUCCESS(status));
    if (from->len > MOST_MARKS && end_of_stretch(from, 0) < from->len) {
        compose_in_stretches(nfc, from, to);
        return;
    }
    scim_wide_reserve(to, from->len);
    to->len = unorm2_normalize(nfc, from->data, from->len, to->data, to->capacity, &status);
    if (status == U_BUFFER_OVERFLOW_ERROR) {
        /* A few characters are longer in NFC. */
        status = U_ZERO_ERROR;
        scim_wide_reserve(to, to->len);
        to->len = unorm2_normalize(nfc, from->data, from->len, to->data, to->capacity, &status);
    }
    must(U_SUCCESS(status));
}

bool scim_text_is_ascii(struct slice text)
{
    size_t i = 0;
    for (; i + 8 <= text.len; i += 8) {
        uint64_t word;
        memcpy(&word, text.data + i, sizeof word);
        if (word & 0x8080808080808080U)
            return false;
    }
    for (; i < text.len; i++)
        if ((unsigned char)text.data[i] & 0x80)
            return false;
    return true;
}

bool scim_text_is_utf8(struct slice text)
{
    if (scim_text_is_ascii(text))
        return true;
    UErrorCode status = U_ZERO_ERROR;
    int32_t units;
    must(text.len <= INT32_MAX);
    u_strFromUTF8(NULL, 0, &units, text.data, (int32_t)text.len, &status);
    return status == U_BUFFER_OVERFLOW_ERROR;
}

void scim_text_add_lower(struct slice ascii, struct buf *out)
{
    char *room = buf_reserve(out, ascii.len);
    if (!room)
        return;
    for (size_t i = 0; i < ascii.len; i++)
        room[i] = scim_ascii_lower(ascii.data[i]);
    out->len += ascii.len;
}

struct slice scim_text_cut(struct slice text, size_t bytes)
{
    if (text.len <= bytes)
        return text;
    while (bytes > 0 && ((unsigned char)text.data[bytes] & 0xC0) == 0x80)
        bytes--;
    return slice_of(text.data, bytes);
}

void scim_prepare_exact(struct slice text, struct buf *out)
{
    if (scim_text_is_ascii(text)) {
        buf_add(out, text);
        return;
    }
    struct scim_wide raw, composed;
    scim_wide_init(&raw);
    scim_wide_init(&composed);
    scim_wide_read(&raw, text);
    scim_wide_nfc(&raw, &composed);
    scim_wide_write(&composed, out);
    scim_wide_fini(&raw);
    scim_wide_fini(&composed);
}

static void fold(const struct scim_wide *from, struct scim_wide *to)
{
    /* One character becomes one character, of at most two units. */
    scim_wide_reserve(to, from->len * 2 + 2);
    for (int32_t i = 0; i < from->len;)
        scim_wide_add(to, u_foldCase(scim_wide_next(from, &i), U_FOLD_CASE_DEFAULT));
}

void scim_prepare_folded(struct slice text, struct buf *out)
{
    if (scim_text_is_ascii(text)) {
        scim_text_add_lower(text, out);
        return;
    }
    struct scim_wide a, b;
    scim_wide_init(&a);
    scim_wide_init(&b);
    scim_wide_read(&a, text);
    scim_wide_nfc(&a, &b);
    fold(&b, &a);
    scim_wide_nfc(&a, &b);
    scim_wide_write(&b, out);
    scim_wide_fini(&a);
    scim_wide_fini(&b);
}

bool scim_has_control(struct slice text)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c == 0x7F || (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))
            return true;
    }
    return false;
}
