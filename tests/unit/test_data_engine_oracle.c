/*
 * test_data_engine_oracle.c - SQLite must answer what brute force answers.
 *
 * Random rows, indexes, writes, conditions, paths, rights, words, orders and pages go to both
 * engines in step. A failure prints the seed of its round; KARKAS_SEED=<n> repeats that round
 * alone.
 */
#include "data/engine_sqlite.h"
#include "data/field.h"
#include "oracle.h"

/* ---- chance ---------------------------------------------------------------------------------- */

uint32_t roll(dice *d, uint32_t sides)
{
    d->state ^= d->state << 13;
    d->state ^= d->state >> 7;
    d->state ^= d->state << 17;
    return (uint32_t)(d->state >> 11) % sides;
}

dice dice_of(uint64_t n)
{
    dice d = {n * 0x9E3779B97F4A7C15u | 1};
    (void)roll(&d, 2);
    return d;
}

/* ---- values ---------------------------------------------------------------------------------- */

static const char *const words[] = {"Ёлка",    "ёлка",  "елка",        "Ель", "ель  зелёная",
                                    "жук",     "Жук 2", "e",           "É",   "Straße",
                                    "STRASSE", "а",     "ёлка зелёные"};
static const char *const stages[] = {"new", "New", "won"};
static const char *const marks[] = {"vip", "VIP", "склад", "Ёж", "еж"};
static const char *const phones[] = {"+791", "+7916",        "+7917",      "8 916",
                                     "+7",   "+7916;ext=12", "+791;ext=1", "+7916;ext=3"};
static const char *const regions[] = {"spb", "msk"};

/* Around both changes of Berlin's clocks in 2027, a new year, and before 1970. */
static const int64_t moments[] = {
    1806195599999, 1806195600000, 1824944400000, 1824948000000, 1824951600000, 1830294000000, -1,
    1500};

static int64_t some_duration(dice *d)
{
    return roll(d, 60) ? (int64_t)roll(d, 4) * 1000 : INT64_MAX;
}

static value some_element(dice *d, const field *f)
{
    switch (f->type) {
    case FIELD_STAGE:
        return value_text(str_of(PICK(d, stages)));
    case FIELD_CHOICE:
        return value_text(str_of(PICK(d, regions)));
    case FIELD_PHONE:
        return value_text(str_of(PICK(d, phones)));
    case FIELD_TAGS:
    case FIELD_EMAIL:
        return value_text(str_of(PICK(d, marks)));
    case FIELD_REF:
    case FIELD_USER:
        return value_int(1 + roll(d, 7)); /* some lead nowhere */
    case FIELD_DATETIME:
        return value_int(PICK(d, moments));
    case FIELD_DURATION:
        return value_int(some_duration(d));
    default:
        return field_is_text(f) ? value_text(str_of(PICK(d, words)))
                                : value_int((int64_t)roll(d, 6) - 2);
    }
}

static value some_value(arena *a, dice *d, const field *f)
{
    if (roll(d, 4) == 0) {
        return value_null();
    }
    value v = some_element(d, f);
    while ((f->flags & FIELD_MANY) && roll(d, 2)) {
        crm_str more = some_element(d, f).s;
        v = value_text(arena_fmt(a, "%.*s\n%.*s", STR_FMT(v.s), STR_FMT(more)));
    }
    if (f->index == DEAL_CODE && f->entity->field_count == DEAL_COLUMNS) {
        v = value_text(arena_fmt(a, "%.*s %u", STR_FMT(v.s), roll(d, 12)));
    }
    if (f->flags & FIELD_UNIQUE && f->flags & FIELD_MANY) {
        v = value_text(arena_fmt(a, "%.*s%u", STR_FMT(v.s), roll(d, 60)));
    }
    return v;
}

/* A value as a condition may hold it: sometimes of the wrong kind, sometimes relative. */
static value some_operand(dice *d, const field *f)
{
    if (roll(d, 15) == 0) {
        return field_is_text(f) ? value_int(1) : value_text(CRM_S("1"));
    }
    if ((f->type == FIELD_DATE || f->type == FIELD_DATETIME) && roll(d, 2)) {
        return (value){.kind = roll(d, 2) ? VALUE_NOW : VALUE_TODAY, .i = (int64_t)roll(d, 5) - 2};
    }
    return some_element(d, f);
}

/* ---- conditions ------------------------------------------------------------------------------ */

void *make(maker *m, size_t n)
{
    void *p = arena_alloc(m->w->arena, n);
    assert_non_null(p);
    return p;
}

