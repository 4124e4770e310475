/* TLS with the local authority's certificates, judged by a client of another make (libcurl). */
#include "unit.h"

#include <curl/curl.h>
#include <mbedtls/base64.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/str.h"
#include "net/ca.h"
#include "net/cert.h"
#include "net/tls.h"
#include "net_fixture.h"

static net_fixture server;
static arena *memory;
static char folder[] = "/tmp/karkas-ca-XXXXXX";
static ca_files files;
static tls_context *context;
static char out[1 << 16];

static int start(void **state)
{
    (void)state;
    memory = arena_new(0);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    assert_non_null(mkdtemp(folder));
    assert_ok(ca_ensure(memory, folder, NULL, 0, &files));
    assert_ok(tls_context_new(files.cert, files.key, &context));
    net_start(&server, &(http_limits){.handshake_ms = HOUR_MS}, context);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    char command[128];
    net_stop(&server);
    tls_context_free(context);
    arena_free(memory);
    curl_global_cleanup();
    snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

/* ---- The client ------------------------------------------------------------------------------ */

static size_t keep(char *p, size_t size, size_t n, void *arg)
{
    buf_add(arg, p, size * n);
    return size * n;
}

static CURL *client(const char *path, crm_str ca, buf *reply)
{
    char url[200];
    CURL *c = curl_easy_init();
    struct curl_blob trusted = {.data = (void *)ca.p, .len = ca.n, .flags = CURL_BLOB_COPY};
    snprintf(url, sizeof url, "https://localhost:%d%s", server.port, path);
    buf_init(reply, 0);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_CAINFO_BLOB, &trusted);
    curl_easy_setopt(c, CURLOPT_HEADER, 1L);
    curl_easy_setopt(c, CURLOPT_TIMEOUT, 100L);
    curl_easy_setopt(c, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(c, CURLOPT_IPRESOLVE, CURL_IPRESOLVE_V4);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, keep);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, reply);
    return c;
}

static bool has(const buf *b, const char *text)
{
    return b->n && memmem(b->p, b->n, text, strlen(text)) != NULL;
}

static CURLcode get(const char *path, buf *reply)
{
    CURL *c = client(path, files.ca_cert, reply);
    CURLcode got = curl_easy_perform(c);
    curl_easy_cleanup(c);
    return got;
}

/* ---- Requests over TLS ----------------------------------------------------------------------- */

static void test_client_that_trusts_the_authority_is_served(void **state)
{
    (void)state;
    buf reply;
    assert_int_equal(get("/hello", &reply), CURLE_OK);
    assert_true(has(&reply, "GET /hello? "));
    assert_true(has(&reply, "Strict-Transport-Security: max-age=31536000\r\n"));
    buf_free(&reply);
}

static void test_addresses_are_certified_too(void **state)
{
    (void)state;
    buf reply;
    char url[100];
    CURL *c = client("/", files.ca_cert, &reply);
    snprintf(url, sizeof url, "https://127.0.0.1:%d/", server.port);
    curl_easy_setopt(c, CURLOPT_URL, url);
    assert_int_equal(curl_easy_perform(c), CURLE_OK);
    curl_easy_cleanup(c);
    buf_free(&reply);
}

static void test_client_that_does_not_trust_it_refuses(void **state)
{
    (void)state;
    buf reply;
    crm_str key;
    crm_str other;
    cert_names none = {0};
    assert_ok(cert_make_key(memory, &key));
    assert_ok(cert_make_authority(memory, key, &none, 10, &other));
    CURL *c = client("/", other, &reply);
    assert_int_equal(curl_easy_perform(c), CURLE_PEER_FAILED_VERIFICATION);
    curl_easy_cleanup(c);
    buf_free(&reply);
}

static void test_old_versions_are_refused(void **state)
{
    (void)state;
    buf reply;
    CURL *c = client("/", files.ca_cert, &reply);
    curl_easy_setopt(c, CURLOPT_SSL_CIPHER_LIST, "ALL:@SECLEVEL=0");
    curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_1 | CURL_SSLVERSION_MAX_TLSv1_1);
    assert_int_equal(curl_easy_perform(c), CURLE_SSL_CONNECT_ERROR);
    curl_easy_cleanup(c);
    buf_free(&reply);
}

static void test_ciphers_without_aead_are_refused(void **state)
{
    (void)state;
    buf reply;
    CURL *c = client("/", files.ca_cert, &reply);
    curl_easy_setopt(c, CURLOPT_SSL_CIPHER_LIST,
                     "ECDHE-ECDSA-AES128-SHA256:ECDHE-ECDSA-AES128-SHA");
    curl_easy_setopt(c, CURLOPT_SSLVERSION, CURL_SSLVERSION_TLSv1_2 | CURL_SSLVERSION_MAX_TLSv1_2);
    assert_int_equal(curl_easy_perform(c), CURLE_SSL_CONNECT_ERROR);
    curl_easy_cleanup(c);
    buf_free(&reply);
}

