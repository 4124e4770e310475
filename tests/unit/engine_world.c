/* engine_world.c - see engine_world.h. */
#include "engine_world.h"

#include "data/address.h"
#include "data/engine_memory.h"
#include "data/engine_sqlite.h"

#include <ftw.h>
#include <unistd.h>

/* ---- the deployment -------------------------------------------------------------------------- */

static const world_field columns[COL_OWN] = {
    {"id", FIELD_INT, FIELD_SYSTEM, NULL},
    {"rev", FIELD_INT, FIELD_SYSTEM, NULL},
    {"created_at", FIELD_DATETIME, FIELD_SYSTEM, NULL},
    {"created_by", FIELD_USER, FIELD_SYSTEM, NULL},
    {"updated_at", FIELD_DATETIME, FIELD_SYSTEM, NULL},
    {"updated_by", FIELD_USER, FIELD_SYSTEM, NULL},
    {"deleted_at", FIELD_DATETIME, FIELD_SYSTEM, NULL},
    {"marks", FIELD_JSON, FIELD_SYSTEM, NULL},
};

void world_add(world *w, entity *e, const char *name, const world_field *own, uint32_t count)
{
    field *fields = ARENA_ARRAY(w->arena, field, COL_OWN + count);
    assert_non_null(fields);
    for (uint32_t i = 0; i < COL_OWN + count; i++) {
        const world_field *f = i < COL_OWN ? &columns[i] : &own[i - COL_OWN];
        fields[i] = (field){.name = str_of(f->name),
                            .type = f->type,
                            .flags = f->flags,
                            .ref = f->ref,
                            .index = (uint16_t)i,
                            .entity = e};
    }
    e->name = str_of(name);
    e->fields = fields;
    e->field_count = COL_OWN + count;
    assert_true(w->reg.entity_count < WORLD_ENTITIES);
    e->index = w->reg.entity_count++;
    w->entities[e->index] = e;
}

static void make_person(world *w)
{
    static const world_field own[] = {{"name", FIELD_TEXT, FIELD_SEARCH, NULL},
                                      {"region", FIELD_CHOICE, 0, NULL}};
    static const uint16_t search[] = {PERSON_NAME};
    world_add(w, &w->person, "test.person", own, 2);
    w->person.search_fields = search;
    w->person.search_count = 1;
}

static void make_deal(world *w)
{
    const world_field own[] = {
        {"name", FIELD_TEXT, FIELD_INDEXED | FIELD_SEARCH, NULL},
        {"code", FIELD_TEXT, FIELD_UNIQUE, NULL},
        {"note", FIELD_MULTILINE, FIELD_SEARCH, NULL},
        {"stage", FIELD_STAGE, FIELD_INDEXED, NULL},
        {"amount", FIELD_MONEY, FIELD_INDEXED, NULL},
        {"close", FIELD_DATE, 0, NULL},
        {"owner", FIELD_USER, FIELD_INDEXED, &w->person},
        {"buyer", FIELD_REF, 0, &w->person},
        {"tags", FIELD_TAGS, FIELD_INDEXED | FIELD_MANY, NULL},
        {"phones", FIELD_PHONE, FIELD_UNIQUE | FIELD_MANY, NULL},
        {"emails", FIELD_EMAIL, FIELD_MANY, NULL},
        {"called", FIELD_DATETIME, 0, NULL},
        {"took", FIELD_DURATION, 0, NULL},
        {"phone", FIELD_PHONE, FIELD_INDEXED, NULL},
    };
    static const uint16_t search[] = {DEAL_NAME, DEAL_NOTE};
    static const entity_index indexes[] = {
        {.field = {DEAL_NAME}, .count = 1},
        {.field = {DEAL_CODE}, .count = 1, .is_unique = true},
        {.field = {DEAL_STAGE}, .count = 1},
        {.field = {DEAL_AMOUNT}, .count = 1},
        {.field = {DEAL_OWNER, COL_CREATED_AT}, .count = 2},
        {.field = {COL_CREATED_AT}, .count = 1},
        {.field = {DEAL_TAGS}, .count = 1},
        {.field = {DEAL_PHONES}, .count = 1, .is_unique = true},
        {.field = {DEAL_PHONE}, .count = 1},
    };
    world_add(w, &w->deal, "test.deal", own, DEAL_COLUMNS - COL_OWN);
    w->deal.search_fields = search;
    w->deal.owner_fields[0] = DEAL_OWNER;
    w->deal.department_field = DEAL_BUYER; /* a match tells its rows apart as well */
    w->deal.stage_field = DEAL_STAGE;
    w->deal.search_count = 2;
    w->deal.indexes = indexes;
    w->deal.index_count = sizeof indexes / sizeof indexes[0];
}

