/*
 * test_data_engine_power.c - the power fails at any moment of a day's work: every commit that was
 * acknowledged is there, no transaction is there by half, and the file is sound. FULL=1 tries ten
 * times as many states.
 */
#include "data/engine_sqlite.h"
#include "engine_world.h"
#include "fault_vfs.h"
#include "power.h"

#include <dirent.h>
#include <unistd.h>

#define WORKED      "/tmp/karkas-engine-" /* as bench_new names its folders */
#define COMMITS     72
#define REQUESTS    3 /* of a group, a savepoint and a deal each; one more is taken back */
#define STATES      1000
#define OPENED_EACH 40 /* of so many states one is opened by the engine itself */
#define SLOWLY      7  /* commits between two times that the writer has nothing to do */

/* What was done, by the moments of the record. */
typedef struct work {
    bench *b;
    uint32_t begun[COMMITS], acknowledged[COMMITS], schema;
    uint32_t e, amount, took; /* ids of the deal and its fields */
} work;

typedef struct found {
    uint32_t states, unsound, lost, halves, opened;
} found;

typedef struct trial {
    const work *w;
    char dir[32];
    uint32_t per_moment; /* states */
    bool is_control;     /* the first loss is enough */
    found found;
} trial;

static const char note_text[] = "Крыша и ворота со склада у вокзала, доставка по договору";

/* ---- the work -------------------------------------------------------------------------------- */

static void request(bench *b, uint32_t n, bool is_taken_back)
{
    value row[DEAL_COLUMNS];
    engine_op save = {.kind = ENGINE_SAVEPOINT}, release = {.kind = ENGINE_RELEASE};
    engine_op back = {.kind = ENGINE_ROLLBACK_TO};
    bench_row(row, &b->w->deal, 1000 + n);
    row[DEAL_NAME] = value_text(str_of(note_text));
    row[DEAL_NOTE] = value_text(str_of(note_text));
    row[DEAL_AMOUNT] = value_int(is_taken_back ? -1 : (int64_t)n);
    assert_ok(bench_op(b, &save));
    int64_t id = bench_insert(b, &b->w->deal, row);
    bench_terms(b, id, note_text, note_text);
    assert_ok(bench_op(b, is_taken_back ? &back : &release));
}

/* Commit n: deals of the amount n, and of the first deal `took` becomes n. */
static void commit(work *w, uint32_t n)
{
    w->begun[n] = power_moment();
    bench_begin(w->b);
    for (int i = 0; i < REQUESTS; i++) {
        request(w->b, n, false);
        if (i == 1) {
            request(w->b, n, true);
        }
    }
    assert_ok(bench_set(w->b, 1, DEAL_TOOK, value_int(n)));
    bench_commit(w->b);
    w->acknowledged[n] = power_moment();
}

static void do_work(work *w, const char *pragma)
{
    power_record(WORKED);
    w->b = bench_new(ON_SQLITE, 0);
    w->schema = power_moment();
    if (pragma) {
        assert_ok(connection_exec(((sqlite_session *)w->b->writer)->db, pragma));
    }
    for (uint32_t n = 0; n < COMMITS; n++) {
        commit(w, n);
        if (n % SLOWLY == SLOWLY - 1) {
            bench_rest(w->b); /* copies the log back; the next commit begins it anew */
        }
        if (n == COMMITS / 2 && !pragma) {
            bench_reopen(w->b); /* the log is removed and made */
        }
    }
    power_stop();
    w->e = w->b->w->deal.id;
    w->amount = deal_field(w->b->w, DEAL_AMOUNT)->id;
    w->took = deal_field(w->b->w, DEAL_TOOK)->id;
}

static void end_work(work *w)
{
    bench_free(w->b);
    power_forget();
}

/* ---- looking at a state ---------------------------------------------------------------------- */

static int64_t first_int(sqlite3 *db, const char *text)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, text, -1, &stmt, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    int64_t out = rc == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : -2;
    sqlite3_finalize(stmt);
    return out;
}

static bool is_sound(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check", -1, &stmt, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    bool out = rc == SQLITE_ROW && strcmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    sqlite3_finalize(stmt);
    return out;
}

/* How many whole commits there are; -1: there is a half of one, or one without those before it. */
static int64_t whole_commits(const work *w, sqlite3 *db)
{
    char text[256];
    snprintf(text, sizeof text, "SELECT count(*) FROM sqlite_schema WHERE name='e%u'", w->e);
    if (first_int(db, text) == 0) {
        return 0;
    }
    snprintf(text, sizeof text, "SELECT count(*) FROM e%u WHERE c%u IS NULL OR c%u<0 OR c%u>=%d",
             w->e, w->amount, w->amount, w->amount, COMMITS);
    int64_t strange = first_int(db, text);
    snprintf(text, sizeof text,
             "SELECT count(*) FROM (SELECT 1 FROM e%u GROUP BY c%u HAVING count(*)<>%d)", w->e,
             w->amount, REQUESTS);
    int64_t halves = first_int(db, text);
    snprintf(text, sizeof text, "SELECT coalesce(max(c%u),-1)+1 FROM e%u", w->amount, w->e);
    int64_t last = first_int(db, text);
    snprintf(text, sizeof text, "SELECT count(*) FROM e%u", w->e);
    int64_t rows = first_int(db, text);
    snprintf(text, sizeof text, "SELECT coalesce((SELECT c%u FROM e%u WHERE rowid=1),-1)+1",
             w->took, w->e);
    int64_t took = first_int(db, text);
    bool is_whole = strange == 0 && halves == 0 && rows == last * REQUESTS && took == last;
    return is_whole ? last : -1;
}

