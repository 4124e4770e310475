/*
 * import_lack.c - what a row stands without: references that name no record, which may be made with
 * the row, and birthdays of cards without a year. What is left out is told as a warning, with its
 * text.
 */
#include "data/field.h"
#include "data/tx.h"
#include "table/import_private.h"

/* ---- reading --------------------------------------------------------------------------------- */

/* A card often says only the day and the month. */
static bool is_birthday(const import_options *o, const field *f)
{
    return o->is_vcard && f->type == FIELD_DATE && !(f->flags & FIELD_REQUIRED);
}

static bool may_lack(const import_options *o, const field *f)
{
    bool is_made = f->type == FIELD_REF || f->type == FIELD_REFS;
    return (is_made || f->type == FIELD_USER) &&
           (!(f->flags & FIELD_REQUIRED) || (is_made && o->missing == MISSING_CREATE));
}

static crm_status unread_date(crm_ctx *c, const field *to, crm_str text, const char **code)
{
    field_source how = {.arena = c->arena, .reg = c->reg};
    field_result got;
    crm_status s = field_read_text(&how, to, import_date(c->arena, text, false), &got);
    *code = s == CRM_INVALID ? "type_mismatch" : NULL;
    return s == CRM_INVALID ? CRM_OK : s;
}

static crm_status add(finder *f, const import_column *col, crm_str text, const char *code,
                      import_row *out)
{
    import_lack *lack = ARENA_NEW(f->call->arena, import_lack), **last = &out->lacks;
    if (!lack) {
        return CRM_NOMEM;
    }
    *lack = (import_lack){.column = col, .text = arena_dup(f->call->arena, text), .code = code};
    while (*last) {
        last = &(*last)->next;
    }
    *last = lack;
    return lack->text.p ? CRM_OK : CRM_NOMEM;
}

crm_status import_lack_take(finder *f, const import_options *o, const import_column *col,
                            crm_str text, import_row *out, bool *is_lacking)
{
    int64_t id;
    const char *code = NULL;
    crm_status s = CRM_OK;
    if (o->missing != MISSING_REFUSE && is_birthday(o, col->field)) {
        s = unread_date(f->call, col->field, text, &code);
    } else if (o->missing != MISSING_REFUSE && may_lack(o, col->field)) {
        s = find_reference_code(f, col, text, &id, &code);
    }
    *is_lacking = s == CRM_OK && code;
    return *is_lacking ? add(f, col, text, code, out) : s;
}

/* ---- making ---------------------------------------------------------------------------------- */

static bool has_letter(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c >= 0x80 || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z')) {
            return true;
        }
    }
    return false;
}

/* A record of which nothing but its name is known: neither a number nor what the kernel keeps. */
static const field *title_to_make(const import_lack *lack)
{
    const field *f = lack->column->field, *by = lack->column->by;
    const entity *e = f->ref;
    bool is_open = (f->type == FIELD_REF || f->type == FIELD_REFS) && e &&
                   str_find(e->name, '.') > 0 && !f->where &&
                   !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API | ENTITY_LOG));
    const field *title = is_open && e->title_field ? &e->fields[e->title_field] : NULL;
    bool is_name = title && title->type == FIELD_TEXT && (!by || by == title);
    bool is_unknown = str_is(str_of(lack->code), "no_such_record");
    return is_name && is_unknown && lack->text.p[0] != '#' && has_letter(lack->text) ? title : NULL;
}

/* An earlier row may have made it since this one was looked through. */
static crm_status make(crm_ctx *c, const field *title, crm_str text, int64_t *id)
{
    record *r;
    value v;
    bool is_marked;
    crm_status s = field_from_text(c, title, text, &v, &is_marked);
    s = s == CRM_OK ? find_record(c, title->entity, title, v, id) : s;
    if (s != CRM_OK || *id) {
        return s;
    }
    if (!rights_may_some(c, title->entity, ACTION_CREATE)) {
        return CRM_DENIED;
    }
    s = records_new(c, title->entity, &r);
    s = s == CRM_OK ? record_set(r, title, v) : s;
    s = s == CRM_OK ? records_import(c, r) : s;
    *id = s == CRM_OK ? r->v[COL_ID].i : 0;
    return s;
}

