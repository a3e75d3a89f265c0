/* PUT and PATCH: the same way through, with another idea of what the new document is. */
#ifndef OPS_UPDATE_H
#define OPS_UPDATE_H

#include "write.h"

struct update {
    bool (*parse)(struct call *call); /* of the body, before the resource is looked at; NULL: nothing more to parse */
    /* The new document. A new reference; NULL: refused with op->err. */
    json_t *(*decide)(struct call *call, const json_t *before);
    const struct scim_member_edit *(*members)(struct call *call); /* of a group, in order; NULL: none */
    bool (*answers_no_content)(const struct call *call);          /* NULL: never */
    bool shows_all_members;
};

enum job_step update_run(struct op *op, struct view *view, const struct update *update);

#endif
