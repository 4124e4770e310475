/*
 * fuzz_formula.c - any text as a computed field's formula: refused with a named code, or compiled,
 * and evaluated over empty and over extreme records to a value the field can hold.
 */
#include "data/formula.h"
#include "fuzz_schema.h"

static bool is_ready(void *arg, const field *f)
{
    (void)arg;
    return f->type != FIELD_COMPUTED || f->program;
}

static const value *row_of(void *arg, const field *via)
{
    return via->index % 2 ? arg : NULL;
}

static void fill(value row[FIELDS_MAX], const entity *e, int64_t number)
{
    for (uint32_t i = 0; i < FIELDS_MAX; i++) {
        bool is_text = i < e->field_count && field_is_text(&e->fields[i]);
        row[i] = is_text ? value_text(CRM_S("ёж, 12.5")) : value_int(number);
    }
}

static void evaluate(const formula *x, arena *a, const field *f)
{
    static const int64_t numbers[] = {0, 1, -1, INT64_MAX, INT64_MIN, 9007199254740991LL};
    value own[FIELDS_MAX], other[FIELDS_MAX];
    formula_rows rows = {own, row_of, other};
    for (uint32_t i = 0; i < FIELDS_MAX; i++) {
        own[i] = other[i] = value_null();
    }
    (void)formula_eval(x, a, f, &rows);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        fill(own, f->entity, numbers[i]);
        fill(other, f->entity, numbers[(i + 1) % 6]);
        value v = formula_eval(x, a, f, &rows);
        bool is_text = field_is_text(f);
        MUST(value_is_null(v) || (v.kind == VALUE_TEXT) == is_text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const entity *e = schema_item();
    field f = *entity_field(e, CRM_S("total"));
    formula_error err = {0};
    const formula *x;
    arena *a = arena_new(0);
    formula_scope in = {.a = a, .need = is_ready};
    f.formula = (crm_str){(const char *)data, size};
    f.program = NULL;
    crm_status s = formula_compile(&in, &f, &x, &err);
    MUST(s == CRM_OK || (s == CRM_INVALID && err.code));
    if (s == CRM_OK) {
        f.scale = 0;
        f.result = formula_result(x, &f.scale);
        f.program = x;
        if (formula_fits(x, f.result)) {
            evaluate(x, a, &f);
        }
    }
    arena_free(a);
    return 0;
}
