#include "reading.h"

#include "base/clock.h"
#include "base/must.h"
#include "held.h"
#include "reply.h"
#include "scim/document.h"
#include "scim/project.h"
#include "store/deleted.h"
#include "store/query.h"
#include "store/rules.h"

static bool choose_directory(struct reading *reading, const struct organization *organization, struct err *err)
{
    struct call *call = reading->call;
    struct slice named = call->query[QUERY_DIRECTORY];
    struct directory directory;
    reading->directory = organization->primary;
    if (!named.data)
        return true;
    if (!id_from_prefixed(ID_PREFIX_DIRECTORY, named, &reading->directory.id))
        return directory_refuse_unknown(err);
    if (!directory_load(call, &reading->directory, DIRECTORY_SHARED, &directory, err))
        return false;
    return id_equals(&directory.organization.id, &organization->id.id) || directory_refuse_unknown(err);
}

static bool find_by_organization(struct reading *reading, struct err *err)
{
    struct organization organization;
    if (!organization_of_path(reading->call, ORGANIZATION_SHARED, &organization, err) ||
        !choose_directory(reading, &organization, err))
        return false;
    reading->environment = organization.environment;
    reading->organization = organization.id;
    reading->call->op->log_directory = reading->directory;
    return true;
}

static bool find_by_directory(struct reading *reading, struct err *err)
{
    struct directory directory;
    if (!directory_of_path(reading->call, DIRECTORY_SHARED, &directory, err))
        return false;
    reading->environment = directory.environment;
    reading->organization = directory.organization;
    reading->directory = directory.id;
    return true;
}

/* ?view=profile leaves the SCIM resource out, which is most of an answer. */
static bool read_view(struct reading *reading, struct err *err)
{
    struct slice view = reading->call->query[QUERY_VIEW];
    reading->style.profile_only = slice_equals(view, SLICE_LITERAL("profile"));
    return !view.data || reading->style.profile_only || slice_equals(view, SLICE_LITERAL("full")) ||
           err_set(err, ERR_BAD_REQUEST, "view must be \"profile\" or \"full\".");
}

/* What is the same for all of the directory's people. */
static bool load_shared(struct reading *reading, struct err *err)
{
    struct db *db = reading->call->db;
    return store_rules_load(db, reading->directory, &reading->rules, err) &&
           store_guarded(db, reading->directory, &reading->guarded_ms, err) &&
           (reading->rules || err_set(err, ERR_INTERNAL, "The rules of the directory cannot be read."));
}

bool reading_begin(struct call *call, enum reading_place place, struct reading *reading, struct err *err)
{
    *reading = (struct reading){.call = call};
    if (!(place == READING_DIRECTORY ? find_by_directory : find_by_organization)(reading, err) ||
        !read_view(reading, err) || !load_shared(reading, err))
        return false;
    reading->style.base_url = slice_str(organization_connector_url(call, &reading->organization));
    return true;
}

bool reading_of_directory(struct call *call, const struct directory *directory, struct reading *reading,
                          struct err *err)
{
    *reading = (struct reading){.call = call,
                                .environment = directory->environment,
                                .organization = directory->organization,
                                .directory = directory->id};
    return load_shared(reading, err);
}

void reading_end(struct reading *reading) { store_rules_unref(reading->rules); }

struct people reading_room(const struct reading *reading, size_t room)
{
    return (struct people){.list = arena_array(call_arena(reading->call), struct person, room), .room = room};
}

struct person *reading_keep(const struct reading *reading, struct people *people, const struct view_resource *row)
{
    struct arena *arena = call_arena(reading->call);
    struct view_resource *kept = arena_new(arena, struct view_resource);
    must(people->count < people->room);
    *kept = *row;
    kept->stored.text = arena_slice(arena, row->stored.text);
    kept->display = arena_slice(arena, row->display);
    kept->manager_display = arena_slice(arena, row->manager_display);
    kept->unique_key = kept->external_key = SLICE_EMPTY;
    people->list[people->count] = (struct person){.row = kept};
    return &people->list[people->count++];
}

/* --- what shows beside the rows --- */

/* What a schema of the directory never returns is not the vendor's to read either. */
static void hide(const struct reading *reading, const struct scim_resource_type *type, struct people *people)
{
    for (size_t i = 0; i < people->count; i++) {
        struct view_resource *row = arena_new(call_arena(reading->call), struct view_resource);
        *row = *people->list[i].row;
        json_t *document = scim_document_load(row->stored);
        struct buf text;
        buf_init(&text, row->stored.text.len + 64);
        scim_projection_apply(NULL, type, document);
        row->stored.open_braces = scim_document_store(document, &text);
        row->stored.text = arena_slice(call_arena(reading->call), buf_slice(&text));
        must(!text.overflowed);
        buf_fini(&text);
        json_decref(document);
        people->list[i].row = row;
    }
}

