/* The door of the SCIM service: who comes in, and how often (checklist H-24, SEC-06, SEC-11, AD-14). */
#ifndef OPS_DOOR_H
#define OPS_DOOR_H

#include "call.h"

/* service->admit: names the party, and refuses addresses that have guessed too often. */
bool door_admit(struct op *op);

/* A credential proved wrong. Counts once per op. */
void door_failed(struct call *call);
/* One was proved right: its directory's request is counted, once per op. false: it has made too many, with op->err. */
MUST_CHECK bool door_proved(struct call *call);
/* A request of many operations: those beyond the first. They are paid for by what comes later. */
void door_count_more(struct call *call, uint64_t operations);

/* Retry-After, and what the answer tells of the directory's rate. */
void door_add_headers(struct op *op);

#endif
