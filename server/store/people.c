#include "store/people.h"

#include <stdlib.h>

#include "store/find.h"
#include "store_sql.h"

enum { FACT_DEACTIVATED = 1, FACT_VENDOR_USER = 2, FACT_INCARNATION = 3 };

struct finding {
    struct arena *arena;
    const struct resource_id *ids;
    size_t *order, count; /* places in ids, sorted by id */
    struct store_person *people;
};

static int compare_places(const void *a, const void *b, void *ids)
{
    const struct resource_id *list = ids;
    return id_compare(&list[*(const size_t *)a].id, &list[*(const size_t *)b].id);
}

static struct store_person *person_of(const struct finding *finding, const struct id *id)
{
    size_t low = 0, high = finding->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = id_compare(&finding->ids[finding->order[middle]].id, id);
        if (order == 0)
            return &finding->people[finding->order[middle]];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/* People come back a few times at most. */
static void add_previous(struct arena *arena, struct store_person *person, const struct resource_id *previous)
{
    struct resource_id *list = arena_array(arena, struct resource_id, person->previous_count + 1);
    if (person->previous_count)
        memcpy(list, person->previous, person->previous_count * sizeof(*list));
    list[person->previous_count++] = *previous;
    person->previous = list;
}

static void take_row(const struct db_value *row, void *context)
{
    struct finding *finding = context;
    struct resource_id id, other;
    db_id_out(&row[1], &id.id);
    struct store_person *person = person_of(finding, &id.id);
    if (!person)
        return;
    if (row[0].integer == FACT_DEACTIVATED)
        person->deactivated_ms = row[2].integer;
    if (row[0].integer == FACT_VENDOR_USER)
        person->vendor_user_id = arena_slice(finding->arena, row[3].bytes);
    if (row[0].integer != FACT_INCARNATION)
        return;
    db_id_out(&row[4], &person->person.id);
    db_id_out(&row[5], &other.id);
    if (id_compare(&other.id, &id.id) < 0)
        add_previous(finding->arena, person, &other);
}

static int compare_ids(const void *a, const void *b) { return id_compare(a, b); }

bool store_people_of(struct db *db, struct directory_id directory, const struct resource_id *ids, size_t count,
                     struct arena *arena, struct store_person *people_out, struct err *err)
{
    static struct store_find_query query = {.sql = sql_people_facts, .lists = 3};
    struct finding finding = {
        .arena = arena, .ids = ids, .order = arena_array(arena, size_t, count), .count = count, .people = people_out};
    struct store_keys lists[3] = {{NULL, 0, 0}, {NULL, 0, 0}, {NULL, 0, 0}};
    for (size_t i = 0; i < count; i++) {
        people_out[i] = (struct store_person){.person = ids[i]};
        finding.order[i] = i;
        store_keys_add(&lists[0], arena, slice_of((const char *)ids[i].id.bytes, ID_BYTES));
    }
    if (count > 1)
        qsort_r(finding.order, count, sizeof(size_t), compare_places, (void *)(uintptr_t)ids);
    lists[1] = lists[2] = lists[0];
    if (!store_find(db, &query, directory, lists, take_row, &finding, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (people_out[i].previous_count > 1)
            qsort(people_out[i].previous, people_out[i].previous_count, sizeof(struct resource_id), compare_ids);
    return true;
}
