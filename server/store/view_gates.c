/* So that nobody writes under rules that are being changed: the write lane keeps the row of every directory it writes
 * to as it is, by a shared lock, until its batch ends. Who changes rules has that row for himself, and everybody who
 * wrote under the old ones has committed. */
#include <time.h>

#include "base/must.h"
#include "row.h"
#include "view_internal.h"

enum { MOST_CLOSED = 5, PAUSE_NS = 8000000 };

void view_take_gate(struct view_gates *gates, struct directory_id directory, const struct db_value *row)
{
    for (size_t i = 0; i < gates->count; i++)
        if (id_equals(&gates->directory[i].id, &directory.id))
            return;
    must(gates->count < VIEW_MOST_TOKENS);
    gates->directory[gates->count] = directory;
    gates->revision[gates->count++] = (uint32_t)row[ROW_MANAGER_KNOWN].integer;
}

/* The token was read by the statement's snapshot, the gate as it is now: they must agree. */
static bool is_open(const struct view_gates *gates, const struct view_token *token)
{
    for (size_t i = 0; i < gates->count; i++)
        if (id_equals(&gates->directory[i].id, &token->directory.id))
            return gates->revision[i] == token->revision;
    return false;
}

/* A gate is closed for some milliseconds while a change of the directory is committed, and for seconds while its
 * resources get new keys. */
bool view_pass_gates(struct view *view, const struct view_gates *gates, struct known **tokens, size_t count)
{
    bool passed = true;
    for (size_t i = 0; i < count && view->writes; i++) {
        struct known *known = tokens[i];
        if (!known->token || is_open(gates, known->token))
            continue;
        passed = false;
        known->token->closed = view->closed_gates >= MOST_CLOSED;
        if (!known->token->closed) {
            known->token = NULL;
            known->is_known = false;
        }
    }
    return passed;
}

void view_wait_for_gates(struct view *view)
{
    if (view->closed_gates++ >= MOST_CLOSED)
        return;
    struct timespec length = {.tv_nsec = PAUSE_NS};
    nanosleep(&length, NULL);
}