/* Somebody's rows, as scopes of rights name them. */
static const cond *some_whose(maker *m)
{
    arena *a = m->w->arena;
    const entity *e = &m->w->deal;
    const field *owner = &e->fields[DEAL_OWNER], *by = &e->fields[COL_CREATED_BY];
    value *who = make(m, 2 * sizeof *who);
    who[0] = value_int(1 + roll(&m->d, 4));
    who[1] = value_int(1 + roll(&m->d, 4));
    const cond *mine = cond_make(a, COND_ME, owner, NULL, 0);
    const cond *theirs = cond_make(a, COND_IN, owner, who, 1 + roll(&m->d, 2));
    const cond *there = cond_make(a, COND_IN, &e->fields[DEAL_BUYER], who, 1 + roll(&m->d, 2));
    const cond *unowned = cond_and(a, there, cond_make(a, COND_NONE, owner, NULL, 0));
    const cond *all[] = {
        mine,
        theirs,
        there,
        unowned,
        cond_make(a, COND_ME, by, NULL, 0),
        cond_compare(a, COND_EQ, &e->fields[DEAL_STAGE], value_text(str_of(PICK(&m->d, stages))))};
    const cond *one = PICK(&m->d, all), *other = PICK(&m->d, all);
    return roll(&m->d, 3) ? one : cond_or(a, one, other);
}

static void some_branch(maker *m, const entity *e, branch *b)
{
    *b = (branch){.actions = roll(&m->d, 4) ? 1u << ACTION_READ : 0};
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (roll(&m->d, 4)) {
            bits_add(b->fields, i);
        }
    }
    const entity *about = e;
    if (e == &m->w->line && roll(&m->d, 2)) {
        b->via[b->via_count++] = &e->fields[LINE_DEAL];
        about = &m->w->deal;
    }
    if (about == &m->w->deal && roll(&m->d, 3) == 0) {
        b->via[b->via_count++] = &about->fields[DEAL_BUYER];
        about = &m->w->person;
    }
    b->where = roll(&m->d, 6) ? some_cond(m, about, 1) : NULL;
    if (about == &m->w->deal && roll(&m->d, 2)) {
        const cond *whose = some_whose(m);
        b->where = roll(&m->d, 3) ? whose : cond_and(m->w->arena, whose, b->where);
    }
}

const branches *some_branches(maker *m, const entity *e)
{
    branches *b = make(m, sizeof *b);
    b->count = roll(&m->d, 4);
    for (uint32_t i = 0; i < b->count; i++) {
        some_branch(m, e, &b->at[i]);
    }
    return b;
}

/* Mostly a field that can be joined with `f`; sometimes one that cannot, so that nothing is among.
 */
static const field *some_joined(maker *m, const field *f)
{
    const field *among = NULL;
    for (int tries = 0; tries < 12 && (!among || !cond_can_join(f, among)); tries++) {
        const entity *e = m->w->entities[roll(&m->d, 3)];
        among = &e->fields[roll(&m->d, e->field_count)];
    }
    return among;
}

static const cond *some_in_query(maker *m, const field *f)
{
    cond *c = make(m, sizeof *c);
    subquery *sub = make(m, sizeof *sub);
    sub->field = some_joined(m, f);
    sub->where = roll(&m->d, 3) ? some_cond(m, sub->field->entity, 1) : NULL;
    sub->rights = roll(&m->d, 3) ? NULL : some_branches(m, sub->field->entity);
    *c = (cond){.op = COND_IN_QUERY, .path = {f}, .path_length = 1, .sub = sub};
    return c;
}

static const cond *some_leaf(maker *m, const field *f)
{
    if (roll(&m->d, 10) == 0 && m->subs++ < 4) {
        return some_in_query(m, f);
    }
    static const cond_op ops[] = {COND_EQ, COND_NE, COND_GT,   COND_GTE,    COND_LT,  COND_LTE,
                                  COND_IN, COND_IN, COND_NONE, COND_STARTS, COND_HAS, COND_ME};
    cond *c = make(m, sizeof *c);
    value *values = make(m, 4 * sizeof *values);
    c->op = PICK(&m->d, ops);
    c->path[0] = f;
    c->path_length = 1;
    c->values = values;
    c->value_count = c->op == COND_IN                         ? roll(&m->d, 4)
                     : c->op == COND_NONE || c->op == COND_ME ? 0
                                                              : 1;
    for (uint32_t i = 0; i < c->value_count; i++) {
        values[i] = some_operand(&m->d, f);
    }
    return c;
}

