/* Within the parser of imports: what both formats share. */
#ifndef ADMIN_IMPORT_PARTS_H
#define ADMIN_IMPORT_PARTS_H

#include "base/buf.h"
#include "import_parse.h"

struct import_parser {
    enum import_format format;
    struct import_visitor visitor;
    struct arena arena; /* of the row */
    int64_t number, rows;
    bool started, stopped;
    char head[3]; /* until it is started: the first bytes */
    size_t head_len;
    struct buf line;    /* NDJSON: the one that is being collected */
    bool line_too_long; /* and what there is of it is not kept */
    struct import_csv *csv;
};

/* A row's values as they came: checked, given keys, and visited. */
void import_take_row(struct import_parser *parser, const struct slice values[IMPORT_COLUMNS]);
void import_complain(struct import_parser *parser, const char *column, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

struct import_csv *import_csv_new(struct import_parser *parser);
void import_csv_feed(struct import_csv *csv, struct slice piece);
void import_csv_end(struct import_csv *csv);
void import_csv_free(struct import_csv *csv);

#endif
