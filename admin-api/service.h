/* The admin API as a service of the HTTP room. */
#ifndef ADMIN_SERVICE_H
#define ADMIN_SERVICE_H

#include "auth/guard.h"
#include "auth/token.h"
#include "ops/op.h"

struct housekeeping;
struct job_runner;
struct exports;
struct sequencer;
struct outbound_rules;
struct hub;

struct admin_settings {
    const struct auth_peppers *peppers;
    struct auth_guard *guard;          /* NULL: none */
    struct auth_limiter *requests;     /* of one key; NULL: no limit */
    bool rate_fields;                  /* answers tell what is left */
    const char *public_url;            /* of rollcall-server, no slash at its end */
    unsigned deletion_grace_days;      /* what is deleted can be restored for so long */
    const char *admin_url;             /* of rollcall-admin, likewise: audience of JWTs, beginning of setup links */
    struct housekeeping *housekeeping; /* woken after something was marked for deletion */
    int64_t history_ms;                /* changes are kept for so long */
    bool require_if_match;             /* PUT, PATCH and DELETE without it are refused */
    struct exports *exports;           /* answers in pieces */
    struct sequencer *sequencer;       /* numbers what is committed, for the feed */
    struct outbound_rules *outbound;   /* where vendors' URLs may lead */
    struct hub *hub;                   /* requests that wait for events */
    struct job_runner *jobs;           /* woken after a job was made; NULL: other processes run them */
};

/* The service for http_server_start; settings must outlive it. */
const struct service *admin_service(const struct admin_settings *settings);

extern const struct route admin_routes[];
extern const size_t admin_route_count;

#endif
