/* Answers in pieces. A piece is libh2o's until its client has taken it; then the use case makes the next one. So an
 * answer of any length takes the room of one piece, and a slow client slows nobody but itself. */
#include "base/must.h"
#include "exchange.h"

/* It works for the loop again, as a job that is out. */
static void ask_for_more(struct exchange *exchange, bool wanted)
{
    exchange->answered_ms = 0; /* the client waits for us now */
    exchange_take_slots(exchange);
    exchange->state = EXCHANGE_IN_STORE;
    buf_clear(&exchange->op.reply.body);
    exchange->op.proceed(&exchange->op, wanted);
}

static void on_piece_taken(h2o_generator_t *generator, h2o_req_t *req)
{
    (void)req;
    struct exchange *exchange = H2O_STRUCT_FROM_MEMBER(struct exchange, generator, generator);
    must(exchange->op.reply.more);
    ask_for_more(exchange, true);
}

void exchange_stop_stream(struct exchange *exchange)
{
    exchange->req = NULL;
    ask_for_more(exchange, false);
}

static h2o_send_state_t state_of(const struct op *op)
{
    if (op->err.kind != ERR_NONE)
        return H2O_SEND_STATE_ERROR; /* the status is sent already: cut short, it is no good answer */
    return op->reply.more ? H2O_SEND_STATE_IN_PROGRESS : H2O_SEND_STATE_FINAL;
}

void exchange_send_piece(struct exchange *exchange)
{
    struct op *op = &exchange->op;
    struct connection *connection = exchange->connection;
    if (!exchange->streams) {
        exchange->streams = true;
        exchange->generator = (h2o_generator_t){.proceed = on_piece_taken};
        exchange_start(exchange, SIZE_MAX);
        h2o_start_response(exchange->req, &exchange->generator);
    }
    exchange->state = EXCHANGE_ANSWERED;
    exchange->answered_ms = exchange->loop->now_ms;
    connection->reply_bytes += op->reply.body.len;
    if (!op->reply.more)
        exchange_tell(exchange, false);
    h2o_iovec_t body = h2o_iovec_init(op->reply.body.data, op->reply.body.len);
    h2o_send(exchange->req, &body, body.len > 0 ? 1 : 0, state_of(op));
    if (connection->phase == CONNECTION_HTTP2)
        connection_touch(connection);
}
