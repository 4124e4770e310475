/* rights_match.c - which branches a row matches, and why. */
#include "data/rights_private.h"

uint32_t rights_match(const branches *b, const value *row, const cond_env *env)
{
    uint32_t matched = 0;
    for (uint32_t i = 0; i < b->count; i++) {
        const branch *at = &b->at[i];
        if (!at->via_count && cond_is_local(at->where) && cond_eval(at->where, row, env)) {
            matched |= 1u << i;
        }
    }
    return matched;
}

static bool is_local(const branch *b)
{
    return !b->via_count && cond_is_local(b->where);
}

/* ---- stored rows ----------------------------------------------------------------------------- */

static bool note_branches(void *arg, const value *row, uint32_t matched)
{
    (void)row;
    *(uint32_t *)arg = matched;
    return false;
}

crm_status rights_match_stored(crm_ctx *c, const entity *e, int64_t id, uint32_t *matched)
{
    const branches *b = rights_of(c, e);
    query q = {.entity = e, .rights = b, .need = ~0u, .env = c->env, .with_deleted = true};
    engine_op op = {.kind = ENGINE_GET,
                    .entity = e,
                    .id = id,
                    .query = &q,
                    .on_row = note_branches,
                    .arg = matched};
    engine_batch batch = {.ops = &op, .count = 1};
    bits_add(q.select, COL_ID);
    *matched = 0;
    if (!b->count) {
        return CRM_OK;
    }
    crm_status st = call_limit_read(c, &batch);
    st = st ? st : engine_read_now(c->session, &batch);
    return st == CRM_NOT_FOUND ? CRM_OK : st;
}

/* ---- rows in memory -------------------------------------------------------------------------- */

typedef struct loading {
    arena *arena;
    const entity *entity;
    value *row;
} loading;

static bool keep_row(void *arg, const value *row, uint32_t matched)
{
    loading *l = arg;
    (void)matched;
    l->row = ARENA_ARRAY(l->arena, value, l->entity->field_count);
    for (uint32_t i = 0; l->row && i < l->entity->field_count; i++) {
        l->row[i] = value_dup(l->arena, row[i]);
    }
    return false;
}

static crm_status load(crm_ctx *c, const entity *e, int64_t id, value **row)
{
    loading l = {.arena = c->arena, .entity = e};
    query q = {.entity = e, .with_deleted = true};
    engine_op op = {
        .kind = ENGINE_GET, .entity = e, .id = id, .query = &q, .on_row = keep_row, .arg = &l};
    engine_batch batch = {.ops = &op, .count = 1};
    crm_status st = engine_read_now(c->session, &batch);
    *row = l.row;
    return st == CRM_NOT_FOUND ? CRM_OK : st;
}

/* The row that the branch's `where` is about: a parent, or the row itself. NULL: there is none, or
 * it is not to be seen. */
static crm_status follow(crm_ctx *c, const branch *b, const value *row, const value **out)
{
    crm_status st = CRM_OK;
    *out = row;
    for (uint32_t i = 0; !st && *out && i < b->via_count; i++) {
        value id = (*out)[b->via[i]->index];
        value *next = NULL;
        if (id.kind == VALUE_INT) {
            st = load(c, b->via[i]->ref, id.i, &next);
        }
        if (next && b->is_via_kept && !value_is_null(next[COL_DELETED_AT])) {
            next = NULL;
        }
        *out = next;
    }
    return st;
}

crm_status rights_match_row(crm_ctx *c, const entity *e, const value *row, uint32_t *matched)
{
    const branches *b = rights_of(c, e);
    bool asks_engine = false;
    crm_status st = CRM_OK;
    *matched = 0;
    for (uint32_t i = 0; !st && i < b->count; i++) {
        const branch *at = &b->at[i];
        const value *about = row;
        if (!is_local(at) && !cond_is_local(at->where)) {
            asks_engine = true;
            continue;
        }
        st = follow(c, at, row, &about);
        if (!st && about && cond_eval(at->where, about, &c->env)) {
            *matched |= 1u << i;
        }
    }
    if (st || !asks_engine || row[COL_ID].kind != VALUE_INT) {
        return st;
    }
    uint32_t stored, local = 0;
    st = rights_match_stored(c, e, row[COL_ID].i, &stored);
    for (uint32_t i = 0; i < b->count; i++) {
        local |= cond_is_local(b->at[i].where) ? 1u << i : 0;
    }
    *matched |= stored & ~local;
    return st;
}

/* ---- why ------------------------------------------------------------------------------------- */

static const char *const action_names[ACTION_COUNT] = {
#define X(name, text) text,
    ACTION_MAP(X)
#undef X
};

static void put_actions(buf *out, uint32_t actions)
{
    const char *comma = "";
    for (int i = 0; i < ACTION_COUNT; i++) {
        if (actions >> i & 1) {
            buf_fmt(out, "%s%s", comma, action_names[i]);
            comma = ",";
        }
    }
}

static void put_fields(buf *out, const entity *e, const uint64_t fields[4])
{
    const char *comma = "";
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        if (bits_has(fields, i)) {
            buf_fmt(out, "%s%.*s", comma, STR_FMT(e->fields[i].name));
            comma = ",";
        }
    }
}

crm_status rights_why(crm_ctx *c, const entity *e, const value *row, buf *out)
{
    const branches *b = rights_of(c, e);
    uint32_t matched;
    crm_status st = rights_match_row(c, e, row, &matched);
    for (uint32_t i = 0; !st && i < b->count; i++) {
        if (matched >> i & 1) {
            buf_str(out, b->at[i].source);
            buf_z(out, " actions=");
            put_actions(out, b->at[i].actions);
            buf_z(out, " fields=");
            put_fields(out, e, b->at[i].fields);
            buf_char(out, '\n');
        }
    }
    return !st && out->failed ? CRM_NOMEM : st;
}
