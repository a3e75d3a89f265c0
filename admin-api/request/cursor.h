/* Cursors: the id that a page ended with, sealed to its list. */
#ifndef ADMIN_CURSOR_H
#define ADMIN_CURSOR_H

#include "auth/token.h"

enum { CURSOR_TEXT_BYTES = 48 }; /* with NUL */

/* list: the operation's name; whose: the directory, organization or environment that the list is of. */
void cursor_write(const struct auth_peppers *peppers, const char *list, const struct id *whose, const struct id *last,
                  char out[CURSOR_TEXT_BYTES]);

/* ERR_INVALID_CURSOR for what was not made by cursor_write with the same list and owner. */
MUST_CHECK bool cursor_read(const struct auth_peppers *peppers, const char *list, const struct id *whose,
                            struct slice text, struct id *last_out, struct err *err);

#endif
