#include "scim/document.h"

#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"
#include "document_parts.h"

static const char *const closing_braces = "}}}";

/* The member that is rendered last, if it has this name. jansson has no iteration over a const object; nothing changes.
 */
static const json_t *last_member(const json_t *object, const char *name)
{
    json_t *members = (json_t *)(uintptr_t)object;
    void *last = NULL;
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at))
        last = at;
    return last && strcmp(json_object_iter_key(last), name) == 0 ? json_object_iter_value(last) : NULL;
}

/* A user's manager stands last. What a client puts under the same names into a group is an attribute like any other. */
uint8_t scim_document_store(const json_t *document, struct buf *out)
{
    const json_t *manager = last_member(last_member(document, SCIM_URN_ENTERPRISE), "manager");
    uint8_t open_braces = json_object_size(manager) > 0 ? 3 : 1;
    size_t before = out->len;

    json_render(document, out);
    if (out->overflowed)
        return open_braces;
    must(out->len - before > open_braces);
    must(memcmp(out->data + out->len - open_braces, closing_braces, open_braces) == 0);
    out->len -= open_braces;
    return open_braces;
}

json_t *scim_document_load(struct scim_stored stored)
{
    must(stored.open_braces == 1 || stored.open_braces == 3);
    struct buf text;
    buf_init(&text, stored.text.len + 3);
    buf_add(&text, stored.text);
    buf_add(&text, slice_of(closing_braces, stored.open_braces));
    must(!text.overflowed);
    json_t *document = json_loadb(text.data, text.len, 0, NULL);
    buf_fini(&text);
    must(json_is_object(document));
    return document;
}

static void add_uuid(struct resource_id id, struct buf *out)
{
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(&id.id, text);
    buf_add(out, slice_of(text, ID_UUID_CHARS));
}

void scim_document_location(const struct scim_resource_type *type, const struct resource_id *id, struct slice base_url,
                            struct buf *out)
{
    buf_add(out, base_url);
    buf_add_str(out, type->endpoint);
    buf_add_char(out, '/');
    add_uuid(*id, out);
}

static void add_ref(const struct scim_resource_type *type, const struct resource_id *id, struct slice base_url,
                    struct buf *out)
{
    buf_add(out, SLICE_LITERAL(",\"$ref\":\""));
    scim_document_location(type, id, base_url, out);
    buf_add_char(out, '"');
}

void scim_document_add_manager(const struct scim_served *served, struct slice base_url, struct buf *out)
{
    add_ref(&scim_user_type, &served->manager_id, base_url, out);
    if (served->manager_display.len == 0)
        return;
    buf_add(out, SLICE_LITERAL(",\"displayName\":"));
    buf_add_json_string(out, served->manager_display);
}

/* One entry of groups or members; `kind` is the value of its "type". */
static void add_entry(const struct scim_group_ref *ref, const struct scim_resource_type *target, const char *kind,
                      struct slice base_url, struct buf *out)
{
    buf_add(out, SLICE_LITERAL("{\"value\":\""));
    add_uuid(ref->id, out);
    buf_add_char(out, '"');
    add_ref(target, &ref->id, base_url, out);
    if (ref->display.len > 0) {
        buf_add(out, SLICE_LITERAL(",\"display\":"));
        buf_add_json_string(out, ref->display);
    }
    buf_add(out, SLICE_LITERAL(",\"type\":\""));
    buf_add_str(out, kind);
    buf_add(out, SLICE_LITERAL("\"}"));
}

static void add_groups(const struct scim_served *served, struct slice base_url, struct buf *out)
{
    buf_add(out, SLICE_LITERAL(",\"groups\":["));
    for (size_t i = 0; i < served->ref_count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        add_entry(&served->refs[i], &scim_group_type, served->refs[i].indirect ? "indirect" : "direct", base_url, out);
    }
    buf_add_char(out, ']');
}

static void add_members(const struct scim_served *served, struct slice base_url, struct buf *out)
{
    buf_add(out, SLICE_LITERAL(",\"members\":["));
    for (size_t i = 0; i < served->ref_count; i++) {
        const struct scim_resource_type *target =
            served->refs[i].type == SCIM_TYPE_GROUP ? &scim_group_type : &scim_user_type;
        if (i > 0)
            buf_add_char(out, ',');
        add_entry(&served->refs[i], target, target->name, base_url, out);
    }
    buf_add_char(out, ']');
}

