#include "outbound.h"

#include <curl/curl.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/must.h"
#include "destination.h"

enum { LEAST_ROOM = 64, IDLE_EASIES = 64, KEPT_CONNECTIONS = 256, CONNECTION_LIFETIME_S = 600 };

struct post { /* a request on its way */
    struct outbound *outbound;
    struct post *next; /* in stillborn */
    size_t slot;       /* in posts */
    CURL *easy;        /* NULL: stillborn */
    struct curl_slist *headers;
    void (*on_done)(void *context, const struct outbound_result *result);
    void *context;
    uint64_t began_ns;
    char why[160];             /* it must not be sent, or not connect to an address that it had */
    bool has_connected;        /* to some address, or tried to */
    size_t headers_read, read; /* bytes */
    bool headers_full, is_cut; /* no more is kept; the body was longer than what is read */
    char headers_kept[OUTBOUND_HEADERS_BYTES], body_kept[OUTBOUND_BODY_BYTES];
    size_t headers_len, body_len;
    char curl_error[CURL_ERROR_SIZE];
};

struct outbound {
    struct outbound_settings settings;
    CURLM *multi;
    struct post **posts; /* that curl has, in no order */
    size_t post_count, post_room;
    struct post *stillborn; /* told in the next turn */
    size_t stillborn_count;
    CURL *idle[IDLE_EASIES];
    size_t idle_count;
};

/* --- what curl calls --- */

/* The one place where addresses are let pass or not: every connection, whatever the name meant a moment ago. */
static curl_socket_t on_connect(void *context, curlsocktype purpose, struct curl_sockaddr *to)
{
    struct post *post = context;
    struct address address;
    const char *why = purpose != CURLSOCKTYPE_IPCXN || !address_of_socket(&to->addr, &address)
                          ? "no address of the Internet"
                          : address_refusal(post->outbound->settings.rules, &address);
    if (why) {
        snprintf(post->why, sizeof post->why, "Not sent: the URL must lead to the public Internet; its host is %s.",
                 why);
        errno = EACCES;
        return CURL_SOCKET_BAD;
    }
    post->has_connected = true;
    return socket(to->family, to->socktype | SOCK_CLOEXEC, to->protocol);
}

static void keep_header(struct post *post, const char *line, size_t length)
{
    if (post->headers_len + length > sizeof post->headers_kept)
        post->headers_full = true;
    if (post->headers_full)
        return;
    memcpy(post->headers_kept + post->headers_len, line, length);
    post->headers_len += length;
}

static bool is_status_line(const char *line, size_t length) { return length >= 5 && memcmp(line, "HTTP/", 5) == 0; }

/* Line by line; those of a 100 (Continue) come before those of the answer. */
static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct post *post = context;
    size_t length = size * count;
    post->headers_read += length;
    if (post->headers_read > OUTBOUND_READ_BYTES)
        return 0;
    if (is_status_line(line, length)) {
        post->headers_len = 0;
        post->headers_full = false;
    } else if (length > 2) {
        keep_header(post, line, length);
    }
    return length;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct post *post = context;
    size_t length = size * count, room = sizeof post->body_kept - post->body_len;
    size_t kept = length < room ? length : room;
    memcpy(post->body_kept + post->body_len, bytes, kept);
    post->body_len += kept;
    post->read += length;
    post->is_cut = post->read > post->body_len;
    return post->read > OUTBOUND_READ_BYTES ? 0 : length;
}

/* --- a request --- */

static CURL *take_easy(struct outbound *outbound)
{
    CURL *easy = outbound->idle_count ? outbound->idle[--outbound->idle_count] : curl_easy_init();
    must(easy);
    return easy;
}

static void put_easy(struct outbound *outbound, CURL *easy)
{
    if (outbound->idle_count == IDLE_EASIES) {
        curl_easy_cleanup(easy);
        return;
    }
    curl_easy_reset(easy);
    outbound->idle[outbound->idle_count++] = easy;
}

#define SET(option, value) must(curl_easy_setopt(easy, (option), (value)) == CURLE_OK)

