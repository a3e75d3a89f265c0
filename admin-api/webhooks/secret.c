#include "secret.h"

#include "auth/seal.h"

static const char purpose[] = "webhook secret";
enum { BOUND_BYTES = 2 * ID_BYTES };

static struct slice bind(const struct environment_id *environment, const struct id *endpoint, char out[BOUND_BYTES])
{
    memcpy(out, environment->id.bytes, ID_BYTES);
    memcpy(out + ID_BYTES, endpoint->bytes, ID_BYTES);
    return slice_of(out, BOUND_BYTES);
}

void webhook_secret_seal(const struct auth_peppers *peppers, const struct environment_id *environment,
                         const struct id *endpoint, struct slice text, struct buf *out)
{
    char bound[BOUND_BYTES];
    auth_box_make(peppers, purpose, bind(environment, endpoint, bound), text, out);
}

bool webhook_secret_open(const struct auth_peppers *peppers, const struct environment_id *environment,
                         const struct id *endpoint, struct slice box, struct buf *out)
{
    char bound[BOUND_BYTES];
    struct buf text; /* opening takes as much room as the box, which `out` need not have */
    buf_init(&text, box.len);
    bool opened = auth_box_open(peppers, purpose, bind(environment, endpoint, bound), box, &text);
    if (opened)
        buf_add(out, buf_slice(&text));
    buf_fini(&text);
    return opened;
}
