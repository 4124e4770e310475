/* demo_commands.c - `karkas demo load` and `karkas demo remove`. Worker threads; blocking. */
#include "server.h"
#include "tz/demo.h"

#define EXIT_NOT_EMPTY 3 /* what no repetition changes: a script may stop asking */

typedef struct work {
    const demo *demo;
    demo_result result;
} work;

static bool is_ru(const command_call *c)
{
    return c->lang[0] == 'r';
}

/* In the deployment's language, whatever the command's is: what a ТЗ declares has no other words.
 */
static crm_str label_of(const crm_ctx *call, const demo_count *n)
{
    return registry_text(call->reg, call->reg->locale, n->entity->label_many);
}

static void say_counts(command_call *c, const crm_ctx *call, const demo_result *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        const demo_count *n = &r->counts[i];
        buf_fmt(c->out, "%6lld  %.*s\n", (long long)n->count, STR_FMT(label_of(call, n)));
    }
}

static void say_faults(command_call *c, const tz_fault *f)
{
    for (; f; f = f->next) {
        tz_fault_text(f, c->lang, c->out);
        buf_char(c->out, '\n');
    }
    command_fail(c, "ничего не изменено", "nothing has changed");
}

/* ---- loading --------------------------------------------------------------------------------- */

static crm_status commit_load(crm_ctx *c, void *arg)
{
    work *w = arg;
    return demo_load(c, w->demo, &w->result);
}

static void refuse_records(command_call *c, const crm_ctx *call, const demo_result *r)
{
    buf_z(c->out, is_ru(c) ? "в базе уже есть записи: " : "there are records already: ");
    for (uint32_t i = 0; i < r->count; i++) {
        buf_z(c->out, i ? ", " : "");
        buf_str(c->out, label_of(call, &r->counts[i]));
    }
    buf_char(c->out, '\n');
    command_fail(c, "демонстрационные данные загружаются только в пустую базу, ничего не изменено",
                 "demonstration data go into an empty base only, nothing has changed");
    c->exit_code = EXIT_NOT_EMPTY;
}

static void say_loaded(command_call *c, const crm_ctx *call, const demo_result *r)
{
    switch (r->end) {
    case DEMO_DONE:
        buf_z(c->out, is_ru(c) ? "демонстрационные данные загружены:\n"
                               : "the demonstration data are loaded:\n");
        say_counts(c, call, r);
        buf_z(c->out, is_ru(c) ? "убрать их: karkas demo remove\n"
                               : "to take them away: karkas demo remove\n");
        return;
    case DEMO_IS_THERE:
        buf_z(c->out, is_ru(c) ? "эти демонстрационные данные уже загружены\n"
                               : "these demonstration data are already there\n");
        return;
    case DEMO_OTHER:
        command_fail(c, "загружены другие демонстрационные данные, сначала: karkas demo remove",
                     "other demonstration data are loaded, first: karkas demo remove");
        c->exit_code = EXIT_NOT_EMPTY;
        return;
    case DEMO_NOT_EMPTY:
        refuse_records(c, call, r);
        return;
    case DEMO_REFUSED:
        say_faults(c, r->refused);
        return;
    }
}

static void load(command_call *c, crm_ctx *call)
{
    work w = {0};
    demo *d;
    tz_fault *faults;
    crm_status s = demo_read(call, c->args[2], &d, &faults);
    if (faults) {
        say_faults(c, faults);
        return;
    }
    w.demo = d;
    s = s == CRM_OK ? writer_run(c->d->flow, call, commit_load, &w) : s;
    if (s == CRM_OK || w.result.end == DEMO_REFUSED) {
        say_loaded(c, call, &w.result);
    } else {
        command_fail_status(c, s);
    }
}

void command_demo_load(command_call *c)
{
    crm_ctx call;
    crm_status s = call_begin(&call, &principal_system, CRM_S("demo"));
    if (s != CRM_OK) {
        command_fail_status(c, s);
        return;
    }
    call.lang = str_of(c->lang);
    load(c, &call);
    call_end(&call);
}

/* ---- removing -------------------------------------------------------------------------------- */

static crm_status commit_remove(crm_ctx *c, void *arg)
{
    work *w = arg;
    return demo_remove(c, &w->result);
}

static void say_removed(command_call *c, const crm_ctx *call, const demo_result *r)
{
    buf_z(c->out, is_ru(c) ? "демонстрационные данные убраны в корзину:\n"
                           : "the demonstration data went into the recycle bin:\n");
    say_counts(c, call, r);
    if (r->changed) {
        buf_fmt(c->out,
                is_ru(c) ? "из них изменены сотрудниками: %lld; из корзины их можно вернуть\n"
                         : "changed by people since: %lld; they can be restored from the bin\n",
                (long long)r->changed);
    }
}

void command_demo_remove(command_call *c)
{
    crm_ctx call;
    work w = {0};
    crm_status s = call_begin(&call, &principal_system, CRM_S("demo"));
    if (s != CRM_OK) {
        command_fail_status(c, s);
        return;
    }
    call.lang = str_of(c->lang);
    s = writer_run(c->d->flow, &call, commit_remove, &w);
    if (s == CRM_OK) {
        say_removed(c, &call, &w.result);
    } else if (s == CRM_NOT_FOUND) {
        command_fail(c, "демонстрационных данных в базе нет", "no demonstration data are loaded");
    } else {
        command_fail_status(c, s);
    }
    call_end(&call);
}
