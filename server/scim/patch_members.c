#include "patch_parts.h"

static void add_edit(struct patch_parser *parser, enum scim_member_edit_kind kind, struct resource_id *ids,
                     size_t count, const struct scim_filter *filter)
{
    struct scim_member_edit *edit = arena_new(parser->arena, struct scim_member_edit);
    *edit = (struct scim_member_edit){.kind = kind, .ids = ids, .count = count, .filter = filter};
    *parser->patch->members_end = edit;
    parser->patch->members_end = &edit->next;
}

/* Neither adding nor removing nobody is a change. */
static void add_ids(struct patch_parser *parser, enum scim_member_edit_kind kind, struct resource_id *ids, size_t count)
{
    if (count > 0)
        add_edit(parser, kind, ids, count, NULL);
}

/* Ids that a filter of nothing but `value eq "…"` terms, joined by `or`, names. False when it says anything else.
 * What has not the form of an id is the id of nobody. */
static bool named_by(const struct scim_filter *filter, struct resource_id *ids, size_t *count)
{
    if (filter->kind == SCIM_OR)
        return named_by(filter->left, ids, count) && named_by(filter->right, ids, count);
    if (filter->kind != SCIM_COMPARE || filter->op != SCIM_EQ || !filter->path.sub ||
        strcmp(filter->path.sub->name, "value") != 0)
        return false;
    *count += id_from_uuid(filter->literal.text, true, &ids[*count].id);
    return true;
}

static struct resource_id *ids_of_filter(struct patch_parser *parser, const struct scim_filter *filter,
                                         size_t *count_out)
{
    struct resource_id *ids = arena_array(parser->arena, struct resource_id, SCIM_FILTER_MAX_TERMS);
    size_t count = 0;
    if (!named_by(filter, ids, &count))
        return NULL;
    *count_out = resource_sort_ids(ids, count);
    return ids;
}

static void remove_where(struct patch_parser *parser, const struct scim_filter *filter)
{
    size_t count = 0;
    struct resource_id *ids = ids_of_filter(parser, filter, &count);
    if (ids)
        add_ids(parser, SCIM_MEMBERS_REMOVE, ids, count);
    else
        add_edit(parser, SCIM_MEMBERS_REMOVE_WHERE, NULL, 0, filter);
}

/* L-05: just the listed ones, in whatever shape. Who cannot be a member need not be removed. */
static void remove_listed(struct patch_parser *parser, const json_t *value)
{
    bool list = json_is_array(value);
    size_t length = list ? json_array_size(value) : 1, count = 0;
    struct resource_id *ids = arena_array(parser->arena, struct resource_id, length ? length : 1);

    for (size_t i = 0; i < length; i++) {
        const json_t *element = list ? json_array_get(value, i) : value;
        struct err ignored = ERR_INIT;
        count += resource_member_id(element, i, parser->policy, &ids[count], &ignored);
    }
    add_ids(parser, SCIM_MEMBERS_REMOVE, ids, resource_sort_ids(ids, count));
}

static bool take_removal(struct patch_parser *parser, const struct patch_step *step)
{
    if (step->filter)
        remove_where(parser, step->filter);
    else if (!scim_lenient(parser->policy, SCIM_REMOVE_LISTED) || !step->value || json_is_null(step->value))
        add_edit(parser, SCIM_MEMBERS_REPLACE, NULL, 0, NULL);
    else
        remove_listed(parser, step->value);
    return true;
}

/* members[value eq "x"] with a value: in place of x, whoever the value names; x itself when it names nobody. */
static bool take_filtered(struct patch_parser *parser, const struct patch_step *step)
{
    struct resource_id *ids;
    size_t count;
    const json_t *value = step->value;

    if (json_is_object(value) && !json_member_nocase(value, SLICE_LITERAL("value"), NULL)) {
        ids = ids_of_filter(parser, step->filter, &count);
        if (!ids)
            return err_set(parser->err, ERR_NO_TARGET, "The path names no member that could be added.");
        add_ids(parser, SCIM_MEMBERS_ADD, ids, count);
        return true;
    }
    if (!resource_member_ids(value, parser->policy, parser->arena, &ids, &count, parser->err))
        return false;
    if (step->op == PATCH_REPLACE)
        remove_where(parser, step->filter);
    add_ids(parser, SCIM_MEMBERS_ADD, ids, count);
    return true;
}

bool patch_take_members(struct patch_parser *parser, const struct patch_step *step)
{
    struct resource_id *ids;
    size_t count;

    if (patch_has_sub(&step->path))
        return err_set(parser->err, ERR_MUTABILITY, "members: display, type and $ref of a member cannot be changed.");
    if (step->op == PATCH_REMOVE)
        return take_removal(parser, step);
    if (step->op == PATCH_ADD && json_is_null(step->value))
        return err_set(parser->err, ERR_INVALID_VALUE, "There is nobody to add to \"members\".");
    if (step->filter)
        return take_filtered(parser, step);
    bool single = step->op == PATCH_ADD && json_is_object(step->value); /* P-17 */
    json_scoped *value = single ? json_pack("[O]", step->value) : value_share(step->value);
    if (!resource_member_ids(value, parser->policy, parser->arena, &ids, &count, parser->err))
        return false;
    if (step->op == PATCH_REPLACE)
        add_edit(parser, SCIM_MEMBERS_REPLACE, ids, count, NULL);
    else
        add_ids(parser, SCIM_MEMBERS_ADD, ids, count);
    return true;
}

static bool joins(const struct scim_member_edit *edit, const struct scim_member_edit *next)
{
    return next && ((next->kind == SCIM_MEMBERS_ADD &&
                     (edit->kind == SCIM_MEMBERS_ADD || edit->kind == SCIM_MEMBERS_REPLACE)) ||
                    (next->kind == SCIM_MEMBERS_REMOVE && edit->kind == SCIM_MEMBERS_REMOVE));
}

/* All edits from `first` up to `end` become `first`. */
static void join(struct scim_member_edit *first, const struct scim_member_edit *end, struct arena *arena)
{
    size_t total = 0;
    for (const struct scim_member_edit *edit = first; edit != end; edit = edit->next)
        total += edit->count;

    struct resource_id *ids = arena_array(arena, struct resource_id, total ? total : 1), *at = ids;
    for (const struct scim_member_edit *edit = first; edit != end; at += edit->count, edit = edit->next)
        if (edit->count > 0)
            memcpy(at, edit->ids, edit->count * sizeof *ids);
    first->ids = ids;
    first->count = resource_sort_ids(ids, total);
}

void patch_join_members(struct scim_patch *patch, struct arena *arena)
{
    for (struct scim_member_edit *edit = patch->members; edit; edit = edit->next) {
        struct scim_member_edit *end = edit->next;
        while (joins(edit, end))
            end = end->next;
        if (end == edit->next)
            continue;
        join(edit, end, arena);
        edit->next = end;
    }
}
