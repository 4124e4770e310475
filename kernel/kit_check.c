/* kit_check.c - `karkas module check`: the order of the checks, and their rows. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit_check.h"
#include "module_install.h"

void check_add(check *k, check_state state, const char *title, const char *did, crm_str found)
{
    int64_t now = clock_mono();
    if (k->count < CHECK_ROWS) {
        k->rows[k->count++] =
            (check_row){arena_dup(k->a, str_of(title)), arena_dup(k->a, str_of(did)),
                        arena_dup(k->a, str_trim(found)), state, (now - k->since) / 1000000};
    }
    k->since = now;
}

/* ---- what is checked ------------------------------------------------------------------------- */

/* A folder as it is; an archive unpacked beside. NULL when it is neither. */
static const char *source_of(check *k, const char *given)
{
    struct stat st;
    char *real = realpath(given, NULL);
    const char *out = real ? arena_cstr(k->a, str_of(real)) : NULL;
    free(real);
    if (!out || stat(out, &st) != 0 || S_ISDIR(st.st_mode)) {
        return out;
    }
    crm_str into = arena_fmt(k->a, "%s/archive", k->temp);
    bool is_there = into.p && mkdir(into.p, 0700) == 0 && module_unpack(k->a, out, into.p);
    return is_there ? module_root_of(k->a, into.p) : NULL;
}

static bool build(check *k)
{
    buf said;
    buf_init(&said, 0);
    bool ok = kit_module_build(&k->m, &said);
    const char *did = k->m.is_compiled
                          ? W(k, "собран cmake из исходников", "built by cmake from its sources")
                          : W(k, "взят как есть", "taken as it is");
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, W(k, "Собирается", "Builds"), did,
              ok ? FOUND(k, "%.*s %.*s", STR_FMT(k->m.name), STR_FMT(k->m.version))
                 : buf_view(&said));
    buf_free(&said);
    crm_str object = arena_fmt(k->a, "%s/%.*s.so", k->m.built, STR_FMT(k->m.name));
    k->object = object.p && access(object.p, F_OK) == 0 ? object.p : NULL;
    return ok;
}

static void check_alive(check *k)
{
    if (check_start(k)) {
        check_strangers(k);
        check_service(k);
        check_upgrade(k);
        check_leaks(k);
        check_kill(k);
        check_tz(k);
    }
    kit_client_close(&k->anna);
    kit_client_close(&k->boris);
    kit_client_close(&k->clara);
    kit_server_kill(&k->server);
}

static void check_all(check *k)
{
    k->since = clock_mono();
    if (!build(k)) {
        return;
    }
    check_symbols(k);
    check_sizes(k);
    check_lint(k);
    check_locales(k);
    check_probe(k);
    check_tests(k);
    buf_clear(k->call->out);
    if (kit_declared(k->call, k->m.built, &k->reg) == CRM_OK) {
        check_alive(k);
        registry_discard(k->reg);
    }
    check_kernels(k);
}

static uint32_t bad_rows(const check *k)
{
    uint32_t bad = 0;
    for (uint32_t i = 0; i < k->count; i++) {
        bad += k->rows[i].state == CHECK_BAD;
    }
    return bad;
}

/* ---- the command ----------------------------------------------------------------------------- */

static void report(check *k)
{
    const char *page = k->call->d->o->report;
    buf_clear(k->call->out);
    check_print(k);
    k->call->exit_code = bad_rows(k) ? 1 : 0;
    if (page && check_write_page(k, page) != CRM_OK) {
        command_fail(k->call, "страницу отчёта не записать", "the page cannot be written");
    }
}

static void run(check *k)
{
    crm_status s = kit_temp(k->a, &k->temp);
    k->m.temp = k->temp;
    k->m.source = s == CRM_OK ? source_of(k, k->call->args[2]) : NULL;
    s = k->m.source ? kit_module_read(&k->m) : CRM_NOT_FOUND;
    if (s == CRM_OK) {
        check_all(k);
        report(k);
    } else {
        command_fail(k->call, "это не каталог и не архив модуля с module.yaml",
                     "that is neither a folder nor an archive of a module with module.yaml");
    }
    kit_remove(k->temp);
}

void command_module_check(command_call *c)
{
    check *k = ARENA_NEW(c->arena, check);
    if (!k || geteuid() == 0) {
        command_fail(c, "запустите обычным пользователем: сервер не работает от root",
                     "run it as an ordinary user: a server does not run as root");
        return;
    }
    k->call = k->m.call = k->server.call = c;
    k->a = c->arena;
    buf_init(&k->server.said, 0);
    run(k);
    buf_free(&k->server.said);
}
