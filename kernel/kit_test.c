/* kit_test.c - `karkas module test DIR`: a module's unit tests, built and run. Offline only. */
#include "kit_tools.h"

bool kit_test_run(kit_module *m, buf *said)
{
    command_call *c = m->call;
    const char *tests = kit_module_tests(m, said);
    if (!tests) {
        return false;
    }
    const char *const argv[] = {kit_self(c->arena), "--mock", tests,   m->built, "--modules",
                                c->d->o->modules,   "--lang", c->lang, NULL};
    buf_clear(said);
    int code = kit_run(argv, said);
    if (code > 128) {
        buf_fmt(said,
                c->lang[0] == 'r' ? "проверки оборваны сигналом %d\n"
                                  : "the tests ended with signal %d\n",
                code - 128);
    }
    return code == 0;
}

static void run(kit_module *m)
{
    command_call *c = m->call;
    buf said;
    buf_init(&said, 0);
    bool ok = kit_module_build(m, &said);
    if (ok) {
        buf_clear(&said);
        ok = kit_test_run(m, &said);
    }
    buf_str(c->out, buf_view(&said));
    c->exit_code = ok ? 0 : 1;
    buf_free(&said);
}

void command_module_test(command_call *c)
{
    kit_module m = {.call = c};
    char *real = realpath(c->args[2], NULL);
    m.source = real ? arena_cstr(c->arena, str_of(real)) : NULL;
    free(real);
    crm_status s = m.source ? kit_temp(c->arena, &m.temp) : CRM_NOT_FOUND;
    s = s == CRM_OK ? kit_module_read(&m) : s;
    if (s != CRM_OK) {
        command_fail(c, "в этом каталоге нет модуля: module.yaml с именем и версией",
                     "no module in that folder: a module.yaml with its name and version");
    } else if (!m.has_tests) {
        command_fail(c, "у модуля нет проверок: karkas_module_tests в CMakeLists.txt",
                     "the module has no tests: karkas_module_tests in CMakeLists.txt");
    } else {
        run(&m);
    }
    if (m.temp) {
        kit_remove(m.temp);
    }
}