void scim_document_add_refs(const struct scim_served *served, struct slice base_url, struct buf *out)
{
    if (served->ref_count == 0)
        return;
    if (served->type->code == SCIM_TYPE_GROUP)
        add_members(served, base_url, out);
    else
        add_groups(served, base_url, out);
}

static void add_time(const char *name, int64_t wall_ms, struct buf *out)
{
    char text[CLOCK_TEXT_BYTES];
    clock_text(wall_ms, text);
    buf_add(out, SLICE_LITERAL(",\""));
    buf_add_str(out, name);
    buf_add(out, SLICE_LITERAL("\":\""));
    buf_add(out, slice_of(text, CLOCK_TEXT_BYTES - 1));
    buf_add_char(out, '"');
}

void scim_document_add_meta(const struct scim_served *served, struct slice base_url, struct buf *out)
{
    char etag[SCIM_ETAG_BYTES];
    scim_document_etag(served, etag);

    buf_add(out, SLICE_LITERAL(",\"meta\":{\"resourceType\":\""));
    buf_add_str(out, served->type->name);
    buf_add_char(out, '"');
    add_time("created", served->created_ms, out);
    add_time("lastModified", served->modified_ms, out);
    buf_add(out, SLICE_LITERAL(",\"location\":\""));
    scim_document_location(served->type, &served->id, base_url, out);
    buf_add(out, SLICE_LITERAL("\",\"version\":\"W/\\\""));
    buf_add(out, slice_of(etag + 3, strlen(etag) - 4));
    buf_add(out, SLICE_LITERAL("\\\"\"}"));
}

void scim_document_serve(const struct scim_served *served, struct slice base_url, struct buf *out)
{
    buf_add(out, served->stored.text);
    if (served->stored.open_braces == 3) {
        if (served->manager_known)
            scim_document_add_manager(served, base_url, out);
        buf_add(out, SLICE_LITERAL("}}"));
    }
    if (served->refs_shown)
        scim_document_add_refs(served, base_url, out);
    scim_document_add_meta(served, base_url, out);
    buf_add_char(out, '}');
}

/* FNV-1a's steps on eight bytes at a time: change detection, not security. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x100000001b3);
    return hash ^ (hash >> 29);
}

static uint64_t mix_bytes(uint64_t hash, struct slice bytes)
{
    for (; bytes.len >= sizeof(uint64_t); bytes = slice_skip(bytes, sizeof(uint64_t))) {
        uint64_t word;
        memcpy(&word, bytes.data, sizeof word);
        hash = mix(hash, word);
    }
    uint64_t rest = bytes.len;
    for (size_t i = 0; i < bytes.len; i++)
        rest = rest << 8 | (unsigned char)bytes.data[i];
    return mix(hash, rest);
}

static uint64_t mix_id(uint64_t hash, const struct resource_id *id)
{
    return mix_bytes(hash, slice_of((const char *)id->id.bytes, ID_BYTES));
}

/* Of what a user's representation takes from other rows. Counts the groups whether they are shown or not: projections
 * share one tag (checklist Q-08). */
static uint64_t derived_checksum(const struct scim_served *served)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);

    if (served->manager_known && served->stored.open_braces == 3) {
        hash = mix_id(hash, &served->manager_id);
        hash = mix_bytes(hash, served->manager_display);
    }
    for (size_t i = 0; i < served->ref_count; i++) {
        hash = mix_id(hash, &served->refs[i].id);
        hash = mix(hash, served->refs[i].indirect);
        hash = mix_bytes(hash, served->refs[i].display);
    }
    return hash;
}

static char *add_digits(char *end, uint64_t number, unsigned base)
{
    do {
        *--end = "0123456789abcdef"[number % base];
        number /= base;
    } while (number > 0);
    return end;
}

void scim_document_etag(const struct scim_served *served, char *out)
{
    bool derived = served->type->code == SCIM_TYPE_USER &&
                   (served->ref_count > 0 || (served->manager_known && served->stored.open_braces == 3));
    char text[SCIM_ETAG_BYTES], *end = text + sizeof text, *at = end;

    *--at = '\0';
    *--at = '"';
    if (derived) {
        at = add_digits(at, derived_checksum(served), 16);
        *--at = '-';
    }
    at = add_digits(at, served->version, 10);
    *--at = '"';
    *--at = '/';
    *--at = 'W';
    memcpy(out, at, (size_t)(end - at));
}