static void make_line(world *w)
{
    const world_field own[] = {{"deal", FIELD_REF, FIELD_INDEXED, &w->deal},
                               {"sku", FIELD_TEXT, 0, NULL},
                               {"count", FIELD_INT, 0, NULL}};
    static const entity_index indexes[] = {{.field = {LINE_DEAL}, .count = 1}};
    world_add(w, &w->line, "test.line", own, 3);
    w->line.indexes = indexes;
    w->line.index_count = 1;
    w->line.parent_field = LINE_DEAL;
}

world *world_new_empty(void)
{
    arena *a = arena_new(0);
    assert_non_null(a);
    world *w = ARENA_NEW(a, world);
    assert_non_null(w);
    w->arena = a;
    w->reg.arena = a;
    w->reg.entities = w->entities;
    return w;
}

world *world_new(void)
{
    world *w = world_new_empty();
    make_person(w);
    make_deal(w);
    make_line(w);
    w->main = &w->deal;
    return w;
}

void world_free(world *w)
{
    arena_free(w->arena);
}

/* ---- an engine ------------------------------------------------------------------------------- */

static void open_engine(bench *b, engine_choice which, uint64_t seed)
{
    registry_fault *faults = NULL;
    if (which == ON_SQLITE) {
        assert_ok(engine_open_sqlite(b->dir, &b->e));
    } else {
        assert_ok(engine_open_memory(which == ON_DELAYED ? seed : 0, &b->e));
    }
    assert_ok(engine_schema(b->e, &b->w->reg, b->w->arena, &faults));
    assert_null(faults);
    assert_ok(engine_session_open(b->e, ENGINE_WRITER, (engine_deliver){0}, &b->writer));
    assert_ok(engine_session_open(b->e, ENGINE_READER, (engine_deliver){0}, &b->reader));
}

static void close_engine(bench *b)
{
    engine_session_close(b->reader);
    engine_session_close(b->writer);
    engine_close(b->e);
}

bench *bench_new(engine_choice which, uint64_t seed)
{
    return bench_new_in(which, seed, world_new());
}

bench *bench_new_in(engine_choice which, uint64_t seed, world *w)
{
    bench *b = calloc(1, sizeof *b);
    assert_non_null(b);
    b->w = w;
    snprintf(b->dir, sizeof b->dir, "/tmp/karkas-engine-XXXXXX");
    assert_non_null(mkdtemp(b->dir));
    open_engine(b, which, seed);
    return b;
}

void bench_reopen(bench *b)
{
    close_engine(b);
    open_engine(b, ON_SQLITE, 0);
}

static int remove_entry(const char *path, const struct stat *st, int flag, struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void bench_free(bench *b)
{
    close_engine(b);
    nftw(b->dir, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    world_free(b->w);
    free(b);
}

/* ---- calls ----------------------------------------------------------------------------------- */

crm_status bench_op(bench *b, engine_op *op)
{
    engine_batch batch = {.ops = op, .count = 1};
    crm_status st = engine_write_now(b->writer, &batch);
    assert_int_equal(st, op->status);
    return st;
}

void bench_begin(bench *b)
{
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_BEGIN}));
}

void bench_commit(bench *b)
{
    assert_ok(bench_op(b, &(engine_op){.kind = ENGINE_COMMIT}));
    engine_turn_end(b->reader);
}

void bench_rest(bench *b)
{
    bool has_more = true;
    while (has_more) {
        has_more = engine_idle(b->writer);
    }
}

int64_t bench_insert(bench *b, const entity *e, const value *row)
{
    engine_op op = {.kind = ENGINE_INSERT, .entity = e, .row = row};
    assert_ok(bench_op(b, &op));
    assert_true(op.id > 0);
    return op.id;
}

int64_t bench_insert_committed(bench *b, const entity *e, const value *row)
{
    bench_begin(b);
    int64_t id = bench_insert(b, e, row);
    bench_commit(b);
    return id;
}

void bench_row(value *row, const entity *e, int64_t created_at)
{
    memset(row, 0, e->field_count * sizeof *row);
    row[COL_REV] = value_int(1);
    row[COL_CREATED_AT] = row[COL_UPDATED_AT] = value_int(created_at);
}

