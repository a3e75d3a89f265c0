#include "tag.h"

#include <sodium.h>

#include "base/json.h"

enum { HASH_BYTES = crypto_generichash_BYTES_MIN, MOST_TEXT = 64 * 1024 * 1024 };

/* Members of resources, at their top level, that nobody sets. */
static const char *const moving[] = {"mapped",          "counts",   "health", "last_used_at",
                                     "expires_in_days", "expiring", "expired"};
enum { MOVING = sizeof moving / sizeof moving[0] };

static void add_hash(struct slice text, struct buf *out)
{
    uint8_t hash[HASH_BYTES];
    char chars[sodium_base64_ENCODED_LEN(HASH_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    crypto_generichash(hash, sizeof hash, (const uint8_t *)text.data, text.len, NULL, 0);
    sodium_bin2base64(chars, sizeof chars, hash, sizeof hash, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buf_add_str(out, chars);
}

static void add_hash_of(const json_t *value, struct buf *out)
{
    struct buf text;
    buf_init(&text, MOST_TEXT);
    json_render(value, &text);
    add_hash(buf_slice(&text), out);
    buf_fini(&text);
}

static bool mentions(struct slice body, const char *name)
{
    return body.len > 0 && memmem(body.data, body.len, name, strlen(name)) != NULL;
}

/* Most bodies are hashed as they stand; those that hold one of the names are taken apart. */
static bool is_plain(struct slice body, const struct tag_view *view)
{
    bool plain = !view->resource && (!view->secret || !mentions(body, view->secret));
    for (size_t i = 0; plain && i < MOVING; i++)
        plain = !mentions(body, moving[i]);
    return plain;
}

static json_t *take_moving(json_t *resource)
{
    json_t *taken = json_object();
    for (size_t i = 0; i < MOVING; i++) {
        json_object_set(taken, moving[i], json_object_get(resource, moving[i]));
        json_object_del(resource, moving[i]);
    }
    return taken;
}

static void add_parts(struct slice body, const struct tag_view *view, struct buf *out)
{
    json_scoped *whole = json_loadb(body.data, body.len, 0, NULL);
    json_t *resource = view->resource ? json_object_get(whole, view->resource) : whole;
    if (view->secret)
        json_object_del(resource, view->secret);
    json_scoped *changing = take_moving(resource);
    add_hash_of(resource, out);
    if (json_object_size(changing) == 0)
        return;
    buf_add_char(out, '.');
    add_hash_of(changing, out);
}

void tag_of(struct slice body, const struct tag_view *view, char out[TAG_TEXT_BYTES])
{
    struct buf text;
    buf_init(&text, TAG_TEXT_BYTES);
    buf_add_char(&text, '"');
    if (is_plain(body, view))
        add_hash(body, &text);
    else
        add_parts(body, view, &text);
    buf_add_char(&text, '"');
    memcpy(out, text.data, text.len);
    out[text.len] = '\0';
    buf_fini(&text);
}

/* --- lists of tags --- */

struct listed_tag {
    struct slice opaque; /* between the quotes */
    bool weak;
};

static bool take_tag(struct slice *rest, struct listed_tag *tag_out)
{
    struct slice s = *rest;
    tag_out->weak = slice_starts_with(s, SLICE_LITERAL("W/"));
    if (tag_out->weak)
        s = slice_skip(s, 2);
    if (s.len < 2 || s.data[0] != '"')
        return false;
    size_t end = 1;
    while (end < s.len && s.data[end] != '"') {
        unsigned char c = (unsigned char)s.data[end++];
        if (c < 0x21 || c == 0x7f)
            return false;
    }
    if (end == s.len)
        return false;
    tag_out->opaque = slice_of(s.data + 1, end - 1);
    *rest = slice_trim(slice_skip(s, end + 1));
    return rest->len == 0 || rest->data[0] == ',';
}

static struct slice set_part(struct slice opaque)
{
    const char *dot = opaque.len ? memchr(opaque.data, '.', opaque.len) : NULL;
    return dot ? slice_of(opaque.data, (size_t)(dot - opaque.data)) : opaque;
}

static bool matches(const struct listed_tag *tag, struct slice current, enum tag_comparison comparison)
{
    if (comparison == TAG_WEAK)
        return slice_equals(tag->opaque, current);
    return !tag->weak && slice_equals(set_part(tag->opaque), set_part(current));
}

bool tag_listed(struct slice header, const char *tag, enum tag_comparison comparison, bool *listed_out, struct err *err)
{
    struct slice current = slice_of(tag + 1, strlen(tag) - 2), rest = slice_trim(header);
    *listed_out = slice_equals(rest, SLICE_LITERAL("*"));
    if (*listed_out)
        return true;
    bool any = false;
    while (rest.len > 0) {
        struct listed_tag listed;
        if (rest.data[0] == ',') { /* RFC 9110 section 5.6.1: empty elements of a list are tolerated */
            rest = slice_trim(slice_skip(rest, 1));
            continue;
        }
        any = take_tag(&rest, &listed);
        if (!any)
            break;
        *listed_out |= matches(&listed, current, comparison);
    }
    return any || err_set(err, ERR_BAD_REQUEST,
                          "If-Match and If-None-Match take \"*\" or a list of entity tags, each in double quotes.");
}
