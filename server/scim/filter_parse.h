/* What the files of the filter parser share. Private to the room. */
#ifndef SCIM_FILTER_PARSE_H
#define SCIM_FILTER_PARSE_H

#include "scim/filter.h"

struct scim_filter_parser {
    struct slice text;
    size_t at; /* bytes read */
    const struct scim_resource_type *type;
    const struct scim_policy *policy;
    struct arena *arena;
    const struct scim_path *inside; /* the attribute whose brackets are open, or NULL */
    size_t depth, terms;
    struct err *err;
};

/* A literal as it stands in the filter, before it is fitted to an attribute. */
struct scim_raw_literal {
    enum scim_literal_kind kind;
    bool quoted;
    bool boolean;
    bool is_integer;
    int64_t integer;
    double number;
    struct slice text; /* of a string: unescaped; else as written; in the arena */
    size_t at;
};

bool scim_filter_is_blank(const struct scim_filter_parser *parser, char c);
char scim_filter_peek(const struct scim_filter_parser *parser); /* NUL at the end */

/* Sets the error, with the character (1-based) that the byte `at` belongs to. Returns false. */
bool scim_filter_fail(struct scim_filter_parser *parser, size_t at, const char *what);

bool scim_literal_read(struct scim_filter_parser *parser, struct scim_raw_literal *raw_out);

/* Coerces the literal to the type of the attribute (F-11, L-10), NULL if undeclared, and prepares it. */
bool scim_literal_fit(struct scim_filter_parser *parser, const struct scim_raw_literal *raw,
                      const struct scim_attribute *attribute, struct scim_literal *literal_out);

#endif
