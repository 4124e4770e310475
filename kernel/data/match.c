/*
 * match.c - looking for duplicates. One batch of queries, a query per rule and, when foreign
 * records may be shown, one more per rule SAME; then those that were called different are left out.
 *
 * Names with a key in common are looked at from the newest back, a few first: where many are quite
 * the same, as «Иванов Сергей» is in a big base, those few fill the answer and the rest is left
 * unread.
 */
#include "data/match.h"

#include "base/text_likeness.h"
#include "data/field.h"
#include "data/records_private.h"
#include "data/stores.h"

#define CANDIDATES 1000 /* the newest names with a key in common, to be compared */
/* Of names that are the same twice as many as asked for: some are not for him, or called different.
 */
#define SPARE    2
#define FARTHER  4   /* times as many names in the next look */
#define NEAR_MAX 100 /* the most alike of them, to be read under rights */

typedef struct near_name {
    int64_t id;
    int likeness;
} near_name;

/* One query: its rows become hits. */
typedef struct probe {
    match_ask *ask;
    uint32_t rule;
    const branches *rights; /* NULL: whoever it is, for foreign ones */
    const cond *what;       /* the rule's; `query` looks at a part of it */
    name_form name;
    near_name *near;
    uint32_t near_count;
    uint32_t rows; /* that the query gave */
    int64_t last;  /* the least id of them */
    query query;
} probe;

/* ---- hits ------------------------------------------------------------------------------------ */

/* A bad hit gives way when there is no room. */
static int weight(const match_hit *h)
{
    int best = 0, same = 0;
    for (uint32_t i = 0; i < MATCH_RULES_MAX; i++) {
        same += (h->same | h->unseen) >> i & 1;
        best = h->likeness[i] > best ? h->likeness[i] : best;
    }
    return same * 1000 + best;
}

static match_hit *hit_of(match_ask *m, int64_t id)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->hits[i].id == id) {
            return &m->hits[i];
        }
    }
    uint32_t at = m->count;
    if (at == MATCH_HITS_MAX) {
        at = 0;
        for (uint32_t i = 1; i < m->count; i++) {
            at = weight(&m->hits[i]) < weight(&m->hits[at]) ? i : at;
        }
    } else {
        m->count++;
    }
    m->hits[at] = (match_hit){.id = id};
    return &m->hits[at];
}

static bool is_full_of_better(const match_ask *m, int likeness)
{
    for (uint32_t i = 0; i < m->count; i++) {
        if (weight(&m->hits[i]) < likeness) {
            return false;
        }
    }
    return m->count == MATCH_HITS_MAX;
}

/* The most alike are kept. */
static void keep_near(probe *p, near_name n)
{
    uint32_t at = p->near_count;
    if (at < NEAR_MAX) {
        p->near_count++;
    } else {
        at = 0;
        for (uint32_t i = 1; i < NEAR_MAX; i++) {
            at = p->near[i].likeness < p->near[at].likeness ? i : at;
        }
        if (p->near[at].likeness >= n.likeness) {
            return;
        }
    }
    p->near[at] = n;
}

static bool on_name(void *arg, const value *row, uint32_t matched)
{
    probe *p = arg;
    match_ask *m = p->ask;
    const match_rule *by = &m->entity->matches[p->rule];
    value name = row[by->field[0]];
    name_form form;
    arena_mark mark = arena_mark_get(m->call->arena);
    (void)matched;
    p->rows++;
    p->last = row[COL_ID].i;
    if (row[COL_ID].i == m->id || name.kind != VALUE_TEXT) {
        return true;
    }
    bool is_same = value_equal(name, m->row[by->field[0]]);
    bool is_read = is_same || name_form_read(m->call->arena, name.s, &form) == CRM_OK;
    int likeness = is_same ? 100 : is_read ? name_likeness(&p->name, &form) : 0;
    arena_rewind(m->call->arena, mark); /* there may be many */
    if (likeness >= by->from) {
        keep_near(p, (near_name){row[COL_ID].i, likeness});
    }
    return is_read;
}

