/* Files of users: any bytes, in pieces of any length, become rows and problems; the same ones as in one piece. What is
 * a row keeps its promises. The first byte says CSV or NDJSON, the second how long the pieces are. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "import_parse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct told {
    uint64_t hash;
    int64_t last_row;
};

static void mix(struct told *told, struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        told->hash = (told->hash ^ (unsigned char)text.data[i]) * UINT64_C(1099511628211);
    told->hash = (told->hash ^ text.len) * UINT64_C(1099511628211);
}

static bool take_row(const struct import_row *row, void *context)
{
    struct told *told = context;
    must(row->number > told->last_row);
    must(row->values[IMPORT_ID].len > 0 && row->values[IMPORT_ID].len <= IMPORT_MOST_ID);
    must(row->user_name_key.len + row->email_key.len > 0);
    for (int i = 0; i < IMPORT_COLUMNS; i++) {
        json_scoped *text = json_from_slice(row->values[i].data ? row->values[i] : SLICE_LITERAL(""));
        must(text && row->values[i].len <= IMPORT_MOST_TEXT);
        mix(told, row->values[i]);
    }
    told->last_row = row->number;
    return true;
}

static bool take_problem(const struct import_problem *problem, void *context)
{
    struct told *told = context;
    must(problem->row >= told->last_row && problem->detail[0]);
    mix(told, slice_str(problem->detail));
    told->last_row = problem->row - 1; /* a row may have several, and is no good row then */
    return true;
}

static struct told parse(enum import_format format, struct slice text, size_t piece)
{
    struct told told = {.hash = UINT64_C(14695981039346656037)};
    const struct import_visitor visitor = {take_row, take_problem, &told};
    struct import_parser *parser = import_parser_new(format, &visitor);
    bool go_on = true;
    while (go_on && text.len > 0) {
        struct slice part = slice_of(text.data, text.len < piece ? text.len : piece);
        go_on = import_parser_feed(parser, part);
        text = slice_skip(text, part.len);
    }
    if (go_on)
        (void)!import_parser_end(parser);
    import_parser_free(parser);
    return told;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    enum import_format format = data[0] & 1 ? IMPORT_NDJSON : IMPORT_CSV;
    struct slice text = slice_of((const char *)data + 2, size - 2);
    struct told whole = parse(format, text, text.len + 1), parts = parse(format, text, (size_t)data[1] % 64 + 4);
    must(whole.hash == parts.hash);
    return 0;
}
