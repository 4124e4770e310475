/*
 * test_data_engine_oracle.c - SQLite must answer what brute force answers.
 *
 * Random schemas, rows, indexes, writes, conditions, paths, rights, words, orders and pages go to
 * both engines in step. A failure prints the seed of its round; KARKAS_SEED=<n> repeats that round
 * alone.
 */
#include "data/address.h"
#include "data/engine_sqlite.h"
#include "data/field.h"
#include "oracle.h"

/* ---- pages ----------------------------------------------------------------------------------- */

typedef struct page {
    arena *arena;
    ids list;
    value last[FIELDS_MAX];
    const entity *entity;
} page;

static bool take_row(void *arg, const value *row, uint32_t bits)
{
    page *p = arg;
    p->list.branches[p->list.count] = bits;
    p->list.at[p->list.count++] = row[COL_ID].i;
    for (uint32_t i = 0; i < p->entity->field_count; i++) {
        p->last[i] = value_dup(p->arena, row[i]);
    }
    return true;
}

/* An engine may go another way when it has long: none of these questions takes as long. */
#define PATIENCE_US(q) ((q)->limit & 1 ? 60000000 : 0)

static void read_page(bench *b, const query *q, page *out)
{
    engine_op op = {
        .kind = ENGINE_LIST, .entity = q->entity, .query = q, .on_row = take_row, .arg = out};
    engine_batch batch = {.ops = &op, .count = 1, .limit_us = PATIENCE_US(q)};
    out->arena = b->w->arena;
    out->entity = q->entity;
    out->list.count = 0;
    out->list.status = engine_read_now(b->reader, &batch);
}

static void compare_pages(const page *x, const page *y)
{
    assert_int_equal(x->list.status, y->list.status);
    assert_int_equal(x->list.count, y->list.count);
    assert_memory_equal(x->list.at, y->list.at, x->list.count * sizeof x->list.at[0]);
    assert_memory_equal(x->list.branches, y->list.branches,
                        x->list.count * sizeof x->list.branches[0]);
    for (uint32_t i = 0; x->list.count && i < x->entity->field_count; i++) {
        assert_true(value_equal(x->last[i], y->last[i]));
    }
}

