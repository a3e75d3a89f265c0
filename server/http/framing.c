#include "framing.h"

#include "base/num.h"

enum { MOST_METHOD = 32, MOST_HOST = 255 };

static bool refuse(struct err *err, const char *why) { return err_set(err, ERR_BAD_REQUEST, "%s", why); }

static enum framing_step refused(struct err *err, const char *why)
{
    refuse(err, why);
    return FRAMING_REFUSED;
}

static bool is_token_char(unsigned char c)
{
    static const char others[] = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c && strchr(others, c));
}

static bool is_value_char(unsigned char c) { return c == '\t' || (c >= 0x20 && c != 0x7f); }

static size_t token_length(struct slice text)
{
    size_t length = 0;
    while (length < text.len && is_token_char((unsigned char)text.data[length]))
        length++;
    return length;
}

enum framing_step framing_find_head(struct slice text, const struct framing_limits *limits, size_t *seen_io,
                                    size_t *length_out, struct err *err)
{
    if (text.len > 0 && !is_token_char((unsigned char)text.data[0])) /* TLS, most likely: no use to wait for more */
        return refused(err, "The request does not begin with a method.");
    size_t within = text.len < limits->header ? text.len : limits->header;
    while (*seen_io < within) {
        const char *lf = memchr(text.data + *seen_io, '\n', within - *seen_io);
        if (!lf)
            break;
        size_t at = (size_t)(lf - text.data);
        if (at == 0 || text.data[at - 1] != '\r')
            return refused(err, "A line ends in a bare line feed.");
        *seen_io = at + 1;
        if (at >= 3 && memcmp(lf - 3, "\r\n\r", 3) == 0) {
            *length_out = at + 1;
            return FRAMING_DONE;
        }
    }
    if (text.len < limits->header)
        return FRAMING_MORE;
    err_set(err, ERR_HEADERS_TOO_LARGE, "The request line and headers are longer than %zu bytes.", limits->header);
    return FRAMING_REFUSED;
}

/* Cuts the next line off *rest, without its CR LF. */
static struct slice next_line(struct slice *rest)
{
    const char *lf = memchr(rest->data, '\n', rest->len);
    size_t length = lf ? (size_t)(lf - rest->data) : rest->len;
    struct slice line = slice_of(rest->data, length > 0 ? length - 1 : 0);
    *rest = slice_skip(*rest, lf ? length + 1 : length);
    return line;
}

static bool parse_version(struct slice version, struct framing_head *head, struct err *err)
{
    head->version_1_1 = slice_equals(version, SLICE_LITERAL("HTTP/1.1"));
    if (!head->version_1_1 && !slice_equals(version, SLICE_LITERAL("HTTP/1.0")))
        return refuse(err, "The request line does not end in HTTP/1.0 or HTTP/1.1.");
    return true;
}

static bool parse_request_line(struct slice line, struct framing_head *head, struct err *err)
{
    size_t method = token_length(line);
    if (method == 0 || method > MOST_METHOD || method == line.len || line.data[method] != ' ')
        return refuse(err, "The request line does not begin with a method and one space.");
    head->method = slice_of(line.data, method);
    struct slice rest = slice_skip(line, method + 1);
    size_t target = 0;
    while (target < rest.len && rest.data[target] > ' ' && rest.data[target] < 0x7f)
        target++;
    if (target == 0 || target == rest.len || rest.data[target] != ' ')
        return refuse(err, "The request target is empty or has characters that a URL cannot have.");
    head->target = slice_of(rest.data, target);
    return parse_version(slice_skip(rest, target + 1), head, err);
}

static bool take_host(struct slice value, struct framing_head *head, struct err *err)
{
    if (head->host.data)
        return refuse(err, "There is more than one Host header.");
    if (!framing_host_is_valid(value))
        return refuse(err, "The Host header is not a host name with an optional port.");
    head->host = value;
    return true;
}

static bool take_length(struct slice name, struct slice value, struct framing_head *head, struct err *err)
{
    if (head->has_length)
        return refuse(err, "There is more than one Content-Length header.");
    if (!num_parse_uint(value, 0, INT64_MAX, &head->content_length))
        return refuse(err, "The Content-Length header is not a number.");
    head->has_length = true;
    head->length_name = name;
    return true;
}

