#include "view_outbox.h"

#include "store/outbox.h"
#include "store_sql.h"
#include "view_people.h"

struct packing {
    struct people_rows rows;
    char *bytes; /* of the row that is being filled; NULL: none is */
    size_t entries;
};

static void end_row(struct packing *packing)
{
    if (packing->bytes)
        PEOPLE_ROW(&packing->rows, db_bytes(slice_of(packing->bytes, packing->entries * OUTBOX_ENTRY_BYTES)));
    packing->bytes = NULL;
}

static void add(struct packing *packing, const struct staged_change *change)
{
    if (packing->bytes && packing->entries == OUTBOX_MOST_ENTRIES)
        end_row(packing);
    if (!packing->bytes) {
        packing->bytes = arena_take(&packing->rows.view->arena, (size_t)OUTBOX_MOST_ENTRIES * OUTBOX_ENTRY_BYTES);
        packing->entries = 0;
    }
    const struct outbox_entry entry = {
        .operation = change->operation,
        .ordinal = change->ordinal,
        .directory = change->directory,
        .type = change->type,
        .kind = (uint8_t)change->kind,
        .resource = change->resource,
    };
    outbox_pack(&entry, packing->bytes + (size_t)OUTBOX_ENTRY_BYTES * packing->entries++);
}

bool view_tell(struct view *view, struct db *db, struct err *err)
{
    struct packing packing = {.rows = {.view = view, .width = 1}};
    for (const struct staged_change *change = view->changes; change; change = change->next)
        if (change->kind != CHANGE_BEFORE)
            add(&packing, change);
    end_row(&packing);
    return people_run(db, sql_outbox_changes, &packing.rows, NULL, err);
}
