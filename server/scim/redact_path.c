/* Filters, paths and URLs: names and operators stay, what is compared with them does not. */
#include "redact_parts.h"

struct reader {
    struct slice text, rest;
    bool is_path;
    const struct scim_redaction *how;
    struct buf *out;
    struct slice holder;          /* of the brackets */
    struct redact_spot attribute; /* that is being compared */
    enum { WANTS_NAME, WANTS_OPERATOR, WANTS_LITERAL } state;
};

static const struct slice comparisons[] = {REDACT_WORD("eq"), REDACT_WORD("ne"), REDACT_WORD("co"), REDACT_WORD("sw"),
                                           REDACT_WORD("ew"), REDACT_WORD("gt"), REDACT_WORD("ge"), REDACT_WORD("lt"),
                                           REDACT_WORD("le"), REDACT_END};
static const struct slice conjunctions[] = {REDACT_WORD("and"), REDACT_WORD("or"), REDACT_WORD("not"), REDACT_END};

static size_t word_length(struct slice text)
{
    size_t len = 0;
    while (len < text.len && (text.data[len] == '\0' || !strchr(" \t\r\n()[]\"", text.data[len])))
        len++;
    return len;
}

static struct slice next_word(struct slice text)
{
    text = slice_trim(text);
    return slice_of(text.data, word_length(text));
}

static bool is_operator(struct slice word)
{
    return redact_is_one_of(word, comparisons) || slice_equals_ascii_nocase(word, SLICE_LITERAL("pr"));
}

/* "…" with its quotes; without an end it goes to the end of the text. */
static size_t quoted_length(struct slice text)
{
    size_t len = 1;
    while (len < text.len && text.data[len] != '"')
        len += text.data[len] == '\\' ? 2 : 1;
    return len < text.len ? len + 1 : text.len;
}

/* A name is one where something follows that can only follow a name. */
static bool stands_for_name(const struct reader *reader, struct slice word)
{
    struct slice after = slice_trim(slice_skip(reader->rest, word.len));
    bool may_end = word.data == reader->text.data || word.data[0] == '.';
    bool ends = reader->is_path && after.len == 0 && may_end;
    bool opens = after.len > 0 && after.data[0] == '[' && reader->rest.data[word.len] == '[';
    return redact_is_name(word) && (ends || opens || is_operator(next_word(after)));
}

static void read_attribute(struct reader *reader, struct slice word)
{
    reader->attribute = (struct redact_spot){.in = REDACT_ROOT, .ours = true};
    redact_read_name(word, &reader->attribute.parent, &reader->attribute.name);
    if (reader->attribute.parent.len == 0)
        reader->attribute.parent = reader->holder;
}

static void add_literal(struct reader *reader, struct slice text, bool quoted)
{
    struct slice inside = quoted && text.len >= 2 ? slice_of(text.data + 1, text.len - 2) : text;
    bool shown = !redact_hides(&reader->attribute, reader->how) && text.len > 0 &&
                 (!quoted || text.data[text.len - 1] == '"') &&
                 (reader->how->shown == SCIM_SHOW_VALUES || redact_keeps(&reader->attribute, inside));
    if (shown)
        buf_add(reader->out, text);
    else
        buf_add_str(reader->out, quoted ? "\"" REDACTED "\"" : REDACTED);
    reader->state = WANTS_NAME;
}

static void read_word(struct reader *reader)
{
    struct slice word = slice_of(reader->rest.data, word_length(reader->rest));
    if (reader->state == WANTS_LITERAL) {
        add_literal(reader, word, false);
    } else if (reader->state == WANTS_OPERATOR && is_operator(word)) {
        buf_add(reader->out, word);
        reader->state = redact_is_one_of(word, comparisons) ? WANTS_LITERAL : WANTS_NAME;
    } else if (redact_is_one_of(word, conjunctions)) {
        buf_add(reader->out, word);
    } else if (stands_for_name(reader, word)) {
        buf_add(reader->out, word);
        read_attribute(reader, word);
        reader->state = WANTS_OPERATOR;
    } else if (reader->how->shown == SCIM_SHOW_VALUES) {
        buf_add(reader->out, word);
    } else {
        buf_add_str(reader->out, REDACTED);
    }
    reader->rest = slice_skip(reader->rest, word.len);
}

