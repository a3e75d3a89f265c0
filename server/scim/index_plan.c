#include "base/id.h"
#include "index_extra.h"
#include "path_value.h"
#include "scim/index.h"

struct planner {
    struct arena *arena;
    const struct scim_resource_type *type;
    const struct scim_policy *policy;
};

/* The lower, the fewer rows a plan finds. */
static int rank(const struct scim_plan *plan)
{
    int worst = 0;
    switch (plan->kind) {
    case SCIM_PLAN_ANY:
        for (size_t i = 0; i < plan->any_count; i++)
            if (rank(&plan->any[i]) > worst)
                worst = rank(&plan->any[i]);
        return worst;
    case SCIM_PLAN_NOTHING:
        return 0;
    case SCIM_PLAN_UNIQUE:
        return 1;
    case SCIM_PLAN_ID:
        return 2;
    case SCIM_PLAN_EXTERNAL:
        return 3;
    case SCIM_PLAN_ATTRIBUTE:
        return 4;
    case SCIM_PLAN_HAS_MEMBER:
    case SCIM_PLAN_IN_GROUP:
        return 5;
    case SCIM_PLAN_PREFIX:
        return 6;
    case SCIM_PLAN_SCAN:
        break;
    }
    return 7;
}

static const struct scim_plan scan = {.kind = SCIM_PLAN_SCAN};
static const struct scim_plan nothing = {.kind = SCIM_PLAN_NOTHING, .exact = true};

/* `whole`: values of that many bytes and more may have been cut, and then equal keys say little. */
static struct scim_plan by_key(enum scim_plan_kind kind, uint16_t code, const struct scim_literal *literal,
                               size_t whole)
{
    struct slice key = literal->prepared;
    if (key.len > SCIM_KEY_BYTES)
        key.len = SCIM_KEY_BYTES;
    return (struct scim_plan){
        .kind = kind, .code = code, .key = key, .text = literal->text, .exact = literal->prepared.len <= whole};
}

static struct scim_plan by_unique_key(const struct planner *planner, const struct scim_literal *literal)
{
    if (literal->prepared.len == 0 && !scim_type_by_code(planner->type->code))
        return scan; /* an empty value of another type has no key */
    if (literal->prepared.len == 0 || literal->prepared.len > SCIM_UNIQUE_KEY_BYTES)
        return nothing; /* no resource was let in with such a one */
    return (struct scim_plan){.kind = SCIM_PLAN_UNIQUE, .key = literal->prepared, .text = literal->text, .exact = true};
}

/* An id is compared exactly, the value of a reference without regard to case. */
static struct scim_plan by_id(enum scim_plan_kind kind, const struct scim_literal *literal)
{
    struct id id;
    if (!id_from_uuid(literal->text, kind != SCIM_PLAN_ID, &id))
        return nothing;
    return (struct scim_plan){.kind = kind, .text = literal->text, .exact = true};
}

static bool is_unique(const struct planner *planner, const struct scim_attribute *attribute)
{
    if (planner->type->code == SCIM_TYPE_USER)
        return attribute->index_code == SCIM_INDEX_USER_NAME &&
               planner->policy->unique_identifier == SCIM_IDENTIFIER_USER_NAME;
    if (planner->type->code != SCIM_TYPE_GROUP)
        return attribute == scim_type_unique(planner->type);
    return attribute->index_code == SCIM_INDEX_DISPLAY_NAME && planner->policy->unique_group_names;
}

static bool is_value_of(const struct scim_path *path, struct slice attribute)
{
    return path->sub && strcmp(path->sub->name, "value") == 0 && scim_path_is_top_level(path, attribute);
}

static struct scim_plan plan_eq(const struct planner *planner, const struct scim_path *path,
                                const struct scim_literal *literal)
{
    const struct scim_attribute *leaf = path->sub ? path->sub : path->attribute;
    if (path->schema == &scim_common && strcmp(leaf->name, "id") == 0)
        return by_id(SCIM_PLAN_ID, literal);
    if (is_unique(planner, leaf))
        return by_unique_key(planner, literal);
    if (planner->type->code == SCIM_TYPE_GROUP && is_value_of(path, SLICE_LITERAL("members")))
        return by_id(SCIM_PLAN_HAS_MEMBER, literal);
    if (planner->type->code == SCIM_TYPE_USER && is_value_of(path, SLICE_LITERAL("groups")))
        return by_id(SCIM_PLAN_IN_GROUP, literal);
    if (literal->prepared.len == 0)
        return scan; /* empty values have no keys */
    if (path->schema == &scim_common && strcmp(leaf->name, "externalId") == 0)
        return by_key(SCIM_PLAN_EXTERNAL, 0, literal, SCIM_KEY_BYTES - 1);
    return leaf->index_code ? by_key(SCIM_PLAN_ATTRIBUTE, leaf->index_code, literal, SCIM_KEY_BYTES - 1) : scan;
}

