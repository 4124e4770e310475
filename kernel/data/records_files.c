/*
 * records_files.c - attachments in a write: the ids a caller gives become what a record holds, and
 * rows of sys.file learn their place. Writer.
 */
#include "base/crypto.h"
#include "data/files.h"
#include "data/records_private.h"

#include <assert.h>

/* ---- what is given --------------------------------------------------------------------------- */

static crm_status refuse(saving *s, const field *f)
{
    return call_fail_field(s->call, f->name, "no_such_record", (crm_str){0});
}

static bool is_place(const saving *s, const field *f, const file_row *row)
{
    assert(s->given->is_new || s->was.v);
    return !s->given->is_new && row->entity == s->entity->id && row->record == s->was.v[COL_ID].i &&
           row->field == f->id;
}

/* Another field of this write has it already. */
static bool is_taken(const saving *s, const field *f, crm_str id)
{
    for (uint32_t i = COL_OWN; i < f->index; i++) {
        const value *v = &s->given->v[i];
        if (field_is_file(&s->entity->fields[i]) && bits_has(s->given->set, i) &&
            v->kind == VALUE_TEXT && file_value_find(v->s, id).n) {
            return true;
        }
    }
    return false;
}

/* The same content once more, under an id of its own: a file has one place, and its rights. */
static crm_status copy_row(saving *s, file_row *row)
{
    row->token = crypto_token(s->call->arena, FILE_ID_BYTES);
    row->user = s->call->who->user;
    row->entity = 0;
    return row->token.p ? file_add(s->call, row) : CRM_NOMEM;
}

static crm_status find_row(saving *s, const field *f, crm_str id, file_row *row)
{
    crm_status st = file_find(s->call, id, row);
    bool is_here = st == CRM_OK && is_place(s, f, row);
    if (st == CRM_OK && !is_here) {
        st = file_may_read(s->call, row);
    }
    if (st == CRM_OK && !is_here && (row->entity || is_taken(s, f, id))) {
        st = copy_row(s, row);
    }
    return st == CRM_NOT_FOUND ? refuse(s, f) : st;
}

static crm_status resolve_one(saving *s, const field *f, crm_str given, crm_str *out)
{
    file_value v;
    file_row row;
    value was = s->was.v ? s->was.v[f->index] : value_null();
    if (!file_value_read(given, &v)) {
        return refuse(s, f);
    }
    *out = was.kind == VALUE_TEXT ? file_value_find(was.s, v.id) : (crm_str){0};
    if (out->n) {
        return CRM_OK;
    }
    crm_status st = find_row(s, f, v.id, &row);
    if (st != CRM_OK) {
        return st;
    }
    v = (file_value){.name = row.name, .id = row.token, .type = row.type, .size = row.size};
    *out = file_value_text(s->call->arena, &v);
    return out->p ? CRM_OK : CRM_NOMEM;
}

/* A refused attachment leaves the value as it was: the whole write is refused with it. */
static crm_status resolve_field(saving *s, const field *f)
{
    crm_str rest = s->given->v[f->index].s, part, whole = {0}, all = {0};
    crm_status st = CRM_OK;
    while (st == CRM_OK && str_split(&rest, '\n', &part)) {
        st = resolve_one(s, f, part, &whole);
        if (st == CRM_OK) {
            all = all.n ? arena_fmt(s->call->arena, "%.*s\n%.*s", STR_FMT(all), STR_FMT(whole))
                        : whole;
        }
    }
    if (st == CRM_OK || st == CRM_INVALID) {
        s->given->v[f->index] = st == CRM_OK ? value_text(all) : value_null();
    }
    return st == CRM_INVALID ? CRM_OK : st;
}

crm_status files_resolve(saving *s)
{
    crm_status st = CRM_OK;
    for (uint32_t i = COL_OWN; st == CRM_OK && i < s->entity->field_count; i++) {
        const field *f = &s->entity->fields[i];
        if (field_is_file(f) && bits_has(s->given->set, i) && !value_is_null(s->given->v[i])) {
            st = resolve_field(s, f);
        }
    }
    return st;
}

/* ---- what is written ------------------------------------------------------------------------- */

/* Every attachment of `all` that is not in `other` gets its place, or leaves it. */
static crm_status place_all(saving *s, const field *f, value all, value other, bool is_gone)
{
    crm_str rest = all.kind == VALUE_TEXT ? all.s : (crm_str){0}, part;
    crm_status st = CRM_OK;
    file_value v;
    file_row row;
    while (st == CRM_OK && str_split(&rest, '\n', &part)) {
        bool is_kept = !file_value_read(part, &v) ||
                       (other.kind == VALUE_TEXT && file_value_find(other.s, v.id).n);
        st = is_kept ? CRM_NOT_FOUND : file_find(s->call, v.id, &row);
        if (st == CRM_OK) {
            row.entity = s->entity->id;
            row.record = s->now.v[COL_ID].i;
            row.field = f->id;
            row.is_gone = is_gone;
            st = file_place(s->call, &row);
        }
        st = st == CRM_NOT_FOUND ? CRM_OK : st; /* its time was over */
    }
    return st;
}

crm_status files_settle(saving *s)
{
    crm_status st = CRM_OK;
    for (uint32_t i = COL_OWN; st == CRM_OK && i < s->entity->field_count; i++) {
        const field *f = &s->entity->fields[i];
        value was = s->was.v ? s->was.v[i] : value_null();
        if (!field_is_file(f) || !bits_has(s->changed, i)) {
            continue;
        }
        st = place_all(s, f, was, s->now.v[i], true);
        st = st == CRM_OK ? place_all(s, f, s->now.v[i], was, false) : st;
    }
    return st;
}
