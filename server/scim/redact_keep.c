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
    static const struct slice words[] = {REDACT_WORD("true"), REDACT_WORD("false"), REDACT_END};
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

/* Every name is looked at, letter by letter: the first one sorts most of them out. */
static bool may_begin_secret(char c)
{
    c = (char)(c | 0x20);
    return c == 'p' || c == 's' || c == 't' || c == 'c' || c == 'a';
}

static bool begins_secret(struct slice text)
{
    static const struct slice words[] = {REDACT_WORD("password"),
                                         REDACT_WORD("passwd"),
                                         REDACT_WORD("passphrase"),
                                         REDACT_WORD("privatekey"),
                                         REDACT_WORD("secret"),
                                         REDACT_WORD("token"),
                                         REDACT_WORD("credential"),
                                         REDACT_WORD("apikey"),
                                         REDACT_WORD("api_key"),
                                         REDACT_WORD("authorization"),
                                         REDACT_END};
    for (const struct slice *word = words; word->data; word++)
        if (text.len >= word->len && (text.data[1] | 0x20) == word->data[1] &&
            slice_starts_with_ascii_nocase(text, *word))
            return true;
    return false;
}

bool redact_is_secret_name(struct slice name)
{
    enum { SHORTEST = 5 };
    for (size_t i = 0; i + SHORTEST <= name.len; i++)
        if (may_begin_secret(name.data[i]) && begins_secret(slice_skip(name, i)))
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

/* The words that RFC 7643 suggests: what else stands there may be anybody's. */
static bool is_type(struct slice text)
{
    static const struct slice words[] = {REDACT_WORD("work"),   REDACT_WORD("home"),      REDACT_WORD("other"),
                                         REDACT_WORD("mobile"), REDACT_WORD("fax"),       REDACT_WORD("pager"),
                                         REDACT_WORD("photo"),  REDACT_WORD("thumbnail"), REDACT_WORD("aim"),
                                         REDACT_WORD("gtalk"),  REDACT_WORD("icq"),       REDACT_WORD("xmpp"),
                                         REDACT_WORD("msn"),    REDACT_WORD("skype"),     REDACT_WORD("qq"),
                                         REDACT_WORD("yahoo"),  REDACT_WORD("direct"),    REDACT_WORD("indirect"),
                                         REDACT_WORD("User"),   REDACT_WORD("Group"),     REDACT_END};
    return redact_is_one_of(text, words);
}

static bool keeps_in_value(const struct redact_spot *spot, struct slice text)
{
    static const struct slice holders[] = {REDACT_WORD("members"), REDACT_WORD("groups"), REDACT_WORD("manager"),
                                           REDACT_END};
    if (REDACT_IS_CALLED(spot, "type"))
        return is_type(text);
    if (REDACT_IS_CALLED(spot, "primary"))
        return is_boolean(text);
    return REDACT_IS_CALLED(spot, "value") && redact_is_one_of(spot->parent, holders) && redact_is_uuid(text);
}

static bool keeps_in_meta(const struct redact_spot *spot, struct slice text)
{
    if (!spot->ours)
        return false;
    if (REDACT_IS_CALLED(spot, "created") || REDACT_IS_CALLED(spot, "lastModified"))
        return is_time(text);
    return REDACT_IS_CALLED(spot, "version") ? is_tag(text)
                                             : REDACT_IS_CALLED(spot, "resourceType") && redact_is_name(text);
}

static bool keeps_in_operation(const struct redact_spot *spot, struct slice text)
{
    static const struct slice ops[] = {REDACT_WORD("add"), REDACT_WORD("replace"), REDACT_WORD("remove"), REDACT_END};
    static const struct slice methods[] = {REDACT_WORD("GET"),   REDACT_WORD("POST"),   REDACT_WORD("PUT"),
                                           REDACT_WORD("PATCH"), REDACT_WORD("DELETE"), REDACT_END};
    if (REDACT_IS_CALLED(spot, "op"))
        return redact_is_one_of(text, ops);
    if (REDACT_IS_CALLED(spot, "method"))
        return redact_is_one_of(text, methods);
    if (REDACT_IS_CALLED(spot, "status"))
        return spot->ours && is_number(text);
    return spot->ours && REDACT_IS_CALLED(spot, "version") && is_tag(text);
}

static bool keeps_in_search(const struct redact_spot *spot, struct slice text)
{
    static const struct slice names[] = {REDACT_WORD("attributes"), REDACT_WORD("excludedAttributes"),
                                         REDACT_WORD("sortBy"), REDACT_END};
    static const struct slice orders[] = {REDACT_WORD("ascending"), REDACT_WORD("descending"), REDACT_END};
    if (REDACT_IS_CALLED(spot, "startIndex") || REDACT_IS_CALLED(spot, "count"))
        return is_number(text);
    if (REDACT_IS_CALLED(spot, "sortOrder"))
        return redact_is_one_of(text, orders);
    return redact_is_one_of(spot->name, names) && redact_is_name(text);
}

static bool keeps_in_root(const struct redact_spot *spot, struct slice text)
{
    static const struct slice counts[] = {REDACT_WORD("totalResults"), REDACT_WORD("itemsPerPage"),
                                          REDACT_WORD("startIndex"), REDACT_END};
    if (REDACT_IS_CALLED(spot, "schemas"))
        return is_urn(text);
    if (REDACT_IS_CALLED(spot, "id"))
        return redact_is_uuid(text);
    if (REDACT_IS_CALLED(spot, "active"))
        return is_boolean(text);
    if (spot->is_search)
        return keeps_in_search(spot, text);
    if (spot->is_error)
        return REDACT_IS_CALLED(spot, "status") || REDACT_IS_CALLED(spot, "scimType");
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
