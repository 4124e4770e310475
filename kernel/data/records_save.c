/*
 * records_save.c - creating and updating under rights.
 *
 * What the caller gives is judged as he gives it; then hooks may change more, since they are the
 * deployment's own behaviour; then the whole must be sound; then it is written.
 */
#include "data/changelog.h"
#include "data/files.h"
#include "data/merge.h"
#include "data/records_private.h"
#include "data/stores.h"
#include "data/timeline.h"

/* ---- the rows before and after --------------------------------------------------------------- */

/* What was given away is no longer his; that he takes it back is judged by the row it was. */
static crm_status match_was(saving *s)
{
    crm_ctx *c = s->call;
    uint32_t readable = rights_for(rights_of(c, s->entity), ACTION_READ);
    crm_status st = rights_match_row(c, s->entity, s->was.v, &s->matched);
    if (st || !(s->how & SAVE_OWN) || s->matched & readable) {
        return st;
    }
    value *back = row_dup(c->arena, s->entity, s->was.v);
    for (uint32_t i = 0; back && i < s->entity->field_count; i++) {
        back[i] = bits_has(s->given->set, i) ? s->given->v[i] : back[i];
    }
    return back ? rights_match_row(c, s->entity, back, &s->matched) : CRM_NOMEM;
}

static crm_status load_was(saving *s, int64_t id, int64_t base_rev)
{
    crm_ctx *c = s->call;
    crm_status st = tx_get_locked(c->tx, s->entity, id, c->arena, &s->was.v);
    if (!st && !value_is_null(s->was.v[COL_DELETED_AT])) {
        st = CRM_NOT_FOUND;
    }
    if (!st) {
        st = match_was(s);
    }
    const branches *b = rights_of(c, s->entity);
    if (!st && !(s->matched & rights_for(b, ACTION_READ))) {
        st = CRM_NOT_FOUND;
    }
    if (st) {
        return call_fail(c, st, status_code(st));
    }
    if (base_rev && s->was.v[COL_REV].i != base_rev) {
        st = call_fail(c, CRM_STALE, "stale");
        c->error.current_rev = s->was.v[COL_REV].i;
    }
    return st;
}

static void merge_given(saving *s)
{
    const record *r = s->given;
    for (uint32_t i = 0; i < s->entity->field_count; i++) {
        if (!bits_has(r->set, i)) {
            continue;
        }
        if (r->is_new || !value_equal(s->now.v[i], r->v[i])) {
            bits_add(s->user_set, i);
        }
        s->now.v[i] = r->v[i];
    }
}

/* A row's department is its owner's, unless given. */
static void follow_department(saving *s)
{
    const entity *e = s->entity;
    uint16_t owner = e->owner_fields[0], place = e->department_field;
    if (!owner || !place || bits_has(s->user_set, place)) {
        return;
    }
    bool is_new_owner = s->given->is_new ? value_is_null(s->now.v[place])
                                         : !value_equal(s->now.v[owner], s->was.v[owner]);
    const person *p = people_user(s->call->people, s->now.v[owner].i);
    if (is_new_owner && p && p->department) {
        s->now.v[place] = value_int(p->department);
    } else if (is_new_owner && s->given->is_new && s->call->who->department) {
        s->now.v[place] = value_int(s->call->who->department);
    }
}

static crm_status begin(saving *s, int64_t base_rev)
{
    record *r = s->given;
    arena *a = s->call->arena;
    s->now = (record){.entity = s->entity, .arena = a, .is_new = r->is_new};
    s->was = (record){.entity = s->entity, .arena = a};
    if (!r->is_new) {
        crm_status st = load_was(s, r->v[COL_ID].i, base_rev);
        if (st) {
            return st;
        }
    }
    crm_status st = files_resolve(s);
    if (st) {
        return st;
    }
    s->now.v = row_dup(a, s->entity, r->is_new ? r->v : s->was.v);
    if (!s->now.v) {
        return CRM_NOMEM;
    }
    merge_given(s);
    memcpy(s->now.copied, r->copied, sizeof s->now.copied); /* hooks take it for given */
    follow_department(s);
    return r->is_new ? rights_match_row(s->call, s->entity, s->now.v, &s->matched) : CRM_OK;
}

void save_note_changes(saving *s)
{
    for (uint32_t i = COL_OWN; i < s->entity->field_count; i++) {
        value was = s->was.v ? s->was.v[i] : value_null();
        if (!value_equal(s->now.v[i], was)) {
            bits_add(s->changed, i);
        }
    }
    memcpy(s->now.set, s->changed, sizeof s->changed);
}

