/*
 * records_merge.c - one record out of several, in one transaction. The others leave first, so that
 * a unique value of theirs is free for the winner.
 */
#include "base/text.h"
#include "data/field.h"
#include "data/merge.h"
#include "data/records_private.h"

typedef struct merging {
    crm_ctx *call;
    const merge_wish *wish;
    const entity *entity;
    value *from[MERGE_MAX]; /* as stored */
    record given;           /* what `take` says */
    saving into;
    uint64_t locked[4];
} merging;

/* ---- the records ----------------------------------------------------------------------------- */

static bool is_merged(const merge_wish *w, int64_t id)
{
    bool is_one = id == w->into;
    for (uint32_t i = 0; i < w->count; i++) {
        is_one |= id == w->from[i];
    }
    return is_one;
}

/* One that went already says where to. */
static crm_status gone(crm_ctx *c, const entity *e, int64_t id)
{
    record *r;
    int64_t into;
    crm_status st = merged_into(c, e, id, &into);
    st = st ? st : records_get(c, e, into, &r);
    c->error = (call_error){0};
    if (st) {
        return call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    call_fail(c, CRM_CONFLICT, "merged_already");
    c->error.params_json =
        arena_fmt(c->arena, "{\"id\":%lld,\"merged_into\":%lld}", (long long)id, (long long)into);
    return CRM_CONFLICT;
}

crm_status merge_check_right(crm_ctx *c, const entity *e, const value *row, uint32_t *matched)
{
    const branches *b = rights_of(c, e);
    crm_status st = rights_match_row(c, e, row, matched);
    if (!st && !(*matched & rights_for(b, ACTION_READ))) {
        return call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    bool may = c->who->kind == PRINCIPAL_SYSTEM || *matched & rights_for(b, ACTION_MERGE);
    return st || may ? st : call_fail(c, CRM_DENIED, "denied");
}

static crm_status open_one(merging *m, int64_t id, int64_t rev, value **row, uint32_t *matched)
{
    crm_ctx *c = m->call;
    crm_status st = tx_get_locked(c->tx, m->entity, id, c->arena, row);
    if (st == CRM_NOT_FOUND || (!st && !value_is_null((*row)[COL_DELETED_AT]))) {
        return gone(c, m->entity, id);
    }
    st = st ? st : merge_check_right(c, m->entity, *row, matched);
    if (!st && rev && (*row)[COL_REV].i != rev) {
        st = call_fail(c, CRM_CONFLICT, "merge_changed");
        c->error.params_json = arena_fmt(c->arena, "{\"id\":%lld}", (long long)id);
    }
    return st;
}

static crm_status open_all(merging *m)
{
    const merge_wish *w = m->wish;
    saving *s = &m->into;
    uint32_t matched;
    crm_status st = open_one(m, w->into, w->rev_into, &s->was.v, &s->matched);
    for (uint32_t i = 0; !st && i < w->count; i++) {
        st = open_one(m, w->from[i], w->rev_from[i], &m->from[i], &matched);
    }
    if (st) {
        return st;
    }
    s->now.v = row_dup(m->call->arena, m->entity, s->was.v);
    rights_locked(m->call, m->entity, record_stage(m->entity, s->was.v), m->locked);
    return s->now.v ? CRM_OK : CRM_NOMEM;
}

/* ---- what is taken by wish ------------------------------------------------------------------- */

static const value *row_of(const merging *m, int64_t id)
{
    for (uint32_t i = 0; i < m->wish->count; i++) {
        if (m->wish->from[i] == id) {
            return m->from[i];
        }
    }
    return id == m->wish->into ? m->into.was.v : NULL;
}

static crm_status put(merging *m, const field *f, const value *row)
{
    record *now = &m->into.now;
    now->v[f->index] = row[f->index];
    return record_mark_as(now, f, record_mark_of(m->call->arena, row, f));
}

static crm_status take_wishes(merging *m)
{
    saving *s = &m->into;
    crm_status st = CRM_OK;
    for (uint32_t i = COL_OWN; !st && i < m->entity->field_count; i++) {
        const field *f = &m->entity->fields[i];
        const value *row = row_of(m, m->wish->take[i]);
        if (!m->wish->take[i]) {
            continue;
        }
        bits_add(m->given.set, i);
        if (!value_equal(row[i], s->was.v[i])) {
            bits_add(s->user_set, i);
            st = put(m, f, row);
        }
    }
    return st || !bits_any(s->user_set) ? st : check_rights(s);
}

/* ---- what the winner lacks ------------------------------------------------------------------- */

static bool is_owner(const entity *e, uint32_t i)
{
    return i == e->owner_fields[0] || i == e->owner_fields[1] || i == e->owner_fields[2] ||
           i == e->department_field;
}

static bool may_fill(const merging *m, const field *f)
{
    const uint32_t never = FIELD_READ_ONLY | FIELD_HIDDEN | FIELD_SYSTEM;
    return !m->wish->take[f->index] && !(f->flags & never) && f->type != FIELD_COMPUTED &&
           f->type != FIELD_STAGE && !is_owner(m->entity, f->index) &&
           !bits_has(m->locked, f->index);
}

/* An amount goes with its currency or not at all. */
static bool fits_currency(merging *m, const field *f, const value *row)
{
    value *now = m->into.now.v;
    uint16_t at = f->type == FIELD_MONEY ? f->currency_field : 0;
    if (at && value_is_null(now[at]) && !bits_has(m->locked, at)) {
        now[at] = row[at];
    }
    return !at || value_equal(now[at], row[at]);
}

static crm_status fill(merging *m, const field *f)
{
    crm_status st = CRM_OK;
    value *now = m->into.now.v;
    for (uint32_t k = 0; !st && k < m->wish->count; k++) {
        const value *row = m->from[k];
        if (value_is_null(row[f->index])) {
            continue;
        }
        if (f->flags & FIELD_MANY) {
            const char *mark = record_mark_of(m->call->arena, row, f);
            now[f->index] = field_unite(m->call->arena, f, now[f->index], row[f->index]);
            st = mark ? record_mark_as(&m->into.now, f, mark) : CRM_OK;
        } else if (value_is_null(now[f->index]) && fits_currency(m, f, row)) {
            st = put(m, f, row);
        }
    }
    return st;
}

/* ---- references among them ------------------------------------------------------------------- */

/* Nobody is his own chief: what pointed among the merged points nowhere. */
static value without_merged(merging *m, const field *f, value v)
{
    arena *a = m->call->arena;
    crm_str rest = v.s, one, kept = {0};
    int64_t id;
    if (f->type == FIELD_REF) {
        return v.kind == VALUE_INT && is_merged(m->wish, v.i) ? value_null() : v;
    }
    while (str_split(&rest, '\n', &one)) {
        if (str_to_i64(one, &id) == CRM_OK && !is_merged(m->wish, id)) {
            kept = kept.n ? arena_fmt(a, "%.*s\n%.*s", STR_FMT(kept), STR_FMT(one)) : one;
        }
    }
    return value_text(kept);
}

static crm_status fill_all(merging *m)
{
    crm_status st = CRM_OK;
    for (uint32_t i = COL_OWN; !st && i < m->entity->field_count; i++) {
        const field *f = &m->entity->fields[i];
        bool is_ref = f->type == FIELD_REF || f->type == FIELD_REFS;
        if (may_fill(m, f)) {
            st = fill(m, f);
        }
        if (is_ref && f->ref == m->entity) {
            m->into.now.v[i] = without_merged(m, f, m->into.now.v[i]);
        }
    }
    return st ? st : arena_failed(m->call->arena) ? CRM_NOMEM : CRM_OK;
}

/* ---- the others leave ------------------------------------------------------------------------ */

static crm_status remove_one(merging *m, uint32_t k)
{
    crm_ctx *c = m->call;
    saving s = {.call = c, .entity = m->entity};
    s.now = (record){.entity = m->entity, .arena = c->arena};
    s.was = s.now;
    s.was.v = m->from[k];
    s.now.v = row_dup(c->arena, m->entity, m->from[k]);
    crm_status st = s.now.v ? CRM_OK : CRM_NOMEM;
    st = st ? st : hooks_run(c, HOOK_BEFORE_DELETE, &s.now, &s.was);
    st = st ? st : store_write(&s, 'd');
    st = st ? st : hooks_run(c, HOOK_AFTER_DELETE, &s.now, &s.was);
    return st ? st : merged_note(c, m->entity, m->wish->from[k], m->wish->into);
}

static bool differs(const merging *m)
{
    for (uint32_t i = COL_OWN; i < m->entity->field_count; i++) {
        if (!value_equal(m->into.now.v[i], m->into.was.v[i])) {
            return true;
        }
    }
    return false;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static crm_status check_wish(crm_ctx *c, const merge_wish *w)
{
    bool is_sound = w->into > 0 && w->count > 0 && w->count <= MERGE_MAX;
    for (uint32_t i = 0; is_sound && i < w->count; i++) {
        is_sound = w->from[i] > 0 && w->from[i] != w->into;
        for (uint32_t k = 0; k < i; k++) {
            is_sound = is_sound && w->from[k] != w->from[i];
        }
    }
    if (!is_sound) {
        return call_fail_field(c, CRM_S("from"), "bad_request", (crm_str){0});
    }
    for (uint32_t i = 0; i < w->entity->field_count; i++) {
        if (w->take[i] && !is_merged(w, w->take[i])) {
            return call_fail_field(c, CRM_S("take"), "no_such_record", (crm_str){0});
        }
    }
    /* Who works here is a matter of the ТЗ. */
    return str_find(w->entity->name, '.') > 0 ? CRM_OK : call_fail(c, CRM_NOT_FOUND, "not_found");
}

crm_status records_merge(crm_ctx *c, const merge_wish *w)
{
    merging *m = ARENA_NEW(c->arena, merging);
    assert(c->tx);
    crm_status st = m ? check_wish(c, w) : CRM_NOMEM;
    if (st) {
        return st;
    }
    *m = (merging){.call = c, .wish = w, .entity = w->entity};
    m->given = (record){.entity = w->entity, .arena = c->arena};
    m->into = (saving){.call = c, .entity = w->entity, .given = &m->given};
    m->into.now = m->into.was = m->given;
    st = open_all(m);
    m->given.v = m->into.now.v;
    st = st ? st : take_wishes(m);
    st = st ? st : fill_all(m);
    for (uint32_t i = 0; !st && i < w->count; i++) {
        st = remove_one(m, i);
    }
    return st || !differs(m) ? st : save_complete(&m->into);
}
