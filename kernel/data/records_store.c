/* records_store.c - what one write leaves: the row, its stage log, history, words, cache epochs. */
#include "data/changelog.h"
#include "data/match.h"
#include "data/records_private.h"
#include "data/stage_log.h"
#include "data/stores.h"

/* ---- the row --------------------------------------------------------------------------------- */

static void stamp(saving *s, char op)
{
    value *v = s->now.v;
    int64_t at = call_now(s->call);
    value by = s->call->who->user ? value_int(s->call->who->user) : value_null();
    if (op == 'c') {
        v[COL_ID] = value_null();
        v[COL_REV] = value_int(1);
        v[COL_CREATED_AT] = value_int(at);
        v[COL_CREATED_BY] = by;
    } else {
        v[COL_REV] = value_int(s->was.v[COL_REV].i + 1);
    }
    if (op == 'd') {
        v[COL_DELETED_AT] = value_int(at);
    } else if (op == 'r') {
        v[COL_DELETED_AT] = value_null();
    }
    v[COL_UPDATED_AT] = value_int(at);
    v[COL_UPDATED_BY] = by;
}

/* Names the fields of the index, and the record in the way when he may know of it. */
static crm_status not_unique(saving *s, const engine_op *op)
{
    crm_ctx *c = s->call;
    crm_str params = {0};
    uint32_t matched = 0;
    if (op->refused_id && c->who->kind != PRINCIPAL_NOBODY) {
        crm_status st = rights_match_stored(c, s->entity, op->refused_id, &matched);
        if (st) {
            return st;
        }
    }
    if (matched & rights_for(rights_of(c, s->entity), ACTION_READ)) {
        params = arena_fmt(c->arena, "{\"id\":%lld}", (long long)op->refused_id);
    }
    crm_status st = CRM_CONFLICT;
    for (int i = 0; op->refused && i < op->refused->count; i++) {
        uint16_t f = op->refused->field[i];
        st = call_fail_field(c, s->entity->fields[f].name, "not_unique", params);
    }
    return op->refused ? st : call_fail(c, CRM_CONFLICT, "conflict");
}

static crm_status write_row(saving *s, char op)
{
    engine_op write = {
        .kind = op == 'c' ? ENGINE_INSERT : ENGINE_UPDATE, .entity = s->entity, .row = s->now.v};
    if (op != 'c') {
        const uint16_t always[] = {COL_REV, COL_UPDATED_AT, COL_UPDATED_BY, COL_DELETED_AT,
                                   COL_MARKS};
        write.id = s->now.v[COL_ID].i;
        memcpy(write.set, s->changed, sizeof write.set);
        if (match_keys_depend(s->entity, s->changed)) {
            bits_add(write.set, s->entity->match_field);
        }
        for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
            bits_add(write.set, always[i]);
        }
    }
    crm_status st = tx_run(s->call->tx, &write);
    if (st == CRM_CONFLICT) {
        return not_unique(s, &write);
    }
    if (!st && op == 'c') {
        s->now.v[COL_ID] = value_int(write.id);
    }
    return st ? call_fail(s->call, st, status_code(st)) : CRM_OK;
}

static crm_status write_stage_log(const saving *s)
{
    const entity *e = s->entity;
    if (!e->stage_log || !bits_has(s->changed, e->stage_field)) {
        return CRM_OK;
    }
    return stage_log_write(
        s->call, &(stage_change){.of = e,
                                 .record = s->now.v[COL_ID].i,
                                 .at = s->now.v[COL_UPDATED_AT].i,
                                 .from = s->was.v ? s->was.v[e->stage_field] : value_null(),
                                 .to = s->now.v[e->stage_field],
                                 .by = s->now.v[COL_UPDATED_BY]});
}

/* ---- words and caches ------------------------------------------------------------------------ */

static bool words_change(const saving *s, char op)
{
    const entity *e = s->entity;
    const uint16_t access[] = {e->owner_fields[0], e->owner_fields[1], e->owner_fields[2],
                               e->department_field, e->stage_field};
    bool hit = op != 'u' || match_keys_depend(e, s->changed);
    for (uint32_t i = 0; i < e->search_count; i++) {
        hit |= bits_has(s->changed, e->search_fields[i]);
    }
    for (size_t i = 0; i < sizeof access / sizeof access[0]; i++) {
        hit |= access[i] && bits_has(s->changed, access[i]);
    }
    return hit;
}

static crm_status touch_caches(const saving *s)
{
    const registry *r = s->call->reg;
    bool is_of_people = s->entity == registry_store(r, STORE_USER) ||
                        s->entity == registry_store(r, STORE_DEPARTMENT);
    return is_of_people ? tx_touch(s->call->tx, CACHE_PEOPLE) : CRM_OK;
}

crm_status store_write(saving *s, char op)
{
    tx *t = s->call->tx;
    stamp(s, op);
    bool makes_keys =
        s->entity->match_field && (op == 'c' || match_keys_depend(s->entity, s->changed));
    crm_status st = makes_keys ? match_put_keys(s->call->arena, s->entity, s->now.v) : CRM_OK;
    st = st ? st : write_row(s, op);
    if (!st) {
        st = write_stage_log(s);
    }
    if (!st && words_change(s, op)) {
        const value *words = op == 'd' ? NULL : s->now.v;
        st = tx_gather_terms(t, s->entity, s->now.v[COL_ID].i, words);
    }
    if (!st) {
        st = changelog_append(t, s->call, &s->now, s->was.v ? &s->was : NULL, op);
    }
    st = st ? st : timeline_tell(s);
    return st ? st : touch_caches(s);
}
