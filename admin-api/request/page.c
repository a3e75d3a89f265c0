#include "page.h"

#include "base/must.h"
#include "base/num.h"
#include "cursor.h"
#include "query.h"
#include "reply.h"

enum { MAX_PARAMETERS = 16, MAX_LINK = 8192 };

bool page_read_limit(const struct call *call, uint64_t *limit_out, struct err *err)
{
    struct slice limit = call->query[QUERY_LIMIT];
    *limit_out = PAGE_DEFAULT;
    return !limit.data || num_parse_uint(limit, 1, PAGE_MAX, limit_out) ||
           err_set(err, ERR_INVALID_COUNT, "limit must be a whole number from 1 to %d.", PAGE_MAX);
}

bool page_read(const struct call *call, const struct id *whose, struct page *page_out, struct err *err)
{
    struct slice cursor = call->query[QUERY_CURSOR];
    *page_out = (struct page){.whose = *whose};
    if (!page_read_limit(call, &page_out->limit, err))
        return false;
    if (!cursor.data)
        return true;
    return cursor_read(call->settings->peppers, call->op->operation->name, whose, cursor, &page_out->after, err);
}

/* As it was asked for, except that what no URI may have is encoded: a ">" would end the link. */
static void add_path(struct slice path, struct buf *link)
{
    for (size_t i = 0; i < path.len; i++) {
        unsigned char c = (unsigned char)path.data[i];
        if (c <= ' ' || c >= 0x7f || strchr("\"<>\\^`{|}", c))
            buf_printf(link, "%%%02X", (unsigned)c);
        else
            buf_add_char(link, (char)c);
    }
}

/* RFC 8288: an absolute URI between "<" and ">". */
static void add_relation(struct call *call, struct slice cursor, const char *relation, struct buf *link)
{
    buf_add_str(link, link->len > 0 ? ", <" : "<");
    buf_add(link, call->op->origin);
    add_path(call->op->path, link);
    query_write(call, cursor, link);
    buf_printf(link, ">; rel=\"%s\"", relation);
}

/* There is no rel="prev": a cursor says where its page begins, which is all that going forward needs; who wants to go
 * back keeps the pages that were read. */
void page_link(struct call *call, const char *next)
{
    struct buf link;
    buf_init(&link, MAX_LINK);
    add_relation(call, SLICE_EMPTY, "first", &link);
    if (next)
        add_relation(call, slice_str(next), "next", &link);
    if (!link.overflowed)
        op_header(call->op, "link", buf_slice(&link));
    buf_fini(&link);
}

const char *page_next(struct call *call, const struct page *page)
{
    char *cursor = NULL;
    if (page->has_more) {
        cursor = arena_take(call_arena(call), CURSOR_TEXT_BYTES);
        cursor_write(call->settings->peppers, call->op->operation->name, &page->whose, &page->last, cursor);
    }
    page_link(call, cursor);
    return cursor;
}

static bool collect(struct call *call, struct page *page, struct db_rows *rows, page_render_fn *render, json_t *list,
                    struct err *err)
{
    const struct db_value *row;
    while ((row = db_next(rows))) {
        if (json_array_size(list) == page->limit) {
            page->has_more = true;
            continue;
        }
        db_id_out(&row[0], &page->last);
        json_array_append_new(list, render(call, row));
    }
    return db_rows_end(rows, err);
}

bool page_answer(struct call *call, struct page *page, const char *name, const char *sql,
                 const struct db_value *parameters, size_t count, page_render_fn *render, struct err *err)
{
    struct db_value all[MAX_PARAMETERS];
    must(count + 2 <= MAX_PARAMETERS);
    if (count > 0)
        memcpy(all, parameters, count * sizeof *parameters);
    all[count] = db_id(&page->after);
    all[count + 1] = db_integer((int64_t)page->limit + 1);

    struct db_rows *rows = db_query(call->db, sql, all, count + 2, err);
    json_t *list = json_array();
    if (!rows || !collect(call, page, rows, render, list, err)) {
        json_decref(list);
        return false;
    }
    const char *next = page_next(call, page);
    return reply_json(call->op, 200, json_pack("{s:o, s:s?}", name, list, "next_cursor", next));
}
