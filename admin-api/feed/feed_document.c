#include "feed_document.h"

#include "base/json.h"
#include "scim/project.h"

static void add_shown(const struct scim_resource_type *type, json_t *document, struct buf *out)
{
    scim_projection_apply(NULL, type, document);
    json_render(document, out);
    json_decref(document);
}

void feed_document_add(const struct scim_resource_type *type, struct scim_stored stored, struct buf *out)
{
    if (type->has_hidden) {
        add_shown(type, scim_document_load(stored), out);
        return;
    }
    buf_add(out, stored.text);
    buf_add(out, slice_of("}}}", stored.open_braces));
}

void feed_document_add_whole(const struct scim_resource_type *type, struct slice document, struct buf *out)
{
    if (type->has_hidden)
        add_shown(type, json_loadb(document.data, document.len, 0, NULL), out);
    else
        buf_add(out, document);
}
