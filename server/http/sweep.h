/* Deadlines, looked at once a second. */
#ifndef HTTP_SWEEP_H
#define HTTP_SWEEP_H

#include "connection.h"

void sweep_connection(struct connection *connection);

#endif