struct some { /* of the people: those who are there, or those who were deleted */
    struct resource_id *ids;
    struct person **list;
    size_t count;
};

static struct some choose(const struct reading *reading, struct people *people, bool deleted)
{
    struct arena *arena = call_arena(reading->call);
    struct some some = {.ids = arena_array(arena, struct resource_id, people->count),
                        .list = arena_array(arena, struct person *, people->count)};
    for (size_t i = 0; i < people->count; i++) {
        if (people->list[i].is_deleted != deleted)
            continue;
        some.ids[some.count] = people->list[i].row->id;
        some.list[some.count++] = &people->list[i];
    }
    return some;
}

static bool load_groups_of(struct reading *reading, const struct some *some, bool deleted, struct err *err)
{
    struct arena *arena = call_arena(reading->call);
    struct db *db = reading->call->db;
    struct view_refs *refs = arena_array(arena, struct view_refs, some->count + 1);
    if (deleted ? !store_deleted_groups_of(db, reading->directory, some->ids, some->count, arena, refs, err)
                : !store_groups_of(db, reading->directory, SCIM_TYPE_USER, some->ids, some->count, arena, refs, err))
        return false;
    for (size_t i = 0; i < some->count; i++)
        some->list[i]->groups = refs[i];
    return true;
}

static bool load_groups(struct reading *reading, struct people *people, struct err *err)
{
    struct some there = choose(reading, people, false), gone = choose(reading, people, true);
    return load_groups_of(reading, &there, false, err) && load_groups_of(reading, &gone, true, err);
}

static bool load_known(struct reading *reading, struct people *people, struct err *err)
{
    struct arena *arena = call_arena(reading->call);
    struct resource_id *ids = arena_array(arena, struct resource_id, people->count);
    struct store_person *known = arena_array(arena, struct store_person, people->count);
    for (size_t i = 0; i < people->count; i++) {
        ids[i] = people->list[i].row->id;
        people->list[i].known = &known[i];
    }
    return store_people_of(reading->call->db, reading->directory, ids, people->count, arena, known, err);
}

/* The deleted have none: nobody is to let them in. */
static bool load_roles(struct reading *reading, struct people *people, struct err *err)
{
    struct role_book *book;
    if (!role_book_load(reading->call->db, reading->directory, call_arena(reading->call), &book, NULL, err))
        return false;
    for (size_t i = 0; i < people->count; i++)
        if (!people->list[i].is_deleted)
            people->list[i].roles = role_book_resolve(book, &people->list[i].groups);
    return true;
}

/* Lists of users and single ones are laid over alike: one statement or so for the page. */
typedef bool overlay_fn(struct reading *reading, struct people *people, struct err *err);
static overlay_fn *const overlays[] = {load_groups, held_add_groups, load_roles, load_known, held_add_facts};

bool reading_dress(struct reading *reading, uint16_t type, struct people *people, struct err *err)
{
    const struct scim_resource_type *shape = scim_rules_type(reading->rules, type);
    if (people->count == 0)
        return true;
    if (type == SCIM_TYPE_USER && !held_replace(reading, people, err))
        return false;
    if (shape->has_hidden)
        hide(reading, shape, people);
    for (size_t i = 0; type == SCIM_TYPE_USER && i < sizeof overlays / sizeof overlays[0]; i++)
        if (!overlays[i](reading, people, err))
            return false;
    return true;
}

/* --- the answer --- */

bool reading_answer_page(const struct reading *reading, const char *name, const struct people *people, const char *next)
{
    struct op *op = reading->call->op;
    struct buf *out = &op->reply.body;
    buf_printf(out, "{\"%s\":[", name);
    for (size_t i = 0; i < people->count; i++) {
        if (i)
            buf_add_char(out, ',');
        person_render(&people->list[i], &reading->style, out);
    }
    if (next)
        buf_printf(out, "],\"next_cursor\":\"%s\"", next);
    else
        buf_add(out, SLICE_LITERAL("],\"next_cursor\":null"));
    if (reading->has_total)
        buf_printf(out, ",\"total\":%llu", (unsigned long long)reading->total);
    if (reading->next_since_ms) {
        char since[CLOCK_TEXT_BYTES];
        clock_text(reading->next_since_ms, since);
        buf_printf(out, ",\"next_updated_since\":\"%s\"", since);
    }
    buf_add_char(out, '}');
    return reply_body(op, 200);
}

bool reading_answer_one(const struct reading *reading, const struct people *people)
{
    struct op *op = reading->call->op;
    must(people->count == 1);
    person_render(&people->list[0], &reading->style, &op->reply.body);
    return reply_body(op, 200);
}
