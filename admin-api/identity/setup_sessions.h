#ifndef ADMIN_SETUP_SESSIONS_H
#define ADMIN_SETUP_SESSIONS_H

#include "call.h"

extern const struct admin_operation setup_session_create, setup_session_get, setup_session_end, setup_token_create,
    setup_token_rotate, setup_directory_update, setup_organization_update, setup_request_list, setup_request_get;

#endif
