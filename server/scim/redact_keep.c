/* What is harmless, and what is a secret. */
#include "redact_parts.h"

#include <ctype.h>

enum { NAME_BYTES = 200 };

static bool is_alnum(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'); }

static bool consists_of(struct slice text, const char *others)
{
    for (size_t i = 0; i < text.len; i++)
        if (!is_alnum(text.data[i]) && (text.data[i] == '\0' || !strchr(others, text.data[i])))
            return false;
    return text.len > 0 && text.len <= NAME_BYTES;
}

bool redact_is_name(struct slice text)
{
    return consists_of(text, "-_$.:") && (text.data[0] < '0' || text.data[0] > '9') && text.data[0] != '-';
}

bool redact_is_one_of(struct slice text, const char *const *words)
{
    for (; *words; words++)
        if (slice_equals_ascii_nocase(text, slice_str(*words)))
            return true;
    return false;
}

bool redact_is_uuid(struct slice text)
{
    static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    if (text.len != sizeof(form) - 1)
        return false;
    for (size_t i = 0; i < text.len; i++)
        if (form[i] == 'x' ? !isxdigit((unsigned char)text.data[i]) : text.data[i] != '-')
            return false;
    return true;
}

static bool is_number(struct slice text)
{
    enum { DIGITS = 10 };
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] < '0' || text.data[i] > '9')
            return false;
    return text.len > 0 && text.len <= DIGITS;
}

static bool is_boolean(struct slice text)
{
    static const char *const words[] = {"true", "false", NULL};
    return redact_is_one_of(text, words);
}

static bool is_urn(struct slice text)
{
    return slice_starts_with_ascii_nocase(text, SLICE_LITERAL("urn:")) && redact_is_name(text);
}

/* "2026-11-24T17:45:08.071Z" and its like. */
static bool is_time(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] == '\0' || !strchr("0123456789-:.TZ+", text.data[i]))
            return false;
    return text.len >= sizeof("2026-11-24") - 1 && text.len <= sizeof("2026-11-24T17:45:08.071000+00:00");
}

/* W/"3-ab12" of ours, as JSON writes it. */
static bool is_tag(struct slice text)
{
    static const struct slice front = SLICE_LITERAL("W/\\\""), back = SLICE_LITERAL("\\\"");
    if (text.len <= front.len + back.len || !slice_starts_with(text, front))
        return false;
    struct slice inside = slice_of(text.data + front.len, text.len - front.len - back.len);
    return consists_of(inside, "-") && slice_equals(slice_skip(text, text.len - back.len), back);
}

/* --- names --- */

/* Behind the last colon that no bracket follows: a filter's literals may hold colons, too. */
static struct slice without_urn(struct slice path)
{
    const char *bracket = path.len ? memchr(path.data, '[', path.len) : NULL;
    size_t len = bracket ? (size_t)(bracket - path.data) : path.len;
    const char *colon = len ? memrchr(path.data, ':', len) : NULL;
    return colon ? slice_skip(path, (size_t)(colon - path.data) + 1) : path;
}

void redact_read_name(struct slice path, struct slice *parent_out, struct slice *name_out)
{
    struct slice rest = without_urn(path);
    const char *end = rest.data + rest.len, *cut = rest.data;
    while (cut < end && *cut != '[' && *cut != '.')
        cut++;
    struct slice first = slice_of(rest.data, (size_t)(cut - rest.data));
    const char *dot = cut < end && *cut == '[' ? memrchr(cut, ']', (size_t)(end - cut)) : cut;
    if (dot && dot < end && *dot == ']')
        dot++;
    bool has_sub = dot && dot < end && *dot == '.';
    *parent_out = has_sub ? first : SLICE_EMPTY;
    *name_out = has_sub ? slice_of(dot + 1, (size_t)(end - dot - 1)) : first;
}

/* Every name is looked at: the first letter sorts most of them out. */
static bool begins_secret(struct slice text)
{
    static const char *const words[] = {"password",   "passwd", "passphrase", "privatekey",    "secret", "token",
                                        "credential", "apikey", "api_key",    "authorization", NULL};
    if (!strchr("pstcaPSTCA", text.data[0]))
        return false;
    for (const char *const *word = words; *word; word++)
        if (slice_starts_with_ascii_nocase(text, slice_str(*word)))
            return true;
    return false;
}

bool redact_is_secret_name(struct slice name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.data[i] != '\0' && begins_secret(slice_skip(name, i)))
            return true;
    return false;
}

