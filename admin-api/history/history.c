#include "history.h"

#include "admin_api_sql.h"
#include "base/json.h"
#include "base/num.h"
#include "diff.h"
#include "page.h"
#include "reply.h"
#include "scim/document.h"
#include "scim/project.h"
#include "store/query.h"
#include "store/rules.h"

enum { SHOWN_MEMBERS = 100, DIFF_MEMBERS = 1000 };

/* The columns of history_page and history_row. */
enum {
    COLUMN_VERSION,
    COLUMN_KIND,
    COLUMN_MADE,
    COLUMN_ACTOR,
    COLUMN_CAUSE,
    COLUMN_OPERATION,
    COLUMN_DOCUMENT,
    COLUMN_MEMBERS,
    COLUMN_ACTOR_KIND
};

bool history_not_found(const struct history_request *request, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "The directory has no such %s.",
                   request->of.type == SCIM_TYPE_USER ? "user" : "group");
}

bool history_begin(struct call *call, uint16_t type, struct history_request *request, struct err *err)
{
    *request = (struct history_request){.call = call, .of = {.type = type}};
    if (!directory_of_path(call, DIRECTORY_SHARED, &request->directory, err))
        return false;
    request->of.directory = request->directory.id;
    if (!id_from_uuid(call->op->parameters[1], true, &request->of.id.id))
        return history_not_found(request, err);
    if (!store_rules_load(call->db, request->directory.id, &request->rules, err))
        return false;
    request->type = request->rules ? scim_rules_type(request->rules, type) : NULL;
    return request->type || err_set(err, ERR_INTERNAL, "The rules of the directory cannot be read.");
}

void history_end(struct history_request *request) { store_rules_unref(request->rules); }

/* --- showing --- */

static const char *kind_name(int64_t kind)
{
    static const char *const names[] = {"known", "created", "updated", "deleted", "members_changed", "known"};
    return kind >= 1 && kind <= 5 ? names[kind] : names[0];
}

static const char *cause_name(int64_t cause)
{
    static const char *const names[] = {"scim", "scim", "admin", "job", "restore"};
    return cause >= 1 && cause <= 4 ? names[cause] : names[0];
}

static json_t *show_actor(const struct db_value *row)
{
    static const char *const prefixes[] = {ID_PREFIX_TOKEN, ID_PREFIX_KEY, ID_PREFIX_OPERATOR_KEY,
                                           ID_PREFIX_SIGNING_KEY};
    struct id id;
    if (row[COLUMN_ACTOR].kind == DB_NULL)
        return json_null();
    db_id_out(&row[COLUMN_ACTOR], &id);
    return show_id(prefixes[row[COLUMN_ACTOR_KIND].integer], &id);
}

static json_t *show_uuid(const struct id *id)
{
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(id, text);
    return json_string(text);
}

/* The first of each; all have a list of their own. */
static json_t *show_entries(struct slice entries)
{
    json_t *added = json_array(), *removed = json_array();
    int64_t added_count = 0, removed_count = 0;
    struct resource_id member;
    bool is_added;
    while (history_next_member(&entries, &is_added, &member)) {
        json_t *list = is_added ? added : removed;
        ++*(is_added ? &added_count : &removed_count);
        if (json_array_size(list) < SHOWN_MEMBERS)
            json_array_append_new(list, show_uuid(&member.id));
    }
    return json_pack("{s:o, s:o, s:I, s:I}", "added", added, "removed", removed, "added_count", (json_int_t)added_count,
                     "removed_count", (json_int_t)removed_count);
}

static json_t *show_version(const struct db_value *row)
{
    struct id operation;
    db_id_out(&row[COLUMN_OPERATION], &operation);
    bool has_members = row[COLUMN_MEMBERS].kind != DB_NULL && row[COLUMN_MEMBERS].bytes.len > 0;
    return json_pack("{s:I, s:s, s:o, s:o, s:s, s:o, s:[], s:o}", "version", (json_int_t)row[COLUMN_VERSION].integer,
                     "kind", kind_name(row[COLUMN_KIND].integer), "created_at", show_time(row[COLUMN_MADE].integer),
                     "actor", show_actor(row), "cause", cause_name(row[COLUMN_CAUSE].integer), "change_id",
                     show_uuid(&operation), "attributes", "members",
                     has_members ? show_entries(row[COLUMN_MEMBERS].bytes) : json_null());
}

/* What a schema never returns is not the vendor's to read. */
static void hide(const struct history_request *request, json_t *document)
{
    if (document && request->type->has_hidden)
        scim_projection_apply(NULL, request->type, document);
}

/* --- the list --- */

struct listing { /* newest first: what a version changed is told by the one behind it */
    struct history_request *request;
    json_t *list;
    json_t *newer_entry, *newer; /* the entry whose predecessor has not come yet, and its document */
};

