/* The BulkResponse message. */
#include "scim/bulk.h"

void scim_bulk_response_begin(struct buf *out)
{
    buf_add(out, SLICE_LITERAL("{\"schemas\":[\"" SCIM_URN_BULK_RESPONSE "\"],\"Operations\":["));
}

static void add_member(const char *name, struct slice text, struct buf *out)
{
    if (text.len == 0)
        return;
    buf_add(out, SLICE_LITERAL(",\""));
    buf_add_str(out, name);
    buf_add(out, SLICE_LITERAL("\":"));
    buf_add_json_string(out, text);
}

void scim_bulk_response_add(const struct scim_bulk_result *result, struct buf *out)
{
    buf_add(out, SLICE_LITERAL("{\"method\":"));
    buf_add_json_string(out, result->method);
    add_member("bulkId", result->bulk_id, out);
    add_member("version", result->version, out);
    add_member("location", result->location, out);
    buf_add(out, SLICE_LITERAL(",\"status\":\""));
    buf_add_uint(out, (uint64_t)result->status);
    buf_add_char(out, '"');
    if (result->response.len > 0) {
        buf_add(out, SLICE_LITERAL(",\"response\":"));
        buf_add(out, result->response);
    }
    buf_add_char(out, '}');
}

void scim_bulk_response_end(struct buf *out) { buf_add(out, SLICE_LITERAL("]}")); }
