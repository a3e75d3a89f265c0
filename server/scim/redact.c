/* Bodies: the JSON text is walked once, without building anything, so that one that is cut or malformed can be shown
 * as far as it goes. */
#include "redact_parts.h"

enum { MOST_DEPTH = 40, MOST_PATH = 1024, TOKEN_BYTES = 64 };

struct walker {
    const char *at, *end;
    const struct scim_redaction *how;
    struct buf *out;
    bool failed; /* from here on nothing is known */
    unsigned depth;
};

static bool walk_value(struct walker *walker, const struct redact_spot *spot, struct slice path);

static bool fail(struct walker *walker)
{
    walker->failed = true;
    return false;
}

static void skip_blanks(struct walker *walker)
{
    while (walker->at < walker->end &&
           (*walker->at == ' ' || *walker->at == '\n' || *walker->at == '\r' || *walker->at == '\t'))
        walker->at++;
}

static bool take(struct walker *walker, char c)
{
    skip_blanks(walker);
    if (walker->failed || walker->at == walker->end || *walker->at != c)
        return false;
    walker->at++;
    return true;
}

/* A string's content, its escapes as they stand. */
static bool take_string(struct walker *walker, struct slice *raw_out)
{
    if (!take(walker, '"'))
        return fail(walker);
    const char *begin = walker->at;
    while (walker->at < walker->end && *walker->at != '"') {
        if ((unsigned char)*walker->at < 0x20)
            return fail(walker);
        walker->at += *walker->at == '\\' && walker->at + 1 < walker->end ? 2 : 1;
    }
    if (walker->at >= walker->end)
        return fail(walker);
    *raw_out = slice_of(begin, (size_t)(walker->at++ - begin));
    return true;
}

/* false: too long, or with an escape that no path of an attribute has. */
static bool unescape(struct slice raw, char out[MOST_PATH], struct slice *text_out)
{
    size_t len = 0;
    if (raw.len > MOST_PATH)
        return false;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.data[i] == '\\' &&
            (++i == raw.len || (raw.data[i] != '"' && raw.data[i] != '\\' && raw.data[i] != '/')))
            return false;
        out[len++] = raw.data[i];
    }
    *text_out = slice_of(out, len);
    return true;
}

static void hide(struct walker *walker) { buf_add(walker->out, SLICE_LITERAL("\"" REDACTED "\"")); }

typedef void redact_fn(struct slice text, const struct scim_redaction *how, struct buf *out);

/* As text of JSON, what `redact` makes of it. */
static void add_redacted(struct walker *walker, struct slice text, redact_fn *redact)
{
    struct buf shown;
    buf_init(&shown, (size_t)MOST_PATH * SCIM_REDACTED_GROWTH);
    redact(text, walker->how, &shown);
    buf_add_json_string(walker->out, buf_slice(&shown));
    buf_fini(&shown);
}

static void redact_any_path(struct slice text, const struct scim_redaction *how, struct buf *out)
{
    const char *scheme = text.len > 8 ? memmem(text.data, text.len, "://", 3) : NULL;
    const char *slash = scheme ? memchr(scheme + 3, '/', (size_t)(text.data + text.len - scheme - 3)) : text.data;
    if (text.len > 0 && (scheme || text.data[0] == '/'))
        redact_url_path(slice_skip(text, slash ? (size_t)(slash - text.data) : text.len), out);
    else
        redact_filter(text, true, how, out);
}

static void redact_any_filter(struct slice text, const struct scim_redaction *how, struct buf *out)
{
    redact_filter(text, false, how, out);
}

/* --- strings that are shown in part --- */

/* NULL: it is none. */
static redact_fn *part_shown_by(const struct redact_spot *spot)
{
    bool is_ours = spot->in == REDACT_META && spot->ours;
    if (spot->in == REDACT_OPERATION && (REDACT_IS_CALLED(spot, "path") || REDACT_IS_CALLED(spot, "location")))
        return redact_any_path;
    if (is_ours && REDACT_IS_CALLED(spot, "location"))
        return redact_any_path;
    if (spot->in == REDACT_ROOT && spot->is_search && REDACT_IS_CALLED(spot, "filter"))
        return redact_any_filter;
    return spot->in == REDACT_ROOT && spot->is_error && REDACT_IS_CALLED(spot, "detail") ? scim_redact_detail : NULL;
}

static void show_in_part(struct walker *walker, redact_fn *redact, struct slice raw)
{
    char copy[MOST_PATH];
    struct slice text;
    if (unescape(raw, copy, &text))
        add_redacted(walker, text, redact);
    else
        hide(walker);
}

