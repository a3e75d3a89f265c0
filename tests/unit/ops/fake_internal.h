/* The inside of the fake view. */
#ifndef TEST_OPS_FAKE_INTERNAL_H
#define TEST_OPS_FAKE_INTERNAL_H

#include "fake_view.h"

struct fake_list { /* growing, of pointers, in the arena */
    const void **items;
    size_t count, capacity;
};

struct fake_resource { /* immutable: a change puts another in its place */
    struct directory_id directory;
    const struct view_resource *row;
    struct scim_row_keys keys;
};

struct fake_membership {
    struct directory_id directory;
    struct resource_id group, member;
    uint16_t type;
};

struct fake_change {
    struct operation_id operation;
    uint32_t ordinal;
    int kind;
    struct resource_id resource;
    uint64_t version;
    struct slice document, members;
};

struct view {
    struct arena arena;
    bool writes;
    enum fake_knowledge knowledge;
    struct fake_list known, wanted; /* struct slice: the names of what the batch knows and wants */
    struct fake_list tokens, resources, memberships, changes;
};

void fake_add(struct view *view, struct fake_list *list, const void *item);
void fake_remove(struct fake_list *list, size_t at);

/* What is asked for has a name made of its kind and ids. */
struct slice fake_name(struct view *view, char kind, struct directory_id directory, uint16_t type, const struct id *id,
                       const struct id *second, struct slice text);
bool fake_knows(const struct view *view, struct slice name);
void fake_learn(struct view *view, struct slice name);

const struct fake_resource *fake_find(const struct view *view, struct directory_id directory, uint16_t type,
                                      const struct resource_id *id, size_t *at_out); /* type 0: any */
bool fake_is_member(const struct view *view, struct directory_id directory, const struct resource_id *group,
                    const struct resource_id *member, size_t *at_out);

#endif
