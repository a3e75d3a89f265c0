/* The first half of a turn: what stands in the outbox, and whose it is. */
#ifndef ADMIN_FEED_NUMBER_TAKE_H
#define ADMIN_FEED_NUMBER_TAKE_H

#include "number.h"

struct taken {
    struct pending list[NUMBER_MOST];
    size_t count;
    uint64_t positions[NUMBER_MOST_ROWS]; /* of the rows that they stood in, ascending */
    int64_t waited_us[NUMBER_MOST_ROWS];
    size_t rows;
    bool full; /* rows may be left */
};

/* Rows behind `low`, whole ones, as many as there is room for. */
MUST_CHECK bool number_take(struct db *db, uint64_t low, struct taken *taken_out, struct err *err);

#endif
