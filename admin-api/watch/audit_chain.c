#include "audit_chain.h"

#include <sodium.h>

#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/must.h"
#include "obs/log.h"

enum { MAX_TEXT = 1 << 20 };

static const char record_purpose[] = "audit record", head_purpose[] = "audit head";

/* --- the text --- */

static void add_id(struct buf *out, const char *name, const char *prefix, const struct id *id)
{
    char text[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(prefix, id, text);
    if (id_is_zero(id))
        buf_printf(out, "\"%s\":null,", name);
    else
        buf_printf(out, "\"%s\":\"%s\",", name, text);
}

static void add_text(struct buf *out, const char *name, struct slice text)
{
    buf_printf(out, "\"%s\":", name);
    buf_add_json_string(out, text);
    buf_add_char(out, ',');
}

void audit_record_text(const struct audit_record *record, struct buf *out)
{
    char created[CLOCK_TEXT_BYTES];
    clock_text(record->created_ms, created);
    buf_add_char(out, '{');
    if (id_is_zero(&record->chain))
        add_text(out, "chain", SLICE_LITERAL("operators"));
    else
        add_id(out, "chain", ID_PREFIX_ENVIRONMENT, &record->chain);
    buf_printf(out, "\"position\":%llu,", (unsigned long long)record->position);
    add_id(out, "id", ID_PREFIX_AUDIT, &record->id);
    add_text(out, "actor", record->actor);
    add_text(out, "action", record->action);
    add_id(out, "environment_id", ID_PREFIX_ENVIRONMENT, &record->environment);
    add_id(out, "organization_id", ID_PREFIX_ORGANIZATION, &record->organization);
    add_id(out, "directory_id", ID_PREFIX_DIRECTORY, &record->directory);
    add_text(out, "request_id", record->request_id);
    add_text(out, "created_at", slice_str(created));
    buf_add_str(out, "\"detail\":");
    buf_add(out, record->detail);
    buf_add_char(out, '}');
}

struct audit_hash audit_record_hash(const struct audit_hash *previous, struct slice text)
{
    struct audit_hash hash;
    crypto_generichash_state state;
    must(crypto_generichash_init(&state, NULL, 0, AUDIT_HASH_BYTES) == 0);
    crypto_generichash_update(&state, previous->bytes, AUDIT_HASH_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)text.data, text.len);
    crypto_generichash_final(&state, hash.bytes, AUDIT_HASH_BYTES);
    return hash;
}

/* --- seals --- */

static void put_number(uint8_t out[8], uint64_t number)
{
    for (size_t i = 0; i < 8; i++)
        out[i] = (uint8_t)(number >> (56 - 8 * i));
}

struct record_message { /* bytes only, no padding */
    uint8_t chain[ID_BYTES], position[8], hash[AUDIT_HASH_BYTES];
};
struct head_message {
    struct record_message end;
    uint8_t anchor_position[8], anchor_hash[AUDIT_HASH_BYTES];
};

static struct record_message message_of(const struct id *chain, uint64_t position, const struct audit_hash *hash)
{
    struct record_message message;
    memcpy(message.chain, chain->bytes, ID_BYTES);
    put_number(message.position, position);
    memcpy(message.hash, hash->bytes, AUDIT_HASH_BYTES);
    return message;
}

static struct head_message message_of_head(const struct audit_head *head)
{
    struct head_message message = {.end = message_of(&head->chain, head->position, &head->hash)};
    put_number(message.anchor_position, head->anchor_position);
    memcpy(message.anchor_hash, head->anchor_hash.bytes, AUDIT_HASH_BYTES);
    return message;
}

bool audit_record_check(const struct auth_peppers *peppers, const struct audit_sealed *sealed)
{
    struct record_message message = message_of(&sealed->record.chain, sealed->record.position, &sealed->hash);
    return auth_seal_check(peppers, sealed->pepper_version, record_purpose,
                           slice_of((const char *)&message, sizeof message), sealed->seal);
}

bool audit_head_check(const struct auth_peppers *peppers, const struct audit_head *head)
{
    struct head_message message = message_of_head(head);
    return auth_seal_check(peppers, head->pepper_version, head_purpose,
                           slice_of((const char *)&message, sizeof message), head->seal);
}

void audit_head_seal(const struct auth_peppers *peppers, struct audit_head *head)
{
    struct head_message message = message_of_head(head);
    head->pepper_version = auth_peppers_newest(peppers);
    must(auth_seal(peppers, head->pepper_version, head_purpose, slice_of((const char *)&message, sizeof message),
                   head->seal));
}

/* --- rows --- */

static void read_id(const struct db_value *value, struct id *id_out)
{
    *id_out = (struct id){{0}};
    if (value->kind != DB_NULL)
        db_id_out(value, id_out);
}

/* A row that was tampered with may hold anything: what has another length is no hash of ours. */
static void read_bytes(const struct db_value *value, uint8_t *out, size_t length)
{
    memset(out, 0, length);
    if (value->kind == DB_BYTES && value->bytes.len == length)
        memcpy(out, value->bytes.data, length);
}

