#include <stdio.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "import_parts.h"
#include "store/vendor.h"

const char *const import_column_names[IMPORT_COLUMNS] = {
    [IMPORT_ID] = "vendor_user_id",
    [IMPORT_USER_NAME] = "user_name",
    [IMPORT_EMAIL] = "email",
    [IMPORT_DISPLAY_NAME] = "display_name",
};

enum { DETAIL_BYTES = 256, SHOWN_NAME = 40 };

void import_complain(struct import_parser *parser, const char *column, const char *format, ...)
{
    char detail[DETAIL_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(detail, sizeof detail, format, arguments);
    va_end(arguments);
    struct import_problem problem = {parser->number, column, detail};
    if (!parser->stopped && !parser->visitor.problem(&problem, parser->visitor.context))
        parser->stopped = true;
}

/* --- one row --- */

static bool has_control_character(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if ((unsigned char)text.data[i] < 0x20 || text.data[i] == 0x7f)
            return true;
    return false;
}

static bool is_utf8(struct slice text)
{
    json_t *string = json_stringn(text.data ? text.data : "", text.len);
    json_decref(string);
    return string != NULL;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

static const char *find_fault(struct slice text, size_t most)
{
    if (!is_utf8(text))
        return "is not UTF-8";
    if (has_control_character(text))
        return "has a control character";
    if (is_blank(text.data[0]) || is_blank(text.data[text.len - 1]))
        return "begins or ends with a blank";
    if (text.len > most)
        return most == IMPORT_MOST_ID ? "is longer than 255 bytes" : "is longer than 1020 bytes";
    return NULL;
}

static bool check_texts(struct import_parser *parser, const struct import_row *row)
{
    bool good = true;
    for (int i = 0; i < IMPORT_COLUMNS; i++) {
        struct slice text = row->values[i];
        const char *fault = text.len ? find_fault(text, i == IMPORT_ID ? IMPORT_MOST_ID : IMPORT_MOST_TEXT) : NULL;
        if (fault)
            import_complain(parser, import_column_names[i], "%s", fault);
        good = good && !fault;
    }
    return good;
}

static bool check_presence(struct import_parser *parser, const struct import_row *row)
{
    bool has_id = row->values[IMPORT_ID].len > 0;
    bool has_key = row->values[IMPORT_USER_NAME].len + row->values[IMPORT_EMAIL].len > 0;
    bool is_reserved = slice_equals(row->values[IMPORT_ID], SLICE_LITERAL("import")); /* …/vendor-users/import */
    if (!has_id)
        import_complain(parser, import_column_names[IMPORT_ID], "is required");
    if (is_reserved)
        import_complain(parser, import_column_names[IMPORT_ID], "is a word that no vendor user can be named by");
    if (!has_key)
        import_complain(parser, NULL, "There is neither a user_name nor an email, so nobody can be recognised by it");
    return has_id && has_key && !is_reserved;
}

/* Something, an at sign, something, and no blank: whatever else it is, it only has to be the same on both sides. */
static bool looks_like_email(struct slice text)
{
    const char *at = memchr(text.data, '@', text.len);
    return at && at > text.data && at < text.data + text.len - 1 && !memchr(text.data, ' ', text.len);
}

static bool make_keys(struct import_parser *parser, struct import_row *row)
{
    struct slice name = row->values[IMPORT_USER_NAME], email = row->values[IMPORT_EMAIL];
    struct err why = ERR_INIT;
    bool good = true;
    if (name.len && !store_vendor_user_name_key(name, &parser->arena, &row->user_name_key, &why)) {
        import_complain(parser, import_column_names[IMPORT_USER_NAME], "cannot be a userName: %s", why.detail);
        good = false;
    }
    if (email.len && !looks_like_email(email)) {
        import_complain(parser, import_column_names[IMPORT_EMAIL], "is no e-mail address");
        good = false;
    } else if (email.len && !store_vendor_email_key(email, &parser->arena, &row->email_key, &why)) {
        import_complain(parser, import_column_names[IMPORT_EMAIL], "%s", why.detail);
        good = false;
    }
    return good;
}

void import_take_row(struct import_parser *parser, const struct slice values[IMPORT_COLUMNS])
{
    struct import_row row = {.number = parser->number};
    memcpy(row.values, values, sizeof row.values);
    bool good = check_presence(parser, &row);
    good = check_texts(parser, &row) && good;
    if (good && make_keys(parser, &row) && !parser->stopped && !parser->visitor.row(&row, parser->visitor.context))
        parser->stopped = true;
    arena_reset(&parser->arena);
}

/* --- NDJSON --- */

static int find_column(const char *name)
{
    for (int i = 0; i < IMPORT_COLUMNS; i++)
        if (strcmp(name, import_column_names[i]) == 0)
            return i;
    return -1;
}

static bool take_member(struct import_parser *parser, const char *name, const json_t *value, struct slice *values)
{
    int column = find_column(name);
    if (column < 0) {
        import_complain(parser, NULL, "The member \"%.*s\" is not known here", SHOWN_NAME, name);
        return false;
    }
    if (json_is_null(value))
        return true;
    if (!json_is_string(value)) {
        import_complain(parser, import_column_names[column], "must be a string");
        return false;
    }
    values[column] = json_slice(value);
    return true;
}

static void take_object(struct import_parser *parser, json_t *object)
{
    struct slice values[IMPORT_COLUMNS] = {SLICE_EMPTY};
    const char *name;
    json_t *value;
    bool good = true;
    json_object_foreach (object, name, value)
        good = take_member(parser, name, value, values) && good;
    if (good)
        import_take_row(parser, values);
}

static void take_line(struct import_parser *parser)
{
    static const struct json_limits limits = {.depth = 4, .containers = 16, .tokens = 64, .number = 64};
    struct slice text = slice_trim(buf_slice(&parser->line));
    if (text.len > 0 && text.data[text.len - 1] == '\r')
        text = slice_trim(slice_of(text.data, text.len - 1));
    parser->number++;
    bool too_long = parser->line_too_long;
    parser->line_too_long = false;
    if (text.len == 0 && !too_long)
        return;
    parser->rows++;
    struct err why = ERR_INIT;
    json_scoped *object = too_long ? NULL : json_parse_object(text, &limits, &why);
    if (too_long)
        import_complain(parser, NULL, "The row is longer than %d bytes", IMPORT_MOST_ROW_BYTES);
    else if (!object)
        import_complain(parser, NULL, "%s", why.detail);
    else
        take_object(parser, object);
}

static void collect(struct import_parser *parser, struct slice part)
{
    if (parser->line.len + part.len > IMPORT_MOST_ROW_BYTES)
        parser->line_too_long = true;
    else
        buf_add(&parser->line, part);
}

static void feed_lines(struct import_parser *parser, struct slice piece)
{
    while (piece.len > 0 && !parser->stopped) {
        const char *end = memchr(piece.data, '\n', piece.len);
        size_t length = end ? (size_t)(end - piece.data) : piece.len;
        collect(parser, slice_of(piece.data, length));
        if (!end)
            return;
        take_line(parser);
        buf_clear(&parser->line);
        piece = slice_skip(piece, length + 1);
    }
}

/* --- both --- */

struct import_parser *import_parser_new(enum import_format format, const struct import_visitor *visitor)
{
    struct import_parser *parser = calloc(1, sizeof *parser);
    must(parser);
    parser->format = format;
    parser->visitor = *visitor;
    arena_init(&parser->arena);
    buf_init(&parser->line, IMPORT_MOST_ROW_BYTES + 1);
    if (format == IMPORT_CSV)
        parser->csv = import_csv_new(parser);
    return parser;
}

static void feed(struct import_parser *parser, struct slice piece)
{
    if (piece.len == 0 || parser->stopped)
        return;
    if (parser->csv)
        import_csv_feed(parser->csv, piece);
    else
        feed_lines(parser, piece);
}

/* The first bytes: what Excel calls "Unicode text", and the mark that many programs put in front of UTF-8. */
static void start(struct import_parser *parser)
{
    struct slice head = slice_of(parser->head, parser->head_len);
    bool utf16 =
        slice_starts_with(head, SLICE_LITERAL("\xff\xfe")) || slice_starts_with(head, SLICE_LITERAL("\xfe\xff"));
    parser->started = true;
    if (utf16) {
        parser->number = 1;
        import_complain(parser, NULL, "The file is UTF-16: save it as UTF-8");
        parser->stopped = true;
    }
    feed(parser, slice_starts_with(head, SLICE_LITERAL("\xef\xbb\xbf")) ? SLICE_EMPTY : head);
}

bool import_parser_feed(struct import_parser *parser, struct slice piece)
{
    while (!parser->started && piece.len > 0) {
        parser->head[parser->head_len++] = piece.data[0];
        piece = slice_skip(piece, 1);
        if (parser->head_len == sizeof parser->head)
            start(parser);
    }
    feed(parser, piece);
    return !parser->stopped;
}

bool import_parser_end(struct import_parser *parser)
{
    if (!parser->started)
        start(parser);
    if (parser->stopped)
        return false;
    if (parser->csv)
        import_csv_end(parser->csv);
    else if (parser->line.len > 0 || parser->line_too_long)
        take_line(parser);
    return !parser->stopped;
}

int64_t import_parser_rows(const struct import_parser *parser) { return parser->rows; }

void import_parser_free(struct import_parser *parser)
{
    if (!parser)
        return;
    import_csv_free(parser->csv);
    buf_fini(&parser->line);
    arena_fini(&parser->arena);
    free(parser);
}