/* One of the names, which he may read. */
static bool on_near(void *arg, const value *row, uint32_t matched)
{
    probe *p = arg;
    match_ask *m = p->ask;
    uint32_t actions = p->rights ? rights_actions(p->rights, matched) : ~0u;
    uint32_t i = 0;
    while (i < p->near_count && p->near[i].id != row[COL_ID].i) {
        i++;
    }
    bool is_wanted = i < p->near_count && (actions >> m->need & 1);
    if (is_wanted && !is_full_of_better(m, p->near[i].likeness)) {
        match_hit *h = hit_of(m, p->near[i].id);
        h->likeness[p->rule] = (uint8_t)p->near[i].likeness;
        h->actions |= actions;
    }
    return true;
}

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    probe *p = arg;
    match_ask *m = p->ask;
    uint32_t actions = p->rights ? rights_actions(p->rights, matched) : ~0u;
    if (row[COL_ID].i == m->id || !(actions >> m->need & 1)) {
        return true;
    }
    match_hit *h = hit_of(m, row[COL_ID].i);
    h->same |= 1u << p->rule;
    h->actions |= actions;
    return true;
}

static bool on_foreign(void *arg, const value *row, uint32_t matched)
{
    probe *p = arg;
    (void)matched;
    if (row[COL_ID].i == p->ask->id) {
        return true;
    }
    hit_of(p->ask, row[COL_ID].i)->unseen |= 1u << p->rule;
    return true;
}

/* ---- what is looked for ---------------------------------------------------------------------- */

static bool is_telling(const field *f, crm_str element)
{
    /* What a person wrote and was kept says nothing of another record. */
    return f->type == FIELD_PHONE ? element.p[0] == '+'
                                  : f->type != FIELD_EMAIL || field_is_email(element);
}

static const cond *equals(match_ask *m, const field *f, value v)
{
    arena *a = m->call->arena;
    value list[LIST_MAX];
    uint32_t count = 0;
    crm_str rest = v.s, element;
    if (v.kind != VALUE_TEXT) {
        return cond_compare(a, COND_EQ, f, v);
    }
    while (count < LIST_MAX && str_split(&rest, f->flags & FIELD_MANY ? '\n' : '\0', &element)) {
        if (element.n && is_telling(f, element)) {
            list[count++] = value_text(element);
        }
    }
    return count ? cond_in(a, f, list, count) : NULL;
}

/* NULL: the row holds nothing to be found by. */
static const cond *same_cond(match_ask *m, const match_rule *by)
{
    arena *a = m->call->arena;
    const entity *e = m->entity;
    value first = m->row[by->field[0]];
    const cond *c = value_is_null(first) ? NULL : equals(m, &e->fields[by->field[0]], first);
    for (uint32_t i = 1; c && i < by->count; i++) {
        const field *f = &e->fields[by->field[i]];
        value v = m->row[by->field[i]];
        if (!value_is_null(v)) {
            c = cond_and(
                a, c,
                cond_or(a, cond_compare(a, COND_EQ, f, v), cond_make(a, COND_NONE, f, NULL, 0)));
        }
    }
    return c;
}

static const cond *similar_cond(probe *p, const match_rule *by)
{
    match_ask *m = p->ask;
    crm_str keys[NAME_ASKED_MAX];
    value values[NAME_ASKED_MAX], name = m->row[by->field[0]];
    if (name.kind != VALUE_TEXT || name_form_read(m->call->arena, name.s, &p->name) != CRM_OK) {
        return NULL;
    }
    uint32_t count = name_asked_keys(m->call->arena, &p->name, keys);
    for (uint32_t i = 0; i < count; i++) {
        values[i] = value_text(keys[i]);
    }
    const field *f = &m->entity->fields[m->entity->match_field];
    return count ? cond_in(m->call->arena, f, values, count) : NULL;
}

