/*
 * records_undo.c - taking changes back: one change, or all since one. Writer, inside a transaction.
 *
 * What goes back is written like anything else, under the caller's rights, so stages, locks and
 * required fields hold, and the undo is a change of its own.
 */
#include "data/changelog.h"
#include "data/field.h"
#include "data/records_private.h"

#include <assert.h>

#define BACK_MAX 1000 /* changes that a return to an earlier state may pass */

/* Whether the field still stores what such a value is. */
static bool fits(const field *f, value v)
{
    if (value_is_null(v)) {
        return true;
    }
    if (f->type == FIELD_STAGE && f->pipeline) {
        return v.kind == VALUE_TEXT && pipeline_stage(f->pipeline, v.s, NULL);
    }
    return (v.kind == VALUE_TEXT) == field_is_text(f);
}

/* A field that does not exist for him, and that no hook alone may write, is passed over. */
static bool is_passed_over(const record *r, const field *f)
{
    bool is_his = bits_has(r->visible, f->index) || bits_has(r->writable, f->index);
    return f->type == FIELD_COMPUTED || (!is_his && !(f->flags & FIELD_READ_ONLY));
}

/* What only the kernel and hooks write. */
static bool is_inner(const field *f)
{
    return (f->flags & (FIELD_READ_ONLY | FIELD_HIDDEN)) != 0;
}

/* `mark`: the code of the value's mark then; NULL: it had none. */
static crm_status put_back(record *r, const field *f, value was, const char *mark)
{
    crm_status st = record_set(r, f, was);
    return st ? st : record_mark_as(r, f, mark);
}

/* ---- one change ------------------------------------------------------------------------------ */

static bool is_wanted(const undo_wish *w, uint32_t i)
{
    return !bits_any(w->fields) || bits_has(w->fields, i);
}

/* Those that people write, or else the inner ones. */
static crm_status take_fields(const undo_wish *w, record *r, const value *row, bool inner,
                              uint64_t conflicts[4])
{
    const change *ch = w->change;
    crm_status st = CRM_OK;
    for (uint32_t i = 0; !st && i < ch->field_count; i++) {
        const field *f = &ch->entity->fields[ch->fields[i]];
        value held = row[f->index], was = ch->was[i];
        if (is_inner(f) != inner || !is_wanted(w, f->index) || is_passed_over(r, f) ||
            value_equal(held, was)) {
            continue;
        }
        bool is_held = value_equal(held, ch->now[i]) || w->force;
        if (is_held && fits(f, was)) {
            st = put_back(r, f, was, ch->marks ? ch->marks[i] : NULL);
        } else {
            bits_add(conflicts, f->index);
        }
    }
    return st;
}

static crm_status refuse(crm_ctx *c, const entity *e, const uint64_t conflicts[4])
{
    crm_status st = call_fail(c, CRM_CONFLICT, "conflict");
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (bits_has(conflicts, i)) {
            (void)!call_fail_field(c, e->fields[i].name, "changed_since", (crm_str){0});
        }
    }
    return st;
}

/* The row as it is stored. */
static crm_status load(crm_ctx *c, const entity *e, int64_t id, value **row)
{
    crm_status st = tx_get_locked(c->tx, e, id, c->arena, row);
    if (st == CRM_NOT_FOUND || (!st && !value_is_null((*row)[COL_DELETED_AT]))) {
        return call_fail(c, CRM_CONFLICT, "record_gone");
    }
    return st;
}

/* The record as the caller may see it: what he gave away by this change, as it was before. */
static crm_status open_record(crm_ctx *c, const undo_wish *w, const value *row, record **out)
{
    uint32_t matched;
    const change *ch = w->change;
    const entity *e = ch->entity;
    value *back = row_dup(c->arena, e, row);
    record *r = ARENA_NEW(c->arena, record);
    if (!back || !r) {
        return CRM_NOMEM;
    }
    crm_status st = rights_match_row(c, e, row, &matched);
    uint32_t readable = rights_for(rights_of(c, e), ACTION_READ);
    if (!st && !(matched & readable) && w->is_own) {
        for (uint32_t i = 0; i < ch->field_count; i++) {
            back[ch->fields[i]] = ch->was[i];
        }
        st = rights_match_row(c, e, back, &matched);
    }
    if (st || !(matched & readable)) {
        return call_fail(c, st ? st : CRM_NOT_FOUND, st ? status_code(st) : "not_found");
    }
    *r = (record){.entity = e, .arena = c->arena};
    record_judge(c, r, row_dup(c->arena, e, row), matched);
    *out = r;
    return r->v ? CRM_OK : CRM_NOMEM;
}

static crm_status undo_update(crm_ctx *c, const undo_wish *w, uint64_t conflicts[4])
{
    record *r = NULL;
    value *row;
    const change *ch = w->change;
    crm_status st = load(c, ch->entity, ch->record, &row);
    st = st ? st : open_record(c, w, row, &r);
    assert(st || r);
    st = st ? st : take_fields(w, r, row, false, conflicts);
    if (!st && bits_any(r->set) && !bits_any(w->fields)) {
        st = take_fields(w, r, row, true,
                         conflicts); /* they follow what people wrote, never alone */
    }
    if (!st && !w->partly && bits_any(conflicts)) {
        st = refuse(c, ch->entity, conflicts);
    }
    unsigned how = SAVE_RESTORES | (w->is_own ? SAVE_OWN : 0);
    return st || !bits_any(r->set) ? st : save_as(c, r, 0, how);
}

