/* faults.c - what is wrong with a ТЗ, gathered; the texts stand in locales/. Any thread. */
#include "tz/tz_private.h"

void tz_faults_init(tz_faults *f, arena *a, tz_fault **list)
{
    while (*list) {
        list = &(*list)->next;
    }
    *f = (tz_faults){.a = a, .end = list};
}

void tz_faults_add(tz_faults *f, const tz_fault *fault)
{
    bool is_warning = fault->is_warning || f->advises;
    f->errors += !is_warning;
    if (f->count == TZ_FAULT_MAX) {
        return;
    }
    tz_fault *kept = ARENA_NEW(f->a, tz_fault);
    if (!kept) {
        return; /* tz_faults_status sees the failed arena */
    }
    *kept = *fault;
    kept->is_warning = is_warning;
    kept->subject = arena_dup(f->a, fault->subject);
    kept->nearest = arena_dup(f->a, fault->nearest);
    kept->expected = arena_dup(f->a, fault->expected);
    *f->end = kept;
    f->end = &kept->next;
    f->count++;
}

crm_status tz_faults_status(const tz_faults *f)
{
    if (arena_failed(f->a)) {
        return CRM_NOMEM;
    }
    return f->errors ? CRM_INVALID : CRM_OK;
}

tz_fault tz_fault_key(const yaml_node *n, const char *code)
{
    if (!n->key_line) {
        return tz_fault_value(n, code, n->text);
    }
    return (tz_fault){.file = n->file,
                      .line = n->key_line,
                      .column = n->key_column,
                      .code = str_of(code),
                      .subject = n->key};
}

tz_fault tz_fault_value(const yaml_node *n, const char *code, crm_str subject)
{
    return (tz_fault){.file = n->file,
                      .line = n->line,
                      .column = n->column,
                      .code = str_of(code),
                      .subject = subject};
}

void tz_refuse_key(tz_faults *f, const yaml_node *n, const char *code)
{
    tz_fault fault = tz_fault_key(n, code);
    tz_faults_add(f, &fault);
}

void tz_refuse(tz_faults *f, const yaml_node *n, const char *code, crm_str subject)
{
    tz_fault fault = tz_fault_value(n, code, subject);
    tz_faults_add(f, &fault);
}

void tz_warn(tz_faults *f, const yaml_node *n, const char *code, crm_str subject)
{
    tz_fault fault = tz_fault_key(n, code);
    fault.subject = subject;
    fault.is_warning = true;
    tz_faults_add(f, &fault);
}

/* ---- names ----------------------------------------------------------------------------------- */

void tz_names_add(arena *a, tz_names *names, crm_str name)
{
    if (names->count == names->cap) {
        uint32_t cap = names->cap ? names->cap * 2 : 16;
        crm_str *more = ARENA_ARRAY(a, crm_str, cap);
        if (!more) {
            return;
        }
        if (names->count) {
            memcpy(more, names->at, names->count * sizeof *more);
        }
        names->at = more;
        names->cap = cap;
    }
    names->at[names->count++] = name;
}

bool tz_names_has(const tz_names *names, crm_str name)
{
    for (uint32_t i = 0; i < names->count; i++) {
        if (str_eq(names->at[i], name)) {
            return true;
        }
    }
    return false;
}

tz_names tz_names_of(arena *a, const yaml_node *map)
{
    tz_names names = {0};
    YAML_EACH(n, map) {
        tz_names_add(a, &names, n->key);
    }
    return names;
}

void tz_refuse_near(tz_faults *f, const yaml_node *n, const char *code, crm_str subject,
                    const tz_names *known)
{
    tz_fault fault = tz_fault_value(n, code, subject);
    fault.nearest = text_nearest(subject, known->at, known->count);
    tz_faults_add(f, &fault);
}

void tz_refuse_word(tz_faults *f, const yaml_node *n, const char *code, const tz_names *known)
{
    tz_fault fault = tz_fault_value(n, code, n->text);
    fault.nearest = text_nearest(n->text, known->at, known->count);
    buf all;
    buf_init(&all, 4096);
    for (uint32_t i = 0; i < known->count; i++) {
        buf_z(&all, i ? ", " : "");
        buf_str(&all, known->at[i]);
    }
    fault.expected = buf_view(&all);
    tz_faults_add(f, &fault);
    buf_free(&all);
}

/* "tz.yaml:47" apart; a source without a line is a module's name. */
static tz_fault of_seal(arena *a, const registry_fault *f)
{
    tz_fault out = {.code = f->code,
                    .subject = f->subject,
                    .nearest = f->nearest,
                    .expected = f->expected,
                    .count = f->count};
    memcpy(out.rows, f->rows, sizeof out.rows);
    size_t n = f->source.n;
    int64_t line = 0;
    while (n && f->source.p[n - 1] != ':') {
        n--;
    }
    crm_str tail = {f->source.p + n, f->source.n - n};
    bool has_line = n && str_to_i64(tail, &line) == CRM_OK;
    out.file = arena_cstr(a, has_line ? (crm_str){f->source.p, n - 1} : f->source);
    out.line = (int)line;
    return out;
}

tz_fault *tz_fault_of_seal(arena *a, const registry_fault *f)
{
    tz_fault *list = NULL;
    tz_faults all;
    tz_faults_init(&all, a, &list);
    for (; f; f = f->next) {
        tz_fault one = of_seal(a, f);
        tz_faults_add(&all, &one);
    }
    return list;
}
