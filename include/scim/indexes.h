/* Indexes for attributes that none serves by itself: a directory's own codes of the side index (index.h).
 *
 * directory.indexes is a JSON object:
 *
 *   {"next_code": 1002,
 *    "indexes": [{"id": 1000, "code": 1001, "resource_type": "User", "attribute": "urn:x:Badge:no",
 *                 "ready": true, "created_ms": 0, "job": "…"}]}
 *
 * The id is for those who talk about an index; the code is that of its rows and is never given twice, so rows of one
 * that was given up, or that became something else, never show under another. Rows are kept from the moment it is in
 * the list; filters use it when it is ready. Entries that the rules have no attribute for (any more) have no effect. */
#ifndef SCIM_INDEXES_H
#define SCIM_INDEXES_H

#include <jansson.h>

#include "scim/path.h"
#include "scim/rules.h"

enum { SCIM_INDEXES_MOST = 20, SCIM_INDEXES_FIRST_CODE = 1000, SCIM_INDEXES_LAST_CODE = 65534 };

enum scim_indexed { /* what keys are made of */
                    SCIM_INDEXED_TEXT,
                    SCIM_INDEXED_NUMBER,
                    SCIM_INDEXED_UNDECLARED /* whatever filters compare as text */
};

struct scim_extra_index { /* of a resource type: schema.h */
    uint16_t code;
    bool ready;
    enum scim_indexed kind;
    struct scim_path path;
};

/* The path as an index of the type can have it. ERR_INVALID_VALUE says why it cannot; ERR_CONFLICT: another index
 * serves it. */
MUST_CHECK bool scim_index_resolve(const struct scim_resource_type *type, struct slice attribute, struct arena *arena,
                                   struct scim_extra_index *index_out, struct err *err);

/* Do two paths of the same rules name the same attribute? */
bool scim_index_is_of(const struct scim_extra_index *index, const struct scim_path *path);

/* --- the list. `list` is what scim_indexes_read made, changed in place --- */

/* A new reference, with all members; also of an empty text. NULL: it is no such text. */
json_t *scim_indexes_read(struct slice text);
json_t *scim_indexes_find(const json_t *list, const char *member, json_int_t number); /* borrowed, or NULL */

/* A new entry, not ready; borrowed. ERR_INVALID_VALUE, ERR_CONFLICT as above, the latter also when there are
 * SCIM_INDEXES_MOST; ERR_NOT_FOUND: no such resource type. */
MUST_CHECK json_t *scim_indexes_add(json_t *list, const struct scim_rules *rules, struct slice type,
                                    struct slice attribute, int64_t now_ms, struct err *err);
void scim_indexes_remove(json_t *list, const json_t *entry);

/* Under new rules the keys of an index can be others: it gets a new code and is not ready; one that cannot be any more
 * goes. Calls changed for each with the entry as it was before, and as it is (NULL: gone). */
void scim_indexes_adapt(json_t *list, const struct scim_rules *before, const struct scim_rules *after,
                        void (*changed)(const json_t *before, const json_t *after, void *context), void *context);

#endif
