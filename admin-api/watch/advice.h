/* What an error of the SCIM server means, and what the customer's IT admin should do: from one table, when it is shown,
 * so that better words reach old requests, too. */
#ifndef ADMIN_ADVICE_H
#define ADMIN_ADVICE_H

#include "base/arena.h"
#include "base/err.h"

struct advice_case {
    int status;
    enum err_kind problem; /* ERR_NONE with a status of 499: the client left */
    struct slice operation, detail, idp;
};

struct advice {
    const char *explanation; /* one or two sentences */
    const char *action;      /* what to do, where to click */
};

/* Texts are static or in the arena. false: nothing is wrong. */
bool advice_find(const struct advice_case *what, struct arena *arena, struct advice *advice_out);

/* The kind of error that has this name (store_problem_name); ERR_NONE: none. */
enum err_kind advice_problem(struct slice name);

#endif
