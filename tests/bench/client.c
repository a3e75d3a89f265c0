#include "client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <nghttp2/nghttp2.h>

enum { OUT_BYTES = 1 << 18, IN_BYTES = 1 << 17, TEXT_BYTES = 512, EVENTS = 64, WINDOW = 1 << 30 };

struct connection {
    struct client *client;
    int fd;
    nghttp2_session *session;
    char *out; /* OUT_BYTES */
    size_t out_len, out_at;
    bool to_send; /* is in the list of those that have something to send */
};

struct place { /* for one request at a time */
    struct request request;
    struct connection *connection;
    uint64_t begun_ns;
    size_t body_at;
    int status;
    char text[TEXT_BYTES];
    size_t text_len;
};

struct client {
    const char *authority;
    int epoll;
    struct connection *connections;
    struct place *places, **free_places; /* a ring, so that connections take turns */
    size_t connection_count, place_count, free_count, free_at;
    struct connection **to_send;
    size_t to_send_count;
    uint64_t received, now_ns;
    client_answer_fn *on_answer;
    void *context;
};

static void *zeroed(size_t count, size_t bytes)
{
    void *memory = calloc(count, bytes);
    if (!memory)
        sample_fail("out of memory");
    return memory;
}

static void give_back(struct client *client, struct place *place)
{
    client->free_places[(client->free_at + client->free_count++) % client->place_count] = place;
}

static void will_send(struct connection *connection)
{
    if (connection->to_send)
        return;
    connection->to_send = true;
    connection->client->to_send[connection->client->to_send_count++] = connection;
}

static int on_header(nghttp2_session *session, const nghttp2_frame *frame, const uint8_t *name, size_t name_len,
                     const uint8_t *value, size_t value_len, uint8_t flags, void *user)
{
    (void)flags, (void)user;
    if (name_len != 7 || memcmp(name, ":status", 7) != 0 || value_len != 3)
        return 0;
    struct place *place = nghttp2_session_get_stream_user_data(session, frame->hd.stream_id);
    if (place)
        place->status = (value[0] - '0') * 100 + (value[1] - '0') * 10 + (value[2] - '0');
    return 0;
}

static int on_data(nghttp2_session *session, uint8_t flags, int32_t stream, const uint8_t *data, size_t len, void *user)
{
    (void)flags;
    struct connection *connection = user;
    connection->client->received += len;
    struct place *place = nghttp2_session_get_stream_user_data(session, stream);
    if (!place || place->status / 100 == 2)
        return 0;
    size_t room = TEXT_BYTES - place->text_len, taken = len < room ? len : room;
    memcpy(place->text + place->text_len, data, taken);
    place->text_len += taken;
    return 0;
}

static int on_stream_close(nghttp2_session *session, int32_t stream, uint32_t error, void *user)
{
    struct connection *connection = user;
    struct client *client = connection->client;
    struct place *place = nghttp2_session_get_stream_user_data(session, stream);
    if (!place)
        return 0;
    struct answer answer = {.status = error == NGHTTP2_NO_ERROR ? place->status : 0,
                            .begun_ns = place->begun_ns,
                            .ended_ns = client->now_ns,
                            .text = slice_of(place->text, place->text_len)};
    give_back(client, place);
    client->on_answer(client->context, &answer);
    return 0;
}

static ssize_t read_body(nghttp2_session *session, int32_t stream, uint8_t *out, size_t room, uint32_t *flags,
                         nghttp2_data_source *source, void *user)
{
    (void)session, (void)stream, (void)user;
    struct place *place = source->ptr;
    size_t left = place->request.body.len - place->body_at, taken = left < room ? left : room;
    memcpy(out, place->request.body.data + place->body_at, taken);
    place->body_at += taken;
    if (place->body_at == place->request.body.len)
        *flags |= NGHTTP2_DATA_FLAG_EOF;
    return (ssize_t)taken;
}

