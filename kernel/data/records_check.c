/*
 * records_check.c - what a write must satisfy. Each check adds its field errors to the call and
 * goes on, so one answer names them all.
 */
#include "data/records_private.h"
#include "data/stores.h"

static void field_fails_as(saving *s, uint32_t i, const char *code, crm_str params)
{
    crm_status st = call_fail_field(s->call, s->entity->fields[i].name, code, params);
    (void)st; /* it stands in the call's error, which is asked at the end */
}

static void field_fails(saving *s, uint32_t i, const char *code)
{
    field_fails_as(s, i, code, (crm_str){0});
}

/* Errors of the conversion that came before count: one answer names them all. */
static crm_status verdict(const saving *s)
{
    return s->call->error.fields ? CRM_INVALID : CRM_OK;
}

static const branches *rights(saving *s)
{
    return rights_of(s->call, s->entity);
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* Fields that decide who somebody is and what he may do. */
static bool is_guarded(const registry *r, const entity *e, uint32_t i)
{
    if (e == registry_store(r, STORE_USER)) {
        return i == USER_LOGIN || i == USER_ROLES || i == USER_DEPARTMENT ||
               i == USER_IS_DISABLED || i == USER_IS_SERVICE;
    }
    return e == registry_store(r, STORE_DEPARTMENT) &&
           (i == DEPARTMENT_HEAD || i == DEPARTMENT_PARENT);
}

crm_status check_guarded(saving *s)
{
    const registry *r = s->call->reg;
    bool is_of_people = s->entity == registry_store(r, STORE_USER) ||
                        s->entity == registry_store(r, STORE_DEPARTMENT);
    if (is_of_people && !call_may(s->call, CRM_S("settings"))) {
        return call_fail(s->call, CRM_DENIED, "denied");
    }
    return CRM_OK;
}

typedef struct masks {
    uint64_t seen[4], granted[4], locked[4], hidden[4];
    bool is_owner_code, may_settings;
} masks;

static void take_masks(saving *s, masks *m)
{
    const branches *b = rights(s);
    bool is_new = s->given->is_new;
    rights_fields_for(b, is_new ? ~0u : s->matched, ACTION_READ, m->seen);
    rights_fields_for(b, s->matched, is_new ? ACTION_CREATE : ACTION_UPDATE, m->granted);
    if (s->how & SAVE_IMPORTS) {
        uint64_t come[4];
        rights_fields_for(b, s->matched, ACTION_IMPORT, come);
        for (int i = 0; i < 4; i++) {
            m->granted[i] &= come[i];
        }
    }
    rights_locked(s->call, s->entity, is_new ? NULL : record_stage(s->entity, s->was.v), m->locked);
    records_hidden(s->entity, m->hidden);
    m->is_owner_code = check_is_owner_code(s->call, s->entity) || (s->how & SAVE_RESTORES) != 0;
    m->may_settings = call_may(s->call, CRM_S("settings"));
}

static const char *field_verdict(saving *s, const masks *m, uint32_t i)
{
    const field *f = &s->entity->fields[i];
    if (i == COL_MARKS || (m->is_owner_code && f->flags & (FIELD_READ_ONLY | FIELD_HIDDEN))) {
        return NULL;
    }
    if (bits_has(m->hidden, i) || !(bits_has(m->seen, i) || bits_has(m->granted, i))) {
        return "unknown_field";
    }
    if (!bits_has(s->user_set, i)) {
        return NULL; /* given as it stands already */
    }
    if (i < COL_OWN || f->flags & FIELD_READ_ONLY || !bits_has(m->granted, i) ||
        (!m->may_settings && is_guarded(s->call->reg, s->entity, i))) {
        return "read_only";
    }
    return bits_has(m->locked, i) ? "locked" : NULL;
}

static void check_fields(saving *s)
{
    masks m;
    take_masks(s, &m);
    for (uint32_t i = 0; i < s->entity->field_count; i++) {
        if (!bits_has(s->given->set, i)) {
            continue;
        }
        const char *code = field_verdict(s, &m, i);
        if (code && str_is(str_of(code), "unknown_field")) {
            crm_status st = records_unknown_field(s->call, s->entity, s->entity->fields[i].name);
            (void)st;
        } else if (code && str_is(str_of(code), "locked")) {
            const stage *at = record_stage(s->entity, s->was.v);
            field_fails_as(s, i, code, rights_lock_reason(s->call, s->entity, at, i));
        } else if (code) {
            field_fails(s, i, code);
        }
    }
}

/* ---- stages ---------------------------------------------------------------------------------- */

static bool has_starts(const pipeline *p)
{
    for (uint32_t i = 0; i < p->stage_count; i++) {
        if (p->stages[i].is_start) {
            return true;
        }
    }
    return false;
}

static void check_move(saving *s)
{
    const entity *e = s->entity;
    const pipeline *p = e->stage_field ? e->fields[e->stage_field].pipeline : NULL;
    if (!p || (!s->given->is_new && !bits_has(s->user_set, e->stage_field))) {
        return;
    }
    const stage *to = record_stage(e, s->now.v), *from = NULL;
    bool is_denied;
    if (s->given->is_new) {
        is_denied = to && has_starts(p) && !to->is_start && s->call->who->kind != PRINCIPAL_SYSTEM;
    } else {
        from = record_stage(e, s->was.v);
        is_denied = rights_move(s->call, e, s->was.v, from, to) != CRM_OK;
    }
    if (is_denied) {
        crm_str why = rights_move_reason(s->call, e, from, to);
        field_fails_as(s, e->stage_field, "stage_move_denied", why);
    }
}

/* A field that he neither sees nor sets is not named: that the stage needs something is all he
 * learns. */
static void fails_need(saving *s, const stage *at, uint32_t f, const uint64_t known[4])
{
    bool is_known = bits_has(known, f);
    field_fails_as(s, is_known ? f : s->entity->stage_field,
                   is_known ? "stage_needs" : "stage_needs_hidden",
                   rights_need_reason(s->call, at));
}

static void take_known(saving *s, uint64_t known[4])
{
    uint32_t matched = s->given->is_new ? ~0u : s->matched;
    uint64_t granted[4];
    rights_fields_for(rights(s), matched, ACTION_READ, known);
    rights_fields_for(rights(s), s->matched, s->given->is_new ? ACTION_CREATE : ACTION_UPDATE,
                      granted);
    bits_or(known, granted);
}

static void check_needs(saving *s)
{
    const entity *e = s->entity;
    const stage *at = record_stage(e, s->now.v);
    bool is_entered = e->stage_field && bits_has(s->changed, e->stage_field);
    uint64_t known[4];
    take_known(s, known);
    for (uint32_t i = 0; at && i < at->require_count; i++) {
        uint16_t f = at->require[i];
        if (value_is_null(s->now.v[f]) && (is_entered || bits_has(s->changed, f))) {
            fails_need(s, at, f, known);
        }
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

static bool owner_changes(const saving *s)
{
    const entity *e = s->entity;
    for (int i = 0; i < 3 && e->owner_fields[i]; i++) {
        if (bits_has(s->user_set, e->owner_fields[i])) {
            return true;
        }
    }
    return false;
}

static bool is_unowned(const saving *s)
{
    const entity *e = s->entity;
    for (int i = 0; i < 3 && e->owner_fields[i]; i++) {
        if (!value_is_null(s->was.v[e->owner_fields[i]])) {
            return false;
        }
    }
    return true;
}

/* Who may change a row may take it when it is nobody's; giving away takes the right to reassign, or
 * having made the record. */
static void check_owner(saving *s)
{
    const crm_ctx *c = s->call;
    if (s->given->is_new || !owner_changes(s)) {
        return;
    }
    bool is_maker = c->who->user && s->was.v[COL_CREATED_BY].i == c->who->user;
    bool may = rights_actions(rights(s), s->matched) >> ACTION_REASSIGN & 1;
    s->gives_away = is_maker || may;
    if (!s->gives_away && !is_unowned(s)) {
        field_fails(s, s->entity->owner_fields[0], "owner_denied");
    }
}

/* Whose records come with a file may have left: that is how it was. */
static const char *giving_verdict(const saving *s, int64_t user)
{
    const person *p = people_user(s->call->people, user);
    if (p && p->is_disabled) {
        return s->how & SAVE_IMPORTS ? NULL : "owner_left";
    }
    return rights_reads_none(s->call, s->entity, user) ? "owner_cannot_read" : NULL;
}

/* A record given to somebody who has left is nobody's, and one given to who may not read it is lost
 * to view: he does not see it, and whoever gave it away may not any more. */
static void check_given_to(saving *s)
{
    const entity *e = s->entity;
    const principal *who = s->call->who;
    bool is_persons = who->kind == PRINCIPAL_USER && !(s->how & SAVE_RESTORES);
    for (int i = 0; is_persons && i < 3 && e->owner_fields[i]; i++) {
        uint16_t f = e->owner_fields[i];
        value v = s->now.v[f];
        bool is_given = f >= COL_OWN && bits_has(s->user_set, f) &&
                        (s->given->is_new || !value_equal(v, s->was.v[f]));
        bool is_anothers = is_given && v.kind == VALUE_INT && v.i != who->user;
        const char *code = is_anothers ? giving_verdict(s, v.i) : NULL;
        if (code) {
            field_fails(s, f, code);
        }
    }
}

/* He may make such records for himself, only not at once for somebody else. */
static bool is_only_anothers(saving *s)
{
    crm_ctx *c = s->call;
    uint16_t f = s->entity->owner_fields[0];
    uint32_t matched = 0;
    if (!s->given->is_new || s->how & SAVE_IMPORTS || f < COL_OWN || !bits_has(s->user_set, f) ||
        c->who->kind != PRINCIPAL_USER) {
        return false;
    }
    value *row = row_dup(c->arena, s->entity, s->now.v);
    if (row) {
        row[f] = value_int(c->who->user);
    }
    return row && rights_match_row(c, s->entity, row, &matched) == CRM_OK &&
           matched & rights_for(rights(s), ACTION_CREATE);
}

/* What comes in a file comes only where the right to import covers it, before and after. */
static bool may_come(saving *s, uint32_t after)
{
    uint32_t imports = rights_for(rights(s), ACTION_IMPORT);
    return !(s->how & SAVE_IMPORTS) || (s->matched & imports && after & imports);
}

/* The row after must still be one that he may write, unless giving it away is what he does. */
static crm_status check_after(saving *s)
{
    uint32_t after = s->matched;
    action a = s->given->is_new ? ACTION_CREATE : ACTION_UPDATE;
    if (!s->given->is_new && !s->gives_away) {
        crm_status st = rights_match_row(s->call, s->entity, s->now.v, &after);
        if (st) {
            return st;
        }
    }
    bool may = after & rights_for(rights(s), a) || s->gives_away;
    if (!may && is_only_anothers(s)) {
        field_fails(s, s->entity->owner_fields[0], "owner_denied");
        return CRM_INVALID;
    }
    if (!may) {
        return call_fail(s->call, CRM_DENIED, "denied");
    }
    return may_come(s, after) ? CRM_OK : call_fail(s->call, CRM_DENIED, "import_denied");
}

crm_status check_rights(saving *s)
{
    check_owner(s);
    check_given_to(s);
    crm_status st = check_after(s);
    st = st ? st : notes_check_change(s);
    if (st) {
        return st;
    }
    check_fields(s);
    check_move(s);
    return verdict(s);
}

/* ---- content --------------------------------------------------------------------------------- */

/* What was given for it could not be read: that it is missing besides would mislead. */
static bool is_refused(const saving *s, const field *f)
{
    const field_error *e = s->call->error.fields;
    while (e && !str_eq(e->field, f->name)) {
        e = e->next;
    }
    return e != NULL;
}

static void check_required(saving *s)
{
    for (uint32_t i = COL_OWN; i < s->entity->field_count; i++) {
        const field *f = &s->entity->fields[i];
        bool is_asked = s->given->is_new || bits_has(s->changed, i);
        if (f->flags & FIELD_REQUIRED && is_asked && value_is_null(s->now.v[i]) &&
            !is_refused(s, f)) {
            field_fails(s, i, "required");
        }
    }
}

static bool on_target(void *arg, const value *row, uint32_t matched)
{
    (void)matched;
    *(bool *)arg = value_is_null(row[COL_DELETED_AT]);
    return false;
}

/* Whether the record exists; for what a person gives, also whether he may read it. */
static crm_status find_target(saving *s, const entity *e, int64_t id, bool is_given, bool *found)
{
    crm_ctx *c = s->call;
    bool is_limited = is_given && c->who->kind != PRINCIPAL_SYSTEM;
    const branches *b = is_limited ? rights_of(c, e) : NULL;
    query q = {.entity = e, .rights = b, .need = b ? rights_for(b, ACTION_READ) : 0, .env = c->env};
    engine_op op = {
        .kind = ENGINE_GET, .entity = e, .id = id, .query = &q, .on_row = on_target, .arg = found};
    bits_add(q.select, COL_DELETED_AT);
    *found = false;
    if (id <= 0 || (b && !q.need)) {
        return CRM_OK;
    }
    crm_status st = tx_run(c->tx, &op);
    return st == CRM_NOT_FOUND ? CRM_OK : st;
}

/* Whether the field's condition lets this record be chosen. What comes back, or was copied, was
 * chosen before. */
static crm_status is_selectable(saving *s, const field *f, int64_t id, bool *is)
{
    crm_ctx *c = s->call;
    *is = true;
    if (!f->where || s->how & SAVE_RESTORES || bits_has(s->given->copied, f->index)) {
        return CRM_OK;
    }
    const cond *one = cond_compare(c->arena, COND_EQ, &f->ref->fields[COL_ID], value_int(id));
    query q = {
        .entity = f->ref, .where = cond_and(c->arena, one, f->where), .env = c->env, .limit = 1};
    bits_add(q.select, COL_DELETED_AT);
    *is = false;
    return tx_list(c->tx, &q, on_target, is);
}

/* Of a copy nobody could put it right, so it comes without what is gone. */
static void target_fails(saving *s, const field *f)
{
    bool is_copied = bits_has(s->given->copied, f->index) && f->type == FIELD_REF;
    if (is_copied && !(f->flags & FIELD_REQUIRED)) {
        s->now.v[f->index] = value_null();
    } else {
        field_fails(s, f->index, "no_such_record");
    }
}

static crm_status check_target(saving *s, const field *f, int64_t id)
{
    bool found = false, is_given = bits_has(s->user_set, f->index);
    crm_status st = CRM_OK;
    if (label_is_of_people(s->call->reg, f)) {
        is_given = false; /* everyone knows who works here */
    }
    if (f->type == FIELD_USER) {
        found = people_user(s->call->people, id) != NULL;
    }
    if (!found) {
        st = find_target(s, f->ref, id, is_given, &found);
    }
    if (!st && !found) {
        target_fails(s, f);
        return CRM_OK;
    }
    st = st ? st : is_selectable(s, f, id, &found);
    if (!st && !found) {
        field_fails(s, f->index, "not_selectable");
    }
    return st;
}

/* Of a list, what stood in it before is not chosen now. */
static bool is_kept(const saving *s, uint32_t i, crm_str part)
{
    return s->was.v && value_has_element(s->was.v[i], part);
}

static crm_status check_references(saving *s)
{
    crm_status st = CRM_OK;
    for (uint32_t i = COL_OWN; !st && i < s->entity->field_count; i++) {
        const field *f = &s->entity->fields[i];
        value v = s->now.v[i];
        if (!bits_has(s->changed, i) || value_is_null(v) || !f->ref) {
            continue;
        }
        if (v.kind == VALUE_INT) {
            st = check_target(s, f, v.i);
            continue;
        }
        crm_str part, rest = v.s;
        int64_t id;
        while (!st && f->type == FIELD_REFS && str_split(&rest, '\n', &part)) {
            if (!is_kept(s, i, part)) {
                st = check_target(s, f, str_to_i64(part, &id) ? 0 : id);
            }
        }
    }
    return st;
}

/* A view of a list that its maker may not see, or that is none, would be of no use and tell of
 * others' lists. */
static void check_view(saving *s)
{
    crm_ctx *c = s->call;
    value name =
        s->entity == registry_store(c->reg, STORE_VIEW) ? s->now.v[VIEW_ENTITY] : value_null();
    const entity *of = value_is_null(name) ? NULL : registry_entity(c->reg, name.s);
    bool is_known = of && !(of->flags & (ENTITY_SYSTEM | ENTITY_NO_API));
    if (!value_is_null(name) && bits_has(s->changed, VIEW_ENTITY) &&
        (!is_known || !rights_may_some(c, of, ACTION_READ))) {
        field_fails(s, VIEW_ENTITY, "not_a_choice");
    }
}

crm_status check_content(saving *s)
{
    check_required(s);
    check_view(s);
    check_needs(s);
    crm_status st = check_references(s);
    return st ? st : verdict(s);
}