/* The rule's fields, if he may see them all in some record and in this row. */
static bool sees_rule(match_ask *m, const match_rule *by, uint64_t used[4])
{
    uint64_t shown[4];
    rights_fields(m->call, m->entity, shown);
    for (uint32_t i = 0; i < by->count; i++) {
        if (!bits_has(shown, by->field[i]) || !bits_has(m->fields, by->field[i])) {
            return false;
        }
        bits_add(used, by->field[i]);
    }
    return true;
}

/* So many names that are quite the same leave no room for any other. */
static uint32_t enough(const match_ask *m)
{
    uint32_t wanted = m->limit ? m->limit * SPARE : MATCH_HITS_MAX;
    return wanted < MATCH_HITS_MAX ? wanted : MATCH_HITS_MAX;
}

static const cond *below(const probe *p, int64_t id)
{
    arena *a = p->ask->call->arena;
    const field *f = &p->ask->entity->fields[COL_ID];
    return cond_and(a, p->what, id ? cond_compare(a, COND_LT, f, value_int(id)) : NULL);
}

static void aim(probe *p, const cond *what)
{
    match_ask *m = p->ask;
    const match_rule *by = &m->entity->matches[p->rule];
    const field *id = &m->entity->fields[COL_ID];
    p->what = what;
    p->query.where = below(p, m->below);
    p->query.limit = by->from ? 2 * enough(m) : MATCH_HITS_MAX;
    p->query.sorts[0] = (sort){id, true};
    p->query.sort_count = 1;
    bits_add(p->query.select, COL_ID);
    if (by->from) {
        bits_add(p->query.select, by->field[0]);
    }
}

static engine_op op_of(probe *p, engine_row_fn fn)
{
    return (engine_op){
        .kind = ENGINE_LIST, .entity = p->ask->entity, .query = &p->query, .on_row = fn, .arg = p};
}

/* Keys are nobody's secret: they say which names to compare, and nothing is shown of those. */
static crm_status add_names(probe *p, const cond *what, engine_batch *b)
{
    p->near = ARENA_ARRAY(p->ask->call->arena, near_name, NEAR_MAX);
    p->query.rights = NULL;
    p->query.need = 0;
    aim(p, what);
    b->ops[b->count++] = op_of(p, on_name);
    return p->near ? CRM_OK : CRM_NOMEM;
}

static crm_status read_near(probe *found, probe *p)
{
    match_ask *m = p->ask;
    value ids[NEAR_MAX];
    for (uint32_t i = 0; i < found->near_count; i++) {
        ids[i] = value_int(found->near[i].id);
    }
    if (!found->near_count) {
        return CRM_OK;
    }
    p->near = found->near;
    p->near_count = found->near_count;
    p->query.where = cond_in(m->call->arena, &m->entity->fields[COL_ID], ids, found->near_count);
    p->query.limit = NEAR_MAX;
    bits_add(p->query.select, COL_ID);
    engine_op op = op_of(p, on_near);
    engine_batch b = {.ops = &op, .count = 1};
    return records_run(m->call, &b);
}

static bool is_settled(const match_ask *m, const probe *found)
{
    uint32_t same = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        same += m->hits[i].likeness[found->rule] == 100;
    }
    return same >= enough(m) || found->rows < found->query.limit;
}

/* The names of the first look, and older ones as long as those do not settle it. */
static crm_status read_names(probe *found, probe *p)
{
    uint32_t looked = found->query.limit;
    crm_status st = found->what ? read_near(found, p) : CRM_OK;
    while (!st && found->what && !is_settled(p->ask, found) && looked < CANDIDATES) {
        uint32_t more = found->query.limit * FARTHER;
        engine_op op = op_of(found, on_name);
        engine_batch b = {.ops = &op, .count = 1};
        found->near_count = found->rows = 0;
        found->query.where = below(found, found->last);
        found->query.limit = more < CANDIDATES - looked ? more : CANDIDATES - looked;
        looked += found->query.limit;
        st = records_run(p->ask->call, &b);
        st = st ? st : read_near(found, p);
    }
    return st;
}

