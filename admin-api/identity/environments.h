#ifndef ADMIN_ENVIRONMENTS_H
#define ADMIN_ENVIRONMENTS_H

#include "call.h"

extern const struct admin_operation environment_create, environment_list, environment_get, environment_update,
    environment_delete;

/* The environment that the path's first segment names, its row locked when the call changes something. ERR_NOT_FOUND.
 */
MUST_CHECK bool environment_of_path(struct call *call, struct environment_id *environment_out, struct err *err);

#endif
