/* rights_stage.c - who may move a record between stages, what is locked in one, and why he may not.
 */
#include "data/rights_private.h"

#define NAMED_MAX 12 /* a sentence with more of them would not be read */

static const pipeline *pipeline_of(const entity *e)
{
    return e->stage_field ? e->fields[e->stage_field].pipeline : NULL;
}

static uint64_t stage_bit(const pipeline *p, const stage *s)
{
    return 1ull << (uint32_t)(s - p->stages);
}

static bool is_way(const pipeline *p, const stage_move *m, const stage *from, const stage *to)
{
    return m->from & stage_bit(p, from) && m->to & stage_bit(p, to);
}

static bool has_any_role(const crm_ctx *c, const crm_str *roles, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (call_has_role(c, roles[i])) {
            return true;
        }
    }
    return false;
}

crm_status rights_move(crm_ctx *c, const entity *e, const value *row, const stage *from,
                       const stage *to)
{
    const pipeline *p = pipeline_of(e);
    (void)row;
    if (!p || !to || !from || from == to || !p->move_count || c->who->kind == PRINCIPAL_SYSTEM) {
        return CRM_OK;
    }
    for (uint32_t i = 0; i < p->move_count; i++) {
        const stage_move *m = &p->moves[i];
        if (is_way(p, m, from, to) && (!m->who_count || has_any_role(c, m->who, m->who_count))) {
            return CRM_OK;
        }
    }
    return CRM_CONFLICT;
}

void rights_locked(crm_ctx *c, const entity *e, const stage *at, uint64_t out[4])
{
    const pipeline *p = pipeline_of(e);
    memset(out, 0, 4 * sizeof *out);
    if (!p || !at || c->who->kind == PRINCIPAL_SYSTEM) {
        return;
    }
    for (uint32_t i = 0; i < p->lock_count; i++) {
        const stage_lock *l = &p->locks[i];
        if (!(l->stages & stage_bit(p, at)) || has_any_role(c, l->except, l->except_count)) {
            continue;
        }
        for (uint32_t f = 0; f < l->field_count; f++) {
            bits_add(out, l->fields[f]);
        }
    }
}

/* ---- why not ----------------------------------------------------------------------------------
 */

typedef struct names {
    crm_str at[NAMED_MAX];
    uint32_t count;
} names;

static void name_once(names *n, crm_str one)
{
    for (uint32_t i = 0; i < n->count; i++) {
        if (str_eq(n->at[i], one)) {
            return;
        }
    }
    if (n->count < NAMED_MAX) {
        n->at[n->count++] = one;
    }
}

static crm_str joined(crm_ctx *c, const names *n)
{
    buf b;
    buf_init(&b, 8192);
    for (uint32_t i = 0; i < n->count; i++) {
        buf_z(&b, i ? ", " : "");
        buf_str(&b, n->at[i]);
    }
    crm_str out = arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    return out;
}

static crm_str role_title(const crm_ctx *c, crm_str name)
{
    const registry *r = c->reg;
    for (uint32_t i = 0; i < r->role_count; i++) {
        if (str_eq(r->roles[i].name, name) && r->roles[i].title.n) {
            return registry_text(r, c->lang, r->roles[i].title);
        }
    }
    return name;
}

static crm_str stage_title(const crm_ctx *c, const stage *s)
{
    return s->label.n ? registry_text(c->reg, c->lang, s->label) : s->name;
}

typedef struct param {
    const char *name;
    crm_str value;
} param;

/* An object of those that are not empty; empty without memory: then the plain text is said. */
static crm_str params_of(crm_ctx *c, const param *all, size_t count)
{
    buf b;
    json_writer w;
    buf_init(&b, 8192);
    jw_init(&w, &b);
    jw_object(&w);
    for (size_t i = 0; i < count; i++) {
        if (all[i].value.n) {
            jw_kstr(&w, all[i].name, all[i].value);
        }
    }
    jw_end_object(&w);
    crm_str out = b.failed ? (crm_str){0} : arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    return out;
}
static crm_str starts(crm_ctx *c, const pipeline *p)
{
    names at = {0};
    for (uint32_t i = 0; i < p->stage_count; i++) {
        if (p->stages[i].is_start) {
            name_once(&at, stage_title(c, &p->stages[i]));
        }
    }
    return joined(c, &at);
}

