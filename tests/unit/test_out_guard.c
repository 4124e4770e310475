/* test_out_guard.c - addresses that nobody may send the server to, and what a target may look like.
 */
#include "unit.h"

#include <arpa/inet.h>
#include <dlfcn.h>

#include "out/post.h"

static bool is_public(const char *text)
{
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        return guard_is_public((const struct sockaddr *)&four);
    }
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return guard_is_public((const struct sockaddr *)&six);
}

static bool is_listed(const char *nets, const char *text)
{
    guard_list list;
    struct sockaddr_in four = {.sin_family = AF_INET};
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    guard_read_list(str_of(nets), &list);
    if (inet_pton(AF_INET, text, &four.sin_addr) == 1) {
        return guard_is_listed(&list, (const struct sockaddr *)&four);
    }
    assert_int_equal(inet_pton(AF_INET6, text, &six.sin6_addr), 1);
    return guard_is_listed(&list, (const struct sockaddr *)&six);
}

static void special_ranges_are_not_public(void **state)
{
    (void)state;
    static const char *const inner[] = {"0.0.0.0",
                                        "10.0.0.1",
                                        "10.255.255.255",
                                        "100.64.0.1",
                                        "100.127.255.255",
                                        "127.0.0.1",
                                        "127.255.255.254",
                                        "169.254.169.254",
                                        "172.16.0.1",
                                        "172.31.255.255",
                                        "192.0.0.8",
                                        "192.0.2.1",
                                        "192.88.99.1",
                                        "192.168.0.1",
                                        "198.18.0.1",
                                        "198.19.255.1",
                                        "198.51.100.1",
                                        "203.0.113.1",
                                        "224.0.0.1",
                                        "239.1.1.1",
                                        "240.0.0.1",
                                        "255.255.255.255",
                                        "::",
                                        "::1",
                                        "fe80::1",
                                        "fec0::1",
                                        "fc00::1",
                                        "fd12:3456::1",
                                        "ff02::1",
                                        "::ffff:127.0.0.1",
                                        "::ffff:10.1.1.1",
                                        "64:ff9b::a00:1",
                                        "64:ff9b:1::1",
                                        "100::1",
                                        "2001::1",
                                        "2001:db8::1",
                                        "2002:a00:1::",
                                        "3fff::1",
                                        "5f00::1",
                                        "::7f00:1"};
    for (size_t i = 0; i < sizeof inner / sizeof inner[0]; i++) {
        if (is_public(inner[i])) {
            fail_msg("%s is taken for public", inner[i]);
        }
    }
}

static void the_edges_beside_them_are(void **state)
{
    (void)state;
    static const char *const outer[] = {
        "1.1.1.1",       "9.255.255.255", "11.0.0.0",       "100.63.255.255",  "100.128.0.0",
        "126.255.255.1", "128.0.0.1",     "172.15.255.1",   "172.32.0.0",      "192.167.255.1",
        "192.169.0.1",   "198.17.255.1",  "198.20.0.1",     "223.255.255.1",   "2a00:1450::1",
        "2001:4860::1",  "2606:4700::1",  "::ffff:8.8.8.8", "64:ff9b::808:808"};
    for (size_t i = 0; i < sizeof outer / sizeof outer[0]; i++) {
        if (!is_public(outer[i])) {
            fail_msg("%s is taken for an inner one", outer[i]);
        }
    }
}

static void a_list_names_addresses_and_nets(void **state)
{
    (void)state;
    assert_true(is_listed("10.1.0.0/16\n192.168.1.7", "10.1.255.1"));
    assert_false(is_listed("10.1.0.0/16\n192.168.1.7", "10.2.0.1"));
    assert_true(is_listed("192.168.1.7", "192.168.1.7"));
    assert_true(is_listed("192.168.1.7", "::ffff:192.168.1.7"));
    assert_false(is_listed("192.168.1.7", "192.168.1.8"));
    assert_true(is_listed("fd00::/8", "fd12::1"));
    assert_true(is_listed("10.0.0.0/9", "10.127.0.1"));
    assert_false(is_listed("10.0.0.0/9", "10.128.0.1"));
    assert_false(is_listed("", "10.0.0.1"));
}

static void what_is_no_net_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "10.0.0.0/33", "10.0.0", "fd00::/129", "site.example",
        "10.0.0.1/x", "10.0.0.1/-1", "/8"};
    guard_net net;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(guard_read_net(str_of(bad[i]), &net), CRM_INVALID);
    }
}

static bool is_curl_loaded(void)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_NOLOAD);
    return library && dlclose(library) == 0;
}

/* It costs every start and every command time and memory: whoever speaks to nobody has none of it.
 */
static void a_client_that_sends_nothing_loads_no_library(void **state)
{
    post_client *c;
    (void)state;
    assert_int_equal(post_client_new(&c), CRM_OK);
    post_wake(c);
    post_poll(c, 60000); /* returns at once: somebody has woken it */
    assert_false(is_curl_loaded());
    post_client_free(c);
    assert_true(post_is_url(CRM_S("https://site.example/"), false));
    assert_true(is_curl_loaded());
}

static void note_end(post_request *r)
{
    *(bool *)r->arg = true;
}

/* Nothing wakes the wait of what never had a connection. */
static void what_is_refused_at_once_is_not_waited_for(void **state)
{
    (void)state;
    post_client *c;
    bool has_ended = false;
    guard_list nobody = {0};
    const char *const headers[] = {NULL};
    post_request r = {.url = "https://10.0.0.1/",
                      .body = CRM_S("{}"),
                      .headers = headers,
                      .allowed = &nobody,
                      .limit_ms = 100000,
                      .done = note_end,
                      .arg = &has_ended};
    int64_t since = clock_mono();
    assert_int_equal(post_client_new(&c), CRM_OK);
    assert_int_equal(post_start(c, &r), CRM_OK);
    post_poll(c, 100000);
    assert_true(has_ended && clock_mono() - since < 50000000000);
    assert_string_equal(r.error, "refused_address");
    post_client_free(c);
}

static void a_target_is_https_without_credentials(void **state)
{
    (void)state;
    assert_true(post_is_url(CRM_S("https://site.example/hook?x=1"), false));
    assert_true(post_is_url(CRM_S("https://site.example:8443/"), false));
    assert_true(post_is_url(CRM_S("http://10.0.0.1/"), true));
    static const char *const bad[] = {"",
                                      "http://site.example/",
                                      "https://",
                                      "ftp://site.example/",
                                      "file:///etc/passwd",
                                      "javascript:alert(1)",
                                      "https://user@site.example/",
                                      "https://user:pass@site.example/",
                                      "https://site.example/#part",
                                      "https://site example/",
                                      "gopher://site.example/"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        if (post_is_url(str_of(bad[i]), false)) {
            fail_msg("%s is taken", bad[i]);
        }
    }
    assert_false(post_is_url((crm_str){"https://a.example/\0x", 20}, false));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_ranges_are_not_public),
        cmocka_unit_test(the_edges_beside_them_are),
        cmocka_unit_test(a_list_names_addresses_and_nets),
        cmocka_unit_test(what_is_no_net_is_refused),
        cmocka_unit_test(a_client_that_sends_nothing_loads_no_library),
        cmocka_unit_test(what_is_refused_at_once_is_not_waited_for),
        cmocka_unit_test(a_target_is_https_without_credentials),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