static const cond *some_path(maker *m, const field *const *refs, uint32_t count)
{
    const entity *last = refs[count - 1]->ref;
    cond *c =
        (cond *)some_leaf(m, &last->fields[COL_OWN + roll(&m->d, last->field_count - COL_OWN)]);
    c->path[count] = c->path[0];
    for (uint32_t i = 0; i < count; i++) {
        c->path[i] = refs[i];
        c->hop[i] = roll(&m->d, 2) ? some_branches(m, refs[i]->ref) : NULL;
    }
    c->path_length = (uint8_t)(count + 1);
    return c;
}

static const cond *some_exists(maker *m)
{
    cond *c = make(m, sizeof *c);
    c->op = COND_EXISTS;
    c->path[0] = &m->w->line.fields[LINE_DEAL];
    c->path_length = 1;
    c->first = roll(&m->d, 4) ? some_cond(m, &m->w->line, 1) : NULL;
    c->hop[0] = roll(&m->d, 3) ? NULL : some_branches(m, &m->w->line);
    return c;
}

static const cond *some_simple(maker *m, const entity *e)
{
    uint32_t kind = roll(&m->d, 8);
    const field *deal = &m->w->line.fields[LINE_DEAL], *buyer = &m->w->deal.fields[DEAL_BUYER];
    if (e == &m->w->deal && kind == 0) {
        return some_path(m, &buyer, 1);
    }
    if (e == &m->w->deal && kind == 1) {
        return some_exists(m);
    }
    if (e == &m->w->line && kind < 3) {
        return some_path(m, (const field *const[]){deal, buyer}, 1 + roll(&m->d, 2));
    }
    return some_leaf(m, &e->fields[roll(&m->d, 12) ? COL_OWN + roll(&m->d, e->field_count - COL_OWN)
                                                   : roll(&m->d, COL_MARKS)]);
}

const cond *some_cond(maker *m, const entity *e, int depth)
{
    uint32_t kind = roll(&m->d, 8);
    if (depth == 0 || kind < 3) {
        return some_simple(m, e);
    }
    cond *c = make(m, sizeof *c);
    static const cond_op ops[] = {COND_AND, COND_OR, COND_NOT, COND_AND, COND_OR};
    c->op = kind == 3 && roll(&m->d, 3) == 0 ? COND_TRUE : PICK(&m->d, ops);
    uint32_t children = c->op == COND_NOT ? 1 : c->op == COND_TRUE ? 0 : roll(&m->d, 4);
    for (uint32_t i = 0; i < children; i++) {
        cond *child = make(m, sizeof *child);
        *child = *some_cond(m, e, depth - 1);
        child->next = c->first;
        c->first = child;
    }
    return c;
}

/* ---- queries --------------------------------------------------------------------------------- */

static const char *const asked[] = {"елк*",         "елка|=елк",  "жук|жук*", "ель зел*",
                                    "жук 2*",       "=склад|ель", "ж*",       "ель&зеленая|жук",
                                    "=елк|жук e*",  "strasse*",   "зеле*",    "ель&зелен*|жук",
                                    "елка зелены*", "stra*|ель",  "эрзац*"};

static const cond *of_field(maker *m, cond_op op, const field *f, uint32_t count)
{
    value *values = make(m, (count + 1) * sizeof *values);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = some_operand(&m->d, f);
    }
    return cond_make(m->w->arena, op, f, values, count);
}

/* What rights ask of a row: who has it, who made it, whose department's it is, where it stands. */
static const cond *some_right(maker *m)
{
    arena *a = m->w->arena;
    const field *owner = deal_field(m->w, DEAL_OWNER), *buyer = deal_field(m->w, DEAL_BUYER);
    const field *by = deal_field(m->w, COL_CREATED_BY), *at = deal_field(m->w, DEAL_STAGE);
    switch (roll(&m->d, 12)) {
    case 0:
        return of_field(m, COND_ME, owner, 0);
    case 1:
        return of_field(m, COND_ME, by, 0);
    case 2:
        return cond_and(a, of_field(m, COND_IN, buyer, roll(&m->d, 4)),
                        of_field(m, COND_NONE, owner, 0));
    case 3:
        return of_field(m, COND_IN, at, 1 + roll(&m->d, 3));
    case 4:
        return cond_and(a, of_field(m, COND_ME, owner, 0), of_field(m, COND_EQ, at, 1));
    case 5:
        return some_cond(m, &m->w->deal, 1);
    default:
        return of_field(m, COND_IN, owner, 1 + roll(&m->d, 5));
    }
}

