#include "filter_parse.h"

#include "path_value.h"

bool scim_filter_is_blank(const struct scim_filter_parser *parser, char c)
{
    return c == ' ' || (c == '\t' && !parser->policy->strict);
}

char scim_filter_peek(const struct scim_filter_parser *parser)
{
    return parser->at < parser->text.len ? parser->text.data[parser->at] : '\0';
}

bool scim_filter_fail(struct scim_filter_parser *parser, size_t at, const char *what)
{
    size_t character = 1;
    for (size_t i = 0; i < at && i < parser->text.len; i++)
        character += ((unsigned char)parser->text.data[i] & 0xC0) != 0x80;
    return err_set(parser->err, ERR_INVALID_FILTER, "filter, character %zu: %s", character, what);
}

static bool fail_here(struct scim_filter_parser *parser, const char *what)
{
    return scim_filter_fail(parser, parser->at, what);
}

static bool at_end(const struct scim_filter_parser *parser) { return parser->at == parser->text.len; }

static bool skip_blanks(struct scim_filter_parser *parser)
{
    size_t start = parser->at;
    while (!at_end(parser) && scim_filter_is_blank(parser, scim_filter_peek(parser)))
        parser->at++;
    return parser->at > start;
}

static bool take(struct scim_filter_parser *parser, char c)
{
    if (at_end(parser) || scim_filter_peek(parser) != c)
        return false;
    parser->at++;
    return true;
}

/* The characters up to the next blank, bracket or quote. */
static struct slice peek_token(const struct scim_filter_parser *parser)
{
    size_t end = parser->at;
    while (end < parser->text.len && (unsigned char)parser->text.data[end] > 0x20 &&
           !strchr("()[]\"", parser->text.data[end]))
        end++;
    return slice_of(parser->text.data + parser->at, end - parser->at);
}

static bool token_is(struct slice token, const char *word) { return slice_equals_ascii_nocase(token, slice_str(word)); }

static struct scim_filter *new_node(struct scim_filter_parser *parser, enum scim_filter_kind kind)
{
    struct scim_filter *filter = arena_new(parser->arena, struct scim_filter);
    filter->kind = kind;
    return filter;
}

static struct scim_filter *join(struct scim_filter_parser *parser, enum scim_filter_kind kind, struct scim_filter *left,
                                struct scim_filter *right)
{
    struct scim_filter *filter = new_node(parser, kind);
    filter->left = left;
    filter->right = right;
    return filter;
}

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
        (path->sub && path->sub->returned == SCIM_RETURNED_NEVER))
        return scim_filter_fail(parser, at, "this attribute cannot be filtered by");
    return true;
}

