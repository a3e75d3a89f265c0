#include "scim/message.h"

void scim_message_error(enum err_kind kind, struct slice detail, struct buf *out)
{
    const char *scim_type = err_scim_type(kind);

    buf_add(out, SLICE_LITERAL("{\"schemas\":[\"" SCIM_URN_ERROR "\"],\"status\":\""));
    buf_add_uint(out, (uint64_t)err_status(kind));
    buf_add_char(out, '"');
    if (scim_type) {
        buf_add(out, SLICE_LITERAL(",\"scimType\":\""));
        buf_add_str(out, scim_type);
        buf_add_char(out, '"');
    }
    buf_add(out, SLICE_LITERAL(",\"detail\":"));
    buf_add_json_string(out, detail.len > 0 ? detail : slice_str(err_title(kind)));
    buf_add_char(out, '}');
}

void scim_message_list_begin(uint64_t total_results, uint64_t start_index, uint64_t items_per_page, struct buf *out)
{
    buf_add(out, SLICE_LITERAL("{\"schemas\":[\"" SCIM_URN_LIST_RESPONSE "\"],\"totalResults\":"));
    buf_add_uint(out, total_results);
    buf_add(out, SLICE_LITERAL(",\"startIndex\":"));
    buf_add_uint(out, start_index);
    buf_add(out, SLICE_LITERAL(",\"itemsPerPage\":"));
    buf_add_uint(out, items_per_page);
    buf_add(out, SLICE_LITERAL(",\"Resources\":["));
}

static void add_cursor(const char *name, struct slice cursor, struct buf *out)
{
    if (cursor.len == 0)
        return;
    buf_add_str(out, name);
    buf_add(out, cursor);
    buf_add_char(out, '"');
}

void scim_message_walk_begin(uint64_t total_results, uint64_t items_per_page, struct slice next_cursor,
                             struct slice previous_cursor, struct buf *out)
{
    buf_add(out, SLICE_LITERAL("{\"schemas\":[\"" SCIM_URN_LIST_RESPONSE "\"],\"totalResults\":"));
    buf_add_uint(out, total_results);
    buf_add(out, SLICE_LITERAL(",\"itemsPerPage\":"));
    buf_add_uint(out, items_per_page);
    add_cursor(",\"nextCursor\":\"", next_cursor, out);
    add_cursor(",\"previousCursor\":\"", previous_cursor, out);
    buf_add(out, SLICE_LITERAL(",\"Resources\":["));
}

void scim_message_list_end(struct buf *out) { buf_add(out, SLICE_LITERAL("]}")); }