/* ---- after ----------------------------------------------------------------------------------- */

/* The caller's record becomes what is stored, as far as he may see it. */
static crm_status give_back(saving *s)
{
    record *r = s->given;
    uint32_t matched;
    value *row = row_dup(r->arena, s->entity, s->now.v);
    if (!row) {
        return CRM_NOMEM;
    }
    crm_status st = rights_match_row(s->call, s->entity, row, &matched);
    r->is_new = false;
    memset(r->set, 0, sizeof r->set);
    bool is_seen = matched & rights_for(rights_of(s->call, s->entity), ACTION_READ);
    s->call->hidden += !st && !is_seen && !s->call->hook_depth;
    record_judge(s->call, r, row, matched);
    record_conceal(r);
    return st;
}

static crm_status run_hooks(saving *s, hook_when on_create, hook_when on_update)
{
    const record *was = s->was.v ? &s->was : NULL;
    return hooks_run(s->call, was ? on_update : on_create, &s->now, was);
}

crm_status save_complete(saving *s)
{
    crm_status st = run_hooks(s, HOOK_BEFORE_CREATE, HOOK_BEFORE_UPDATE);
    st = st ? st : derive_computed(s);
    if (st) {
        return st;
    }
    save_note_changes(s);
    st = derive_marks(s);
    st = st ? st : check_content(s);
    if (!st) {
        st = store_write(s, s->was.v ? 'u' : 'c');
    }
    st = st ? st : files_settle(s);
    if (!st) {
        st = run_hooks(s, HOOK_AFTER_CREATE, HOOK_AFTER_UPDATE);
    }
    return st ? st : give_back(s);
}

crm_status records_save(crm_ctx *c, record *r, int64_t base_rev)
{
    return save_as(c, r, base_rev, 0);
}

crm_status records_import(crm_ctx *c, record *r)
{
    return save_as(c, r, 0, SAVE_IMPORTS);
}

crm_status save_as(crm_ctx *c, record *r, int64_t base_rev, unsigned how)
{
    saving s = {.call = c, .entity = r->entity, .given = r, .how = how};
    assert(c->tx);
    if (r->entity->flags & ENTITY_LOG) {
        return call_fail(c, CRM_DENIED, "denied");
    }
    crm_status st = hooks_check(c, r);
    if (!st) {
        st = begin(&s, base_rev);
    }
    if (st) {
        return st;
    }
    st = check_rights(&s);
    if (st == CRM_INVALID) {
        /* One answer names what is missing as well. */
        save_note_changes(&s);
        crm_status more = check_content(&s);
        return more ? more : st;
    }
    if (st) {
        return st;
    }
    if (!r->is_new && !bits_any(s.user_set)) {
        return give_back(&s);
    }
    return save_complete(&s);
}

/* ---- the recycle bin ------------------------------------------------------------------------- */

static crm_status begin_removal(saving *s, int64_t id, bool is_deleted)
{
    crm_ctx *c = s->call;
    if (s->entity->flags & ENTITY_LOG) {
        call_fail(c, CRM_DENIED, "denied");
        return CRM_DENIED;
    }
    s->now = (record){.entity = s->entity, .arena = c->arena};
    s->was = s->now;
    crm_status st = tx_get_locked(c->tx, s->entity, id, c->arena, &s->was.v);
    if (!st && value_is_null(s->was.v[COL_DELETED_AT]) == is_deleted) {
        st = CRM_NOT_FOUND;
    }
    st = st ? st : rights_match_row(c, s->entity, s->was.v, &s->matched);
    const branches *b = rights_of(c, s->entity);
    if (!st && !(s->matched & rights_for(b, ACTION_READ))) {
        st = CRM_NOT_FOUND;
    }
    action needed = s->how & SAVE_OWN ? ACTION_UPDATE : ACTION_DELETE;
    if (!st && !(s->matched & rights_for(b, needed))) {
        st = CRM_DENIED;
    }
    if (st) {
        return call_fail(c, st, status_code(st));
    }
    s->now.v = row_dup(c->arena, s->entity, s->was.v);
    st = s->now.v ? check_guarded(s) : CRM_NOMEM;
    return st ? st : notes_check_removal(s);
}

crm_status records_delete(crm_ctx *c, const entity *e, int64_t id, int64_t base_rev)
{
    return delete_as(c, e, id, base_rev, 0);
}

