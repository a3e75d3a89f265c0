#include "crowd.h"

#include "base/must.h"
#include "held.h"
#include "store/deleted.h"
#include "store/query.h"

struct page_of {
    const struct reading *reading;
    struct people people;
    size_t bytes, most_bytes;
    bool has_more, deleted;
};

/* Rows are kept: one result can be open at a time, and what shows beside them are others. */
static bool keep(const struct view_resource *row, void *context)
{
    struct page_of *page = context;
    page->has_more = page->people.count == page->people.room || page->bytes > page->most_bytes;
    if (page->has_more)
        return false;
    page->bytes += row->stored.text.len;
    reading_keep(page->reading, &page->people, row)->is_deleted = page->deleted;
    return true;
}

typedef bool read_fn(struct db *db, struct directory_id directory, uint16_t type, struct resource_id after,
                     uint64_t limit, store_row_fn *visit, void *context, struct err *err);

static bool read(const struct crowd *crowd, read_fn *from, uint64_t room, struct page_of *page, struct err *err)
{
    page->reading = crowd->reading;
    page->most_bytes = crowd->most_bytes ? crowd->most_bytes : SIZE_MAX;
    page->people = reading_room(crowd->reading, room);
    return from(crowd->reading->call->db, crowd->reading->directory, crowd->type, crowd->after, room + 1, keep, page,
                err);
}

static bool comes_first(const struct people *these, size_t i, const struct people *those, size_t k)
{
    return i < these->count &&
           (k == those->count || id_compare(&these->list[i].row->id.id, &those->list[k].row->id.id) <= 0);
}

/* Both are in the order of ids. One that came back has no tombstone, unless it came this very moment: then it is there.
 */
static void merge(struct crowd *crowd, const struct page_of *there, const struct page_of *gone, struct people *all)
{
    size_t i = 0, k = 0;
    while (all->count < all->room && (i < there->people.count || k < gone->people.count)) {
        bool takes_living = comes_first(&there->people, i, &gone->people, k);
        const struct person *next = takes_living ? &there->people.list[i++] : &gone->people.list[k++];
        if (takes_living && k < gone->people.count && id_equals(&gone->people.list[k].row->id.id, &next->row->id.id))
            k++;
        all->list[all->count++] = *next;
    }
    crowd->has_more = there->has_more || gone->has_more || i < there->people.count || k < gone->people.count;
}

bool crowd_find(struct crowd *crowd, struct people *people, struct err *err)
{
    struct page_of there = {.deleted = false}, gone = {.deleted = true};
    must(!crowd->with_deleted || !crowd->most_bytes); /* merging needs both to the same place */
    if (!read(crowd, store_page_after, people->room, &there, err) ||
        (crowd->with_deleted && !read(crowd, store_deleted_after, people->room, &gone, err)))
        return false;
    if (crowd->with_deleted) {
        merge(crowd, &there, &gone, people);
    } else {
        *people = there.people;
        crowd->has_more = there.has_more;
    }
    if (crowd->type == SCIM_TYPE_USER && !held_insert(crowd->reading, crowd->after, people, &crowd->has_more, err))
        return false;
    crowd->last = people->count ? people->list[people->count - 1].row->id : crowd->after;
    return true;
}
