#include "scim/sieve.h"

#include "base/json.h"
#include "base/must.h"
#include "document_parts.h"
#include "filter_text.h"
#include "path_value.h"
#include "unicode_text.h"

enum { GLANCE_BYTES = 1024 }; /* of a value that is looked through before it is parsed */

/* Names of an object's members that the filter asks for. A name is found by ASCII case, as the evaluator finds
 * undeclared ones; objects of stored documents have no two names that differ by case alone. */
struct part {
    struct slice name;
    bool whole;        /* else only the members of its object that `inner` names */
    bool holds_needle; /* the sieve's, in whatever passes */
    struct parts {
        struct part *first;
        size_t count;
    } inner;
    struct part *next;
};

struct scim_sieve {
    const struct scim_filter *filter;
    struct arena *arena;
    struct parts parts;
    struct scim_sieve_needs needs;
    bool meta, extension; /* are they asked for? the enterprise extension, whose end is derived */
    struct slice needle;  /* in lower case; empty: none */
    bool may_hold;        /* the needle: the resource that is looked at */
    struct buf text;      /* what is parsed */
    struct buf closed;    /* a stored text with its manager */
};

/* --- what the filter names --- */

static struct part *enter(struct arena *arena, struct parts *parts, struct slice name)
{
    for (struct part *part = parts->first; part; part = part->next)
        if (slice_equals_ascii_nocase(part->name, name))
            return part;
    struct part *part = arena_new(arena, struct part);
    *part = (struct part){.name = name, .next = parts->first};
    parts->first = part;
    parts->count++;
    return part;
}

static bool is_named(struct slice name, const char *text) { return slice_equals_ascii_nocase(name, slice_str(text)); }

/* What of it is derived. meta.version is made of everything that is. */
static void note_needs(struct scim_sieve *sieve, const struct scim_path *path, struct slice home, struct slice name,
                       const struct scim_resource_type *type)
{
    const char *refs = type->code == SCIM_TYPE_GROUP ? "members" : "groups";
    bool version =
        home.len == 0 && is_named(name, "meta") && (!scim_path_has_sub(path) || is_named(path->sub_name, "version"));
    bool manager = is_named(home, SCIM_URN_ENTERPRISE) && is_named(name, "manager");
    sieve->meta |= home.len == 0 && is_named(name, "meta");
    sieve->extension |= is_named(home, SCIM_URN_ENTERPRISE);
    sieve->needs.manager |= manager || version;
    sieve->needs.refs |= (home.len == 0 && is_named(name, refs)) || (version && type->code != SCIM_TYPE_GROUP);
}

static void note_path(struct scim_sieve *sieve, const struct scim_path *path, const struct scim_resource_type *type)
{
    struct slice home = path->extension ? slice_str(path->schema->urn) : path->urn;
    struct slice name = path->attribute ? slice_str(path->attribute->name) : path->name;
    struct part *part = enter(sieve->arena, &sieve->parts, home.len ? home : name);
    if (home.len && name.len)
        part = enter(sieve->arena, &part->inner, name);
    part->whole = true;
    note_needs(sieve, path, home, name, type);
}

static void note(struct scim_sieve *sieve, const struct scim_filter *filter, const struct scim_resource_type *type)
{
    switch (filter->kind) {
    case SCIM_AND:
    case SCIM_OR:
        note(sieve, filter->right, type);
        note(sieve, filter->left, type);
        break;
    case SCIM_NOT:
        note(sieve, filter->left, type);
        break;
    case SCIM_COMPARE:
    case SCIM_PRESENT:
    case SCIM_VALUE_PATH:
        note_path(sieve, &filter->path, type);
        break;
    }
}

/* --- what can be told without parsing --- */

static bool is_derived(const struct scim_path *path)
{
    return scim_path_is_top_level(path, SLICE_LITERAL("groups")) ||
           scim_path_is_top_level(path, SLICE_LITERAL("members")) ||
           scim_path_is_top_level(path, SLICE_LITERAL("meta"));
}