static crm_str movers(crm_ctx *c, const pipeline *p, const stage *from, const stage *to)
{
    names who = {0};
    for (uint32_t i = 0; i < p->move_count; i++) {
        const stage_move *m = &p->moves[i];
        for (uint32_t r = 0; is_way(p, m, from, to) && r < m->who_count; r++) {
            name_once(&who, role_title(c, m->who[r]));
        }
    }
    return joined(c, &who);
}

static crm_str ways(crm_ctx *c, const entity *e, const stage *from)
{
    const pipeline *p = pipeline_of(e);
    names to = {0};
    for (uint32_t i = 0; i < p->stage_count; i++) {
        const stage *s = &p->stages[i];
        if (s != from && rights_move(c, e, NULL, from, s) == CRM_OK) {
            name_once(&to, stage_title(c, s));
        }
    }
    return joined(c, &to);
}

crm_str rights_move_reason(crm_ctx *c, const entity *e, const stage *from, const stage *to)
{
    const pipeline *p = pipeline_of(e);
    if (!p || !to) {
        return (crm_str){0};
    }
    crm_str who = from ? movers(c, p, from, to) : (crm_str){0};
    crm_str open = from ? ways(c, e, from) : starts(c, p);
    crm_str reason = !from    ? CRM_S("start")
                     : who.n  ? CRM_S("role")
                     : open.n ? CRM_S("path")
                              : CRM_S("end");
    const param all[] = {{"reason", reason},
                         {"from", from ? stage_title(c, from) : (crm_str){0}},
                         {"to", stage_title(c, to)},
                         {"who", who},
                         {"ways", open}};
    return params_of(c, all, sizeof all / sizeof all[0]);
}

crm_str rights_need_reason(crm_ctx *c, const stage *at)
{
    const param all[] = {{"stage", at->name}, {"title", stage_title(c, at)}};
    return params_of(c, all, sizeof all / sizeof all[0]);
}

static bool is_locked_by(const pipeline *p, const stage_lock *l, const stage *at, uint32_t f)
{
    for (uint32_t i = 0; l->stages & stage_bit(p, at) && i < l->field_count; i++) {
        if (l->fields[i] == f) {
            return true;
        }
    }
    return false;
}

/* Whether every lock of the field excepts the role of this name. */
static bool is_excepted(const pipeline *p, const stage *at, uint32_t f, crm_str name)
{
    for (uint32_t i = 0; i < p->lock_count; i++) {
        const stage_lock *l = &p->locks[i];
        bool is_free = !is_locked_by(p, l, at, f);
        for (uint32_t r = 0; !is_free && r < l->except_count; r++) {
            is_free = str_eq(l->except[r], name);
        }
        if (!is_free) {
            return false;
        }
    }
    return true;
}

crm_str rights_lock_reason(crm_ctx *c, const entity *e, const stage *at, uint32_t f)
{
    const pipeline *p = pipeline_of(e);
    names who = {0};
    if (!p || !at) {
        return (crm_str){0};
    }
    for (uint32_t i = 0; i < p->lock_count; i++) {
        const stage_lock *l = &p->locks[i];
        for (uint32_t r = 0; is_locked_by(p, l, at, f) && r < l->except_count; r++) {
            if (is_excepted(p, at, f, l->except[r])) {
                name_once(&who, role_title(c, l->except[r]));
            }
        }
    }
    const param all[] = {{"reason", who.count ? CRM_S("role") : CRM_S("all")},
                         {"stage", stage_title(c, at)},
                         {"who", joined(c, &who)}};
    return params_of(c, all, sizeof all / sizeof all[0]);
}
