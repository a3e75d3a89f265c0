#include "listener.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/must.h"
#include "obs/log.h"

enum {
    BACKLOG = 4096,
    RECEIVE_BUFFER = 256 * 1024, /* bounds what one connection can make us read at once */
    SEND_BUFFER = 256 * 1024,    /* and what one that does not read keeps in the kernel */
    ACCEPTS_PER_ROUND = 64,
    SPARE_DESCRIPTORS = 16 /* for the database to reconnect, the log to rotate, certificates to be read */
};

/* --- opening --- */

static bool fail(struct err *err, const char *what, const char *address)
{
    return err_set(err, ERR_UNAVAILABLE, "Cannot %s %s: %s.", what, address, strerror(errno));
}

static int bind_and_listen(const struct addrinfo *info, int backlog)
{
    int on = 1, receive = RECEIVE_BUFFER, send = SEND_BUFFER;
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof receive);
    setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof send);
    if (bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, backlog) == 0)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

/* Splits "host:port" and "[ipv6]:port". */
static bool split_address(const char *address, char *host, size_t size, const char **port_out)
{
    const char *colon = strrchr(address, ':');
    if (!colon || colon[1] == '\0')
        return false;
    const char *end = colon;
    if (address[0] == '[' && colon > address && colon[-1] == ']') {
        address++;
        end--;
    }
    *port_out = colon + 1;
    return (size_t)snprintf(host, size, "%.*s", (int)(end - address), address) < size;
}

static int open_tcp(const char *address, struct err *err)
{
    char host[256];
    const char *port;
    if (!split_address(address, host, sizeof host, &port)) {
        err_set(err, ERR_UNAVAILABLE, "The address %s is not of the form host:port.", address);
        return -1;
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV}, *list;
    int code = getaddrinfo(host[0] ? host : NULL, port, &hints, &list);
    if (code != 0) {
        err_set(err, ERR_UNAVAILABLE, "The address %s cannot be resolved: %s.", address, gai_strerror(code));
        return -1;
    }
    int fd = bind_and_listen(list, BACKLOG);
    if (fd < 0)
        fail(err, "listen on", address);
    freeaddrinfo(list);
    return fd;
}

static int open_unix(const char *path, struct err *err)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if ((size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >= sizeof address.sun_path) {
        err_set(err, ERR_UNAVAILABLE, "The path of the socket is longer than %zu bytes.", sizeof address.sun_path - 1);
        return -1;
    }
    struct stat status;
    if (lstat(path, &status) == 0 && S_ISSOCK(status.st_mode)) /* left behind by one that was killed */
        unlink(path);
    struct addrinfo info = {.ai_family = AF_UNIX, .ai_addr = (struct sockaddr *)&address, .ai_addrlen = sizeof address};
    int fd = bind_and_listen(&info, BACKLOG);
    if (fd < 0)
        fail(err, "listen on", path);
    return fd;
}

static unsigned bound_port(int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof address;
    if (getsockname(fd, (struct sockaddr *)&address, &length) != 0)
        return 0;
    if (address.ss_family == AF_INET)
        return ntohs(((struct sockaddr_in *)&address)->sin_port);
    return address.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&address)->sin6_port) : 0;
}

bool listener_open(struct http_server *server, struct err *err)
{
    const char *address = server->settings.listen;
    if (server->settings.inherited_fd >= 0) {
        server->listen_fd = server->settings.inherited_fd;
    } else if (strncmp(address, "unix:", 5) == 0) {
        server->listen_fd = open_unix(address + 5, err);
        server->unix_path = server->listen_fd < 0 ? NULL : strdup(address + 5);
    } else {
        server->listen_fd = open_tcp(address, err);
    }
    if (server->listen_fd >= 0)
        server->port = bound_port(server->listen_fd);
    return server->listen_fd >= 0;
}

void listener_close(struct http_server *server)
{
    if (server->listen_fd >= 0)
        close(server->listen_fd);
    server->listen_fd = -1;
    if (server->unix_path)
        unlink(server->unix_path);
    free(server->unix_path);
    server->unix_path = NULL;
}

static size_t count_open_descriptors(void)
{
    DIR *directory = opendir("/proc/self/fd");
    if (!directory)
        return 64;
    size_t count = 0;
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

size_t listener_capacity(unsigned max_connections)
{
    struct rlimit limit;
    size_t taken = count_open_descriptors() + SPARE_DESCRIPTORS;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return max_connections;
    size_t room = limit.rlim_cur > taken + 1 ? limit.rlim_cur - taken : 1;
    return room < max_connections ? room : max_connections;
}

/* --- accepting --- */

static void pause_listener(struct loop *loop)
{
    if (!loop->listener_paused)
        log_event(LOG_WARN, "http", "no more connections are accepted for now",
                  LOG_NUMBER("open", atomic_load(&loop->server->open)));
    loop->listener_paused = true;
    h2o_socket_read_stop(loop->listener);
}

static struct loop *least_loaded(struct http_server *server)
{
    struct loop *best = &server->loops[0];
    for (unsigned i = 1; i < server->loop_count; i++)
        if (atomic_load(&server->loops[i].connection_count) < atomic_load(&best->connection_count))
            best = &server->loops[i];
    return best;
}

/* false: there is nothing to accept, or no room. */
static bool accept_one(struct loop *loop)
{
    struct http_server *server = loop->server;
    if (atomic_load(&server->open) >= server->capacity) {
        pause_listener(loop);
        return false;
    }
    int fd = accept4(h2o_socket_get_fd(loop->listener), NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_listener(loop); /* until the next sweep: polling it would spin */
        return errno == ECONNABORTED || errno == EINTR;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    atomic_fetch_add(&server->open, 1);
    struct loop *chosen = least_loaded(server);
    atomic_fetch_add(&chosen->connection_count, 1);
    loop_give_fd(chosen, fd);
    return true;
}

static void on_acceptable(h2o_socket_t *sock, const char *error)
{
    (void)error;
    struct loop *loop = sock->data;
    for (int i = 0; i < ACCEPTS_PER_ROUND && accept_one(loop);)
        i++;
}

void listener_start(struct loop *loop)
{
    int fd = fcntl(loop->server->listen_fd, F_DUPFD_CLOEXEC, 0); /* libh2o closes its own */
    must(fd >= 0);
    loop->listener = h2o_evloop_socket_create(loop->context.loop, fd, H2O_SOCKET_FLAG_DONT_READ);
    loop->listener->data = loop;
    h2o_socket_read_start(loop->listener, on_acceptable);
}

void listener_stop(struct loop *loop)
{
    if (!loop->listener)
        return;
    h2o_socket_read_stop(loop->listener);
    h2o_socket_close(loop->listener);
    loop->listener = NULL;
}

void listener_reconsider(struct loop *loop)
{
    if (!loop->listener || !loop->listener_paused || atomic_load(&loop->server->open) >= loop->server->capacity)
        return;
    loop->listener_paused = false;
    h2o_socket_read_start(loop->listener, on_acceptable);
}
