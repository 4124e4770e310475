/* import_row.c - one row of a file, understood: its cells gathered per field, its values, its
 * record. */
#include "base/csv.h"
#include "data/address.h"
#include "data/field.h"
#include "table/import_private.h"

/* ---- cells of one field ---------------------------------------------------------------------- */

static crm_str cell_of(finder *f, const import_options *o, const table_row *row, uint32_t i)
{
    crm_str cell = i < row->count ? row->cells[i] : (crm_str){0};
    if (!o->is_csv || cell.n < 2 || (cell.p[0] != '\'' && cell.p[0] != '=')) {
        return cell;
    }
    char *scratch = arena_alloc(f->call->arena, cell.n);
    return scratch ? csv_plain(cell, scratch) : cell;
}

/* What stands between the texts of several columns; NULL: the last that is filled counts. */
static const char *glue_of(const field *f)
{
    if (f->flags & FIELD_MANY || f->type == FIELD_MULTILINE) {
        return "\n";
    }
    return f->type == FIELD_ADDRESS ? ", " : f->type == FIELD_TEXT ? " " : NULL;
}

static bool has_parts(const import_options *o, const field *f)
{
    for (uint32_t i = 0; i < o->count; i++) {
        if (o->columns[i].field == f && o->columns[i].part) {
            return true;
        }
    }
    return false;
}

/* What the columns of an address say; one of the whole only of parts that none of them fills. */
static crm_status gather_parts(finder *f, const import_options *o, const table_row *row,
                               import_parts *out)
{
    address whole = {0}, *given = &out->change.given;
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < o->count; i++) {
        const import_column *col = &o->columns[i];
        crm_str cell = col->field == out->field ? str_trim(cell_of(f, o, row, i)) : (crm_str){0};
        if (col->field == out->field && col->part) {
            crm_str *part = &given->part[col->part - 1];
            *part = cell.n ? cell : *part;
            out->change.emptied |= o->clears ? 1u << (col->part - 1) : 0;
        } else if (cell.n) {
            s = address_read(f->call->arena, cell, &whole);
            out->has_whole = true;
        }
    }
    for (int p = 0; p < ADDRESS_PARTS; p++) {
        given->part[p] = given->part[p].n ? given->part[p] : whole.part[p];
    }
    return s;
}

/* One line of an address whose parts stand in columns of their own. */
static crm_status take_parts(finder *f, const import_options *o, const table_row *row,
                             const field *to, import_row *out)
{
    arena *a = f->call->arena;
    import_parts *parts = ARENA_NEW(a, import_parts);
    if (!parts) {
        return CRM_NOMEM;
    }
    *parts = (import_parts){.field = to, .next = out->parts};
    out->parts = parts;
    crm_status s = gather_parts(f, o, row, parts);
    return s == CRM_OK ? address_write(a, &parts->change.given, &parts->line) : s;
}

/* The text of all columns that go to this one's field. */
static crm_status gather(finder *f, const import_options *o, const table_row *row, uint32_t first,
                         crm_str *out)
{
    const field *to = o->columns[first].field;
    const char *glue = glue_of(to);
    uint32_t filled = 0;
    bool has_lines = to->flags & FIELD_MANY && to->type != FIELD_CHOICES && to->type != FIELD_REFS;
    buf all;
    *out = (crm_str){0};
    buf_init(&all, TABLE_ROW_MAX);
    for (uint32_t i = first; i < o->count; i++) {
        crm_str cell = o->columns[i].field == to ? cell_of(f, o, row, i) : (crm_str){0};
        if (!str_trim(cell).n) {
            continue;
        }
        if (has_lines) {
            cell = import_lines(f->call->arena, o, to, cell);
        }
        if (filled && glue) {
            buf_z(&all, glue);
            buf_str(&all, cell);
            *out = buf_view(&all);
        } else {
            buf_clear(&all);
            buf_str(&all, cell);
            *out = cell;
        }
        filled++;
    }
    if (filled > 1 && glue) {
        *out = arena_dup(f->call->arena, buf_view(&all));
    }
    crm_status s = all.failed || (filled && !out->p) ? CRM_NOMEM : CRM_OK;
    buf_free(&all);
    return s;
}

static bool is_first_of_its_field(const import_options *o, uint32_t i)
{
    for (uint32_t k = 0; k < i; k++) {
        if (o->columns[k].field == o->columns[i].field) {
            return false;
        }
    }
    return true;
}