static void settle_newer(struct listing *listing, const json_t *older)
{
    if (listing->newer_entry)
        json_object_set_new(listing->newer_entry, "attributes", diff_paths(older, listing->newer));
    json_decref(listing->newer);
    listing->newer_entry = listing->newer = NULL;
}

static void add_version(struct listing *listing, const struct db_value *row)
{
    json_t *entry = show_version(row), *document = NULL;
    json_array_append_new(listing->list, entry);
    if (row[COLUMN_DOCUMENT].kind == DB_NULL)
        return;
    document = json_loadb(row[COLUMN_DOCUMENT].bytes.data, row[COLUMN_DOCUMENT].bytes.len, 0, NULL);
    hide(listing->request, document);
    settle_newer(listing, document);
    if (row[COLUMN_KIND].integer == HISTORY_UPDATED) {
        listing->newer_entry = entry;
        listing->newer = document;
    } else {
        json_decref(document);
    }
}

static struct id page_place(uint64_t version)
{
    struct id id = {{0}};
    for (size_t i = 0; i < 8; i++)
        id.bytes[ID_BYTES - 1 - i] = (uint8_t)(version >> 8 * i);
    return id;
}

static uint64_t version_of_place(const struct id *id)
{
    uint64_t version = 0;
    for (size_t i = 8; i < ID_BYTES; i++)
        version = version << 8 | id->bytes[i];
    return version;
}

static bool collect(struct listing *listing, struct page *page, struct err *err)
{
    const struct history_of *of = &listing->request->of;
    struct db *db = listing->request->call->db;
    uint64_t before = id_is_zero(&page->after) ? INT64_MAX : version_of_place(&page->after);
    const struct db_value parameters[] = {db_id(&of->directory.id), db_integer(of->type), db_id(&of->id.id),
                                          db_integer((int64_t)before), db_integer((int64_t)page->limit + 1)};
    const struct db_value *row;
    struct db_rows *rows = db_query(db, sql_history_page, parameters, 5, err);
    if (!rows)
        return false;
    while ((row = db_next(rows))) {
        page->has_more = json_array_size(listing->list) == page->limit;
        if (page->has_more)
            continue;
        page->last = page_place((uint64_t)row[COLUMN_VERSION].integer);
        add_version(listing, row);
    }
    return db_rows_end(rows, err);
}

/* The last entry's predecessor is on the next page, or all that is left of it is a row that says what was before. */
static bool settle_last(struct listing *listing, struct err *err)
{
    struct history_document older;
    if (!listing->newer_entry)
        return true;
    uint64_t version = (uint64_t)json_integer_value(json_object_get(listing->newer_entry, "version"));
    if (!history_document_at(listing->request->call->db, &listing->request->of, version - 1, &older, err))
        return false;
    hide(listing->request, older.document);
    if (older.found)
        settle_newer(listing, older.document);
    json_decref(older.document);
    return true;
}

static bool is_there(const struct history_request *request, struct err *err)
{
    const struct view_resource *row;
    struct call *call = request->call;
    return store_resource(call->db, request->of.directory, request->of.type, request->of.id, call_arena(call), &row,
                          err) &&
           (row || history_not_found(request, err));
}

static bool answer_list(struct history_request *request, struct err *err)
{
    struct call *call = request->call;
    struct page page;
    if (!page_read(call, &request->of.id.id, &page, err))
        return false;
    struct listing listing = {.request = request, .list = json_array()};
    bool good = collect(&listing, &page, err) && settle_last(&listing, err) &&
                (json_array_size(listing.list) > 0 || is_there(request, err));
    json_decref(listing.newer);
    if (!good) {
        json_decref(listing.list);
        return false;
    }
    return reply_json(call->op, 200,
                      json_pack("{s:o, s:s?}", "versions", listing.list, "next_cursor", page_next(call, &page)));
}

/* It is there, or was. */
static bool is_known(const struct history_request *request, struct err *err)
{
    struct history_last last;
    return history_last_of(request->call->db, &request->of, &last, err) && (last.found || is_there(request, err));
}

/* --- one version --- */

static bool read_version(const struct history_request *request, struct slice text, uint64_t *version_out,
                         struct err *err)
{
    return num_parse_uint(text, 1, INT64_MAX, version_out) ||
           err_set(err, ERR_NOT_FOUND, "The %s has no such version.",
                   request->of.type == SCIM_TYPE_USER ? "user" : "group");
}

static bool refuse_version(const struct history_request *request, struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "The %s has no such version, or not any more.",
                   request->of.type == SCIM_TYPE_USER ? "user" : "group");
}

