/* Requests to where vendors say: POSTs of webhooks and of security events. The only user of libcurl.
 *
 * An `outbound` belongs to one thread, which starts requests and takes turns; only outbound_wake is for others. Nothing
 * is followed or believed: no redirects, no proxies (those of the environment neither), no cookies, TLS 1.2 or later
 * with a certificate that is checked, and a connection only to an address that address_refusal lets pass, looked at
 * when the connection is made, so that a name that was good when it was registered does not lead inside later.
 * Connections are kept and used again, over HTTP/2 by several requests at a time. */
#ifndef ADMIN_OUTBOUND_H
#define ADMIN_OUTBOUND_H

#include <stdint.h>

#include "address.h"
#include "base/err.h"
#include "base/slice.h"

enum {
    OUTBOUND_BODY_BYTES = 4096,    /* of an answer, kept */
    OUTBOUND_READ_BYTES = 65536,   /* of an answer's body, read; then the connection is cut */
    OUTBOUND_HEADERS_BYTES = 4096, /* of an answer, kept */
    OUTBOUND_CONNECT_MS = 5000,
    OUTBOUND_TOTAL_MS = 15000,
    OUTBOUND_HEADERS_MOST = 16, /* of a request */
};

struct outbound_settings {
    const struct outbound_rules *rules; /* must outlive it */
    const char *ca_file;                /* PEM: authorities instead of the system's; NULL or "": those */
};

enum outbound_end {
    OUTBOUND_ANSWERED,    /* there is a status; its body may be cut */
    OUTBOUND_REFUSED,     /* not sent: the URL or its address must not be connected to */
    OUTBOUND_UNREACHABLE, /* no connection: no such name, no route, connection refused, TLS */
    OUTBOUND_TIMEOUT,
    OUTBOUND_BROKEN /* connected, then cut, or no HTTP */
};

struct outbound_result { /* good during on_done */
    enum outbound_end end;
    int status;           /* 0 unless OUTBOUND_ANSWERED */
    struct slice headers; /* "name: value\r\n" each, as they came, from the first; the last whole one that fits */
    struct slice body;    /* its first OUTBOUND_BODY_BYTES; any bytes */
    bool is_cut;          /* there was more of it */
    char error[200];      /* a sentence for the vendor; empty when answered */
    int64_t duration_ms;
};

/* The value of an answer's header (the first of that name, in any case), trimmed; data NULL: none. */
struct slice outbound_header(const struct outbound_result *result, struct slice name);

struct outbound_request { /* all is copied */
    struct slice url;
    struct slice headers[OUTBOUND_HEADERS_MOST]; /* "webhook-id: evt-…"; Content-Type among them */
    size_t header_count;
    struct slice body;
    long connect_ms, total_ms; /* 0: OUTBOUND_CONNECT_MS, OUTBOUND_TOTAL_MS */
    /* Called once, in a later outbound_turn, never in outbound_post. May post again. */
    void (*on_done)(void *context, const struct outbound_result *result);
    void *context;
};

struct outbound;
MUST_CHECK struct outbound *outbound_new(const struct outbound_settings *settings, struct err *err);
void outbound_free(struct outbound *outbound); /* what is under way is cut, and no on_done is called for it */

void outbound_post(struct outbound *outbound, const struct outbound_request *request);
size_t outbound_in_flight(const struct outbound *outbound);

/* Waits until there is something to do (an answer, outbound_wake), for wait_ms at most, and does it. Returns how many
 * requests have ended in it. */
size_t outbound_turn(struct outbound *outbound, int wait_ms);
/* Any thread: the turn under way, or the next one, does not wait. */
void outbound_wake(struct outbound *outbound);

#endif
