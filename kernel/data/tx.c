/*
 * tx.c - the write transaction of a group of requests. Writer thread only, but cache_epoch.
 *
 * What a request gathers stands behind its savepoint: arenas are marked when it begins and rewound
 * when it is rolled back, and the lists go back to where they were.
 */
#include "data/tx.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "data/people.h"
#include "data/stores.h"
#include "data/tx_gather.h"
#include "data/tx_private.h"

#define GROUP_ARENA_MAX ((size_t)256 * 1024 * 1024)

static const char *const cache_names[CACHE_COUNT] = {"people", "settings", "sessions", "tz"};
static _Atomic uint64_t epochs[CACHE_COUNT];

typedef struct tx_state {
    tx pub;
    bool is_open, is_lost, wants_guards;
    const registry *reg; /* the newest request's, with a reference */
    bool touched[CACHE_COUNT];
    uint64_t epoch[CACHE_COUNT]; /* what the commit will publish */
    tx_gathered gathered;
    struct {
        crm_ctx *call;
        bool has_written;
        engine_session *session_before;
        arena_mark mark;
        tx_gathered_mark gathered;
        bool touched[CACHE_COUNT];
    } request;
    struct {
        bool is_open;
        arena_mark mark;
        tx_gathered_mark gathered;
        bool touched[CACHE_COUNT];
    } row;
} tx_state;

static tx_state *state_of(const tx *t)
{
    return t->state;
}

const registry *tx_registry(const tx *t)
{
    return state_of(t)->reg;
}

/* ---- running ops ----------------------------------------------------------------------------- */

/* What is left of the request's time; false: nothing is. Control ops are never interrupted: they
 * are how it ends. */
static bool take_time(const tx *t, const engine_op *op, int64_t *left_us)
{
    bool is_control = op->kind >= ENGINE_BEGIN && op->kind <= ENGINE_ROLLBACK_TO;
    *left_us = 0;
    if (!t->deadline || is_control) {
        return true;
    }
    *left_us = (t->deadline - clock_mono()) / 1000;
    return *left_us > 0;
}

crm_status tx_run(tx *t, engine_op *op)
{
    tx_state *s = state_of(t);
    if (s->is_lost || !s->is_open) {
        return CRM_UNAVAILABLE;
    }
    engine_batch b = {.ops = op, .count = 1};
    if (!take_time(t, op, &b.limit_us)) {
        return CRM_TIMEOUT;
    }
    crm_status st = engine_write_now(t->session, &b);
    bool has_effect = st != CRM_CONFLICT && st != CRM_NOT_FOUND && st != CRM_STALE;
    s->request.has_written |= has_effect && op->kind >= ENGINE_INSERT;
    if (b.tx_lost) {
        s->is_lost = true;
        s->is_open = false;
        return st == CRM_NO_SPACE || st == CRM_TIMEOUT ? st : CRM_UNAVAILABLE;
    }
    return st;
}

static crm_status control(tx *t, engine_op_kind kind)
{
    engine_op op = {.kind = kind};
    return tx_run(t, &op);
}

/* ---- the transaction ------------------------------------------------------------------------- */

crm_status tx_begin(engine_session *writer, tx **out)
{
    *out = NULL;
    tx_state *s = calloc(1, sizeof *s);
    if (!s) {
        return CRM_NOMEM;
    }
    s->pub = (tx){.session = writer, .arena = arena_new(GROUP_ARENA_MAX), .state = s};
    s->is_open = true;
    crm_status st = s->pub.arena ? tx_gathered_init(&s->gathered, s->pub.arena) : CRM_NOMEM;
    if (!st) {
        st = control(&s->pub, ENGINE_BEGIN);
    }
    if (st) {
        s->is_open = false;
        tx_free(&s->pub);
        return st;
    }
    *out = &s->pub;
    return CRM_OK;
}

void tx_rollback(tx *t)
{
    tx_state *s = state_of(t);
    if (s->is_open) {
        crm_status st = control(t, ENGINE_ROLLBACK);
        if (st) {
            log_event(LOG_ERROR, "tx.rollback", "status=%s", status_code(st));
        }
        s->is_open = false;
    }
}

