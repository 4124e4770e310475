/* test_base_crypto.c - published vectors, encodings, passwords. */
#include "unit.h"

#include "base/crypto.h"
#include "base/str.h"

static arena *a;

static int setup(void **state)
{
    (void)state;
    a = arena_new(0);
    return a ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    arena_free(a);
    return 0;
}

static void sha256_gives_the_published_digests(void **state)
{
    (void)state;
    uint8_t out[SHA256_SIZE];
    crypto_sha256(CRM_S("abc"), out);
    assert_text(crypto_hex(a, out, sizeof out),
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    crypto_sha256((crm_str){0}, out);
    assert_text(crypto_hex(a, out, sizeof out),
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void hmac_gives_the_published_codes(void **state)
{
    (void)state;
    uint8_t out[SHA256_SIZE];
    /* RFC 4231, test case 2 */
    crypto_hmac_sha256(CRM_S("Jefe"), CRM_S("what do ya want for nothing?"), out);
    assert_text(crypto_hex(a, out, sizeof out),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    crypto_hmac_sha256((crm_str){0}, (crm_str){0}, out);
    assert_text(crypto_hex(a, out, sizeof out),
                "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

static void base64url_has_no_padding_and_one_spelling(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        {"", ""},           {"f", "Zg"},         {"fo", "Zm8"},      {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"\xff\xfe", "__4"}, {"\xfb\xf0", "-_A"}};
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        crm_str back;
        assert_text(crypto_base64url(a, pairs[i][0], strlen(pairs[i][0])), pairs[i][1]);
        assert_ok(crypto_unbase64url(a, str_of(pairs[i][1]), &back));
        assert_text(back, pairs[i][0]);
    }
}

static void broken_base64url_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"Z", "Zg==", "Zh", "Zm9", "Zm 9", "Zm+v", "Zm/v", "Zmя"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        crm_str out;
        assert_int_equal(crypto_unbase64url(a, str_of(bad[i]), &out), CRM_INVALID);
    }
}

static void tokens_differ_and_have_their_length(void **state)
{
    (void)state;
    crm_str one = crypto_token(a, 32), two = crypto_token(a, 32);
    assert_int_equal(one.n, 43);
    assert_false(str_eq(one, two));
}

static void equal_looks_at_every_byte(void **state)
{
    (void)state;
    assert_true(crypto_equal("abcd", "abcd", 4));
    assert_false(crypto_equal("abcd", "abcx", 4));
    assert_false(crypto_equal("xbcd", "abcd", 4));
    assert_true(crypto_equal("a", "b", 0));
}

static void a_password_is_known_again_and_another_is_not(void **state)
{
    (void)state;
    crm_str phc, again;
    assert_ok(crypto_password_hash(a, CRM_S("верный пароль"), &phc));
    assert_true(str_starts(phc, CRM_S("$argon2id$v=19$m=19456,t=2,p=1$")));
    assert_ok(crypto_password_check(phc, CRM_S("верный пароль")));
    assert_int_equal(crypto_password_check(phc, CRM_S("верный парол")), CRM_DENIED);
    assert_int_equal(crypto_password_check(phc, (crm_str){0}), CRM_DENIED);
    assert_ok(crypto_password_hash(a, CRM_S("верный пароль"), &again));
    assert_false(str_eq(phc, again));
}

static void only_an_instrumented_build_hashes_cheaply_when_asked(void **state)
{
    (void)state;
    crm_str phc;
    setenv("KARKAS_CHEAP_PASSWORDS", "1", 1);
    assert_ok(crypto_password_hash(a, CRM_S("верный пароль"), &phc));
    unsetenv("KARKAS_CHEAP_PASSWORDS");
#ifdef __SANITIZE_ADDRESS__
    assert_true(str_starts(phc, CRM_S("$argon2id$v=19$m=64,t=2,p=1$")));
#else
    assert_true(str_starts(phc, CRM_S("$argon2id$v=19$m=19456,t=2,p=1$")));
#endif
    assert_ok(crypto_password_check(phc, CRM_S("верный пароль")));
}

static void a_damaged_hash_is_an_error_and_not_a_wrong_password(void **state)
{
    (void)state;
    char longer[400];
    memset(longer, 'x', sizeof longer);
    assert_int_equal(crypto_password_check(CRM_S("$argon2id$"), CRM_S("x")), CRM_INTERNAL);
    assert_int_equal(crypto_password_check((crm_str){0}, CRM_S("x")), CRM_INTERNAL);
    assert_int_equal(crypto_password_check((crm_str){longer, sizeof longer}, CRM_S("x")),
                     CRM_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(hmac_gives_the_published_codes),
        cmocka_unit_test(base64url_has_no_padding_and_one_spelling),
        cmocka_unit_test(broken_base64url_is_refused),
        cmocka_unit_test(tokens_differ_and_have_their_length),
        cmocka_unit_test(equal_looks_at_every_byte),
        cmocka_unit_test(a_password_is_known_again_and_another_is_not),
        cmocka_unit_test(only_an_instrumented_build_hashes_cheaply_when_asked),
        cmocka_unit_test(a_damaged_hash_is_an_error_and_not_a_wrong_password),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
