/* export.c - columns, rows and files of an export. */
#include "table/export.h"

#include "base/csv.h"
#include "data/field.h"

/* ---- columns --------------------------------------------------------------------------------- */

static void shown_fields(crm_ctx *c, const entity *e, uint64_t out[4])
{
    rights_fields_for(rights_exported(c, e), ~0u, ACTION_READ, out);
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (e->fields[i].flags & FIELD_HIDDEN || i == COL_MARKS || i == COL_DELETED_AT) {
            out[i >> 6] &= ~(1ull << (i & 63));
        }
    }
}

static crm_status asked_columns(crm_ctx *c, export_plan *p, crm_str fields, const uint64_t shown[4])
{
    crm_str name;
    while (str_split(&fields, ',', &name)) {
        const field *f = entity_field(p->entity, str_trim(name));
        if (!f || !bits_has(shown, f->index)) {
            return records_unknown_field(c, p->entity, name);
        }
        if (p->count == FIELDS_MAX) {
            return call_fail_field(c, CRM_S("fields"), "too_long", (crm_str){0});
        }
        p->columns[p->count++] = f->index;
    }
    return CRM_OK;
}

static const field *first_of(const export_plan *p, field_type type)
{
    for (uint32_t i = 0; i < p->count; i++) {
        const field *f = &p->entity->fields[p->columns[i]];
        if (f->type == type) {
            return f;
        }
    }
    return NULL;
}

crm_status export_plan_make(crm_ctx *c, export_plan *p, crm_str fields)
{
    uint64_t shown[4];
    shown_fields(c, p->entity, shown);
    p->count = 0;
    crm_status s = fields.n ? asked_columns(c, p, fields, shown) : CRM_OK;
    for (uint32_t i = COL_OWN; !fields.n && i < p->entity->field_count; i++) {
        if (bits_has(shown, i)) {
            p->columns[p->count++] = (uint16_t)i;
        }
    }
    if (s != CRM_OK) {
        return s;
    }
    if (p->format == EXPORT_VCARD && !first_of(p, FIELD_PHONE) && !first_of(p, FIELD_EMAIL)) {
        return call_fail(c, CRM_INVALID, "export_format");
    }
    if (p->format == EXPORT_VCARD && (s = export_card_plan(c, p)) != CRM_OK) {
        return s;
    }
    s = p->is_cp1251 ? charset_open(&p->encoder, CHARSET_CP1251) : CRM_OK;
    return s == CRM_OK ? s : call_fail(c, s, "charset_missing");
}

const char *export_media_type(const export_plan *p)
{
    static const char *const types[] = {
        [EXPORT_CSV] = "text/csv; charset=utf-8; header=present",
        [EXPORT_XLSX] = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        [EXPORT_VCARD] = "text/vcard; charset=utf-8",
        [EXPORT_JSON] = "application/json; charset=utf-8"};
    bool is_other = p->format == EXPORT_CSV && p->is_cp1251;
    return is_other ? "text/csv; charset=windows-1251; header=present" : types[p->format];
}

const char *export_extension(const export_plan *p)
{
    static const char *const all[] = {"csv", "xlsx", "vcf", "json"};
    return all[p->format];
}

/* ---- tables ---------------------------------------------------------------------------------- */

static crm_str title_of(crm_ctx *c, const export_plan *p, uint32_t column)
{
    const field *f = &p->entity->fields[p->columns[column]];
    return p->has_names ? f->name : registry_text(c->reg, c->lang, f->label);
}

static void begin_csv(crm_ctx *c, const export_plan *p, buf *out)
{
    buf_z(out, p->is_cp1251 ? "" : "\xEF\xBB\xBF");
    for (uint32_t i = 0; i < p->count; i++) {
        if (i) {
            buf_char(out, p->separator);
        }
        csv_put_cell(out, title_of(c, p, i), p->separator);
    }
    buf_z(out, "\r\n");
}

static crm_str sheet_kind(const field *f)
{
    switch (field_stored_type(f)) {
    case FIELD_INT:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_PERCENT:
        return CRM_S(TABLE_NUMBER);
    case FIELD_DATE:
        return CRM_S(TABLE_DATE);
    case FIELD_DATETIME:
        return CRM_S(TABLE_DATETIME);
    default:
        return CRM_S(TABLE_TEXT);
    }
}

static void begin_sheet(crm_ctx *c, const export_plan *p, buf *out)
{
    crm_str cells[FIELDS_MAX];
    for (uint32_t i = 0; i < p->count; i++) {
        cells[i] = sheet_kind(&p->entity->fields[p->columns[i]]);
    }
    table_put(out, &(table_row){.cells = cells, .count = p->count});
    for (uint32_t i = 0; i < p->count; i++) {
        cells[i] = title_of(c, p, i);
    }
    table_put(out, &(table_row){.cells = cells, .count = p->count});
}

static bool is_shown(const record_view *v, uint32_t i)
{
    return bits_has(v->visible, i) && !bits_has(v->denied, i);
}

/* The row's cells one behind the other in `texts`, each ending at ends[i]. */
static crm_status fill_cells(crm_ctx *c, const export_plan *p, const record_view *v, buf *texts,
                             size_t ends[FIELDS_MAX])
{
    for (uint32_t i = 0; i < p->count; i++) {
        uint16_t at = p->columns[i];
        crm_str label = v->labels ? v->labels[at] : (crm_str){0};
        crm_status s = is_shown(v, at)
                           ? export_value(c, p, &v->entity->fields[at], v->row[at], label, texts)
                           : CRM_OK;
        if (s != CRM_OK) {
            return s;
        }
        ends[i] = texts->n;
    }
    return CRM_OK;
}

static crm_status table_line(crm_ctx *c, const export_plan *p, const record_view *v, buf *out)
{
    buf texts;
    size_t ends[FIELDS_MAX], from = 0;
    crm_str cells[FIELDS_MAX];
    buf_init(&texts, 0);
    crm_status s = fill_cells(c, p, v, &texts, ends);
    for (uint32_t i = 0; s == CRM_OK && i < p->count; i++) {
        cells[i] = ends[i] > from ? (crm_str){texts.p + from, ends[i] - from} : CRM_S("");
        from = ends[i];
        if (p->format == EXPORT_CSV) {
            buf_add(out, &p->separator, i ? 1 : 0);
            csv_put_cell(out, cells[i], p->separator);
        }
    }
    if (s == CRM_OK && p->format == EXPORT_CSV) {
        buf_z(out, "\r\n");
    } else if (s == CRM_OK) {
        table_put(out, &(table_row){.line = 1, .cells = cells, .count = p->count});
    }
    buf_free(&texts);
    return s;
}

/* ---- the file -------------------------------------------------------------------------------- */

void export_begin(crm_ctx *c, const export_plan *p, buf *out)
{
    if (p->format == EXPORT_CSV) {
        begin_csv(c, p, out);
    } else if (p->format == EXPORT_XLSX) {
        begin_sheet(c, p, out);
    } else if (p->format == EXPORT_JSON) {
        buf_char(out, '[');
    }
}

crm_status export_row(crm_ctx *c, const export_plan *p, const record_view *v, buf *out)
{
    return p->format == EXPORT_VCARD ? export_card(c, p, v, out) : table_line(c, p, v, out);
}

void export_end(const export_plan *p, buf *out)
{
    if (p->format == EXPORT_XLSX) {
        table_put(out, &(table_row){.line = 0}); /* the end, as karkas-sheet wants it */
    } else if (p->format == EXPORT_JSON) {
        buf_z(out, "]\n");
    }
}
