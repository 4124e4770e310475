/* test_base_hash.c - the keyed hash gives what the reference implementation gives. */
#include "base/hash.h"
#include "unit.h"

/* As in the reference implementation's vectors: key 00..0f, texts of the bytes 00, 01, 02, … */
static void it_is_siphash(void **state)
{
    (void)state;
    static const hash_key key = {{0x0706050403020100u, 0x0f0e0d0c0b0a0908u}};
    static const struct {
        size_t n;
        hash128 hash;
    } rows[] = {
        {0, {0xe6a825ba047f81a3u, 0x930255c71472f66du}},
        {1, {0x44af996bd8c187dau, 0x45fc229b11597634u}},
        {8, {0x61f55862baa9623bu, 0xb49714f364e2830fu}},
        {15, {0x11a8b03399e99354u, 0xd9c3cf970fec087eu}},
    };
    char text[15];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (char)i;
    }
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        hash128 h = hash_keyed(key, (crm_str){text, rows[i].n});
        assert_true(h.lo == rows[i].hash.lo && h.hi == rows[i].hash.hi);
    }
    assert_true(hash_keyed(key, (crm_str){0}).lo == rows[0].hash.lo);
}

static void every_key_is_another(void **state)
{
    (void)state;
    hash_key a = hash_key_random(), b = hash_key_random();
    assert_true(hash_keyed(a, BYTES("x")).lo != hash_keyed(b, BYTES("x")).lo);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_siphash),
        cmocka_unit_test(every_key_is_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
