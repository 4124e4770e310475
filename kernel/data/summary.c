/* summary.c - a question narrowed to what the right to figures allows. Pool or writer. */
#include "data/summary.h"

#include "data/records_private.h"

typedef struct asking {
    crm_ctx *call;
    const entity *entity;
    /* A part's rights stand in the order of those to the record it belongs to, `whole`, which `via`
     * leads to; of any other entity the two are the same. */
    const branches *rights, *whole;
    field_path via; /* empty: it is no part */
    uint32_t left;  /* a bit for each right that allows all so far */
} asking;

static crm_status refuse(asking *x, crm_str name)
{
    return call_fail_field(x->call, name, "not_granted", (crm_str){0});
}

/* What leads to other records is never a part of a summary. */
static crm_status unknown_path(asking *x, const field_path *p)
{
    crm_str name = p->at[0]->name;
    for (int i = 1; i < p->length; i++) {
        name = arena_fmt(x->call->arena, "%.*s.%.*s", STR_FMT(name), STR_FMT(p->at[i]->name));
    }
    return call_fail_field(x->call, name, "unknown_field", (crm_str){0});
}

/* A key of the record that it is a part of, one reference behind `via`. */
static bool is_of_whole(const asking *x, const field_path *p)
{
    return x->via.length && p->length == x->via.length + 1 &&
           memcmp(p->at, x->via.at, x->via.length * sizeof p->at[0]) == 0;
}

/* A field that none of the rights names does not exist for him. */
static crm_status allow(asking *x, const field_path *p, bool is_key)
{
    uint32_t left = 0;
    bool is_path = p->length > 1;
    if (is_path && !(is_key && is_of_whole(x, p))) {
        return unknown_path(x, p);
    }
    const branches *by = is_path ? x->whole : x->rights;
    for (uint32_t i = 0; i < by->sum_count; i++) {
        const summary_right *s = &by->sums[i];
        left |= (uint32_t)bits_has(is_key ? s->keys : s->sums, field_path_end(p)->index) << i;
    }
    x->left &= left;
    if (left) {
        return CRM_OK;
    }
    return is_path ? unknown_path(x, p) : records_unknown_field(x->call, x->entity, p->at[0]->name);
}

/* ---- parts of the question ------------------------------------------------------------------- */

/* A part's own record is where its keys may be looked for. */
static bool shows(void *arg, const entity *e, const field *f)
{
    const branches *b = rights_of(arg, e);
    bool is_shown = b->sum_count && (!f || (entity_is_part(e) && f->index == e->parent_field));
    for (uint32_t i = 0; f && i < b->sum_count; i++) {
        is_shown |= bits_has(b->sums[i].sums, f->index) || bits_has(b->sums[i].keys, f->index);
    }
    return is_shown;
}

cond_scope summary_scope(crm_ctx *c, const entity *e)
{
    return (cond_scope){.reg = c->reg, .entity = e, .shows = shows, .arg = c};
}

static crm_status check_key(asking *x, const group_key *k)
{
    crm_status st = allow(x, &k->path, true);
    bool is_long =
        k->bucket == BUCKET_MONTH || k->bucket == BUCKET_QUARTER || k->bucket == BUCKET_YEAR;
    return st || is_long || !group_takes_bucket(field_path_end(&k->path), BUCKET_MONTH)
               ? st
               : refuse(x, k->name);
}

static void allow_count(asking *x)
{
    for (uint32_t i = 0; i < x->rights->sum_count; i++) {
        x->left &= ~((uint32_t)!x->rights->sums[i].is_counted << i);
    }
}

static crm_status check_measure(asking *x, const measure *m)
{
    if (m->where) {
        return refuse(x, m->name);
    }
    switch (m->kind) {
    case MEASURE_COUNT:
        allow_count(x);
        return CRM_OK;
    case MEASURE_SHARE:
        return CRM_OK;
    case MEASURE_SUM:
    case MEASURE_AVG:
    case MEASURE_FILLED:
        return allow(x, &m->path, false);
    default:
        return refuse(x, m->name);
    }
}