static bool take_id(void *arg, const value *row, uint32_t bits)
{
    ids *out = arg;
    assert_true(out->count < sizeof out->at / sizeof out->at[0]);
    out->branches[out->count] = bits;
    out->at[out->count++] = row[COL_ID].i;
    return true;
}

void bench_list(engine_session *s, const query *q, ids *out)
{
    engine_op op = {
        .kind = ENGINE_LIST, .entity = q->entity, .query = q, .on_row = take_id, .arg = out};
    engine_batch batch = {.ops = &op, .count = 1};
    out->count = 0;
    out->status = engine_read_now(s, &batch);
    assert_int_equal(out->count, op.count);
}

void bench_stop_lists(bench *b, uint32_t rows)
{
    if (strcmp(b->e->ops->name, "sqlite") == 0) {
        engine_sqlite_set_part(b->reader, rows);
        engine_sqlite_set_lookup(b->reader, rows ? 0 : 1000);
    } else {
        engine_memory_set_part(b->e, rows);
    }
}

/* A list whose parts are put one behind the other. */
typedef struct parts {
    bench *b;
    query q;
    ids *out;
    uint32_t stops, limit;
    bool goes_on;
} parts;

static bool take_next(void *arg, const value *row, uint32_t bits)
{
    parts *p = arg;
    p->goes_on = true;
    p->q.gathered = NULL;
    p->q.after = (cursor){.id = row[COL_ID].i, .is_set = true};
    for (uint32_t i = 0; i < p->q.sort_count; i++) {
        arena *a = p->b->w->arena;
        p->q.after.at[i] = value_dup(a, address_value(a, p->q.sorts[i].field, row));
    }
    return take_id(p->out, row, bits);
}

static void take_place(void *arg, const value *row, int percent)
{
    parts *p = arg;
    uint32_t count = p->out->count;
    (void)take_next(p, row, 0);
    p->out->count = count; /* a place is no row of the list */
    p->stops++;
    assert_in_range(percent, 0, 99);
    for (uint32_t i = COL_OWN; i < p->q.entity->field_count; i++) {
        bool is_sort = false;
        for (uint32_t k = 0; k < p->q.sort_count; k++) {
            is_sort = is_sort || p->q.sorts[k].field->index == i;
        }
        assert_true(is_sort || value_is_null(row[i]));
    }
}

static cursor copy_cursor(arena *a, const cursor *from)
{
    cursor to = *from;
    for (uint32_t i = 0; i < SORTS_MAX; i++) {
        to.at[i] = value_dup(a, from->at[i]);
    }
    return to;
}

/* Who is asked next has nothing but this. */
static void take_gathered(void *arg, const list_gathering *g, int percent)
{
    parts *p = arg;
    arena *a = p->b->w->arena;
    list_gathering *at = ARENA_NEW(a, list_gathering);
    int64_t *kept = ARENA_ARRAY(a, int64_t, g->count + 1);
    assert_true(at && kept);
    assert_true(g->count <= p->limit);
    assert_in_range(percent, 0, 99);
    *at = *g;
    at->bound = copy_cursor(a, &g->bound);
    at->ids = kept;
    for (uint32_t i = 0; i < g->count; i++) {
        kept[i] = g->ids[i];
    }
    p->q.gathered = g->is_over ? NULL : at;
    p->q.after = g->is_over ? at->bound : p->q.after;
    p->goes_on = true;
    p->stops++;
}

uint32_t bench_list_in_parts(bench *b, query q, ids *out)
{
    parts p = {.b = b, .q = q, .out = out, .goes_on = true};
    out->count = 0;
    out->status = CRM_OK;
    while (p.goes_on && out->status == CRM_OK) {
        query asked = p.q;
        engine_op op = {.kind = ENGINE_LIST,
                        .entity = q.entity,
                        .query = &asked,
                        .on_row = take_next,
                        .on_place = take_place,
                        .on_gathered = b->is_ungathered ? NULL : take_gathered,
                        .stop_after_us = 60000000,
                        .arg = &p};
        engine_batch batch = {.ops = &op, .count = 1};
        if (asked.gathered && asked.limit > 1) {
            asked.limit -= p.stops % 2;
        }
        p.limit = asked.limit ? asked.limit : LIST_MAX;
        p.goes_on = false;
        out->status = engine_read_now(b->reader, &batch);
        if (b->between) {
            b->between(b);
        }
    }
    return p.stops;
}

