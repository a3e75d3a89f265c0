#include "held.h"

#include "store/held.h"

static struct resource_id *ids_of(const struct reading *reading, const struct people *people)
{
    struct resource_id *ids = arena_array(call_arena(reading->call), struct resource_id, people->count + 1);
    for (size_t i = 0; i < people->count; i++)
        ids[i] = people->list[i].row->id;
    return ids;
}

bool held_replace(struct reading *reading, struct people *people, struct err *err)
{
    struct arena *arena = call_arena(reading->call);
    if (!reading->guarded_ms || people->count == 0)
        return true;
    struct view_resource *rows = arena_array(arena, struct view_resource, people->count);
    struct store_held *held = arena_array(arena, struct store_held, people->count);
    if (!store_held_rows(reading->call->db, reading->directory, ids_of(reading, people), people->count, arena, rows,
                         held, err))
        return false;
    for (size_t i = 0; i < people->count; i++) {
        if (!held[i].kinds)
            continue;
        people->list[i].row = &rows[i];
        people->list[i].is_deleted = false;
        people->list[i].held = &held[i];
    }
    return true;
}

static size_t choose(const struct people *people, struct resource_id *ids, struct person **list)
{
    size_t count = 0;
    for (size_t i = 0; i < people->count; i++)
        if (people->list[i].held) {
            ids[count] = people->list[i].row->id;
            list[count++] = &people->list[i];
        }
    return count;
}

bool held_add_groups(struct reading *reading, struct people *people, struct err *err)
{
    struct arena *arena = call_arena(reading->call);
    if (!reading->guarded_ms)
        return true;
    struct resource_id *ids = arena_array(arena, struct resource_id, people->count + 1);
    struct person **list = arena_array(arena, struct person *, people->count + 1);
    struct view_refs *refs = arena_array(arena, struct view_refs, people->count + 1);
    size_t count = choose(people, ids, list);
    if (count == 0)
        return true;
    if (!store_held_groups_of(reading->call->db, reading->directory, ids, count, arena, refs, err))
        return false;
    for (size_t i = 0; i < count; i++)
        list[i]->groups = refs[i];
    return true;
}

bool held_add_facts(struct reading *reading, struct people *people, struct err *err)
{
    (void)err;
    for (size_t i = 0; i < people->count; i++) {
        struct person *person = &people->list[i];
        if (!person->held || !person->known || !(person->held->kinds & STORE_HELD_DEACTIVATED))
            continue;
        struct store_person *known = arena_new(call_arena(reading->call), struct store_person);
        *known = *person->known;
        known->deactivated_ms = 0;
        person->known = known;
    }
    return true;
}

struct inserting {
    const struct reading *reading;
    struct people people;
};

static bool keep(const struct view_resource *row, const struct store_held *held, void *context)
{
    (void)held; /* held_replace asks again */
    struct inserting *inserting = context;
    if (inserting->people.count == inserting->people.room)
        return false;
    reading_keep(inserting->reading, &inserting->people, row);
    return true;
}

/* Both in the order of ids; who is in both is in it once. */
static void merge(const struct people *these, const struct people *those, struct people *all, bool *has_more_inout)
{
    size_t i = 0, k = 0;
    while (all->count < all->room && (i < these->count || k < those->count)) {
        int order = i == these->count   ? 1
                    : k == those->count ? -1
                                        : id_compare(&these->list[i].row->id.id, &those->list[k].row->id.id);
        all->list[all->count++] = order <= 0 ? these->list[i] : those->list[k];
        i += order <= 0;
        k += order >= 0;
    }
    *has_more_inout |= i < these->count || k < those->count;
}

bool held_insert(const struct reading *reading, struct resource_id after, struct people *people, bool *has_more_inout,
                 struct err *err)
{
    struct resource_id until;
    if (!reading->guarded_ms)
        return true;
    memset(until.id.bytes, 0xff, sizeof until.id.bytes);
    if (*has_more_inout && people->count)
        until = people->list[people->count - 1].row->id;
    struct inserting inserting = {.reading = reading, .people = reading_room(reading, people->room + 1)};
    if (!store_held_after(reading->call->db, reading->directory, after, until, people->room + 1, keep, &inserting, err))
        return false;
    struct people all = reading_room(reading, people->room);
    merge(people, &inserting.people, &all, has_more_inout);
    *people = all;
    return true;
}

bool held_load(const struct reading *reading, struct resource_id id, const struct view_resource **row_out,
               struct err *err)
{
    struct arena *arena = call_arena(reading->call);
    struct view_resource *row = arena_new(arena, struct view_resource);
    struct store_held held;
    *row_out = NULL;
    if (!reading->guarded_ms)
        return true;
    if (!store_held_rows(reading->call->db, reading->directory, &id, 1, arena, row, &held, err))
        return false;
    if (held.kinds)
        *row_out = row;
    return true;
}
