/*
 * module_purge_commands.c - `karkas module purge NAME [NAME]`: says what would go, and with the
 * name twice begins. Worker threads, or the offline process; blocking.
 */
#include "module_purge.h"

static bool is_russian(const command_call *c)
{
    return c->lang[0] == 'r';
}

static void say_part(command_call *c, const module_part *part)
{
    bool is_field = part->what.field.n > 0;
    buf_fmt(c->out, "    %.*s%s%.*s: ", STR_FMT(part->what.entity), is_field ? "." : "",
            STR_FMT(part->what.field));
    if (is_russian(c)) {
        buf_fmt(c->out, is_field ? "значений %lld, файлов %lld\n" : "записей %lld, файлов %lld\n",
                (long long)part->rows, (long long)part->files);
    } else {
        buf_fmt(c->out, is_field ? "values %lld, files %lld\n" : "records %lld, files %lld\n",
                (long long)part->rows, (long long)part->files);
    }
}

static void say_rest(command_call *c, const module_plan *p)
{
    buf_fmt(
        c->out,
        is_russian(c)
            ? "    настроек %lld, отложенных дел %lld, нумераций %lld, полей в правах %lld\n"
            : "    settings %lld, due jobs %lld, series of numbers %lld, fields in rights %lld\n",
        (long long)p->settings, (long long)p->jobs, (long long)p->numbers, (long long)p->rights);
    for (uint32_t i = 0; i < p->version_count; i++) {
        buf_fmt(c->out,
                is_russian(c) ? "    файлы версии %.*s\n" : "    the files of version %.*s\n",
                STR_FMT(p->versions[i]));
    }
    if (p->version_count && !p->is_removable) {
        buf_fmt(
            c->out,
            is_russian(c)
                ? "    файлы сервер убрать не может: потом от root karkas module uninstall %.*s\n"
                : "    the server may not remove files: then, as root, karkas module uninstall "
                  "%.*s\n",
            STR_FMT(p->name));
    }
}

static void say_plan(command_call *c, const module_plan *p)
{
    buf_fmt(c->out, is_russian(c) ? "%.*s, навсегда:\n" : "%.*s, for ever:\n", STR_FMT(p->name));
    for (uint32_t i = 0; i < p->part_count; i++) {
        say_part(c, &p->parts[i]);
    }
    say_rest(c, p);
    if (p->batch) {
        buf_fmt(c->out,
                is_russian(c) ? "удаляется, операция %lld; ход показывает karkas module list\n"
                              : "it is going, batch %lld; karkas module list shows how far\n",
                (long long)p->batch);
    } else {
        buf_fmt(c->out,
                is_russian(c) ? "чтобы удалить: karkas module purge %.*s %.*s\n"
                              : "to remove it: karkas module purge %.*s %.*s\n",
                STR_FMT(p->name), STR_FMT(p->name));
    }
}

static crm_status purge(command_call *c, crm_ctx *call)
{
    module_plan plan;
    module_ask ask = {.act = MODULE_ACT_PURGE,
                      .name = str_of(c->args[2]),
                      .typed = c->count > 3 ? str_of(c->args[3]) : (crm_str){0},
                      .is_check = c->count <= 3};
    crm_status s =
        engine_session_open(c->d->engine, ENGINE_READER, (engine_deliver){0}, &call->session);
    if (s != CRM_OK) {
        return s;
    }
    s = module_purge(c->d, call, &ask, &plan);
    if (s == CRM_OK) {
        say_plan(c, &plan);
    }
    engine_session_close(call->session);
    call->session = NULL;
    return s;
}

void command_module_purge(command_call *c)
{
    crm_ctx call;
    crm_status s = call_begin(&call, &principal_system, CRM_S("command"));
    if (s != CRM_OK) {
        command_fail_status(c, s);
        return;
    }
    call.lang = str_of(c->lang);
    s = purge(c, &call);
    if (s != CRM_OK) {
        command_fail_call(c, call.reg, &call.error, s);
    }
    call_end(&call);
}
