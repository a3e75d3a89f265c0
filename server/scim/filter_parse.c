#include "filter_parse.h"

#include "path_value.h"

static bool parse_or(struct scim_filter_parser *parser, struct scim_filter **filter_out);

/* What stands between parentheses or brackets, with the blanks around it. The opening one was read. */
static bool parse_nested(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    if (parser->depth == SCIM_FILTER_MAX_DEPTH)
        return scim_filter_fail_here(parser, "nested deeper than 32 levels");
    parser->depth++;
    scim_filter_skip_blanks(parser);
    if (!parse_or(parser, filter_out))
        return false;
    scim_filter_skip_blanks(parser);
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
    struct scim_filter *condition = NULL;
    size_t at = parser->at;
    if (!scim_lenient(parser->policy, SCIM_CONDITION_BEHIND_BRACKETS))
        return scim_filter_fail(parser, at - 1, "nothing may stand behind the brackets");
    struct slice token = scim_filter_peek_token(parser);
    parser->inside = path;
    bool ok = scim_filter_resolve(parser, token, at, &sub);
    parser->inside = NULL;
    if (!ok)
        return false;
    parser->at += token.len;
    if (!scim_filter_parse_condition(parser, &sub, at, &condition))
        return false;
    *filter_io = scim_filter_join(parser, SCIM_AND, *filter_io, condition);
    return true;
}

static bool parse_value_path(struct scim_filter_parser *parser, const struct scim_path *path, size_t path_at,
                             struct scim_filter **filter_out)
{
    struct scim_filter *filter = scim_filter_new(parser, SCIM_VALUE_PATH);
    filter->path = *path;
    if (parser->inside)
        return scim_filter_fail_here(parser, "brackets inside brackets");
    if (scim_path_has_sub(path) || (path->attribute && path->attribute->type != SCIM_COMPLEX))
        return scim_filter_fail(parser, path_at, "only a complex attribute can have brackets");
    if (!parse_brackets(parser, path, &filter->left))
        return false;
    if (!scim_filter_take(parser, ']'))
        return scim_filter_fail_here(parser, "\"]\" was expected");
    if (scim_filter_take(parser, '.') && !parse_behind_brackets(parser, path, &filter->left))
        return false;
    *filter_out = filter;
    return true;
}

static bool parse_term(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    struct scim_path path;
    size_t at = parser->at;
    struct slice token = scim_filter_peek_token(parser);
    if (!scim_filter_resolve(parser, token, at, &path))
        return false;
    parser->at += token.len;

    size_t behind = parser->at;
    if (scim_lenient(parser->policy, SCIM_LOOSE_BLANKS))
        scim_filter_skip_blanks(parser);
    if (scim_filter_take(parser, '['))
        return parse_value_path(parser, &path, at, filter_out);
    parser->at = behind;
    return scim_filter_parse_condition(parser, &path, at, filter_out);
}

static bool parse_parentheses(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    if (!parse_nested(parser, filter_out))
        return false;
    return scim_filter_take(parser, ')') || scim_filter_fail_here(parser, "\")\" was expected");
}

static bool parse_unary(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    struct scim_filter *operand = NULL;
    if (scim_filter_take(parser, '('))
        return parse_parentheses(parser, filter_out);
    if (!scim_filter_token_is(scim_filter_peek_token(parser), "not"))
        return parse_term(parser, filter_out);
    parser->at += strlen("not");
    scim_filter_skip_blanks(parser);
    if (!scim_filter_take(parser, '('))
        return scim_filter_fail_here(parser, "\"(\" was expected behind not");
    if (!parse_parentheses(parser, &operand))
        return false;
    *filter_out = scim_filter_join(parser, SCIM_NOT, operand, NULL);
    return true;
}

/* Reads "and" or "or", with the blanks around it, if that comes next. */
static bool take_word(struct scim_filter_parser *parser, const char *word, bool *failed)
{
    size_t start = parser->at;
    bool separated = scim_filter_skip_blanks(parser);
    if (!scim_filter_token_is(scim_filter_peek_token(parser), word)) {
        parser->at = start;
        return false;
    }
    if (!separated && !scim_lenient(parser->policy, SCIM_LOOSE_BLANKS))
        *failed = !scim_filter_fail_here(parser, "a blank was expected");
    parser->at += strlen(word);
    if (!scim_filter_skip_blanks(parser) && !scim_lenient(parser->policy, SCIM_LOOSE_BLANKS))
        *failed = !scim_filter_fail_here(parser, "a blank was expected");
    return true;
}

static bool parse_and(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    struct scim_filter *left = NULL, *right = NULL;
    bool failed = false;
    if (!parse_unary(parser, &left))
        return false;
    while (take_word(parser, "and", &failed)) {
        if (failed || !parse_unary(parser, &right))
            return false;
        left = scim_filter_join(parser, SCIM_AND, left, right);
    }
    *filter_out = left;
    return true;
}

static bool parse_or(struct scim_filter_parser *parser, struct scim_filter **filter_out)
{
    struct scim_filter *left = NULL, *right = NULL;
    bool failed = false;
    if (!parse_and(parser, &left))
        return false;
    while (take_word(parser, "or", &failed)) {
        if (failed || !parse_and(parser, &right))
            return false;
        left = scim_filter_join(parser, SCIM_OR, left, right);
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
    scim_filter_skip_blanks(&parser);
    if (scim_filter_at_end(&parser))
        return err_set(err, ERR_INVALID_FILTER, "The filter is empty.");
    if (!parse_or(&parser, filter_out))
        return false;
    scim_filter_skip_blanks(&parser);
    return scim_filter_at_end(&parser) || scim_filter_fail_here(&parser, "the end, \"and\" or \"or\" was expected");
}

static bool bad_path(struct scim_filter_parser *parser, const char *what)
{
    return err_set(parser->err, ERR_INVALID_PATH, "path: %s", what);
}

static bool check_bracketed(struct scim_filter_parser *parser, const struct scim_path *path)
{
    const struct scim_attribute *attribute = path->attribute;
    if (scim_path_has_sub(path) || (attribute && (attribute->type != SCIM_COMPLEX || !attribute->multi_valued)))
        return err_set(parser->err, ERR_INVALID_PATH, "path: %.*s has no values of several parts: no brackets",
                       (int)path->name.len, path->name.data);
    if (!attribute && path->name.len == 0)
        return bad_path(parser, "an attribute is missing behind the schema");
    if (!attribute && parser->policy->unknown_attributes != SCIM_UNKNOWN_KEEP)
        return bad_path(parser, "the attribute in front of the brackets is unknown");
    return true;
}

static bool parse_path_end(struct scim_filter_parser *parser, struct scim_path *path)
{
    if (!scim_filter_take(parser, ']'))
        return bad_path(parser, "\"]\" is missing");
    if (scim_filter_at_end(parser))
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
        return scim_path_parse(text, type, arena, ERR_INVALID_PATH, path_out, err) &&
               scim_path_suits(path_out, policy, ERR_INVALID_PATH, err);

    parser.at = (size_t)(bracket - text.data);
    struct slice front = slice_of(text.data, parser.at++);
    if (scim_lenient(policy, SCIM_LOOSE_BLANKS))
        front = slice_trim(front);
    return scim_path_parse(front, type, arena, ERR_INVALID_PATH, path_out, err) &&
           scim_path_suits(path_out, policy, ERR_INVALID_PATH, err) && check_bracketed(&parser, path_out) &&
           parse_brackets(&parser, path_out, filter_out) && parse_path_end(&parser, path_out);
}
