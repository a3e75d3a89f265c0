/* Security Event Tokens of a stream: claims, and their signature. */
#ifndef ADMIN_STREAMS_SET_TOKEN_H
#define ADMIN_STREAMS_SET_TOKEN_H

#include "auth/set.h"
#include "set_events.h"
#include "stream_place.h"

struct set_stream { /* what of a stream its tokens depend on */
    const char *issuer;
    struct slice audience;
    enum set_format format;
    unsigned events; /* SET_BITs that it wants */
    uint8_t salt[STREAM_SALT_BYTES];
};

struct set_token { /* what one token is about; ids of zeros: there is none */
    struct stream_place mark;
    struct id transaction;
    int64_t happened_ms;
    struct organization_id organization;
    struct slice organization_external;
    struct directory_id directory;
    struct slice endpoint; /* "/Users" */
    struct resource_id resource;
    struct slice external_id; /* data NULL: none */
    const json_t *events;
};

/* Appends the claims, a JSON object: the same for the same token, whenever it is made. */
void set_claims_write(const struct set_stream *stream, const struct set_token *token, struct buf *out);

/* The token of an event, signed, in the arena; data NULL: the event is none for this stream. signer NULL: the claims.
 */
struct slice set_of_event(const struct set_stream *stream, const struct auth_signer *signer,
                          const struct feed_event *event, struct arena *arena);

/* That a resource has entered the stream, or left it: token->events is filled in here. */
struct slice set_of_move(const struct set_stream *stream, const struct auth_signer *signer, struct set_token *token,
                         enum set_event moved, struct arena *arena);

#endif
