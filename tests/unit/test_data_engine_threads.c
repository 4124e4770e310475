/* test_data_engine_threads.c - engines used from several threads at once. */
#include "data/backup.h"
#include "engine_world.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <unistd.h>

static engine_choice which;

static int open_bench(void **state)
{
    *state = bench_new(which, 7);
    return 0;
}

static int close_bench(void **state)
{
    bench_free(*state);
    return 0;
}

/* Pairs of deals, each pair in one commit. */
typedef struct pairs {
    bench *b;
    uint32_t count;
    _Atomic bool is_done;
} pairs;

static void add_deal(bench *b, int64_t amount)
{
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1000);
    row[DEAL_AMOUNT] = value_int(amount);
    bench_insert(b, &b->w->deal, row);
}

static void commit(bench *b)
{
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_COMMIT}));
}

static void *write_pairs(void *arg)
{
    pairs *p = arg;
    for (uint32_t i = 0; i < p->count; i++) {
        bench_begin(p->b);
        add_deal(p->b, i);
        add_deal(p->b, i);
        commit(p->b);
    }
    atomic_store(&p->is_done, true);
    return NULL;
}

static void *read_pairs(void *arg)
{
    pairs *p = arg;
    engine_session *s = NULL;
    query q = {.entity = &p->b->w->deal, .limit = 10000};
    assert_ok(engine_session_open(p->b->e, ENGINE_READER, (engine_deliver){0}, &s));
    int64_t last = 0;
    bool is_last;
    do {
        is_last = atomic_load(&p->is_done);
        int64_t first = bench_count(s, &q), second = bench_count(s, &q);
        assert_int_equal(first % 2, 0);
        assert_int_equal(first, second); /* one turn, one snapshot */
        assert_true(first >= last);
        last = first;
        engine_turn_end(s);
    } while (!is_last);
    assert_int_equal(last, 2 * p->count);
    engine_session_close(s);
    return NULL;
}

static void readers_see_whole_commits_only(void **state)
{
    pairs p = {.b = *state, .count = 60};
    pthread_t writer, readers[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_pairs, &p), 0);
    }
    assert_int_equal(pthread_create(&writer, NULL, write_pairs, &p), 0);
    pthread_join(writer, NULL);
    for (int i = 0; i < 2; i++) {
        pthread_join(readers[i], NULL);
    }
}

/* ---- interruption from another thread -------------------------------------------------------- */

typedef struct held {
    bench *b;
    sem_t reached, go_on;
    engine_batch batch;
    uint32_t rows;
} held;

static bool wait_at_first(void *arg, const value *row, uint32_t bits)
{
    held *h = arg;
    (void)row;
    (void)bits;
    if (h->rows++ == 0) {
        sem_post(&h->reached);
        sem_wait(&h->go_on);
    }
    return true;
}

static void *read_held(void *arg)
{
    held *h = arg;
    query q = {.entity = &h->b->w->deal, .limit = 1500};
    engine_op op = {
        .kind = ENGINE_LIST, .entity = q.entity, .query = &q, .on_row = wait_at_first, .arg = h};
    h->batch = (engine_batch){.ops = &op, .count = 1};
    assert_int_equal(engine_read_now(h->b->reader, &h->batch), CRM_TIMEOUT);
    return NULL;
}

static void any_thread_may_interrupt_a_read(void **state)
{
    held h = {.b = *state};
    pthread_t thread;
    bench_begin(h.b);
    for (int i = 0; i < 1500; i++) {
        add_deal(h.b, i);
    }
    bench_commit(h.b);
    sem_init(&h.reached, 0, 0);
    sem_init(&h.go_on, 0, 0);
    assert_int_equal(pthread_create(&thread, NULL, read_held, &h), 0);
    sem_wait(&h.reached);
    engine_interrupt(h.b->reader, h.batch.serial);
    sem_post(&h.go_on);
    pthread_join(thread, NULL);
    assert_true(h.batch.interrupted);
    assert_true(h.rows < 1500);
}

/* ---- delivery -------------------------------------------------------------------------------- */

#define POSTS_MAX 256

/* The loop of a session's thread: what is posted runs when the test turns it. */
typedef struct mailbox {
    pthread_mutex_t lock;
    pthread_cond_t woken;
    struct {
        void (*fn)(void *);
        void *arg;
    } posts[POSTS_MAX];
    uint32_t count, done;
} mailbox;

