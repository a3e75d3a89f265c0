#include "filter_parse.h"

static bool is_blank(const struct scim_filter_parser *parser, char c)
{
    return c == ' ' || (c == '\t' && scim_lenient(parser->policy, SCIM_LOOSE_BLANKS));
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

bool scim_filter_fail_here(struct scim_filter_parser *parser, const char *what)
{
    return scim_filter_fail(parser, parser->at, what);
}

bool scim_filter_at_end(const struct scim_filter_parser *parser) { return parser->at == parser->text.len; }

bool scim_filter_skip_blanks(struct scim_filter_parser *parser)
{
    size_t start = parser->at;
    while (!scim_filter_at_end(parser) && is_blank(parser, scim_filter_peek(parser)))
        parser->at++;
    return parser->at > start;
}

bool scim_filter_take(struct scim_filter_parser *parser, char c)
{
    if (scim_filter_at_end(parser) || scim_filter_peek(parser) != c)
        return false;
    parser->at++;
    return true;
}

struct slice scim_filter_peek_token(const struct scim_filter_parser *parser)
{
    size_t end = parser->at;
    while (end < parser->text.len && (unsigned char)parser->text.data[end] > 0x20 &&
           !strchr("()[]\"", parser->text.data[end]))
        end++;
    return slice_of(parser->text.data + parser->at, end - parser->at);
}

bool scim_filter_token_is(struct slice token, const char *word)
{
    return slice_equals_ascii_nocase(token, slice_str(word));
}

struct scim_filter *scim_filter_new(struct scim_filter_parser *parser, enum scim_filter_kind kind)
{
    struct scim_filter *filter = arena_new(parser->arena, struct scim_filter);
    filter->kind = kind;
    return filter;
}

struct scim_filter *scim_filter_join(struct scim_filter_parser *parser, enum scim_filter_kind kind,
                                     struct scim_filter *left, struct scim_filter *right)
{
    struct scim_filter *filter = scim_filter_new(parser, kind);
    filter->left = left;
    filter->right = right;
    return filter;
}