/* What a person narrows a list by. */
static const cond *some_filter(maker *m)
{
    static const uint32_t fields[] = {DEAL_OWNER, DEAL_STAGE, DEAL_NAME, DEAL_AMOUNT,
                                      DEAL_CLOSE, DEAL_TAGS,  DEAL_BUYER};
    static const cond_op ops[] = {COND_EQ, COND_EQ,  COND_IN, COND_NONE,
                                  COND_GT, COND_LTE, COND_HAS};
    const cond *c = NULL;
    for (uint32_t i = roll(&m->d, 2) * roll(&m->d, 3); i; i--) {
        cond_op op = PICK(&m->d, ops);
        uint32_t count = op == COND_NONE ? 0 : op == COND_IN ? 1 + roll(&m->d, 3) : 1;
        c = cond_and(m->w->arena, c, of_field(m, op, deal_field(m->w, PICK(&m->d, fields)), count));
    }
    return roll(&m->d, 4) ? c : cond_and(m->w->arena, c, some_cond(m, &m->w->deal, 1));
}

/* A list as rights cut it into branches, in an order that an index knows, mostly. */
static void ask_under_rights(maker *m, query *q)
{
    static const uint32_t sorts[] = {COL_CREATED_AT, COL_CREATED_AT, DEAL_AMOUNT, DEAL_AMOUNT,
                                     DEAL_NAME,      DEAL_STAGE,     COL_ID};
    branches *b = make(m, sizeof *b);
    b->count = 1 + roll(&m->d, 5);
    for (uint32_t i = 0; i < b->count; i++) {
        b->at[i] = (branch){.where = some_right(m)};
        if (roll(&m->d, 20) == 0) {
            some_branch(m, &m->w->deal, &b->at[i]);
        }
    }
    q->rights = roll(&m->d, 5) ? b : NULL;
    q->need = roll(&m->d, 8) ? ~0u : roll(&m->d, 32);
    q->where = some_filter(m);
    q->terms = (crm_str){0};
    q->limit = 1 + roll(&m->d, 12);
    q->with_deleted = q->only_deleted = false;
    q->sort_count = 1 + (roll(&m->d, 4) == 0);
    for (uint32_t i = 0; i < q->sort_count; i++) {
        q->sorts[i] = (sort){&m->w->deal.fields[PICK(&m->d, sorts)], roll(&m->d, 2)};
    }
}

/* A search among somebody's rows. */
static void search_for_mine(maker *m, query *q)
{
    branches *b = make(m, sizeof *b);
    b->count = 1 + roll(&m->d, 3);
    for (uint32_t i = 0; i < b->count; i++) {
        b->at[i].where = some_whose(m);
        memset(b->at[i].fields, roll(&m->d, 2) ? 0xff : 0xf7, sizeof b->at[i].fields);
    }
    q->rights = b;
    q->need = 1 + roll(&m->d, 7);
    q->where = roll(&m->d, 4) ? NULL : q->where;
}

query some_query(maker *m)
{
    const entity *e = m->w->entities[PICK(&m->d, ((const uint32_t[]){0, 1, 1, 1, 1, 2}))];
    query q = {.entity = e, .env = {.me = 2, .now = 1500, .day_start = 0}};
    q.where = roll(&m->d, 5) ? some_cond(m, e, 3) : NULL;
    if (roll(&m->d, 2)) {
        q.rights = some_branches(m, e);
        q.need = roll(&m->d, 16);
    }
    if (e->search_count && roll(&m->d, 4) == 0) {
        q.terms = str_of(PICK(&m->d, asked));
        if (e == &m->w->deal && roll(&m->d, 2)) {
            search_for_mine(m, &q);
        }
    }
    q.sort_count = roll(&m->d, SORTS_MAX + 1);
    for (uint32_t i = 0; i < q.sort_count; i++) {
        q.sorts[i] = (sort){&e->fields[roll(&m->d, e->field_count)], roll(&m->d, 2)};
    }
    q.limit = roll(&m->d, 3) ? 1 + roll(&m->d, 12) : 1000;
    q.with_deleted = roll(&m->d, 6) == 0;
    q.only_deleted = roll(&m->d, 12) == 0;
    if (e == &m->w->deal && roll(&m->d, 3)) {
        ask_under_rights(m, &q);
    }
    return q;
}

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
        q->after.at[i] = p->last[q->sorts[i].field->index];
    }
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* Questions asked, and those nested deeper than SQLite reads, which it must refuse and not answer.
 */
static uint32_t asked_count, refused_count;

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
    return true;
}

/* A list that stops here and there, by other rows on each engine, gives the same in the end. */
static uint32_t stops_of_sqlite;

