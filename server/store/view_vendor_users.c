/* Whom of the vendor's own users the written ones are. One statement for a batch and directory, and none where the
 * vendor has imported nobody; more only when somebody is recognised, which happens once for each. */
#include "scim/schema.h"
#include "store/find.h"
#include "store/vendor.h"
#include "store_sql.h"
#include "view_people.h"

struct candidate { /* a vendor user that a written one may be */
    struct candidate *next;
    struct id id, resource;
    bool linked;
    enum vendor_state state;
    enum vendor_conflict conflict;
    struct slice user_name, email, previous_unique, previous_external;
};

/* Recognised by a key that other users of the directory may have, too. */
struct pending {
    struct pending *next;
    const struct known *subject;
    struct candidate *candidate;
    struct slice key;
    enum vendor_match how;
    bool refuted;
};

struct linking { /* of one directory */
    struct view *view;
    struct directory_id directory;
    struct candidate *candidates;
    struct pending *pending;
    struct people_rows links, conflicts;
};

static bool is_user_name_unique(const struct scim_row_keys *keys)
{
    for (size_t i = 0; i < keys->key_count; i++)
        if (keys->keys[i].code == SCIM_INDEX_USER_NAME)
            return false;
    return true;
}

static struct slice user_name_of(const struct scim_row_keys *keys)
{
    for (size_t i = 0; i < keys->key_count; i++)
        if (keys->keys[i].code == SCIM_INDEX_USER_NAME)
            return keys->keys[i].key;
    return keys->unique_key;
}

static bool has_email(const struct scim_row_keys *keys, struct slice email)
{
    for (size_t i = 0; email.len > 0 && i < keys->key_count; i++)
        if (keys->keys[i].code == SCIM_INDEX_EMAIL && slice_equals(keys->keys[i].key, email))
            return true;
    return false;
}

static bool is_recognisable(const struct scim_key *key)
{
    return key->code == SCIM_INDEX_USER_NAME || key->code == SCIM_INDEX_EMAIL;
}

/* Both lists are sorted. */
static bool has_same_names(const struct scim_row_keys *a, const struct scim_row_keys *b)
{
    size_t i = 0, k = 0;
    for (;; i++, k++) {
        while (i < a->key_count && !is_recognisable(&a->keys[i]))
            i++;
        while (k < b->key_count && !is_recognisable(&b->keys[k]))
            k++;
        if (i == a->key_count || k == b->key_count)
            return i == a->key_count && k == b->key_count && slice_equals(a->unique_key, b->unique_key) &&
                   slice_equals(a->external_key, b->external_key);
        if (a->keys[i].code != b->keys[k].code || !slice_equals(a->keys[i].key, b->keys[k].key))
            return false;
    }
}

static bool is_subject(const struct linking *of, const struct known *known)
{
    if (!view_is_user(known) || !known->exists || !known->keys_after ||
        !id_equals(&known->key.directory.id, &of->directory.id))
        return false;
    return !known->keys_before || !has_same_names(known->keys_before, known->keys_after);
}

/* The first subject from there on; NULL: none. */
static const struct known *subject_from(const struct linking *of, const struct known *known)
{
    while (known && !is_subject(of, known))
        known = known->next_staged;
    return known;
}

static const struct known *first_subject(const struct linking *of)
{
    return subject_from(of, of->view->staged_resources);
}

static const struct known *next_subject(const struct linking *of, const struct known *known)
{
    return subject_from(of, known->next_staged);
}

/* --- who may be whom --- */

static struct slice text_of(struct arena *arena, const struct db_value *value)
{
    return value->kind == DB_BYTES ? arena_slice(arena, value->bytes) : SLICE_EMPTY;
}

static void take_candidate(const struct db_value *row, void *context)
{
    struct linking *of = context;
    struct arena *arena = &of->view->arena;
    struct id id;
    db_id_out(&row[0], &id);
    for (const struct candidate *known = of->candidates; known; known = known->next)
        if (id_equals(&known->id, &id))
            return;
    struct candidate *candidate = arena_new(arena, struct candidate);
    *candidate = (struct candidate){
        .next = of->candidates,
        .id = id,
        .linked = row[1].kind != DB_NULL,
        .state = (enum vendor_state)row[2].integer,
        .conflict = (enum vendor_conflict)row[3].integer,
        .user_name = text_of(arena, &row[4]),
        .email = text_of(arena, &row[5]),
        .previous_unique = text_of(arena, &row[6]),
        .previous_external = text_of(arena, &row[7]),
    };
    if (candidate->linked)
        db_id_out(&row[1], &candidate->resource);
    of->candidates = candidate;
}

enum { BY_RESOURCE, BY_USER_NAME, BY_EMAIL, BY_PREVIOUS_EXTERNAL, BY_PREVIOUS_UNIQUE, LISTS };

