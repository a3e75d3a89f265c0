/* Attributes that no schema declares, on their way to the table that remembers them. */
#ifndef OPS_UNDECLARED_H
#define OPS_UNDECLARED_H

#include "call.h"

struct undeclared_path; /* a list, in the op's arena; NULL: none */

/* Those of a decided document, where the policy keeps them. */
const struct undeclared_path *undeclared_find(struct call *call, const json_t *document);

/* The document is staged: they have been seen. */
void undeclared_note(const struct call *call, const struct undeclared_path *paths);

#endif
