#include "openapi.h"

#include <pthread.h>

#include "accept.h"
#include "openapi_embedded.h"
#include "reply.h"

static char tag[TAG_TEXT_BYTES];

static void make_tag(void) { tag_of(slice_str(openapi_embedded), &(struct tag_view){.resource = NULL}, tag); }

static bool is_known(struct op *op)
{
    bool listed = false;
    if (op->if_none_match.data && !tag_listed(op->if_none_match, tag, TAG_WEAK, &listed, &op->err))
        return false;
    return listed;
}

/* On the loop's thread: it needs no database and no key. */
static void answer(struct op *op)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, make_tag);
    if (!accept_check(op->accept, NULL, &op->err))
        return;
    bool known = is_known(op);
    if (op->err.kind != ERR_NONE)
        return;
    op_header(op, "etag", slice_str(tag));
    op_header(op, "cache-control", SLICE_LITERAL("no-cache"));
    op->reply.status = known ? 304 : 200;
    if (known)
        return;
    op->reply.content_type = reply_json_type;
    buf_add_str(&op->reply.body, openapi_embedded);
}

const struct admin_operation openapi_get = {
    .operation = {.name = "openapi.get", .lane = OP_INLINE, .answer = answer},
};