static void name_keys(const struct linking *of, const struct known *known, struct store_keys lists[LISTS])
{
    struct arena *arena = &of->view->arena;
    const struct scim_row_keys *keys = known->keys_after;
    store_keys_add(&lists[BY_RESOURCE], arena, slice_of((const char *)known->key.id.bytes, ID_BYTES));
    store_keys_add(&lists[BY_USER_NAME], arena, user_name_of(keys));
    for (size_t i = 0; i < keys->key_count; i++)
        if (keys->keys[i].code == SCIM_INDEX_EMAIL)
            store_keys_add(&lists[BY_EMAIL], arena, keys->keys[i].key);
    store_keys_add(&lists[BY_PREVIOUS_EXTERNAL], arena, keys->external_key);
    store_keys_add(&lists[BY_PREVIOUS_UNIQUE], arena, keys->unique_key);
}

static bool find_candidates(struct linking *of, struct db *db, struct err *err)
{
    static struct store_find_query query = {.sql = sql_vendor_find, .lists = LISTS};
    struct store_keys lists[LISTS] = {{NULL, 0, 0}};
    for (const struct known *known = first_subject(of); known; known = next_subject(of, known))
        name_keys(of, known, lists);
    return store_find(db, &query, of->directory, lists, take_candidate, of, err);
}

/* --- recognising --- */

static void link(struct linking *of, const struct known *subject, struct candidate *candidate, enum vendor_match how)
{
    candidate->linked = true;
    candidate->resource = subject->key.id;
    PEOPLE_ROW(&of->links, db_id(&subject->key.id), db_integer(how), db_integer(subject->row->modified_ms),
               db_integer(subject->row->modified_ms), db_id(&of->directory.id), db_id(&candidate->id));
}

static void doubt(struct linking *of, struct candidate *candidate, enum vendor_conflict why)
{
    if (candidate->linked || candidate->state == VENDOR_CONFLICT)
        return;
    candidate->state = VENDOR_CONFLICT;
    candidate->conflict = why;
    PEOPLE_ROW(&of->conflicts, db_integer(why), db_id(&of->directory.id), db_id(&candidate->id));
}

typedef bool alike_fn(const struct candidate *candidate, const struct scim_row_keys *keys);

static bool is_told_apart(const struct candidate *candidate, const struct scim_row_keys *keys)
{
    return candidate->previous_external.len > 0 && keys->external_key.len > 0 &&
           !slice_equals(candidate->previous_external, keys->external_key);
}

static bool is_free(const struct candidate *candidate)
{
    return !candidate->linked && candidate->conflict != VENDOR_UNLINKED;
}

static bool came_back_by_id(const struct candidate *candidate, const struct scim_row_keys *keys)
{
    return is_free(candidate) && candidate->previous_external.len > 0 &&
           slice_equals(candidate->previous_external, keys->external_key);
}

static bool came_back_by_name(const struct candidate *candidate, const struct scim_row_keys *keys)
{
    return is_free(candidate) && candidate->previous_unique.len > 0 && !is_told_apart(candidate, keys) &&
           slice_equals(candidate->previous_unique, keys->unique_key);
}

static bool has_user_name(const struct candidate *candidate, const struct scim_row_keys *keys)
{
    return candidate->user_name.len > 0 && slice_equals(candidate->user_name, user_name_of(keys));
}

static bool has_address(const struct candidate *candidate, const struct scim_row_keys *keys)
{
    return has_email(keys, candidate->email);
}

/* How many there are, linked ones included, and the last of them. */
static size_t count_alike(const struct linking *of, const struct scim_row_keys *keys, alike_fn *alike,
                          struct candidate **one_out)
{
    size_t count = 0;
    for (struct candidate *candidate = of->candidates; candidate; candidate = candidate->next) {
        if (!alike(candidate, keys))
            continue;
        *one_out = candidate;
        count++;
    }
    return count;
}

static void doubt_alike(struct linking *of, const struct scim_row_keys *keys, alike_fn *alike)
{
    for (struct candidate *candidate = of->candidates; candidate; candidate = candidate->next)
        if (alike(candidate, keys))
            doubt(of, candidate, VENDOR_SHARED);
}

static bool recognise_returned(struct linking *of, const struct known *subject)
{
    struct candidate *one;
    alike_fn *const ways[] = {came_back_by_id, came_back_by_name};
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++)
        if (count_alike(of, subject->keys_after, ways[i], &one) == 1) {
            link(of, subject, one, VENDOR_CAME_BACK);
            return true;
        }
    return false;
}

static void suspect(struct linking *of, const struct known *subject, struct candidate *one, enum vendor_match how)
{
    struct pending *pending = arena_new(&of->view->arena, struct pending);
    *pending = (struct pending){.next = of->pending,
                                .subject = subject,
                                .candidate = one,
                                .key = how == VENDOR_BY_EMAIL ? one->email : one->user_name,
                                .how = how};
    of->pending = pending;
}

