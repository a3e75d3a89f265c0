#include "role_book.h"

#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/buf.h"
#include "base/must.h"
#include "scim/unicode.h"

enum { WORDS = (ROLE_RULES_MOST + 63) / 64, BUCKETS = 1024, MOST_NAME = 4096 };

struct ranked { /* a rule in the order of priorities */
    const struct role_rule *rule;
    struct slice key; /* group_name, prepared as displayNames are compared */
    size_t role;      /* place of its role in the list of names */
};

struct grouped { /* what the rules say of one group */
    struct grouped *same_bucket;
    struct id group;
    uint64_t ranks[WORDS]; /* of the rules that name it */
};

struct role_book {
    struct arena *arena;
    struct role_rule *rules;
    struct ranked *ranked;
    size_t count, words;
    struct slice *names; /* of roles that rules name, each once */
    size_t name_count;
    struct slice default_role;
    bool by_name; /* some rule looks at displayNames */
    struct grouped *buckets[BUCKETS];
};

static struct slice prepare(struct slice name, struct arena *arena)
{
    struct buf text;
    buf_init(&text, MOST_NAME);
    scim_prepare_folded(name, &text);
    struct slice kept = arena_slice(arena, buf_slice(&text));
    buf_fini(&text);
    return kept;
}

static int compare_ranks(const void *a, const void *b)
{
    const struct role_rule *left = ((const struct ranked *)a)->rule, *right = ((const struct ranked *)b)->rule;
    if (left->priority != right->priority)
        return left->priority > right->priority ? -1 : 1;
    return (left > right) - (left < right);
}

static size_t place_of_role(struct role_book *book, struct slice name)
{
    size_t i = 0;
    while (i < book->name_count && !slice_equals(book->names[i], name))
        i++;
    if (i == book->name_count)
        book->names[book->name_count++] = name;
    return i;
}

struct role_book *role_book_make(const struct role_rule *rules, size_t count, struct slice default_role,
                                 struct arena *arena)
{
    struct role_book *book = arena_new(arena, struct role_book);
    must(count <= ROLE_RULES_MOST);
    book->arena = arena;
    book->count = count;
    book->words = (count + 63) / 64;
    book->default_role = default_role;
    book->rules = arena_array(arena, struct role_rule, count + 1);
    book->ranked = arena_array(arena, struct ranked, count + 1);
    book->names = arena_array(arena, struct slice, count + 1);
    for (size_t i = 0; i < count; i++) {
        book->rules[i] = rules[i];
        book->ranked[i].rule = &book->rules[i];
        if (rules[i].kind == ROLE_BY_GROUP_ID)
            continue;
        book->ranked[i].key = prepare(rules[i].group_name, arena);
        book->by_name = true;
    }
    if (count > 1)
        qsort(book->ranked, count, sizeof(*book->ranked), compare_ranks);
    for (size_t i = 0; i < count; i++)
        book->ranked[i].role = place_of_role(book, book->ranked[i].rule->role);
    return book;
}

const struct role_rule *role_book_rules(const struct role_book *book, size_t *count_out)
{
    *count_out = book->count;
    return book->rules;
}

struct slice role_book_default(const struct role_book *book) { return book->default_role; }

/* --- resolving --- */

static bool names_group(const struct ranked *ranked, const struct scim_group_ref *group, struct slice display)
{
    switch (ranked->rule->kind) {
    case ROLE_BY_GROUP_ID:
        return id_equals(&ranked->rule->group, &group->id.id);
    case ROLE_BY_GROUP_NAME:
        return slice_equals(ranked->key, display);
    case ROLE_BY_GROUP_PREFIX:
        return slice_starts_with(display, ranked->key);
    }
    return false;
}

static struct grouped *look_up(struct role_book *book, const struct scim_group_ref *group)
{
    struct grouped *found = arena_new(book->arena, struct grouped);
    struct slice display = book->by_name ? prepare(group->display, book->arena) : SLICE_EMPTY;
    found->group = group->id.id;
    for (size_t i = 0; i < book->count; i++)
        if (names_group(&book->ranked[i], group, display))
            found->ranks[i / 64] |= UINT64_C(1) << (i % 64);
    return found;
}

