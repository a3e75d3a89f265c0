/* Ids: UUIDv7 (RFC 9562), sixteen bytes that sort by time.
 *
 * Each noun's id is a type of its own, so that swapping two does not compile. Users and groups show theirs as a
 * lower-case UUID; the others as a prefix and 26 characters of lower-case Crockford base32 ("org-01j…"): never an
 * underscore, because Okta refuses a base URL that has one. */
#ifndef BASE_ID_H
#define BASE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

#define ID_BYTES        16
#define ID_UUID_CHARS   36 /* without NUL */
#define ID_BASE32_CHARS 26

struct id {
    uint8_t bytes[ID_BYTES];
};

struct environment_id {
    struct id id;
};
struct organization_id {
    struct id id;
};
struct directory_id {
    struct id id;
};
struct token_id {
    struct id id;
};
struct key_id {
    struct id id;
};
struct resource_id {
    struct id id;
};
struct operation_id {
    struct id id;
};

#define ID_PREFIX_ENVIRONMENT   "env-"
#define ID_PREFIX_ORGANIZATION  "org-"
#define ID_PREFIX_DIRECTORY     "dir-"
#define ID_PREFIX_TOKEN         "tok-"
#define ID_PREFIX_KEY           "key-"
#define ID_PREFIX_OPERATOR_KEY  "opk-"
#define ID_PREFIX_EVENT         "evt-"
#define ID_PREFIX_JOB           "job-"
#define ID_PREFIX_AUDIT         "aud-"
#define ID_PREFIX_SIGNING_KEY   "sgn-"
#define ID_PREFIX_SETUP_LINK    "lnk-"
#define ID_PREFIX_ROLE          "rol-"
#define ID_PREFIX_SETUP_SESSION "ses-"
#define ID_PREFIX_WEBHOOK       "wbh-"
#define ID_PREFIX_DELIVERY      "dlv-"
#define ID_PREFIX_REPLAY        "rpl-"
#define ID_PREFIX_STREAM        "str-"
#define ID_PREFIX_STREAM_ERROR  "ser-"
#define ID_PREFIX_EVENT_KEY     "evk-"

/* A fresh UUIDv7: 48 bits of ms, then a per-thread counter within the ms, then randomness. Ids that one thread makes
 * are strictly increasing. Thread-safe. */
struct id id_new(void);

int id_compare(const struct id *a, const struct id *b); /* memcmp order */
bool id_equals(const struct id *a, const struct id *b);
bool id_is_zero(const struct id *id);

void id_to_uuid(const struct id *id, char out[ID_UUID_CHARS + 1]);
/* Exactly the canonical form; upper-case hex is accepted only with any_case. Any version bits. */
bool id_from_uuid(struct slice text, bool any_case, struct id *id_out);

void id_to_base32(const struct id *id, char out[ID_BASE32_CHARS + 1]);
bool id_from_base32(struct slice text, struct id *id_out); /* lower case only, canonical only */

#define ID_PREFIXED_CHARS (4 + ID_BASE32_CHARS)
void id_to_prefixed(const char *prefix, const struct id *id, char out[ID_PREFIXED_CHARS + 1]);
bool id_from_prefixed(const char *prefix, struct slice text, struct id *id_out);

#endif