/* The rule's queries behind those in `b`; of a rule SIMILAR the second waits for what is near. */
static crm_status add_probes(match_ask *m, uint32_t which, probe *at, engine_batch *b)
{
    const match_rule *by = &m->entity->matches[which];
    uint64_t used[4] = {0};
    at[0] = at[1] = (probe){.ask = m, .rule = which};
    at[0].query = at[1].query = (query){.entity = m->entity, .env = m->call->env};
    if ((m->is_sure && by->from) || !sees_rule(m, by, used)) {
        return CRM_OK;
    }
    const cond *what = by->from ? similar_cond(&at[0], by) : same_cond(m, by);
    crm_status st = what ? records_narrow(m->call, &at[0].query, used) : CRM_OK;
    at[0].rights = at[0].query.rights;
    bool may_read = !at[0].rights || at[0].query.need;
    if (!st && what && may_read && by->from) {
        at[1].query = at[0].query;
        at[1].rights = at[0].rights;
        return add_names(&at[0], what, b);
    }
    if (!st && what && may_read) {
        aim(&at[0], what);
        b->ops[b->count++] = op_of(&at[0], on_row);
    }
    if (!st && what && !by->from && m->with_foreign && rights_foreign(m->call, m->entity)) {
        aim(&at[1], what);
        b->ops[b->count++] = op_of(&at[1], on_foreign);
    }
    return arena_failed(m->call->arena) ? CRM_NOMEM : st;
}

/* ---- foreign and different ones -------------------------------------------------------------- */

static bool note_readable(void *arg, const value *row, uint32_t matched)
{
    match_ask *m = arg;
    (void)matched;
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->hits[i].id == row[COL_ID].i) {
            m->hits[i].id = 0; /* he may read it, and the rule's fields are not for him there */
        }
    }
    return true;
}

static void drop_gone(match_ask *m)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->count; i++) {
        if (m->hits[i].id) {
            m->hits[kept++] = m->hits[i];
        }
    }
    m->count = kept;
}

/* Foreign is what he may not read at all. */
static crm_status check_foreign(match_ask *m)
{
    crm_ctx *c = m->call;
    value ids[MATCH_HITS_MAX];
    uint32_t count = 0;
    uint64_t used[4] = {0};
    query q = {.entity = m->entity, .limit = MATCH_HITS_MAX};
    for (uint32_t i = 0; i < m->count; i++) {
        match_hit *h = &m->hits[i];
        h->is_foreign = !h->actions;
        h->same |= h->is_foreign ? h->unseen : 0;
        if (h->is_foreign) {
            ids[count++] = value_int(h->id);
        }
    }
    crm_status st = count ? records_narrow(c, &q, used) : CRM_OK;
    if (st || !count) {
        return st == CRM_NOT_FOUND ? CRM_OK : st;
    }
    q.where = cond_in(c->arena, &m->entity->fields[COL_ID], ids, count);
    bits_add(q.select, COL_ID);
    engine_op op = {
        .kind = ENGINE_LIST, .entity = m->entity, .query = &q, .on_row = note_readable, .arg = m};
    engine_batch b = {.ops = &op, .count = 1};
    st = records_run(c, &b);
    drop_gone(m);
    return st;
}

/* "12:4:9": the entity's durable id and both records, the smaller first. */
static value pair_key(arena *a, const entity *e, int64_t x, int64_t y)
{
    return value_text(arena_fmt(a, "%u:%lld:%lld", e->id, (long long)(x < y ? x : y),
                                (long long)(x < y ? y : x)));
}