/* Is it true only of resources whose stored text has the literal, in whatever case, within the attribute? */
static bool is_needle(const struct scim_filter *filter)
{
    const struct scim_path *path = &filter->path;
    const struct scim_attribute *leaf = scim_path_has_sub(path) ? path->sub : path->attribute;
    bool positive = filter->op == SCIM_EQ || filter->op == SCIM_CO || filter->op == SCIM_SW || filter->op == SCIM_EW;
    return positive && filter->literal.kind == SCIM_LITERAL_TEXT && filter->literal.prepared.len > 0 && leaf &&
           (leaf->type == SCIM_STRING || leaf->type == SCIM_REFERENCE) && scim_text_kind(leaf) != SCIM_TEXT_URI &&
           !is_derived(path);
}

/* A term that every match must satisfy, and that is a needle. */
static const struct scim_filter *find_needle(const struct scim_filter *filter)
{
    const struct scim_filter *left;
    switch (filter->kind) {
    case SCIM_AND:
        left = find_needle(filter->left);
        return left ? left : find_needle(filter->right);
    case SCIM_VALUE_PATH:
        return find_needle(filter->left);
    case SCIM_COMPARE:
        return is_needle(filter) ? filter : NULL;
    case SCIM_OR:
    case SCIM_NOT:
    case SCIM_PRESENT:
        break;
    }
    return NULL;
}

static void note_needle(struct scim_sieve *sieve, const struct scim_filter *term)
{
    const struct scim_path *path = &term->path;
    struct parts *home = &sieve->parts;
    if (path->extension)
        home = &enter(sieve->arena, home, slice_str(path->schema->urn))->inner;
    enter(sieve->arena, home, slice_str(path->attribute->name))->holds_needle = true;
    char *lower = arena_copy(sieve->arena, term->literal.prepared);
    for (size_t i = 0; i < term->literal.prepared.len; i++)
        lower[i] = scim_ascii_lower(lower[i]);
    sieve->needle = slice_of(lower, term->literal.prepared.len);
}

/* May the value hold the needle? ASCII without escapes is compared as it stands, but for its case. */
static bool may_hold(struct slice value, struct slice needle)
{
    char lower[GLANCE_BYTES];
    if (value.len > sizeof lower)
        return true;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.data[i];
        if (c == '\\' || (unsigned char)c >= 0x80)
            return true;
        lower[i] = scim_ascii_lower(c);
    }
    return value.len >= needle.len && memmem(lower, value.len, needle.data, needle.len);
}

struct scim_sieve *scim_sieve_new(const struct scim_filter *filter, const struct scim_resource_type *type,
                                  struct arena *arena)
{
    struct scim_sieve *sieve = arena_new(arena, struct scim_sieve);
    sieve->filter = filter;
    sieve->arena = arena;
    buf_init(&sieve->text, SIZE_MAX / 2);
    buf_init(&sieve->closed, SIZE_MAX / 2);
    note(sieve, filter, type);
    const struct scim_filter *needle = find_needle(filter);
    if (needle)
        note_needle(sieve, needle);
    return sieve;
}

void scim_sieve_free(struct scim_sieve *sieve)
{
    buf_fini(&sieve->text);
    buf_fini(&sieve->closed);
}

struct scim_sieve_needs scim_sieve_needs(const struct scim_sieve *sieve) { return sieve->needs; }

/* --- finding it in a text that was rendered by us: valid, without blanks, perhaps without its last braces --- */

struct reader {
    const char *at, *end;
};

static bool is_escaped(const char *quote, const char *start)
{
    size_t slashes = 0;
    while (quote - slashes > start && quote[-1 - (ptrdiff_t)slashes] == '\\')
        slashes++;
    return slashes % 2 == 1;
}

/* at stands behind the opening quote; what stands in front of the closing one is returned. */
static struct slice read_string(struct reader *reader)
{
    const char *start = reader->at, *from = start, *quote;
    while ((quote = memchr(from, '"', (size_t)(reader->end - from))) && is_escaped(quote, start))
        from = quote + 1;
    if (!quote)
        quote = reader->end;
    reader->at = quote < reader->end ? quote + 1 : quote;
    return slice_of(start, (size_t)(quote - start));
}

static void skip_container(struct reader *reader)
{
    size_t depth = 0;
    while (reader->at < reader->end) {
        char c = *reader->at++;
        if (c == '"')
            read_string(reader);
        else if (c == '{' || c == '[')
            depth++;
        else if ((c == '}' || c == ']') && --depth == 0)
            return;
    }
}