/* Who has not changed for longer than changes are kept is what it is now. */
static bool load_current(const struct history_request *request, uint64_t version, json_t **document_out,
                         int64_t *made_ms_out, struct err *err)
{
    const struct view_resource *row;
    struct call *call = request->call;
    if (!store_resource(call->db, request->of.directory, request->of.type, request->of.id, call_arena(call), &row, err))
        return false;
    if (!row)
        return history_not_found(request, err);
    if (row->version != version)
        return refuse_version(request, err);
    *document_out = scim_document_load(row->stored);
    *made_ms_out = row->modified_ms;
    return true;
}

bool history_load(const struct history_request *request, uint64_t version, json_t **document_out, int64_t *made_ms_out,
                  struct err *err)
{
    struct history_document found;
    struct history_last last;
    *document_out = NULL;
    if (!history_document_at(request->call->db, &request->of, version, &found, err) ||
        !history_last_of(request->call->db, &request->of, &last, err))
        return false;
    bool known = found.found && (version <= last.version || found.version == version);
    if (known && found.kind != HISTORY_DELETED) {
        *document_out = found.document;
        *made_ms_out = found.made_ms;
        return true;
    }
    json_decref(found.document);
    return known ? refuse_version(request, err) : load_current(request, version, document_out, made_ms_out, err);
}

static json_t *show_resource(const struct history_request *request, json_t *document, uint64_t version, int64_t made_ms)
{
    char id[ID_UUID_CHARS + 1], tag[32];
    id_to_uuid(&request->of.id.id, id);
    snprintf(tag, sizeof tag, "W/\"%llu\"", (unsigned long long)version);
    hide(request, document);
    json_object_set_new(document, "id", json_string(id));
    json_object_set_new(document, "meta",
                        json_pack("{s:s, s:o, s:s}", "resourceType", request->type->name, "lastModified",
                                  show_time(made_ms), "version", tag));
    return document;
}

static bool load_row(const struct history_request *request, uint64_t version, json_t **entry_out, bool *deleted_out,
                     struct err *err)
{
    const struct history_of *of = &request->of;
    const struct db_value parameters[] = {db_id(&of->directory.id), db_integer(of->type), db_id(&of->id.id),
                                          db_integer((int64_t)version)};
    const struct db_value *row;
    if (!db_query_one(request->call->db, sql_history_row, parameters, 4, &row, err))
        return false;
    *deleted_out = row && row[COLUMN_KIND].integer == HISTORY_DELETED;
    *entry_out = row ? show_version(row) : NULL;
    return true;
}

static json_t *bare_entry(uint64_t version, int64_t made_ms)
{
    return json_pack("{s:I, s:s, s:o, s:n, s:n, s:n, s:[], s:n}", "version", (json_int_t)version, "kind", "known",
                     "created_at", show_time(made_ms), "actor", "cause", "change_id", "attributes", "members");
}

static bool answer_version(struct history_request *request, struct err *err)
{
    struct call *call = request->call;
    uint64_t version;
    json_t *entry, *document = NULL;
    bool deleted;
    int64_t made_ms = 0;
    if (!is_known(request, err) || !read_version(request, call->op->parameters[2], &version, err) ||
        !load_row(request, version, &entry, &deleted, err))
        return false;
    if (!deleted && !history_load(request, version, &document, &made_ms, err)) {
        json_decref(entry);
        return false;
    }
    if (!entry)
        entry = bare_entry(version, made_ms);
    json_object_set_new(entry, "resource", document ? show_resource(request, document, version, made_ms) : json_null());
    return reply_json(call->op, 200, entry);
}

/* --- what is different --- */

static json_t *show_ids(const struct resource_id *ids, size_t count)
{
    json_t *list = json_array();
    for (size_t i = 0; i < count && i < DIFF_MEMBERS; i++)
        json_array_append_new(list, show_uuid(&ids[i].id));
    return list;
}

static bool diff_members(const struct history_request *request, uint64_t from, uint64_t to, json_t **shown_out,
                         struct err *err)
{
    struct history_members members;
    struct call *call = request->call;
    uint64_t first = from < to ? from : to, last = from < to ? to : from;
    *shown_out = NULL;
    if (request->of.type != SCIM_TYPE_GROUP)
        return true;
    if (!history_members_between(call->db, &request->of, first, last, call_arena(call), &members, err))
        return false;
    bool backward = to < from;
    json_t *added = show_ids(members.added, members.added_count);
    json_t *removed = show_ids(members.removed, members.removed_count);
    *shown_out =
        json_pack("{s:o, s:o, s:I, s:I}", "added", backward ? removed : added, "removed", backward ? added : removed,
                  "added_count", (json_int_t)(backward ? members.removed_count : members.added_count), "removed_count",
                  (json_int_t)(backward ? members.added_count : members.removed_count));
    return true;
}