/* A phone with a ' before it comes from spreadsheets too, where nothing takes it off. */
static crm_str without_mark(const field *f, crm_str text)
{
    bool is_marked = f->type == FIELD_PHONE && text.n > 1 && text.p[0] == '\'';
    return is_marked ? (crm_str){text.p + 1, text.n - 1} : text;
}

static crm_status read_id(finder *f, crm_str text, value *out)
{
    int64_t id;
    crm_str digits = text.n && text.p[0] == '#' ? (crm_str){text.p + 1, text.n - 1} : text;
    if (str_to_i64(str_trim(digits), &id) != CRM_OK || id <= 0) {
        return call_fail_field(f->call, CRM_S("id"), "type_mismatch", (crm_str){0});
    }
    *out = value_int(id);
    return CRM_OK;
}

static crm_status read_field(finder *f, const import_options *o, const table_row *row, uint32_t i,
                             import_row *out)
{
    const field *to = o->columns[i].field;
    crm_str text;
    bool is_marked = false, is_lacking = false, is_by_parts = has_parts(o, to);
    value *v = &out->values[to->index];
    crm_status s = is_by_parts ? take_parts(f, o, row, to, out) : gather(f, o, row, i, &text);
    if (s != CRM_OK) {
        return s;
    }
    text = is_by_parts ? out->parts->line : text;
    if (!str_trim(text).n) {
        bits_add(out->empty, to->index);
        return CRM_OK;
    }
    if (to->type != FIELD_REFS) { /* of these each by itself: import_value */
        s = import_lack_take(f, o, &o->columns[i], str_trim(text), out, &is_lacking);
    }
    if (s != CRM_OK || is_lacking) {
        return s;
    }
    s = to->index == COL_ID
            ? read_id(f, text, v)
            : import_value(f, o, &o->columns[i], without_mark(to, text), out, v, &is_marked);
    if (s == CRM_OK && !value_is_null(*v)) {
        bits_add(out->given, to->index);
    }
    if (is_marked) {
        bits_add(out->marked, to->index);
    }
    return s == CRM_INVALID ? CRM_OK
                            : s; /* it stands in the call's error; the others are read too */
}

/* ---- its record ------------------------------------------------------------------------------ */

/* A field that holds many matches by each of its values. */
static crm_status match_one(crm_ctx *c, const field *f, value v, int64_t *id)
{
    crm_str part, rest = v.s;
    crm_status s = CRM_OK;
    if (!(f->flags & FIELD_MANY) || v.kind != VALUE_TEXT) {
        return find_record(c, f->entity, f, v, id);
    }
    while (s == CRM_OK && !*id && str_split(&rest, '\n', &part)) {
        s = find_record(c, f->entity, f, value_text(part), id);
    }
    return s;
}

static crm_status match(finder *f, const import_options *o, import_row *row)
{
    crm_ctx *c = f->call;
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && !row->record && i < o->match_count; i++) {
        const field *by = o->matches[i];
        if (bits_has(row->given, by->index)) {
            s = match_one(c, by, row->values[by->index], &row->record);
        }
        if (s == CRM_CONFLICT) {
            return call_fail_field(c, by->name, "import_ambiguous", (crm_str){0});
        }
    }
    return s;
}

/* ---- the row --------------------------------------------------------------------------------- */

static crm_status take_fault(crm_ctx *c, const table_row *from)
{
    crm_str params = arena_fmt(c->arena, "{\"column\":%u}", from->fault_column);
    crm_status s = call_fail(c, CRM_INVALID, table_fault_code(from->fault));
    c->error.params_json = params;
    return s;
}

static crm_status read_cells(finder *f, const import_options *o, const table_row *from,
                             import_row *out)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < o->count; i++) {
        if (o->columns[i].field && is_first_of_its_field(o, i)) {
            s = read_field(f, o, from, i, out);
        }
    }
    if (s == CRM_OK && f->call->error.status == CRM_OK && o->mode != IMPORT_CREATE) {
        s = import_keys_make(f->call->arena, o, out);
        s = s == CRM_OK ? match(f, o, out) : s;
    }
    return s;
}

crm_status import_row_read(finder *f, const import_options *o, const table_row *from,
                           import_row *out)
{
    crm_ctx *c = f->call;
    *out = (import_row){.line = from->line, .twin = -1};
    c->is_lenient = o->is_lenient;
    crm_status s = from->fault ? take_fault(c, from) : read_cells(f, o, from, out);
    c->is_lenient = false;
    if (s != CRM_OK && s != CRM_INVALID) {
        return s;
    }
    out->error = c->error;
    c->error = (call_error){0};
    return CRM_OK;
}
