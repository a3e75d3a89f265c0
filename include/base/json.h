/* jansson helpers, and the scan that every body passes before it is parsed.
 *
 * A hostile body of 1 MiB can cost 80 MiB of heap in any DOM parser, so its shape is bounded first, without allocating:
 * nesting, containers, tokens, number length. */
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

struct json_limits {
    size_t depth;      /* nested containers, default 32 */
    size_t containers; /* objects and arrays, default 20,000 */
    size_t tokens;     /* values and names, default 200,000 */
    size_t number;     /* characters of one number, default 64 */
};
extern const struct json_limits json_limits_default;

/* Bounds only; syntax is the parser's affair. ERR_INVALID_SYNTAX names the limit that was passed. */
MUST_CHECK bool json_scan(struct slice text, const struct json_limits *limits, struct err *err);

/* Scans, then parses: one value, no duplicate names (also none that differ only by ASCII case within one object: SCIM
 * names are case-insensitive, RFC 7643 section 2.1), valid UTF-8, no NUL. ERR_INVALID_SYNTAX with line and column.
 * Returns a new reference. */
MUST_CHECK json_t *json_parse(struct slice text, const struct json_limits *limits, struct err *err);

/* As json_parse, and the value must be an object (H-08). */
MUST_CHECK json_t *json_parse_object(struct slice text, const struct json_limits *limits, struct err *err);

/* Compact rendering appended to buf. */
void json_render(const json_t *value, struct buf *buf);

static inline struct slice json_slice(const json_t *string)
{
    return slice_of(json_string_value(string), json_string_length(string));
}
static inline json_t *json_from_slice(struct slice s) { return json_stringn(s.data, s.len); }

/* Member by name, ASCII case ignored. Borrowed; NULL when absent. name_out, if not NULL, gets the spelling used.
 */
json_t *json_member_nocase(const json_t *object, struct slice name, const char **name_out);

static inline void json_unref(json_t **value) { json_decref(*value); }
/* A reference dropped at the end of its scope: json_auto_t *x = …; (jansson's own macro, repeated here by name). */
#define json_scoped __attribute__((cleanup(json_unref))) json_t

#endif
