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
    struct scim_fault *fault;           /* may be NULL */
    const struct scim_schema **schemas; /* built-in ones first */
    size_t *places;                     /* of each in the list of the text */
    size_t schema_count;
    size_t attribute_count;
};

/* Compiles the text into rules->types, schemas and root. */
MUST_CHECK bool catalog_compile(struct scim_rules *rules, const struct scim_rules_source *source, struct err *err);

/* Where in the text something stands: a chain of members and elements, on the stack. */
struct catalog_place {
    const struct catalog_place *in; /* NULL: the text itself */
    const char *name;               /* a member; NULL: an element */
    size_t index;
};

/* One of "schemas": all of it, into the arena. */
const struct scim_schema *catalog_schema(struct catalog *catalog, const json_t *json,
                                         const struct catalog_place *place);

/* One of "schemas" that adds attributes to a built-in schema (catalog_addition.c): the schema with them takes its
 * place.
 */
bool catalog_is_addition(const json_t *json);
MUST_CHECK bool catalog_add(struct catalog *catalog, const json_t *json, const struct catalog_place *place);

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
    const struct catalog_place *place;
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

/* Always false. member: of the object, that is to blame; NULL: the object. */
bool catalog_refuse(const struct catalog_reader *reader, const char *member, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The attributes of a list, into the arena. */
struct catalog_attributes {
    const char *urn, *parent;           /* parent: NULL for attributes of the schema itself */
    const struct catalog_place *listed; /* where the list stands, */
    size_t first;                       /* and where in it the first one does */
};
MUST_CHECK bool catalog_attributes(struct catalog *catalog, const json_t *list, const struct catalog_attributes *of,
                                   const struct scim_attribute **attributes_out);

/* Writes down where the error is. */
void catalog_blame(const struct catalog *catalog, const struct catalog_place *place);

#endif