static crm_status check(asking *x, const grouping *asked)
{
    crm_status st = CRM_OK;
    if (asked->rows.where || asked->rows.terms.n || asked->rows.only_deleted) {
        return refuse(x, asked->rows.terms.n ? CRM_S("q") : CRM_S("where"));
    }
    for (uint32_t i = 0; !st && i < asked->key_count; i++) {
        st = check_key(x, &asked->keys[i]);
    }
    for (uint32_t i = 0; !st && i < asked->measure_count; i++) {
        st = check_measure(x, &asked->measures[i]);
    }
    return st || x->left ? st : refuse(x, CRM_S("measures"));
}

/* ---- the narrowed question ------------------------------------------------------------------- */

/* The rows of every right that allows the question. */
static crm_status limit_rows(asking *x, grouping *g, uint32_t *at_least)
{
    branches *rows = ARENA_NEW(x->call->arena, branches);
    if (!rows) {
        return CRM_NOMEM;
    }
    *at_least = 0;
    for (uint32_t i = 0; i < x->rights->sum_count; i++) {
        const summary_right *s = &x->rights->sums[i];
        if (x->left >> i & 1u) {
            branch *b = &rows->at[rows->count++];
            *b = (branch){.where = s->where,
                          .source = s->source,
                          .via_count = (uint8_t)x->via.length,
                          .is_via_kept = true};
            memcpy(b->via, x->via.at, x->via.length * sizeof b->via[0]);
            memset(b->fields, 0xff, sizeof b->fields);
            b->actions = 1u << ACTION_READ | 1u << ACTION_AGGREGATE;
            *at_least = s->at_least > *at_least ? s->at_least : *at_least;
        }
    }
    g->rows.env = x->call->env;
    g->rows.rights = rows;
    g->rows.need = (1u << rows->count) - 1;
    return CRM_OK;
}

/* Of parts the records are counted that they belong to; with a field: those where it has a value.
 */
static crm_status add_count(asking *x, grouping *g, const field_path *filled)
{
    if (g->measure_count == MEASURES_MAX) {
        return refuse(x, g->measures[MEASURES_MAX - 1].name);
    }
    measure m = {.kind = x->via.length ? MEASURE_DISTINCT : MEASURE_COUNT, .path = x->via};
    if (filled) {
        cond *has = ARENA_NEW(x->call->arena, cond);
        if (!has) {
            return CRM_NOMEM;
        }
        has->op = COND_NOT;
        has->first = cond_make(x->call->arena, COND_NONE, filled->at[0], NULL, 0);
        m.where = has;
    }
    g->measures[g->measure_count++] = m;
    return CRM_OK;
}

/* Counts that folding needs, behind what was asked. */
static crm_status add_counts(asking *x, grouping *g, summary_groups *s)
{
    s->figure_count = g->measure_count;
    s->is_shared = x->via.length > 0;
    crm_status st = add_count(x, g, NULL);
    for (uint32_t i = 0; !st && i < s->figure_count; i++) {
        measure *m = &g->measures[i];
        m->kind = m->kind == MEASURE_SUM || m->kind == MEASURE_FILLED ? MEASURE_AVG : m->kind;
        if (m->kind == MEASURE_AVG && s->is_shared) {
            st = add_count(x, g, &m->path);
        }
    }
    return st;
}

/* From a part to the record whose rights it has. */
static const entity *find_whole(const entity *e, field_path *via)
{
    while (entity_is_part(e) && via->length < COND_PATH_MAX - 1) {
        via->at[via->length++] = &e->fields[e->parent_field];
        e = e->fields[e->parent_field].ref;
    }
    return e;
}

crm_status summary_narrow(crm_ctx *c, const grouping *asked, grouping *g, summary_groups *s,
                          uint32_t *at_least)
{
    asking x = {
        .call = c, .entity = asked->rows.entity, .rights = rights_of(c, asked->rows.entity)};
    x.whole = rights_of(c, find_whole(x.entity, &x.via));
    x.left = x.rights->sum_count ? (1u << x.rights->sum_count) - 1 : 0;
    if (!x.left) {
        return call_fail(c, CRM_DENIED, "denied");
    }
    crm_status st = check(&x, asked);
    st = st ? st : add_counts(&x, g, s);
    return st ? st : limit_rows(&x, g, at_least);
}