crm_status delete_as(crm_ctx *c, const entity *e, int64_t id, int64_t base_rev, unsigned how)
{
    saving s = {.call = c, .entity = e, .how = how};
    assert(c->tx);
    crm_status st = begin_removal(&s, id, false);
    st = st ? st : hooks_check(c, &s.was);
    if (!st && base_rev && s.was.v[COL_REV].i != base_rev) {
        st = call_fail(c, CRM_STALE, "stale");
        c->error.current_rev = s.was.v[COL_REV].i;
    }
    if (!st) {
        st = hooks_run(c, HOOK_BEFORE_DELETE, &s.now, &s.was);
    }
    if (!st) {
        st = store_write(&s, 'd');
    }
    return st ? st : hooks_run(c, HOOK_AFTER_DELETE, &s.now, &s.was);
}

crm_status records_restore(crm_ctx *c, const entity *e, int64_t id)
{
    saving s = {.call = c, .entity = e};
    assert(c->tx);
    crm_status st = begin_removal(&s, id, true);
    st = st ? st : derive_computed(&s);
    if (!st) {
        save_note_changes(&s);
        st = store_write(&s, 'r');
    }
    st = st ? st : hooks_run(c, HOOK_AFTER_UPDATE, &s.now, &s.was);
    return st ? st : merged_forget(c, e, id);
}

/* ---- computed anew --------------------------------------------------------------------------- */

crm_status records_recompute(crm_ctx *c, const entity *e, int64_t id)
{
    saving s = {.call = c, .entity = e};
    assert(c->tx);
    s.now = s.was = (record){.entity = e, .arena = c->arena};
    crm_status st = tx_get_locked(c->tx, e, id, c->arena, &s.was.v);
    s.now.v = st ? NULL : row_dup(c->arena, e, s.was.v);
    if (st || !s.now.v) {
        return st == CRM_NOT_FOUND ? CRM_OK : st ? st : CRM_NOMEM;
    }
    st = derive_computed(&s);
    save_note_changes(&s);
    if (st || !bits_any(s.changed)) {
        return st;
    }
    st = store_write(&s, 'u');
    return st ? st : hooks_run(c, HOOK_AFTER_UPDATE, &s.now, &s.was);
}

/* ---- for ever -------------------------------------------------------------------------------- */

typedef struct log_ids {
    int64_t at[LIST_MAX];
    uint32_t count;
} log_ids;

static bool take_log_id(void *arg, const value *row, uint32_t matched)
{
    log_ids *x = arg;
    (void)matched;
    x->at[x->count++] = row[COL_ID].i;
    return x->count < LIST_MAX;
}

static crm_status purge_rows(crm_ctx *c, const entity *of, const cond *which)
{
    query q = {.entity = of, .where = which, .limit = LIST_MAX};
    log_ids x;
    crm_status st = which ? CRM_OK : CRM_NOMEM;
    bits_add(q.select, COL_ID);
    do {
        x.count = 0;
        st = st ? st : tx_list(c->tx, &q, take_log_id, &x);
        for (uint32_t i = 0; !st && i < x.count; i++) {
            st = tx_delete(c->tx, of, x.at[i]);
        }
    } while (!st && x.count == LIST_MAX);
    return st;
}

static crm_status purge_stays(crm_ctx *c, const record *gone)
{
    const entity *log = gone->entity->stage_log;
    return !log ? CRM_OK
                : purge_rows(c, log,
                             cond_compare(c->arena, COND_EQ, &log->fields[log->parent_field],
                                          gone->v[COL_ID]));
}

/* The rows of a store that speak of the record: its stage log, what was told of it to others. */
static crm_status purge_of_record(crm_ctx *c, const entity *of, const field *by_entity,
                                  const field *by_record, const record *gone)
{
    arena *a = c->arena;
    const cond *e = cond_compare(a, COND_EQ, by_entity, value_text(gone->entity->name));
    const cond *which = cond_compare(a, COND_EQ, by_record, gone->v[COL_ID]);
    return purge_rows(c, of, cond_and(a, e, which));
}

static crm_status purge_stores(crm_ctx *c, const record *gone)
{
    const entity *log = registry_store(c->reg, STORE_STAGE_LOG);
    const entity *sent = registry_store(c->reg, STORE_DELIVERY);
    crm_status st = purge_of_record(c, log, &log->fields[STAGE_LOG_ENTITY],
                                    &log->fields[STAGE_LOG_RECORD], gone);
    return st ? st
              : purge_of_record(c, sent, &sent->fields[DELIVERY_ENTITY],
                                &sent->fields[DELIVERY_RECORD], gone);
}

