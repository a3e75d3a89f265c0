#include "history_read.h"

#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/must.h"
#include "store/view.h"

enum { ENTRY_BYTES = 1 + ID_BYTES, MOST_ENTRIES = 4000000 };

bool history_document_at(struct db *db, const struct history_of *of, uint64_t version,
                         struct history_document *document_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&of->directory.id), db_integer(of->type), db_id(&of->id.id),
                                          db_integer((int64_t)version)};
    const struct db_value *row;
    *document_out = (struct history_document){.found = false};
    if (!db_query_one(db, sql_history_document, parameters, 4, &row, err))
        return false;
    if (!row || row[3].kind == DB_NULL)
        return true;
    *document_out = (struct history_document){
        .found = true,
        .version = (uint64_t)row[0].integer,
        .kind = (enum history_kind)row[1].integer,
        .made_ms = row[2].integer,
        .document = json_loadb(row[3].bytes.data, row[3].bytes.len, 0, NULL),
    };
    must(document_out->document); /* our own text */
    return true;
}

bool history_last_of(struct db *db, const struct history_of *of, struct history_last *last_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&of->directory.id), db_integer(of->type), db_id(&of->id.id)};
    const struct db_value *row;
    *last_out = (struct history_last){.found = false};
    if (!db_query_one(db, sql_history_last, parameters, 3, &row, err))
        return false;
    if (!row)
        return true;
    *last_out = (struct history_last){
        .found = true,
        .version = (uint64_t)row[0].integer,
        .kind = (enum history_kind)row[1].integer,
        .made_ms = row[2].integer,
        .born_ms = row[4].kind == DB_NULL ? 0 : row[4].integer,
    };
    db_id_out(&row[3], &last_out->operation.id);
    return true;
}

bool history_next_entry(struct slice *rest, struct history_entry *entry_out)
{
    if (rest->len < ENTRY_BYTES)
        return false;
    uint8_t sign = (uint8_t)rest->data[0];
    entry_out->added = (sign & ~VIEW_MEMBER_IS_GROUP) == '+';
    entry_out->is_group = (sign & VIEW_MEMBER_IS_GROUP) != 0;
    memcpy(entry_out->member.id.bytes, rest->data + 1, ID_BYTES);
    *rest = slice_skip(*rest, ENTRY_BYTES);
    return true;
}

bool history_next_member(struct slice *rest, bool *added_out, struct resource_id *member_out)
{
    struct history_entry entry;
    if (!history_next_entry(rest, &entry))
        return false;
    *added_out = entry.added;
    *member_out = entry.member;
    return true;
}

struct entry {
    struct resource_id member;
    uint32_t place; /* in time */
    bool added;
};

struct history_fold {
    struct arena *arena;
    struct entry *entries;
    size_t count, capacity;
};

struct history_fold *history_fold_new(struct arena *arena)
{
    struct history_fold *fold = arena_new(arena, struct history_fold);
    fold->arena = arena;
    return fold;
}

static struct entry *new_entry(struct history_fold *fold)
{
    if (fold->count == fold->capacity) {
        size_t capacity = fold->capacity ? fold->capacity * 4 : 64;
        struct entry *entries = arena_array(fold->arena, struct entry, capacity);
        if (fold->count)
            memcpy(entries, fold->entries, fold->count * sizeof *entries);
        fold->entries = entries;
        fold->capacity = capacity;
    }
    return &fold->entries[fold->count++];
}

bool history_fold_add(struct history_fold *fold, struct slice entries, struct err *err)
{
    struct entry entry;
    while (history_next_member(&entries, &entry.added, &entry.member)) {
        if (fold->count == MOST_ENTRIES)
            return err_set(err, ERR_TOO_LARGE, "The group changed too often in between: ask for less at a time.");
        entry.place = (uint32_t)fold->count;
        *new_entry(fold) = entry;
    }
    return true;
}

static int compare_entries(const void *a, const void *b)
{
    const struct entry *left = a, *right = b;
    int order = id_compare(&left->member.id, &right->member.id);
    return order ? order : (left->place > right->place) - (left->place < right->place);
}

/* Somebody's first entry tells whether he was a member before, the last one whether he is afterwards. */
struct history_members history_fold_end(struct history_fold *fold)
{
    struct history_members members = {.added = arena_array(fold->arena, struct resource_id, fold->count + 1),
                                      .removed = arena_array(fold->arena, struct resource_id, fold->count + 1)};
    if (fold->count > 1)
        qsort(fold->entries, fold->count, sizeof *fold->entries, compare_entries);
    for (size_t first = 0, last; first < fold->count; first = last + 1) {
        last = first;
        while (last + 1 < fold->count && id_equals(&fold->entries[last + 1].member.id, &fold->entries[first].member.id))
            last++;
        bool was = !fold->entries[first].added, is = fold->entries[last].added;
        if (is && !was)
            members.added[members.added_count++] = fold->entries[first].member;
        if (was && !is)
            members.removed[members.removed_count++] = fold->entries[first].member;
    }
    return members;
}

bool history_members_between(struct db *db, const struct history_of *group, uint64_t behind, uint64_t until,
                             struct arena *arena, struct history_members *members_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&group->directory.id), db_id(&group->id.id),
                                          db_integer((int64_t)behind), db_integer((int64_t)until)};
    struct history_fold *fold = history_fold_new(arena);
    struct db_rows *rows = db_query(db, sql_history_members, parameters, 4, err);
    const struct db_value *row;
    bool good = rows != NULL;
    while (good && (row = db_next(rows)))
        good = history_fold_add(fold, row[0].bytes, err);
    struct err ending = ERR_INIT;
    bool ended = rows && db_rows_end(rows, &ending);
    if (good && !ended)
        *err = ending;
    if (good && ended)
        *members_out = history_fold_end(fold);
    return good && ended;
}
