/* CSV by libcsv, which knows quotes and line ends. What it does not do: bounds, a header, and going on behind a row
 * that is none. */
#include <csv.h>
#include <stdlib.h>

#include "base/must.h"
#include "import_parts.h"

enum { NO_TERMINATOR = -1, SHOWN_NAME = 40 };

struct import_csv {
    struct import_parser *parser;
    struct csv_parser csv;
    bool has_header,
        skipping; /* skipping: to the end of the line, behind a quotation mark that stands where none may */
    int columns[IMPORT_COLUMNS]; /* of the header's fields */
    size_t column_count;
    struct buf text;                                /* of the row's fields, one behind the other */
    size_t starts[IMPORT_COLUMNS + 1], field_count; /* fields beyond those are counted alone */
    int last_terminator;
};

/* libcsv keeps a field whole: one without an end would be the rest of the file. */
static void *realloc_bounded(void *memory, size_t bytes)
{
    return bytes > IMPORT_MOST_ROW_BYTES ? NULL : realloc(memory, bytes);
}

static void open_parser(struct import_csv *csv)
{
    must(csv_init(&csv->csv, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) == 0);
    csv_set_realloc_func(&csv->csv, realloc_bounded);
    csv_set_free_func(&csv->csv, free);
}

static void begin_row(struct import_csv *csv)
{
    buf_clear(&csv->text);
    csv->text.overflowed = false;
    csv->field_count = 0;
}

struct import_csv *import_csv_new(struct import_parser *parser)
{
    struct import_csv *csv = calloc(1, sizeof *csv);
    must(csv);
    csv->parser = parser;
    csv->last_terminator = NO_TERMINATOR;
    buf_init(&csv->text, IMPORT_MOST_ROW_BYTES);
    open_parser(csv);
    return csv;
}

void import_csv_free(struct import_csv *csv)
{
    if (!csv)
        return;
    csv_free(&csv->csv);
    buf_fini(&csv->text);
    free(csv);
}

static struct slice field(const struct import_csv *csv, size_t at)
{
    size_t end = at + 1 < csv->field_count && at + 1 <= IMPORT_COLUMNS ? csv->starts[at + 1] : csv->text.len;
    if (end == csv->starts[at])
        return SLICE_EMPTY;
    return slice_of(csv->text.data + csv->starts[at], end - csv->starts[at]);
}

/* --- the header --- */

static int find_column(struct slice name)
{
    for (int i = 0; i < IMPORT_COLUMNS; i++)
        if (slice_equals_ascii_nocase(name, slice_str(import_column_names[i])))
            return i;
    return -1;
}

static bool has_column(const struct import_csv *csv, int column)
{
    for (size_t i = 0; i < csv->column_count; i++)
        if (csv->columns[i] == column)
            return true;
    return false;
}

static bool add_column(struct import_csv *csv, struct slice name)
{
    int column = find_column(slice_trim(name));
    if (column < 0)
        import_complain(
            csv->parser, NULL,
            "The column \"%.*s\" is not known: there are vendor_user_id, user_name, email and display_name, "
            "with commas between them",
            (int)(name.len > SHOWN_NAME ? SHOWN_NAME : name.len), name.data ? name.data : "");
    else if (has_column(csv, column))
        import_complain(csv->parser, import_column_names[column], "is there twice");
    else
        csv->columns[csv->column_count++] = column;
    return column >= 0;
}

static void take_header(struct import_csv *csv)
{
    bool good = true;
    size_t kept = csv->field_count <= IMPORT_COLUMNS ? csv->field_count : IMPORT_COLUMNS + 1;
    for (size_t i = 0; i < kept; i++)
        good = add_column(csv, field(csv, i)) && good;
    good = good && csv->column_count == csv->field_count;
    if (good && !has_column(csv, IMPORT_ID)) {
        import_complain(csv->parser, import_column_names[IMPORT_ID], "is missing in the header");
        good = false;
    }
    if (good && !has_column(csv, IMPORT_USER_NAME) && !has_column(csv, IMPORT_EMAIL)) {
        import_complain(csv->parser, NULL, "The header has neither user_name nor email");
        good = false;
    }
    csv->has_header = good;
    csv->parser->stopped = csv->parser->stopped || !good;
}