static void read_mark(struct reader *reader)
{
    char mark = reader->rest.data[0];
    if (mark == '[')
        reader->holder = reader->attribute.name;
    if (mark == ']')
        reader->holder = SLICE_EMPTY;
    buf_add_char(reader->out, mark == '\t' || mark == '\r' || mark == '\n' ? ' ' : mark);
    if (mark == '(' || mark == '[' || mark == ']' || mark == ')')
        reader->state = WANTS_NAME;
    reader->rest = slice_skip(reader->rest, 1);
}

static void read_quoted(struct reader *reader)
{
    size_t len = quoted_length(reader->rest);
    if (reader->state == WANTS_LITERAL)
        add_literal(reader, slice_of(reader->rest.data, len), true);
    else
        buf_add_str(reader->out, "\"" REDACTED "\"");
    reader->rest = slice_skip(reader->rest, len);
}

void redact_filter(struct slice text, bool is_path, const struct scim_redaction *how, struct buf *out)
{
    struct reader reader = {.text = text, .rest = text, .is_path = is_path, .how = how, .out = out};
    while (reader.rest.len > 0) {
        if (reader.rest.data[0] == '"')
            read_quoted(&reader);
        else if (word_length(reader.rest) == 0)
            read_mark(&reader);
        else
            read_word(&reader);
    }
}

/* --- URLs --- */

static bool is_our_id(struct slice segment)
{
    return segment.len == 30 && slice_starts_with(segment, SLICE_LITERAL("org-")) && redact_is_name(segment);
}

/* A segment that says where, not who. `before`: the one in front. */
static bool shows_segment(struct slice segment, struct slice before)
{
    static const struct slice words[] = {REDACT_WORD("orgs"), REDACT_WORD("scim"),    REDACT_WORD("v1"),
                                         REDACT_WORD("v2"),   REDACT_WORD(".search"), REDACT_END};
    static const struct slice versions[] = {REDACT_WORD("v1"), REDACT_WORD("v2"), REDACT_END};
    static const struct slice discovery[] = {REDACT_WORD("Schemas"), REDACT_WORD("ResourceTypes"), REDACT_END};
    if (segment.len == 0 || redact_is_one_of(segment, words) || redact_is_uuid(segment) || is_our_id(segment))
        return true;
    bool is_word = redact_is_name(segment) && !memchr(segment.data, '.', segment.len);
    return redact_is_one_of(before, versions)    ? is_word && segment.data[0] >= 'A' && segment.data[0] <= 'Z'
           : redact_is_one_of(before, discovery) ? redact_is_name(segment)
           : segment.data[0] == 'U' || segment.data[0] == 'G'
               ? slice_equals(segment, SLICE_LITERAL("Users")) || slice_equals(segment, SLICE_LITERAL("Groups"))
               : false;
}

void redact_url_path(struct slice text, struct buf *out)
{
    struct slice before = SLICE_EMPTY;
    while (text.len > 0) {
        const char *slash = memchr(text.data, '/', text.len);
        struct slice segment = slice_of(text.data, slash ? (size_t)(slash - text.data) : text.len);
        if (shows_segment(segment, before))
            buf_add(out, segment);
        else
            buf_add_str(out, REDACTED);
        if (slash)
            buf_add_char(out, '/');
        before = segment;
        text = slice_skip(text, slash ? segment.len + 1 : segment.len);
    }
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* A malformed escape stays as it stands. */
static void decode(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        int high = text.data[i] == '%' && i + 2 < text.len ? digit_of(text.data[i + 1]) : -1;
        int low = high >= 0 ? digit_of(text.data[i + 2]) : -1;
        char c = text.data[i] == '+' ? ' ' : text.data[i];
        if (low >= 0) {
            c = (char)(high << 4 | low);
            i += 2;
        }
        buf_add_char(out, c);
    }
}

static void encode(struct slice text, struct buf *out)
{
    for (size_t i = 0; i < text.len; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (c > ' ' && c < 0x7f && !strchr("\"#%&+<>\\^`{|}", c))
            buf_add_char(out, (char)c);
        else
            buf_printf(out, "%%%02X", c);
    }
}

/* "a,b,c", each a name. */
static void show_names(struct slice text, struct buf *out)
{
    while (text.len > 0) {
        const char *comma = memchr(text.data, ',', text.len);
        struct slice name = slice_of(text.data, comma ? (size_t)(comma - text.data) : text.len);
        if (redact_is_name(slice_trim(name)))
            buf_add(out, name);
        else
            buf_add_str(out, REDACTED);
        if (comma)
            buf_add_char(out, ',');
        text = slice_skip(text, comma ? name.len + 1 : name.len);
    }
}

