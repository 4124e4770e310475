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
        {"waiting", "работает без кода: нет интерфейса", "runs without its code: nobody gives it"},
        {"stopped", "сервер не запущен", "the server does not run"},
        {"off", "выключен", "off"},
        {"disabled", "выключен администратором", "disabled"},
        {"put_off", "выключен сервером: данные для него не подготовлены",
         "turned off by the server: its data could not be made ready"},
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
            h.error, log_quote(str_of(h.detail)), h.in_a_row,
            !h.is_open      ? ""
            : is_russian(c) ? ", сейчас его не спрашивают"
                            : ", it is not asked now");
}

/* The version in force, or what would be. */
static crm_str version_of(const module_row *row)
{
    const module_found *f = row->chosen          ? row->chosen
                            : row->version_count ? &row->versions[row->version_count - 1]
                                                 : NULL;
    if (row->info) {
        return row->info->id.n ? row->info->id : row->info->version;
    }
    return !f ? CRM_S("-") : f->id.n && row->chosen ? f->id : f->version;
}

static void say_held(command_call *c, const module_row *row)
{
    for (uint32_t i = 0; i < row->held_count; i++) {
        const module_held *h = &row->held[i];
        bool is_rule = strcmp(h->kind, "rule") == 0;
        const char *word = !is_russian(c) ? h->kind : is_rule ? "правило" : "интеграция";
        buf_fmt(c->out, "\n    %s %s %.*s", is_russian(c) ? "ждёт:" : "waits:", word,
                STR_FMT(h->name));
    }
}

static void say_purging(command_call *c, const module_purging *p)
{
    if (p->batch) {
        buf_fmt(c->out,
                is_russian(c) ? "\n    удаляется навсегда: %lld из %lld, операция %lld"
                              : "\n    it is purged: %lld of %lld, batch %lld",
                (long long)p->done, (long long)p->total, (long long)p->batch);
    }
}

static void say_migration(command_call *c, const module_migration *m)
{
    if (m->batch && m->is_failed) {
        buf_fmt(c->out,
                is_russian(c)
                    ? "\n    данные для версии %.*s не подготовлены: %.*s, операция %lld"
                    : "\n    its data could not be made for version %.*s: %.*s, batch %lld",
                STR_FMT(m->version), STR_FMT(m->why), (long long)m->batch);
    } else if (m->batch && m->is_stopped) {
        buf_fmt(c->out,
                is_russian(c) ? "\n    подготовка данных для версии %.*s остановлена, операция %lld"
                              : "\n    making its data for version %.*s was stopped, batch %lld",
                STR_FMT(m->version), (long long)m->batch);
    } else if (m->batch) {
        buf_fmt(c->out,
                is_russian(c) ? "\n    данные готовятся для версии %.*s: шагов %lld, операция %lld"
                              : "\n    its data are made for version %.*s: steps %lld, batch %lld",
                STR_FMT(m->version), (long long)m->done, (long long)m->batch);
    }
}

static void say_row(command_call *c, const registry *r, const module_row *row)
{
    bool is_put_off = strcmp(row->state, "disabled") == 0 && row->choice->is_put_off;
    buf_fmt(c->out, "%-12.*s %-8.*s %s", STR_FMT(row->name), STR_FMT(version_of(row)),
            state_word(c, is_put_off ? "put_off" : row->state));
    if (row->info && row->info->lacks.n) {
        buf_fmt(c->out, " %.*s", STR_FMT(row->info->lacks));
    }
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
    say_held(c, row);
    if (row->draining) {
        buf_fmt(c->out,
                is_russian(c) ? "\n    прежние версии дорабатывают: %u"
                              : "\n    earlier versions that still work: %u",
                row->draining);
    }
    say_remote(c, row);
    say_purging(c, &row->purging);
    command_say_services(c, r, row->name);
    say_migration(c, &row->migration);
    buf_char(c->out, '\n');
}

void command_fail_call(command_call *c, const registry *r, const call_error *e, crm_status s)
{
    crm_str code = e->fields ? e->fields->code : e->code;
    if (e->text.n) {
        buf_str(c->out, e->text);
    } else {
        code = code.n ? code : str_of(status_code(s));
        crm_str key = arena_fmt(c->arena, e->fields ? "field.%.*s" : "error.%.*s", STR_FMT(code));
        registry_text_fill(registry_text(r, str_of(c->lang), key),
                           e->fields ? e->fields->params_json : e->params_json, c->out);
    }
    buf_char(c->out, '\n');
    c->exit_code = 1;
}

/* The rows of all modules, or of one, as the registry in force has them; NULL: no server runs. */
static void say(command_call *c, const registry *r, crm_str name)
{
    module_rows rows;
    crm_status s = module_rows_of(c->d, c->arena, r, &rows);
    for (uint32_t i = 0; s == CRM_OK && i < rows.count; i++) {
        if (!name.n || str_eq(rows.at[i].name, name)) {
            say_row(c, r, &rows.at[i]);
        }
    }
    if (s != CRM_OK) {
        command_fail_status(c, s);
    }
}

static void say_now(command_call *c, crm_str name)
{
    const registry *r = c->d->flow ? registry_pin() : NULL;
    say(c, r, name);
    registry_unpin(r);
}

void command_module_list(command_call *c)
{
    say_now(c, (crm_str){0});
}

/* ---- deciding -------------------------------------------------------------------------------- */

static bool act_online(command_call *c, const module_ask *ask)
{
    crm_ctx call;
    crm_status s = call_begin(&call, &principal_system, CRM_S("command"));
    if (s != CRM_OK) {
        command_fail_status(c, s);
        return false;
    }
    call.lang = str_of(c->lang);
    s = module_change(c->d, &call, ask);
    if (s != CRM_OK) {
        command_fail_call(c, call.reg, &call.error, s);
    }
    call_end(&call);
    return s == CRM_OK;
}

static bool act_offline(command_call *c, const module_ask *ask)
{
    const char *refusal;
    crm_status s = module_choose_offline(c->d, c->arena, ask, &refusal);
    registry *texts = s == CRM_OK ? NULL : registry_new();
    if (s != CRM_OK && texts) {
        call_error e = {.code = str_of(refusal ? refusal : status_code(s)),
                        .params_json = module_refusal_params(c->arena, ask)};
        command_fail_call(c, texts, &e, s);
    }
    c->exit_code |= s != CRM_OK;
    registry_discard(texts);
    return s == CRM_OK;
}

static void act(command_call *c, module_act what)
{
    module_ask ask = {.act = what,
                      .name = str_of(c->args[2]),
                      .version = c->count > 3 ? str_of(c->args[3]) : (crm_str){0}};
    if (c->d->flow ? act_online(c, &ask) : act_offline(c, &ask)) {
        say_now(c, ask.name);
        command_say_aside(c, ask.name);
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
