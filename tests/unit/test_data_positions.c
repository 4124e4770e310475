/* test_data_positions.c - places of the change log outside: what they hide, where they mean
 * something, and the key they are sealed with. */
#include "unit.h"

#include <sys/stat.h>

#include "base/base.h"
#include "data/positions.h"

static const position_place places[] = {
    {.of = POSITION_FEED, .entity = 7},
    {.of = POSITION_FEED, .entity = 8},
    {.of = POSITION_STREAM},
    {.of = POSITION_HISTORY, .entity = 7, .record = 12},
    {.of = POSITION_HISTORY, .entity = 7, .record = 13},
    {.of = POSITION_HISTORY, .entity = 8, .record = 12},
    {.of = POSITION_MODEL},
    {.of = POSITION_MESSAGE, .record = 12},
    {.of = POSITION_MESSAGE, .entity = 1, .record = 12},
};
#define PLACES (sizeof places / sizeof places[0])

static char dir[64];

static int begin(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "/tmp/karkas-positions-XXXXXX");
    return mkdtemp(dir) && positions_set_up(dir) == CRM_OK ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    fs_remove_all(dir);
    return 0;
}

static crm_str text_of(char room[POSITION_ROOM])
{
    return (crm_str){room, POSITION_ROOM - 1};
}

static void a_position_comes_back_where_it_was_given_and_nowhere_else(void **state)
{
    static const int64_t all[] = {0, 1, 255, 256, 1842, (1LL << 53) - 1};
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        for (size_t k = 0; k < sizeof all / sizeof all[0]; k++) {
            char text[POSITION_ROOM];
            int64_t position;
            position_write(places[i], all[k], text);
            assert_int_equal(strlen(text), POSITION_ROOM - 1);
            for (size_t at = 0; at < PLACES; at++) {
                crm_status s = position_read(places[at], text_of(text), &position);
                assert_int_equal(s, at == i ? CRM_OK : CRM_INVALID);
            }
            assert_ok(position_read(places[i], text_of(text), &position));
            assert_int_equal(position, all[k]);
        }
    }
}

/* Two that are compared say nothing, not even that they are one. */
static void a_feed_and_the_stream_never_give_one_text_twice(void **state)
{
    char texts[200][POSITION_ROOM];
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < 200; k++) {
            position_write(places[i], 5, texts[k]);
            for (size_t was = 0; was < k; was++) {
                assert_string_not_equal(texts[k], texts[was]);
            }
        }
    }
}

static void a_change_of_a_history_has_one_text(void **state)
{
    char one[POSITION_ROOM], again[POSITION_ROOM], next[POSITION_ROOM];
    (void)state;
    for (size_t i = 3; i < PLACES; i++) {
        position_write(places[i], 5, one);
        position_write(places[i], 5, again);
        position_write(places[i], 6, next);
        assert_string_equal(one, again);
        assert_string_not_equal(one, next);
    }
}

/* Rising positions in rising texts would be a count again, whatever they are written with. */
static void no_letter_of_a_text_follows_the_position(void **state)
{
    (void)state;
    char before[POSITION_ROOM], after[POSITION_ROOM];
    int rises[POSITION_ROOM] = {0};
    const position_place place = {.of = POSITION_HISTORY, .entity = 7, .record = 12};
    position_write(place, 1000, before);
    for (int64_t at = 1001; at <= 2000; at++) {
        position_write(place, at, after);
        for (size_t i = 0; i < POSITION_ROOM; i++) {
            rises[i] += after[i] > before[i];
        }
        memcpy(before, after, sizeof before);
    }
    for (size_t i = 6; i < POSITION_ROOM - 1; i++) { /* behind what tells the key */
        assert_in_range(rises[i], 400, 600);
    }
}

static void what_was_changed_or_cut_is_no_position(void **state)
{
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    static const char *const bad[] = {"", "-1", "x", "99999999999999999999", "1842x", " 7"};
    char text[POSITION_ROOM], longer[POSITION_ROOM + 2];
    int64_t position;
    (void)state;
    position_write(places[0], 1842, text);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(position_read(places[0], str_of(bad[i]), &position), CRM_INVALID);
    }
    for (size_t n = 0; n < POSITION_ROOM - 1; n++) {
        assert_int_not_equal(position_read(places[0], (crm_str){text, n}, &position), CRM_OK);
    }
    snprintf(longer, sizeof longer, "%sA", text);
    assert_int_equal(position_read(places[0], str_of(longer), &position), CRM_INVALID);
    for (size_t i = 0; i < POSITION_ROOM - 1; i++) {
        char was = text[i];
        for (const char *p = letters; *p; p++) {
            text[i] = *p;
            crm_status s = position_read(places[0], text_of(text), &position);
            assert_int_equal(s == CRM_OK, *p == was);
            assert_true(i < 6 ||
                        s != CRM_STALE); /* the key it was sealed by is told by the first */
        }
        text[i] = ' ';
        assert_int_equal(position_read(places[0], text_of(text), &position), CRM_INVALID);
        text[i] = was;
    }
}

