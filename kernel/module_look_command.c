/*
 * module_look_command.c - `karkas module look NAME [VERSION]`: what putting that version into force
 * would bring, and nothing else. Worker threads, or the offline process.
 */
#include "module_change.h"

static bool is_russian(const command_call *c)
{
    return c->lang[0] == 'r';
}

static void say_names(command_call *c, const char *ru, const char *en, const outlook_names *list)
{
    if (!list->count) {
        return;
    }
    buf_fmt(c->out, "    %s:", is_russian(c) ? ru : en);
    for (uint32_t i = 0; i < list->count && i < OUTLOOK_NAMES; i++) {
        buf_fmt(c->out, " %.*s", STR_FMT(list->names[i]));
    }
    buf_z(c->out, list->count > OUTLOOK_NAMES ? " …\n" : "\n");
}

static crm_str word_of(bool is_there, crm_str id)
{
    return is_there ? module_version_word(id) : CRM_S("-");
}

static void say(command_call *c, const module_outlook *x)
{
    outlook_names with = {x->with, x->with_count};
    buf_fmt(c->out, "%.*s: %.*s → %.*s\n", STR_FMT(x->name), STR_FMT(word_of(x->has_from, x->from)),
            STR_FMT(word_of(x->has_to, x->to)));
    say_names(c, "появится", "it brings", &x->added);
    say_names(c, "скроется, данные останутся", "goes out of sight, its data stay", &x->hidden);
    say_names(c, "вместе с ним включатся", "turned on with it", &with);
    if (x->migrations) {
        buf_fmt(c->out,
                is_russian(c) ? "    подготовка данных: изменений %u\n"
                              : "    data to be made ready: changes %u\n",
                x->migrations);
    }
    if (!x->added.count && !x->hidden.count && !x->with_count && !x->migrations) {
        buf_z(c->out, is_russian(c) ? "    поля и данные останутся как есть\n"
                                    : "    fields and data stay as they are\n");
    }
}

void command_module_look(command_call *c)
{
    crm_ctx call;
    module_outlook outlook;
    crm_status s = call_begin(&call, &principal_system, CRM_S("command"));
    if (s != CRM_OK) {
        command_fail_status(c, s);
        return;
    }
    call.lang = str_of(c->lang);
    module_ask ask = {.name = str_of(c->args[2]),
                      .version = c->count > 3 ? str_of(c->args[3]) : (crm_str){0},
                      .is_check = true};
    const module_info *now = module_in_force(call.reg, ask.name);
    ask.act = now && !now->is_without_code ? MODULE_ACT_UPGRADE : MODULE_ACT_ENABLE;
    s = module_look_ahead(c->d, &call, &ask, &outlook);
    if (s == CRM_OK) {
        say(c, &outlook);
    } else {
        command_fail_call(c, call.reg, &call.error, s);
    }
    call_end(&call);
}
