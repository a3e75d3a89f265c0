/* A growing byte buffer that knows its ceiling. Heap-backed; call buf_fini.
 *
 * Appending past the ceiling sets `overflowed` and drops the bytes: write everything, check once at the end. */
#ifndef BASE_BUF_H
#define BASE_BUF_H

#include <stdarg.h>
#include <stdint.h>

#include "base/slice.h"

struct buf {
    char *data;
    size_t len, capacity, ceiling; /* bytes */
    bool overflowed;
};

void buf_init(struct buf *buf, size_t ceiling);
void buf_fini(struct buf *buf);
void buf_clear(struct buf *buf);

void buf_add(struct buf *buf, struct slice s);
void buf_add_char(struct buf *buf, char c);
void buf_add_str(struct buf *buf, const char *text);
void buf_add_uint(struct buf *buf, uint64_t number);
void buf_printf(struct buf *buf, const char *format, ...) __attribute__((format(printf, 2, 3)));
void buf_add_json_string(struct buf *buf, struct slice s); /* quoted and escaped; s is UTF-8 */

char *buf_reserve(struct buf *buf, size_t bytes); /* room for so many more; NULL past the ceiling */

static inline struct slice buf_slice(const struct buf *buf) { return slice_of(buf->data, buf->len); }

#endif