static bool take_encoding(struct slice name, struct slice value, struct framing_head *head, struct err *err)
{
    if (head->chunked)
        return refuse(err, "There is more than one Transfer-Encoding header.");
    if (!slice_equals_ascii_nocase(value, SLICE_LITERAL("chunked")))
        return refuse(err, "The only Transfer-Encoding understood is chunked.");
    head->chunked = true;
    head->encoding_name = name;
    return true;
}

static bool take_expect(struct slice name, struct slice value, struct framing_head *head, struct err *err)
{
    if (head->expect.data)
        return refuse(err, "There is more than one Expect header.");
    head->expect = value;
    head->expect_name = name;
    return true;
}

static bool take_field(struct slice name, struct slice value, struct framing_head *head, struct err *err)
{
    if (slice_equals_ascii_nocase(name, SLICE_LITERAL("host")))
        return take_host(value, head, err);
    if (slice_equals_ascii_nocase(name, SLICE_LITERAL("content-length")))
        return take_length(name, value, head, err);
    if (slice_equals_ascii_nocase(name, SLICE_LITERAL("transfer-encoding")))
        return take_encoding(name, value, head, err);
    if (slice_equals_ascii_nocase(name, SLICE_LITERAL("expect")))
        return take_expect(name, value, head, err);
    return true;
}

static bool parse_field(struct slice line, struct framing_head *head, struct err *err)
{
    size_t name = token_length(line);
    if (name == 0 && line.len > 0 && (line.data[0] == ' ' || line.data[0] == '\t'))
        return refuse(err, "A header is folded over several lines.");
    if (name == 0 || name == line.len || line.data[name] != ':')
        return refuse(err, "A header line is not a name, a colon and a value.");
    struct slice value = slice_trim(slice_skip(line, name + 1));
    for (size_t i = 0; i < value.len; i++)
        if (!is_value_char((unsigned char)value.data[i]))
            return refuse(err, "A header has a control character in its value.");
    return take_field(slice_of(line.data, name), value, head, err);
}

static bool check_together(const struct framing_head *head, struct err *err)
{
    if (!head->host.data)
        return refuse(err, "The Host header is missing.");
    if (head->chunked && head->has_length)
        return refuse(err, "There are both Content-Length and Transfer-Encoding headers.");
    if (head->chunked && !head->version_1_1)
        return refuse(err, "HTTP/1.0 has no Transfer-Encoding.");
    if (head->expect.data && !slice_equals_ascii_nocase(head->expect, SLICE_LITERAL("100-continue")))
        return err_set(err, ERR_EXPECTATION, "The only expectation understood is 100-continue.");
    return true;
}

bool framing_parse_head(struct slice text, const struct framing_limits *limits, struct framing_head *head_out,
                        struct err *err)
{
    *head_out = (struct framing_head){.method = SLICE_EMPTY};
    if (!parse_request_line(next_line(&text), head_out, err))
        return false;
    size_t fields = 0;
    for (struct slice line = next_line(&text); line.len > 0; line = next_line(&text)) {
        if (++fields > limits->fields)
            return err_set(err, ERR_HEADERS_TOO_LARGE, "There are more than %zu headers.", limits->fields);
        if (!parse_field(line, head_out, err))
            return false;
    }
    return check_together(head_out, err);
}

static bool is_host_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
           c == '_';
}

static bool is_literal_char(unsigned char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F') || c == ':' || c == '.';
}

static size_t name_length(struct slice host)
{
    size_t length = 0;
    if (host.len > 0 && host.data[0] == '[') {
        for (length = 1; length < host.len && is_literal_char((unsigned char)host.data[length]);)
            length++;
        return length > 1 && length < host.len && host.data[length] == ']' ? length + 1 : 0;
    }
    while (length < host.len && is_host_char((unsigned char)host.data[length]))
        length++;
    return length;
}

bool framing_host_is_valid(struct slice host)
{
    size_t name = name_length(host);
    if (name == 0 || name > MOST_HOST)
        return false;
    if (name == host.len)
        return true;
    uint64_t port;
    return host.data[name] == ':' && host.len - name <= 6 &&
           num_parse_uint(slice_skip(host, name + 1), 1, 65535, &port);
}
