/* module_commands.c - `karkas module …`. Worker threads, or the offline process. */
#include "flow/remote.h"
#include "module_change.h"

static bool is_russian(const command_call *c)
{
    return c->lang[0] == 'r';
}

static const char *state_word(const command_call *c, const char *state)
{
    static const struct {
        const char *state, *ru, *en;
    } words[] = {
        {"running", "работает", "runs"},
        {"quarantined", "работает без кода: три падения за десять минут",
         "runs without its code: three crashes in ten minutes"},
        {"safe", "работает без кода: сервер запущен с --safe",
         "runs without its code: the server was started with --safe"},
        {"off", "выключен", "off"},
        {"disabled", "выключен администратором", "disabled"},
        {"refused", "отклонён", "refused"},
    };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i].state, state) == 0) {
            return is_russian(c) ? words[i].ru : words[i].en;
        }
    }
    return state;
}

/* Of a module whose service does not answer. */
static void say_remote(command_call *c, const module_row *row)
{
    remote_health h;
    remote_health_of(row->name, &h);
    if (!row->info || !h.in_a_row) {
        return;
    }
    buf_fmt(c->out,
            is_russian(c) ? "\n    сервис не отвечает: %s %s, подряд %u%s"
                          : "\n    its service does not answer: %s %s, %u in a row%s",
            h.error, h.detail, h.in_a_row,
            !h.is_open      ? ""
            : is_russian(c) ? ", сейчас его не спрашивают"
                            : ", it is not asked now");
}

static void say_row(command_call *c, const module_row *row)
{
    crm_str version = row->info            ? row->info->version
                      : row->version_count ? row->versions[row->version_count - 1].version
                                           : CRM_S("-");
    bool is_installed = row->info && row->info->id.n;
    buf_fmt(c->out, "%-12.*s %-8.*s %s", STR_FMT(row->name),
            STR_FMT(is_installed ? row->info->id : version), state_word(c, row->state));
    if (row->refused) {
        buf_fmt(c->out, ": %s (%.*s)", plug_refusal_title(row->refused->code, c->lang),
                STR_FMT(row->refused->text));
    }
    for (uint32_t i = 0; i < row->version_count; i++) {
        const module_found *f = &row->versions[i];
        if (row->version_count > 1) {
            buf_fmt(c->out, "\n    %.*s", STR_FMT(module_version_word(f->id)));
        }
    }
    if (row->draining) {
        buf_fmt(c->out,
                is_russian(c) ? "\n    прежние версии дорабатывают: %u"
                              : "\n    earlier versions that still work: %u",
                row->draining);
    }
    say_remote(c, row);
    buf_char(c->out, '\n');
}

static bool begin(command_call *c, crm_ctx *call)
{
    crm_status s = call_begin(call, &principal_system, CRM_S("command"));
    if (s != CRM_OK) {
        command_fail_status(c, s);
        return false;
    }
    call->lang = str_of(c->lang);
    return true;
}

static void fail(command_call *c, crm_ctx *call, crm_status s)
{
    if (call->error.text.n) {
        buf_str(c->out, call->error.text);
    } else {
        crm_str code = call->error.code.n ? call->error.code : str_of(status_code(s));
        crm_str key = arena_fmt(c->arena, "error.%.*s", STR_FMT(code));
        registry_text_fill(registry_text(call->reg, call->lang, key), call->error.params_json,
                           c->out);
    }
    buf_char(c->out, '\n');
    c->exit_code = 1;
}

/* The rows of all modules, or of one, as the registry in force has them. */
static void say(command_call *c, crm_str name)
{
    crm_ctx call;
    module_rows rows;
    if (!begin(c, &call)) {
        return;
    }
    crm_status s = module_rows_of(c->d, &call, &rows);
    for (uint32_t i = 0; s == CRM_OK && i < rows.count; i++) {
        if (!name.n || str_eq(rows.at[i].name, name)) {
            say_row(c, &rows.at[i]);
        }
    }
    if (s != CRM_OK) {
        command_fail_status(c, s);
    }
    call_end(&call);
}

void command_module_list(command_call *c)
{
    say(c, (crm_str){0});
}

static void act(command_call *c, module_act what)
{
    crm_ctx call;
    module_ask ask = {.act = what,
                      .name = str_of(c->args[2]),
                      .version = c->count > 3 ? str_of(c->args[3]) : (crm_str){0}};
    if (!begin(c, &call)) {
        return;
    }
    crm_status s = module_change(c->d, &call, &ask);
    if (s != CRM_OK) {
        fail(c, &call, s);
    }
    call_end(&call);
    if (s == CRM_OK) {
        say(c, ask.name);
    }
}

void command_module_upgrade(command_call *c)
{
    act(c, MODULE_ACT_UPGRADE);
}

void command_module_rollback(command_call *c)
{
    act(c, MODULE_ACT_ROLLBACK);
}

void command_module_enable(command_call *c)
{
    act(c, MODULE_ACT_ENABLE);
}

void command_module_disable(command_call *c)
{
    act(c, MODULE_ACT_DISABLE);
}
