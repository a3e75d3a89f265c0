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

/* Reading (filter_reader.c). */

char scim_filter_peek(const struct scim_filter_parser *parser); /* NUL at the end */
bool scim_filter_at_end(const struct scim_filter_parser *parser);
bool scim_filter_take(struct scim_filter_parser *parser, char c);
bool scim_filter_skip_blanks(struct scim_filter_parser *parser); /* were there any? */

/* The characters up to the next blank, bracket or quote. */
struct slice scim_filter_peek_token(const struct scim_filter_parser *parser);
bool scim_filter_token_is(struct slice token, const char *word);

/* Sets the error, with the character (1-based) that the byte `at` belongs to. Returns false. */
bool scim_filter_fail(struct scim_filter_parser *parser, size_t at, const char *what);
bool scim_filter_fail_here(struct scim_filter_parser *parser, const char *what);

struct scim_filter *scim_filter_new(struct scim_filter_parser *parser, enum scim_filter_kind kind);
struct scim_filter *scim_filter_join(struct scim_filter_parser *parser, enum scim_filter_kind kind,
                                     struct scim_filter *left, struct scim_filter *right);

/* One condition (filter_term.c). */

/* The attribute that a token names: inside brackets, a sub-attribute of what stands in front of them. */
bool scim_filter_resolve(struct scim_filter_parser *parser, struct slice token, size_t at, struct scim_path *path_out);

/* What stands behind an attribute: "pr", or an operator and a value. */
bool scim_filter_parse_condition(struct scim_filter_parser *parser, const struct scim_path *path, size_t path_at,
                                 struct scim_filter **filter_out);

/* Literals (filter_literal.c). */

bool scim_literal_read(struct scim_filter_parser *parser, struct scim_raw_literal *raw_out);

/* Coerces the literal to the type of the attribute (F-11, L-10), NULL if undeclared, and prepares it. */
bool scim_literal_fit(struct scim_filter_parser *parser, const struct scim_raw_literal *raw,
                      const struct scim_attribute *attribute, struct scim_literal *literal_out);

#endif
