#include "stream_body.h"

#include "admin_api_sql.h"
#include "base/json.h"
#include "event_keys.h"
#include "problem.h"

enum { AUDIENCE_BYTES = 1000, BEARER_BYTES = 400 };

/* --- fields --- */

static bool is_one_of(const json_t *value, const char *one, const char *other)
{
    const char *text = json_string_value(value);
    return text && (strcmp(text, one) == 0 || strcmp(text, other) == 0);
}

static const char *check_delivery(const json_t *value, const struct field_context *context)
{
    (void)context;
    return is_one_of(value, "poll", "push") ? NULL : "must be \"poll\" (RFC 8936) or \"push\" (RFC 8935)";
}

static const char *check_format(const json_t *value, const struct field_context *context)
{
    (void)context;
    return is_one_of(value, "full", "notice") ? NULL : "must be \"full\" or \"notice\"";
}

static const char *check_audience(const json_t *value, const struct field_context *context)
{
    (void)context;
    struct slice text = json_slice(value);
    if (!json_is_string(value) || text.len == 0 || text.len > AUDIENCE_BYTES)
        return "must be a text of at most 1000 bytes: what the receiver expects in aud";
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] <= ' ')
            return "must not contain blanks or control characters";
    return NULL;
}

/* RFC 6750 section 2.1. */
static const char *check_bearer(const json_t *value, const struct field_context *context)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~+/=";
    (void)context;
    const char *text = json_string_value(value);
    bool good = text && *text && strlen(text) <= BEARER_BYTES && strspn(text, letters) == json_string_length(value);
    return good ? NULL : "must be a bearer token of at most 400 letters, digits and -._~+/=, without \"Bearer\"";
}

static const char *check_events(const json_t *value, const struct field_context *context)
{
    enum set_event event;
    if (!json_is_array(value) || json_array_size(value) == 0 || json_array_size(value) > 64)
        return "must be an array of at least one event URI";
    for (size_t i = 0; i < json_array_size(value); i++) {
        struct slice uri = json_slice(json_array_get(value, i));
        if (!uri.data || !set_event_parse(uri, &event))
            return arena_printf(context->arena,
                                "must be URIs that ServiceProviderConfig lists, such as \"%s\"; entry %zu is none",
                                set_event_uri(SET_CREATE, SET_FULL), i + 1);
    }
    return NULL;
}

static const char *check_organizations(const json_t *value, const struct field_context *context)
{
    struct id id;
    if (!json_is_array(value) || json_array_size(value) == 0 || json_array_size(value) > STREAM_ORGANIZATIONS_MOST)
        return "must be an array of 1 to 100 ids of organizations; null is all";
    for (size_t i = 0; i < json_array_size(value); i++) {
        struct slice text = json_slice(json_array_get(value, i));
        if (!text.data || !id_from_prefixed(ID_PREFIX_ORGANIZATION, text, &id))
            return arena_printf(context->arena, "must be ids that begin with \"org-\"; entry %zu is none", i + 1);
    }
    return NULL;
}

const struct admin_field stream_fields_create[STREAM_FIELDS_CREATE] = {
    {"label", field_name, FIELD_REQUIRED},
    {"delivery", check_delivery, FIELD_REQUIRED},
    {"url", field_url, 0},
    {"bearer_token", check_bearer, FIELD_NULLABLE},
    {"audience", check_audience, 0},
    {"format", check_format, 0},
    {"algorithm", event_key_check_algorithm, 0},
    {"events", check_events, FIELD_NULLABLE},
    {"organization_ids", check_organizations, FIELD_NULLABLE},
    {"announce", field_flag, 0},
    {"environment_id", field_environment_id, 0},
};

const struct admin_field stream_fields_update[STREAM_FIELDS_UPDATE] = {
    {"label", field_name, 0},
    {"url", field_url, 0},
    {"bearer_token", check_bearer, FIELD_NULLABLE},
    {"audience", check_audience, 0},
    {"format", check_format, 0},
    {"algorithm", event_key_check_algorithm, 0},
    {"events", check_events, FIELD_NULLABLE},
    {"state", field_state, 0},
    {"announce", field_flag, 0},
};

/* --- reading --- */

static bool says(const struct call *call, const char *name, const char *value)
{
    return slice_equals(call_text(call, name, SLICE_EMPTY), slice_str(value));
}

static unsigned events_of(const json_t *list)
{
    unsigned events = 0;
    enum set_event event;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (set_event_parse(json_slice(json_array_get(list, i)), &event))
            events |= SET_BIT(event);
    return json_is_array(list) ? events : SET_EVERYTHING;
}

static bool check_organization(struct call *call, const struct stream *stream, size_t index, struct err *err)
{
    const struct db_value parameters[] = {db_id(&stream->environment.id), db_id(&stream->organizations[index].id)},
                          *row;
    if (!db_query_one(call->db, sql_stream_organizations, parameters, 2, &row, err))
        return false;
    return row || problem_invalid(call->op, arena_printf(call_arena(call), "#/organization_ids/%zu", index),
                                  "names no organization of this environment", err);
}

static bool read_organizations(struct call *call, struct stream *stream, struct err *err)
{
    const json_t *list = call_member(call, "organization_ids");
    size_t count = json_array_size(list);
    struct organization_id *organizations = arena_array(call_arena(call), struct organization_id, count + 1);
    if (count == 0)
        return true;
    stream->organizations = organizations;
    stream->organization_count = count;
    for (size_t i = 0; i < count; i++) {
        (void)id_from_prefixed(ID_PREFIX_ORGANIZATION, json_slice(json_array_get(list, i)), &organizations[i].id);
        if (!check_organization(call, stream, i, err))
            return false;
    }
    return true;
}

bool stream_body_read(struct call *call, struct stream *stream, struct err *err)
{
    stream->label = call_text(call, "label", stream->label);
    stream->set.audience = call_text(call, "audience", stream->set.audience);
    if (call_has(call, "format"))
        stream->set.format = says(call, "format", "notice") ? SET_NOTICE : SET_FULL;
    if (call_has(call, "algorithm"))
        stream->algorithm = says(call, "algorithm", "RS256") ? AUTH_RS256 : AUTH_ES256;
    if (call_has(call, "events"))
        stream->set.events = events_of(call_member(call, "events"));
    return read_organizations(call, stream, err) && event_key_need(call, &stream->environment, stream->algorithm, err);
}
