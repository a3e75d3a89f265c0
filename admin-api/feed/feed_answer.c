#include "feed_answer.h"

#include "feed_cursor.h"
#include "page.h"
#include "reply.h"

enum { RECONNECT_MS = 1000 };

static void add_cursor(const struct call *call, struct environment_id environment, struct feed_place place)
{
    char text[CURSOR_TEXT_BYTES];
    feed_cursor_write(call->settings->peppers, environment, place, text);
    buf_add_str(&call->op->reply.body, text);
}

/* --- a page --- */

void feed_answer_add(struct feed_answer *answer, const struct feed_page *page)
{
    struct buf *body = &answer->call->op->reply.body;
    for (size_t i = 0; i < page->count; i++) {
        const struct feed_event *event = &page->list[i];
        buf_add_str(body, answer->count++ > 0 ? ",\n" : "{\"events\":[");
        buf_add(body, slice_of(event->json.data, event->json.len - 1)); /* without its last brace */
        buf_add_str(body, ",\"cursor\":\"");
        add_cursor(answer->call, answer->environment, event->next);
        buf_add_str(body, "\"}");
    }
}

bool feed_answer_end(struct feed_answer *answer, struct feed_place next, bool has_more)
{
    char cursor[CURSOR_TEXT_BYTES];
    struct op *op = answer->call->op;
    feed_cursor_write(answer->call->settings->peppers, answer->environment, next, cursor);
    buf_add_str(&op->reply.body, answer->count > 0 ? "]" : "{\"events\":[]");
    buf_printf(&op->reply.body, ",\"next_cursor\":\"%s\",\"has_more\":%s}", cursor, has_more ? "true" : "false");
    page_link(answer->call, cursor);
    return reply_body(op, 200);
}

/* --- a stream --- */

bool feed_stream_begin(struct call *call)
{
    struct op *op = call->op;
    buf_printf(&op->reply.body, "retry: %d\n\n", RECONNECT_MS);
    op_header(op, "x-accel-buffering", SLICE_LITERAL("no")); /* proxies that know it pass on each piece at once */
    page_link(call, NULL);
    (void)reply_body(op, 200);
    op->reply.content_type = "text/event-stream";
    return true;
}

/* An event's JSON is one line. */
void feed_stream_add(struct call *call, struct environment_id environment, const struct feed_page *page)
{
    struct buf *body = &call->op->reply.body;
    for (size_t i = 0; i < page->count; i++) {
        const struct feed_event *event = &page->list[i];
        buf_add_str(body, "id: ");
        add_cursor(call, environment, event->next);
        buf_printf(body, "\nevent: %s\ndata: ", feed_type_names[event->type]);
        buf_add(body, event->json);
        buf_add_str(body, "\n\n");
    }
}