static bool note_different(void *arg, const value *row, uint32_t matched)
{
    match_ask *m = arg;
    (void)matched;
    for (uint32_t i = 0; i < m->count; i++) {
        value key = pair_key(m->call->arena, m->entity, m->id, m->hits[i].id);
        if (value_equal(key, row[DIFFERENT_PAIR])) {
            m->hits[i].id = 0;
        }
    }
    return true;
}

static crm_status drop_different(match_ask *m)
{
    arena *a = m->call->arena;
    const entity *e = registry_store(m->call->reg, STORE_DIFFERENT);
    value keys[MATCH_HITS_MAX];
    for (uint32_t i = 0; i < m->count; i++) {
        keys[i] = pair_key(a, m->entity, m->id, m->hits[i].id);
    }
    if (!m->id || !m->count) {
        return CRM_OK;
    }
    query q = {.entity = e, .limit = MATCH_HITS_MAX};
    q.where = cond_in(a, &e->fields[DIFFERENT_PAIR], keys, m->count);
    engine_op op = {
        .kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = note_different, .arg = m};
    engine_batch b = {.ops = &op, .count = 1};
    crm_status st = records_run(m->call, &b);
    drop_gone(m);
    return st;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void sort_hits(match_ask *m)
{
    for (uint32_t i = 1; i < m->count; i++) {
        match_hit held = m->hits[i];
        uint32_t k = i;
        for (; k > 0 && weight(&m->hits[k - 1]) < weight(&held); k--) {
            m->hits[k] = m->hits[k - 1];
        }
        m->hits[k] = held;
    }
}

crm_status match_find(match_ask *m)
{
    crm_ctx *c = m->call;
    engine_op ops[2 * MATCH_RULES_MAX];
    engine_batch b = {.ops = ops};
    probe *probes = ARENA_ARRAY(c->arena, probe, (size_t)2 * MATCH_RULES_MAX);
    crm_status st = probes ? CRM_OK : CRM_NOMEM;
    m->count = 0;
    for (uint32_t i = 0; !st && i < m->entity->match_count; i++) {
        st = add_probes(m, i, &probes[2 * i], &b);
    }
    if (!st && b.count) {
        st = records_run(c, &b);
    }
    for (uint32_t i = 0; !st && i < m->entity->match_count; i++) {
        st = read_names(&probes[2 * i], &probes[2 * i + 1]);
    }
    st = st ? st : check_foreign(m);
    st = st ? st : drop_different(m);
    if (st || arena_failed(c->arena)) {
        return st ? st : CRM_NOMEM;
    }
    sort_hits(m);
    m->count = m->count < m->limit || !m->limit ? m->count : m->limit;
    return CRM_OK;
}

/* ---- called different ------------------------------------------------------------------------ */

static crm_status may_merge(crm_ctx *c, const entity *e, int64_t id)
{
    record *r;
    crm_status st = records_get(c, e, id, &r);
    return st || r->actions >> ACTION_MERGE & 1 ? st : call_fail(c, CRM_DENIED, "denied");
}

crm_status match_set_different(crm_ctx *c, const entity *e, const int64_t ids[2], bool is_different)
{
    value *row;
    int64_t id;
    const entity *kept = registry_store(c->reg, STORE_DIFFERENT);
    value key = pair_key(c->arena, e, ids[0], ids[1]);
    assert(c->tx);
    crm_status st = may_merge(c, e, ids[0]);
    st = st ? st : may_merge(c, e, ids[1]);
    if (st) {
        return st;
    }
    st = tx_find_row(c->session, kept, DIFFERENT_PAIR, key, c->arena, &row);
    if (st != CRM_NOT_FOUND) {
        return st || is_different ? st : tx_delete(c->tx, kept, row[COL_ID].i);
    }
    value fresh[DIFFERENT_COLUMNS] = {0};
    fresh[DIFFERENT_PAIR] = key;
    fresh[DIFFERENT_BY] = value_int(c->who->user);
    fresh[DIFFERENT_AT] = value_int(clock_now());
    return is_different ? tx_insert(c->tx, kept, fresh, &id) : CRM_OK;
}