/* --- rows --- */

static void take_fields(struct import_csv *csv)
{
    struct slice values[IMPORT_COLUMNS] = {SLICE_EMPTY};
    if (csv->text.overflowed) {
        import_complain(csv->parser, NULL, "The row is longer than %d bytes", IMPORT_MOST_ROW_BYTES);
        return;
    }
    if (csv->field_count != csv->column_count) {
        import_complain(csv->parser, NULL, "The row has %zu fields, the header has %zu", csv->field_count,
                        csv->column_count);
        return;
    }
    for (size_t i = 0; i < csv->column_count; i++)
        values[csv->columns[i]] = field(csv, i);
    import_take_row(csv->parser, values);
}

static void on_field(void *data, size_t length, void *context)
{
    struct import_csv *csv = context;
    if (csv->field_count <= IMPORT_COLUMNS) {
        csv->starts[csv->field_count] = csv->text.len;
        buf_add(&csv->text, slice_of(data, length));
    }
    csv->field_count++;
}

/* Also for blank lines, which count but say nothing, and for the second half of a CR LF. */
static void on_row(int terminator, void *context)
{
    struct import_csv *csv = context;
    bool second_half = terminator == CSV_LF && csv->last_terminator == CSV_CR && csv->field_count == 0;
    csv->last_terminator = second_half ? NO_TERMINATOR : terminator;
    if (second_half || csv->parser->stopped)
        return;
    csv->parser->number++;
    if (csv->field_count > 0 && csv->has_header) {
        csv->parser->rows++;
        take_fields(csv);
    } else if (csv->field_count > 0) {
        take_header(csv);
    }
    begin_row(csv);
}

/* --- what is no row --- */

static void refuse_row(struct import_csv *csv)
{
    struct import_parser *parser = csv->parser;
    parser->number++;
    parser->rows += csv->has_header;
    if (csv_error(&csv->csv) == CSV_EPARSE)
        import_complain(parser, NULL,
                        "A quotation mark stands where none may: a field that has one is put into quotation marks, and "
                        "the mark is doubled");
    else
        import_complain(parser, NULL, "The row is longer than %d bytes; is a quotation mark never closed?",
                        IMPORT_MOST_ROW_BYTES);
    parser->stopped = parser->stopped || !csv->has_header;
    csv_free(&csv->csv);
    open_parser(csv);
    begin_row(csv);
    csv->skipping = true;
    csv->last_terminator = NO_TERMINATOR;
}

static struct slice skip_line(struct import_csv *csv, struct slice piece)
{
    const char *end = memchr(piece.data, '\n', piece.len);
    csv->skipping = end == NULL;
    return end ? slice_skip(piece, (size_t)(end - piece.data) + 1) : SLICE_EMPTY;
}

void import_csv_feed(struct import_csv *csv, struct slice piece)
{
    while (piece.len > 0 && !csv->parser->stopped) {
        if (csv->skipping) {
            piece = skip_line(csv, piece);
            continue;
        }
        size_t parsed = csv_parse(&csv->csv, piece.data, piece.len, on_field, on_row, csv);
        if (parsed == piece.len && csv_error(&csv->csv) == CSV_SUCCESS)
            return;
        piece = slice_skip(piece, parsed < piece.len ? parsed : piece.len);
        refuse_row(csv);
    }
}

void import_csv_end(struct import_csv *csv)
{
    if (!csv->skipping && csv_fini(&csv->csv, on_field, on_row, csv) != 0) {
        csv->parser->number++;
        csv->parser->rows += csv->has_header;
        import_complain(csv->parser, NULL, "A quotation mark is never closed");
        csv->parser->stopped = csv->parser->stopped || !csv->has_header;
    }
    if (!csv->has_header && !csv->parser->stopped) {
        csv->parser->number = 1;
        import_complain(csv->parser, NULL, "The file has no header");
        csv->parser->stopped = true;
    }
}
