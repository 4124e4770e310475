/*
 * kit_lint.c - `karkas module lint DIR`: a module put beside what it needs, as a server would, and
 * everything that is wrong with it. Offline only.
 */
#include <jansson.h>
#include <unistd.h>

#include "kit_tools.h"

typedef struct lint {
    command_call *call;
    module_found *found; /* the one asked for first, then those of the modules' folder */
    uint32_t found_count;
    kit_set set;
    registry *reg;
    uint32_t faults; /* of texts and names, which do not keep it from being loaded */
} lint;

static bool is_ru(const lint *l)
{
    return l->call->lang[0] == 'r';
}

/* ---- the folder ------------------------------------------------------------------------------ */

static void say_refusals(lint *l, const module_refusal *r, crm_str name)
{
    for (; r; r = r->next) {
        if (!name.n || str_eq(r->module, name)) {
            buf_fmt(l->call->out, "%.*s: %s (%.*s)\n", STR_FMT(r->module),
                    plug_refusal_title(r->code, l->call->lang), STR_FMT(r->text));
            l->call->exit_code = 1;
        }
    }
}

/* The author's folder, by the name of its last part; the rest of what lies beside it is not his. */
static crm_status find_own(lint *l, const char *folder)
{
    arena *a = l->call->arena;
    char *path = realpath(folder, NULL);
    char *slash = path ? strrchr(path, '/') : NULL;
    if (!slash || !slash[1]) {
        free(path);
        return CRM_NOT_FOUND;
    }
    crm_str name = arena_dup(a, str_of(slash + 1));
    crm_str parent = arena_dup(a, (crm_str){path, slash == path ? 1 : (size_t)(slash - path)});
    free(path);
    module_found *all;
    module_refusal *refused = NULL;
    uint32_t count = 0;
    crm_status s = parent.p ? plug_scan(a, parent.p, &all, &count, &refused) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    say_refusals(l, refused, name);
    for (uint32_t i = 0; i < count; i++) {
        if (str_eq(all[i].name, name)) {
            all[i].is_bundled = false;
            l->found[l->found_count++] = all[i];
            return CRM_OK;
        }
    }
    return l->call->exit_code ? CRM_INVALID : CRM_NOT_FOUND;
}

static crm_status find_others(lint *l)
{
    module_found *all;
    module_refusal *refused = NULL;
    uint32_t count = 0;
    crm_status s = plug_scan(l->call->arena, l->call->d->o->modules, &all, &count, &refused);
    for (uint32_t i = 0; s == CRM_OK && i < count && l->found_count < KIT_MODULES; i++) {
        if (!str_eq(all[i].name, l->found[0].name)) {
            l->found[l->found_count++] = all[i];
        }
    }
    return s == CRM_NOT_FOUND ? CRM_OK : s; /* a module that needs none can do without them */
}

/* ---- loading --------------------------------------------------------------------------------- */

static bool is_loaded(const lint *l, crm_str name)
{
    for (uint32_t i = 0; i < l->set.count; i++) {
        if (str_eq(plug_name(l->set.at[i]), name)) {
            return true;
        }
    }
    return false;
}

/* Missing ones are left to plug_register, which says where they are asked for. */
static crm_status load(lint *l, crm_str name)
{
    for (uint32_t i = 0; i < l->found_count; i++) {
        const module_found *f = &l->found[i];
        module_refusal *refused = NULL;
        if (!str_eq(f->name, name) || is_loaded(l, name) || l->set.count == KIT_MODULES) {
            continue;
        }
        crm_status s = plug_load(l->call->arena, f, &l->set.at[l->set.count], &refused);
        say_refusals(l, refused, (crm_str){0});
        if (s != CRM_OK) {
            return s;
        }
        l->set.count++;
        for (uint32_t k = 0; s == CRM_OK && k < f->need_count; k++) {
            s = load(l, f->needs[k]);
        }
        return s;
    }
    return CRM_OK;
}