static void compare_parts(bench *x, bench *y, const query *qx, const query *qy, uint64_t number)
{
    static ids ix, iy;
    bench_stop_lists(x, 1 + number % 5);
    bench_stop_lists(y, 1 + number % 3);
    stops_of_sqlite += bench_list_in_parts(x, *qx, &ix);
    (void)bench_list_in_parts(y, *qy, &iy);
    bench_stop_lists(x, 0);
    bench_stop_lists(y, 0);
    if (ix.count != iy.count || memcmp(ix.at, iy.at, ix.count * sizeof ix.at[0]) != 0) {
        tell_query(qx);
    }
    assert_int_equal(ix.count, iy.count);
    assert_memory_equal(ix.at, iy.at, ix.count * sizeof ix.at[0]);
    assert_memory_equal(ix.branches, iy.branches, ix.count * sizeof ix.branches[0]);
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
        compare_parts(x, y, &qx, &qy, number);
        engine_sqlite_set_lookup(x->reader, few[number % 4]);
    }
    for (int pages = 0; is_read && pages < 6; pages++) {
        read_page(x, &qx, &px);
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
                    .entity = &b->w->deal,
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
    const entity *e = m->w->entities[PICK(&m->d, ((const uint32_t[]){0, 1, 1, 1, 2}))];
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

/* The indexes of lists that the registry would derive, each or not. */
static void index_lists(dice *d, entity_index *indexes, uint32_t *count)
{
    static const entity_index some[] = {
        {.field = {DEAL_OWNER, COL_CREATED_AT}, .count = 2},
        {.field = {DEAL_OWNER, DEAL_AMOUNT}, .count = 2},
        {.field = {DEAL_OWNER, DEAL_NAME}, .count = 2},
        {.field = {DEAL_OWNER, DEAL_STAGE, COL_CREATED_AT}, .count = 3},
        {.field = {DEAL_STAGE, COL_CREATED_AT}, .count = 2},
        {.field = {COL_CREATED_BY, COL_CREATED_AT}, .count = 2},
        {.field = {COL_CREATED_BY, DEAL_AMOUNT}, .count = 2},
        {.field = {DEAL_OWNER, COL_CREATED_AT},
         .count = 2,
         .empty = {DEAL_CLOSE},
         .empty_count = 1},
        {.field = {DEAL_AMOUNT}, .count = 1, .empty = {DEAL_CLOSE}, .empty_count = 1},
        {.field = {DEAL_BUYER, COL_CREATED_AT},
         .count = 2,
         .empty = {DEAL_OWNER},
         .empty_count = 1},
        {.field = {DEAL_BUYER, DEAL_NAME}, .count = 2, .empty = {DEAL_OWNER}, .empty_count = 1},
    };
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        if (roll(d, 6)) {
            indexes[(*count)++] = some[i];
        }
    }
}

/* Other fields become indexed and searched; rows are there already. */
static void change_schema(bench *b, dice d)
{
    world *w = b->w;
    registry_fault *faults;
    entity_index *indexes = ARENA_ARRAY(w->arena, entity_index, 32);
    uint16_t *searched = ARENA_ARRAY(w->arena, uint16_t, 4);
    assert_true(indexes && searched);
    uint32_t count = 0, words_count = 0;
    index_lists(&d, indexes, &count);
    indexes[count++] = (entity_index){.field = {DEAL_CODE}, .count = 1, .is_unique = true};
    indexes[count++] = (entity_index){.field = {DEAL_PHONES}, .count = 1, .is_unique = true};
    for (uint16_t i = DEAL_NAME; i < DEAL_COLUMNS; i++) {
        uint16_t next = (uint16_t)(DEAL_NAME + roll(&d, DEAL_CLOSE - DEAL_NAME));
        bool is_pair = !(w->deal.fields[i].flags & FIELD_MANY) && roll(&d, 2);
        if (roll(&d, 2)) {
            indexes[count++] = (entity_index){.field = {i, next}, .count = is_pair ? 2 : 1};
        }
    }
    for (uint16_t i = DEAL_NAME; i <= DEAL_NOTE; i++) {
        if (roll(&d, 3)) {
            searched[words_count++] = i;
        }
    }
    w->deal.indexes = indexes;
    w->deal.index_count = count;
    w->deal.search_fields = searched;
    w->deal.search_count = words_count;
    assert_ok(engine_schema(b->e, &w->reg, w->arena, &faults));
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

static void play(uint64_t number)
{
    print_message("round %llu\n", (unsigned long long)number);
    bench *x = bench_new(ON_SQLITE, 0), *y = bench_new(ON_MEMORY, 0);
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
        for (int i = 0; i < 10; i++) {
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
        return;
    }
    for (uint64_t number = 1; number <= 12; number++) {
        play(number);
    }
    assert_true(refused_count * 100 < asked_count);
    assert_true(stops_of_sqlite > 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers_what_brute_force_answers)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