static void set_trust(CURL *easy, const struct outbound_settings *settings)
{
    SET(CURLOPT_PROTOCOLS_STR, settings->rules->http ? "https,http" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOPROXY, "*");
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_CAPATH, NULL); /* with a directory, authorities would be read anew for each connection */
    if (settings->ca_file && *settings->ca_file)
        SET(CURLOPT_CAINFO, settings->ca_file);
}

static void set_calls(CURL *easy, struct post *post)
{
    SET(CURLOPT_PRIVATE, post);
    SET(CURLOPT_ERRORBUFFER, post->curl_error);
    SET(CURLOPT_OPENSOCKETFUNCTION, on_connect);
    SET(CURLOPT_OPENSOCKETDATA, post);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, post);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, post);
}

static void add_header(struct post *post, const char *line)
{
    struct curl_slist *longer = curl_slist_append(post->headers, line);
    must(longer);
    post->headers = longer;
}

static void set_headers(CURL *easy, struct post *post, const struct outbound_request *request, struct arena *arena)
{
    must(request->header_count <= OUTBOUND_HEADERS_MOST);
    for (size_t i = 0; i < request->header_count; i++)
        add_header(post, arena_copy(arena, request->headers[i]));
    add_header(post, "Expect:"); /* no waiting for a 100 before the body */
    SET(CURLOPT_HTTPHEADER, post->headers);
    SET(CURLOPT_USERAGENT, "Rollcall");
}

static void set_request(CURL *easy, struct post *post, const struct outbound_request *request,
                        const struct destination *destination, struct arena *arena)
{
    SET(CURLOPT_URL, arena_copy(arena, destination->url));
    SET(CURLOPT_POST, 1L);
    SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
    SET(CURLOPT_COPYPOSTFIELDS, request->body.len ? request->body.data : "");
    set_headers(easy, post, request, arena);
    SET(CURLOPT_CONNECTTIMEOUT_MS, request->connect_ms ? request->connect_ms : (long)OUTBOUND_CONNECT_MS);
    SET(CURLOPT_TIMEOUT_MS, request->total_ms ? request->total_ms : (long)OUTBOUND_TOTAL_MS);
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_2TLS);
    SET(CURLOPT_MAXLIFETIME_CONN, (long)CONNECTION_LIFETIME_S);
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_QUICK_EXIT, 1L); /* of a look-up nobody waits for the end, which a name's servers can put off */
}

static void keep(struct outbound *outbound, struct post *post)
{
    if (outbound->post_count == outbound->post_room) {
        outbound->post_room = outbound->post_room ? 2 * outbound->post_room : LEAST_ROOM;
        outbound->posts = realloc(outbound->posts, outbound->post_room * sizeof(struct post *));
        must(outbound->posts);
    }
    post->slot = outbound->post_count;
    outbound->posts[outbound->post_count++] = post;
}

static void forget(struct outbound *outbound, const struct post *post)
{
    struct post *last = outbound->posts[--outbound->post_count];
    outbound->posts[post->slot] = last;
    last->slot = post->slot;
}

static void keep_stillborn(struct outbound *outbound, struct post *post)
{
    post->next = outbound->stillborn;
    outbound->stillborn = post;
    outbound->stillborn_count++;
}

static void begin(struct post *post, const struct outbound_request *request, struct arena *arena)
{
    struct outbound *outbound = post->outbound;
    struct destination destination;
    const char *why = destination_check(outbound->settings.rules, request->url, arena, &destination);
    if (why) {
        snprintf(post->why, sizeof post->why, "Not sent: the URL %s.", why);
        keep_stillborn(outbound, post);
        return;
    }
    CURL *easy = post->easy = take_easy(outbound);
    set_trust(easy, &outbound->settings);
    set_calls(easy, post);
    set_request(easy, post, request, &destination, arena);
    keep(outbound, post);
    must(curl_multi_add_handle(outbound->multi, easy) == CURLM_OK);
}

void outbound_post(struct outbound *outbound, const struct outbound_request *request)
{
    struct arena arena;
    struct post *post = calloc(1, sizeof *post);
    must(post);
    post->outbound = outbound;
    post->on_done = request->on_done;
    post->context = request->context;
    post->began_ns = clock_monotonic_ns();
    arena_init(&arena);
    begin(post, request, &arena);
    arena_fini(&arena);
}

