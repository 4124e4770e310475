/* commands.c - what an administrator may ask for, by socket or offline. Worker threads; blocking.
 */
#include <stdio.h>
#include <stdlib.h>

#include "data/stores.h"
#include "kit.h"
#include "module_change.h"
#include "module_install.h"
#include "net/openapi.h"
#include "net/server.h"

typedef struct command {
    const char *name, *sub;
    int args, most; /* further words it needs, and takes */
    void (*run)(command_call *c);
} command;

void command_fail(command_call *c, const char *ru, const char *en)
{
    buf_z(c->out, c->lang[0] == 'r' ? ru : en);
    buf_char(c->out, '\n');
    c->exit_code = 1;
}

void command_fail_status(command_call *c, crm_status s)
{
    const registry *r = registry_pin();
    crm_str key = arena_fmt(c->arena, "error.%s", status_code(s));
    crm_str lang = str_of(c->lang);
    buf_str(c->out, r ? registry_text(r, lang, key) : registry_kernel_text(lang, key));
    buf_char(c->out, '\n');
    registry_unpin(r);
    c->exit_code = 1;
}

/* ---- version --------------------------------------------------------------------------------- */

static void version(command_call *c)
{
    buf_fmt(c->out, "karkas %s\nlibuv %s\nSQLite %s\nllhttp %s\njansson %s\n%s\n", KARKAS_VERSION,
            uv_version_string(), engine_sqlite_version(), http_parser_version(), JANSSON_VERSION,
            tls_version());
}

/* ---- ТЗ -------------------------------------------------------------------------------------- */

static void tz_lint(command_call *c)
{
    if (deployment_lint(c->d, c->args[2], c->lang, c->out) != CRM_OK) {
        c->exit_code = 1;
    } else {
        buf_z(c->out, c->lang[0] == 'r' ? "ТЗ читается и применимо\n" : "the ТЗ can be applied\n");
    }
}

static void tz_apply_command(command_call *c)
{
    const registry *before = registry_pin(), *after;
    crm_status s = deployment_apply(c->d, c->args[2], c->out);
    after = registry_pin();
    if (s != CRM_OK && before == after) {
        command_fail(c, "ничего не изменено", "nothing has changed");
    } else if (s != CRM_OK) {
        command_fail(c, "применено не до конца", "applied in part");
    } else {
        buf_z(c->out, c->lang[0] == 'r' ? "ТЗ применено\n" : "the ТЗ is in force\n");
    }
    registry_unpin(before);
    registry_unpin(after);
}

/* ---- people ---------------------------------------------------------------------------------- */

static void user_list(command_call *c)
{
    const people *p = people_pin();
    for (uint32_t i = 0; i < p->user_count; i++) {
        const person *u = &p->users[i];
        buf_fmt(c->out, "%-16.*s %.*s%s\n", STR_FMT(u->login), STR_FMT(u->name),
                !u->is_disabled     ? ""
                : c->lang[0] == 'r' ? " (отключён)"
                                    : " (disabled)");
    }
    people_unpin(p);
}

static const person *find_person(command_call *c, crm_ctx *call)
{
    const person *p = people_by_login(call->people, str_of(c->args[2]));
    if (!p) {
        command_fail(c, "нет такого логина", "no such login");
    }
    return p;
}

typedef struct user_change {
    int64_t user;
    crm_str phc;
    bool disable;
} user_change;

static crm_status commit_invite(crm_ctx *c, void *arg)
{
    user_change *u = arg;
    crm_status s = accounts_set_hash(c, u->user, u->phc, true);
    return s == CRM_OK ? accounts_sessions_end_all(c, u->user, 0) : s;
}

static crm_status commit_disable(crm_ctx *c, void *arg)
{
    user_change *u = arg;
    record *r;
    const entity *e = registry_store(c->reg, STORE_USER);
    crm_status s = records_get(c, e, u->user, &r);
    if (s == CRM_OK) {
        s = record_set(r, &e->fields[USER_IS_DISABLED], value_int(u->disable));
    }
    if (s == CRM_OK) {
        s = records_save(c, r, 0);
    }
    return s == CRM_OK && u->disable ? accounts_sessions_end_all(c, u->user, 0) : s;
}

