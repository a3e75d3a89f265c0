#include "store/outbox.h"

static char *put_number(char *at, uint32_t number, size_t bytes)
{
    while (bytes-- > 0)
        *at++ = (char)(number >> (8 * bytes));
    return at;
}

static const char *take_number(const char *at, size_t bytes, uint32_t *number_out)
{
    *number_out = 0;
    while (bytes-- > 0)
        *number_out = *number_out << 8 | (uint8_t)*at++;
    return at;
}

static char *put_id(char *at, const struct id *id) { return (char *)memcpy(at, id->bytes, ID_BYTES) + ID_BYTES; }

static const char *take_id(const char *at, struct id *id_out)
{
    memcpy(id_out->bytes, at, ID_BYTES);
    return at + ID_BYTES;
}

void outbox_pack(const struct outbox_entry *entry, char bytes[OUTBOX_ENTRY_BYTES])
{
    char *at = put_id(bytes, &entry->operation.id);
    at = put_number(at, entry->ordinal, 4);
    at = put_id(at, &entry->directory.id);
    at = put_number(at, entry->type, 2);
    at = put_number(at, entry->kind, 1);
    put_id(at, &entry->resource.id);
}

struct outbox_entry outbox_unpack(const char bytes[OUTBOX_ENTRY_BYTES])
{
    struct outbox_entry entry;
    uint32_t type, kind;
    const char *at = take_id(bytes, &entry.operation.id);
    at = take_number(at, 4, &entry.ordinal);
    at = take_id(at, &entry.directory.id);
    at = take_number(at, 2, &type);
    at = take_number(at, 1, &kind);
    take_id(at, &entry.resource.id);
    entry.type = (uint16_t)type;
    entry.kind = (uint8_t)kind;
    return entry;
}
