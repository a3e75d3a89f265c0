/* Everybody of a directory in the order of ids, a page at a time; on demand with those that were deleted between them.
 */
#ifndef ADMIN_CROWD_H
#define ADMIN_CROWD_H

#include "reading.h"

struct crowd {
    const struct reading *reading;
    uint16_t type;
    bool with_deleted;
    struct resource_id after; /* zero: from the beginning */
    size_t most_bytes;        /* of documents, about; 0: any. Not together with with_deleted */

    bool has_more;           /* there are more */
    struct resource_id last; /* of the page */
};

/* As many as there is room for. */
MUST_CHECK bool crowd_find(struct crowd *crowd, struct people *people, struct err *err);

#endif