static void show_value(struct slice name, struct slice value, const struct scim_redaction *how, struct buf *out)
{
    static const struct slice lists[] = {REDACT_WORD("attributes"), REDACT_WORD("excludedAttributes"),
                                         REDACT_WORD("sortBy"), REDACT_END};
    struct redact_spot spot = {.in = REDACT_ROOT, .name = name, .is_search = true};
    if (slice_equals_ascii_nocase(name, SLICE_LITERAL("filter")))
        redact_filter(value, false, how, out);
    else if (redact_is_one_of(name, lists))
        show_names(value, out);
    else if (redact_keeps(&spot, value))
        buf_add(out, value);
    else
        buf_add_str(out, REDACTED);
}

static void show_parameter(struct slice pair, const struct scim_redaction *how, struct buf *out)
{
    const char *equals = memchr(pair.data, '=', pair.len);
    struct slice raw = slice_of(pair.data, equals ? (size_t)(equals - pair.data) : pair.len);
    struct buf name, value, shown;
    buf_init(&name, SIZE_MAX / 2);
    buf_init(&value, SIZE_MAX / 2);
    buf_init(&shown, SIZE_MAX / 2);
    decode(raw, &name);
    decode(equals ? slice_skip(pair, raw.len + 1) : SLICE_EMPTY, &value);
    struct slice called = buf_slice(&name);
    if (how->shown == SCIM_SHOW_STRUCTURE || slice_equals_ascii_nocase(called, SLICE_LITERAL("filter")))
        show_value(called, buf_slice(&value), how, &shown);
    else if (redact_is_secret_name(called))
        buf_add_str(&shown, REDACTED);
    else
        buf_add(&shown, buf_slice(&value));
    if (redact_is_name(called) || how->shown == SCIM_SHOW_VALUES)
        encode(called, out);
    else
        buf_add_str(out, REDACTED);
    if (equals)
        buf_add_char(out, '=');
    redact_scrub(&shown, 0);
    encode(buf_slice(&shown), out);
    buf_fini(&name);
    buf_fini(&value);
    buf_fini(&shown);
}

void scim_redact_target(struct slice path, struct slice query, const struct scim_redaction *how, struct buf *out)
{
    size_t from = out->len;
    if (how->shown == SCIM_SHOW_VALUES)
        buf_add(out, path);
    else
        redact_url_path(path, out);
    for (bool first = true; query.len > 0; first = false) {
        const char *and = memchr(query.data, '&', query.len);
        struct slice pair = slice_of(query.data, and? (size_t)(and-query.data) : query.len);
        buf_add_char(out, first ? '?' : '&');
        if (pair.len > 0)
            show_parameter(pair, how, out);
        query = slice_skip(query, and? pair.len + 1 : pair.len);
    }
    redact_scrub(out, from);
}

/* --- our own sentences --- */

static bool quotes_a_value(struct slice before)
{
    static const struct slice words[] = {SLICE_LITERAL("domain "), SLICE_LITERAL("bulkId ")};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
        if (before.len >= words[i].len && slice_equals(slice_skip(before, before.len - words[i].len), words[i]))
            return true;
    return false;
}

/* A quoted filter has quotes of its own: where what is quoted is no name, all up to the last quote may be the
 * client's. */
static void show_sentence(struct slice rest, struct buf *out)
{
    const char *quote;
    while (rest.len > 0 && (quote = memchr(rest.data, '"', rest.len))) {
        struct slice before = slice_of(rest.data, (size_t)(quote - rest.data));
        const char *closing = memchr(quote + 1, '"', rest.len - before.len - 1);
        struct slice inside = closing ? slice_of(quote + 1, (size_t)(closing - quote - 1)) : SLICE_EMPTY;
        buf_add(out, before);
        if (!closing || !redact_is_name(inside) || quotes_a_value(before)) {
            const char *last = memrchr(rest.data, '"', rest.len);
            buf_add_str(out, "\"" REDACTED "\"");
            rest = last > quote ? slice_skip(rest, (size_t)(last - rest.data) + 1) : SLICE_EMPTY;
            continue;
        }
        buf_add(out, slice_of(quote, inside.len + 2));
        rest = slice_skip(rest, before.len + inside.len + 2);
    }
    buf_add(out, rest);
}

void scim_redact_detail(struct slice detail, const struct scim_redaction *how, struct buf *out)
{
    size_t from = out->len;
    if (how->shown == SCIM_SHOW_VALUES)
        buf_add(out, detail);
    else
        show_sentence(detail, out);
    redact_scrub(out, from);
}
