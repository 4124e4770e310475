/*
 * setting_commands.c - `karkas module settings NAME [KEY=VALUE …]`. Worker threads, or the offline
 * process; blocking.
 */
#include "flow/settings.h"
#include "module_change.h"

typedef struct setting_work {
    command_call *call;
    crm_str owner;
    json_t *wanted; /* NULL: only to show */
    size_t said;    /* bytes of what the command has said before: a commit may be run again */
} setting_work;

static bool is_ru(const command_call *c)
{
    return c->lang[0] == 'r';
}

/* ---- showing --------------------------------------------------------------------------------- */

static const char *source_word(const command_call *c, const setting_state *s)
{
    bool is_missing = str_is(setting_in_force(s), "null") && s->of->of.flags & FIELD_REQUIRED;
    const char *from = setting_from(s);
    if (is_missing) {
        return is_ru(c) ? "не задано, а нужно" : "missing, though it is required";
    }
    if (strcmp(from, "server") == 0) {
        return is_ru(c) ? "изменено на сервере" : "changed at the server";
    }
    if (strcmp(from, "tz") == 0) {
        return is_ru(c) ? "из ТЗ" : "from the ТЗ";
    }
    return is_ru(c) ? "обычное" : "default";
}

/* In columns of so many characters, whatever the alphabet. */
static void say_columns(command_call *c, crm_str name, crm_str text)
{
    const crm_str columns[] = {name, text};
    const size_t widths[] = {20, 16};
    for (size_t i = 0; i < 2; i++) {
        buf_str(c->out, columns[i]);
        for (size_t n = text_length(columns[i]); n < widths[i]; n++) {
            buf_char(c->out, ' ');
        }
        buf_char(c->out, ' ');
    }
}

static crm_str shown(command_call *c, const setting *of, crm_str json)
{
    crm_str text = setting_text(c->arena, of, json);
    return text.n ? text : CRM_S("-");
}

/* What holds without the change, where there is one. */
static void say_given(command_call *c, const setting_state *s)
{
    if (strcmp(setting_from(s), "server") == 0) {
        crm_str text = shown(c, s->of, setting_given(s->of));
        const char *ru = s->of->tz_json.n ? "в ТЗ" : "обычное";
        const char *en = s->of->tz_json.n ? "in the ТЗ" : "default";
        buf_fmt(c->out, ", %s %.*s", is_ru(c) ? ru : en, STR_FMT(text));
    }
}

static void say_setting(command_call *c, crm_ctx *call, const setting_state *s)
{
    crm_str label = registry_text(call->reg, call->lang, s->of->label);
    say_columns(c, s->name, shown(c, s->of, setting_in_force(s)));
    buf_z(c->out, source_word(c, s));
    say_given(c, s);
    if (!str_eq(label, s->of->label)) {
        buf_fmt(c->out, "\n    %.*s", STR_FMT(label));
    }
    buf_char(c->out, '\n');
}

static void say_why(command_call *c, crm_ctx *call, crm_str code, crm_str text, crm_str params)
{
    crm_str key = arena_fmt(c->arena, "field.%.*s", STR_FMT(code));
    registry_text_fill(text.n ? text : registry_text(call->reg, call->lang, key), params, c->out);
    buf_char(c->out, '\n');
}

static void say_aside(command_call *c, crm_ctx *call, const setting_state *s)
{
    say_columns(c, s->name, shown(c, s->of, s->changed));
    buf_z(c->out, is_ru(c) ? "отложено: " : "put aside: ");
    say_why(c, call, str_of(s->why.code), (crm_str){0}, s->why.params_json);
}

static void say_all(command_call *c, crm_ctx *call, const setting_states *all)
{
    bool has_any = false;
    for (uint32_t i = 0; i < all->count; i++) {
        const setting_state *s = &all->at[i];
        has_any = has_any || s->of || s->is_aside;
        if (s->of) {
            say_setting(c, call, s);
        }
        if (s->is_aside) {
            say_aside(c, call, s);
        }
    }
    if (!has_any) {
        buf_z(c->out, is_ru(c) ? "у модуля нет настроек\n" : "the module has no settings\n");
    }
}

