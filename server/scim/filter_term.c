#include "filter_parse.h"
#include "path_value.h"
#include "policy_parts.h"

static bool is_undeclared(const struct scim_path *path)
{
    return !path->attribute || (path->sub_name.len && !path->sub);
}

static bool check_attribute(struct scim_filter_parser *parser, const struct scim_path *path, size_t at)
{
    if (!path->attribute && path->name.len == 0)
        return scim_filter_fail(parser, at, "an attribute is missing behind the schema");
    if (is_undeclared(path) && parser->policy->unknown_attributes != SCIM_UNKNOWN_KEEP)
        return scim_filter_fail(parser, at, "this attribute is unknown");
    if ((path->attribute && path->attribute->returned == SCIM_RETURNED_NEVER) ||
        (path->sub && path->sub->returned == SCIM_RETURNED_NEVER)) {
        scim_filter_fail(parser, at, "this attribute cannot be filtered by");
        parser->err->kind = policy_hides(parser->policy, path) ? ERR_SENSITIVE : ERR_INVALID_FILTER;
        return false;
    }
    return true;
}

bool scim_filter_resolve(struct scim_filter_parser *parser, struct slice token, size_t at, struct scim_path *path_out)
{
    if (token.len == 0)
        return scim_filter_fail(parser, at, "an attribute was expected");
    if (scim_filter_token_is(token, "and") || scim_filter_token_is(token, "or") || scim_filter_token_is(token, "not"))
        return scim_filter_fail(parser, at, "an attribute was expected, not a logical word");
    if (parser->inside) {
        *path_out = *parser->inside;
        if (!scim_path_is_name(token) || !scim_path_set_sub(path_out, arena_slice(parser->arena, token)))
            return scim_filter_fail(parser, at, "a sub-attribute was expected");
    } else {
        struct err why = ERR_INIT;
        if (!scim_path_parse(token, parser->type, parser->arena, ERR_INVALID_FILTER, path_out, &why) ||
            !scim_path_suits(path_out, parser->policy, ERR_INVALID_FILTER, &why))
            return scim_filter_fail(parser, at, why.detail);
    }
    return check_attribute(parser, path_out, at);
}

static bool read_operator(struct scim_filter_parser *parser, enum scim_operator *op_out, bool *present_out)
{
    static const struct {
        const char *word;
        enum scim_operator op;
    } operators[] = {{"eq", SCIM_EQ}, {"ne", SCIM_NE}, {"co", SCIM_CO}, {"sw", SCIM_SW}, {"ew", SCIM_EW},
                     {"gt", SCIM_GT}, {"ge", SCIM_GE}, {"lt", SCIM_LT}, {"le", SCIM_LE}};
    struct slice token = scim_filter_peek_token(parser);
    *present_out = scim_filter_token_is(token, "pr");
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (scim_filter_token_is(token, operators[i].word)) {
            *op_out = operators[i].op;
            parser->at += token.len;
            return true;
        }
    if (!*present_out)
        return scim_filter_fail_here(parser, "an operator was expected: eq ne co sw ew gt ge lt le pr");
    parser->at += token.len;
    return true;
}

/* Can values of the type be compared by the operator (F-07, F-09)? Undeclared attributes are strings. */
static bool operator_fits(enum scim_operator op, const struct scim_attribute *attribute)
{
    enum scim_data_type type = attribute ? attribute->type : SCIM_STRING;
    switch (op) {
    case SCIM_EQ:
    case SCIM_NE:
        return true;
    case SCIM_CO:
    case SCIM_SW:
    case SCIM_EW:
        return type == SCIM_STRING || type == SCIM_REFERENCE;
    case SCIM_GT:
    case SCIM_GE:
    case SCIM_LT:
    case SCIM_LE:
        return type != SCIM_BOOLEAN && type != SCIM_BINARY;
    }
    return false;
}

/* What is compared when a path ends at a complex attribute: its `value` (F-15). */
static bool reach_value(struct scim_filter_parser *parser, struct scim_path *path, size_t at)
{
    if (!path->attribute || path->attribute->type != SCIM_COMPLEX || scim_path_has_sub(path))
        return true;
    path->sub = scim_sub_attribute(path->attribute, SLICE_LITERAL("value"));
    if (!path->sub)
        return scim_filter_fail(parser, at, "this attribute is complex: name a sub-attribute");
    path->sub_name = slice_str(path->sub->name);
    return true;
}

/* x eq null is not (x pr), x ne null is x pr (F-12). */
static bool compare_null(struct scim_filter_parser *parser, enum scim_operator op, struct scim_filter *present,
                         struct scim_filter **filter_out, size_t at)
{
    if (op != SCIM_EQ && op != SCIM_NE)
        return scim_filter_fail(parser, at, "null can be compared by eq and ne only");
    *filter_out = op == SCIM_NE ? present : scim_filter_join(parser, SCIM_NOT, present, NULL);
    return true;
}

static bool parse_comparison(struct scim_filter_parser *parser, const struct scim_path *path, size_t path_at,
                             enum scim_operator op, size_t op_at, struct scim_filter **filter_out)
{
    struct scim_raw_literal raw;
    bool separated = scim_filter_skip_blanks(parser);
    if (!separated && (!scim_lenient(parser->policy, SCIM_LOOSE_BLANKS) || scim_filter_peek(parser) != '"'))
        return scim_filter_fail_here(parser,
                                     scim_filter_at_end(parser) ? "a value was expected" : "a blank was expected");
    if (!scim_literal_read(parser, &raw))
        return false;

    struct scim_filter *filter = scim_filter_new(parser, SCIM_COMPARE);
    filter->path = *path;
    filter->op = op;
    *filter_out = filter;
    if (raw.kind == SCIM_LITERAL_NULL) {
        filter->kind = SCIM_PRESENT;
        return compare_null(parser, op, filter, filter_out, raw.at);
    }
    if (!reach_value(parser, &filter->path, path_at))
        return false;
    const struct scim_attribute *compared = is_undeclared(&filter->path) ? NULL
                                            : filter->path.sub           ? filter->path.sub
                                                                         : filter->path.attribute;
    if (!operator_fits(op, compared))
        return scim_filter_fail(parser, op_at, "this operator does not fit the type of the attribute");
    return scim_literal_fit(parser, &raw, compared, &filter->literal);
}

bool scim_filter_parse_condition(struct scim_filter_parser *parser, const struct scim_path *path, size_t path_at,
                                 struct scim_filter **filter_out)
{
    enum scim_operator op = SCIM_EQ;
    bool present;
    if (++parser->terms > SCIM_FILTER_MAX_TERMS)
        return scim_filter_fail(parser, path_at, "more than 100 conditions");
    scim_filter_skip_blanks(parser);
    size_t op_at = parser->at;
    if (!read_operator(parser, &op, &present))
        return false;
    if (!present)
        return parse_comparison(parser, path, path_at, op, op_at, filter_out);
    *filter_out = scim_filter_new(parser, SCIM_PRESENT);
    (*filter_out)->path = *path;
    return true;
}