/* Inside brackets a name is a sub-attribute of what stands in front of them. */
static bool resolve(struct scim_filter_parser *parser, struct slice token, size_t at, struct scim_path *path_out)
{
    if (token.len == 0)
        return scim_filter_fail(parser, at, "an attribute was expected");
    if (token_is(token, "and") || token_is(token, "or") || token_is(token, "not"))
        return scim_filter_fail(parser, at, "an attribute was expected, not a logical word");
    if (parser->inside) {
        *path_out = *parser->inside;
        if (!scim_path_is_name(token) || !scim_path_set_sub(path_out, arena_slice(parser->arena, token)))
            return scim_filter_fail(parser, at, "a sub-attribute was expected");
    } else {
        struct err why = ERR_INIT;
        if (!scim_path_parse(token, parser->type, parser->arena, ERR_INVALID_FILTER, path_out, &why))
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
    struct slice token = peek_token(parser);
    *present_out = token_is(token, "pr");
    for (size_t i = 0; i < sizeof operators / sizeof *operators; i++)
        if (token_is(token, operators[i].word)) {
            *op_out = operators[i].op;
            parser->at += token.len;
            return true;
        }
    if (!*present_out)
        return fail_here(parser, "an operator was expected: eq ne co sw ew gt ge lt le pr");
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
    *filter_out = op == SCIM_NE ? present : join(parser, SCIM_NOT, present, NULL);
    return true;
}

static bool parse_comparison(struct scim_filter_parser *parser, const struct scim_path *path, size_t path_at,
                             enum scim_operator op, size_t op_at, struct scim_filter **filter_out)
{
    struct scim_raw_literal raw;
    bool separated = skip_blanks(parser);
    if (!separated && (parser->policy->strict || scim_filter_peek(parser) != '"'))
        return fail_here(parser, at_end(parser) ? "a value was expected" : "a blank was expected");
    if (!scim_literal_read(parser, &raw))
        return false;

    struct scim_filter *filter = new_node(parser, SCIM_COMPARE);
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

/* What stands behind an attribute: "pr", or an operator and a value. */
static bool parse_condition(struct scim_filter_parser *parser, const struct scim_path *path, size_t path_at,
                            struct scim_filter **filter_out)
{
    enum scim_operator op = SCIM_EQ;
    bool present;
    if (++parser->terms > SCIM_FILTER_MAX_TERMS)
        return scim_filter_fail(parser, path_at, "more than 100 conditions");
    skip_blanks(parser);
    size_t op_at = parser->at;
    if (!read_operator(parser, &op, &present))
        return false;
    if (!present)
        return parse_comparison(parser, path, path_at, op, op_at, filter_out);
    *filter_out = new_node(parser, SCIM_PRESENT);
    (*filter_out)->path = *path;
    return true;
}

static bool parse_or(struct scim_filter_parser *parser, struct scim_filter **filter_out);

/* What stands between parentheses or brackets, with the blanks around it. The opening one was read. */
static bool parse_nested(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    if (parser->depth == SCIM_FILTER_MAX_DEPTH)
        return fail_here(parser, "nested deeper than 32 levels");
    parser->depth++;
    skip_blanks(parser);
    if (!parse_or(parser, filter_out))
        return false;
    skip_blanks(parser);
    parser->depth--;
    return true;
}

static bool parse_brackets(struct scim_filter_parser *parser, const struct scim_path *path,
                           struct scim_filter **filter_out)
{
    parser->inside = path;
    bool ok = parse_nested(parser, filter_out);
    parser->inside = NULL;
    return ok;
}

/* L-11: attribute[filter].sub op value means attribute[filter and sub op value]. */
static bool parse_behind_brackets(struct scim_filter_parser *parser, const struct scim_path *path,
                                  struct scim_filter **filter_io)
{
    struct scim_path sub;
    struct scim_filter *condition;
    size_t at = parser->at;
    if (parser->policy->strict)
        return scim_filter_fail(parser, at - 1, "nothing may stand behind the brackets");
    struct slice token = peek_token(parser);
    parser->inside = path;
    bool ok = resolve(parser, token, at, &sub);
    parser->inside = NULL;
    if (!ok)
        return false;
    parser->at += token.len;
    if (!parse_condition(parser, &sub, at, &condition))
        return false;
    *filter_io = join(parser, SCIM_AND, *filter_io, condition);
    return true;
}

static bool parse_value_path(struct scim_filter_parser *parser, const struct scim_path *path, size_t path_at,
                             struct scim_filter **filter_out)
{
    struct scim_filter *filter = new_node(parser, SCIM_VALUE_PATH);
    filter->path = *path;
    if (parser->inside)
        return fail_here(parser, "brackets inside brackets");
    if (scim_path_has_sub(path) || (path->attribute && path->attribute->type != SCIM_COMPLEX))
        return scim_filter_fail(parser, path_at, "only a complex attribute can have brackets");
    if (!parse_brackets(parser, path, &filter->left))
        return false;
    if (!take(parser, ']'))
        return fail_here(parser, "\"]\" was expected");
    if (take(parser, '.') && !parse_behind_brackets(parser, path, &filter->left))
        return false;
    *filter_out = filter;
    return true;
}

static bool parse_term(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    struct scim_path path;
    size_t at = parser->at;
    struct slice token = peek_token(parser);
    if (!resolve(parser, token, at, &path))
        return false;
    parser->at += token.len;

    size_t behind = parser->at;
    if (!parser->policy->strict)
        skip_blanks(parser);
    if (take(parser, '['))
        return parse_value_path(parser, &path, at, filter_out);
    parser->at = behind;
    return parse_condition(parser, &path, at, filter_out);
}

static bool parse_parentheses(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    if (!parse_nested(parser, filter_out))
        return false;
    return take(parser, ')') || fail_here(parser, "\")\" was expected");
}

static bool parse_unary(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    struct scim_filter *operand;
    if (take(parser, '('))
        return parse_parentheses(parser, filter_out);
    if (!token_is(peek_token(parser), "not"))
        return parse_term(parser, filter_out);
    parser->at += strlen("not");
    skip_blanks(parser);
    if (!take(parser, '('))
        return fail_here(parser, "\"(\" was expected behind not");
    if (!parse_parentheses(parser, &operand))
        return false;
    *filter_out = join(parser, SCIM_NOT, operand, NULL);
    return true;
}

/* Reads "and" or "or", with the blanks around it, if that comes next. */
static bool take_word(struct scim_filter_parser *parser, const char *word, bool *failed)
{
    size_t start = parser->at;
    bool separated = skip_blanks(parser);
    if (!token_is(peek_token(parser), word)) {
        parser->at = start;
        return false;
    }
    if (!separated && parser->policy->strict)
        *failed = !fail_here(parser, "a blank was expected");
    parser->at += strlen(word);
    if (!skip_blanks(parser) && parser->policy->strict)
        *failed = !fail_here(parser, "a blank was expected");
    return true;
}

static bool parse_and(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    struct scim_filter *left, *right;
    bool failed = false;
    if (!parse_unary(parser, &left))
        return false;
    while (take_word(parser, "and", &failed)) {
        if (failed || !parse_unary(parser, &right))
            return false;
        left = join(parser, SCIM_AND, left, right);
    }
    *filter_out = left;
    return true;
}

static bool parse_or(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    struct scim_filter *left, *right;
    bool failed = false;
    if (!parse_and(parser, &left))
        return false;
    while (take_word(parser, "or", &failed)) {
        if (failed || !parse_and(parser, &right))
            return false;
        left = join(parser, SCIM_OR, left, right);
    }
    *filter_out = left;
    return true;
}

bool scim_filter_parse(struct slice text, const struct scim_resource_type *type, const struct scim_policy *policy,
                       struct arena *arena, struct scim_filter **filter_out, struct err *err)
{
    struct scim_filter_parser parser = {.text = text, .type = type, .policy = policy, .arena = arena, .err = err};
    if (text.len > SCIM_FILTER_MAX_BYTES)
        return err_set(err, ERR_INVALID_FILTER, "The filter is longer than %d bytes.", SCIM_FILTER_MAX_BYTES);
    skip_blanks(&parser);
    if (at_end(&parser))
        return err_set(err, ERR_INVALID_FILTER, "The filter is empty.");
    if (!parse_or(&parser, filter_out))
        return false;
    skip_blanks(&parser);
    return at_end(&parser) || fail_here(&parser, "the end, \"and\" or \"or\" was expected");
}

static bool bad_path(struct scim_filter_parser *parser, const char *what)
{
    return err_set(parser->err, ERR_INVALID_PATH, "path: %s", what);
}

static bool check_bracketed(struct scim_filter_parser *parser, const struct scim_path *path)
{
    const struct scim_attribute *attribute = path->attribute;
    if (scim_path_has_sub(path) || (attribute && (attribute->type != SCIM_COMPLEX || !attribute->multi_valued)))
        return bad_path(parser, "only a multi-valued complex attribute can have brackets");
    if (!attribute && path->name.len == 0)
        return bad_path(parser, "an attribute is missing behind the schema");
    if (!attribute && parser->policy->unknown_attributes != SCIM_UNKNOWN_KEEP)
        return bad_path(parser, "the attribute in front of the brackets is unknown");
    return true;
}

static bool parse_path_end(struct scim_filter_parser *parser, struct scim_path *path)
{
    if (!take(parser, ']'))
        return bad_path(parser, "\"]\" is missing");
    if (at_end(parser))
        return true;
    struct slice sub = slice_skip(parser->text, parser->at + 1);
    if (scim_filter_peek(parser) != '.' || !scim_path_is_name(sub))
        return bad_path(parser, "behind the brackets only \".\" and a sub-attribute may stand");
    return scim_path_set_sub(path, arena_slice(parser->arena, sub));
}

bool scim_value_path_parse(struct slice text, const struct scim_resource_type *type, const struct scim_policy *policy,
                           struct arena *arena, struct scim_path *path_out, struct scim_filter **filter_out,
                           struct err *err)
{
    struct scim_filter_parser parser = {.text = text, .type = type, .policy = policy, .arena = arena, .err = err};
    const char *bracket = text.len ? memchr(text.data, '[', text.len) : NULL;
    *filter_out = NULL;
    if (text.len > SCIM_FILTER_MAX_BYTES)
        return err_set(err, ERR_INVALID_PATH, "The path is longer than %d bytes.", SCIM_FILTER_MAX_BYTES);
    if (!bracket)
        return scim_path_parse(text, type, arena, ERR_INVALID_PATH, path_out, err);

    parser.at = (size_t)(bracket - text.data);
    struct slice front = slice_of(text.data, parser.at++);
    if (!policy->strict)
        front = slice_trim(front);
    return scim_path_parse(front, type, arena, ERR_INVALID_PATH, path_out, err) && check_bracketed(&parser, path_out) &&
           parse_brackets(&parser, path_out, filter_out) && parse_path_end(&parser, path_out);
}