int64_t bench_count(engine_session *s, const query *q)
{
    engine_op op = {.kind = ENGINE_COUNT, .entity = q->entity, .query = q};
    engine_batch batch = {.ops = &op, .count = 1};
    assert_ok(engine_read_now(s, &batch));
    return op.count;
}

const cond *world_cond(world *w, cond_op op, const field *f, value v)
{
    return cond_compare(w->arena, op, f, v);
}

const cond *world_not(world *w, const cond *c)
{
    cond *n = ARENA_NEW(w->arena, cond);
    assert_non_null(n);
    n->op = COND_NOT;
    n->first = c;
    return n;
}

/* ---- deals ----------------------------------------------------------------------------------- */

int64_t bench_deal(bench *b, const char *name, int64_t amount)
{
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1000);
    row[DEAL_NAME] = value_text(str_of(name));
    row[DEAL_AMOUNT] = amount ? value_int(amount) : value_null();
    return bench_insert(b, &b->w->deal, row);
}

int64_t bench_deal_with(bench *b, uint32_t f, value v)
{
    value row[DEAL_COLUMNS];
    bench_row(row, &b->w->deal, 1000);
    row[f] = v;
    return bench_insert(b, &b->w->deal, row);
}

crm_status bench_set(bench *b, int64_t id, uint32_t f, value v)
{
    value row[DEAL_COLUMNS] = {{0}};
    engine_op op = {.kind = ENGINE_UPDATE, .entity = &b->w->deal, .id = id, .row = row};
    row[f] = v;
    bits_add(op.set, f);
    return bench_op(b, &op);
}

void bench_terms(bench *b, int64_t id, const char *name, const char *note)
{
    crm_str terms[] = {str_of(name), str_of(note)};
    engine_op op = {.kind = ENGINE_TERMS, .entity = &b->w->deal, .id = id, .terms = terms};
    assert_ok(bench_op(b, &op));
}

uint32_t bench_count_where(bench *b, const cond *c)
{
    query q = {.entity = &b->w->deal, .where = c};
    return (uint32_t)bench_count(b->reader, &q);
}

static bool take_copy(void *arg, const value *row, uint32_t bits)
{
    row_copy *c = arg;
    for (uint32_t i = 0; i < DEAL_COLUMNS; i++) {
        c->row[i] = value_dup(c->arena, row[i]);
    }
    c->bits = bits;
    c->count++;
    return true;
}

crm_status bench_get(bench *b, engine_session *s, int64_t id, const query *q, row_copy *out)
{
    engine_op op = {.kind = ENGINE_GET,
                    .entity = &b->w->deal,
                    .id = id,
                    .query = q,
                    .on_row = take_copy,
                    .arg = out};
    engine_batch batch = {.ops = &op, .count = 1};
    *out = (row_copy){.arena = b->w->arena};
    return engine_read_now(s, &batch);
}

int64_t bench_person(bench *b, const char *name, const char *region)
{
    value row[PERSON_COLUMNS];
    bench_row(row, &b->w->person, 1);
    row[PERSON_NAME] = value_text(str_of(name));
    row[PERSON_REGION] = value_text(str_of(region));
    return bench_insert(b, &b->w->person, row);
}

uint32_t bench_search(bench *b, const char *terms)
{
    query q = {.entity = &b->w->deal, .terms = str_of(terms)};
    return (uint32_t)bench_count(b->reader, &q);
}

/* ---- every engine ---------------------------------------------------------------------------- */

static engine_choice chosen;
static uint64_t chosen_seed;

void bench_choose(engine_choice which, uint64_t seed)
{
    chosen = which;
    chosen_seed = seed;
}

int bench_run_all(const struct CMUnitTest *tests, size_t count)
{
    static const struct {
        const char *title;
        engine_choice which;
        uint64_t seed;
    } all[] = {
        {"sqlite", ON_SQLITE, 0},
        {"memory", ON_MEMORY, 0},
        {"memory, delayed by seed 1", ON_DELAYED, 1},
        {"memory, delayed by seed 20", ON_DELAYED, 20},
    };
    int failed = 0;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        bench_choose(all[i].which, all[i].seed);
        failed += _cmocka_run_group_tests(all[i].title, tests, count, NULL, NULL);
    }
    return failed;
}

bench *bench_new_chosen(world *w)
{
    return bench_new_in(chosen, chosen_seed, w);
}

int bench_set_up(void **state)
{
    *state = bench_new(chosen, chosen_seed);
    return 0;
}

int bench_tear_down(void **state)
{
    bench_free(*state);
    return 0;
}
