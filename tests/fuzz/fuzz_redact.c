/* Bodies and URLs as the request log shows them: bounded, and JSON whatever came in. The first byte chooses the kind of
 * body. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "scim/redact.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CEILING = 1 << 20 };

static void check_body(struct slice body, enum scim_body_kind kind)
{
    const struct scim_redaction structure = {.shown = SCIM_SHOW_STRUCTURE}, values = {.shown = SCIM_SHOW_VALUES};
    struct buf once, twice;
    buf_init(&once, CEILING);
    buf_init(&twice, CEILING);
    (void)scim_redact_body(body, kind, &values, &once);
    buf_clear(&once);
    bool whole = scim_redact_body(body, kind, &structure, &once);
    must(once.len <= body.len * SCIM_REDACTED_GROWTH + 256 && !once.overflowed);
    json_scoped *value = once.len ? json_loadb(once.data, once.len, 0, NULL) : NULL;
    must(value || once.len == 0);
    must(!whole || value);
    must(!value || scim_redact_body(buf_slice(&once), kind, &structure, &twice));
    buf_fini(&once);
    buf_fini(&twice);
}

static void check_target(struct slice text)
{
    const struct scim_redaction structure = {.shown = SCIM_SHOW_STRUCTURE};
    struct buf out;
    buf_init(&out, CEILING);
    scim_redact_target(text, SLICE_EMPTY, &structure, &out);
    scim_redact_target(SLICE_EMPTY, text, &structure, &out);
    scim_redact_detail(text, &structure, &out);
    for (size_t i = 0; i < out.len && text.len > 0; i++)
        must((unsigned char)out.data[i] < 0x80 || memchr(text.data, out.data[i], text.len));
    buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 16384)
        return 0;
    struct slice text = slice_of((const char *)data + 1, size - 1);
    check_body(text, (enum scim_body_kind)(data[0] % 3));
    check_target(text);
    return 0;
}
