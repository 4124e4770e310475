/*
 * records_unmerge.c - moving references to the winner of a merge, and all of it back. The right to
 * merge covers it; hooks may refuse.
 */
#include "data/files.h"
#include "data/merge.h"
#include "data/records_private.h"

/* ---- one record, whatever its own rights ----------------------------------------------------- */

static crm_status open_row(crm_ctx *c, const entity *e, int64_t id, saving *s)
{
    *s = (saving){.call = c, .entity = e};
    s->now = s->was = (record){.entity = e, .arena = c->arena};
    crm_status st = tx_get_locked(c->tx, e, id, c->arena, &s->was.v);
    if (st) {
        return st;
    }
    s->now.v = row_dup(c->arena, e, s->was.v);
    return s->now.v ? CRM_OK : CRM_NOMEM;
}

/* What lies in the recycle bin follows without its hooks: for them it is not there. */
static crm_status write_row(saving *s)
{
    bool is_live = value_is_null(s->was.v[COL_DELETED_AT]);
    crm_status st = is_live ? hooks_run(s->call, HOOK_BEFORE_UPDATE, &s->now, &s->was) : CRM_OK;
    st = st || !is_live ? st : derive_computed(s);
    save_note_changes(s);
    if (st || !bits_any(s->changed)) {
        return st;
    }
    st = derive_marks(s);
    st = st ? st : store_write(s, 'u');
    st = st ? st : files_settle(s);
    return st || !is_live ? st : hooks_run(s->call, HOOK_AFTER_UPDATE, &s->now, &s->was);
}

/* ---- to the winner --------------------------------------------------------------------------- */

static bool is_from(const merge_wish *w, int64_t id)
{
    for (uint32_t i = 0; i < w->count; i++) {
        if (w->from[i] == id) {
            return true;
        }
    }
    return false;
}

/* Each of the others becomes the winner, who is there once. */
static value moved_list(arena *a, const merge_wish *w, value v)
{
    crm_str rest = v.s, one, all = {0};
    crm_str into = arena_fmt(a, "%lld", (long long)w->into);
    int64_t id;
    while (str_split(&rest, '\n', &one)) {
        crm_str to = str_to_i64(one, &id) == CRM_OK && is_from(w, id) ? into : one;
        if (!all.n) {
            all = to;
        } else if (!value_has_element(value_text(all), to)) {
            all = arena_fmt(a, "%.*s\n%.*s", STR_FMT(all), STR_FMT(to));
        }
    }
    return value_text(all);
}

crm_status records_repoint(crm_ctx *c, const merge_link *l, int64_t id, const merge_wish *w)
{
    saving s;
    uint16_t at = l->field->index;
    assert(c->tx);
    crm_status st = open_row(c, l->entity, id, &s);
    if (st) {
        return st == CRM_NOT_FOUND ? CRM_OK : st; /* removed for ever meanwhile */
    }
    if (l->field->type == FIELD_REFS) {
        s.now.v[at] = moved_list(c->arena, w, s.was.v[at]);
    } else if (s.was.v[at].kind == VALUE_INT && is_from(w, s.was.v[at].i)) {
        s.now.v[at] = value_int(w->into);
    }
    return value_equal(s.now.v[at], s.was.v[at]) ? CRM_OK : write_row(&s);
}

/* ---- and back -------------------------------------------------------------------------------- */

static crm_status take_back(saving *s, const change *ch, uint64_t conflicts[4])
{
    crm_status st = CRM_OK;
    for (uint32_t i = 0; !st && i < ch->field_count; i++) {
        uint16_t at = ch->fields[i];
        const field *f = &s->entity->fields[at];
        bool follows = f->type == FIELD_COMPUTED; /* the others, by itself */
        if (follows || value_equal(s->was.v[at], ch->was[i])) {
            continue;
        }
        if (value_equal(s->was.v[at], ch->now[i])) {
            s->now.v[at] = ch->was[i];
            st = record_mark_as(&s->now, f, ch->marks ? ch->marks[i] : NULL);
        } else {
            bits_add(conflicts, at);
        }
    }
    return st;
}

