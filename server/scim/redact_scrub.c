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
    bool ours = text.len > 6 && memcmp(text.data, "scim", 4) == 0 && strchr("tap", text.data[4]) && text.data[5] == '_';
    return ours || slice_starts_with(text, SLICE_LITERAL("eyJ"));
}

static size_t token_length(struct slice text)
{
    size_t len = 0;
    while (len < text.len && is_token_char(text.data[len]))
        len++;
    return len >= LEAST_TOKEN && begins_token(text) ? len : 0;
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

/* In place: what is put in is never longer than what it replaces. */
void redact_scrub(struct buf *out, size_t from)
{
    size_t to = from;
    for (size_t at = from; at < out->len;) {
        struct slice rest = slice_of(out->data + at, out->len - at);
        size_t token = token_length(rest), character = token ? 0 : character_length(rest);
        if (token) {
            memcpy(out->data + to, REDACTED, strlen(REDACTED));
            to += strlen(REDACTED);
        } else if (character) {
            memmove(out->data + to, out->data + at, character);
            to += character;
        } else {
            out->data[to++] = '?';
        }
        at += token ? token : character ? character : 1;
    }
    out->len = to;
}

void scim_redact_text(struct slice text, struct buf *out)
{
    size_t from = out->len;
    buf_add(out, text);
    redact_scrub(out, from);
}
