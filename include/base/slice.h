/* A view of bytes owned by someone else. Not NUL-terminated. data may be NULL when len is 0. */
#ifndef BASE_SLICE_H
#define BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
    const char *data;
    size_t len; /* bytes */
};

#define SLICE_EMPTY         ((struct slice){NULL, 0})
#define SLICE_LITERAL(text) ((struct slice){(text), sizeof(text) - 1})

static inline struct slice slice_of(const char *data, size_t len) { return (struct slice){data, len}; }
static inline struct slice slice_str(const char *text) { return (struct slice){text, text ? strlen(text) : 0}; }

static inline bool slice_equals(struct slice a, struct slice b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

/* ASCII case only: for names of headers, attributes, operators and URNs. */
bool slice_equals_ascii_nocase(struct slice a, struct slice b);
bool slice_starts_with(struct slice s, struct slice prefix);
bool slice_starts_with_ascii_nocase(struct slice s, struct slice prefix);
struct slice slice_trim(struct slice s); /* blanks and tabs at both ends */
struct slice slice_skip(struct slice s, size_t bytes);

#endif