static void post(void *arg, void (*fn)(void *), void *fn_arg)
{
    mailbox *m = arg;
    pthread_mutex_lock(&m->lock);
    assert_true(m->count < POSTS_MAX);
    m->posts[m->count].fn = fn;
    m->posts[m->count++].arg = fn_arg;
    pthread_cond_signal(&m->woken);
    pthread_mutex_unlock(&m->lock);
}

static void turn(mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    while (m->done == m->count) {
        pthread_cond_wait(&m->woken, &m->lock);
    }
    void (*fn)(void *) = m->posts[m->done].fn;
    void *arg = m->posts[m->done++].arg;
    pthread_mutex_unlock(&m->lock);
    fn(arg);
}

typedef struct order {
    pthread_t thread;
    uint32_t at[64], count;
} order;

typedef struct numbered {
    engine_batch batch;
    engine_op op;
    order *done;
    uint32_t number;
} numbered;

static void note_done(engine_batch *b)
{
    numbered *n = b->arg;
    assert_true(pthread_equal(pthread_self(), n->done->thread));
    n->done->at[n->done->count++] = n->number;
}

static void batches_complete_in_order_on_the_sessions_thread(void **state)
{
    bench *b = *state;
    mailbox m = {.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};
    order done[2] = {{.thread = pthread_self()}, {.thread = pthread_self()}};
    engine_session *s[2];
    static numbered all[2][20];
    query q = {.entity = &b->w->deal};
    for (int i = 0; i < 2; i++) {
        assert_ok(engine_session_open(b->e, ENGINE_READER, (engine_deliver){post, &m}, &s[i]));
    }
    for (uint32_t i = 0; i < 40; i++) {
        numbered *n = &all[i % 2][i / 2];
        *n = (numbered){.done = &done[i % 2], .number = i / 2};
        n->op = (engine_op){.kind = ENGINE_COUNT, .entity = q.entity, .query = &q};
        n->batch = (engine_batch){.ops = &n->op, .count = 1, .done = note_done, .arg = n};
        engine_read(s[i % 2], &n->batch);
    }
    while (done[0].count + done[1].count < 40) {
        turn(&m);
    }
    for (int i = 0; i < 2; i++) {
        for (uint32_t k = 0; k < 20; k++) {
            assert_int_equal(done[i].at[k], k);
        }
        engine_session_close(s[i]);
    }
}

static void add_committed_deal(bench *b)
{
    bench_begin(b);
    add_deal(b, 1);
    commit(b);
}

/* A second read asked for from `done` sees what the first saw, though commits came between. */
typedef struct chain {
    bench *b;
    engine_session *s;
    query q;
    engine_op ops[2];
    engine_batch batches[2];
    uint32_t done;
} chain;

static void note_second(engine_batch *b)
{
    ((chain *)b->arg)->done = 2;
}

static void ask_again(engine_batch *b)
{
    chain *c = b->arg;
    add_committed_deal(c->b);
    engine_turn_end(c->s);
    c->batches[1].after = b;
    engine_read(c->s, &c->batches[1]);
    c->done = c->done ? c->done : 1;
}

static void a_read_may_follow_in_the_same_snapshot(void **state)
{
    bench *b = *state;
    mailbox m = {.lock = PTHREAD_MUTEX_INITIALIZER, .woken = PTHREAD_COND_INITIALIZER};
    chain c = {.b = b, .q = {.entity = &b->w->deal}};
    assert_ok(engine_session_open(b->e, ENGINE_READER, (engine_deliver){post, &m}, &c.s));
    for (int i = 0; i < 2; i++) {
        c.ops[i] = (engine_op){.kind = ENGINE_COUNT, .entity = c.q.entity, .query = &c.q};
        c.batches[i] = (engine_batch){
            .ops = &c.ops[i], .count = 1, .arg = &c, .done = i ? note_second : ask_again};
    }
    engine_read(c.s, &c.batches[0]);
    while (c.done < 2) {
        turn(&m);
    }
    assert_int_equal(c.ops[0].count, 0);
    assert_int_equal(c.ops[1].count, 0);
    engine_session_close(c.s);
    assert_int_equal(bench_count(b->reader, &c.q), 1);
}