void tx_free(tx *t)
{
    if (!t) {
        return;
    }
    tx_state *s = state_of(t);
    tx_rollback(t);
    tx_gathered_fini(&s->gathered);
    if (s->reg) {
        registry_unpin(s->reg);
    }
    arena_free(t->arena);
    free(s);
}

/* ---- requests -------------------------------------------------------------------------------- */

/* Rights are judged by the people of now, not of the moment the request was queued. */
static crm_status renew_principal(crm_ctx *c)
{
    const people *newest = people_pin();
    if (newest) {
        people_unpin(c->people);
        c->people = newest;
    }
    if (c->who->kind != PRINCIPAL_USER) {
        return CRM_OK;
    }
    principal *who = ARENA_NEW(c->arena, principal);
    if (!who) {
        return CRM_NOMEM;
    }
    crm_status st = people_principal(c->arena, c->people, c->who->user, who);
    if (st == CRM_UNAUTHENTICATED) {
        return call_fail(c, st, "unauthenticated");
    }
    who->scope = c->who->scope;
    c->who = who;
    return st;
}

static void hold_registry(tx_state *s, const registry *reg)
{
    if (s->reg != reg) {
        const registry *old = s->reg;
        s->reg = registry_ref(reg);
        if (old) {
            registry_unpin(old);
        }
    }
}

crm_status tx_request_begin(tx *t, crm_ctx *c)
{
    tx_state *s = state_of(t);
    assert(!s->request.call);
    crm_status st = renew_principal(c);
    if (!st && !t->is_unguarded) {
        st = control(t, ENGINE_SAVEPOINT);
    }
    if (st) {
        return st;
    }
    hold_registry(s, c->reg);
    memset(&s->request, 0, sizeof s->request);
    s->request.call = c;
    s->request.session_before = c->session;
    s->request.mark = arena_mark_get(t->arena);
    s->request.gathered = tx_gathered_mark_get(&s->gathered);
    c->tx = t;
    c->session = t->session;
    return CRM_OK;
}

static crm_status roll_back_request(tx *t, tx_state *s)
{
    tx_gathered_rewind(&s->gathered, s->request.gathered);
    arena_rewind(t->arena, s->request.mark);
    if (!t->is_unguarded) {
        return control(t, ENGINE_ROLLBACK_TO);
    }
    s->wants_guards = s->request.has_written;
    return s->wants_guards ? CRM_UNAVAILABLE : CRM_OK;
}

bool tx_wants_guards(const tx *t)
{
    return state_of(t)->wants_guards;
}

static crm_status keep_request(tx *t, tx_state *s)
{
    for (int i = 0; i < CACHE_COUNT; i++) {
        s->touched[i] |= s->request.touched[i];
    }
    return t->is_unguarded ? CRM_OK : control(t, ENGINE_RELEASE);
}

crm_status tx_request_end(tx *t, bool keep)
{
    tx_state *s = state_of(t);
    crm_ctx *c = s->request.call;
    assert(c);
    c->tx = NULL;
    c->session = s->request.session_before;
    assert(!keep || !s->row.is_open);
    crm_status st = s->row.is_open ? tx_row_end(t, false, NULL) : CRM_OK;
    if (!st) {
        st = keep ? keep_request(t, s) : roll_back_request(t, s);
    }
    s->request.call = NULL;
    return st;
}

crm_status tx_row_begin(tx *t)
{
    tx_state *s = state_of(t);
    assert(s->request.call && !s->row.is_open);
    crm_status st = control(t, ENGINE_SAVEPOINT);
    if (!st) {
        s->row.is_open = true;
        s->row.mark = arena_mark_get(t->arena);
        s->row.gathered = tx_gathered_mark_get(&s->gathered);
        memcpy(s->row.touched, s->request.touched, sizeof s->row.touched);
    }
    return st;
}

crm_status tx_row_end(tx *t, bool keep, bool *wrote)
{
    tx_state *s = state_of(t);
    assert(s->row.is_open);
    s->row.is_open = false;
    if (wrote) {
        *wrote = keep && s->gathered.change_count > s->row.gathered.change_count;
    }
    if (keep) {
        return control(t, ENGINE_RELEASE);
    }
    tx_gathered_rewind(&s->gathered, s->row.gathered);
    arena_rewind(t->arena, s->row.mark);
    memcpy(s->request.touched, s->row.touched, sizeof s->row.touched);
    return control(t, ENGINE_ROLLBACK_TO);
}