static int connected_socket(uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)))
        sample_fail("port %d: %s", port, strerror(errno));
    return fd;
}

static void start_session(struct connection *connection)
{
    nghttp2_session_callbacks *callbacks;
    nghttp2_settings_entry settings[] = {{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, WINDOW},
                                         {NGHTTP2_SETTINGS_ENABLE_PUSH, 0}};
    if (nghttp2_session_callbacks_new(&callbacks))
        sample_fail("out of memory");
    nghttp2_session_callbacks_set_on_header_callback(callbacks, on_header);
    nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, on_data);
    nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, on_stream_close);
    if (nghttp2_session_client_new(&connection->session, callbacks, connection) ||
        nghttp2_submit_settings(connection->session, NGHTTP2_FLAG_NONE, settings, 2) ||
        nghttp2_session_set_local_window_size(connection->session, NGHTTP2_FLAG_NONE, 0, WINDOW))
        sample_fail("cannot start an HTTP/2 session");
    nghttp2_session_callbacks_del(callbacks);
}

static void open_connection(struct client *client, struct connection *connection, uint16_t port)
{
    connection->client = client;
    connection->fd = connected_socket(port);
    connection->out = zeroed(1, OUT_BYTES);
    start_session(connection);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};
    if (epoll_ctl(client->epoll, EPOLL_CTL_ADD, connection->fd, &event))
        sample_fail("epoll: %s", strerror(errno));
    will_send(connection);
}

struct client *client_new(uint16_t port, const char *authority, size_t connections, size_t streams,
                          client_answer_fn *on_answer, void *context)
{
    struct client *client = zeroed(1, sizeof(*client));
    *client = (struct client){.authority = authority,
                              .epoll = epoll_create1(EPOLL_CLOEXEC),
                              .connections = zeroed(connections, sizeof(*client->connections)),
                              .places = zeroed(connections * streams, sizeof(*client->places)),
                              .free_places = zeroed(connections * streams, sizeof(struct place *)),
                              .connection_count = connections,
                              .place_count = connections * streams,
                              .to_send = zeroed(connections, sizeof(struct connection *)),
                              .on_answer = on_answer,
                              .context = context};
    for (size_t i = 0; i < connections; i++)
        open_connection(client, &client->connections[i], port);
    for (size_t i = 0; i < client->place_count; i++) {
        client->places[i].connection = &client->connections[i % connections];
        buf_init(&client->places[i].request.body, 1 << 22);
        give_back(client, &client->places[i]);
    }
    client_step(client, 0);
    return client;
}

void client_free(struct client *client)
{
    for (size_t i = 0; i < client->connection_count; i++) {
        nghttp2_session_del(client->connections[i].session);
        close(client->connections[i].fd);
        free(client->connections[i].out);
    }
    for (size_t i = 0; i < client->place_count; i++)
        buf_fini(&client->places[i].request.body);
    close(client->epoll);
    free(client->connections);
    free(client->places);
    free(client->free_places);
    free(client->to_send);
    free(client);
}

struct request *client_place(struct client *client)
{
    return client->free_count ? &client->free_places[client->free_at]->request : NULL;
}

static nghttp2_nv header(const char *name, const char *value)
{
    union { /* nghttp2 asks for pointers to what it does not write to */
        const char *from;
        uint8_t *to;
    } name_of = {.from = name}, value_of = {.from = value};
    return (nghttp2_nv){name_of.to, value_of.to, strlen(name), strlen(value), NGHTTP2_NV_FLAG_NO_COPY_NAME};
}

