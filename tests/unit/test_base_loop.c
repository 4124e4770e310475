/* test_base_loop.c - mail between threads and a loop: nothing lost, order kept, turns counted. */
#include "unit.h"

#include <pthread.h>

#include "base/loop.h"

#define POSTERS 4
#define LETTERS 20000

static uv_loop_t loop;
static mailbox *box;

static int setup(void **state)
{
    (void)state;
    uv_loop_init(&loop);
    box = mailbox_new(&loop);
    return box ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    return uv_loop_close(&loop);
}

typedef struct poster {
    pthread_t thread;
    int sent, seen;
    bool is_ordered;
} poster;

typedef struct letter {
    poster *from;
    int number;
} letter;

static letter letters[POSTERS][LETTERS];
static int left;

static void receive(void *arg)
{
    letter *l = arg;
    l->from->is_ordered = l->from->is_ordered && l->number == l->from->seen;
    l->from->seen++;
    if (--left == 0) {
        mailbox_close(box);
    }
}

static void *post_all(void *arg)
{
    letter *mine = arg;
    for (int i = 0; i < LETTERS; i++) {
        mailbox_post(box, receive, &mine[i]);
    }
    return NULL;
}

static void mail_of_many_threads_arrives_whole_and_in_order(void **state)
{
    (void)state;
    static poster posters[POSTERS];
    left = POSTERS * LETTERS;
    for (int p = 0; p < POSTERS; p++) {
        posters[p].is_ordered = true;
        for (int i = 0; i < LETTERS; i++) {
            letters[p][i] = (letter){&posters[p], i};
        }
    }
    for (int p = 0; p < POSTERS; p++) {
        assert_int_equal(pthread_create(&posters[p].thread, NULL, post_all, letters[p]), 0);
    }
    uv_run(&loop, UV_RUN_DEFAULT);
    for (int p = 0; p < POSTERS; p++) {
        pthread_join(posters[p].thread, NULL);
        assert_int_equal(posters[p].seen, LETTERS);
        assert_true(posters[p].is_ordered);
    }
}

static int ran;

static void count(void *arg)
{
    (void)arg;
    ran++;
}

static void post_one_more(void *arg)
{
    (void)arg;
    mailbox_post(box, count, NULL);
}

static void closing_runs_what_was_posted_before(void **state)
{
    (void)state;
    ran = 0;
    mailbox_post(box, count, NULL);
    mailbox_post(box, post_one_more, NULL);
    mailbox_close(box);
    assert_int_equal(ran, 2);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void close_box(void *arg)
{
    (void)arg;
    mailbox_close(box);
}

static void mail_may_close_its_own_mailbox(void **state)
{
    (void)state;
    ran = 0;
    mailbox_post(box, close_box, NULL);
    mailbox_post(box, count, NULL);
    uv_run(&loop, UV_RUN_DEFAULT);
    assert_int_equal(ran, 1);
}

static uint64_t turns[3];

static void note_turn(void *arg)
{
    *(uint64_t *)arg = mailbox_turn(box);
}

static void mail_of_one_batch_shares_a_turn_and_the_next_has_another(void **state)
{
    (void)state;
    mailbox_post(box, note_turn, &turns[0]);
    mailbox_post(box, note_turn, &turns[1]);
    uv_run(&loop, UV_RUN_ONCE);
    mailbox_post(box, note_turn, &turns[2]);
    uv_run(&loop, UV_RUN_ONCE);
    assert_int_equal(turns[0], turns[1]);
    assert_int_equal(turns[2], turns[0] + 1);
    mailbox_close(box);
    uv_run(&loop, UV_RUN_DEFAULT);
}

static void *other_thread(void *arg)
{
    *(thread_role *)arg = thread_get_role();
    thread_set_role(THREAD_POOL, "a name far too long for the system");
    return NULL;
}

static void each_thread_has_its_role(void **state)
{
    (void)state;
    pthread_t t;
    thread_role before = THREAD_SERVICE;
    thread_set_role(THREAD_WRITER, "writer");
    pthread_create(&t, NULL, other_thread, &before);
    pthread_join(t, NULL);
    assert_int_equal(before, THREAD_NONE);
    assert_int_equal(thread_get_role(), THREAD_WRITER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(mail_of_many_threads_arrives_whole_and_in_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(closing_runs_what_was_posted_before, setup, teardown),
        cmocka_unit_test_setup_teardown(mail_may_close_its_own_mailbox, setup, teardown),
        cmocka_unit_test_setup_teardown(mail_of_one_batch_shares_a_turn_and_the_next_has_another,
                                        setup, teardown),
        cmocka_unit_test(each_thread_has_its_role),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
