/*
 * fuzz_grouping.c - any JSON as the question of an aggregate over an entity of every type: refused
 * with named faults, or a grouping within its bounds that a few rows answer, or are told why not.
 */
#include "base/json.h"
#include "data/aggregate.h"
#include "data/people.h"
#include "fuzz_schema.h"

#define ITEMS 4

/* Lives as long as the process: the server's state with four items of two makers. */
typedef struct place {
    engine *engine;
    engine_session *writer, *reader;
} place;

static void write_op(place *p, engine_op *op)
{
    engine_batch batch = {.ops = op, .count = 1};
    MUST(engine_write_now(p->writer, &batch) == CRM_OK);
}

/* Numbers of the last item are so large that two of them have no sum. */
static value some_value(const field *f, int64_t n)
{
    bool is_empty = n == 1 && f->index % 2;
    int64_t number = n == ITEMS && group_takes_sum(f) ? INT64_MAX - 1 : n;
    return is_empty ? value_null() : field_is_text(f) ? value_text(CRM_S("a")) : value_int(number);
}

static void add_row(place *p, const entity *e, int64_t n)
{
    value row[FIELDS_MAX] = {{0}};
    for (uint32_t i = 0; i < e->field_count; i++) {
        row[i] = some_value(&e->fields[i], n);
    }
    row[COL_ID] = row[COL_DELETED_AT] = row[COL_MARKS] = value_null();
    engine_op op = {.kind = ENGINE_INSERT, .entity = e, .row = row};
    write_op(p, &op);
}

static void fill(place *p)
{
    const registry *r = schema_registry();
    engine_op begin = {.kind = ENGINE_BEGIN}, commit = {.kind = ENGINE_COMMIT};
    write_op(p, &begin);
    for (int64_t n = 1; n <= 2; n++) {
        add_row(p, registry_entity(r, CRM_S("own.maker")), n);
    }
    for (int64_t n = 1; n <= ITEMS; n++) {
        add_row(p, schema_item(), n);
    }
    write_op(p, &commit);
}

static place *settle(void)
{
    static place *volatile kept; /* volatile, so that it is seen as held */
    people *everybody;
    registry_fault *faults = NULL;
    if (kept) {
        return kept;
    }
    arena *a = arena_new(0);
    place *p = kept = calloc(1, sizeof *p);
    MUST(a && p && engine_open_memory(0, &p->engine) == CRM_OK);
    MUST(engine_schema(p->engine, schema_registry(), a, &faults) == CRM_OK);
    MUST(engine_session_open(p->engine, ENGINE_WRITER, (engine_deliver){0}, &p->writer) == CRM_OK);
    MUST(engine_session_open(p->engine, ENGINE_READER, (engine_deliver){0}, &p->reader) == CRM_OK);
    registry_publish(schema_registry(), NULL, NULL);
    MUST(people_build(p->writer, schema_registry(), &everybody) == CRM_OK);
    people_publish(everybody);
    fill(p);
    arena_free(a);
    return p;
}

/* ---- the question ---------------------------------------------------------------------------- */

static void check_path(const field_path *p)
{
    MUST(p->length >= 1 && p->length <= COND_PATH_MAX);
    for (uint8_t i = 0; i < p->length; i++) {
        MUST(p->at[i]);
    }
}

static void check_names(const grouping *g)
{
    crm_str names[GROUP_KEYS_MAX + MEASURES_MAX];
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->key_count; i++) {
        names[n++] = g->keys[i].name;
    }
    for (uint32_t i = 0; i < g->measure_count; i++) {
        names[n++] = g->measures[i].name;
    }
    for (uint32_t i = 0; i < n; i++) {
        MUST(names[i].n && names[i].p[0] != '-' && text_is_utf8(names[i]));
        for (uint32_t k = 0; k < i; k++) {
            MUST(!str_eq(names[i], names[k]));
        }
    }
}

static void check_measure(const grouping *g, const measure *m)
{
    bool has_path = m->kind != MEASURE_COUNT && m->kind != MEASURE_SHARE;
    MUST(m->kind < MEASURE_KIND_COUNT);
    if (has_path) {
        check_path(&m->path);
    }
    for (int i = 0; m->kind == MEASURE_SHARE && i < 2; i++) {
        MUST(m->of[i] < g->measure_count && g->measures[m->of[i]].kind != MEASURE_SHARE);
    }
}

static void check_grouping(const grouping *g)
{
    MUST(g->key_count <= GROUP_KEYS_MAX && g->sort_count <= SORTS_MAX);
    MUST(g->measure_count >= 1 && g->measure_count <= MEASURES_MAX);
    MUST(g->having_count <= HAVING_MAX && g->limit <= GROUPS_MAX);
    for (uint32_t i = 0; i < g->key_count; i++) {
        check_path(&g->keys[i].path);
        MUST(group_takes_key(field_path_end(&g->keys[i].path)));
        MUST(g->keys[i].bucket < BUCKET_COUNT);
    }
    for (uint32_t i = 0; i < g->measure_count; i++) {
        check_measure(g, &g->measures[i]);
    }
    for (uint32_t i = 0; i < g->having_count; i++) {
        MUST(g->having[i].measure < g->measure_count && g->having[i].value.kind == VALUE_INT);
    }
    for (uint32_t i = 0; i < g->sort_count; i++) {
        uint8_t at = g->sorts[i].at;
        MUST(at < g->key_count ||
             (at >= GROUP_KEYS_MAX && at - GROUP_KEYS_MAX < (int)g->measure_count));
    }
    check_names(g);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static bool take_group(void *arg, const group_view *v)
{
    uint32_t *count = arg;
    for (uint32_t i = 0; i < v->g->measure_count; i++) {
        MUST(v->measures[i].kind == VALUE_INT || value_is_null(v->measures[i]));
    }
    return ++*count > 0;
}

static void check_faults(const crm_ctx *c)
{
    MUST(c->error.fields);
    for (const field_error *f = c->error.fields; f; f = f->next) {
        MUST(f->code.n && text_is_utf8(f->field) && text_is_utf8(f->params_json));
    }
}

static void answer(crm_ctx *c, const grouping *g)
{
    uint32_t count = 0;
    aggregate_told told;
    crm_status s = aggregate_run(c, g, take_group, &count, &told);
    MUST(s == CRM_OK || s == CRM_INVALID);
    if (s == CRM_INVALID) {
        check_faults(c);
    }
    MUST(count <= ITEMS);
    MUST(s != CRM_OK || g->key_count || g->having_count || count == 1);
}

static void ask(const json_t *json)
{
    crm_ctx c;
    grouping *g;
    place *p = settle();
    MUST(call_begin(&c, &principal_system, CRM_S("api")) == CRM_OK);
    c.session = p->reader;
    crm_status s = grouping_read(&c, schema_item(), json, &g);
    MUST(s == CRM_OK || s == CRM_INVALID);
    if (s == CRM_OK) {
        check_grouping(g);
        answer(&c, g);
    } else {
        check_faults(&c);
    }
    engine_turn_end(p->reader);
    call_end(&c);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    crm_str text = {(const char *)data, size};
    json_t *json;
    if (json_read(text, 0, &json, NULL) == CRM_OK) {
        if (json_is_object(json)) { /* as the API takes no other body */
            ask(json);
        }
        json_decref(json);
    }
    return 0;
}