static void move_after(query *q, const page *p)
{
    q->after.is_set = true;
    q->after.id = p->list.at[p->list.count - 1];
    for (uint32_t i = 0; i < q->sort_count; i++) {
        q->after.at[i] = address_value(p->arena, q->sorts[i].field, p->last);
    }
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* Questions asked, and those nested deeper than SQLite reads, which it must refuse and not answer.
 */
static uint32_t asked_count, refused_count, found_count;

/* False: refused. */
static bool compare_counts(bench *x, bench *y, const query *qx, const query *qy)
{
    engine_op op = {.kind = ENGINE_COUNT, .entity = qx->entity, .query = qx};
    engine_batch batch = {.ops = &op, .count = 1, .limit_us = PATIENCE_US(qx)};
    asked_count++;
    if (engine_read_now(x->reader, &batch) == CRM_TOO_LARGE) {
        refused_count++;
        return false;
    }
    int64_t count = bench_count(y->reader, qy);
    if (op.status != CRM_OK || op.count != count) {
        tell_query(qx);
    }
    assert_ok(op.status);
    assert_int_equal(op.count, count);
    found_count += count > 0;
    return true;
}

/* A list that stops here and there, by other rows on each engine, gives the same in the end. */
static uint32_t stops_of_sqlite;

/* False: refused. */
static bool compare_parts(bench *x, bench *y, const query *qx, const query *qy, uint64_t number)
{
    static ids ix, iy;
    bench_stop_lists(x, 1 + number % 5);
    bench_stop_lists(y, 1 + number % 3);
    x->is_ungathered = y->is_ungathered = number % 4 != 0; /* it takes a part for a few rows */
    stops_of_sqlite += bench_list_in_parts(x, *qx, &ix);
    (void)bench_list_in_parts(y, *qy, &iy);
    bench_stop_lists(x, 0);
    bench_stop_lists(y, 0);
    if (ix.status == CRM_TOO_LARGE) {
        refused_count++;
        return false;
    }
    assert_int_equal(ix.status, iy.status);
    if (ix.count != iy.count || memcmp(ix.at, iy.at, ix.count * sizeof ix.at[0]) != 0) {
        tell_query(qx);
    }
    assert_int_equal(ix.count, iy.count);
    assert_memory_equal(ix.at, iy.at, ix.count * sizeof ix.at[0]);
    assert_memory_equal(ix.branches, iy.branches, ix.count * sizeof ix.branches[0]);
    return true;
}

static void ask_both(bench *x, bench *y, uint64_t number)
{
    static page px, py;
    static const int64_t few[] = {0, 3, 10, 1000};
    maker mx = {x->w, dice_of(number), 0}, my = {y->w, dice_of(number), 0};
    query qx = some_query(&mx), qy = some_query(&my);
    engine_sqlite_set_lookup(x->reader, few[number % 4]);
    bool is_read = true;
    for (int times = 0; is_read && times < 3; times++) { /* the last is remembered */
        is_read = compare_counts(x, y, &qx, &qy);
    }
    if (is_read) {
        is_read = compare_parts(x, y, &qx, &qy, number);
        engine_sqlite_set_lookup(x->reader, few[number % 4]);
    }
    for (int pages = 0; is_read && pages < 6; pages++) {
        read_page(x, &qx, &px);
        if (px.list.status == CRM_TOO_LARGE) { /* a list says more than a count */
            refused_count++;
            break;
        }
        read_page(y, &qy, &py);
        compare_pages(&px, &py);
        if (!px.list.count) {
            break;
        }
        move_after(&qx, &px);
        move_after(&qy, &py);
    }
}

/* ---- near words ------------------------------------------------------------------------------ */

typedef struct heard {
    char words[40][40];
    int edits[40];
    uint32_t count;
} heard;

static void hear(void *arg, crm_str word, int edits)
{
    heard *h = arg;
    assert_true(h->count < 40 && word.n < 40);
    memcpy(h->words[h->count], word.p, word.n);
    h->words[h->count][word.n] = 0;
    h->edits[h->count++] = edits;
}

static heard near(bench *b, const char *word, int edits)
{
    heard h = {0};
    engine_op op = {.kind = ENGINE_WORDS,
                    .entity = b->w->main,
                    .near = str_of(word),
                    .edits = edits,
                    .on_word = hear,
                    .arg = &h};
    engine_batch batch = {.ops = &op, .count = 1};
    assert_ok(engine_read_now(b->reader, &batch));
    return h;
}

/* SQLite may still know words of rows that are gone; how far each is must be right all the same. */
static void compare_near(bench *sqlite, bench *memory, dice *d)
{
    static const char *const typed[] = {"зелная", "зеленая", "srtasse", "straze", "екла", "склдаа"};
    const char *word = PICK(d, typed);
    int edits = (int)roll(d, 3);
    heard x = near(sqlite, word, edits), y = near(memory, word, edits);
    for (uint32_t i = 0; i < x.count; i++) {
        assert_int_equal(text_distance(str_of(x.words[i]), str_of(word), 2), x.edits[i]);
    }
    for (uint32_t i = 0; i < y.count; i++) {
        uint32_t k = 0;
        while (k < x.count && strcmp(x.words[k], y.words[i]) != 0) {
            k++;
        }
        assert_true(k < x.count);
    }
}

/* ---- writes ---------------------------------------------------------------------------------- */

static crm_str *terms_of(world *w, const entity *e, const value *row)
{
    crm_str *terms = arena_alloc(w->arena, (e->search_count + 1) * sizeof *terms);
    assert_non_null(terms);
    for (uint32_t i = 0; i < e->search_count; i++) {
        assert_ok(text_terms(w->arena, row[e->search_fields[i]].s, &terms[i]));
    }
    return terms;
}

/* What rights go by may have changed, so the terms are given again. */
static void give_terms(bench *b, const engine_op *written)
{
    const entity *e = written->entity;
    engine_op op = {.kind = ENGINE_TERMS, .entity = e, .id = written->id};
    if (e->search_count) {
        op.terms = terms_of(b->w, e, written->row);
        assert_ok(bench_op(b, &op));
    }
}

static engine_op some_write(maker *m, value *row)
{
    const entity *e = some_entity(m);
    static const engine_op_kind kinds[] = {ENGINE_INSERT, ENGINE_INSERT, ENGINE_INSERT,
                                           ENGINE_UPDATE, ENGINE_UPDATE, ENGINE_DELETE,
                                           ENGINE_TERMS};
    engine_op op = {.kind = PICK(&m->d, kinds), .entity = e, .row = row};
    bench_row(row, e, 1000 + roll(&m->d, 5));
    row[COL_CREATED_BY] = value_int(1 + roll(&m->d, 4));
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        row[i] = some_value(m->w->arena, &m->d, &e->fields[i]);
        if (roll(&m->d, 3) == 0) {
            bits_add(op.set, i);
        }
    }
    row[COL_CREATED_BY] = value_int(1 + roll(&m->d, 3));
    if (roll(&m->d, 6) == 0) {
        row[COL_DELETED_AT] = value_int(9);
    }
    if (roll(&m->d, 4) == 0) {
        bits_add(op.set, COL_DELETED_AT);
    }
    op.id = op.kind == ENGINE_INSERT ? 0 : 1 + roll(&m->d, 30);
    op.if_rev = roll(&m->d, 20) ? 0 : 2;
    if (op.kind == ENGINE_TERMS && e->search_count && roll(&m->d, 5)) {
        op.terms = terms_of(m->w, e, row);
    }
    return op;
}

