#include "stream.h"

#include "access.h"
#include "admin_api_sql.h"
#include "base/json.h"
#include "base/must.h"
#include "column.h"
#include "reply.h"
#include "webhook.h"

enum column {
    ID,
    ENVIRONMENT,
    LABEL,
    DELIVERY,
    AUDIENCE,
    FORMAT,
    ALGORITHM,
    EVENTS,
    ORGANIZATIONS,
    SALT,
    PLACE,
    ISSUER,
    ERRORS,
    CREATED,
    UPDATED,
    POLLED,
    URL,
    STATE,
    STATE_REASON,
    STATE_MS,
    HAS_TOKEN,
    HEALTH
};

const char *const stream_delivery_names[] = {[STREAM_POLL] = "poll", [STREAM_PUSH] = "push"};
const char *const stream_format_names[] = {[SET_FULL] = "full", [SET_NOTICE] = "notice"};
const char *const stream_algorithm_names[] = {[AUTH_ES256] = "ES256", [AUTH_RS256] = "RS256"};

/* --- reading --- */

static void read_organizations(struct slice text, struct stream *stream, struct arena *arena)
{
    if (text.len == 0)
        return;
    json_scoped *list = json_loadb(text.data, text.len, 0, NULL);
    struct organization_id *organizations = arena_array(arena, struct organization_id, json_array_size(list) + 1);
    for (size_t i = 0; i < json_array_size(list); i++)
        must(id_from_prefixed(ID_PREFIX_ORGANIZATION, json_slice(json_array_get(list, i)), &organizations[i].id));
    stream->organizations = organizations;
    stream->organization_count = json_array_size(list);
}

struct stream stream_of_row(const struct db_value *row, const struct environment_id *environment, struct arena *arena)
{
    struct stream stream = {
        .environment = *environment,
        .label = arena_slice(arena, row[LABEL].bytes),
        .delivery = (enum stream_delivery)row[DELIVERY].integer,
        .algorithm = (enum auth_algorithm)row[ALGORITHM].integer,
        .set = {.issuer = arena_copy(arena, row[ISSUER].bytes),
                .audience = arena_slice(arena, row[AUDIENCE].bytes),
                .format = (enum set_format)row[FORMAT].integer,
                .events = (unsigned)row[EVENTS].integer},
        .url = row[URL].kind == DB_NULL ? SLICE_EMPTY : arena_slice(arena, row[URL].bytes),
        .has_token = row[HAS_TOKEN].kind != DB_NULL && row[HAS_TOKEN].integer != 0,
        .created_ms = row[CREATED].integer,
    };
    db_id_out(&row[ID], &stream.id);
    must(row[SALT].bytes.len == STREAM_SALT_BYTES && stream_place_read(row[PLACE].bytes, &stream.place));
    memcpy(stream.set.salt, row[SALT].bytes.data, STREAM_SALT_BYTES);
    read_organizations(row[ORGANIZATIONS].bytes, &stream, arena);
    return stream;
}

bool stream_takes(const struct stream *stream, const struct organization_id *organization)
{
    bool takes = stream->organizations == NULL;
    for (size_t i = 0; !takes && i < stream->organization_count; i++)
        takes = id_equals(&stream->organizations[i].id, &organization->id);
    return takes;
}

/* --- showing --- */

static json_t *show_events(unsigned events, enum set_format format)
{
    json_t *list = json_array();
    for (enum set_event event = 0; event < SET_EVENTS; event++)
        if (events & SET_BIT(event))
            json_array_append_new(list, json_string(set_event_uri(event, format)));
    return list;
}

static json_t *show_health(const struct call *call, const struct db_value *row)
{
    json_t *health = webhook_show_health(call, &row[HEALTH], (enum endpoint_state)row[STATE].integer);
    json_object_set_new(health, "last_polled_at",
                        row[POLLED].kind == DB_NULL ? json_null() : show_time_or_null(row[POLLED].integer));
    json_object_set_new(health, "errors", json_integer(row[ERRORS].integer));
    return health;
}