static bool shows(const struct walker *walker, const struct redact_spot *spot, struct slice text)
{
    return (walker->how->shown == SCIM_SHOW_VALUES || redact_keeps(spot, text)) && !redact_hides(spot, walker->how);
}

static bool walk_string(struct walker *walker, const struct redact_spot *spot)
{
    struct slice raw;
    if (!take_string(walker, &raw)) {
        hide(walker);
        return false;
    }
    if (shows(walker, spot, raw)) {
        buf_add_char(walker->out, '"');
        buf_add(walker->out, raw);
        buf_add_char(walker->out, '"');
        return true;
    }
    redact_fn *redact = part_shown_by(spot);
    if (redact && !redact_hides(spot, walker->how))
        show_in_part(walker, redact, raw);
    else
        hide(walker);
    return true;
}

/* --- numbers and words --- */

static bool is_number(struct slice text)
{
    size_t i = text.len > 0 && text.data[0] == '-' ? 1 : 0;
    bool leading_zero = i + 1 < text.len && text.data[i] == '0' && text.data[i + 1] >= '0' && text.data[i + 1] <= '9';
    bool digit = i < text.len && text.data[i] >= '0' && text.data[i] <= '9';
    return digit && !leading_zero && text.data[text.len - 1] >= '0' && text.data[text.len - 1] <= '9';
}

static bool walk_word(struct walker *walker, const struct redact_spot *spot)
{
    static const struct slice words[] = {REDACT_WORD("true"), REDACT_WORD("false"), REDACT_WORD("null"), REDACT_END};
    const char *begin = walker->at;
    while (walker->at < walker->end && *walker->at != '\0' &&
           strchr("+-.0123456789abcdefghijklmnopqrstuvwxyzE", *walker->at))
        walker->at++;
    struct slice text = slice_of(begin, (size_t)(walker->at - begin));
    bool is_null = slice_equals(text, SLICE_LITERAL("null"));
    bool known = (redact_is_one_of(text, words) || is_number(text)) && text.len < TOKEN_BYTES;
    if (known && (is_null || shows(walker, spot, text)))
        buf_add(walker->out, text);
    else
        hide(walker);
    return known || fail(walker);
}

/* --- arrays and objects --- */

/* Elements stand where the array does. */
static bool walk_array(struct walker *walker, const struct redact_spot *spot, struct slice path)
{
    buf_add_char(walker->out, '[');
    bool good = take(walker, '[');
    for (size_t i = 0; good && !take(walker, ']'); i++) {
        good = i == 0 || take(walker, ',') || fail(walker);
        if (good && i > 0)
            buf_add_char(walker->out, ',');
        good = good && walk_value(walker, spot, path);
    }
    buf_add_char(walker->out, ']');
    return good;
}

/* What stands in an object at this spot stands in. */
static enum redact_place place_below(const struct redact_spot *spot, struct slice path)
{
    static const struct slice messages[] = {REDACT_WORD("data"), REDACT_WORD("response"), REDACT_END};
    if (spot->in == REDACT_ROOT && spot->parent.len == 0) {
        if (REDACT_IS_CALLED(spot, "Operations"))
            return REDACT_OPERATION;
        if (REDACT_IS_CALLED(spot, "Resources") || slice_starts_with_ascii_nocase(path, SLICE_LITERAL("urn:")))
            return REDACT_ROOT;
        return REDACT_IS_CALLED(spot, "meta") ? REDACT_META : REDACT_VALUE;
    }
    if (spot->in == REDACT_OPERATION)
        return redact_is_one_of(spot->name, messages) || REDACT_IS_CALLED(spot, "value") ? REDACT_ROOT : REDACT_OTHER;
    return REDACT_OTHER;
}

/* The raw content of the member `path` of the object that begins here; empty: it has none. Looks ahead only. */
static struct slice find_path(const struct walker *walker)
{
    struct walker ahead = *walker;
    unsigned depth = 0;
    while (ahead.at < ahead.end && !ahead.failed) {
        struct slice text, value;
        if (*ahead.at != '"') {
            depth += *ahead.at == '{' || *ahead.at == '[';
            depth -= *ahead.at == '}' || *ahead.at == ']';
            if (depth == 0)
                break;
            ahead.at++;
        } else if (take_string(&ahead, &text) && depth == 1 && take(&ahead, ':') &&
                   slice_equals_ascii_nocase(text, SLICE_LITERAL("path"))) {
            skip_blanks(&ahead);
            return take_string(&ahead, &value) ? value : SLICE_EMPTY;
        }
    }
    return SLICE_EMPTY;
}

