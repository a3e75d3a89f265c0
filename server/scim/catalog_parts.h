/* Compiling a catalog: what its files share. Private to the room. */
#ifndef SCIM_CATALOG_PARTS_H
#define SCIM_CATALOG_PARTS_H

#include "base/json.h"
#include "scim/catalog.h"
#include "scim/rules.h"

struct catalog {
    struct scim_rules *rules;
    struct arena *arena;
    struct err *err;
    const struct scim_schema **schemas; /* built-in ones first */
    size_t schema_count;
    size_t attribute_count;
};

/* Compiles the text into rules->types, schemas and root. */
MUST_CHECK bool catalog_compile(struct scim_rules *rules, struct slice text, struct err *err);

/* One of "schemas": all of it, into the arena. */
const struct scim_schema *catalog_schema(struct catalog *catalog, const json_t *json);

/* "resource_types", when the schemas have been read: into rules->types. */
MUST_CHECK bool catalog_types(struct catalog *catalog, const json_t *list);

/* Any case; NULL: there is none such. */
const struct scim_schema *catalog_schema_by_urn(const struct catalog *catalog, const char *urn);
/* Of this catalog, not built in. */
bool catalog_is_own(const struct catalog *catalog, const struct scim_schema *schema);

/* An object being read, and how errors call it ("The schema \"urn:…\""). The readers below refuse what has the wrong
 * type or length; absent or null members leave their output as it is. */
struct catalog_reader {
    struct catalog *catalog;
    const json_t *object;
    const char *called;
};
/* Refuses what is no object, and members that are not in the NULL-terminated list. */
MUST_CHECK bool catalog_open(struct catalog_reader *reader, const char *const *members);
MUST_CHECK bool catalog_text(const struct catalog_reader *reader, const char *member, size_t most, const char **out);
MUST_CHECK bool catalog_needed_text(const struct catalog_reader *reader, const char *member, size_t most,
                                    const char **out);
MUST_CHECK bool catalog_flag(const struct catalog_reader *reader, const char *member, bool *out);
/* The place of a word among `words`. */
MUST_CHECK bool catalog_word(const struct catalog_reader *reader, const char *member, const char *const *words,
                             unsigned *out);
MUST_CHECK bool catalog_texts(const struct catalog_reader *reader, const char *member, const char *const **out);
/* An array; *list_out NULL when absent. */
MUST_CHECK bool catalog_list(const struct catalog_reader *reader, const char *member, size_t most,
                             const json_t **list_out);

/* Always false. */
bool catalog_refuse(const struct catalog_reader *reader, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