static void post_free(struct post *post)
{
    struct outbound *outbound = post->outbound;
    if (post->easy) {
        forget(outbound, post);
        curl_multi_remove_handle(outbound->multi, post->easy);
        put_easy(outbound, post->easy);
    }
    curl_slist_free_all(post->headers);
    free(post);
}

/* --- what came of it --- */

static const struct end {
    CURLcode code;
    enum outbound_end end;
    const char *text; /* NULL: what curl says of it, which names certificates and names of hosts */
} ends[] = {
    {CURLE_COULDNT_RESOLVE_HOST, OUTBOUND_UNREACHABLE, "The host of the URL has no address."},
    {CURLE_COULDNT_CONNECT, OUTBOUND_UNREACHABLE, "Nothing accepts connections at the URL's host and port."},
    {CURLE_PEER_FAILED_VERIFICATION, OUTBOUND_UNREACHABLE, NULL},
    {CURLE_SSL_CONNECT_ERROR, OUTBOUND_UNREACHABLE, NULL},
    {CURLE_SSL_ISSUER_ERROR, OUTBOUND_UNREACHABLE, NULL},
    {CURLE_SSL_CIPHER, OUTBOUND_UNREACHABLE, NULL},
    {CURLE_GOT_NOTHING, OUTBOUND_BROKEN, "The connection was closed without an answer."},
    {CURLE_RECV_ERROR, OUTBOUND_BROKEN, "The connection was cut before the answer was whole."},
    {CURLE_SEND_ERROR, OUTBOUND_BROKEN, "The connection was cut before the request was sent."},
    {CURLE_PARTIAL_FILE, OUTBOUND_BROKEN, "The connection was cut before the answer was whole."},
    {CURLE_HTTP2, OUTBOUND_BROKEN, "The answer is no valid HTTP/2."},
    {CURLE_HTTP2_STREAM, OUTBOUND_BROKEN, "The answer is no valid HTTP/2."},
    {CURLE_UNSUPPORTED_PROTOCOL, OUTBOUND_BROKEN, "The answer is no HTTP."},
    {CURLE_WEIRD_SERVER_REPLY, OUTBOUND_BROKEN, "The answer is no HTTP."},
};

static void say_timeout(CURL *easy, struct outbound_result *result)
{
    curl_off_t ready_us = 0;
    curl_easy_getinfo(easy, CURLINFO_PRETRANSFER_TIME_T, &ready_us);
    result->end = OUTBOUND_TIMEOUT;
    snprintf(result->error, sizeof result->error, "%s",
             ready_us ? "The answer did not come in time." : "The connection was not made in time.");
}

static void say_end(const struct post *post, CURLcode code, struct outbound_result *result)
{
    const struct end other = {code, OUTBOUND_BROKEN, "The answer could not be read."}, *end = &other;
    for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++)
        if (ends[i].code == code)
            end = &ends[i];
    result->end = end->end;
    if (end->text)
        snprintf(result->error, sizeof result->error, "%s", end->text);
    else
        snprintf(result->error, sizeof result->error, "TLS: %.180s",
                 *post->curl_error ? post->curl_error : curl_easy_strerror(code));
}

static void say_answer(const struct post *post, struct outbound_result *result)
{
    long status = 0;
    curl_easy_getinfo(post->easy, CURLINFO_RESPONSE_CODE, &status);
    result->end = OUTBOUND_ANSWERED;
    result->status = (int)status;
}

static bool was_cut_by_us(const struct post *post, CURLcode code)
{
    return code == CURLE_WRITE_ERROR && post->read > OUTBOUND_READ_BYTES;
}

static void say_what_came(const struct post *post, CURLcode code, struct outbound_result *result)
{
    if (code == CURLE_OK || was_cut_by_us(post, code)) {
        say_answer(post, result);
    } else if (*post->why && !post->has_connected) {
        result->end = OUTBOUND_REFUSED;
        snprintf(result->error, sizeof result->error, "%s", post->why);
    } else if (code == CURLE_OPERATION_TIMEDOUT) {
        say_timeout(post->easy, result);
    } else {
        say_end(post, code, result);
    }
}

