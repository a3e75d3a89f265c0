/* Attributes that a directory's clients send and no schema declares. */
#ifndef ADMIN_UNDECLARED_H
#define ADMIN_UNDECLARED_H

#include "call.h"
#include "catalogs.h"

extern const struct admin_operation undeclared_attribute_list, undeclared_attribute_declare,
    undeclared_attribute_dismiss;

/* The values of one attribute or sub-attribute, as far as they were looked at. */
struct undeclared_values {
    unsigned kinds; /* UNDECLARED_… */
    bool is_list;   /* some are in a list */
    unsigned samples;
};
enum {
    UNDECLARED_STRING = 1,
    UNDECLARED_BOOLEAN = 2,
    UNDECLARED_INTEGER = 4,
    UNDECLARED_DECIMAL = 8,
    UNDECLARED_OBJECT = 16
};
enum { UNDECLARED_SUBS = 32 };
struct undeclared_sub {
    const char *name;
    struct undeclared_values values;
};

struct undeclared { /* texts in the request's arena */
    const struct scim_resource_type *type;
    const char *path;
    int64_t first_ms, last_ms, uses;
    bool is_dismissed;
    struct undeclared_values values;
    struct undeclared_sub *subs; /* of objects: NULL or UNDECLARED_SUBS of them */
    size_t sub_count;
};
struct undeclared_attributes {
    struct undeclared *list; /* by type and path */
    size_t count;
};

/* Those of the directory, dismissed or not, with what stored documents tell of their values. */
MUST_CHECK bool undeclared_load(struct call *call, const struct catalog_state *state, bool dismissed,
                                struct undeclared_attributes *out, struct err *err);

/* undeclared_guess.c: looks at stored documents. */
MUST_CHECK bool undeclared_sample(struct call *call, struct directory_id directory, struct undeclared_attributes *all,
                                  struct err *err);
/* {"type", "multiValued", "subAttributes"}; NULL: the values say nothing, or not the same. A new reference. */
json_t *undeclared_guess(const struct undeclared *one);

/* undeclared_add.c: adds the attribute to the catalog, in the schema where it stands. `entry` has the keywords. Where
 * it went is written to prefix, as a JSON Pointer. */
void undeclared_add(struct catalog_state *state, const struct undeclared *one, const json_t *entry, char *prefix,
                    size_t prefix_bytes);

#endif