static void user_invite(command_call *c)
{
    crm_ctx call;
    user_change u = {0};
    crm_status s = call_begin(&call, &principal_system, CRM_S("command"));
    if (s != CRM_OK) {
        command_fail_status(c, s);
        return;
    }
    const person *p = find_person(c, &call);
    crm_str code = deployment_code(call.arena);
    if (p && p->is_service) {
        command_fail(c, "у программы нет пароля: ей нужен токен, karkas token make",
                     "a program has no password: it needs a token, karkas token make");
    } else if (p) {
        u.user = p->id;
        s = crypto_password_hash(call.arena, code, &u.phc);
        if (s == CRM_OK) {
            s = writer_run(c->d->flow, &call, commit_invite, &u);
        }
        if (s == CRM_OK) {
            buf_fmt(c->out, "%s %.*s\n", c->args[2], STR_FMT(code));
        } else {
            command_fail_status(c, s);
        }
    }
    call_end(&call);
}

static void set_disabled(command_call *c, bool disable)
{
    crm_ctx call;
    user_change u = {.disable = disable};
    crm_status s = call_begin(&call, &principal_system, CRM_S("command"));
    if (s != CRM_OK) {
        command_fail_status(c, s);
        return;
    }
    const person *p = find_person(c, &call);
    if (p) {
        u.user = p->id;
        s = writer_run(c->d->flow, &call, commit_disable, &u);
        if (s != CRM_OK) {
            command_fail_status(c, s);
        }
    }
    call_end(&call);
}

static void user_disable(command_call *c)
{
    set_disabled(c, true);
}

static void user_enable(command_call *c)
{
    set_disabled(c, false);
}

/* ---- why ------------------------------------------------------------------------------------- */

typedef struct why {
    const entity *entity;
    int64_t user, id;
    buf *out;
} why;

/* Read on the writer: it sees the row as it is, and nothing is changed. */
static crm_status commit_why(crm_ctx *c, void *arg)
{
    why *w = arg;
    value *row;
    principal who;
    crm_status s = tx_get(c->tx, w->entity, w->id, c->arena, &row);
    if (s == CRM_OK) {
        s = people_principal(c->arena, c->people, w->user, &who);
    }
    if (s != CRM_OK) {
        return s;
    }
    buf_clear(w->out);
    c->who = &who;
    c->env.me = w->user;
    return rights_why(c, w->entity, row, w->out);
}

static void say_why(command_call *c, crm_status s)
{
    if (s == CRM_NOT_FOUND) {
        command_fail(c, "записи с таким номером нет", "no record has that number");
    } else if (s != CRM_OK) {
        command_fail_status(c, s);
    } else if (!c->out->n) {
        buf_z(c->out, c->lang[0] == 'r' ? "не видит: ни одна строка ТЗ этого не даёт\n"
                                        : "does not see it: no line of the ТЗ grants it\n");
    }
}

static void why_command(command_call *c)
{
    crm_ctx call;
    why w = {.out = c->out};
    crm_status s = call_begin(&call, &principal_system, CRM_S("command"));
    if (s != CRM_OK) {
        command_fail_status(c, s);
        return;
    }
    const person *p = people_by_login(call.people, str_of(c->args[1]));
    w.entity = registry_entity(call.reg, str_of(c->args[2]));
    if (!p || !w.entity || str_to_i64(str_of(c->args[3]), &w.id) != CRM_OK) {
        command_fail(c, "нужны логин, сущность и номер записи",
                     "a login, an entity and a record's id are needed");
    } else {
        call.lang = str_of(c->lang);
        w.user = p->id;
        say_why(c, writer_run(c->d->flow, &call, commit_why, &w));
    }
    call_end(&call);
}

/* ---- openapi --------------------------------------------------------------------------------- */

/* Everything there is, as the system sees it. */
static void openapi_command(command_call *c)
{
    crm_ctx call;
    crm_status s = call_begin(&call, &principal_system, CRM_S("command"));
    if (s == CRM_OK) {
        call.lang = str_of(c->lang);
        s = openapi_write(&call, c->out);
        call_end(&call);
    }
    if (s == CRM_OK) {
        buf_char(c->out, '\n');
    } else {
        command_fail_status(c, s);
    }
}

