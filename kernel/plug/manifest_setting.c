/*
 * manifest_setting.c - the settings of module.yaml: each one's type, limits and default, checked
 * here so that a fault has its line.
 */
#include "data/setting.h"
#include "plug/manifest.h"

#define CHOICES_MAX 100
#define SHOWN_MAX   60 /* bytes of a wrong value that its fault repeats */

typedef struct setting_reader {
    reader *rd;
    const yaml_node *n;
    setting row;
} setting_reader;

/* ---- limits ---------------------------------------------------------------------------------- */

static bool read_type(setting_reader *x)
{
    const yaml_node *type = yaml_get(x->n, "type");
    uint32_t count;
    if (!type || type->kind != YAML_SCALAR) {
        fault_at(x->rd->f, x->n, "missing", CRM_S("type"));
        return false;
    }
    if (!setting_take_type(&x->row, type->text)) {
        const crm_str *known = setting_types(&count);
        fault_near(x->rd->f, type, "unknown_type", type->text, known, count);
        return false;
    }
    return true;
}

/* Whether the key may stand here; one that says nothing about this type is a fault. */
static const yaml_node *own_key(setting_reader *x, const char *key, bool is_own)
{
    const yaml_node *at = yaml_get(x->n, key);
    if (at && !is_own) {
        fault_at(x->rd->f, at, "not_needed", at->key);
        return NULL;
    }
    return at;
}

static void read_bound(setting_reader *x, const char *key, value *out)
{
    const yaml_node *at = own_key(x, key, setting_has_bounds(&x->row));
    if (at && (at->kind != YAML_SCALAR ||
               setting_read_bound(x->rd->a, &x->row, at->text, out) != CRM_OK)) {
        fault_at(x->rd->f, at, "wrong_type", at->kind == YAML_SCALAR ? at->text : at->key);
    }
}

static void read_bounds(setting_reader *x)
{
    field *of = &x->row.of;
    read_bound(x, "min", &of->least);
    read_bound(x, "max", &of->most);
    bool has_both = !value_is_null(of->least) && !value_is_null(of->most);
    if (has_both && of->least.i > of->most.i) {
        const yaml_node *max = yaml_get(x->n, "max");
        fault_at(x->rd->f, max ? max : x->n, "bad_bound", max ? max->text : x->row.name);
    }
}

static int64_t read_size(setting_reader *x, const yaml_node *at, int64_t otherwise, int64_t least,
                         int64_t most)
{
    int64_t number = otherwise;
    if (at && (at->kind != YAML_SCALAR || str_to_i64(at->text, &number) != CRM_OK)) {
        fault_at(x->rd->f, at, "wrong_type", at->key);
        return otherwise;
    }
    if (at && (number < least || number > most)) {
        fault_expected(x->rd->f, at, "out_of_range", at->text,
                       arena_fmt(x->rd->a, "%lld..%lld", (long long)least, (long long)most));
        return otherwise;
    }
    return number;
}

static void read_sizes(setting_reader *x)
{
    field *of = &x->row.of;
    const yaml_node *scale = own_key(x, "scale", of->type == FIELD_DECIMAL);
    const yaml_node *length = own_key(x, "max_length", setting_has_length(&x->row));
    of->scale = (uint8_t)read_size(x, scale, of->scale, 0, 6);
    of->max = (uint32_t)read_size(x, length, of->max, 1, SETTING_LENGTH_MAX);
}

static void read_choices(setting_reader *x)
{
    field *of = &x->row.of;
    bool wants = of->type == FIELD_CHOICE;
    const yaml_node *list = own_key(x, "choices", wants);
    choice *rows = list ? ARENA_ARRAY(x->rd->a, choice, CHOICES_MAX) : NULL;
    if (wants && (!list || list->kind != YAML_LIST || !list->count)) {
        fault_at(x->rd->f, list ? list : x->n, list ? "wrong_type" : "missing", CRM_S("choices"));
        return;
    }
    YAML_EACH(o, rows ? list : NULL) {
        if (of->choice_count == CHOICES_MAX || o->kind != YAML_SCALAR || !o->text.n) {
            fault_at(x->rd->f, o, o->kind == YAML_SCALAR ? "too_many" : "wrong_type", o->text);
            return;
        }
        rows[of->choice_count++] = (choice){
            .value = o->text,
            .label = arena_fmt(x->rd->a, "%.*s.%.*s", STR_FMT(x->row.label), STR_FMT(o->text))};
    }
    of->choices = rows;
}