/* true: it is known who the subject is, or that nobody can tell. */
static bool recognise_by(struct linking *of, const struct known *subject, alike_fn *alike, enum vendor_match how,
                         bool key_is_unique)
{
    struct candidate *one = NULL;
    size_t count = count_alike(of, subject->keys_after, alike, &one);
    if (count > 1)
        doubt_alike(of, subject->keys_after, alike);
    if (count != 1 || !is_free(one))
        return count > 1;
    if (is_told_apart(one, subject->keys_after))
        doubt(of, one, VENDOR_STRANGER);
    else if (key_is_unique)
        link(of, subject, one, how);
    else if (one->state != VENDOR_CONFLICT)
        suspect(of, subject, one, how);
    return true;
}

static bool is_linked(const struct linking *of, const struct known *subject)
{
    for (const struct candidate *candidate = of->candidates; candidate; candidate = candidate->next)
        if (candidate->linked && id_equals(&candidate->resource, &subject->key.id))
            return true;
    return false;
}

static void recognise(struct linking *of, const struct known *subject)
{
    bool unique = is_user_name_unique(subject->keys_after);
    if (is_linked(of, subject) || recognise_returned(of, subject) ||
        recognise_by(of, subject, has_user_name, VENDOR_BY_USER_NAME, unique))
        return;
    recognise_by(of, subject, has_address, VENDOR_BY_EMAIL, false);
}

/* --- keys that others have, too --- */

struct refuting {
    struct linking *of;
    enum vendor_match how;
};

static void refute(const struct db_value *row, void *context)
{
    struct refuting *refuting = context;
    for (struct pending *pending = refuting->of->pending; pending; pending = pending->next)
        if (pending->how == refuting->how && slice_equals(pending->key, row[0].bytes))
            pending->refuted = true;
}

static bool refute_pending(struct linking *of, struct db *db, enum vendor_match how, struct store_find_query *query,
                           struct err *err)
{
    struct store_keys keys = {NULL, 0, 0};
    struct refuting refuting = {of, how};
    for (const struct pending *pending = of->pending; pending; pending = pending->next)
        if (pending->how == how)
            store_keys_add(&keys, &of->view->arena, pending->key);
    return store_find(db, query, of->directory, &keys, refute, &refuting, err);
}

static bool settle_pending(struct linking *of, struct db *db, struct err *err)
{
    static struct store_find_query emails = {.sql = sql_vendor_shared_emails, .lists = 1};
    static struct store_find_query names = {.sql = sql_vendor_shared_user_names, .lists = 1};
    if (!refute_pending(of, db, VENDOR_BY_EMAIL, &emails, err) ||
        !refute_pending(of, db, VENDOR_BY_USER_NAME, &names, err))
        return false;
    for (struct pending *pending = of->pending; pending; pending = pending->next) {
        if (pending->refuted)
            doubt(of, pending->candidate, VENDOR_SEVERAL);
        else if (!pending->candidate->linked)
            link(of, pending->subject, pending->candidate, pending->how);
    }
    return true;
}

/* --- writing --- */

/* A vendor user that somebody else has linked meanwhile: the batch is run again, and sees it. */
static bool save(const struct linking *of, struct db *db, struct err *err)
{
    uint64_t linked;
    return people_run(db, sql_vendor_link, &of->links, &linked, err) &&
           (linked == of->links.count ||
            err_set(err, ERR_CONFLICT, "The resource was changed by someone else meanwhile")) &&
           people_run(db, sql_vendor_doubt, &of->conflicts, NULL, err);
}

static bool link_directory(struct view *view, struct db *db, struct directory_id directory, struct err *err)
{
    struct linking of = {
        .view = view,
        .directory = directory,
        .links = {.view = view, .width = 6},
        .conflicts = {.view = view, .width = 3},
    };
    if (!find_candidates(&of, db, err))
        return false;
    if (!of.candidates)
        return true;
    for (const struct known *known = first_subject(&of); known; known = next_subject(&of, known))
        recognise(&of, known);
    return settle_pending(&of, db, err) && save(&of, db, err);
}

/* Who was deleted is nobody's any more. What is remembered of it tells when the person comes back. */
static bool unlink_deleted(struct view *view, struct db *db, const struct view_flagged *flagged, struct err *err)
{
    struct people_rows rows = {.view = view, .width = 5};
    for (const struct known *known = view->staged_resources; known; known = known->next_staged)
        if (view_is_user(known) && view_was_deleted(known) && known->keys_before &&
            view_is_flagged(flagged, known->key.directory))
            PEOPLE_ROW(&rows, db_bytes_or_null(known->keys_before->unique_key),
                       db_bytes_or_null(known->keys_before->external_key), db_integer(known->row->modified_ms),
                       db_id(&known->key.directory.id), db_id(&known->key.id));
    return people_run(db, sql_vendor_unlink_deleted, &rows, NULL, err);
}

bool view_link_vendor_users(struct view *view, struct db *db, struct err *err)
{
    struct view_flagged flagged;
    view_find_flagged(view, VIEW_HAS_VENDOR_USERS, &flagged);
    if (flagged.count == 0)
        return true;
    if (!unlink_deleted(view, db, &flagged, err))
        return false;
    for (size_t i = 0; i < flagged.count; i++)
        if (!link_directory(view, db, flagged.list[i], err))
            return false;
    return true;
}
