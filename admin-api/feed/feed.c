#include "feed.h"

#include "admin_api_sql.h"

const char *const feed_type_names[FEED_TYPES] = {
#define EVENT_TYPE(name, meaning) name,
#include "store/event_types.def"
#undef EVENT_TYPE
};

const char *const feed_type_meanings[FEED_TYPES] = {
#define EVENT_TYPE(name, meaning) meaning,
#include "store/event_types.def"
#undef EVENT_TYPE
};

int feed_place_compare(struct feed_place a, struct feed_place b)
{
    if (a.sequence != b.sequence)
        return a.sequence < b.sequence ? -1 : 1;
    return (a.part > b.part) - (a.part < b.part);
}

int feed_type_find(struct slice name)
{
    for (int i = 0; i < FEED_TYPES; i++)
        if (slice_equals(slice_str(feed_type_names[i]), name))
            return i;
    return -1;
}

/* "user.*" as well as a name. */
static uint64_t types_named(struct slice name)
{
    bool is_noun = name.len > 2 && name.data[name.len - 1] == '*' && name.data[name.len - 2] == '.';
    int type = feed_type_find(name);
    uint64_t types = 0;
    if (!is_noun)
        return type < 0 ? 0 : UINT64_C(1) << type;
    for (int i = 0; i < FEED_TYPES; i++)
        if (slice_starts_with(slice_str(feed_type_names[i]), slice_of(name.data, name.len - 1)))
            types |= UINT64_C(1) << i;
    return types;
}

/* The list of all does not fit into an error's detail. */
static bool refuse(struct slice name, struct err *err)
{
    return err_set(
        err, ERR_BAD_REQUEST,
        "There is no type of event \"%.*s\": there are user, group, resource, organization, directory, token, "
        "import, webhook and stream, each with \".*\" for all of it (docs/events.md).",
        (int)(name.len < 40 ? name.len : 40), name.data);
}

bool feed_types_parse(struct slice list, uint64_t *types_out, struct err *err)
{
    *types_out = 0;
    while (true) {
        const char *comma = list.len ? memchr(list.data, ',', list.len) : NULL;
        size_t length = comma ? (size_t)(comma - list.data) : list.len;
        struct slice name = slice_trim(slice_of(list.data, length));
        uint64_t types = types_named(name);
        if (!types)
            return refuse(name, err);
        *types_out |= types;
        if (!comma)
            return true;
        list = slice_skip(list, length + 1);
    }
}

bool feed_ends_of(struct db *db, struct environment_id environment, struct feed_ends *ends_out, struct err *err)
{
    const struct db_value parameter = db_id(&environment.id), *row;
    if (!db_query_one(db, sql_feed_last, &parameter, 1, &row, err))
        return false;
    *ends_out =
        (struct feed_ends){.last = row ? (uint64_t)row[0].integer : 0, .purged = row ? (uint64_t)row[1].integer : 0};
    return true;
}
