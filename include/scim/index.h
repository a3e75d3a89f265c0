/* How resources are found without a scan: the keys of a document, and the way a filter can use them.
 *
 * Keys are candidates: they are cut at SCIM_KEY_BYTES, so whoever found a row by one applies the filter to it.
 * Empty values have no keys. Keys depend on the policy: when that changes, the rows of the directory need new ones. */
#ifndef SCIM_INDEX_H
#define SCIM_INDEX_H

#include "scim/filter.h"

enum { SCIM_KEY_BYTES = 191, SCIM_UNIQUE_KEY_BYTES = 700, SCIM_DISPLAY_BYTES = 1020 };

/* Codes in attribute_value.attribute; never reuse a number. Given to attributes in attributes.tsv (column "index"). */
enum scim_index_code {
    SCIM_INDEX_USER_NAME = 1, /* only where userName is not the unique identifier */
    SCIM_INDEX_EMAIL = 2,     /* emails.value */
    SCIM_INDEX_DISPLAY_NAME = 3,
    SCIM_INDEX_GIVEN_NAME = 4,
    SCIM_INDEX_FAMILY_NAME = 5,
    SCIM_INDEX_EMPLOYEE_NUMBER = 6,
    SCIM_INDEX_MANAGER = 7, /* manager.value */
};

struct scim_key {
    uint16_t code;
    struct slice key; /* prepared, at most SCIM_KEY_BYTES; in the arena */
};

/* What the row of a resource carries beside its document. Slices live in the arena; empty = NULL in the database. */
struct scim_row_keys {
    struct slice unique_key; /* prepared userName or primary e-mail (policy); folded displayName of a group, if unique;
                                of another type what scim_type_unique says */
    struct slice external_key;   /* first SCIM_KEY_BYTES of externalId */
    struct slice display;        /* displayName, else name.formatted, else userName; cut at a character border */
    struct slice manager;        /* manager.value as stored */
    const struct scim_key *keys; /* sorted by (code, key), no doubles */
    size_t key_count;
    bool inactive; /* of a user: `active` is false */
};

/* Keys of a normalised document (resource.h). ERR_INVALID_VALUE when the unique identifier is missing, too long
 * (SCIM_UNIQUE_KEY_BYTES prepared) or not allowed (unicode.h). */
MUST_CHECK bool scim_row_keys(const struct scim_resource_type *type, const struct scim_policy *policy,
                              const json_t *document, struct arena *arena, struct scim_row_keys *keys_out,
                              struct err *err);

enum scim_plan_kind {
    SCIM_PLAN_SCAN,       /* no index helps */
    SCIM_PLAN_NOTHING,    /* can match no resource: say so without looking */
    SCIM_PLAN_ID,         /* id eq: `text` is the id, a UUID in lower case */
    SCIM_PLAN_UNIQUE,     /* unique_key = key */
    SCIM_PLAN_EXTERNAL,   /* external_key = key */
    SCIM_PLAN_ATTRIBUTE,  /* attribute_value (code, key) */
    SCIM_PLAN_PREFIX,     /* attribute_value (code, keys that start with key) */
    SCIM_PLAN_HAS_MEMBER, /* groups whose members hold the id `text` */
    SCIM_PLAN_IN_GROUP,   /* users in the group with the id `text`, in every way that `groups` shows */
    SCIM_PLAN_ANY,        /* what any of the plans in `any` finds: an `or` with an index on both sides */
};

enum { SCIM_PLAN_MOST_ANY = 8 };

struct scim_plan {
    enum scim_plan_kind kind;
    uint16_t code;
    struct slice key;            /* prepared */
    struct slice text;           /* as written; an id is a UUID, for HAS_MEMBER and IN_GROUP in any case */
    const struct scim_plan *any; /* 2 to SCIM_PLAN_MOST_ANY; none of them SCAN, NOTHING or ANY */
    size_t any_count;
    bool exact; /* the filter is this one term and the key is not cut: no need to look at the document */
};

/* The most selective indexed term that every match must satisfy: an operand of the top-level `and` chain, a comparison
 * alone, a value path with an eq inside, or an `or` of such. */
void scim_filter_plan(const struct scim_filter *filter, const struct scim_resource_type *type,
                      const struct scim_policy *policy, struct arena *arena, struct scim_plan *plan_out);

#endif
