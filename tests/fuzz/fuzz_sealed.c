/* Sealed texts, as cursors are on the wire: nothing opens but what was made, for its purpose and what it is bound to.
 * The input is tried as a sealed text, and sealed as a message. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "auth/seal.h"
#include "base/buf.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { LONGEST = 2048 }; /* what is longer is sealed, but never opened */

static const struct auth_peppers *peppers(void)
{
    static struct auth_peppers *loaded;
    char folder[] = "/tmp/fuzz-sealed-XXXXXX", path[64];
    struct err err = ERR_INIT;
    if (loaded)
        return loaded;
    must(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/pepper", folder);
    must(auth_peppers_create(path, &err));
    loaded = auth_peppers_load(path, &err);
    must(loaded && unlink(path) == 0 && rmdir(folder) == 0);
    return loaded;
}

static bool opens(const char *purpose, const char *bound, struct slice sealed, struct buf *out)
{
    buf_clear(out);
    return auth_sealed_open(peppers(), purpose, slice_str(bound), sealed, out);
}

static void use_sealed(struct buf *sealed, struct slice message, size_t place, struct buf *out)
{
    struct slice text = buf_slice(sealed);
    must(opens("cursor", "a", text, out) && slice_equals(buf_slice(out), message));
    must(!opens("other", "a", text, out) && !opens("cursor", "b", text, out));
    must(!opens("cursor", "a", slice_of(text.data, text.len - 1), out));
    for (size_t i = 0; i < text.len; i++)
        must((text.data[i] >= '0' && text.data[i] <= '9') || (text.data[i] >= 'A' && text.data[i] <= 'Z') ||
             (text.data[i] >= 'a' && text.data[i] <= 'z') || text.data[i] == '-' || text.data[i] == '_');
    char *changed = &sealed->data[place % text.len];
    *changed = *changed == 'A' ? 'B' : 'A';
    must(!opens("cursor", "a", text, out));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of((const char *)data, size < LONGEST ? size : LONGEST);
    struct buf sealed, out;
    buf_init(&sealed, 1 << 20);
    buf_init(&out, 1 << 20);
    must(!opens("cursor", "a", input, &out));
    auth_sealed_make(peppers(), "cursor", SLICE_LITERAL("a"), input, &sealed);
    use_sealed(&sealed, input, size ? data[0] : 0, &out);
    buf_fini(&sealed);
    buf_fini(&out);
    return 0;
}