static crm_status say_faults(command_call *c, const registry_fault *faults, crm_status s)
{
    for (const tz_fault *f = tz_fault_of_seal(c->arena, faults); f; f = f->next) {
        tz_fault_text(f, c->lang, c->out);
        buf_char(c->out, '\n');
    }
    return s;
}

crm_status kit_compose(command_call *c, const kit_set *set, crm_status (*more)(registry *r),
                       registry **out)
{
    registry_fault *faults = NULL;
    registry *r = *out = registry_new();
    crm_status s = r ? flow_register(r) : CRM_NOMEM;
    s = s == CRM_OK ? import_register(r) : s;
    if (s == CRM_OK) {
        s = plug_register(set->at, set->count, r, c->arena, &faults);
        s = say_faults(c, faults, s);
    }
    faults = NULL;
    s = s == CRM_OK && more ? more(r) : s;
    if (s == CRM_OK) {
        s = registry_seal(r, c->arena, &faults);
        s = say_faults(c, faults, s);
    }
    return s;
}

/* ---- texts ----------------------------------------------------------------------------------- */

static bool has_text(const registry *r, const char *lang, crm_str key)
{
    for (uint32_t i = 0; i < r->string_count; i++) {
        if (str_is(r->strings[i].lang, lang) && str_eq(r->strings[i].key, key)) {
            return true;
        }
    }
    return false;
}

/* A label is a key when it begins with the module's name; others are shown as they stand. */
static void check_text(lint *l, crm_str key)
{
    static const char *const languages[] = {"ru", "en"};
    crm_str own = l->found[0].name;
    if (key.n <= own.n || memcmp(key.p, own.p, own.n) != 0 || key.p[own.n] != '.') {
        return;
    }
    for (size_t i = 0; i < 2; i++) {
        if (!has_text(l->reg, languages[i], key)) {
            buf_fmt(l->call->out,
                    is_ru(l) ? "%.*s/locales/%s.yaml: нет текста «%.*s»\n"
                             : "%.*s/locales/%s.yaml: no text '%.*s'\n",
                    STR_FMT(own), languages[i], STR_FMT(key));
            l->faults++;
        }
    }
}

static void check_json(lint *l, const json_t *j)
{
    const char *key;
    json_t *v;
    size_t i;
    if (json_is_string(j)) {
        check_text(l, (crm_str){json_string_value(j), json_string_length(j)});
    } else if (json_is_object(j)) {
        json_object_foreach((json_t *)(uintptr_t)j, key, v)
        {
            if (!strcmp(key, "label") || json_is_array(v) || json_is_object(v)) {
                check_json(l, v);
            }
        }
    } else {
        json_array_foreach(j, i, v)
        {
            if (json_is_object(v)) {
                check_json(l, v);
            }
        }
    }
}

static void check_entity(lint *l, const entity *e)
{
    json_t *views = NULL;
    check_text(l, e->label_one);
    check_text(l, e->label_many);
    check_text(l, e->label_count);
    for (uint32_t i = 0; i < e->field_count; i++) {
        const field *f = &e->fields[i];
        check_text(l, f->label);
        for (uint32_t k = 0; k < f->choice_count; k++) {
            check_text(l, f->choices[k].label);
        }
    }
    if (e->views_json.n && json_read(e->views_json, 0, &views, NULL) == CRM_OK) {
        check_json(l, views);
    }
    json_decref(views);
}

static void check_setting(lint *l, const setting *s)
{
    check_text(l, s->label);
    for (uint32_t i = 0; i < s->of.choice_count; i++) {
        check_text(l, s->of.choices[i].label);
    }
}