crm_status tx_touch(tx *t, tx_cache what)
{
    tx_state *s = state_of(t);
    *(s->request.call ? &s->request.touched[what] : &s->touched[what]) = true;
    return CRM_OK;
}

bool tx_must_close(const tx *t)
{
    const tx_state *s = state_of(t);
    return s->touched[CACHE_PEOPLE] || s->touched[CACHE_SETTINGS] || s->touched[CACHE_TZ];
}

/* ---- the commit ------------------------------------------------------------------------------ */

/* The next value of a counter row {key, value} of a kernel store. */
static crm_status count_up(tx *t, const entity *e, crm_str key, int64_t *next)
{
    value *row;
    arena_mark mark = arena_mark_get(t->arena);
    crm_status st = tx_find_row(t->session, e, COL_OWN, value_text(key), t->arena, &row);
    if (st && st != CRM_NOT_FOUND) {
        return st;
    }
    if (st == CRM_NOT_FOUND) {
        value fresh[NUMBER_COLUMNS] = {0};
        int64_t id;
        fresh[COL_OWN] = value_text(key);
        fresh[COL_OWN + 1] = value_int(*next = 1);
        return tx_insert(t, e, fresh, &id);
    }
    uint64_t set[4] = {0};
    bits_add(set, COL_OWN + 1);
    row[COL_OWN + 1] = value_int(*next = row[COL_OWN + 1].i + 1);
    st = tx_update(t, e, row[COL_ID].i, row, set);
    arena_rewind(t->arena, mark);
    return st;
}

crm_status tx_number(tx *t, crm_str series, int64_t *next)
{
    return count_up(t, registry_store(state_of(t)->reg, STORE_NUMBER), series, next);
}

static crm_status move_epochs(tx *t, tx_state *s)
{
    crm_status st = CRM_OK;
    for (int i = 0; !st && i < CACHE_COUNT; i++) {
        int64_t next = 0;
        if (s->touched[i]) {
            st = count_up(t, registry_store(s->reg, STORE_EPOCH), str_of(cache_names[i]), &next);
            s->epoch[i] = (uint64_t)next;
        }
    }
    return st;
}

/* An epoch never goes back in this process, whatever a restored database holds. */
static void publish_epochs(const tx_state *s)
{
    for (int i = 0; i < CACHE_COUNT; i++) {
        if (s->touched[i]) {
            uint64_t next = atomic_load_explicit(&epochs[i], memory_order_relaxed) + 1;
            atomic_store_explicit(&epochs[i], next > s->epoch[i] ? next : s->epoch[i],
                                  memory_order_release);
        }
    }
}

uint64_t cache_epoch(tx_cache what)
{
    return atomic_load_explicit(&epochs[what], memory_order_acquire);
}

crm_status tx_commit(tx *t)
{
    tx_state *s = state_of(t);
    people *fresh = NULL;
    assert(!s->request.call);
    crm_status st = tx_gathered_write_terms(&s->gathered, t);
    if (!st && s->touched[CACHE_PEOPLE]) {
        st = people_build(t->session, s->reg, &fresh);
    }
    if (!st) {
        st = move_epochs(t, s);
    }
    if (!st) {
        st = control(t, ENGINE_COMMIT);
        s->is_open = false;
    }
    if (st) {
        people_discard(fresh);
        tx_rollback(t);
        tx_gathered_rewind(&s->gathered, (tx_gathered_mark){0});
        return st;
    }
    if (fresh) {
        people_publish(fresh);
    }
    publish_epochs(s);
    return CRM_OK;
}

changes_batch *tx_take_changes(tx *t)
{
    return tx_gathered_take(&state_of(t)->gathered);
}

crm_status tx_gather_terms(tx *t, const entity *e, int64_t id, const value *row)
{
    return tx_gathered_terms(&state_of(t)->gathered, e, id, row);
}

crm_status tx_gather_change(tx *t, const change *ch)
{
    return tx_gathered_change(&state_of(t)->gathered, ch);
}

const change *tx_last_change(const tx *t)
{
    return tx_gathered_last(&state_of((tx *)t)->gathered);
}