/* ---- backup ---------------------------------------------------------------------------------- */

static const char *const nothing[] = {NULL};

static void backups_taken_while_writing_hold_whole_commits(void **state)
{
    pairs p = {.b = *state, .count = 150};
    pthread_t writer;
    assert_int_equal(pthread_create(&writer, NULL, write_pairs, &p), 0);
    int64_t last = 0;
    for (int i = 0; i < 5; i++) {
        char path[128];
        backup_report made, read;
        snprintf(path, sizeof path, "%s/copy-%d.db", p.b->dir, i);
        assert_ok(backup_make(&(backup_of){p.b->e, p.b->dir, nothing}, path,
                              (engine_backup_progress){0}, &made));
        assert_ok(backup_verify(path, nothing, &read));
        assert_int_equal(read.rows % 2, 0);
        assert_true(read.rows >= last);
        last = read.rows;
    }
    pthread_join(writer, NULL);
}

/* ---- what readers keep ----------------------------------------------------------------------- */

#define KEPT_ROWS 4

/* A writer who changes these rows in turn, and what a reader has kept of each. */
typedef struct kept_deals {
    bench *b;
    int64_t ids[KEPT_ROWS], amounts[KEPT_ROWS];
    uint64_t seen[KEPT_ROWS];
    engine_session *reader;
    uint32_t at, used;
    _Atomic bool is_done;
} kept_deals;

static void *change_deals(void *arg)
{
    kept_deals *k = arg;
    for (int i = 0; i < 300; i++) {
        bench_begin(k->b);
        assert_ok(bench_set(k->b, k->ids[i % KEPT_ROWS], DEAL_AMOUNT, value_int(i)));
        commit(k->b);
    }
    atomic_store(&k->is_done, true);
    return NULL;
}

static bool compare_with_kept(void *arg, const value *row, uint32_t bits)
{
    kept_deals *k = arg;
    uint32_t i = k->at;
    (void)bits;
    if (engine_is_unchanged(k->reader, k->b->w->deal.id, k->ids[i], k->seen[i])) {
        assert_int_equal(row[DEAL_AMOUNT].i, k->amounts[i]);
        k->used++;
    }
    k->amounts[i] = row[DEAL_AMOUNT].i;
    k->seen[i] = engine_seen(k->reader);
    return true;
}

static void what_counts_as_unchanged_is_unchanged(void **state)
{
    kept_deals k = {.b = *state, .reader = ((bench *)*state)->reader};
    pthread_t writer;
    bench_begin(k.b);
    for (int i = 0; i < KEPT_ROWS; i++) {
        k.ids[i] = bench_deal(k.b, "а", 0);
    }
    bench_commit(k.b);
    assert_int_equal(pthread_create(&writer, NULL, change_deals, &k), 0);
    do {
        k.at = (k.at + 1) % KEPT_ROWS;
        engine_op op = {.kind = ENGINE_GET,
                        .entity = &k.b->w->deal,
                        .id = k.ids[k.at],
                        .on_row = compare_with_kept,
                        .arg = &k};
        engine_batch batch = {.ops = &op, .count = 1};
        assert_ok(engine_read_now(k.reader, &batch));
        engine_turn_end(k.reader);
    } while (!atomic_load(&k.is_done) || k.used < KEPT_ROWS);
    pthread_join(writer, NULL);
}

#define TRY(name) cmocka_unit_test_setup_teardown(name, open_bench, close_bench)

int main(void)
{
    const struct CMUnitTest sqlite[] = {
        TRY(readers_see_whole_commits_only),
        TRY(any_thread_may_interrupt_a_read),
        TRY(backups_taken_while_writing_hold_whole_commits),
        TRY(what_counts_as_unchanged_is_unchanged),
    };
    const struct CMUnitTest delayed[] = {
        TRY(readers_see_whole_commits_only),
        TRY(any_thread_may_interrupt_a_read),
        TRY(batches_complete_in_order_on_the_sessions_thread),
        TRY(a_read_may_follow_in_the_same_snapshot),
    };
    which = ON_SQLITE;
    int failed = cmocka_run_group_tests_name("sqlite", sqlite, NULL, NULL);
    which = ON_DELAYED;
    return failed + cmocka_run_group_tests_name("memory, delayed", delayed, NULL, NULL);
}
