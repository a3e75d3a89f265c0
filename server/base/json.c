#include "base/json.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"

/* jansson's own texts quote the body, and a body may hold a password. */
static const char *syntax_problem(enum json_error_code code)
{
    static const char *const problems[] = {
        [json_error_premature_end_of_input] = "it ends too early",
        [json_error_end_of_input_expected] = "something follows the value",
        [json_error_invalid_utf8] = "it is not valid UTF-8",
        [json_error_null_character] = "a string contains U+0000",
        [json_error_null_byte_in_key] = "a name contains U+0000",
        [json_error_duplicate_key] = "a name occurs twice in one object",
        [json_error_numeric_overflow] = "a number is too large",
    };
    size_t at = (size_t)code;
    return at < sizeof problems / sizeof *problems && problems[at] ? problems[at] : "its syntax is wrong";
}

static int compare_nocase(const char *a, const char *b)
{
    for (;; a++, b++) {
        int left = *a >= 'A' && *a <= 'Z' ? *a | 0x20 : *a, right = *b >= 'A' && *b <= 'Z' ? *b | 0x20 : *b;
        if (left != right || left == '\0')
            return left - right;
    }
}

static int compare_names(const void *a, const void *b)
{
    return compare_nocase(*(const char *const *)a, *(const char *const *)b);
}

static bool refuse_twins(const char *a, const char *b, struct err *err)
{
    return err_set(err, ERR_INVALID_SYNTAX, "The names \"%.80s\" and \"%.80s\" of one JSON object differ only by case.",
                   a, b);
}

/* Sorted, so that an object with a hundred thousand names does not cost the square of that. */
static bool check_names_sorted(const char **names, size_t count, struct err *err)
{
    qsort(names, count, sizeof *names, compare_names);
    for (size_t i = 1; i < count; i++) {
        if (compare_nocase(names[i - 1], names[i]) == 0)
            return refuse_twins(names[i - 1], names[i], err);
    }
    return true;
}

static bool check_names(json_t *object, struct err *err)
{
    const char *few[32], **names = few;
    size_t size = json_object_size(object), count = 0;
    if (size > sizeof few / sizeof *few) {
        names = malloc(size * sizeof *names);
        must(names != NULL);
    }
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at))
        names[count++] = json_object_iter_key(at);
    bool fine = check_names_sorted(names, count, err);
    if (names != few)
        free(names);
    return fine;
}

/* As deep as json_scan allowed. */
static bool check_all_names(json_t *value, struct err *err)
{
    if (json_is_array(value)) {
        for (size_t i = 0; i < json_array_size(value); i++) {
            if (!check_all_names(json_array_get(value, i), err))
                return false;
        }
    } else if (json_is_object(value)) {
        if (!check_names(value, err))
            return false;
        for (void *at = json_object_iter(value); at; at = json_object_iter_next(value, at)) {
            if (!check_all_names(json_object_iter_value(at), err))
                return false;
        }
    }
    return true;
}

json_t *json_parse(struct slice text, const struct json_limits *limits, struct err *err)
{
    if (!json_scan(text, limits, err))
        return NULL;
    json_error_t error;
    json_t *value = json_loadb(text.len ? text.data : "", text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &error);
    if (!value) {
        must(json_error_code(&error) != json_error_out_of_memory);
        err_set(err, ERR_INVALID_SYNTAX, "The JSON cannot be read at line %d, column %d: %s.", error.line, error.column,
                syntax_problem(json_error_code(&error)));
        return NULL;
    }
    if (!check_all_names(value, err)) {
        json_decref(value);
        return NULL;
    }
    return value;
}

json_t *json_parse_object(struct slice text, const struct json_limits *limits, struct err *err)
{
    json_t *value = json_parse(text, limits, err);
    if (value && !json_is_object(value)) {
        err_set(err, ERR_INVALID_SYNTAX, "The JSON must be an object.");
        json_decref(value);
        return NULL;
    }
    return value;
}

/* jansson's iterators take a mutable object, though they do not change it. */
static json_t *for_iteration(const json_t *object) { return (json_t *)(uintptr_t)object; }

json_t *json_member_nocase(const json_t *object, struct slice name, const char **name_out)
{
    json_t *members = for_iteration(object);
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        if (!slice_equals_ascii_nocase(slice_of(json_object_iter_key(at), json_object_iter_key_len(at)), name))
            continue;
        if (name_out)
            *name_out = json_object_iter_key(at);
        return json_object_iter_value(at);
    }
    return NULL;
}

static void render_integer(json_int_t number, struct buf *buf)
{
    if (number < 0)
        buf_add_char(buf, '-');
    buf_add_uint(buf, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

/* The fewest digits that read back as the same number: 0.1 stays 0.1. */
static void render_real(const json_t *value, struct buf *buf)
{
    char text[64];
    size_t len = 0;
    for (size_t digits = 15; digits <= 17; digits++) {
        len = json_dumpb(value, text, sizeof text - 1, JSON_ENCODE_ANY | JSON_REAL_PRECISION(digits));
        must(len < sizeof text);
        text[len] = '\0';
        if (strtod(text, NULL) == json_real_value(value))
            break;
    }
    buf_add(buf, slice_of(text, len));
}

static void render_object(const json_t *value, struct buf *buf)
{
    json_t *object = for_iteration(value);
    char before = '{';
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        buf_add_char(buf, before);
        buf_add_json_string(buf, slice_of(json_object_iter_key(at), json_object_iter_key_len(at)));
        buf_add_char(buf, ':');
        json_render(json_object_iter_value(at), buf);
        before = ',';
    }
    if (before == '{')
        buf_add_char(buf, '{');
    buf_add_char(buf, '}');
}

static void render_array(const json_t *array, struct buf *buf)
{
    buf_add_char(buf, '[');
    for (size_t i = 0; i < json_array_size(array); i++) {
        if (i > 0)
            buf_add_char(buf, ',');
        json_render(json_array_get(array, i), buf);
    }
    buf_add_char(buf, ']');
}

/* By hand, because json_dump keeps a hash table of the containers it is in to find cycles, and we never make one. */
void json_render(const json_t *value, struct buf *buf)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        render_object(value, buf);
        break;
    case JSON_ARRAY:
        render_array(value, buf);
        break;
    case JSON_STRING:
        buf_add_json_string(buf, json_slice(value));
        break;
    case JSON_INTEGER:
        render_integer(json_integer_value(value), buf);
        break;
    case JSON_REAL:
        render_real(value, buf);
        break;
    case JSON_TRUE:
        buf_add(buf, SLICE_LITERAL("true"));
        break;
    case JSON_FALSE:
        buf_add(buf, SLICE_LITERAL("false"));
        break;
    case JSON_NULL:
        buf_add(buf, SLICE_LITERAL("null"));
        break;
    }
}
