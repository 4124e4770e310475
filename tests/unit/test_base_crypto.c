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

/* Bytes of hexadecimal digits; blanks are passed over. */
static crm_str bytes_of(const char *hex)
{
    char *out = arena_alloc(a, strlen(hex) / 2 + 1);
    size_t n = 0;
    for (const char *p = hex; *p; p++) {
        unsigned byte;
        if (*p != ' ') {
            assert_int_equal(sscanf(p++, "%2x", &byte), 1);
            out[n++] = (char)byte;
        }
    }
    return (crm_str){out, n};
}

static crypto_siv *siv_of(const char *key)
{
    crm_str bytes = bytes_of(key);
    assert_int_equal(bytes.n, SIV_KEY);
    crypto_siv *s = crypto_siv_new((const uint8_t *)bytes.p);
    assert_non_null(s);
    return s;
}

#define SIV_TEXT "this is some plaintext to encrypt using SIV-AES"

/* RFC 5297, appendix A: a text shorter than a block, and one longer about three things. */
static void siv_gives_the_published_texts(void **state)
{
    uint8_t out[64], back[64];
    (void)state;
    crypto_siv *s = siv_of("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    crm_str about = bytes_of("101112131415161718191a1b1c1d1e1f2021222324252627");
    crm_str text = bytes_of("112233445566778899aabbccddee");
    crypto_siv_seal(s, &about, 1, text, out);
    assert_text(crypto_hex(a, out, SIV_SIZE + text.n),
                "85632d07c6e8f37f950acd320a2ecc9340c02b9690c4dc04daef7f6afe5c");
    crypto_siv_free(s);

    s = siv_of("7f7e7d7c7b7a79787776757473727170 404142434445464748494a4b4c4d4e4f");
    crm_str three[] = {bytes_of("00112233445566778899aabbccddeeffdeaddadadeaddadaffeeddccbbaa9988"
                                "7766554433221100"),
                       bytes_of("102030405060708090a0"),
                       bytes_of("09f911029d74e35bd84156c5635688c0")};
    crypto_siv_seal(s, three, 3, CRM_S(SIV_TEXT), out);
    crm_str sealed = {(const char *)out, SIV_SIZE + strlen(SIV_TEXT)};
    assert_text(crypto_hex(a, out, sealed.n),
                "7bdb6e3b432667eb06f4d14bff2fbd0fcb900f2fddbe404326601965c889bf17dba77ceb094fa663"
                "b7a3f748ba8af829ea64ad544a272e9c485b62a3fd5c0d");
    assert_ok(crypto_siv_open(s, three, 3, sealed, back));
    assert_memory_equal(back, SIV_TEXT, strlen(SIV_TEXT));
    crypto_siv_free(s);
}

static void siv_opens_nothing_that_was_changed(void **state)
{
    uint8_t out[64], back[64] = {0};
    (void)state;
    crypto_siv *s = siv_of("fffefdfcfbfaf9f8f7f6f5f4f3f2f1f0 f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    crm_str about = CRM_S("one"), other = CRM_S("another");
    for (size_t n = 0; n <= 40; n++) { /* around one block and two */
        crm_str text = {SIV_TEXT, n}, sealed = {(const char *)out, SIV_SIZE + n};
        crypto_siv_seal(s, &about, 1, text, out);
        assert_ok(crypto_siv_open(s, &about, 1, sealed, back));
        assert_memory_equal(back, SIV_TEXT, n);
        assert_int_equal(crypto_siv_open(s, &other, 1, sealed, back), CRM_DENIED);
        assert_int_equal(crypto_siv_open(s, NULL, 0, sealed, back), CRM_DENIED);
        sealed.n--;
        assert_int_equal(crypto_siv_open(s, &about, 1, sealed, back), CRM_DENIED);
        sealed.n++;
        for (size_t i = 0; i < sealed.n; i++) {
            out[i] ^= 1;
            assert_int_equal(crypto_siv_open(s, &about, 1, sealed, back), CRM_DENIED);
            out[i] ^= 1;
        }
    }
    crypto_siv_free(s);
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
        cmocka_unit_test(siv_gives_the_published_texts),
        cmocka_unit_test(siv_opens_nothing_that_was_changed),
        cmocka_unit_test(tokens_differ_and_have_their_length),
        cmocka_unit_test(equal_looks_at_every_byte),
        cmocka_unit_test(a_password_is_known_again_and_another_is_not),
        cmocka_unit_test(only_an_instrumented_build_hashes_cheaply_when_asked),
        cmocka_unit_test(a_damaged_hash_is_an_error_and_not_a_wrong_password),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