json_t *stream_show(struct call *call, const struct db_value *row)
{
    struct slice organizations = row[ORGANIZATIONS].bytes;
    enum set_format format = (enum set_format)row[FORMAT].integer;
    const char *issuer = arena_copy(call_arena(call), row[ISSUER].bytes);
    json_t *shown =
        json_pack("{s:o, s:o, s:o, s:s, s:o, s:s, s:s, s:o, s:o}", "id", column_show_id(ID_PREFIX_STREAM, &row[ID]),
                  "environment_id", column_show_id(ID_PREFIX_ENVIRONMENT, &row[ENVIRONMENT]), "label",
                  json_from_slice(row[LABEL].bytes), "delivery", stream_delivery_names[row[DELIVERY].integer],
                  "audience", json_from_slice(row[AUDIENCE].bytes), "format", stream_format_names[format], "algorithm",
                  stream_algorithm_names[row[ALGORITHM].integer], "events",
                  show_events((unsigned)row[EVENTS].integer, format), "organization_ids",
                  organizations.len ? json_loadb(organizations.data, organizations.len, 0, NULL) : json_null());
    json_t *more =
        json_pack("{s:s, s:o, s:o, s:b, s:s, s:o, s:o, s:o, s:o, s:o}", "issuer", issuer, "jwks_uri",
                  json_sprintf("%s/jwks.json", issuer), "url", show_text_or_null(row[URL].bytes), "has_bearer_token",
                  row[HAS_TOKEN].kind != DB_NULL && row[HAS_TOKEN].integer, "state",
                  webhook_state_names[row[STATE].integer], "state_reason", show_text_or_null(row[STATE_REASON].bytes),
                  "state_changed_at", show_time(row[STATE_MS].integer), "created_at", show_time(row[CREATED].integer),
                  "updated_at", show_time(row[UPDATED].integer), "health", show_health(call, row));
    must(shown && more);
    json_object_update(shown, more);
    json_decref(more);
    return shown;
}

/* --- loading --- */

static bool no_such_stream(struct err *err) { return err_set(err, ERR_NOT_FOUND, "There is no such event stream."); }

bool stream_hold(struct call *call, const struct stream *stream, struct err *err)
{
    const struct db_value parameters[] = {db_id(&stream->environment.id), db_id(&stream->id)}, *row;
    if (!db_query_one(call->db, sql_stream_lock, parameters, 2, &row, err))
        return false;
    return row || no_such_stream(err);
}

bool stream_load(struct call *call, const struct environment_id *environment, const struct id *id,
                 const struct db_value **row_out, struct stream *stream_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&environment->id), db_id(id)};
    if (!db_query_one(call->db, sql_stream_load, parameters, 2, row_out, err))
        return false;
    if (!*row_out)
        return no_such_stream(err);
    *stream_out = stream_of_row(*row_out, environment, call_arena(call));
    return true;
}

/* Whose it is: another environment's is as good as not there. */
static bool find_environment(struct call *call, const struct id *id, struct environment_id *environment_out,
                             struct err *err)
{
    const struct db_value parameter = db_id(id), *row;
    if (!db_query_one(call->db, sql_stream_environment, &parameter, 1, &row, err))
        return false;
    if (row)
        db_id_out(&row[0], &environment_out->id);
    return (row && access_sees(call, environment_out)) || no_such_stream(err);
}

bool stream_of_path(struct call *call, const struct db_value **row_out, struct stream *stream_out, struct err *err)
{
    struct stream named = {.id = {{0}}};
    bool locks = call->locks || ((const struct admin_operation *)call->op->operation)->writes;
    if (!id_from_prefixed(ID_PREFIX_STREAM, call->op->parameters[0], &named.id))
        return no_such_stream(err);
    if (!find_environment(call, &named.id, &named.environment, err))
        return false;
    call->audit.environment = named.environment;
    return (!locks || stream_hold(call, &named, err)) &&
           stream_load(call, &named.environment, &named.id, row_out, stream_out, err);
}