static void write_both(bench *x, bench *y, uint64_t number)
{
    value rx[FIELDS_MAX], ry[FIELDS_MAX];
    maker mx = {x->w, dice_of(number), 0}, my = {y->w, dice_of(number), 0};
    engine_op ox = some_write(&mx, rx), oy = some_write(&my, ry);
    crm_status sx = bench_op(x, &ox), sy = bench_op(y, &oy);
    assert_int_equal(sx, sy);
    assert_int_equal(ox.id, oy.id);
    if (sx == CRM_CONFLICT) {
        assert_int_equal(ox.refused->field[0], oy.refused->field[0]);
        assert_true(ox.refused_id > 0);
    }
    if (sx == CRM_OK && (ox.kind == ENGINE_INSERT || ox.kind == ENGINE_UPDATE)) {
        give_terms(x, &ox);
        give_terms(y, &oy);
    }
}

static void both(bench *x, bench *y, engine_op_kind kind)
{
    assert_ok(bench_op(x, &(engine_op){.kind = kind}));
    assert_ok(bench_op(y, &(engine_op){.kind = kind}));
}

static void write_some(bench *x, bench *y, dice *d)
{
    both(x, y, ENGINE_BEGIN);
    for (int request = 0; request < 8; request++) {
        both(x, y, ENGINE_SAVEPOINT);
        for (uint32_t i = roll(d, 6) + 1; i; i--) {
            write_both(x, y, roll(d, 1u << 30));
        }
        both(x, y, roll(d, 5) ? ENGINE_RELEASE : ENGINE_ROLLBACK_TO);
    }
    both(x, y, roll(d, 6) ? ENGINE_COMMIT : ENGINE_ROLLBACK);
    engine_turn_end(x->reader);
    engine_turn_end(y->reader);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* What was answered before a commit is not answered after it. */
static void ask_across_commits(bench *x, bench *y, dice *d)
{
    uint64_t asked_before[30];
    for (size_t i = 0; i < 30; i++) {
        asked_before[i] = roll(d, 1u << 30);
    }
    for (int commits = 0; commits < 3; commits++) {
        for (size_t i = 0; i < 30; i++) {
            ask_both(x, y, asked_before[i]);
        }
        write_some(x, y, d);
    }
}

/* Of a deployment as it is usual, or of any. */
static world *a_world(uint64_t number)
{
    return number % 2 ? world_new() : some_world(dice_of(number));
}

static void play(uint64_t number)
{
    print_message("round %llu\n", (unsigned long long)number);
    bench *x = bench_new_in(ON_SQLITE, 0, a_world(number));
    bench *y = bench_new_in(ON_MEMORY, 0, a_world(number));
    dice d = dice_of(number);
    for (int phase = 0; phase < 3; phase++) {
        uint64_t next = roll(&d, 1u << 30);
        change_schema(x, dice_of(next));
        change_schema(y, dice_of(next));
        for (int i = 0; i < 4; i++) {
            write_some(x, y, &d);
        }
        for (int i = 0; i < 300; i++) {
            ask_both(x, y, roll(&d, 1u << 30));
            if (i % 3 == 0) {
                group_both(x, y, roll(&d, 1u << 30));
            }
        }
        ask_across_commits(x, y, &d);
        for (int i = 0; i < 10 && x->w->main->search_count; i++) {
            compare_near(x, y, &d);
        }
    }
    bench_free(x);
    bench_free(y);
}

static void answers_what_brute_force_answers(void **state)
{
    (void)state;
    const char *one = getenv("KARKAS_SEED");
    if (one) {
        play(strtoull(one, NULL, 10));
        print_message("asked %u, found %u, refused %u\n", asked_count, found_count, refused_count);
        return;
    }
    for (uint64_t number = 1; number <= 12; number++) {
        play(number);
    }
    assert_true(refused_count * 100 < asked_count);
    assert_true(found_count * 4 > asked_count); /* else it would compare nothing with nothing */
    assert_true(stops_of_sqlite > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_what_brute_force_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