crm_status records_repoint_back(crm_ctx *c, const change *ch, uint64_t conflicts[4])
{
    saving s;
    assert(c->tx);
    memset(conflicts, 0, 4 * sizeof *conflicts);
    crm_status st = open_row(c, ch->entity, ch->record, &s);
    if (st) {
        return st == CRM_NOT_FOUND ? call_fail(c, CRM_CONFLICT, "record_gone") : st;
    }
    st = take_back(&s, ch, conflicts);
    return st ? st : write_row(&s);
}

/* ---- the merged ones ------------------------------------------------------------------------- */

/* A reference that was moved to the winner: what hooks then wrote into him is none of what he took.
 */
static bool is_moved(arena *a, const change *ch, const merge_wish *w)
{
    crm_str into = arena_fmt(a, "%lld", (long long)w->into);
    for (uint32_t i = 0; ch->op == 'u' && i < ch->field_count; i++) {
        const field *f = &ch->entity->fields[ch->fields[i]];
        const value *v = &ch->now[i];
        bool is_one = f->type == FIELD_REF && v->kind == VALUE_INT && v->i == w->into;
        bool is_among = f->type == FIELD_REFS && value_has_element(*v, into);
        if (f->ref == w->entity && (is_one || is_among)) {
            return true;
        }
    }
    return false;
}

/* What the winner took; NULL: nothing. It stands before all that was moved to him. */
static const change *taken_by(arena *a, const change_page *page, const merge_wish *w)
{
    for (uint32_t i = 0; i < page->count; i++) {
        const change *ch = &page->at[i];
        if (ch->entity == w->entity && ch->record == w->into && ch->op == 'u') {
            return ch;
        }
        if (ch->entity && is_moved(a, ch, w)) {
            return NULL;
        }
    }
    return NULL;
}

/* A winner that was merged itself is not there to give anything back. */
static crm_status open_winner(crm_ctx *c, const merge_wish *w, saving *s)
{
    uint32_t matched;
    crm_status st = open_row(c, w->entity, w->into, s);
    if (st == CRM_NOT_FOUND || (!st && !value_is_null(s->was.v[COL_DELETED_AT]))) {
        return call_fail(c, CRM_CONFLICT, "record_gone");
    }
    return st ? st : merge_check_right(c, w->entity, s->was.v, &matched);
}

/* Its attachments, which the winner may have had, are its own again. */
static crm_status take_files(saving *s)
{
    s->was.v = NULL;
    for (uint32_t i = COL_OWN; i < s->entity->field_count; i++) {
        if (field_is_file(&s->entity->fields[i])) {
            bits_add(s->changed, i);
        }
    }
    return files_settle(s);
}

static crm_status bring_back(crm_ctx *c, const entity *e, int64_t id)
{
    saving s;
    uint32_t matched;
    crm_status st = open_row(c, e, id, &s);
    if (st) {
        return st == CRM_NOT_FOUND ? call_fail(c, CRM_CONFLICT, "record_gone") : st;
    }
    st = merge_check_right(c, e, s.was.v, &matched);
    if (st || value_is_null(s.was.v[COL_DELETED_AT])) {
        return st;
    }
    st = store_write(&s, 'r');
    st = st ? st : take_files(&s);
    return st ? st : merged_forget(c, e, id);
}

crm_status records_unmerge(crm_ctx *c, const merge_wish *w, const change_page *first,
                           uint64_t conflicts[4])
{
    saving s;
    const change *ch = taken_by(c->arena, first, w);
    assert(c->tx);
    memset(conflicts, 0, 4 * sizeof *conflicts);
    crm_status st = open_winner(c, w, &s);
    if (!st && ch) {
        st = take_back(&s, ch, conflicts);
        st = st ? st : write_row(&s);
    }
    for (uint32_t i = 0; !st && i < w->count; i++) {
        st = bring_back(c, w->entity, w->from[i]);
    }
    return st;
}