struct audit_sealed audit_record_read(const struct db_value *row)
{
    struct audit_sealed sealed = {.record = {.position = (uint64_t)row[1].integer,
                                             .actor = row[3].bytes,
                                             .action = row[4].bytes,
                                             .detail = row[8].bytes,
                                             .request_id = row[9].bytes,
                                             .created_ms = row[10].integer},
                                  .pepper_version = (unsigned)row[13].integer};
    read_id(&row[0], &sealed.record.chain);
    read_id(&row[2], &sealed.record.id);
    read_id(&row[5], &sealed.record.environment);
    read_id(&row[6], &sealed.record.organization);
    read_id(&row[7], &sealed.record.directory);
    read_bytes(&row[11], sealed.hash.bytes, AUDIT_HASH_BYTES);
    read_bytes(&row[12], sealed.seal, AUTH_SEAL_BYTES);
    return sealed;
}

struct audit_head audit_head_read(const struct db_value *row)
{
    struct audit_head head = {.position = (uint64_t)row[1].integer,
                              .anchor_position = (uint64_t)row[3].integer,
                              .pepper_version = (unsigned)row[6].integer};
    read_id(&row[0], &head.chain);
    read_bytes(&row[2], head.hash.bytes, AUDIT_HASH_BYTES);
    read_bytes(&row[4], head.anchor_hash.bytes, AUDIT_HASH_BYTES);
    read_bytes(&row[5], head.seal, AUTH_SEAL_BYTES);
    return head;
}

/* --- appending --- */

static struct db_value hash_value(const struct audit_hash *hash)
{
    return db_bytes(slice_of((const char *)hash->bytes, AUDIT_HASH_BYTES));
}

static struct db_value seal_value(const uint8_t seal[AUTH_SEAL_BYTES])
{
    return db_bytes(slice_of((const char *)seal, AUTH_SEAL_BYTES));
}

bool audit_chain_begin(struct db *db, const struct auth_peppers *peppers, const struct id *chain, struct err *err)
{
    struct audit_head head = {.chain = *chain};
    audit_head_seal(peppers, &head);
    struct db_value parameters[] = {db_id(chain), hash_value(&head.hash), hash_value(&head.anchor_hash),
                                    seal_value(head.seal), db_integer(head.pepper_version)};
    return db_execute(db, sql_audit_head_insert, parameters, 5, NULL, err);
}

static bool lock_head(struct db *db, const struct auth_peppers *peppers, const struct id *chain,
                      struct audit_head *head_out, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(chain)};
    if (!db_query_one(db, sql_audit_head_lock, parameters, 1, &row, err))
        return false;
    if (!row && (!audit_chain_begin(db, peppers, chain, err) ||
                 !db_query_one(db, sql_audit_head_lock, parameters, 1, &row, err)))
        return false;
    must(row);
    *head_out = audit_head_read(row);
    return true;
}

/* A head that is not ours must not become ours by being written again: from then on it stays unsealed, which
 * verification reports for ever, and the admin API goes on. */
static void advance(const struct auth_peppers *peppers, struct audit_head *head, const struct audit_hash *hash)
{
    bool ours = audit_head_check(peppers, head);
    head->position++;
    head->hash = *hash;
    if (ours) {
        audit_head_seal(peppers, head);
        return;
    }
    memset(head->seal, 0, sizeof head->seal);
    log_plain(LOG_ERROR, "admin",
              "the end of an audit chain was changed behind Rollcall's back: run rollcall-admin audit-verify");
}

static bool insert_record(struct db *db, const struct auth_peppers *peppers, const struct audit_record *record,
                          const struct audit_hash *hash, struct err *err)
{
    uint8_t seal[AUTH_SEAL_BYTES];
    unsigned version = auth_peppers_newest(peppers);
    struct record_message message = message_of(&record->chain, record->position, hash);
    must(auth_seal(peppers, version, record_purpose, slice_of((const char *)&message, sizeof message), seal));
    const struct id *ids[] = {&record->environment, &record->organization, &record->directory};
    struct db_value named[3];
    for (size_t i = 0; i < 3; i++)
        named[i] = id_is_zero(ids[i]) ? db_null() : db_id(ids[i]);
    struct db_value parameters[] = {
        db_id(&record->id),
        db_bytes(record->actor),
        db_bytes(record->action),
        named[0],
        named[1],
        named[2],
        db_bytes(record->detail),
        db_bytes(record->request_id),
        db_integer(record->created_ms),
        db_id(&record->chain),
        db_integer((int64_t)record->position),
        hash_value(hash),
        seal_value(seal),
        db_integer(version),
    };
    return db_execute(db, sql_audit_insert, parameters, 14, NULL, err);
}

static bool update_head(struct db *db, const struct audit_head *head, struct err *err)
{
    struct db_value parameters[] = {db_integer((int64_t)head->position), hash_value(&head->hash),
                                    seal_value(head->seal), db_integer(head->pepper_version), db_id(&head->chain)};
    return db_execute(db, sql_audit_head_update, parameters, 5, NULL, err);
}

bool audit_append(struct db *db, const struct auth_peppers *peppers, struct audit_record *record, struct err *err)
{
    struct audit_head head;
    if (!lock_head(db, peppers, &record->chain, &head, err))
        return false;
    record->position = head.position + 1;
    struct buf text;
    buf_init(&text, MAX_TEXT);
    audit_record_text(record, &text);
    must(!text.overflowed);
    struct audit_hash hash = audit_record_hash(&head.hash, buf_slice(&text));
    buf_fini(&text);
    advance(peppers, &head, &hash);
    return insert_record(db, peppers, record, &hash, err) && update_head(db, &head, err);
}
