/* The request as the use case sees it: copies, because libh2o frees its own whenever the client leaves. */
#include "exchange.h"
#include "loop.h"

static struct slice slice_of_iovec(h2o_iovec_t v) { return slice_of(v.base, v.len); }

/* --- headers --- */

static struct slice *single_header(struct exchange *exchange, const h2o_iovec_t *name)
{
    struct op *op = &exchange->op;
    if (name == &H2O_TOKEN_AUTHORIZATION->buf)
        return &op->authorization;
    if (name == &H2O_TOKEN_CONTENT_TYPE->buf)
        return &op->content_type;
    if (name == &H2O_TOKEN_USER_AGENT->buf)
        return &op->user_agent;
    struct slice text = slice_of_iovec(*name);
    if (slice_equals(text, SLICE_LITERAL("last-event-id")))
        return &op->last_event_id;
    return slice_equals(text, SLICE_LITERAL("idempotency-key")) ? &op->idempotency_key : NULL;
}

/* Lists: several lines mean the same as one with commas (RFC 9110 section 5.3). */
static struct slice *list_header(struct exchange *exchange, const h2o_iovec_t *name)
{
    struct op *op = &exchange->op;
    if (name == &H2O_TOKEN_ACCEPT->buf)
        return &op->accept;
    if (name == &H2O_TOKEN_IF_MATCH->buf)
        return &op->if_match;
    if (name == &H2O_TOKEN_IF_NONE_MATCH->buf)
        return &op->if_none_match;
    if (name == &H2O_TOKEN_X_FORWARDED_FOR->buf)
        return &exchange->forwarded_for;
    struct slice text = slice_of_iovec(*name);
    if (slice_equals(text, SLICE_LITERAL("x-forwarded-proto")))
        return &exchange->forwarded_proto;
    if (slice_equals(text, SLICE_LITERAL("prefer")))
        return &op->prefer;
    return slice_equals(text, SLICE_LITERAL("x-forwarded-host")) ? &exchange->forwarded_host : NULL;
}

static void join(struct arena *arena, struct slice *list, struct slice value)
{
    if (!list->data) {
        *list = arena_slice(arena, value);
        return;
    }
    char *text = arena_take(arena, list->len + 2 + value.len);
    memcpy(text, list->data, list->len);
    text[list->len] = ',';
    text[list->len + 1] = ' ';
    memcpy(text + list->len + 2, value.data, value.len);
    *list = slice_of(text, list->len + 2 + value.len);
}

static void take_header(struct exchange *exchange, const h2o_header_t *header)
{
    struct slice value = slice_of_iovec(header->value);
    struct slice *slot = single_header(exchange, header->name);
    if (slot) {
        exchange->has_doubles |= slot->data != NULL;
        *slot = arena_slice(&exchange->op.arena, value);
    } else if ((slot = list_header(exchange, header->name))) {
        join(&exchange->op.arena, slot, value);
    }
}

static bool take_headers(struct exchange *exchange)
{
    const h2o_headers_t *headers = &exchange->req->headers;
    size_t limit = exchange->loop->server->settings.max_header, bytes = exchange->op.path.len + exchange->op.query.len;
    for (size_t i = 0; i < headers->size; i++) {
        bytes += headers->entries[i].name->len + headers->entries[i].value.len + 4;
        take_header(exchange, &headers->entries[i]);
    }
    if (bytes > limit)
        return err_set(&exchange->op.err, ERR_HEADERS_TOO_LARGE, "The headers are longer than %zu bytes.", limit);
    if (exchange->has_doubles)
        return err_set(&exchange->op.err, ERR_BAD_REQUEST,
                       "Authorization, Content-Type, Idempotency-Key, Last-Event-ID or User-Agent is there more than "
                       "once.");
    return true;
}

/* --- target --- */

static void split_query(struct op *op, struct slice target)
{
    const char *question = target.len > 0 ? memchr(target.data, '?', target.len) : NULL;
    op->path = slice_of(target.data, question ? (size_t)(question - target.data) : target.len);
    op->query = question ? slice_skip(target, op->path.len + 1) : SLICE_EMPTY;
}

static size_t scheme_length(struct slice target)
{
    if (slice_starts_with_ascii_nocase(target, SLICE_LITERAL("http://")))
        return 7;
    return slice_starts_with_ascii_nocase(target, SLICE_LITERAL("https://")) ? 8 : 0;
}