/* Of the row before and, the same, the one that is written last. */
static crm_status purge_row(saving *s)
{
    crm_ctx *c = s->call;
    const entity *e = s->entity;
    int64_t id = s->was.v[COL_ID].i;
    uint64_t all[4] = {~0ull, ~0ull, ~0ull, ~0ull};
    s->now.v[COL_REV] = value_int(s->was.v[COL_REV].i + 1);
    s->now.v[COL_UPDATED_AT] = value_int(clock_now());
    crm_status st = changelog_append(c->tx, c, &s->now, &s->was, 'd');
    st = st ? st : changelog_erase(c->tx, e, id, all);
    st = st ? st : purge_stores(c, &s->now);
    st = st ? st : purge_stays(c, &s->now);
    st = st ? st : file_purge(c, e, id);
    st = st ? st : tx_gather_terms(c->tx, e, id, NULL);
    return st ? st : tx_delete(c->tx, e, id);
}

#define PARTS_DEPTH 3 /* parts of parts */

static crm_status purge_parts(crm_ctx *c, const entity *e, int64_t id, uint32_t *left, int depth);

/* In the bin or not: it goes with what it is a part of, whose right covers it. */
static crm_status purge_part(crm_ctx *c, const entity *e, int64_t id, uint32_t *left, int depth)
{
    saving s = {.call = c, .entity = e};
    crm_status st = purge_parts(c, e, id, left, depth + 1);
    if (st || !*left) {
        return st;
    }
    --*left;
    s.now = s.was = (record){.entity = e, .arena = c->arena};
    st = tx_get_locked(c->tx, e, id, c->arena, &s.was.v);
    s.now.v = st ? NULL : row_dup(c->arena, e, s.was.v);
    return st ? st : s.now.v ? purge_row(&s) : CRM_NOMEM;
}

static crm_status purge_parts_in(crm_ctx *c, const entity *part, int64_t id, uint32_t *left,
                                 int depth)
{
    const field *whole = &part->fields[part->parent_field];
    query q = {.entity = part,
               .where = cond_compare(c->arena, COND_EQ, whole, value_int(id)),
               .with_deleted = true};
    log_ids x = {.count = 0};
    crm_status st = CRM_OK;
    bits_add(q.select, COL_ID);
    do {
        x.count = 0;
        q.limit = *left < LIST_MAX ? *left : LIST_MAX;
        st = *left ? tx_list(c->tx, &q, take_log_id, &x) : CRM_OK;
        for (uint32_t i = 0; !st && i < x.count; i++) {
            st = purge_part(c, part, x.at[i], left, depth);
        }
    } while (!st && *left && x.count == q.limit);
    return st;
}

static crm_status purge_parts(crm_ctx *c, const entity *e, int64_t id, uint32_t *left, int depth)
{
    crm_status st = CRM_OK;
    bool is_deepest = depth > PARTS_DEPTH; /* then its notes alone: there are no parts of a note */
    for (uint32_t i = 0; !st && i < c->reg->entity_count; i++) {
        const entity *part = c->reg->entities[i];
        bool is_kept = part->flags & ENTITY_LOG; /* goes with its row */
        bool is_part = entity_is_part(part) && !is_kept && part != e;
        if (is_part && part->fields[part->parent_field].ref == e) {
            st = is_deepest && part != e->notes ? CRM_OK : purge_parts_in(c, part, id, left, depth);
        }
    }
    return st;
}

crm_status records_purge_parts(crm_ctx *c, const entity *e, int64_t id, uint32_t *left)
{
    assert(c->tx);
    return purge_parts(c, e, id, left, 1);
}

crm_status records_purge(crm_ctx *c, const entity *e, int64_t id)
{
    uint32_t left = UINT32_MAX;
    return records_purge_some(c, e, id, &left);
}

crm_status records_purge_some(crm_ctx *c, const entity *e, int64_t id, uint32_t *left)
{
    saving s = {.call = c, .entity = e};
    assert(c->tx);
    if (!call_may(c, CRM_S("delete"))) {
        return call_fail(c, CRM_DENIED, "denied");
    }
    crm_status st = begin_removal(&s, id, true);
    st = st ? st : records_purge_parts(c, e, id, left);
    return st ? st : purge_row(&s);
}
