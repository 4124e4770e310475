/* model_refuse.c - what stands against a change of the model, as the call's errors. */
#include "model.h"

/* Which key of the form a fault is about; else it names the key itself. */
static crm_str key_of(const tz_fault *f)
{
    static const char *const keys[][2] = {{"unknown_word", "type"},
                                          {"retype_unsafe", "type"},
                                          {"values_do_not_fit", "type"},
                                          {"no_choices", "options"},
                                          {"choice_in_use", "options"},
                                          {"bad_default", "default"},
                                          {"unknown_entity", "to"},
                                          {"unknown_role", "roles"},
                                          {"not_many", "many"},
                                          {"duplicates", "unique"},
                                          {"taken", "name"},
                                          {"was_taken", "name"},
                                          {"bad_name", "name"},
                                          {"too_many", "name"},
                                          {"bad_entity_name", "name"},
                                          {"formula_syntax", "formula"},
                                          {"formula_type", "formula"},
                                          {"unknown_function", "formula"},
                                          {"formula_cycle", "formula"},
                                          {"formula_result", "result"},
                                          {"bad_condition", "where"},
                                          {"same_or_similar", "match"},
                                          {"bad_match", "match"}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (str_is(f->code, keys[i][0])) {
            return str_of(keys[i][1]);
        }
    }
    return f->subject;
}

static const char *code_of(const tz_fault *f)
{
    static const char *const codes[][2] = {
        {"unknown_word", "unknown_type"}, {"missing", "required"},
        {"bad_name", "bad_field_name"},   {"too_many", "too_many_fields"},
        {"unknown_key", "unknown_field"}, {"wrong_type", "type_mismatch"}};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (str_is(f->code, codes[i][0])) {
            return codes[i][1];
        }
    }
    return f->code.p;
}

static crm_str params_of(arena *a, const tz_fault *f, crm_str where)
{
    buf b;
    json_writer w;
    buf_init(&b, 65536);
    jw_init(&w, &b);
    jw_object(&w);
    if (where.n) {
        jw_kstr(&w, "where", where);
    }
    if (f->expected.n) {
        jw_kstr(&w, "types", f->expected);
    }
    if (f->count) {
        jw_kint(&w, "count", f->count);
        jw_karray(&w, "first");
        for (int i = 0; i < FAULT_ROWS && f->rows[i]; i++) {
            jw_int(&w, f->rows[i]);
        }
        jw_end_array(&w);
    }
    jw_end_object(&w);
    crm_str out = arena_dup(a, buf_view(&b));
    buf_free(&b);
    return out;
}

static void add_error(model_change *x, const tz_fault *f)
{
    crm_ctx *c = x->c;
    buf words;
    bool is_ours = f->file && str_is(str_of(f->file), TZ_MODEL);
    buf_init(&words, 4096);
    tz_fault_words(f, c->lang.p, &words);
    crm_str place = is_ours ? (crm_str){0} : arena_fmt(c->arena, "%s:%d", f->file, f->line);
    crm_str key = is_ours ? arena_dup(c->arena, key_of(f)) : CRM_S("name");
    crm_status s =
        call_fail_field(c, key, is_ours ? arena_cstr(c->arena, str_of(code_of(f))) : "in_use",
                        params_of(c->arena, f, place));
    field_error *last = c->error.fields;
    while (last && last->next) {
        last = last->next;
    }
    if (last && s == CRM_INVALID) {
        last->text =
            is_ours ? arena_dup(c->arena, buf_view(&words))
                    : arena_fmt(c->arena, "%.*s: %.*s", STR_FMT(place), STR_FMT(buf_view(&words)));
    }
    buf_free(&words);
}

crm_status model_refuse(model_change *x)
{
    int told = 0;
    for (const tz_fault *f = x->b->faults; f && told < 20; f = f->next) {
        if (!f->is_warning) {
            add_error(x, f);
            told++;
        }
    }
    return told ? CRM_INVALID : CRM_INTERNAL;
}

crm_status model_refuse_misfits(model_change *x, const model_plan *p)
{
    crm_ctx *c = x->c;
    tz_fault f = {.file = TZ_MODEL,
                  .code = p->is_choice ? CRM_S("choice_in_use") : CRM_S("values_do_not_fit"),
                  .subject = arena_fmt(c->arena, "%.*s.%.*s", STR_FMT(p->entity->name),
                                       STR_FMT(p->field->name)),
                  .count = p->misfits};
    for (int i = 0; i < MODEL_FIRST && i < p->misfits; i++) {
        f.rows[i] = p->first[i].id;
    }
    add_error(x, &f);
    return CRM_INVALID;
}

crm_status model_refuse_duplicates(model_change *x, const model_plan *p)
{
    crm_ctx *c = x->c;
    tz_fault f = {.file = TZ_MODEL,
                  .code = CRM_S("duplicates"),
                  .subject = arena_fmt(c->arena, "%.*s.%.*s", STR_FMT(p->entity->name),
                                       STR_FMT(p->field->name)),
                  .count = p->duplicates};
    for (int i = 0; i < MODEL_FIRST && i < p->twins[0].count; i++) {
        f.rows[i] = p->twins[0].ids[i];
    }
    add_error(x, &f);
    return CRM_INVALID;
}