/* ---- the virtual clock ----------------------------------------------------------------------- */

static void clock_command(command_call *c)
{
    char text[CLOCK_TEXT];
    int64_t by = 0;
    if (c->count > 1 &&
        (c->count != 3 || clock_parse_duration(str_of(c->args[2]), &by) != CRM_OK)) {
        command_fail(c, "нужно: clock advance 15m", "expected: clock advance 15m");
        return;
    }
    crm_status s = c->count > 1 ? sandbox_advance(c->d, clock_now() + by) : CRM_OK;
    if (s != CRM_OK && s != CRM_CONFLICT) {
        command_fail_status(c, s);
        return;
    }
    if (s != CRM_OK) {
        command_fail(c, "часы переводятся только в песочнице",
                     "the clock can be moved in a sandbox only");
        return;
    }
    clock_format(clock_now(), text);
    buf_fmt(c->out, "%s\n", text);
}

/* ---- the table ------------------------------------------------------------------------------- */

#define WORDS_MAX 32

static const command commands[] = {
    {"version", NULL, 0, 0, version},
    {"tz", "lint", 1, 1, tz_lint},
    {"tz", "apply", 1, 1, tz_apply_command},
    {"tz", "pull", 1, 1, command_tz_pull},
    {"demo", "load", 1, 1, command_demo_load},
    {"demo", "remove", 0, 0, command_demo_remove},
    {"model", "export", 0, 0, command_model_export},
    {"module", "new", 1, 1, command_module_new},
    {"module", "lint", 1, 1, command_module_lint},
    {"module", "dev", 1, 1, command_module_dev},
    {"module", "test", 1, 1, command_module_test},
    {"module", "check", 1, 1, command_module_check},
    {"module", "list", 0, 0, command_module_list},
    {"module", "install", 1, 1, command_module_install},
    {"module", "trust", 0, 1, command_module_trust},
    {"module", "look", 1, 2, command_module_look},
    {"module", "upgrade", 1, 2, command_module_upgrade},
    {"module", "rollback", 1, 1, command_module_rollback},
    {"module", "enable", 1, 2, command_module_enable},
    {"module", "disable", 1, 1, command_module_disable},
    {"module", "purge", 1, 2, command_module_purge},
    {"module", "uninstall", 1, 2, command_module_uninstall},
    {"module", "settings", 1, WORDS_MAX, command_module_settings},
    {"user", "list", 0, 0, user_list},
    {"user", "invite", 1, 1, user_invite},
    {"user", "service", 2, 3, command_user_service},
    {"token", "list", 0, 0, command_token_list},
    {"token", "make", 2, WORDS_MAX, command_token_make},
    {"token", "revoke", 1, 1, command_token_revoke},
    {"user", "disable", 1, 1, user_disable},
    {"user", "enable", 1, 1, user_enable},
    {"why", NULL, 3, 3, why_command},
    {"openapi", NULL, 0, 0, openapi_command},
    {"backup", NULL, 1, 1, command_backup},
    {"restore", NULL, 1, 1, command_restore},
    {"clock", NULL, 0, 2, clock_command},
};

static int head_of(const command *k)
{
    return k->sub ? 2 : 1;
}

static const command *named(int count, const char *const *args)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
        const command *k = &commands[i];
        if (strcmp(k->name, args[0]) == 0 &&
            (!k->sub || (count > 1 && strcmp(k->sub, args[1]) == 0))) {
            return k;
        }
    }
    return NULL;
}

const char *command_surplus(int count, const char *const *args)
{
    const command *k = named(count, args);
    return k && count > head_of(k) + k->most ? args[head_of(k) + k->most] : NULL;
}

static const command *find(int count, const char *const *args)
{
    const command *k = named(count, args);
    bool is_whole = k && count >= head_of(k) + k->args && count <= head_of(k) + k->most;
    return is_whole ? k : NULL;
}

bool command_is_whole(int count, const char *const *args)
{
    return find(count, args) != NULL;
}

void command_run(command_call *c)
{
    const command *k = find(c->count, c->args);
    if (k) {
        k->run(c);
        return;
    }
    command_fail(c, "не понимаю команду: karkas --help", "unknown command: karkas --help");
    c->exit_code = 2;
}