/* "http://host/path" (RFC 9112 section 3.2.2): its host must be the one of the Host header. */
static bool take_absolute(struct exchange *exchange, struct slice target)
{
    struct slice rest = slice_skip(target, scheme_length(target));
    size_t authority = 0;
    while (authority < rest.len && rest.data[authority] != '/' && rest.data[authority] != '?')
        authority++;
    if (!slice_equals_ascii_nocase(slice_of(rest.data, authority), exchange->host))
        return err_set(&exchange->op.err, ERR_BAD_REQUEST, "The request target and the Host header name two hosts.");
    split_query(&exchange->op, slice_skip(rest, authority));
    if (exchange->op.path.len == 0)
        exchange->op.path = SLICE_LITERAL("/");
    return true;
}

static bool take_target(struct exchange *exchange)
{
    struct op *op = &exchange->op;
    struct slice target = arena_slice(&op->arena, slice_of_iovec(exchange->req->input.path));
    split_query(op, target);
    if (target.len > 0 && memchr(target.data, '#', target.len))
        return err_set(&op->err, ERR_BAD_REQUEST, "The request target has a fragment.");
    if (target.len > 0 && target.data[0] == '/')
        return true;
    if (slice_equals(target, SLICE_LITERAL("*")) && slice_equals(op->method, SLICE_LITERAL("OPTIONS")))
        return true;
    if (scheme_length(target) > 0 && !exchange->is_http2)
        return take_absolute(exchange, target);
    return err_set(&op->err, ERR_BAD_REQUEST, "The request target is not a path.");
}

/* --- host, origin, peer --- */

static bool take_host(struct exchange *exchange)
{
    const h2o_req_t *req = exchange->req;
    bool missing = req->input.authority.base == req->hostconf->authority.hostport.base; /* libh2o's stand-in */
    if (!missing)
        exchange->host = arena_slice(&exchange->op.arena, slice_of_iovec(req->input.authority));
    if (missing || !framing_host_is_valid(exchange->host))
        return err_set(&exchange->op.err, ERR_BAD_REQUEST, "The host is missing or not a host name.");
    return true;
}

static void find_origin(struct exchange *exchange)
{
    struct op *op = &exchange->op;
    const struct connection *connection = exchange->connection;
    struct http_server *server = exchange->loop->server;
    struct slice peer = slice_str(connection->peer);
    op->peer = arena_slice(&op->arena,
                           connection->trusted ? origin_client(server->proxies, exchange->forwarded_for, peer) : peer);
    if (server->settings.public_url) {
        op->origin = slice_str(server->settings.public_url);
        return;
    }
    struct origin_request request = {.tls = connection->tls,
                                     .trusted = connection->trusted,
                                     .host = exchange->host,
                                     .forwarded_proto = exchange->forwarded_proto,
                                     .forwarded_host = exchange->forwarded_host};
    op->origin = origin_of(&request, &op->arena);
}

static bool take_body(struct exchange *exchange)
{
    struct http_server *server = exchange->loop->server;
    size_t length = exchange->req->entity.len;
    if (length == 0)
        return true;
    if (length > server->largest_body) /* no route takes it: not worth a copy */
        return exchange_too_large(exchange_body_limit(server, exchange->op.method, exchange->op.path),
                                  &exchange->op.err);
    exchange->op.body = arena_slice(&exchange->op.arena, slice_of_iovec(exchange->req->entity));
    if (atomic_fetch_add_explicit(&server->buffered, length, memory_order_relaxed) + length <= server->most_buffered)
        return true;
    return err_set(&exchange->op.err, ERR_BUSY, "The server holds too many requests, try again.");
}

bool exchange_pack(struct exchange *exchange)
{
    struct op *op = &exchange->op;
    op->method = arena_slice(&op->arena, slice_of_iovec(exchange->req->input.method));
    op->is_head = slice_equals(op->method, SLICE_LITERAL("HEAD"));
    op->origin = SLICE_LITERAL("http://localhost"); /* until it is known */
    op->peer = slice_str(exchange->connection->peer);
    if (!take_host(exchange) || !take_target(exchange) || !take_headers(exchange))
        return false;
    find_origin(exchange);
    return take_body(exchange);
}
