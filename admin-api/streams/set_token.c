#include "set_token.h"

#include "base/json.h"
#include "base/must.h"

enum { MAX_CLAIMS = 80 << 20, MAX_TOKEN = 110 << 20 };

/* Names of the resource: its path below the SCIM base URL, and what the identity provider calls it (RFC 9967
 * section 2.1). */
static json_t *subject_of(const struct set_token *token)
{
    char id[ID_UUID_CHARS + 1];
    id_to_uuid(&token->resource.id, id);
    json_t *subject = json_pack("{s:s, s:o, s:s}", "format", "scim", "uri",
                                json_sprintf("%.*s/%s", (int)token->endpoint.len, token->endpoint.data, id), "id", id);
    if (token->external_id.data)
        json_object_set_new(subject, "externalId", json_from_slice(token->external_id));
    return subject;
}

static void set_id(json_t *claims, const char *name, const char *prefix, const struct id *id)
{
    char text[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(prefix, id, text);
    if (!id_is_zero(id))
        json_object_set_new(claims, name, json_string(text));
}

/* iat is the time of the event, not of the signature: a token that is offered again is the same token. */
void set_claims_write(const struct set_stream *stream, const struct set_token *token, struct buf *out)
{
    char jti[STREAM_JTI_BYTES], transaction[ID_UUID_CHARS + 1];
    json_int_t second = token->happened_ms / 1000;
    stream_jti_write(stream->salt, &token->mark, jti);
    id_to_uuid(&token->transaction, transaction);
    json_scoped *claims = json_pack("{s:s, s:s, s:o, s:I, s:I, s:s, s:o, s:O}", "iss", stream->issuer, "jti", jti,
                                    "aud", json_from_slice(stream->audience), "iat", second, "toe", second, "txn",
                                    transaction, "sub_id", subject_of(token), "events", token->events);
    must(claims);
    set_id(claims, "organization_id", ID_PREFIX_ORGANIZATION, &token->organization.id);
    set_id(claims, "directory_id", ID_PREFIX_DIRECTORY, &token->directory.id);
    if (token->organization_external.data)
        json_object_set_new(claims, "organization_external_id", json_from_slice(token->organization_external));
    json_render(claims, out);
}

static struct slice make(const struct set_stream *stream, const struct auth_signer *signer,
                         const struct set_token *token, struct arena *arena)
{
    struct buf claims, signed_text;
    buf_init(&claims, MAX_CLAIMS);
    buf_init(&signed_text, MAX_TOKEN);
    set_claims_write(stream, token, &claims);
    if (signer)
        auth_set_sign(signer, buf_slice(&claims), &signed_text);
    must(!claims.overflowed && !signed_text.overflowed);
    struct slice text = arena_slice(arena, buf_slice(signer ? &signed_text : &claims));
    buf_fini(&claims);
    buf_fini(&signed_text);
    return text;
}

static struct slice slice_or_none(const json_t *value)
{
    return json_is_string(value) ? json_slice(value) : SLICE_EMPTY;
}

/* Of an event without an operation its own id stands for it. */
static struct set_token token_of(const struct feed_event *event, const json_t *parsed, const json_t *events)
{
    const json_t *resource = set_resource_of(json_object_get(parsed, "data"));
    return (struct set_token){
        .mark = {.feed = event->place},
        .transaction = id_is_zero(&event->operation) ? event->id : event->operation,
        .happened_ms = event->happened_ms,
        .organization = event->organization,
        .organization_external = slice_or_none(json_object_get(parsed, "organization_external_id")),
        .directory = event->directory,
        .endpoint = event->endpoint,
        .resource = event->resource,
        .external_id = slice_or_none(json_object_get(resource, "externalId")),
        .events = events,
    };
}

struct slice set_of_event(const struct set_stream *stream, const struct auth_signer *signer,
                          const struct feed_event *event, struct arena *arena)
{
    if (event->endpoint.len == 0)
        return SLICE_EMPTY;
    json_scoped *parsed = json_loadb(event->json.data, event->json.len, JSON_ALLOW_NUL, NULL);
    must(parsed); /* our own */
    json_scoped *events = set_events_of(event, json_object_get(parsed, "data"), stream->format, stream->events);
    if (!events)
        return SLICE_EMPTY;
    const struct set_token token = token_of(event, parsed, events);
    return make(stream, signer, &token, arena);
}

struct slice set_of_move(const struct set_stream *stream, const struct auth_signer *signer, struct set_token *token,
                         enum set_event moved, struct arena *arena)
{
    json_scoped *events = json_pack("{s:{}}", set_event_uri(moved, stream->format));
    token->events = events;
    return make(stream, signer, token, arena);
}