void client_send(struct client *client, struct request *request, uint64_t begun_ns)
{
    struct place *place = client->free_places[client->free_at];
    client->free_at = (client->free_at + 1) % client->place_count;
    client->free_count--;
    place->begun_ns = begun_ns;
    place->body_at = place->text_len = 0;
    place->status = 0;
    bool has_body = request->body.len > 0;
    nghttp2_nv headers[] = {
        header(":method", request->method),
        header(":scheme", "http"),
        header(":authority", client->authority),
        header(":path", request->path),
        header("authorization", request->authorization ? request->authorization : ""),
        header("content-type", "application/scim+json"),
    };
    nghttp2_data_provider body = {.source.ptr = place, .read_callback = read_body};
    struct connection *connection = place->connection;
    if (nghttp2_submit_request(connection->session, NULL, headers, has_body ? 6 : 5, has_body ? &body : NULL, place) <
        0)
        sample_fail("cannot submit a request");
    will_send(connection);
}

static void watch_writing(struct connection *connection, bool writing)
{
    struct epoll_event event = {.events = EPOLLIN | (writing ? (unsigned)EPOLLOUT : 0), .data.ptr = connection};
    if (epoll_ctl(connection->client->epoll, EPOLL_CTL_MOD, connection->fd, &event))
        sample_fail("epoll: %s", strerror(errno));
}

static void collect(struct connection *connection)
{
    while (connection->out_len < OUT_BYTES / 2) {
        const uint8_t *data;
        ssize_t len = nghttp2_session_mem_send(connection->session, &data);
        if (len < 0 || (size_t)len > OUT_BYTES - connection->out_len)
            sample_fail("HTTP/2: %s", nghttp2_strerror((int)len));
        if (len == 0)
            return;
        memcpy(connection->out + connection->out_len, data, (size_t)len);
        connection->out_len += (size_t)len;
    }
}

static void send_out(struct connection *connection)
{
    for (;;) {
        collect(connection);
        if (connection->out_len == 0)
            return;
        ssize_t sent = send(connection->fd, connection->out + connection->out_at,
                            connection->out_len - connection->out_at, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) {
            watch_writing(connection, true);
            return;
        }
        if (sent < 0)
            sample_fail("the server closed a connection: %s", strerror(errno));
        connection->out_at += (size_t)sent;
        if (connection->out_at == connection->out_len)
            connection->out_at = connection->out_len = 0;
    }
}

static void receive(struct connection *connection)
{
    static uint8_t in[IN_BYTES];
    ssize_t len = recv(connection->fd, in, sizeof(in), MSG_DONTWAIT);
    if (len < 0 && errno == EAGAIN)
        return;
    if (len <= 0)
        sample_fail("the server closed a connection: %s", len ? strerror(errno) : "end of stream");
    connection->client->now_ns = sample_now_ns();
    ssize_t taken = nghttp2_session_mem_recv(connection->session, in, (size_t)len);
    if (taken != len)
        sample_fail("HTTP/2: %s", nghttp2_strerror((int)taken));
    will_send(connection);
}

static void send_all(struct client *client)
{
    for (size_t i = 0; i < client->to_send_count; i++) {
        client->to_send[i]->to_send = false;
        send_out(client->to_send[i]);
    }
    client->to_send_count = 0;
}

void client_step(struct client *client, uint64_t until_ns)
{
    send_all(client);
    uint64_t now = sample_now_ns(), left = until_ns > now ? until_ns - now : 0;
    struct timespec timeout = {.tv_sec = (time_t)(left / 1000000000u), .tv_nsec = (long)(left % 1000000000u)};
    struct epoll_event events[EVENTS];
    int count = epoll_pwait2(client->epoll, events, EVENTS, &timeout, NULL);
    if (count < 0 && errno != EINTR)
        sample_fail("epoll: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        struct connection *connection = events[i].data.ptr;
        if (events[i].events & EPOLLOUT) {
            watch_writing(connection, false);
            will_send(connection);
        }
        if (events[i].events & ~(unsigned)EPOLLOUT)
            receive(connection);
    }
}

size_t client_outstanding(const struct client *client) { return client->place_count - client->free_count; }

uint64_t client_received(const struct client *client) { return client->received; }
