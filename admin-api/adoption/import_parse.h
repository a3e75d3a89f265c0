/* Files of the vendor's own users, row by row: CSV (RFC 4180, with a header) or NDJSON. Pure: bytes in, rows out.
 *
 * Columns (members): vendor_user_id, user_name, email, display_name. Every row has the first and one of the next two.
 */
#ifndef ADMIN_IMPORT_PARSE_H
#define ADMIN_IMPORT_PARSE_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum import_format { IMPORT_CSV, IMPORT_NDJSON };

enum import_column { IMPORT_ID, IMPORT_USER_NAME, IMPORT_EMAIL, IMPORT_DISPLAY_NAME, IMPORT_COLUMNS };
extern const char *const import_column_names[IMPORT_COLUMNS];

struct import_row {
    int64_t number;                      /* 1-based; the header of a CSV file is row 1, and blank lines count, too */
    struct slice values[IMPORT_COLUMNS]; /* empty: none */
    struct slice user_name_key, email_key;
};

struct import_problem {
    int64_t row;
    const char *column; /* NULL: the row as a whole */
    const char *detail; /* "is longer than 190 bytes" after a column, else a sentence */
};

enum { IMPORT_MOST_ROW_BYTES = 65536, IMPORT_MOST_TEXT = 1020, IMPORT_MOST_ID = 255 };

/* Valid during the call alone. false: stop. */
struct import_visitor {
    bool (*row)(const struct import_row *row, void *context);
    bool (*problem)(const struct import_problem *problem, void *context);
    void *context;
};

struct import_parser;
struct import_parser *import_parser_new(enum import_format format, const struct import_visitor *visitor);
/* Pieces may be cut anywhere. false: the visitor has stopped it, or there is no sense in going on (the header of a CSV
 * file is not usable, which was told as a problem). */
bool import_parser_feed(struct import_parser *parser, struct slice piece);
bool import_parser_end(struct import_parser *parser);           /* no more comes */
int64_t import_parser_rows(const struct import_parser *parser); /* seen so far, good or bad; not the header */
void import_parser_free(struct import_parser *parser);          /* NULL is fine */

#endif