static bool is_refusal(crm_status s)
{
    return s == CRM_INVALID || s == CRM_DENIED || s == CRM_CONFLICT || s == CRM_NOT_FOUND;
}

/* What refuses is as if it had not been tried: the row begins anew, without any of them. */
static crm_status begin_anew(crm_ctx *c, int64_t ids[LACKS_MAX])
{
    crm_status s = tx_row_end(c->tx, false, NULL);
    c->error = (call_error){0};
    memset(ids, 0, LACKS_MAX * sizeof *ids);
    return s == CRM_OK ? tx_row_begin(c->tx) : s;
}

crm_status import_lacks_make(crm_ctx *c, const import_options *o, const import_row *row,
                             int64_t ids[LACKS_MAX])
{
    uint32_t i = 0;
    for (const import_lack *l = row->lacks; l && i < LACKS_MAX; l = l->next, i++) {
        const field *title = o->missing == MISSING_CREATE ? title_to_make(l) : NULL;
        crm_status s = title ? make(c, title, l->text, &ids[i]) : CRM_OK;
        if (s != CRM_OK || c->error.status != CRM_OK) {
            return s == CRM_OK || is_refusal(s) ? begin_anew(c, ids) : s;
        }
    }
    return CRM_OK;
}

/* `begun` are the fields that stand as the row has them; of any other the first that is made takes
 * the place of what the record holds, unless the options add. */
static crm_status add_made(crm_ctx *c, const import_options *o, const field *f, int64_t id,
                           uint64_t begun[4], record *r)
{
    crm_str digits = arena_fmt(c->arena, "%lld", (long long)id);
    bool is_beside = bits_has(begun, f->index) || (o->adds && !r->is_new);
    value all;
    crm_status s =
        import_unite(c, f, is_beside ? r->v[f->index] : value_null(), value_text(digits), &all);
    bits_add(begun, f->index);
    return s == CRM_OK ? record_set(r, f, all) : s;
}

crm_status import_lacks_set(crm_ctx *c, const import_options *o, const import_row *row,
                            const int64_t ids[LACKS_MAX], record *r)
{
    uint64_t begun[4];
    uint32_t i = 0;
    crm_status s = CRM_OK;
    memcpy(begun, row->given, sizeof begun);
    for (const import_lack *l = row->lacks; l && s == CRM_OK && i < LACKS_MAX; l = l->next, i++) {
        const field *f = l->column->field;
        if (ids[i] && f->type == FIELD_REFS) {
            s = add_made(c, o, f, ids[i], begun, r);
        } else if (ids[i]) {
            s = record_set(r, f, value_int(ids[i]));
        }
    }
    return s;
}

/* ---- telling --------------------------------------------------------------------------------- */

static crm_str params_of(arena *a, crm_str text)
{
    buf b;
    json_writer w;
    buf_init(&b, 0);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "text", text);
    jw_end_object(&w);
    crm_str out = b.failed ? (crm_str){0} : arena_dup(a, buf_view(&b));
    buf_free(&b);
    return out;
}

bool import_lacks_tell(crm_ctx *c, const import_row *row, const int64_t ids[LACKS_MAX])
{
    uint32_t i = 0;
    bool has_any = false;
    for (const import_lack *l = row->lacks; l; l = l->next, i++) {
        if (i < LACKS_MAX && ids[i]) {
            continue;
        }
        const char *code = str_is(str_of(l->code), "no_such_record") ? "left_unknown"
                           : str_is(str_of(l->code), "ambiguous")    ? "left_ambiguous"
                                                                     : "left_unread";
        call_fail_field(c, l->column->field->name, code, params_of(c->arena, l->text));
        has_any = true;
    }
    return has_any;
}
