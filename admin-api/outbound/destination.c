#include "destination.h"

#include <ctype.h>
#include <curl/curl.h>
#include <locale.h>
#include <pthread.h>

#include "base/must.h"
#include "base/num.h"
#include "resolve.h"

enum { NAME_BYTES = 253, LABEL_BYTES = 63 };

static void free_url(CURLU **url) { curl_url_cleanup(*url); }
static void free_text(char **text) { curl_free(*text); }
#define scoped_url  __attribute__((cleanup(free_url))) CURLU
#define scoped_text __attribute__((cleanup(free_text))) char

static locale_t utf8;

static void make_locale(void) { utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0); }

/* Names in other scripts become Punycode by libidn2, which takes them to be in the encoding of the thread's locale. */
static locale_t use_utf8(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    must(pthread_once(&once, make_locale) == 0);
    return uselocale(utf8); /* without it (the system has none), such names are refused */
}

/* A part of the URL, in the arena; data NULL: it has none, or not a valid one. */
static struct slice part_of(CURLU *url, CURLUPart part, unsigned flags, struct arena *arena)
{
    scoped_text *text = NULL;
    if (curl_url_get(url, part, &text, flags) != CURLUE_OK || !text)
        return SLICE_EMPTY;
    return slice_str(arena_copy(arena, slice_str(text)));
}

/* Parsers differ in what they make of these (a backslash is a slash in browsers), so that nobody is to. */
static bool has_odd_bytes(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f || text.data[i] == '\\')
            return true;
    return false;
}

static const char *why_unreadable(CURLUcode code)
{
    switch ((int)code) {
    case CURLUE_UNSUPPORTED_SCHEME:
    case CURLUE_BAD_SCHEME:
        return "must begin with https://";
    case CURLUE_USER_NOT_ALLOWED:
        return "must not contain a user name or password";
    case CURLUE_BAD_PORT_NUMBER:
        return "has a port that is none";
    default:
        return "is not a valid URL";
    }
}

static const char *check_text(struct slice text)
{
    if (text.len == 0 || text.len > DESTINATION_BYTES)
        return "must have 1 to 2048 characters";
    if (has_odd_bytes(text))
        return "must not contain blanks, control characters or backslashes";
    return NULL;
}

static const char *check_scheme(const struct outbound_rules *rules, CURLU *url, struct arena *arena)
{
    struct slice scheme = part_of(url, CURLUPART_SCHEME, 0, arena);
    if (slice_equals(scheme, SLICE_LITERAL("https")) || (rules->http && slice_equals(scheme, SLICE_LITERAL("http"))))
        return NULL;
    return rules->http ? "must begin with https:// or http://" : "must begin with https://";
}

static const char *check_parts(CURLU *url, struct arena *arena)
{
    if (part_of(url, CURLUPART_USER, 0, arena).data || part_of(url, CURLUPART_PASSWORD, 0, arena).data ||
        part_of(url, CURLUPART_OPTIONS, 0, arena).data)
        return "must not contain a user name or password";
    if (part_of(url, CURLUPART_FRAGMENT, 0, arena).data)
        return "must not have a fragment (#…): it would not be sent";
    if (part_of(url, CURLUPART_ZONEID, 0, arena).data)
        return "must not name a network zone";
    return NULL;
}

static bool is_of_labels(char c) { return isalnum((unsigned char)c) || c == '-' || c == '_'; }

/* "10.00.100.200": no name ends so, and to some resolvers it is an address. */
static bool ends_in_number(struct slice name)
{
    const char *dot = memrchr(name.data, '.', name.len);
    struct slice last = slice_skip(name, dot ? (size_t)(dot - name.data) + 1 : 0);
    bool all_digits = true, is_hexadecimal = slice_starts_with_ascii_nocase(last, SLICE_LITERAL("0x"));
    for (size_t i = 0; i < last.len; i++) {
        all_digits = all_digits && isdigit((unsigned char)last.data[i]);
        is_hexadecimal = is_hexadecimal && (i < 2 || isxdigit((unsigned char)last.data[i]));
    }
    return all_digits || is_hexadecimal;
}

