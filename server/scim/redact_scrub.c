/* Tokens, wherever they stand, and bytes that are no UTF-8. */
#include "redact_parts.h"

enum { LEAST_TOKEN = 20 };

static bool is_token_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
}

/* "scimt_…" and its like (auth/token.h), and JWTs, which begin with {" in base64url. */
static bool begins_token(struct slice text)
{
    static const char kinds[] = {'t', 'a', 'p', 'l', 's'};
    bool ours = text.len > 6 && slice_starts_with(text, SLICE_LITERAL("scim")) &&
                memchr(kinds, text.data[4], sizeof kinds) && text.data[5] == '_';
    return ours || slice_starts_with(text, SLICE_LITERAL("eyJ"));
}

static size_t token_length(struct slice text)
{
    if ((text.data[0] != 's' && text.data[0] != 'e') || !begins_token(text))
        return 0;
    size_t len = 0;
    while (len < text.len && is_token_char(text.data[len]))
        len++;
    return len >= LEAST_TOKEN ? len : 0;
}

/* Bytes of the character at the front; 0: no UTF-8. */
static size_t character_length(struct slice text)
{
    unsigned char first = (unsigned char)text.data[0];
    size_t len = first < 0x80                    ? 1
                 : first >= 0xc2 && first < 0xe0 ? 2
                 : (first & 0xf0) == 0xe0        ? 3
                 : first >= 0xf0 && first < 0xf5 ? 4
                                                 : 0;
    if (len == 0 || len > text.len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if (((unsigned char)text.data[i] & 0xc0) != 0x80)
            return 0;
    unsigned char second = len > 1 ? (unsigned char)text.data[1] : 0;
    bool overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
    bool beyond = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
    return overlong || beyond ? 0 : len;
}

/* Where the first byte stands that may not stay, from `at` on: as a rule there is none. */
static size_t find_bad(const struct buf *text, size_t at)
{
    while (at < text->len) {
        unsigned char c = (unsigned char)text->data[at];
        struct slice rest = slice_of(text->data + at, text->len - at);
        size_t len = c < 0x80 ? 1 : character_length(rest);
        if (len == 0 || ((c == 's' || c == 'e') && token_length(rest) > 0))
            break;
        at += len;
    }
    return at;
}

/* In place: what is put in is never longer than what it replaces. */
void redact_scrub(struct buf *out, size_t from)
{
    size_t at = find_bad(out, from), to = at;
    while (at < out->len) {
        size_t token = token_length(slice_of(out->data + at, out->len - at));
        memcpy(out->data + to, token ? REDACTED : "?", token ? strlen(REDACTED) : 1);
        to += token ? strlen(REDACTED) : 1;
        at += token ? token : 1;
        size_t next = find_bad(out, at);
        memmove(out->data + to, out->data + at, next - at);
        to += next - at;
        at = next;
    }
    out->len = to;
}

void scim_redact_text(struct slice text, struct buf *out)
{
    size_t from = out->len;
    buf_add(out, text);
    redact_scrub(out, from);
}