static crm_status commit_aside(crm_ctx *call, void *arg)
{
    const setting_work *x = arg;
    setting_states all;
    crm_status s = settings_read(call, x->owner, &all);
    x->call->out->n = x->said;
    for (uint32_t i = 0; s == CRM_OK && i < all.count; i++) {
        if (all.at[i].is_aside) {
            buf_z(x->call->out, "    ");
            say_aside(x->call, call, &all.at[i]);
        }
    }
    return s;
}

void command_say_aside(command_call *c, crm_str name)
{
    setting_work x = {.call = c, .owner = name, .said = c->out->n};
    crm_ctx call;
    crm_status s = c->d->flow ? call_begin(&call, &principal_system, CRM_S("command")) : CRM_OK;
    if (c->d->flow && s == CRM_OK) {
        call.lang = str_of(c->lang);
        s = settings_have(call.reg, name) ? writer_run(c->d->flow, &call, commit_aside, &x) : s;
        call_end(&call);
    }
    if (s != CRM_OK) {
        command_fail_status(c, s);
    }
}

/* ---- changing -------------------------------------------------------------------------------- */

/* "key=value": a text as people write it, a secret by its name, nothing to go back. */
static bool read_word(setting_work *x, const registry *r, const char *word)
{
    crm_str given = str_of(word), key = {0};
    ptrdiff_t at = str_find(given, '=');
    if (at <= 0) {
        return false;
    }
    str_split(&given, '=', &key);
    const setting *of = registry_setting(r, x->owner, key);
    crm_str prefix = CRM_S("secret:");
    json_t *v = json_null();
    if (given.n && of && of->is_secret && str_starts(given, prefix)) {
        v = json_pack("{s:s%}", "secret", given.p + prefix.n, given.n - prefix.n);
    } else if (given.n) {
        v = json_stringn(given.p, given.n); /* NULL: no UTF-8 */
    }
    const char *name = arena_cstr(x->call->arena, key);
    return name && v && json_object_set_new(x->wanted, name, v) == 0;
}

static bool read_words(setting_work *x, const registry *r)
{
    command_call *c = x->call;
    x->wanted = c->count > 3 ? json_object() : NULL;
    for (int i = 3; i < c->count; i++) {
        if (!x->wanted || !read_word(x, r, c->args[i])) {
            command_fail(c, "нужно: module settings ИМЯ КЛЮЧ=ЗНАЧЕНИЕ …",
                         "expected: module settings NAME KEY=VALUE …");
            return false;
        }
    }
    return true;
}

/* Read on the writer as well: what is shown is what was committed with it. */
static crm_status commit(crm_ctx *call, void *arg)
{
    setting_work *x = arg;
    setting_states all;
    buf_clear(x->call->out);
    crm_status s = x->wanted ? settings_change(call, x->owner, x->wanted, (crm_str){0}) : CRM_OK;
    s = s == CRM_OK ? settings_read(call, x->owner, &all) : s;
    if (s == CRM_OK) {
        say_all(x->call, call, &all);
    }
    return s;
}

static void say_refused(command_call *c, crm_ctx *call, crm_status s)
{
    if (!call->error.fields) {
        command_fail_status(c, s);
        return;
    }
    for (const field_error *f = call->error.fields; f; f = f->next) {
        buf_fmt(c->out, "%.*s: ", STR_FMT(f->field));
        say_why(c, call, f->code, f->text, f->params_json);
    }
    command_fail(c, "ничего не изменено", "nothing has changed");
}

void command_module_settings(command_call *c)
{
    setting_work x = {.call = c, .owner = str_of(c->args[2])};
    crm_ctx call;
    crm_status s = call_begin(&call, &principal_system, CRM_S("command"));
    if (s != CRM_OK) {
        command_fail_status(c, s);
        return;
    }
    call.lang = str_of(c->lang);
    if (!settings_have(call.reg, x.owner)) {
        command_fail(c, "такого модуля нет, или он выключен: karkas module list",
                     "there is no such module, or it is off: karkas module list");
    } else if (read_words(&x, call.reg)) {
        s = writer_run(c->d->flow, &call, commit, &x);
        if (s != CRM_OK) {
            say_refused(c, &call, s);
        }
    }
    json_decref(x.wanted);
    call_end(&call);
}