static bool read_range(const struct history_request *request, uint64_t *from_out, uint64_t *to_out, struct err *err)
{
    struct call *call = request->call;
    if (!call->query[QUERY_FROM].data || !call->query[QUERY_TO].data)
        return err_set(err, ERR_BAD_REQUEST, "from and to are needed: numbers of versions.");
    return read_version(request, call->query[QUERY_FROM], from_out, err) &&
           read_version(request, call->query[QUERY_TO], to_out, err);
}

static bool answer_diff(struct history_request *request, struct err *err)
{
    struct call *call = request->call;
    uint64_t from, to;
    int64_t ignored;
    json_t *members;
    json_scoped *before = NULL, *after = NULL;
    if (!is_known(request, err) || !read_range(request, &from, &to, err) ||
        !history_load(request, from, &before, &ignored, err) || !history_load(request, to, &after, &ignored, err) ||
        !diff_members(request, from, to, &members, err))
        return false;
    hide(request, before);
    hide(request, after);
    json_t *attributes = diff_documents(before, after, request->rules, request->type, call_arena(call));
    return reply_json(call->op, 200,
                      json_pack("{s:I, s:I, s:o, s:o}", "from", (json_int_t)from, "to", (json_int_t)to, "attributes",
                                attributes, "members", members ? members : json_null()));
}

/* --- the members that a version of a group changed --- */

static json_t *show_change(bool added, const struct resource_id *member)
{
    return json_pack("{s:o, s:s}", "id", show_uuid(&member->id), "change", added ? "added" : "removed");
}

static json_t *page_of_entries(struct page *page, struct slice entries)
{
    json_t *list = json_array();
    struct resource_id member;
    bool added;
    while (!page->has_more && history_next_member(&entries, &added, &member)) {
        if (id_compare(&member.id, &page->after) <= 0)
            continue;
        page->has_more = json_array_size(list) == page->limit;
        if (page->has_more)
            break;
        json_array_append_new(list, show_change(added, &member));
        page->last = member.id;
    }
    return list;
}

static bool answer_members(struct history_request *request, struct err *err)
{
    struct call *call = request->call;
    struct page page;
    uint64_t version;
    if (!is_known(request, err) || !read_version(request, call->op->parameters[2], &version, err) ||
        !page_read(call, &request->of.id.id, &page, err))
        return false;
    const struct history_of *of = &request->of;
    const struct db_value parameters[] = {db_id(&of->directory.id), db_integer(of->type), db_id(&of->id.id),
                                          db_integer((int64_t)version)};
    const struct db_value *row;
    if (!db_query_one(call->db, sql_history_row, parameters, 4, &row, err))
        return false;
    if (!row)
        return refuse_version(request, err);
    json_t *list = page_of_entries(&page, row[COLUMN_MEMBERS].bytes);
    return reply_json(call->op, 200, json_pack("{s:o, s:s?}", "members", list, "next_cursor", page_next(call, &page)));
}

/* --- operations --- */

typedef bool answer_fn(struct history_request *request, struct err *err);

static bool run(struct call *call, uint16_t type, answer_fn *answer, struct err *err)
{
    struct history_request request;
    bool good = history_begin(call, type, &request, err) && answer(&request, err);
    history_end(&request);
    return good;
}

#define HANDLER(name, type, answer)                                                                                    \
    static bool name(struct call *call, struct err *err) { return run(call, type, answer, err); }
HANDLER(list_user, SCIM_TYPE_USER, answer_list)
HANDLER(list_group, SCIM_TYPE_GROUP, answer_list)
HANDLER(get_user, SCIM_TYPE_USER, answer_version)
HANDLER(get_group, SCIM_TYPE_GROUP, answer_version)
HANDLER(diff_user, SCIM_TYPE_USER, answer_diff)
HANDLER(diff_group, SCIM_TYPE_GROUP, answer_diff)
HANDLER(list_members, SCIM_TYPE_GROUP, answer_members)

#define READS(name, queries_, handler)                                                                                 \
    {                                                                                                                  \
        .operation = ADMIN_OPERATION(name, SCOPE_ADMIN_READ), .queries = (queries_), .handle = (handler)               \
    }
#define RANGE (QUERY_BIT(QUERY_FROM) | QUERY_BIT(QUERY_TO))
const struct admin_operation user_history = READS("user.history", QUERY_PAGE, list_user);
const struct admin_operation user_version = READS("user.version", 0, get_user);
const struct admin_operation user_diff = READS("user.diff", RANGE, diff_user);
const struct admin_operation group_history = READS("group.history", QUERY_PAGE, list_group);
const struct admin_operation group_version = READS("group.version", 0, get_group);
const struct admin_operation group_diff = READS("group.diff", RANGE, diff_group);
const struct admin_operation group_version_members = READS("group.version_members", QUERY_PAGE, list_members);
