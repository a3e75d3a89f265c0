/* Keys that an environment's Security Event Tokens are signed with. */
#ifndef ADMIN_STREAMS_EVENT_KEYS_H
#define ADMIN_STREAMS_EVENT_KEYS_H

#include "auth/set.h"
#include "call.h"

extern const struct admin_operation event_key_list, event_key_get, event_key_rotate, event_key_set;

field_check_fn event_key_check_algorithm;

/* In the caller's transaction: makes the environment's first key of the algorithm, where there is none. */
MUST_CHECK bool event_key_need(struct call *call, const struct environment_id *environment,
                               enum auth_algorithm algorithm, struct err *err);

/* What signs now and what will, unsealed. Used by one thread at a time. */
struct event_signers;
/* ERR_INTERNAL: there is no key, or the pepper that sealed it is gone. */
MUST_CHECK bool event_signers_open(struct db *db, const struct auth_peppers *peppers,
                                   const struct environment_id *environment, enum auth_algorithm algorithm,
                                   int64_t now_ms, struct event_signers **signers_out, struct err *err);
void event_signers_close(struct event_signers *signers); /* NULL is fine */
const struct auth_signer *event_signers_at(const struct event_signers *signers, int64_t now_ms);

/* The issuer of the environment's tokens, in the arena; its keys are at "<issuer>/jwks.json". */
const char *event_issuer(const char *admin_url, const struct environment_id *environment, struct arena *arena);

#endif
