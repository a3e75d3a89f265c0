/* SearchRequest: a query whose parameters are members of a body, so that they stand in no log (RFC 7644 section 7.5.2).
 */
#include "base/json.h"
#include "query_parts.h"
#include "scim/message.h"

static const json_t *member(const json_t *body, const char *name)
{
    const json_t *value = json_member_nocase(body, slice_str(name), NULL);
    return json_is_null(value) ? NULL : value;
}

static bool names_search(const json_t *schemas)
{
    if (json_is_string(schemas))
        return slice_equals_ascii_nocase(json_slice(schemas), SLICE_LITERAL(SCIM_URN_SEARCH));
    for (size_t i = 0; i < json_array_size(schemas); i++)
        if (names_search(json_array_get(schemas, i)))
            return true;
    return false;
}

static bool read_text(const json_t *body, const char *name, struct arena *arena, bool *given_out,
                      struct slice *text_out, struct err *err)
{
    const json_t *value = member(body, name);
    *given_out = value != NULL;
    if (value && !json_is_string(value))
        return err_set(err, ERR_INVALID_VALUE, "%s must be a text.", name);
    if (value)
        *text_out = arena_slice(arena, json_slice(value));
    return true;
}

static bool join(const json_t *list, const char *name, struct buf *out, struct err *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *element = json_array_get(list, i);
        if (!json_is_string(element))
            return err_set(err, ERR_INVALID_VALUE, "%s must hold nothing but texts.", name);
        if (i)
            buf_add_char(out, ',');
        buf_add(out, json_slice(element));
    }
    return true;
}

/* As a list, or as one text: either way as the parameter of a URL is written. */
static bool read_names(const json_t *body, const char *name, struct arena *arena, struct slice *names_out,
                       struct err *err)
{
    const json_t *value = member(body, name);
    bool given;
    if (!json_is_array(value))
        return read_text(body, name, arena, &given, names_out, err) ||
               err_set(err, ERR_INVALID_VALUE, "%s must be a list of texts.", name);
    struct buf joined;
    buf_init(&joined, SIZE_MAX / 2);
    bool good = join(value, name, &joined, err);
    *names_out = arena_slice(arena, buf_slice(&joined));
    buf_fini(&joined);
    return good;
}

static bool read_integer(const json_t *body, const char *name, bool *given_out, int64_t *value_out)
{
    const json_t *value = member(body, name);
    *given_out = value != NULL;
    if (json_is_integer(value))
        *value_out = json_integer_value(value);
    return !value || json_is_integer(value);
}

static bool read_integers(const json_t *body, struct scim_query *query, struct err *err)
{
    if (!read_integer(body, "count", &query->has_count, &query->count))
        return scim_query_refuse_count(query, err);
    return read_integer(body, "startIndex", &query->has_start_index, &query->start_index) ||
           err_set(err, ERR_INVALID_VALUE, "startIndex must be an integer.");
}

bool scim_search_parse(const json_t *body, struct arena *arena, struct scim_query *query_out, struct err *err)
{
    bool given;
    *query_out = (struct scim_query){.start_index = 1};
    if (!names_search(member(body, "schemas")))
        return err_set(err, ERR_INVALID_SYNTAX, "schemas must name " SCIM_URN_SEARCH ".");
    if (!read_text(body, "filter", arena, &query_out->has_filter, &query_out->filter, err) ||
        !read_text(body, "sortBy", arena, &given, &query_out->sort_by, err) ||
        !read_text(body, "sortOrder", arena, &given, &query_out->sort_order, err) ||
        !read_text(body, "cursor", arena, &query_out->has_cursor, &query_out->cursor, err) ||
        !read_names(body, "attributes", arena, &query_out->attributes, err) ||
        !read_names(body, "excludedAttributes", arena, &query_out->excluded, err))
        return false;
    query_out->sort_by = slice_trim(query_out->sort_by);
    query_out->sort_order = slice_trim(query_out->sort_order);
    return read_integers(body, query_out, err) && scim_query_finish(query_out, err);
}