static size_t bucket_of(const struct id *id)
{
    return (size_t)(id->bytes[ID_BYTES - 1] | id->bytes[ID_BYTES - 2] << 8) % BUCKETS;
}

static const struct grouped *find(struct role_book *book, const struct scim_group_ref *group)
{
    struct grouped **bucket = &book->buckets[bucket_of(&group->id.id)];
    for (struct grouped *at = *bucket; at; at = at->same_bucket)
        if (id_equals(&at->group, &group->id.id))
            return at;
    struct grouped *made = look_up(book, group);
    made->same_bucket = *bucket;
    *bucket = made;
    return made;
}

/* The roles of these rules, in the order of their ranks, each once. */
static struct role_names collect(struct role_book *book, const uint64_t ranks[WORDS])
{
    uint64_t seen[WORDS] = {0};
    struct slice list[ROLES_MOST];
    size_t count = 0;
    for (size_t word = 0; word < book->words; word++) {
        for (uint64_t left = ranks[word]; left && count < ROLES_MOST; left &= left - 1) {
            size_t role = book->ranked[word * 64 + (size_t)__builtin_ctzll(left)].role;
            if (seen[role / 64] >> (role % 64) & 1)
                continue;
            seen[role / 64] |= UINT64_C(1) << (role % 64);
            list[count++] = book->names[role];
        }
    }
    if (count == 0)
        return (struct role_names){.list = &book->default_role, .count = book->default_role.len > 0};
    struct slice *kept = arena_array(book->arena, struct slice, count);
    memcpy(kept, list, count * sizeof(*kept));
    return (struct role_names){kept, count};
}

struct role_names role_book_resolve(struct role_book *book, const struct view_refs *groups)
{
    uint64_t ranks[WORDS] = {0};
    for (size_t i = 0; book->count > 0 && i < groups->count; i++) {
        const struct grouped *grouped = find(book, &groups->list[i]);
        for (size_t word = 0; word < book->words; word++)
            ranks[word] |= grouped->ranks[word];
    }
    return collect(book, ranks);
}

/* --- from the database --- */

static struct role_rule rule_of(const struct db_value *row, struct arena *arena)
{
    struct role_rule rule = {.role = arena_slice(arena, row[3].bytes),
                             .priority = row[4].integer,
                             .kind = (enum role_rule_kind)row[5].integer};
    if (rule.kind == ROLE_BY_GROUP_ID)
        db_id_out(&row[6], &rule.group);
    else
        rule.group_name = arena_slice(arena, row[7].bytes);
    return rule;
}

bool role_book_load(struct db *db, struct directory_id directory, struct arena *arena, struct role_book **book_out,
                    int64_t *updated_ms_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&directory.id)}, *row;
    struct role_rule *rules = NULL;
    struct slice default_role = SLICE_EMPTY;
    size_t count = 0;
    if (updated_ms_out)
        *updated_ms_out = 0;
    struct db_rows *rows = db_query(db, sql_role_book, parameters, 1, err);
    while (rows && (row = db_next(rows))) {
        if (updated_ms_out)
            *updated_ms_out = row[0].integer;
        if (!default_role.len)
            default_role = arena_slice(arena, row[1].bytes);
        if (row[2].kind == DB_NULL || count == ROLE_RULES_MOST)
            continue;
        if (!rules)
            rules = arena_array(arena, struct role_rule, ROLE_RULES_MOST);
        rules[count++] = rule_of(row, arena);
    }
    if (!rows || !db_rows_end(rows, err))
        return false;
    *book_out = role_book_make(rules, count, default_role, arena);
    return true;
}

/* Rules are numbered from 0 in the order in which they were put. */
bool role_book_find_present(struct db *db, struct directory_id directory, struct role_book *book, struct err *err)
{
    const struct db_value parameters[] = {db_id(&directory.id)}, *row;
    struct db_rows *rows = db_query(db, sql_role_rules_present, parameters, 1, err);
    while (rows && (row = db_next(rows)))
        if (row[0].integer >= 0 && (size_t)row[0].integer < book->count)
            book->rules[row[0].integer].is_present = true;
    return rows && db_rows_end(rows, err);
}
