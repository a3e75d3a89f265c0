/* Bodies: no input breaks the parser, and what it accepts is rendered to the same value again. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = ERR_INIT;
    json_scoped *value = json_parse(slice_of((const char *)data, size), &json_limits_default, &err);
    must((value == NULL) == (err.kind == ERR_INVALID_SYNTAX));
    if (!value)
        return 0;

    /* A real may take more characters than it came in, so only the value is compared. */
    struct json_limits roomy = {.depth = 32, .containers = 20000, .tokens = 200000, .number = 400};
    struct buf buf;
    buf_init(&buf, (size_t)64 << 20);
    json_render(value, &buf);
    json_scoped *again = json_parse(buf_slice(&buf), &roomy, &err);
    must(again && json_equal(value, again));
    buf_fini(&buf);
    return 0;
}
