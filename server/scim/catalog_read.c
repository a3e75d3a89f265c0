/* Reading the members of a catalog's objects. */
#include <stdarg.h>
#include <stdio.h>

#include "catalog_parts.h"
#include "scim/unicode.h"

enum { MOST_TEXTS = 100, MOST_TEXT_BYTES = 256 };

static size_t write_place(const struct catalog_place *place, char *out, size_t at, size_t most)
{
    if (!place)
        return at;
    at = write_place(place->in, out, at, most);
    if (at >= most)
        return most;
    int len = place->name ? snprintf(out + at, most - at, "/%s", place->name)
                          : snprintf(out + at, most - at, "/%zu", place->index);
    return at + (size_t)len;
}

void catalog_blame(const struct catalog *catalog, const struct catalog_place *place)
{
    if (!catalog->fault)
        return;
    catalog->fault->pointer[0] = '\0';
    write_place(place, catalog->fault->pointer, 0, sizeof catalog->fault->pointer);
}

bool catalog_refuse(const struct catalog_reader *reader, const char *member, const char *format, ...)
{
    const struct catalog_place place = {.in = reader->place, .name = member};
    catalog_blame(reader->catalog, member ? &place : reader->place);
    char what[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    return err_set(reader->catalog->err, ERR_INVALID_VALUE, "%s: %s.", reader->called, what);
}

static bool is_one_of(const char *name, const char *const *names)
{
    for (; *names; names++)
        if (strcmp(name, *names) == 0)
            return true;
    return false;
}

bool catalog_open(struct catalog_reader *reader, const char *const *members)
{
    if (!json_is_object(reader->object))
        return catalog_refuse(reader, NULL, "must be an object");
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)reader->object, name, value) {
        if (!is_one_of(name, members))
            return catalog_refuse(reader, strpbrk(name, "~/") ? NULL : name, "there is no member \"%.64s\"", name);
    }
    return true;
}

static const json_t *member_of(const struct catalog_reader *reader, const char *member)
{
    const json_t *value = json_object_get(reader->object, member);
    return json_is_null(value) ? NULL : value;
}

static bool check_text(const struct catalog_reader *reader, const char *member, const json_t *value, size_t most)
{
    if (!json_is_string(value))
        return catalog_refuse(reader, member, "\"%s\" must be text", member);
    if (json_string_length(value) > most)
        return catalog_refuse(reader, member, "\"%s\" has more than %zu bytes", member, most);
    return !scim_has_control(json_slice(value)) ||
           catalog_refuse(reader, member, "\"%s\" has control characters", member);
}

bool catalog_text(const struct catalog_reader *reader, const char *member, size_t most, const char **out)
{
    const json_t *value = member_of(reader, member);
    if (!value)
        return true;
    if (!check_text(reader, member, value, most))
        return false;
    *out = arena_copy(reader->catalog->arena, json_slice(value));
    return true;
}

bool catalog_needed_text(const struct catalog_reader *reader, const char *member, size_t most, const char **out)
{
    *out = "";
    if (!catalog_text(reader, member, most, out))
        return false;
    return **out || catalog_refuse(reader, member, "\"%s\" is needed", member);
}

bool catalog_flag(const struct catalog_reader *reader, const char *member, bool *out)
{
    const json_t *value = member_of(reader, member);
    if (value && !json_is_boolean(value))
        return catalog_refuse(reader, member, "\"%s\" must be true or false", member);
    if (value)
        *out = json_is_true(value);
    return true;
}

bool catalog_word(const struct catalog_reader *reader, const char *member, const char *const *words, unsigned *out)
{
    const json_t *value = member_of(reader, member);
    if (!value)
        return true;
    for (unsigned i = 0; words[i] && json_is_string(value); i++) {
        if (slice_equals(json_slice(value), slice_str(words[i]))) {
            *out = i;
            return true;
        }
    }
    return catalog_refuse(reader, member, "\"%s\" is none of the words that RFC 7643 section 7 has for it", member);
}

bool catalog_list(const struct catalog_reader *reader, const char *member, size_t most, const json_t **list_out)
{
    *list_out = member_of(reader, member);
    if (*list_out && !json_is_array(*list_out))
        return catalog_refuse(reader, member, "\"%s\" must be a list", member);
    return json_array_size(*list_out) <= most ||
           catalog_refuse(reader, member, "\"%s\" has more than %zu", member, most);
}

bool catalog_texts(const struct catalog_reader *reader, const char *member, const char *const **out)
{
    const json_t *list;
    if (!catalog_list(reader, member, MOST_TEXTS, &list))
        return false;
    size_t count = json_array_size(list);
    if (count == 0)
        return true;
    const char **texts = arena_array(reader->catalog->arena, const char *, count + 1);
    for (size_t i = 0; i < count; i++) {
        const json_t *text = json_array_get(list, i);
        if (!check_text(reader, member, text, MOST_TEXT_BYTES))
            return false;
        texts[i] = arena_copy(reader->catalog->arena, json_slice(text));
    }
    *out = texts;
    return true;
}
