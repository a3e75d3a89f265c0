/* Values on their way into a document: shared by the files that make resources and change them.
 *
 * A value in a document is never changed in place: what changes it takes a copy first, so documents and bodies share
 * their strings and lists by reference. */
#ifndef SCIM_VALUE_H
#define SCIM_VALUE_H

#include "base/json.h"
#include "scim/policy.h"
#include "scim/schema.h"

/* Where errors say that something is wrong: "path" or "path.sub". */
struct value_place {
    const struct scim_policy *policy;
    const char *path, *sub; /* sub may be NULL */
    struct err *err;
};

/* A password is looked at and not kept, in whatever schema it stands; other writeOnly values are. */
static inline bool value_is_password(const struct scim_attribute *attribute)
{
    return attribute->mutability == SCIM_WRITE_ONLY &&
           slice_equals_ascii_nocase(slice_str(attribute->name), SLICE_LITERAL("password"));
}

/* Another reference. A reference count is no part of the value, hence const. */
static inline json_t *value_share(const json_t *value) { return json_incref((json_t *)(uintptr_t)value); }

/* jansson iterates only what is not const. */
static inline json_t *value_iterable(const json_t *value) { return (json_t *)(uintptr_t)value; }

static inline bool value_is_text(const json_t *value, const char *text)
{
    return json_is_string(value) && slice_equals(json_slice(value), slice_str(text));
}

/* ERR_INVALID_VALUE that names the place; always false. */
bool value_refuse(const struct value_place *place, const char *must_be);

/* As scim_value_normalise. */
json_t *value_normalise(const json_t *value, const struct scim_attribute *attribute, const struct value_place *place,
                        bool *unassigned_out);

/* A value that no schema describes: kept as sent, but for nulls and empty containers. */
json_t *value_undeclared(const json_t *value, const struct value_place *place, bool *unassigned_out);

/* What the policy says about a member `name` that no schema declares: kept in `object` (in place of one that differs
 * only in case), left out, or ERR_INVALID_SYNTAX. */
MUST_CHECK bool value_keep_undeclared(json_t *object, const char *name, const json_t *value,
                                      const struct value_place *place);

/* Visits an object's members: those that a list of attributes declares, then the others. False as soon as a visitor
 * returns false. */
struct value_visitor {
    const struct scim_attribute *attributes;
    size_t count;
    bool (*declared)(void *context, const struct scim_attribute *attribute, const json_t *value);
    bool (*other)(void *context, const char *name, const json_t *value);
    void *context;
};
MUST_CHECK bool value_visit(const json_t *object, const struct value_visitor *visitor);

/* The object with its members in order: as the attributes stand, then others by name, then the member `last` (may be
 * NULL). Another reference when they stand so already. */
json_t *value_in_order(const json_t *object, const struct scim_attribute *attributes, size_t count, const char *last);

/* The list without doubles (checklist A-23): complex values with the same `value` and `type` become one that has the
 * members of both, others must be equal as a whole. Linear but for sorting. */
json_t *value_distinct(const json_t *list);

/* The list without the elements that are doubles of an unwanted one. A new list. */
json_t *value_without(const json_t *list, const json_t *unwanted);

/* ERR_INVALID_VALUE for more than SCIM_MAX_VALUES; always false. */
bool value_refuse_length(const char *name, struct err *err);

/* The same for an object of more than SCIM_MAX_MEMBERS. */
bool value_refuse_size(struct err *err);

/* Are two elements doubles in this sense? */
bool value_is_same(const json_t *a, const json_t *b);

/* Values whose `primary` is true. */
size_t value_primaries(const json_t *list);

/* A complex value that is there in form only: its `value` is "" (an unassigned manager, checklist L-09). */
bool value_is_blank(const struct scim_attribute *attribute, const json_t *value);

/* A role whose `value` is an object as text becomes what that says: value, display, type (L-20). */
void value_open_role(json_t *role);

/* The manager's $ref is made when the document is served. */
bool value_is_derived(const struct scim_attribute *attribute, const struct scim_attribute *sub);

/* Types of simple values: the value as it is stored, a new reference; NULL and !*unassigned_out is an error. */
json_t *value_simple(const json_t *value, const struct scim_attribute *attribute, const struct value_place *place,
                     bool *unassigned_out);

#endif