/* Whether what people write is in the record as its creation left it, whatever happened between. */
static bool holds_creation(const change *ch, const value *row)
{
    const entity *e = ch->entity;
    value made[FIELDS_MAX] = {{0}};
    for (uint32_t i = 0; i < ch->field_count; i++) {
        made[ch->fields[i]] = ch->now[i];
    }
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        const field *f = &e->fields[i];
        if (f->type != FIELD_COMPUTED && !is_inner(f) && !value_equal(row[i], made[i])) {
            return false;
        }
    }
    return true;
}

static crm_status undo_creation(crm_ctx *c, const undo_wish *w, const value *row)
{
    bool is_changed = false;
    const change *ch = w->change;
    if (!value_is_null(row[COL_DELETED_AT])) {
        return CRM_OK;
    }
    crm_status st = w->force || holds_creation(ch, row)
                        ? CRM_OK
                        : changelog_changed_since(c->session, c->reg, ch, w->batches, &is_changed);
    if (!st && is_changed) {
        st = call_fail(c, CRM_CONFLICT, "changed_since");
    }
    return st ? st : delete_as(c, ch->entity, ch->record, 0, w->is_own ? SAVE_OWN : 0);
}

crm_status records_undo(crm_ctx *c, const undo_wish *w, uint64_t conflicts[4])
{
    value *row;
    const change *ch = w->change;
    assert(c->tx && ch->entity);
    memset(conflicts, 0, 4 * sizeof *conflicts);
    if (ch->op == 'u') {
        return undo_update(c, w, conflicts);
    }
    crm_status st = tx_get(c->tx, ch->entity, ch->record, c->arena, &row);
    if (st) {
        return st == CRM_NOT_FOUND ? call_fail(c, CRM_CONFLICT, "record_gone") : st;
    }
    if (ch->op != 'd') {
        return undo_creation(c, w, row);
    }
    return value_is_null(row[COL_DELETED_AT]) ? CRM_OK : records_restore(c, ch->entity, ch->record);
}

/* ---- all since one --------------------------------------------------------------------------- */

typedef struct earlier {
    value v[FIELDS_MAX];
    const char *mark[FIELDS_MAX];
    uint64_t set[4];
} earlier;

/* Newest first, so what stands at the end is the oldest value that was overwritten. */
static void go_back(earlier *to, const change_page *page)
{
    for (uint32_t i = 0; i < page->count; i++) {
        const change *ch = &page->at[i];
        for (uint32_t k = 0; ch->op == 'u' && k < ch->field_count; k++) {
            to->v[ch->fields[k]] = ch->was[k];
            to->mark[ch->fields[k]] = ch->marks ? ch->marks[k] : NULL;
            bits_add(to->set, ch->fields[k]);
        }
    }
}

static crm_status read_back(crm_ctx *c, const change *from, earlier *to)
{
    change_page page = {0};
    uint32_t passed = 0;
    crm_status st;
    do {
        change_range in = {.after = from->position, .before = page.last, .limit = LIST_MAX};
        st = changelog_of_record(c->session, c->reg, c->arena, from, in, &page);
        if (!st) {
            go_back(to, &page);
            passed += page.count;
        }
    } while (!st && page.has_more && passed < BACK_MAX);
    return !st && page.has_more ? call_fail(c, CRM_CONFLICT, "too_long_ago") : st;
}

static crm_status put_earlier(record *r, const value *row, const earlier *to, bool inner)
{
    crm_status st = CRM_OK;
    for (uint32_t i = COL_OWN; !st && i < r->entity->field_count; i++) {
        const field *f = &r->entity->fields[i];
        bool is_other = bits_has(to->set, i) && !value_equal(row[i], to->v[i]);
        if (is_other && is_inner(f) == inner && !is_passed_over(r, f) && fits(f, to->v[i])) {
            st = put_back(r, f, to->v[i], to->mark[i]);
        }
    }
    return st;
}

static crm_status write_back(crm_ctx *c, const change *from, const earlier *to)
{
    record *r;
    value *row;
    crm_status st = load(c, from->entity, from->record, &row);
    st = st ? st : records_get(c, from->entity, from->record, &r);
    st = st ? st : put_earlier(r, row, to, false);
    if (!st && bits_any(r->set)) {
        st = put_earlier(r, row, to, true);
    }
    return st || !bits_any(r->set) ? st : save_as(c, r, 0, SAVE_RESTORES);
}

crm_status records_undo_to(crm_ctx *c, const entity *e, int64_t id, int64_t position)
{
    value *row;
    change from;
    earlier *to = ARENA_NEW(c->arena, earlier);
    assert(c->tx);
    if (!to) {
        return CRM_NOMEM;
    }
    crm_status st = changelog_get(c->session, c->reg, c->arena, position, &from);
    if (!st && (from.entity != e || from.record != id)) {
        st = CRM_NOT_FOUND;
    }
    st = st ? st : tx_get(c->tx, e, id, c->arena, &row);
    if (st) {
        return call_fail(c, st, status_code(st));
    }
    if (from.op == 'd') {
        return call_fail(c, CRM_CONFLICT, "record_gone"); /* right after it there was no record */
    }
    st = read_back(c, &from, to);
    if (!st && !value_is_null(row[COL_DELETED_AT])) {
        st = records_restore(c, e, id);
    }
    return st ? st : write_back(c, &from, to);
}
