/* ?updated_since=: who has changed, the deleted ones included. docs/internals/updates.md says how. */
#ifndef ADMIN_UPDATES_H
#define ADMIN_UPDATES_H

#include "reading.h"

/* Answers the list. What is older than the changes that are kept is answered with everybody. */
MUST_CHECK bool updates_answer(struct reading *reading, uint16_t type, struct err *err);

#endif
