#include "db_url.h"

#include "base/num.h"

static bool refuse(struct err *err, const char *why)
{
    return err_set(err, ERR_INVALID_VALUE, "Database URL: %s", why);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* NULs and control characters are refused: what follows them would be lost silently. */
static bool decode(struct slice text, char *out, size_t size)
{
    size_t used = 0;
    for (size_t at = 0; at < text.len; at++) {
        int c = (unsigned char)text.data[at];
        if (c == '%') {
            int high = at + 2 < text.len ? hex_digit(text.data[at + 1]) : -1;
            int low = at + 2 < text.len ? hex_digit(text.data[at + 2]) : -1;
            if (high < 0 || low < 0)
                return false;
            c = high * 16 + low;
            at += 2;
        }
        if (c < 0x20 || c == 0x7f || used + 1 >= size)
            return false;
        out[used++] = (char)c;
    }
    out[used] = '\0';
    return true;
}

/* Cuts `text` at the first (or last) `mark`: what stands before it is returned, what stands behind stays in *text. */
static bool cut(struct slice *text, char mark, bool last, struct slice *before_out)
{
    const char *at = last ? memrchr(text->data, mark, text->len) : memchr(text->data, mark, text->len);
    if (!at)
        return false;
    *before_out = slice_of(text->data, (size_t)(at - text->data));
    *text = slice_skip(*text, before_out->len + 1);
    return true;
}

static bool parse_account(struct slice account, struct db_address *address, struct err *err)
{
    struct slice user, password = account;
    if (!cut(&password, ':', false, &user)) {
        user = account;
        password = SLICE_EMPTY;
    }
    if (user.len == 0 || !decode(user, address->user, sizeof(address->user)))
        return refuse(err, "the user is missing or malformed");
    if (!decode(password, address->password, sizeof(address->password)))
        return refuse(err, "the password is malformed or longer than 511 bytes");
    return true;
}

static bool parse_port(struct slice text, struct db_address *address, struct err *err)
{
    uint64_t port;
    if (!num_parse_uint(text, 1, 65535, &port))
        return refuse(err, "the port must be 1 to 65535");
    address->port = (unsigned)port;
    return true;
}

/* Splits "host", "host:port", "[address]" or "[address]:port"; *has_port_out tells whether a colon stood there. */
static bool split_host(struct slice text, struct slice *host_out, struct slice *port_out, bool *has_port_out)
{
    *port_out = text;
    if (text.len == 0 || text.data[0] != '[') {
        *has_port_out = cut(port_out, ':', false, host_out);
        if (!*has_port_out)
            *host_out = text;
        return true;
    }
    *port_out = slice_skip(text, 1);
    if (!cut(port_out, ']', false, host_out))
        return false;
    *has_port_out = port_out->len > 0;
    if (*has_port_out && port_out->data[0] != ':')
        return false;
    *port_out = slice_skip(*port_out, 1);
    return true;
}

static bool parse_host(struct slice text, struct db_address *address, struct err *err)
{
    struct slice host, port;
    bool has_port;
    if (!split_host(text, &host, &port, &has_port) || !decode(host, address->host, sizeof(address->host)))
        return refuse(err, "the host is malformed");
    if (has_port && !parse_port(port, address, err))
        return false;
    bool local = address->host[0] == '\0' || strcmp(address->host, "localhost") == 0;
    address->over_tcp = !local || address->port != 0;
    address->tls = address->over_tcp ? DB_TLS_PREFERRED : DB_TLS_OFF;
    return true;
}

static bool parse_tls(struct slice value, struct db_address *address, struct err *err)
{
    static const char *const names[] = {"off", "preferred", "required"};
    for (unsigned i = 0; i < 3; i++) {
        if (slice_equals(value, slice_str(names[i]))) {
            address->tls = (enum db_tls)i;
            return true;
        }
    }
    return refuse(err, "tls must be required, preferred or off");
}

static bool parse_option(struct slice option, struct db_address *address, struct err *err)
{
    struct slice name;
    if (!cut(&option, '=', false, &name))
        return refuse(err, "an option is written name=value");
    if (slice_equals(name, SLICE_LITERAL("tls")))
        return parse_tls(option, address, err);
    if (slice_equals(name, SLICE_LITERAL("socket")))
        return decode(option, address->socket, sizeof(address->socket)) ||
               refuse(err, "the socket's path is malformed or longer than 107 bytes");
    if (slice_equals(name, SLICE_LITERAL("tls_ca")))
        return decode(option, address->tls_ca, sizeof(address->tls_ca)) || refuse(err, "tls_ca is malformed");
    return refuse(err, "the options are socket, tls and tls_ca");
}

static bool parse_options(struct slice options, struct db_address *address, struct err *err)
{
    struct slice option;
    while (cut(&options, '&', false, &option))
        if (!parse_option(option, address, err))
            return false;
    if (!parse_option(options, address, err))
        return false;
    if (address->socket[0] && address->over_tcp)
        return refuse(err, "a socket goes with the host localhost and no port");
    if (address->tls_ca[0])
        address->tls = DB_TLS_REQUIRED;
    return true;
}

bool db_url_parse(const char *url, struct db_address *address_out, struct err *err)
{
    *address_out = (struct db_address){0};
    struct slice text = slice_str(url), scheme, server, account, database;
    if (!cut(&text, ':', false, &scheme) || !slice_starts_with(text, SLICE_LITERAL("//")))
        return refuse(err, "it must begin with mariadb://");
    if (!slice_equals(scheme, SLICE_LITERAL("mariadb")) && !slice_equals(scheme, SLICE_LITERAL("mysql")))
        return refuse(err, "the scheme must be mariadb or mysql");
    text = slice_skip(text, 2);

    struct slice options = text;
    bool has_options = cut(&options, '?', false, &database);
    if (has_options)
        text = database;
    if (!cut(&text, '/', true, &server) || text.len == 0 || !decode(text, address_out->database, 65))
        return refuse(err, "the name of the database is missing or malformed");
    if (!cut(&server, '@', true, &account))
        return refuse(err, "the user is missing or malformed");
    return parse_account(account, address_out, err) && parse_host(server, address_out, err) &&
           (!has_options || parse_options(options, address_out, err));
}