static void test_large_bodies_pass_both_ways(void **state)
{
    (void)state;
    buf reply, body;
    assert_int_equal(get("/big?n=5000000", &reply), CURLE_OK);
    assert_true(reply.n > 5000000);
    buf_free(&reply);
    buf_init(&body, 0);
    memset(buf_room(&body, 900000), 'y', 900000);
    CURL *c = client("/echo", files.ca_cert, &reply);
    curl_easy_setopt(c, CURLOPT_POSTFIELDS, body.p);
    curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE, 900000L);
    assert_int_equal(curl_easy_perform(c), CURLE_OK);
    assert_true(reply.n > 900000);
    curl_easy_cleanup(c);
    buf_free(&reply);
    buf_free(&body);
}

static void test_connection_is_kept_for_the_next_request(void **state)
{
    (void)state;
    buf reply;
    CURL *c = client("/one", files.ca_cert, &reply);
    uint64_t before = net_stats(&server).accepted;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(curl_easy_perform(c), CURLE_OK);
    }
    assert_int_equal(net_stats(&server).accepted, before + 1);
    curl_easy_cleanup(c);
    buf_free(&reply);
}

/* ---- Peers that are not TLS ------------------------------------------------------------------ */

static void test_plain_http_is_cut(void **state)
{
    (void)state;
    size_t n;
    bool reset;
    int fd = raw_connect(&server);
    raw_send_z(fd, "GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    char *text = raw_read_all(fd, &n, &reset);
    assert_null(strstr(text, "HTTP"));
    free(text);
    close(fd);
}

static void test_silent_peer_is_cut_by_the_handshake_timer(void **state)
{
    (void)state;
    int fd = raw_connect(&server);
    net_until_connections(&server, 1);
    net_pass(&server, HOUR_MS + 60000);
    assert_int_equal(recv(fd, out, 1, 0), 0);
    close(fd);
}

static void test_peers_may_vanish_in_the_handshake(void **state)
{
    (void)state;
    static const char hello[] = "\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03";
    for (size_t n = 0; n < sizeof hello; n++) {
        int fd = raw_connect(&server);
        raw_send(fd, hello, n);
        close(fd);
    }
    net_until_connections(&server, 0);
}

/* ---- The authority --------------------------------------------------------------------------- */

static unsigned mode_of(const char *name)
{
    char path[200];
    struct stat st;
    snprintf(path, sizeof path, "%s/%s", folder, name);
    assert_int_equal(stat(path, &st), 0);
    return st.st_mode & 0777;
}

static void test_keys_are_readable_by_the_owner_only(void **state)
{
    (void)state;
    assert_int_equal(mode_of("ca.key"), 0600);
    assert_int_equal(mode_of("server.key"), 0600);
    assert_int_equal(mode_of("ca.crt"), 0600);
}

static void test_good_certificate_is_kept(void **state)
{
    (void)state;
    ca_files again;
    assert_ok(ca_ensure(memory, folder, NULL, 0, &again));
    assert_false(again.is_renewed);
    assert_true(str_eq(again.cert, files.cert));
    assert_true(str_eq(again.ca_cert, files.ca_cert));
    int64_t days = (again.expires / 1000 - (int64_t)time(NULL)) / 86400;
    assert_in_range(days, CA_LEAF_DAYS - 3, CA_LEAF_DAYS);
}

static void test_new_local_name_makes_a_new_certificate_of_the_same_authority(void **state)
{
    (void)state;
    ca_files again;
    crm_str names[] = {CRM_S("crm.lan"), CRM_S("192.168.77.5"), CRM_S("public.example.org")};
    assert_ok(ca_ensure(memory, folder, names, 3, &again));
    assert_true(again.is_renewed);
    assert_true(str_eq(again.ca_cert, files.ca_cert));
    assert_ok(ca_ensure(memory, folder, names, 3, &again));
    assert_false(again.is_renewed);
    cert_names with_public = {0};
    assert_true(cert_names_add(memory, &with_public, names[2]));
    assert_false(cert_has_names(again.cert, &with_public));
}

/* mbedTLS 2.28 writes a NULL after ecdsa-with-SHA256; browsers then refuse the certificate. */
static void test_signature_algorithm_has_no_parameters(void **state)
{
    (void)state;
    static const char wrong[] = "\x2a\x86\x48\xce\x3d\x04\x03\x02\x05\x00";
    const crm_str pems[] = {files.ca_cert, files.cert};
    for (size_t i = 0; i < 2; i++) {
        unsigned char der[4096];
        size_t n;
        const char *from = strchr(pems[i].p, '\n'), *to = strstr(pems[i].p, "-----END");
        assert_int_equal(mbedtls_base64_decode(der, sizeof der, &n, (const unsigned char *)from,
                                               (size_t)(to - from)),
                         0);
        assert_null(memmem(der, n, wrong, sizeof wrong - 1));
        assert_non_null(memmem(der, n, wrong, sizeof wrong - 3));
    }
}

static void test_torn_pair_is_replaced(void **state)
{
    (void)state;
    ca_files again;
    crm_str key;
    char path[200];
    snprintf(path, sizeof path, "%s/server.key", folder);
    assert_ok(cert_make_key(memory, &key));
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fwrite(key.p, 1, key.n, f);
    fclose(f);
    assert_ok(ca_ensure(memory, folder, NULL, 0, &again));
    assert_true(again.is_renewed);
    assert_true(cert_matches_key(again.cert, again.key));
}

typedef struct reloading {
    crm_str cert, key;
    crm_status status;
} reloading;
static reloading next;

static void reload(net_fixture *f)
{
    (void)f;
    next.status = tls_context_reload(context, next.cert, next.key);
}

static void use(crm_str cert, crm_str key)
{
    next = (reloading){cert, key, CRM_INTERNAL};
    net_call(&server, reload);
}

static void test_certificate_is_replaced_while_a_connection_goes_on(void **state)
{
    (void)state;
    buf first, second;
    ca_files again;
    CURL *open = client("/one", files.ca_cert, &first);
    assert_int_equal(curl_easy_perform(open), CURLE_OK);
    crm_str names[] = {CRM_S("other.lan")};
    assert_ok(ca_ensure(memory, folder, names, 1, &again));
    use(again.cert, again.key);
    assert_ok(next.status);
    assert_int_equal(curl_easy_perform(open), CURLE_OK);
    CURL *fresh = client("/two", files.ca_cert, &second);
    char url[100], resolve[100];
    snprintf(url, sizeof url, "https://other.lan:%d/", server.port);
    snprintf(resolve, sizeof resolve, "other.lan:%d:127.0.0.1", server.port);
    struct curl_slist *list = curl_slist_append(NULL, resolve);
    curl_easy_setopt(fresh, CURLOPT_URL, url);
    curl_easy_setopt(fresh, CURLOPT_RESOLVE, list);
    assert_int_equal(curl_easy_perform(fresh), CURLE_OK);
    curl_easy_cleanup(open);
    curl_easy_cleanup(fresh);
    curl_slist_free_all(list);
    buf_free(&first);
    buf_free(&second);
}

static void test_bad_certificate_is_refused_and_the_old_one_stays(void **state)
{
    (void)state;
    buf reply;
    crm_str key;
    assert_ok(cert_make_key(memory, &key));
    use(files.cert, key);
    assert_int_equal(next.status, CRM_INVALID);
    use(CRM_S("nonsense"), key);
    assert_int_equal(next.status, CRM_INVALID);
    assert_int_equal(get("/", &reply), CURLE_OK);
    buf_free(&reply);
}

/* Whoever steals ca.key still cannot stand for a public site. */
static void test_authority_cannot_vouch_for_public_names(void **state)
{
    (void)state;
    buf reply;
    char path[200], url[100], resolve[100];
    crm_str ca_key, cert;
    cert_names names = {0};
    snprintf(path, sizeof path, "%s/ca.key", folder);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    size_t n = fread(out, 1, sizeof out, f);
    fclose(f);
    ca_key = arena_dup(memory, (crm_str){out, n});
    assert_true(cert_names_add(memory, &names, CRM_S("bank.example.com")));
    cert_pair authority = {files.ca_cert, ca_key};
    assert_ok(cert_make_server(memory, authority, files.key, &names, 10, &cert));
    use(cert, files.key);
    assert_ok(next.status);
    CURL *c = client("/", files.ca_cert, &reply);
    snprintf(url, sizeof url, "https://bank.example.com:%d/", server.port);
    snprintf(resolve, sizeof resolve, "bank.example.com:%d:127.0.0.1", server.port);
    struct curl_slist *list = curl_slist_append(NULL, resolve);
    curl_easy_setopt(c, CURLOPT_URL, url);
    curl_easy_setopt(c, CURLOPT_RESOLVE, list);
    assert_int_equal(curl_easy_perform(c), CURLE_PEER_FAILED_VERIFICATION);
    curl_easy_cleanup(c);
    curl_slist_free_all(list);
    buf_free(&reply);
    use(files.cert, files.key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_client_that_trusts_the_authority_is_served),
        cmocka_unit_test(test_addresses_are_certified_too),
        cmocka_unit_test(test_client_that_does_not_trust_it_refuses),
        cmocka_unit_test(test_old_versions_are_refused),
        cmocka_unit_test(test_ciphers_without_aead_are_refused),
        cmocka_unit_test(test_large_bodies_pass_both_ways),
        cmocka_unit_test(test_connection_is_kept_for_the_next_request),
        cmocka_unit_test(test_plain_http_is_cut),
        cmocka_unit_test(test_silent_peer_is_cut_by_the_handshake_timer),
        cmocka_unit_test(test_peers_may_vanish_in_the_handshake),
        cmocka_unit_test(test_keys_are_readable_by_the_owner_only),
        cmocka_unit_test(test_good_certificate_is_kept),
        cmocka_unit_test(test_new_local_name_makes_a_new_certificate_of_the_same_authority),
        cmocka_unit_test(test_signature_algorithm_has_no_parameters),
        cmocka_unit_test(test_torn_pair_is_replaced),
        cmocka_unit_test(test_certificate_is_replaced_while_a_connection_goes_on),
        cmocka_unit_test(test_bad_certificate_is_refused_and_the_old_one_stays),
        cmocka_unit_test(test_authority_cannot_vouch_for_public_names),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