/* on_done comes last: it may post again, or free what its context was. */
static void finish(struct post *post, CURLcode code)
{
    struct outbound_result result = {
        .headers = slice_of(post->headers_kept, post->headers_len),
        .body = slice_of(post->body_kept, post->body_len),
        .is_cut = post->is_cut,
        .duration_ms = (int64_t)((clock_monotonic_ns() - post->began_ns) / 1000000),
    };
    say_what_came(post, code, &result);
    post->on_done(post->context, &result);
    post_free(post);
}

struct slice outbound_header(const struct outbound_result *result, struct slice name)
{
    struct slice rest = result->headers;
    while (rest.len > 0) {
        const char *end = memchr(rest.data, '\n', rest.len);
        struct slice line = slice_of(rest.data, end ? (size_t)(end - rest.data) : rest.len);
        rest = slice_skip(rest, end ? line.len + 1 : line.len);
        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        if (line.len > name.len && line.data[name.len] == ':' && slice_starts_with_ascii_nocase(line, name))
            return slice_trim(slice_skip(line, name.len + 1));
    }
    return SLICE_EMPTY;
}

/* --- turns --- */

/* What on_done posts meanwhile is told in the next turn. */
static size_t tell_stillborn(struct outbound *outbound)
{
    struct post *list = outbound->stillborn;
    size_t count = outbound->stillborn_count;
    outbound->stillborn = NULL;
    outbound->stillborn_count = 0;
    while (list) {
        struct post *post = list;
        list = post->next;
        finish(post, CURLE_URL_MALFORMAT);
    }
    return count;
}

static size_t tell_ended(struct outbound *outbound)
{
    size_t count = 0;
    int left;
    for (CURLMsg *message; (message = curl_multi_info_read(outbound->multi, &left));) {
        char *post = NULL;
        CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &post);
        finish((struct post *)(void *)post, code);
        count++;
    }
    return count;
}

size_t outbound_turn(struct outbound *outbound, int wait_ms)
{
    int running;
    curl_multi_poll(outbound->multi, NULL, 0, outbound->stillborn ? 0 : wait_ms, NULL);
    curl_multi_perform(outbound->multi, &running);
    return tell_stillborn(outbound) + tell_ended(outbound);
}

void outbound_wake(struct outbound *outbound) { curl_multi_wakeup(outbound->multi); }

size_t outbound_in_flight(const struct outbound *outbound) { return outbound->post_count + outbound->stillborn_count; }

/* --- begin and end --- */

static void init_curl(void) { must(curl_global_init(CURL_GLOBAL_DEFAULT) == 0); }

static bool check_ca_file(const char *path, struct err *err)
{
    if (!path || !*path || access(path, R_OK) == 0)
        return true;
    return err_set(err, ERR_INVALID_VALUE, "--webhook-ca: the file cannot be read");
}

struct outbound *outbound_new(const struct outbound_settings *settings, struct err *err)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    must(pthread_once(&once, init_curl) == 0);
    if (!check_ca_file(settings->ca_file, err))
        return NULL;
    struct outbound *outbound = calloc(1, sizeof *outbound);
    must(outbound);
    outbound->settings = *settings;
    outbound->multi = curl_multi_init();
    must(outbound->multi);
    curl_multi_setopt(outbound->multi, CURLMOPT_MAXCONNECTS, (long)KEPT_CONNECTIONS);
    return outbound;
}

void outbound_free(struct outbound *outbound)
{
    if (!outbound)
        return;
    for (size_t left = outbound->post_count; left > 0; left--)
        post_free(outbound->posts[left - 1]);
    free(outbound->posts);
    for (struct post *post = outbound->stillborn, *next; post; post = next) {
        next = post->next;
        post_free(post);
    }
    while (outbound->idle_count)
        curl_easy_cleanup(outbound->idle[--outbound->idle_count]);
    curl_multi_cleanup(outbound->multi);
    free(outbound);
}