static void judge(trial *t, sqlite3 *db, uint32_t moment)
{
    const work *w = t->w;
    int64_t least = 0, most = 0;
    for (; least < COMMITS && w->acknowledged[least] <= moment; least++) {
    }
    for (; most < COMMITS && w->begun[most] < moment; most++) {
    }
    if (!is_sound(db)) {
        t->found.unsound++;
        return;
    }
    int64_t got = moment < w->schema ? 0 : whole_commits(w, db);
    t->found.halves += got < 0 || got > most;
    t->found.lost += got >= 0 && got < least;
}

/* The engine goes on where it was. */
static void open_engine(trial *t)
{
    bench b = {.w = world_new()};
    registry_fault *faults = NULL;
    assert_ok(engine_open_sqlite(t->dir, &b.e));
    assert_ok(engine_schema(b.e, &b.w->reg, b.w->arena, &faults));
    assert_null(faults);
    assert_ok(engine_session_open(b.e, ENGINE_WRITER, (engine_deliver){0}, &b.writer));
    assert_ok(engine_session_open(b.e, ENGINE_READER, (engine_deliver){0}, &b.reader));
    query q = {.entity = &b.w->deal, .limit = 1000000};
    int64_t before = bench_count(b.reader, &q);
    engine_turn_end(b.reader);
    bench_begin(&b);
    request(&b, COMMITS, false);
    bench_commit(&b);
    assert_int_equal(bench_count(b.reader, &q), before + 1);
    engine_session_close(b.reader);
    engine_session_close(b.writer);
    engine_close(b.e);
    world_free(b.w);
    t->found.opened++;
}

static void clear(const char *dir)
{
    static const char *const names[] = {"karkas.db", "karkas.db-wal", "karkas.db-shm",
                                        "karkas.db-journal"};
    char path[64];
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
}

static void try_state(trial *t, uint32_t moment, uint64_t seed)
{
    char path[64];
    sqlite3 *db = NULL;
    power_leave(t->dir, seed);
    snprintf(path, sizeof path, "%s/karkas.db", t->dir);
    if (access(path, F_OK) == 0) {
        if (connection_open(path, true, &db) == CRM_OK) {
            judge(t, db, moment);
            sqlite3_close_v2(db);
            bool is_first_start = moment < t->w->schema;
            if (!t->is_control && (is_first_start || t->found.states % OPENED_EACH == 0)) {
                open_engine(t);
            }
        } else {
            t->found.unsound++;
        }
    } else {
        t->found.lost++;
    }
    t->found.states++;
    clear(t->dir);
}

static bool at_moment(void *arg, uint32_t moment)
{
    trial *t = arg;
    for (uint32_t i = 0; i < t->per_moment; i++) {
        try_state(t, moment, moment * 64 + t->found.states);
    }
    return !t->is_control || t->found.lost == 0;
}

static found try_states(const work *w, bool is_control, bool ignores_sync)
{
    trial t = {.w = w, .is_control = is_control, .dir = "/tmp/karkas-power-XXXXXX"};
    uint32_t wanted = STATES * (getenv("FULL") ? 10 : 1);
    assert_non_null(mkdtemp(t.dir));
    t.per_moment = is_control ? 1 : (wanted - 1) / power_moment() + 1;
    power_run(&(power_replay){.ignores_sync = ignores_sync, .at = at_moment, .arg = &t});
    rmdir(t.dir);
    print_message("%u states: %u unsound, %u without an acknowledged commit, %u with a half, %u "
                  "opened and written to\n",
                  t.found.states, t.found.unsound, t.found.lost, t.found.halves, t.found.opened);
    return t.found;
}

/* ---- the tests ------------------------------------------------------------------------------- */

static void a_power_cut_at_any_moment_loses_nothing_acknowledged(void **state)
{
    work w = {0};
    (void)state;
    do_work(&w, NULL);
    found f = try_states(&w, false, false);
    assert_true(f.states >= 1000 && f.opened > 0);
    assert_int_equal(f.unsound + f.lost + f.halves, 0);
    end_work(&w);
}

/* Else the test above would be content with anything. */
static void a_disk_that_syncs_nothing_is_found_out(void **state)
{
    work w = {0};
    (void)state;
    do_work(&w, NULL);
    assert_true(try_states(&w, true, true).lost > 0);
    end_work(&w);
}

static void synchronous_less_than_full_is_found_out(void **state)
{
    static const char *const less[] = {"PRAGMA synchronous=NORMAL", "PRAGMA synchronous=OFF"};
    (void)state;
    for (int i = 0; i < 2; i++) {
        work w = {0};
        do_work(&w, less[i]);
        assert_true(try_states(&w, true, false).lost > 0);
        end_work(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_power_cut_at_any_moment_loses_nothing_acknowledged),
        cmocka_unit_test(a_disk_that_syncs_nothing_is_found_out),
        cmocka_unit_test(synchronous_less_than_full_is_found_out),
    };
    log_set_level(LOG_ERROR + 1);
    fault_vfs_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
