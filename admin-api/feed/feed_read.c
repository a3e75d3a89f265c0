#include <stdio.h>
#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/must.h"
#include "column.h"
#include "feed_render.h"
#include "store/rules.h"

enum { MOST_FETCHED = 4 * FEED_MOST, LEAST_AGAIN = 100 }; /* rows with their documents, for one page */

/* The columns of feed_page. */
enum {
    COLUMN_LAST,
    COLUMN_PURGED,
    COLUMN_SEQUENCE,
    COLUMN_SOURCE,
    COLUMN_OPERATION,
    COLUMN_ORDINAL,
    COLUMN_ORGANIZATION,
    COLUMN_DIRECTORY,
    COLUMN_TYPE,
    COLUMN_KIND,
    COLUMN_RESOURCE,
    COLUMN_PRIMARY,
    COLUMN_EXTERNAL,
    COLUMN_REVISION,
    COLUMN_PLAIN,
    COLUMN_VERSION,
    COLUMN_MADE,
    COLUMN_CAUSE,
    COLUMN_ACTOR,
    COLUMN_ACTOR_KIND,
    COLUMN_PUT,
    COLUMN_DOCUMENT,
    COLUMN_MEMBERS,
    COLUMN_BESIDE,
    COLUMN_EVENT_TYPE,
    COLUMN_EVENT_DATA,
    COLUMN_EVENT_OPERATION,
    COLUMN_EVENT_ACTOR
};

struct feed_reader {
    struct arena rows; /* of the statement, */
    struct arena row;  /* and what belongs to one of them */
};

struct feed_reader *feed_reader_new(void)
{
    struct feed_reader *reader = calloc(1, sizeof *reader);
    must(reader);
    arena_init(&reader->rows);
    arena_init(&reader->row);
    return reader;
}

void feed_reader_free(struct feed_reader *reader)
{
    if (!reader)
        return;
    arena_fini(&reader->rows);
    arena_fini(&reader->row);
    free(reader);
}

struct reading { /* a page */
    struct feed_reader *reader;
    struct db *db;
    const struct feed_query *query;
    struct feed_render render;
    bool has_feed;        /* the environment; and of that */
    uint64_t last;        /* the highest number, */
    uint64_t purged;      /* and up to which rows were dropped */
    uint64_t first, most; /* rows to look at next, both included */
    struct feed_row *rows;
    size_t count, room, fetched; /* room: at a time */
    bool is_done;
};

/* --- rows --- */

/* Kinds of rows that can be events of the types asked for: the bits that feed_page takes. What stands in `event` may be
 * of any type. */
static int64_t kinds_of(uint64_t types)
{
    static const struct {
        const char *type;
        int bit;
    } kinds[] = {
        {"user.created", 1},     {"user.restored", 1},     {"user.updated", 2},       {"user.activated", 2},
        {"user.deactivated", 2}, {"user.deleted", 3},      {"group.created", 5},      {"group.restored", 5},
        {"group.updated", 6},    {"group.deleted", 7},     {"group.member_added", 8}, {"group.member_removed", 8},
        {"resource.created", 9}, {"resource.restored", 9}, {"resource.updated", 10},  {"resource.deleted", 11},
    };
    int64_t bits = 1;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (types >> feed_type_find(slice_str(kinds[i].type)) & 1)
            bits |= INT64_C(1) << kinds[i].bit;
    return bits;
}

static void read_id(const struct db_value *column, struct id *id_out)
{
    *id_out = (struct id){{0}};
    if (column->kind != DB_NULL)
        db_id_out(column, id_out);
}

static struct slice read_text(struct arena *arena, const struct db_value *column)
{
    return column->kind == DB_NULL ? SLICE_EMPTY : arena_slice(arena, column->bytes);
}

