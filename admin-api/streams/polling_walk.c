/* Walks: a token for each resource of a directory, in the order of types and ids. What is written meanwhile is told by
 * events of its own. */
#include "admin_api_sql.h"
#include "polling.h"
#include "scim/rules.h"
#include "store/rules.h"

enum { STEP = 500, DIRECTORIES = 100, EXTERNAL_BYTES = 191 /* a longer one is cut in the database */ };

struct walk { /* through one directory */
    struct polling *polling;
    const struct scim_rules *rules;
    enum set_event moved;
    struct set_token token; /* what all have in common; its mark is the last one that was looked at */
};

struct found {
    uint16_t type;
    struct resource_id id;
    struct slice external_id;
};

/* --- one directory --- */

static bool find_some(struct walk *walk, struct arena *arena, struct found *list, size_t *count_out, struct err *err)
{
    const struct stream_place *mark = &walk->token.mark;
    const struct db_value type = db_integer(mark->type), parameters[] = {db_id(&walk->token.directory.id), type, type,
                                                                         db_id(&mark->resource.id), db_integer(STEP)};
    struct db_rows *rows = db_query(walk->polling->call->db, sql_stream_resources, parameters, 5, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows))) {
        struct found *found = &list[(*count_out)++];
        found->type = (uint16_t)row[0].integer;
        db_id_out(&row[1], &found->id.id);
        bool is_whole = row[2].kind != DB_NULL && row[2].bytes.len < EXTERNAL_BYTES;
        found->external_id = is_whole ? arena_slice(arena, row[2].bytes) : SLICE_EMPTY;
    }
    return rows && db_rows_end(rows, err);
}

static void take(struct walk *walk, const struct found *found, struct arena *arena)
{
    struct polling *polling = walk->polling;
    struct stream_place mark = walk->token.mark;
    const struct scim_resource_type *type = scim_rules_type(walk->rules, found->type);
    mark.directory = walk->token.directory;
    mark.type = found->type;
    mark.resource = found->id;
    walk->token.mark = mark;
    if (polling_wants(polling, &mark) && type) {
        walk->token.endpoint = slice_str(type->endpoint);
        walk->token.resource = found->id;
        walk->token.external_id = found->external_id;
        polling_offer(polling, &mark,
                      set_of_move(&polling->stream.set, polling->signer, &walk->token, walk->moved, arena));
    } else if (!polling->is_full) {
        polling_pass(polling, &mark);
    }
}

static bool step(struct walk *walk, size_t *count_out, struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct found *list = arena_array(&arena, struct found, STEP);
    bool good = find_some(walk, &arena, list, count_out, err);
    for (size_t i = 0; good && i < *count_out && !walk->polling->is_full; i++)
        take(walk, &list[i], &arena);
    arena_fini(&arena);
    return good;
}

/* Goes on where the stream is, when that is within it. */
static bool run(struct walk *walk, struct err *err)
{
    const struct stream_place *place = &walk->polling->place;
    size_t count = STEP;
    if (feed_place_compare(place->feed, walk->token.mark.feed) == 0 &&
        id_equals(&place->directory.id, &walk->token.directory.id))
        walk->token.mark = *place;
    if (!store_rules_load(walk->polling->call->db, walk->token.directory, &walk->rules, err))
        return false;
    bool good = true;
    if (!walk->rules)
        walk->rules = &scim_rules_default;
    while (good && count == STEP && !walk->polling->is_full)
        good = step(walk, &count, err);
    store_rules_unref(walk->rules);
    return good;
}

/* --- which --- */

struct place_of_directory {
    struct directory_id id;
    struct organization_id organization;
    struct slice external;
};

struct tour { /* through several directories, in the order of their ids */
    struct polling *polling;
    enum set_event moved;
    const struct feed_event *event; /* of the directory, or of all of its organization; NULL: of all that there are */
    struct set_token token;
};

static size_t parameters_of(const struct tour *tour, const struct directory_id *from, struct db_value out[6])
{
    const struct feed_event *event = tour->event;
    size_t count = 0;
    out[count++] = db_id(&tour->polling->stream.environment.id);
    if (event) {
        bool is_one = !id_is_zero(&event->directory.id);
        out[count++] = db_id(&event->organization.id);
        out[count++] = is_one ? db_id(&event->directory.id) : db_null();
        out[count++] = is_one ? db_id(&event->directory.id) : db_null();
    }
    out[count++] = db_id(&from->id);
    out[count++] = db_integer(DIRECTORIES);
    return count;
}

static bool find_directories(const struct tour *tour, const struct directory_id *from, struct place_of_directory *list,
                             size_t *count_out, struct err *err)
{
    struct db_value parameters[6];
    size_t count = parameters_of(tour, from, parameters);
    struct arena *arena = call_arena(tour->polling->call);
    struct db_rows *rows =
        db_query(tour->polling->call->db, tour->event ? sql_stream_directories_moved : sql_stream_directories,
                 parameters, count, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows))) {
        struct place_of_directory *directory = &list[(*count_out)++];
        db_id_out(&row[0], &directory->id.id);
        db_id_out(&row[1], &directory->organization.id);
        directory->external = row[2].kind == DB_NULL ? SLICE_EMPTY : arena_slice(arena, row[2].bytes);
    }
    return rows && db_rows_end(rows, err);
}

static bool visit(struct tour *tour, const struct place_of_directory *directory, struct err *err)
{
    struct walk walk = {.polling = tour->polling, .moved = tour->moved, .token = tour->token};
    walk.token.organization = directory->organization;
    walk.token.organization_external = directory->external;
    walk.token.directory = directory->id;
    return !stream_takes(&tour->polling->stream, &directory->organization) || run(&walk, err);
}

/* Those that were erased have nobody left to tell of. */
static bool go(struct tour *tour, struct err *err)
{
    const struct stream_place *place = &tour->polling->place;
    struct place_of_directory list[DIRECTORIES];
    struct directory_id from = {{{0}}}, last = {{{0}}};
    size_t count = DIRECTORIES;
    if (feed_place_compare(place->feed, tour->token.mark.feed) == 0)
        from = place->directory;
    while (count == DIRECTORIES && !tour->polling->is_full) {
        if (!find_directories(tour, &from, list, &count, err))
            return false;
        for (size_t i = 0; i < count && !tour->polling->is_full; i++)
            if (!id_equals(&list[i].id.id, &last.id) && !visit(tour, &list[i], err))
                return false;
        if (count > 0)
            from = last = list[count - 1].id; /* it begins the next list */
    }
    return true;
}

bool polling_walk_moved(struct polling *polling, const struct feed_event *event, enum set_event moved, struct err *err)
{
    struct tour tour = {.polling = polling, .moved = moved, .event = event};
    tour.token.mark.feed = event->place;
    tour.token.transaction = id_is_zero(&event->operation) ? event->id : event->operation;
    tour.token.happened_ms = event->happened_ms;
    return go(&tour, err);
}

/* The place stays within the walk while tokens of it wait to be acknowledged. */
bool polling_walk_all(struct polling *polling, struct err *err)
{
    struct tour tour = {.polling = polling, .moved = SET_ADD};
    tour.token.mark.feed = polling->place.feed;
    tour.token.transaction = polling->stream.id;
    tour.token.happened_ms = polling->stream.created_ms;
    if (!go(&tour, err))
        return false;
    const struct stream_place next = {.feed = {polling->place.feed.sequence + 1, 0}};
    if (!polling->is_full)
        polling_pass(polling, &next);
    return true;
}
