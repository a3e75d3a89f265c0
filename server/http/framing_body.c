#include "framing.h"

enum { MOST_CHUNK_DIGITS = 8, MOST_EXTENSION = 256 };

void framing_body_init(struct framing_body *body, const struct framing_head *head, const struct framing_limits *limits)
{
    *body = (struct framing_body){.state = FRAMING_COUNTED, .left = head->content_length, .most = limits->header};
    if (head->chunked)
        body->state = FRAMING_CHUNK_SIZE;
    else if (head->content_length == 0)
        body->state = FRAMING_ENDED;
}

static bool refuse(struct err *err, const char *why) { return err_set(err, ERR_BAD_REQUEST, "%s", why); }

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static bool on_size(struct framing_body *body, char c, struct err *err)
{
    int digit = hex_digit(c);
    if (digit >= 0) {
        if (++body->digits > MOST_CHUNK_DIGITS)
            return refuse(err, "A chunk size has too many digits.");
        body->left = body->left * 16 + (uint64_t)digit;
        return true;
    }
    if (body->digits == 0 || (c != '\r' && c != ';'))
        return refuse(err, "A chunk does not begin with its size in hexadecimal digits.");
    body->overhead = 0;
    body->state = c == ';' ? FRAMING_CHUNK_EXTENSION : FRAMING_CHUNK_SIZE_LF;
    return true;
}

static bool on_extension(struct framing_body *body, char c, struct err *err)
{
    if (c == '\r') {
        body->state = FRAMING_CHUNK_SIZE_LF;
        return true;
    }
    unsigned char byte = (unsigned char)c;
    if (++body->overhead > MOST_EXTENSION || (byte < ' ' && byte != '\t') || byte >= 0x7f)
        return refuse(err, "A chunk extension is too long or has characters that it cannot have.");
    return true;
}

static void begin_chunk(struct framing_body *body)
{
    body->digits = 0;
    body->overhead = 0;
    body->state = body->left > 0 ? FRAMING_CHUNK_DATA : FRAMING_TRAILER_START;
}

static bool on_trailer(struct framing_body *body, char c, struct err *err)
{
    unsigned char byte = (unsigned char)c;
    if (++body->overhead > body->most)
        return err_set(err, ERR_HEADERS_TOO_LARGE, "The trailers are longer than %zu bytes.", body->most);
    if (c == '\r' && body->state != FRAMING_TRAILER_NAME)
        body->state = body->state == FRAMING_TRAILER_START ? FRAMING_LAST_LF : FRAMING_TRAILER_LF;
    else if ((byte < ' ' && byte != '\t') || byte == 0x7f)
        return refuse(err, "A trailer has a control character.");
    else if (body->state != FRAMING_TRAILER_VALUE) {
        if (byte <= ' ' || (byte == ':' && body->state == FRAMING_TRAILER_START))
            return refuse(err, "A trailer line is not a name, a colon and a value.");
        body->state = byte == ':' ? FRAMING_TRAILER_VALUE : FRAMING_TRAILER_NAME;
    }
    return true;
}

static bool on_line_feed(struct framing_body *body, char c, struct err *err)
{
    if (c != '\n')
        return refuse(err, "A line of a chunked body does not end in CR LF.");
    if (body->state == FRAMING_CHUNK_SIZE_LF)
        begin_chunk(body);
    else if (body->state == FRAMING_CHUNK_LF)
        body->state = FRAMING_CHUNK_SIZE;
    else
        body->state = body->state == FRAMING_TRAILER_LF ? FRAMING_TRAILER_START : FRAMING_ENDED;
    return true;
}

static bool on_chunk_end(struct framing_body *body, char c, struct err *err)
{
    body->state = FRAMING_CHUNK_LF;
    return c == '\r' || refuse(err, "A chunk is longer than its size says.");
}

static bool on_byte(struct framing_body *body, char c, struct err *err)
{
    if (body->state == FRAMING_CHUNK_SIZE)
        return on_size(body, c, err);
    if (body->state == FRAMING_CHUNK_EXTENSION)
        return on_extension(body, c, err);
    if (body->state == FRAMING_CHUNK_CR)
        return on_chunk_end(body, c, err);
    if (body->state >= FRAMING_TRAILER_START && body->state <= FRAMING_TRAILER_VALUE)
        return on_trailer(body, c, err);
    return on_line_feed(body, c, err);
}

/* Content is skipped as a whole; returns how much of it there was. */
static size_t skip_content(struct framing_body *body, size_t available)
{
    size_t taken = body->left < available ? (size_t)body->left : available;
    body->left -= taken;
    body->payload += taken;
    if (body->left == 0)
        body->state = body->state == FRAMING_COUNTED ? FRAMING_ENDED : FRAMING_CHUNK_CR;
    return taken;
}

enum framing_step framing_body_feed(struct framing_body *body, struct slice text, size_t *used_out, struct err *err)
{
    size_t at = 0;
    while (at < text.len && body->state != FRAMING_ENDED) {
        if (body->state == FRAMING_COUNTED || body->state == FRAMING_CHUNK_DATA)
            at += skip_content(body, text.len - at);
        else if (!on_byte(body, text.data[at++], err)) {
            *used_out = at;
            return FRAMING_REFUSED;
        }
    }
    *used_out = at;
    return body->state == FRAMING_ENDED ? FRAMING_DONE : FRAMING_MORE;
}