static void read_change(struct feed_row *row, const struct db_value *columns, struct arena *arena)
{
    static const char *const prefixes[] = {ID_PREFIX_TOKEN, ID_PREFIX_KEY, ID_PREFIX_OPERATOR_KEY,
                                           ID_PREFIX_SIGNING_KEY};
    row->version = (uint64_t)columns[COLUMN_VERSION].integer;
    row->is_put = columns[COLUMN_PUT].integer != 0;
    read_id(&columns[COLUMN_OPERATION], &row->operation);
    if (columns[COLUMN_ACTOR].kind != DB_NULL) {
        struct id actor;
        db_id_out(&columns[COLUMN_ACTOR], &actor);
        id_to_prefixed(prefixes[columns[COLUMN_ACTOR_KIND].integer], &actor, row->actor);
    }
    row->document = read_text(arena, &columns[COLUMN_DOCUMENT]);
    row->members = read_text(arena, &columns[COLUMN_MEMBERS]);
    row->beside = read_text(arena, &columns[COLUMN_BESIDE]);
    row->revision = (uint32_t)columns[COLUMN_REVISION].integer;
    row->has_plain_rules = columns[COLUMN_PLAIN].integer != 0;
}

static void read_event(struct feed_row *row, const struct db_value *columns, struct arena *arena)
{
    row->event_type = read_text(arena, &columns[COLUMN_EVENT_TYPE]);
    row->event_data = read_text(arena, &columns[COLUMN_EVENT_DATA]);
    read_id(&columns[COLUMN_EVENT_OPERATION], &row->operation);
    snprintf(row->actor, sizeof row->actor, "%.*s", (int)columns[COLUMN_EVENT_ACTOR].bytes.len,
             columns[COLUMN_EVENT_ACTOR].bytes.len ? columns[COLUMN_EVENT_ACTOR].bytes.data : "");
}

/* A change whose directory was erased is none any more. */
static bool is_there(const struct db_value *columns)
{
    bool is_event = columns[COLUMN_SOURCE].integer == FEED_EVENT;
    return is_event ? columns[COLUMN_EVENT_TYPE].kind != DB_NULL
                    : columns[COLUMN_VERSION].kind != DB_NULL && columns[COLUMN_REVISION].kind != DB_NULL;
}

static void read_row(struct feed_row *row, const struct db_value *columns, struct arena *arena)
{
    *row = (struct feed_row){
        .sequence = (uint64_t)columns[COLUMN_SEQUENCE].integer,
        .source = (enum feed_source)columns[COLUMN_SOURCE].integer,
        .ordinal = (uint32_t)columns[COLUMN_ORDINAL].integer,
        .organization_external = read_text(arena, &columns[COLUMN_EXTERNAL]),
        .is_primary = columns[COLUMN_PRIMARY].integer != 0,
        .type = (uint16_t)columns[COLUMN_TYPE].integer,
        .kind = (enum history_kind)columns[COLUMN_KIND].integer,
        .is_there = is_there(columns),
        .cause = (int)columns[COLUMN_CAUSE].integer,
        .happened_ms = columns[COLUMN_MADE].integer,
    };
    read_id(&columns[COLUMN_OPERATION], &row->key);
    read_id(&columns[COLUMN_ORGANIZATION], &row->organization.id);
    read_id(&columns[COLUMN_DIRECTORY], &row->directory.id);
    read_id(&columns[COLUMN_RESOURCE], &row->resource.id);
    if (row->is_there)
        (row->source == FEED_CHANGE ? read_change : read_event)(row, columns, arena);
}

static void take_row(struct reading *reading, const struct db_value *columns)
{
    reading->has_feed = true;
    reading->last = (uint64_t)columns[COLUMN_LAST].integer;
    reading->purged = (uint64_t)columns[COLUMN_PURGED].integer;
    if (columns[COLUMN_SEQUENCE].kind != DB_NULL)
        read_row(&reading->rows[reading->count++], columns, &reading->reader->rows);
}

static bool fetch(struct reading *reading, struct err *err)
{
    const struct feed_query *query = reading->query;
    struct db_value environment = db_id(&query->environment.id), organization = column_id(&query->organization.id),
                    directory = column_id(&query->directory.id);
    const struct db_value parameters[] = {environment,
                                          db_integer((int64_t)reading->first),
                                          db_integer((int64_t)reading->most),
                                          db_integer(kinds_of(query->types)),
                                          organization,
                                          organization,
                                          directory,
                                          directory,
                                          db_integer(query->without_directory),
                                          db_integer((int64_t)reading->room),
                                          environment};
    arena_reset(&reading->reader->rows);
    reading->rows = arena_array(&reading->reader->rows, struct feed_row, reading->room);
    reading->count = 0;
    struct db_rows *rows =
        db_query(reading->db, sql_feed_page, parameters, sizeof parameters / sizeof parameters[0], err);
    const struct db_value *columns;
    while (rows && (columns = db_next(rows)))
        take_row(reading, columns);
    reading->fetched += reading->count;
    return rows && db_rows_end(rows, err);
}