/* Who kept such a one begins anew, and is not told that it never was a position. */
static void a_number_is_a_position_of_before_they_were_sealed(void **state)
{
    static const char *const old[] = {"0", "12", "1842", "9223372036854775807"};
    int64_t position;
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        for (size_t k = 0; k < sizeof old / sizeof old[0]; k++) {
            assert_int_equal(position_read(places[i], str_of(old[k]), &position), CRM_STALE);
        }
    }
}

static void the_key_lives_with_the_directory(void **state)
{
    char path[96], text[POSITION_ROOM];
    int64_t position;
    struct stat st;
    (void)state;
    snprintf(path, sizeof path, "%s/position.key", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    position_write(places[0], 1842, text);
    assert_ok(positions_set_up(dir));
    assert_ok(position_read(places[0], text_of(text), &position));
    assert_int_equal(position, 1842);
    assert_int_equal(unlink(path), 0); /* as in a directory that was restored */
    assert_ok(positions_set_up(dir));
    for (size_t i = 0; i < PLACES; i++) {
        assert_int_equal(position_read(places[i], text_of(text), &position), CRM_STALE);
    }
}

static void a_database_in_memory_has_a_key_of_its_own(void **state)
{
    char text[POSITION_ROOM];
    int64_t position;
    (void)state;
    assert_ok(positions_set_up(NULL));
    position_write(places[0], 1842, text);
    assert_ok(position_read(places[0], text_of(text), &position));
    assert_ok(positions_set_up(NULL));
    assert_int_equal(position_read(places[0], text_of(text), &position), CRM_STALE);
}

/* A start on another key would refuse what every program has kept, so nobody makes one unasked. */
static void a_file_that_holds_no_key_is_left_alone_and_refused(void **state)
{
    static const char *const bad[] = {"", "short",
                                      "no letters of a key, though as long as one is!!"};
    char path[96];
    crm_str held;
    (void)state;
    arena *a = arena_new(0);
    snprintf(path, sizeof path, "%s/position.key", dir);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_ok(fs_write(path, str_of(bad[i]), 0600));
        assert_int_equal(positions_set_up(dir), CRM_INVALID);
        assert_ok(fs_read(a, path, 100, &held));
        assert_text(held, bad[i]);
    }
    arena_free(a);
}

static void what_is_sealed_opens_about_the_same_alone(void **state)
{
    static const char *const texts[] = {"", "x", "a list of some length, longer than a block"};
    (void)state;
    arena *a = arena_new(0);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        crm_str text, sealed = position_seal(a, CRM_S("list"), str_of(texts[i]));
        assert_ok(position_open(a, CRM_S("list"), sealed, &text));
        assert_text(text, texts[i]);
        assert_int_equal(position_open(a, CRM_S("other"), sealed, &text), CRM_INVALID);
        for (size_t n = 0; n < sealed.n; n++) {
            assert_int_not_equal(position_open(a, CRM_S("list"), (crm_str){sealed.p, n}, &text),
                                 CRM_OK);
        }
    }
    crm_str text, sealed = position_seal(a, CRM_S("list"), CRM_S("x"));
    assert_ok(positions_set_up(NULL));
    assert_int_equal(position_open(a, CRM_S("list"), sealed, &text), CRM_STALE);
    arena_free(a);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_position_comes_back_where_it_was_given_and_nowhere_else),
        TEST(a_feed_and_the_stream_never_give_one_text_twice),
        TEST(a_change_of_a_history_has_one_text),
        TEST(no_letter_of_a_text_follows_the_position),
        TEST(what_was_changed_or_cut_is_no_position),
        TEST(a_number_is_a_position_of_before_they_were_sealed),
        TEST(the_key_lives_with_the_directory),
        TEST(a_database_in_memory_has_a_key_of_its_own),
        TEST(a_file_that_holds_no_key_is_left_alone_and_refused),
        TEST(what_is_sealed_opens_about_the_same_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
