#include "number_take.h"

#include <stdlib.h>

#include "admin_api_sql.h"
#include "obs/log.h"

enum { AT_ONCE = 16 /* directories, in sql_number_directories */ };

static void read_id(const struct db_value *column, struct id *id_out)
{
    if (column->kind == DB_NULL)
        *id_out = (struct id){{0}};
    else
        db_id_out(column, id_out);
}

/* --- rows --- */

static struct pending read_row(const struct db_value *row)
{
    struct pending pending = {
        .source = (int)row[2].integer,
        .ordinal = (uint32_t)row[4].integer,
        .type = (uint16_t)row[8].integer,
        .kind = (uint8_t)row[9].integer,
    };
    read_id(&row[3], &pending.operation);
    read_id(&row[5], &pending.environment.id);
    read_id(&row[6], &pending.organization.id);
    read_id(&row[7], &pending.directory.id);
    read_id(&row[10], &pending.resource.id);
    return pending;
}

static struct pending read_entry(const char *bytes)
{
    const struct outbox_entry entry = outbox_unpack(bytes);
    return (struct pending){
        .source = OUTBOX_CHANGE,
        .operation = entry.operation.id,
        .ordinal = entry.ordinal,
        .directory = entry.directory,
        .type = entry.type,
        .kind = entry.kind,
        .resource = entry.resource,
    };
}

/* Whatever is written there, the feed goes on: what cannot be read is told in the log. */
static void unpack(struct taken *taken, const struct db_value *packed)
{
    size_t entries = packed->kind == DB_BYTES ? packed->bytes.len / OUTBOX_ENTRY_BYTES : 0;
    if (entries == 0 || entries * OUTBOX_ENTRY_BYTES != packed->bytes.len)
        log_event(LOG_ERROR, "admin", "a row of the outbox cannot be read",
                  LOG_NUMBER("position", taken->positions[taken->rows]));
    for (size_t i = 0; i < entries; i++)
        taken->list[taken->count++] = read_entry(packed->bytes.data + i * OUTBOX_ENTRY_BYTES);
}

static void take_row(struct taken *taken, const struct db_value *row)
{
    taken->positions[taken->rows] = (uint64_t)row[0].integer;
    taken->waited_us[taken->rows] = row[1].integer;
    if (row[2].integer == OUTBOX_PACKED)
        unpack(taken, &row[11]);
    else
        taken->list[taken->count++] = read_row(row);
    taken->rows++;
}

static bool take_rows(struct db *db, uint64_t low, struct taken *taken, struct err *err)
{
    const struct db_value parameters[] = {db_integer((int64_t)low), db_integer(NUMBER_MOST_ROWS)};
    struct db_rows *rows = db_query(db, sql_number_pending, parameters, 2, err);
    const struct db_value *row;
    while (rows && (row = db_next(rows)))
        if (taken->count + OUTBOX_MOST_ENTRIES > NUMBER_MOST)
            taken->full = true; /* and none behind it: a later row may depend on this one */
        else
            take_row(taken, row);
    taken->full |= taken->rows == NUMBER_MOST_ROWS;
    return rows && db_rows_end(rows, err);
}

/* --- whose they are --- */

struct owner {
    struct directory_id directory;
    struct environment_id environment; /* zero: the directory is gone */
    struct organization_id organization;
    bool is_primary, is_guarded;
};

static int compare_owners(const void *a, const void *b)
{
    return id_compare(&((const struct owner *)a)->directory.id, &((const struct owner *)b)->directory.id);
}

static struct owner *find_owner(struct owner *owners, size_t count, const struct directory_id *directory)
{
    const struct owner wanted = {.directory = *directory};
    return count ? bsearch(&wanted, owners, count, sizeof *owners, compare_owners) : NULL;
}

/* Each directory once, sorted; mostly all rows in a row are of one. */
static size_t list_directories(const struct taken *taken, struct owner *owners)
{
    size_t count = 0, distinct = 0;
    for (size_t i = 0; i < taken->count; i++) {
        const struct directory_id *directory = &taken->list[i].directory;
        bool again = count > 0 && id_equals(&owners[count - 1].directory.id, &directory->id);
        if (!again && !id_is_zero(&directory->id))
            owners[count++] = (struct owner){.directory = *directory};
    }
    qsort(owners, count, sizeof *owners, compare_owners);
    for (size_t i = 0; i < count; i++)
        if (distinct == 0 || compare_owners(&owners[distinct - 1], &owners[i]) != 0)
            owners[distinct++] = owners[i];
    return distinct;
}

static void read_owner(struct owner *owners, size_t count, const struct db_value *row)
{
    struct directory_id directory;
    db_id_out(&row[0], &directory.id);
    struct owner *owner = find_owner(owners, count, &directory);
    if (!owner)
        return;
    db_id_out(&row[1], &owner->environment.id);
    db_id_out(&row[2], &owner->organization.id);
    owner->is_primary = row[3].integer != 0;
    owner->is_guarded = row[4].integer != 0;
}

static bool load_owners(struct db *db, struct owner *owners, size_t count, struct err *err)
{
    struct db_value parameters[AT_ONCE];
    for (size_t first = 0; first < count; first += AT_ONCE) {
        for (size_t i = 0; i < AT_ONCE; i++) /* the last one again, where there are fewer */
            parameters[i] = db_id(&owners[first + i < count ? first + i : count - 1].directory.id);
        struct db_rows *rows = db_query(db, sql_number_directories, parameters, AT_ONCE, err);
        const struct db_value *row;
        while (rows && (row = db_next(rows)))
            read_owner(owners, count, row);
        if (!rows || !db_rows_end(rows, err))
            return false;
    }
    return true;
}

/* An event says itself whose it is: it may tell that its directory is gone. */
static void give_owner(struct pending *pending, const struct owner *owner)
{
    if (!owner || id_is_zero(&owner->environment.id))
        return;
    pending->is_primary = owner->is_primary;
    pending->is_guarded = owner->is_guarded;
    if (id_is_zero(&pending->environment.id))
        pending->environment = owner->environment;
    if (id_is_zero(&pending->organization.id))
        pending->organization = owner->organization;
}

static bool find_owners(struct db *db, struct taken *taken, struct err *err)
{
    static _Thread_local struct owner owners[NUMBER_MOST];
    size_t count = list_directories(taken, owners);
    if (!load_owners(db, owners, count, err))
        return false;
    for (size_t i = 0; i < taken->count; i++)
        give_owner(&taken->list[i], find_owner(owners, count, &taken->list[i].directory));
    return true;
}

bool number_take(struct db *db, uint64_t low, struct taken *taken_out, struct err *err)
{
    taken_out->count = taken_out->rows = 0;
    taken_out->full = false;
    return take_rows(db, low, taken_out, err) && find_owners(db, taken_out, err);
}