/* --- events --- */

/* Rules that cannot be read are the default ones. A reference. */
static bool load_rules(struct reading *reading, const struct feed_row *row, const struct scim_rules **rules_out,
                       struct err *err)
{
    *rules_out = NULL;
    bool has_own = row->is_there && row->source == FEED_CHANGE && !row->has_plain_rules;
    if (has_own && !store_rules_at(reading->db, row->directory, row->revision, rules_out, err))
        return false;
    if (!*rules_out)
        *rules_out = store_rules_ref(&scim_rules_default);
    return true;
}

static bool render_row(struct reading *reading, struct feed_row *row, struct err *err)
{
    const struct scim_rules *rules;
    arena_reset(&reading->reader->row);
    if (!feed_row_complete(reading->db, reading->query->environment, row, &reading->reader->row, err) ||
        !load_rules(reading, row, &rules, err))
        return false;
    feed_render_row(&reading->render, row, rules);
    store_rules_unref(rules);
    return true;
}

static bool render(struct reading *reading, struct err *err)
{
    bool good = true;
    for (size_t i = 0; good && i < reading->count && !reading->render.is_full; i++)
        good = render_row(reading, &reading->rows[i], err);
    return good;
}

static bool check_place(const struct reading *reading, struct err *err)
{
    return !reading->has_feed || reading->query->from.sequence > reading->purged ||
           (reading->query->from.sequence == 0 && reading->purged == 0) ||
           err_set(err, ERR_EXPIRED_CURSOR,
                   "What comes behind the cursor is not kept any more. Take a snapshot of each organization (GET "
                   "/v1/organizations/{id}/snapshot) and go on from its cursor.");
}

/* Everything up to here has been looked at, and nothing was left over. */
static void pass(struct reading *reading, uint64_t sequence)
{
    struct feed_page *page = reading->render.page;
    struct feed_place behind = {sequence + 1, 0};
    if (feed_place_compare(page->next, behind) < 0)
        page->next = behind;
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Few of the rows were events that are asked for: the next statement takes more. */
static size_t more_room(size_t room)
{
    size_t more = room * 4 > LEAST_AGAIN ? room * 4 : LEAST_AGAIN;
    return more < FEED_MOST ? more : FEED_MOST;
}

/* One statement, and what comes of it. */
static bool read_on(struct reading *reading, struct err *err)
{
    const struct feed_query *query = reading->query;
    if (!fetch(reading, err) || !check_place(reading, err) || !render(reading, err))
        return false;
    reading->is_done = reading->render.is_full;
    if (reading->is_done)
        return true;
    uint64_t end = least(reading->most, reading->last);
    uint64_t looked = reading->count == reading->room ? reading->rows[reading->count - 1].sequence : end;
    pass(reading, looked);
    reading->first = looked + 1;
    reading->room = more_room(reading->room);
    reading->is_done = looked >= end || reading->fetched >= MOST_FETCHED;
    reading->render.page->at_end = looked >= least(reading->last, query->until ? query->until : UINT64_MAX);
    return true;
}

bool feed_read(struct feed_reader *reader, struct db *db, const struct feed_query *query, struct arena *arena,
               struct feed_page *page_out, struct err *err)
{
    must(query->limit > 0 && query->limit <= FEED_MOST);
    uint64_t until = query->until ? query->until : INT64_MAX;
    *page_out = (struct feed_page){.list = arena_array(arena, struct feed_event, query->limit), .next = query->from};
    struct reading reading = {
        .reader = reader,
        .db = db,
        .query = query,
        .render = {.query = query, .page = page_out, .arena = arena, .scratch = &reader->row},
        .first = query->from.sequence,
        .room = query->limit,
        .most = least(query->from.sequence + FEED_MOST_ROWS - 1, until),
    };
    buf_init(&reading.render.text, FEED_EVENT_BYTES);
    bool good = true;
    while (good && !reading.is_done)
        good = read_on(&reading, err);
    buf_fini(&reading.render.text);
    return good;
}
