/* Number parsers that know their bounds: the whole slice must be the number. */
#ifndef BASE_NUM_H
#define BASE_NUM_H

#include <stdint.h>

#include "base/slice.h"

/* Decimal digits only, min..max inclusive; false otherwise, value_out untouched. */
bool num_parse_uint(struct slice s, uint64_t min, uint64_t max, uint64_t *value_out);

/* An optional sign and decimal digits. Out of range for int64 is false, too. */
bool num_parse_int(struct slice s, int64_t min, int64_t max, int64_t *value_out);

#endif