static bool begins_error(const struct walker *walker)
{
    static const struct slice form = SLICE_LITERAL("{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"]");
    return slice_starts_with(slice_of(walker->at, (size_t)(walker->end - walker->at)), form);
}

/* The name of a member: shown as the name or path that it is. */
static void show_name(struct walker *walker, struct slice raw)
{
    if (!redact_is_name(raw) && walker->how->shown == SCIM_SHOW_STRUCTURE) {
        show_in_part(walker, redact_any_path, raw);
        return;
    }
    buf_add_char(walker->out, '"');
    buf_add(walker->out, raw);
    buf_add_char(walker->out, '"');
}

struct members { /* of an object that is being walked */
    const struct redact_spot *outer;
    enum redact_place in;
    struct slice path; /* of a PATCH operation; empty: none */
    bool hidden, is_error;
};

/* `value` of a PATCH operation is what its path says. */
static void aim_at_path(struct redact_spot *spot, struct slice path)
{
    if (spot->in != REDACT_OPERATION || !REDACT_IS_CALLED(spot, "value") || path.len == 0)
        return;
    spot->in = REDACT_ROOT;
    redact_read_name(path, &spot->parent, &spot->name);
}

static struct redact_spot spot_of(const struct members *of, struct slice raw)
{
    struct redact_spot spot = {.in = of->in,
                               .hidden = of->hidden,
                               .ours = of->outer->ours,
                               .is_search = of->outer->is_search && of->in == REDACT_ROOT,
                               .is_error = of->is_error};
    redact_read_name(raw, &spot.parent, &spot.name);
    if (of->in == REDACT_VALUE && spot.parent.len == 0)
        spot.parent = of->outer->name;
    aim_at_path(&spot, of->path);
    return spot;
}

static bool walk_member(struct walker *walker, const struct members *of, bool first)
{
    struct slice raw;
    if (!(first || take(walker, ',')) || !take_string(walker, &raw))
        return fail(walker);
    struct redact_spot spot = spot_of(of, raw);
    if (!first)
        buf_add_char(walker->out, ',');
    show_name(walker, raw);
    buf_add_char(walker->out, ':');
    if (take(walker, ':'))
        return walk_value(walker, &spot, raw);
    hide(walker);
    return fail(walker);
}

static bool walk_members(struct walker *walker, const struct members *of)
{
    buf_add_char(walker->out, '{');
    bool good = take(walker, '{');
    for (bool first = true; good && !take(walker, '}'); first = false)
        good = walk_member(walker, of, first);
    buf_add_char(walker->out, '}');
    return good;
}

static bool walk_operation(struct walker *walker, struct members *of)
{
    char copy[MOST_PATH];
    if (!unescape(find_path(walker), copy, &of->path))
        of->path = SLICE_EMPTY;
    return walk_members(walker, of);
}

static bool walk_object(struct walker *walker, const struct redact_spot *spot, struct slice name)
{
    bool is_whole = spot->in == REDACT_ROOT && spot->name.len == 0;
    struct members of = {.outer = spot, .in = is_whole ? REDACT_ROOT : place_below(spot, name)};
    of.hidden = redact_hides(spot, walker->how);
    of.is_error = of.in == REDACT_ROOT && spot->ours && begins_error(walker);
    return of.in == REDACT_OPERATION ? walk_operation(walker, &of) : walk_members(walker, &of);
}

static bool walk_value(struct walker *walker, const struct redact_spot *spot, struct slice name)
{
    skip_blanks(walker);
    char first = walker->at < walker->end ? *walker->at : '\0';
    if (first == '"')
        return walk_string(walker, spot);
    if (first != '{' && first != '[')
        return walk_word(walker, spot);
    if (walker->depth == MOST_DEPTH) {
        hide(walker);
        return fail(walker);
    }
    walker->depth++;
    bool good = first == '{' ? walk_object(walker, spot, name) : walk_array(walker, spot, name);
    walker->depth--;
    return good;
}

bool scim_redact_body(struct slice body, enum scim_body_kind kind, const struct scim_redaction *how, struct buf *out)
{
    struct walker walker = {.at = body.data, .end = body.data + body.len, .how = how, .out = out};
    struct redact_spot root = {
        .in = REDACT_ROOT, .ours = kind == SCIM_BODY_REPLY, .is_search = kind == SCIM_BODY_SEARCH};
    size_t from = out->len;
    skip_blanks(&walker);
    if (walker.at == walker.end || (*walker.at != '{' && *walker.at != '['))
        return false;
    bool good = walk_value(&walker, &root, SLICE_EMPTY);
    skip_blanks(&walker);
    redact_scrub(out, from);
    return good && walker.at == walker.end;
}