/* ---- one setting ----------------------------------------------------------------------------- */

static void read_default(setting_reader *x)
{
    const yaml_node *def = yaml_get(x->n, "default");
    setting_fault why;
    x->row.default_json = CRM_S("null");
    crm_status s =
        def ? setting_read_node(x->rd->a, &x->row, def, &x->row.default_json, &why) : CRM_OK;
    if (s == CRM_INVALID) {
        bool is_shown = def->kind == YAML_SCALAR && !x->row.is_secret && def->text.n <= SHOWN_MAX;
        fault_expected(x->rd->f, def, why.word, is_shown ? def->text : def->key, why.expected);
        x->row.default_json = CRM_S("null");
    }
}

static void read_job(setting_reader *x)
{
    const yaml_node *at = yaml_get(x->n, "job");
    if (at && (at->kind != YAML_SCALAR || !at->text.n)) {
        fault_at(x->rd->f, at, "wrong_type", at->key);
    } else if (at) {
        x->row.job = arena_fmt(x->rd->a, "%.*s.%.*s", STR_FMT(x->row.module), STR_FMT(at->text));
    }
}

static void read_setting(reader *rd, const yaml_node *n)
{
    static const char *const keys[] = {"type",       "default", "required", "min", "max",
                                       "max_length", "scale",   "choices",  "job", NULL};
    setting_reader x = {.rd = rd, .n = n, .row = {.module = rd->m->name, .name = n->key}};
    field *of = &x.row.of;
    if (!is_snake_case(n->key)) {
        fault_at(rd->f, n, "bad_name", n->key);
        return;
    }
    if (!keys_check(rd->f, n, keys) || !read_type(&x)) {
        return;
    }
    of->name = n->key;
    x.row.label = arena_fmt(rd->a, "%.*s.setting.%.*s", STR_FMT(rd->m->name), STR_FMT(n->key));
    x.row.help = arena_fmt(rd->a, "%.*s.help.%.*s", STR_FMT(rd->m->name), STR_FMT(n->key));
    of->flags = read_flag(rd, n, "required") ? FIELD_REQUIRED : 0;
    read_sizes(&x);
    read_bounds(&x);
    read_choices(&x);
    read_default(&x);
    read_job(&x);
    if (registry_add_setting(rd->r, &x.row) != CRM_OK) {
        fault_at(rd->f, n, "refused", n->key);
    }
}

void read_settings(reader *rd, const yaml_node *settings)
{
    if (settings && settings->kind != YAML_MAP) {
        fault_at(rd->f, settings, "wrong_type", settings->key);
        return;
    }
    if (settings && settings->count > SETTINGS_MAX) {
        fault_at(rd->f, settings, "too_many", settings->key);
        return;
    }
    YAML_EACH(n, settings) {
        read_setting(rd, n);
    }
}

/* ---- jobs ------------------------------------------------------------------------------------ */

#define JOBS_MAX 64

void settings_check_jobs(const manifest *m, const registry *r, faults *f)
{
    crm_str known[JOBS_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < r->job_count && count < JOBS_MAX; i++) {
        if (str_eq(r->jobs[i].module, m->name)) {
            crm_str name = r->jobs[i].name;
            known[count++] = (crm_str){name.p + m->name.n + 1, name.n - m->name.n - 1};
        }
    }
    YAML_EACH(n, yaml_get(m->root, "settings")) {
        const yaml_node *at = yaml_get(n, "job");
        uint32_t i = 0;
        while (at && i < count && !str_eq(known[i], at->text)) {
            i++;
        }
        if (at && i == count) {
            fault_near(f, at, "unknown_job", at->text, known, count);
        }
    }
}