/* Letters, digits, hyphens and underscores between dots: what is in another script is Punycode by now. */
static bool is_host_name(struct slice name)
{
    size_t label = 0;
    for (size_t i = 0; i < name.len; i++) {
        bool is_dot = name.data[i] == '.';
        if (is_dot ? label == 0 : !is_of_labels(name.data[i]))
            return false;
        label = is_dot ? 0 : label + 1;
        if (label > LABEL_BYTES)
            return false;
    }
    return label > 0 && name.len <= NAME_BYTES && !ends_in_number(name);
}

static struct slice without_brackets(struct slice host)
{
    bool has = host.len > 2 && host.data[0] == '[' && host.data[host.len - 1] == ']';
    return has ? slice_of(host.data + 1, host.len - 2) : host;
}

static struct slice without_last_dot(struct slice host)
{
    return slice_of(host.data, host.len > 0 && host.data[host.len - 1] == '.' ? host.len - 1 : host.len);
}

static const char *check_host(const struct outbound_rules *rules, struct destination *destination, struct arena *arena)
{
    destination->is_address = address_parse(destination->host, &destination->address);
    if (!destination->is_address && !is_host_name(destination->host))
        return "has no valid host name";
    const char *refusal = destination->is_address ? address_refusal(rules, &destination->address)
                                                  : name_refusal(rules, destination->host);
    if (refusal)
        return arena_printf(arena, "must lead to the public Internet; its host is %s", refusal);
    return NULL;
}

static const char *check_port(const struct destination *destination, struct arena *arena)
{
    return port_is_refused(destination->port)
               ? arena_printf(arena, "has the port %u, which belongs to another protocol", (unsigned)destination->port)
               : NULL;
}

static bool read_host(CURLU *url, struct arena *arena, struct destination *destination)
{
    uint64_t port = 0;
    locale_t before = use_utf8();
    struct slice host = part_of(url, CURLUPART_HOST, CURLU_PUNYCODE, arena);
    destination->url = part_of(url, CURLUPART_URL, CURLU_PUNYCODE, arena);
    uselocale(before);
    bool good = host.data && num_parse_uint(part_of(url, CURLUPART_PORT, CURLU_DEFAULT_PORT, arena), 0, 65535, &port);
    destination->host = without_last_dot(without_brackets(host));
    destination->port = (uint16_t)port;
    return good && destination->url.data && destination->url.len <= DESTINATION_BYTES;
}

/* What libcurl makes of the text. */
static const char *read_url(const struct outbound_rules *rules, struct slice text, struct arena *arena,
                            struct destination *destination_out)
{
    scoped_url *url = curl_url();
    must(url);
    const char *why = check_text(text);
    if (why)
        return why;
    CURLUcode code = curl_url_set(url, CURLUPART_URL, arena_copy(arena, text), CURLU_DISALLOW_USER | CURLU_URLENCODE);
    if (code != CURLUE_OK)
        return why_unreadable(code);
    if ((why = check_scheme(rules, url, arena)) || (why = check_parts(url, arena)))
        return why;
    *destination_out = (struct destination){0};
    return read_host(url, arena, destination_out) ? NULL : "has no valid host name";
}

/* What is kept is read again when it is connected to, and must not mean anything else then. (libcurl 7.88 decodes
 * "10%2e00.1.1" after it has looked for addresses, and would find one the next time.) */
const char *destination_check(const struct outbound_rules *rules, struct slice text, struct arena *arena,
                              struct destination *destination_out)
{
    struct destination first;
    const char *why = read_url(rules, text, arena, &first);
    if (why || (why = read_url(rules, first.url, arena, destination_out)))
        return why;
    if (!slice_equals(first.url, destination_out->url) || !slice_equals(first.host, destination_out->host))
        return "has no valid host name";
    why = check_host(rules, destination_out, arena);
    return why ? why : check_port(destination_out, arena);
}

const char *destination_prove(const struct outbound_rules *rules, struct slice text, struct arena *arena,
                              struct destination *destination_out)
{
    struct resolved resolved;
    const char *why = destination_check(rules, text, arena, destination_out);
    if (why || destination_out->is_address)
        return why;
    if (!resolve(destination_out->host, DESTINATION_RESOLVE_MS, &resolved))
        return "must lead to the public Internet; its host could not be looked up in time: try again";
    if (resolved.count == 0)
        return "must lead to the public Internet; its host has no address";
    for (size_t i = 0; i < resolved.count; i++)
        if ((why = address_refusal(rules, &resolved.list[i])))
            return arena_printf(arena, "must lead to the public Internet; its host has %s", why);
    return NULL;
}
