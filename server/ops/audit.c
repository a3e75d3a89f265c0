#include "audit.h"

#include "obs/log.h"

enum { MOST_FIELDS = 9 };

struct line {
    struct log_field fields[MOST_FIELDS];
    size_t count;
    char texts[3][ID_PREFIXED_CHARS + 1];
    char resource[ID_UUID_CHARS + 1], change[ID_UUID_CHARS + 1];
    char peer[64];
};

static void add(struct line *line, const char *name, const char *text)
{
    line->fields[line->count++] = LOG_TEXT(name, text);
}

static void add_id(struct line *line, const char *name, const char *prefix, const struct id *id, char *text)
{
    if (id_is_zero(id))
        return;
    id_to_prefixed(prefix, id, text);
    add(line, name, text);
}

static const char *terminated(struct slice text, char *out, size_t bytes)
{
    size_t len = text.len < bytes - 1 ? text.len : bytes - 1;
    if (len > 0)
        memcpy(out, text.data, len);
    out[len] = '\0';
    return out;
}

/* A new resource has no id before it is there. */
static struct id resource_of(const struct op *op)
{
    return op->reply.status == 201 ? op->fresh_id.id : op->log_resource.id;
}

void audit_record(const struct op *op)
{
    bool changes = op->operation && op->operation->lane == OP_WRITE && op->reply.status != 0;
    if (!changes || !log_audits())
        return;
    struct line line = {.count = 0};
    struct id resource = resource_of(op);
    add(&line, "request_id", op->request_id);
    id_to_uuid(&op->operation_id.id, line.change);
    if (strcmp(line.change, op->request_id) != 0) /* one of many in a request */
        add(&line, "change_id", line.change);
    add_id(&line, "organization", ID_PREFIX_ORGANIZATION, &op->log_organization.id, line.texts[0]);
    add_id(&line, "directory", ID_PREFIX_DIRECTORY, &op->log_directory.id, line.texts[1]);
    add_id(&line, "token", ID_PREFIX_TOKEN, &op->log_credential, line.texts[2]);
    if (!id_is_zero(&resource)) {
        id_to_uuid(&resource, line.resource);
        add(&line, "resource", line.resource);
    }
    add(&line, "peer", terminated(op->peer, line.peer, sizeof line.peer));
    line.fields[line.count++] = LOG_NUMBER("status", op->reply.status);
    log_audit(op->operation->name, line.fields, line.count);
}