static void skip_value(struct reader *reader)
{
    if (reader->at == reader->end)
        return;
    if (*reader->at == '"') {
        reader->at++;
        read_string(reader);
    } else if (*reader->at == '{' || *reader->at == '[') {
        skip_container(reader);
    } else {
        while (reader->at < reader->end && *reader->at != ',' && *reader->at != '}')
            reader->at++;
    }
}

static const struct part *find(const struct parts *parts, struct slice name)
{
    for (const struct part *part = parts->first; part; part = part->next)
        if (part->name.len == name.len && slice_equals_ascii_nocase(part->name, name))
            return part;
    return NULL;
}

static void add_members(struct scim_sieve *sieve, const struct parts *parts, struct reader *reader);

static void add_value(struct scim_sieve *sieve, const struct part *part, struct slice name, struct slice value)
{
    struct buf *out = &sieve->text;
    buf_add(out, SLICE_LITERAL(",\""));
    buf_add(out, name);
    buf_add(out, SLICE_LITERAL("\":"));
    if (part->holds_needle)
        sieve->may_hold = may_hold(value, sieve->needle);
    if (part->whole || value.data[0] != '{') {
        buf_add(out, value);
        return;
    }
    struct reader inside = {value.data + 1, value.data + value.len};
    size_t start = out->len;
    add_members(sieve, &part->inner, &inside);
    if (out->len > start)
        out->data[start] = '{'; /* instead of the first comma */
    else
        buf_add_char(out, '{');
    buf_add_char(out, '}');
}

/* The members that are asked for, of the object whose inside is read, each behind a comma. */
static void add_members(struct scim_sieve *sieve, const struct parts *parts, struct reader *reader)
{
    size_t missing = parts->count;
    while (missing > 0 && reader->at < reader->end && *reader->at != '}') {
        if (*reader->at++ != '"')
            continue;
        struct slice name = read_string(reader);
        must(reader->at < reader->end);
        const char *value = ++reader->at; /* behind the colon */
        skip_value(reader);
        const struct part *part = find(parts, name);
        if (!part)
            continue;
        add_value(sieve, part, name, slice_of(value, (size_t)(reader->at - value)));
        missing--;
    }
}

/* The stored text, whole where its end is asked for. */
static struct slice text_of(struct scim_sieve *sieve, const struct scim_served *served, struct slice base_url)
{
    if (served->stored.open_braces == 1 || !sieve->extension)
        return served->stored.text;
    buf_clear(&sieve->closed);
    buf_add(&sieve->closed, served->stored.text);
    if (served->manager_known)
        scim_document_add_manager(served, base_url, &sieve->closed);
    buf_add(&sieve->closed, SLICE_LITERAL("}}}"));
    return buf_slice(&sieve->closed);
}

/* Into sieve->text: each part behind a comma. */
static void gather(struct scim_sieve *sieve, const struct scim_served *served, struct slice base_url)
{
    struct slice text = text_of(sieve, served, base_url);
    struct reader reader = {text.data + 1, text.data + text.len};
    buf_clear(&sieve->text);
    sieve->may_hold = false;
    add_members(sieve, &sieve->parts, &reader);
    if (sieve->needs.refs)
        scim_document_add_refs(served, base_url, &sieve->text);
    if (sieve->meta)
        scim_document_add_meta(served, base_url, &sieve->text);
}

static json_t *parse(struct buf *text)
{
    if (text->len == 0)
        return json_object();
    buf_add_char(text, '}');
    text->data[0] = '{'; /* instead of the first comma */
    must(!text->overflowed);
    json_t *seen = json_loadb(text->data, text->len, 0, NULL);
    must(seen); /* our own text */
    return seen;
}

json_t *scim_sieve_see(struct scim_sieve *sieve, const struct scim_served *served, struct slice base_url)
{
    gather(sieve, served, base_url);
    return parse(&sieve->text);
}

bool scim_sieve_passes(struct scim_sieve *sieve, const struct scim_served *served, struct slice base_url)
{
    gather(sieve, served, base_url);
    if (sieve->needle.len > 0 && !sieve->may_hold)
        return false;
    json_scoped *seen = parse(&sieve->text);
    return scim_filter_matches(sieve->filter, seen);
}
