#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netinet/in.h>

#include "origin.h"

static bool trusts(const char *list, const char *address)
{
    struct err err = ERR_INIT;
    struct proxies *proxies = proxies_parse(list, &err);
    assert_non_null(proxies);
    struct sockaddr_in ipv4 = {.sin_family = AF_INET};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6};
    struct sockaddr local = {.sa_family = AF_UNIX};
    const struct sockaddr *peer = &local;
    if (inet_pton(AF_INET, address, &ipv4.sin_addr) == 1)
        peer = (const struct sockaddr *)&ipv4;
    else if (inet_pton(AF_INET6, address, &ipv6.sin6_addr) == 1)
        peer = (const struct sockaddr *)&ipv6;
    bool trusted = proxies_trust(proxies, peer);
    proxies_free(proxies);
    return trusted;
}

static void test_proxies_are_addresses_and_blocks(void **state)
{
    (void)state;
    assert_false(trusts(NULL, "127.0.0.1"));
    assert_false(trusts("", "unix"));
    assert_true(trusts("127.0.0.1", "127.0.0.1"));
    assert_true(trusts("127.0.0.1", "::ffff:127.0.0.1"));
    assert_false(trusts("127.0.0.1", "127.0.0.2"));
    assert_true(trusts("10.0.0.0/8, 192.168.4.0/22", "192.168.7.9"));
    assert_false(trusts("10.0.0.0/8, 192.168.4.0/22", "192.168.8.1"));
    assert_true(trusts("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(trusts("2001:db8::/33", "2001:db8:8000::1"));
    assert_false(trusts("::1", "127.0.0.1"));
    assert_true(trusts("0.0.0.0/0", "1.2.3.4"));
    assert_false(trusts("0.0.0.0/0", "::1"));
    assert_true(trusts("::1", "unix"));
}

static void test_nonsense_is_no_proxy(void **state)
{
    (void)state;
    static const char *const lists[] = {"x", "10.0.0.0/33", "::/129", "10.0.0.0/", "10.0.0.1,,::1", "10.0.0.1 ::1"};
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        struct err err = ERR_INIT;
        assert_null(proxies_parse(lists[i], &err));
        assert_int_equal(err.kind, ERR_INVALID_VALUE);
    }
}

static void test_forwarded_headers_count_from_trusted_peers_only(void **state)
{
    (void)state;
    static const struct {
        bool tls, trusted;
        const char *proto, *host, *origin;
    } cases[] = {
        {false, false, "https", "evil.example", "http://a:80"},
        {true, false, "http", NULL, "https://a:80"},
        {false, true, "https", NULL, "https://a:80"},
        {false, true, "HTTPS", "b.example", "https://b.example"},
        {true, true, "http", NULL, "http://a:80"},
        {false, true, "ftp", "b/c", "http://a:80"},
        {false, true, "http, https", "x, b", "https://b"},
    };
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct origin_request request = {.tls = cases[i].tls,
                                         .trusted = cases[i].trusted,
                                         .host = SLICE_LITERAL("a:80"),
                                         .forwarded_proto = slice_str(cases[i].proto),
                                         .forwarded_host = slice_str(cases[i].host)};
        assert_string_equal(origin_of(&request, &arena).data, cases[i].origin);
    }
    arena_fini(&arena);
}

static void test_the_client_is_the_last_address_that_no_proxy_has(void **state)
{
    (void)state;
    static const struct {
        const char *forwarded, *client;
    } cases[] = {{"", "10.0.0.1"},
                 {"1.2.3.4", "1.2.3.4"},
                 {"6.6.6.6, 1.2.3.4", "1.2.3.4"},
                 {"1.2.3.4, 10.0.0.7", "1.2.3.4"},
                 {"10.0.0.8, 10.0.0.7", "10.0.0.8"},
                 {"nonsense", "10.0.0.1"},
                 {"nonsense, 10.0.0.7", "10.0.0.7"},
                 {"2001:db8::1", "2001:db8::1"}};
    struct err err = ERR_INIT;
    struct proxies *proxies = proxies_parse("10.0.0.0/8", &err);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct slice client = origin_client(proxies, slice_str(cases[i].forwarded), SLICE_LITERAL("10.0.0.1"));
        if (!slice_equals(client, slice_str(cases[i].client)))
            fail_msg("%s: %.*s", cases[i].forwarded, (int)client.len, client.data);
    }
    proxies_free(proxies);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proxies_are_addresses_and_blocks),
        cmocka_unit_test(test_nonsense_is_no_proxy),
        cmocka_unit_test(test_forwarded_headers_count_from_trusted_peers_only),
        cmocka_unit_test(test_the_client_is_the_last_address_that_no_proxy_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