static bool names_spot(struct slice path, const struct redact_spot *spot)
{
    struct slice parent, name;
    redact_read_name(path, &parent, &name);
    return slice_equals_ascii_nocase(name, spot->name) &&
           (parent.len == 0 ? spot->parent.len == 0 : slice_equals_ascii_nocase(parent, spot->parent));
}

bool redact_hides(const struct redact_spot *spot, const struct scim_redaction *how)
{
    if (spot->hidden || redact_is_secret_name(spot->name) || redact_is_secret_name(spot->parent))
        return true;
    for (size_t i = 0; i < how->sensitive.count; i++)
        if (names_spot(how->sensitive.list[i], spot))
            return true;
    return false;
}

/* --- values --- */

static bool is_called(const struct redact_spot *spot, const char *name)
{
    return slice_equals_ascii_nocase(spot->name, slice_str(name));
}

/* The words that RFC 7643 suggests: what else stands there may be anybody's. */
static bool is_type(struct slice text)
{
    static const char *const words[] = {"work",      "home",  "other",  "mobile",   "fax",  "pager", "photo",
                                        "thumbnail", "aim",   "gtalk",  "icq",      "xmpp", "msn",   "skype",
                                        "qq",        "yahoo", "direct", "indirect", "User", "Group", NULL};
    return redact_is_one_of(text, words);
}

static bool keeps_in_value(const struct redact_spot *spot, struct slice text)
{
    static const char *const holders[] = {"members", "groups", "manager", NULL};
    if (is_called(spot, "type"))
        return is_type(text);
    if (is_called(spot, "primary"))
        return is_boolean(text);
    return is_called(spot, "value") && redact_is_one_of(spot->parent, holders) && redact_is_uuid(text);
}

static bool keeps_in_meta(const struct redact_spot *spot, struct slice text)
{
    if (!spot->ours)
        return false;
    if (is_called(spot, "created") || is_called(spot, "lastModified"))
        return is_time(text);
    return is_called(spot, "version") ? is_tag(text) : is_called(spot, "resourceType") && redact_is_name(text);
}

static bool keeps_in_operation(const struct redact_spot *spot, struct slice text)
{
    static const char *const ops[] = {"add", "replace", "remove", NULL};
    static const char *const methods[] = {"GET", "POST", "PUT", "PATCH", "DELETE", NULL};
    if (is_called(spot, "op"))
        return redact_is_one_of(text, ops);
    if (is_called(spot, "method"))
        return redact_is_one_of(text, methods);
    if (is_called(spot, "status"))
        return spot->ours && is_number(text);
    return spot->ours && is_called(spot, "version") && is_tag(text);
}

static bool keeps_in_search(const struct redact_spot *spot, struct slice text)
{
    static const char *const names[] = {"attributes", "excludedAttributes", "sortBy", NULL};
    static const char *const orders[] = {"ascending", "descending", NULL};
    if (is_called(spot, "startIndex") || is_called(spot, "count"))
        return is_number(text);
    if (is_called(spot, "sortOrder"))
        return redact_is_one_of(text, orders);
    return redact_is_one_of(spot->name, names) && redact_is_name(text);
}

static bool keeps_in_root(const struct redact_spot *spot, struct slice text)
{
    static const char *const counts[] = {"totalResults", "itemsPerPage", "startIndex", NULL};
    if (is_called(spot, "schemas"))
        return is_urn(text);
    if (is_called(spot, "id"))
        return redact_is_uuid(text);
    if (is_called(spot, "active"))
        return is_boolean(text);
    if (spot->is_search)
        return keeps_in_search(spot, text);
    if (spot->is_error)
        return is_called(spot, "status") || is_called(spot, "scimType");
    return spot->ours && redact_is_one_of(spot->name, counts) && is_number(text);
}

/* Whatever `in` says: "meta.lastModified" and "emails.type" may stand in filters and in names of members. */
bool redact_keeps(const struct redact_spot *spot, struct slice text)
{
    if (text.len == 0)
        return true;
    if (spot->in == REDACT_OPERATION)
        return keeps_in_operation(spot, text);
    if (spot->in == REDACT_META || slice_equals_ascii_nocase(spot->parent, SLICE_LITERAL("meta")))
        return keeps_in_meta(spot, text);
    if (spot->parent.len > 0)
        return keeps_in_value(spot, text);
    return spot->in == REDACT_ROOT && keeps_in_root(spot, text);
}
