#include "query.h"

const char *const admin_query_names[ADMIN_QUERIES] = {
    [QUERY_LIMIT] = "limit",
    [QUERY_CURSOR] = "cursor",
    [QUERY_EXTERNAL_ID] = "external_id",
    [QUERY_NAME] = "name",
    [QUERY_ENVIRONMENT] = "environment_id",
    [QUERY_DIRECTORY] = "directory_id",
    [QUERY_SUCCESSOR] = "successor",
    [QUERY_TYPES] = "types",
    [QUERY_ORGANIZATION] = "organization_id",
    [QUERY_KIND] = "kind",
    [QUERY_STATE] = "state",
    [QUERY_VIEW] = "view",
    [QUERY_INCLUDE_DELETED] = "include_deleted",
    [QUERY_UPDATED_SINCE] = "updated_since",
    [QUERY_FORCE] = "force",
    [QUERY_DISMISSED] = "dismissed",
    [QUERY_OLDER_THAN_DAYS] = "older_than_days",
    [QUERY_DRY_RUN] = "dry_run",
    [QUERY_ON_CONFLICT] = "on_conflict",
    [QUERY_SKIP_BAD_ROWS] = "skip_bad_rows",
    [QUERY_FILTER] = "filter",
    [QUERY_USER_NAME] = "user_name",
    [QUERY_EMAIL] = "email",
    [QUERY_DISPLAY_NAME] = "display_name",
    [QUERY_ACTOR] = "actor",
    [QUERY_ACTION] = "action",
    [QUERY_SINCE] = "since",
    [QUERY_UNTIL] = "until",
    [QUERY_ORDER] = "order",
    [QUERY_DOMAIN] = "domain",
    [QUERY_GRACE_DAYS] = "grace_days",
    [QUERY_EXPIRING_WITHIN_DAYS] = "expiring_within_days",
    [QUERY_FROM] = "from",
    [QUERY_TO] = "to",
    [QUERY_STATUS] = "status",
    [QUERY_FAILED] = "failed",
    [QUERY_METHOD] = "method",
    [QUERY_OPERATION] = "operation",
    [QUERY_REQUEST_ID] = "request_id",
    [QUERY_RESOURCE_ID] = "resource_id",
    [QUERY_TOKEN_ID] = "token_id",
    [QUERY_WAIT] = "wait",
    [QUERY_REPLAY] = "replay_id",
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

static bool decode(struct slice raw, struct arena *arena, struct slice *text_out)
{
    char *text = arena_take(arena, raw.len + 1);
    size_t length = 0;
    for (size_t i = 0; i < raw.len; i++) {
        if (raw.data[i] != '%') {
            text[length++] = raw.data[i] == '+' ? ' ' : raw.data[i];
            continue;
        }
        int high = i + 2 < raw.len ? hex_digit(raw.data[i + 1]) : -1;
        int low = i + 2 < raw.len ? hex_digit(raw.data[i + 2]) : -1;
        if (high < 0 || low < 0 || (high == 0 && low == 0))
            return false;
        text[length++] = (char)(high << 4 | low);
        i += 2;
    }
    *text_out = slice_of(text, length);
    return true;
}

static struct slice cut(struct slice *rest, char separator)
{
    const char *at = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    struct slice part = slice_of(rest->data, at ? (size_t)(at - rest->data) : rest->len);
    *rest = slice_skip(*rest, at ? part.len + 1 : part.len);
    return part;
}

static int find_name(struct slice name, uint64_t allowed)
{
    for (int i = 0; i < ADMIN_QUERIES; i++)
        if ((allowed & QUERY_BIT(i)) && slice_equals(name, slice_str(admin_query_names[i])))
            return i;
    return -1;
}

static bool add_pair(struct call *call, struct slice pair, uint64_t allowed, struct err *err)
{
    struct slice raw_name = cut(&pair, '='), name, value;
    if (!decode(raw_name, call_arena(call), &name) || !decode(pair, call_arena(call), &value))
        return err_set(err, ERR_BAD_REQUEST, "The query string has a bad percent-escape.");
    int found = find_name(name, allowed);
    if (found < 0)
        return err_set(err, ERR_BAD_REQUEST, "The query parameter \"%.*s\" is not known here.",
                       (int)(name.len > 60 ? 60 : name.len), name.data);
    if (call->query[found].data)
        return err_set(err, ERR_BAD_REQUEST, "The query parameter \"%s\" is there twice.", admin_query_names[found]);
    call->query[found] = value;
    return true;
}

bool query_parse(struct call *call, uint64_t allowed, struct err *err)
{
    struct slice rest = call->op->query;
    while (rest.len > 0) {
        struct slice pair = cut(&rest, '&');
        if (pair.len > 0 && !add_pair(call, pair, allowed, err))
            return false;
    }
    return true;
}

bool query_flag(const struct call *call, enum admin_query query, bool *flag_out, struct err *err)
{
    struct slice text = call->query[query];
    *flag_out = slice_equals(text, SLICE_LITERAL("true"));
    return *flag_out || !text.data || slice_equals(text, SLICE_LITERAL("false")) ||
           err_set(err, ERR_BAD_REQUEST, "%s must be \"true\" or \"false\".", admin_query_names[query]);
}

static void encode(struct slice text, struct buf *out)
{
    static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] && strchr(unreserved, text.data[i]))
            buf_add_char(out, text.data[i]);
        else
            buf_printf(out, "%%%02X", (unsigned)(unsigned char)text.data[i]);
    }
}

void query_write(const struct call *call, struct slice cursor, struct buf *out)
{
    char separator = '?';
    for (int i = 0; i < ADMIN_QUERIES; i++) {
        struct slice value = i == QUERY_CURSOR ? cursor : call->query[i];
        if (!value.data)
            continue;
        buf_printf(out, "%c%s=", separator, admin_query_names[i]);
        encode(value, out);
        separator = '&';
    }
}
