#include <jansson.h>

#include "base/json.h"
#include "filter_instant.h"
#include "filter_parse.h"
#include "filter_text.h"

enum { NUMBER_MAX_BYTES = 64 };

/* Where the string that opens at parser->at ends, behind its closing quote; 0 when it does not. */
static size_t string_end(const struct scim_filter_parser *parser)
{
    for (size_t i = parser->at + 1; i < parser->text.len; i++) {
        if (parser->text.data[i] == '\\')
            i++;
        else if (parser->text.data[i] == '"')
            return i + 1;
    }
    return 0;
}

static bool read_string(struct scim_filter_parser *parser, struct scim_raw_literal *raw_out)
{
    size_t end = string_end(parser);
    if (end == 0)
        return scim_filter_fail(parser, parser->at, "a string that is not closed");
    json_scoped *string = json_loadb(parser->text.data + parser->at, end - parser->at, JSON_DECODE_ANY, NULL);
    if (!json_is_string(string))
        return scim_filter_fail(parser, parser->at, "a string that is not valid in JSON");
    raw_out->kind = SCIM_LITERAL_TEXT;
    raw_out->quoted = true;
    raw_out->text = arena_slice(parser->arena, json_slice(string));
    parser->at = end;
    return true;
}

static bool read_number(struct slice word, struct scim_raw_literal *raw_out)
{
    bool numeric = word.data[0] == '-' || (word.data[0] >= '0' && word.data[0] <= '9');
    if (!numeric || word.len > NUMBER_MAX_BYTES)
        return false;
    json_scoped *exact = json_loadb(word.data, word.len, JSON_DECODE_ANY, NULL);
    json_scoped *rounded = json_loadb(word.data, word.len, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    if (!json_is_real(rounded))
        return false;
    raw_out->kind = SCIM_LITERAL_NUMBER;
    raw_out->is_integer = json_is_integer(exact);
    raw_out->integer = json_integer_value(exact);
    raw_out->number = json_real_value(rounded);
    return true;
}

static bool is_bare_char(char c) { return (unsigned char)c > 0x20 && c != 0x7F && !strchr("\"'()[]{},\\", c); }

static bool is_reserved(struct slice word)
{
    return slice_equals_ascii_nocase(word, SLICE_LITERAL("and")) ||
           slice_equals_ascii_nocase(word, SLICE_LITERAL("or")) ||
           slice_equals_ascii_nocase(word, SLICE_LITERAL("not"));
}

static bool read_word(struct scim_filter_parser *parser, struct scim_raw_literal *raw_out)
{
    size_t end = parser->at;
    while (end < parser->text.len && is_bare_char(parser->text.data[end]))
        end++;
    struct slice word = slice_of(parser->text.data + parser->at, end - parser->at);
    if (word.len == 0 || is_reserved(word))
        return scim_filter_fail(parser, parser->at, "a value was expected");

    raw_out->text = arena_slice(parser->arena, word);
    if (slice_equals(word, SLICE_LITERAL("null"))) {
        raw_out->kind = SCIM_LITERAL_NULL;
    } else if (slice_equals(word, SLICE_LITERAL("true")) || slice_equals(word, SLICE_LITERAL("false"))) {
        raw_out->kind = SCIM_LITERAL_BOOLEAN;
        raw_out->boolean = word.data[0] == 't';
    } else if (!read_number(word, raw_out)) {
        if (!scim_lenient(parser->policy, SCIM_LOOSE_LITERALS))
            return scim_filter_fail(parser, parser->at, "a value that is no JSON string, number, true, false or null");
        raw_out->kind = SCIM_LITERAL_TEXT;
    }
    parser->at = end;
    return true;
}

bool scim_literal_read(struct scim_filter_parser *parser, struct scim_raw_literal *raw_out)
{
    *raw_out = (struct scim_raw_literal){.at = parser->at};
    return scim_filter_peek(parser) == '"' ? read_string(parser, raw_out) : read_word(parser, raw_out);
}

static bool fit_boolean(struct scim_filter_parser *parser, const struct scim_raw_literal *raw,
                        struct scim_literal *literal_out)
{
    bool yes = slice_equals_ascii_nocase(raw->text, SLICE_LITERAL("true"));
    bool no = slice_equals_ascii_nocase(raw->text, SLICE_LITERAL("false"));
    if (!yes && !no)
        return scim_filter_fail(parser, raw->at, "true or false was expected");
    if (raw->kind != SCIM_LITERAL_BOOLEAN && !scim_lenient(parser->policy, SCIM_LOOSE_LITERALS))
        return scim_filter_fail(parser, raw->at, "true or false was expected, without quotes");
    *literal_out = (struct scim_literal){.kind = SCIM_LITERAL_BOOLEAN, .boolean = yes, .text = raw->text};
    return true;
}

static bool fit_number(struct scim_filter_parser *parser, const struct scim_raw_literal *raw,
                       struct scim_literal *literal_out)
{
    struct scim_raw_literal number = *raw;
    bool ok = raw->kind == SCIM_LITERAL_NUMBER || (scim_lenient(parser->policy, SCIM_LOOSE_LITERALS) &&
                                                   raw->text.len > 0 && read_number(raw->text, &number));
    if (!ok)
        return scim_filter_fail(parser, raw->at, "a number was expected");
    *literal_out = (struct scim_literal){.kind = SCIM_LITERAL_NUMBER,
                                         .is_integer = number.is_integer,
                                         .integer = number.integer,
                                         .number = number.number,
                                         .text = raw->text};
    return true;
}

static bool fit_instant(struct scim_filter_parser *parser, const struct scim_raw_literal *raw,
                        struct scim_literal *literal_out)
{
    struct scim_instant instant;
    if (raw->kind != SCIM_LITERAL_TEXT || !scim_instant_parse(raw->text, &instant))
        return scim_filter_fail(parser, raw->at, "a date and time like \"2026-01-31T12:00:00Z\" was expected");
    *literal_out = (struct scim_literal){.kind = SCIM_LITERAL_TEXT,
                                         .text = raw->text,
                                         .prepared = raw->text,
                                         .instant_s = instant.seconds,
                                         .instant_ns = instant.nanoseconds};
    return true;
}

static bool fit_text(struct scim_filter_parser *parser, const struct scim_raw_literal *raw,
                     const struct scim_attribute *attribute, struct scim_literal *literal_out)
{
    if (attribute && raw->kind != SCIM_LITERAL_TEXT && !scim_lenient(parser->policy, SCIM_LOOSE_LITERALS))
        return scim_filter_fail(parser, raw->at, "a string in double quotes was expected");
    *literal_out = (struct scim_literal){.kind = SCIM_LITERAL_TEXT, .text = raw->text};
    if (!attribute) {
        /* Of unknown type: a number is compared with numbers as one, and with everything else as text. */
        literal_out->kind = raw->kind;
        literal_out->boolean = raw->boolean;
        literal_out->is_integer = raw->is_integer;
        literal_out->integer = raw->integer;
        literal_out->number = raw->number;
    }
    literal_out->prepared = scim_text_prepare_in(scim_text_kind(attribute), raw->text, parser->arena);
    return true;
}

bool scim_literal_fit(struct scim_filter_parser *parser, const struct scim_raw_literal *raw,
                      const struct scim_attribute *attribute, struct scim_literal *literal_out)
{
    switch (attribute ? attribute->type : SCIM_STRING) {
    case SCIM_BOOLEAN:
        return fit_boolean(parser, raw, literal_out);
    case SCIM_INTEGER:
    case SCIM_DECIMAL:
        return fit_number(parser, raw, literal_out);
    case SCIM_DATETIME:
        return fit_instant(parser, raw, literal_out);
    case SCIM_STRING:
    case SCIM_BINARY:
    case SCIM_REFERENCE:
    case SCIM_COMPLEX:
        break;
    }
    return fit_text(parser, raw, attribute, literal_out);
}
