/* The answer of a bulk request. */
#include "bulk.h"

static void add_results(const struct bulk *bulk, struct buf *out)
{
    bool first = true;
    for (size_t i = 0; i < bulk->request.count; i++) {
        const struct scim_bulk_operation *operation = &bulk->request.operations[i];
        const struct bulk_outcome *outcome = &bulk->outcomes[i];
        if (outcome->status == 0)
            continue;
        struct scim_bulk_result result = {.method = operation->method_text,
                                          .bulk_id = operation->bulk_id,
                                          .location = outcome->location,
                                          .version = outcome->version,
                                          .status = outcome->status,
                                          .response = outcome->response};
        if (!first)
            buf_add_char(out, ',');
        first = false;
        scim_bulk_response_add(&result, out);
    }
}

/* One record of each operation that was processed (B-17). */
static void keep_records(struct bulk *bulk)
{
    struct op *op = bulk->call->op;
    struct op_record *records = arena_array(&op->arena, struct op_record, bulk->request.count + 1);
    for (size_t i = 0; i < bulk->request.count; i++) {
        const struct bulk_outcome *outcome = &bulk->outcomes[i];
        if (outcome->status > 0)
            records[op->record_count++] =
                (struct op_record){.index = i,
                                   .method = arena_slice(&op->arena, bulk->request.operations[i].method_text),
                                   .route = outcome->route,
                                   .status = outcome->status};
    }
    op->records = records;
}

void bulk_reply(struct bulk *bulk)
{
    struct call *call = bulk->call;
    struct buf *out = &call->op->reply.body;
    scim_bulk_response_begin(out);
    add_results(bulk, out);
    scim_bulk_response_end(out);
    keep_records(bulk);
    call_reply_body(call, 200);
}