static struct scim_plan plan_by_extra(const struct planner *planner, const struct scim_extra_index *index,
                                      const struct scim_filter *filter)
{
    const struct scim_literal *literal = &filter->literal;
    bool is_number = index->kind == SCIM_INDEXED_NUMBER;
    struct scim_plan plan = scan;
    if (is_number && literal->kind == SCIM_LITERAL_NUMBER && filter->op == SCIM_EQ) {
        char *room = arena_take(planner->arena, SCIM_NUMBER_KEY_BYTES);
        plan = (struct scim_plan){.kind = SCIM_PLAN_ATTRIBUTE, .code = index->code, .text = literal->text};
        plan.key = index_number_key(literal->is_integer, literal->integer, literal->number, room);
    } else if (!is_number && literal->kind == SCIM_LITERAL_TEXT && literal->prepared.len > 0 &&
               (filter->op == SCIM_EQ || filter->op == SCIM_SW)) {
        plan = by_key(filter->op == SCIM_EQ ? SCIM_PLAN_ATTRIBUTE : SCIM_PLAN_PREFIX, index->code, literal, 0);
    }
    plan.exact = false;
    return plan;
}

/* An index of the directory's own that is ready. Its candidates are always looked at. */
static struct scim_plan plan_extra(const struct planner *planner, const struct scim_filter *filter)
{
    for (size_t i = 0; i < planner->type->index_count; i++) {
        const struct scim_extra_index *index = &planner->type->indexes[i];
        if (index->ready && scim_index_is_of(index, &filter->path))
            return plan_by_extra(planner, index, filter);
    }
    return scan;
}

static struct scim_plan plan_comparison(const struct planner *planner, const struct scim_filter *filter)
{
    const struct scim_path *path = &filter->path;
    const struct scim_attribute *leaf = scim_path_has_sub(path) ? path->sub : path->attribute;
    if (planner->type->index_count > 0) {
        struct scim_plan extra = plan_extra(planner, filter);
        if (extra.kind != SCIM_PLAN_SCAN)
            return extra;
    }
    if (!leaf || filter->literal.kind != SCIM_LITERAL_TEXT)
        return scan;
    if (filter->op == SCIM_EQ)
        return plan_eq(planner, path, &filter->literal);
    bool in_side_index = leaf->index_code && !(leaf->index_code == SCIM_INDEX_USER_NAME && is_unique(planner, leaf));
    if (filter->op == SCIM_SW && in_side_index && filter->literal.prepared.len > 0)
        return by_key(SCIM_PLAN_PREFIX, leaf->index_code, &filter->literal, SCIM_KEY_BYTES);
    return scan;
}

static size_t parts_of(const struct scim_plan *plan) { return plan->kind == SCIM_PLAN_ANY ? plan->any_count : 1; }

static void add_parts(const struct scim_plan *plan, struct scim_plan *list, size_t *count)
{
    const struct scim_plan *parts = plan->kind == SCIM_PLAN_ANY ? plan->any : plan;
    for (size_t i = 0; i < parts_of(plan); i++)
        list[(*count)++] = parts[i];
}

static struct scim_plan plan_either(const struct planner *planner, struct scim_plan left, struct scim_plan right)
{
    if (left.kind == SCIM_PLAN_NOTHING || right.kind == SCIM_PLAN_SCAN)
        return right;
    if (right.kind == SCIM_PLAN_NOTHING || left.kind == SCIM_PLAN_SCAN)
        return left;
    if (parts_of(&left) + parts_of(&right) > SCIM_PLAN_MOST_ANY)
        return scan;
    struct scim_plan *list = arena_array(planner->arena, struct scim_plan, SCIM_PLAN_MOST_ANY);
    struct scim_plan both = {.kind = SCIM_PLAN_ANY, .any = list, .exact = left.exact && right.exact};
    add_parts(&left, list, &both.any_count);
    add_parts(&right, list, &both.any_count);
    return both;
}

static struct scim_plan plan(const struct planner *planner, const struct scim_filter *filter)
{
    switch (filter->kind) {
    case SCIM_COMPARE:
        return plan_comparison(planner, filter);
    case SCIM_VALUE_PATH:
        return plan(planner, filter->left);
    case SCIM_AND: {
        struct scim_plan left = plan(planner, filter->left), right = plan(planner, filter->right);
        struct scim_plan best = rank(&right) < rank(&left) ? right : left;
        best.exact = best.kind == SCIM_PLAN_NOTHING;
        return best;
    }
    case SCIM_OR:
        return plan_either(planner, plan(planner, filter->left), plan(planner, filter->right));
    case SCIM_NOT:
    case SCIM_PRESENT:
        break;
    }
    return scan;
}

static void keep_texts(struct scim_plan *plan, struct arena *arena)
{
    plan->key = arena_slice(arena, plan->key);
    plan->text = arena_slice(arena, plan->text);
    if (plan->kind != SCIM_PLAN_ANY)
        return;
    struct scim_plan *list = arena_array(arena, struct scim_plan, plan->any_count);
    for (size_t i = 0; i < plan->any_count; i++) {
        list[i] = plan->any[i];
        keep_texts(&list[i], arena);
    }
    plan->any = list;
}

void scim_filter_plan(const struct scim_filter *filter, const struct scim_resource_type *type,
                      const struct scim_policy *policy, struct arena *arena, struct scim_plan *plan_out)
{
    struct planner planner = {arena, type, policy};
    *plan_out = type ? plan(&planner, filter) : scan;
    keep_texts(plan_out, arena);
}