static void check_texts(lint *l)
{
    const registry *r = l->reg;
    for (uint32_t i = 0; i < r->module_count; i++) {
        check_text(l, r->modules[i].title);
    }
    for (uint32_t i = 0; i < r->entity_count; i++) {
        check_entity(l, r->entities[i]);
    }
    for (uint32_t i = 0; i < r->pipeline_count; i++) {
        check_text(l, r->pipelines[i].label);
        for (uint32_t k = 0; k < r->pipelines[i].stage_count; k++) {
            check_text(l, r->pipelines[i].stages[k].label);
        }
    }
    for (uint32_t i = 0; i < r->menu_count; i++) {
        check_text(l, r->menus[i].label);
    }
    for (uint32_t i = 0; i < r->setting_count; i++) {
        check_setting(l, &r->settings[i]);
    }
    for (uint32_t i = 0; i < r->permission_count; i++) {
        check_text(l, r->permissions[i].title);
    }
    for (uint32_t i = 0; i < r->frame_count; i++) {
        check_text(l, r->frames[i].label);
    }
    for (uint32_t i = 0; i < r->ui_part_count; i++) {
        check_text(l, r->ui_parts[i].label);
    }
    for (uint32_t i = 0; i < r->service_count; i++) {
        check_text(l, r->services[i].title);
    }
}

/* ---- its code -------------------------------------------------------------------------------- */

static void check_object(lint *l, const char *folder)
{
    buf said;
    size_t names;
    arena *a = l->call->arena;
    crm_str path = arena_fmt(a, "%s/%.*s.so", folder, STR_FMT(l->found[0].name));
    if (!path.p || access(path.p, F_OK) != 0) {
        return; /* of data alone */
    }
    buf_init(&said, 0);
    if (!kit_symbols(a, path.p, l->call->lang, &names, &said)) {
        buf_fmt(l->call->out, "%s: %.*s\n", path.p, STR_FMT(str_trim(buf_view(&said))));
        l->faults++;
    }
    buf_free(&said);
}

/* ---- the command ----------------------------------------------------------------------------- */

static void say_result(lint *l)
{
    command_call *c = l->call;
    const module_found *own = &l->found[0];
    if (l->faults) {
        c->exit_code = 1;
        return;
    }
    buf_fmt(c->out, is_ru(l) ? "%.*s %.*s: в порядке\n" : "%.*s %.*s: in order\n",
            STR_FMT(own->name), STR_FMT(own->version));
}

/* The folder and all it needs. */
static crm_status load_all(lint *l, const char *folder)
{
    plug_set_options(&(plug_options){.is_dev = true}); /* an author's files are his own */
    l->found = ARENA_ARRAY(l->call->arena, module_found, KIT_MODULES);
    crm_status s = l->found ? find_own(l, folder) : CRM_NOMEM;
    s = s == CRM_OK ? find_others(l) : s;
    return s == CRM_OK ? load(l, l->found[0].name) : s;
}

/* The same put together; l->reg is the caller's to discard. */
static crm_status read_all(lint *l, const char *folder)
{
    crm_status s = load_all(l, folder);
    return s == CRM_OK ? kit_compose(l->call, &l->set, NULL, &l->reg) : s;
}

crm_status kit_load(command_call *c, const char *folder, kit_set *out)
{
    lint l = {.call = c};
    crm_status s = load_all(&l, folder);
    *out = l.set;
    return s;
}

crm_status kit_declared(command_call *c, const char *folder, registry **out)
{
    lint l = {.call = c};
    crm_status s = read_all(&l, folder);
    if (s != CRM_OK && l.reg) {
        registry_discard(l.reg);
        l.reg = NULL;
    }
    *out = l.reg;
    return s;
}

void command_module_lint(command_call *c)
{
    lint l = {.call = c};
    if (c->d->engine) {
        command_fail(c, "только без сервера", "without a server only");
        return;
    }
    crm_status s = read_all(&l, c->args[2]);
    if (s == CRM_OK) {
        check_texts(&l);
        check_object(&l, c->args[2]);
        say_result(&l);
    } else if (s == CRM_INVALID) {
        c->exit_code = 1; /* why was said */
    } else if (s == CRM_NOT_FOUND) {
        command_fail(c, "в этом каталоге нет module.yaml", "no module.yaml in that folder");
    } else {
        command_fail_status(c, s);
    }
    if (l.reg) {
        registry_discard(l.reg);
    }
}
