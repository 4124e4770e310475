/* kit_check_live.c - the module on a server of the kit's own: its start, its ТЗ. */
#include <stdio.h>
#include <unistd.h>

#include "kit_check.h"

#define START_MOST_MS 2000        /* that the module adds to a start */
#define MEMORY_MOST   (64L << 10) /* KiB that it adds */

/* ---- the start ------------------------------------------------------------------------------- */

long check_status(pid_t pid, const char *key)
{
    char path[64], line[256];
    long n = -1;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *f = fopen(path, "re");
    while (f && fgets(line, sizeof line, f)) {
        int64_t v;
        crm_str rest = str_of(line), name, number;
        str_split(&rest, ':', &name);
        rest = str_trim(rest);
        str_split(&rest, ' ', &number);
        if (str_is(name, key) && str_to_i64(number, &v) == CRM_OK) {
            n = (long)v;
        }
    }
    if (f) {
        fclose(f);
    }
    return n;
}

int64_t check_metric(check *k, const char *name)
{
    crm_str rest, line, word;
    int64_t n = -1;
    kit_ask(&k->anna, "GET", "/metrics", NULL);
    rest = buf_view(&k->anna.reply);
    while (n < 0 && str_split(&rest, '\n', &line)) {
        if (str_split(&line, ' ', &word) && str_is(word, name)) {
            n = str_to_i64(str_trim(line), &n) == CRM_OK ? n : -1;
        }
    }
    return n;
}

/* A server beside, on data of its own below that name; false when it does not run, with why in
 * `said`. */
static bool start_beside(check *k, const char *name, const char *file, int64_t *ms, long *kib,
                         buf *said)
{
    kit_server s = {.call = k->call, .tz = file, .modules = k->server.modules};
    s.data = arena_fmt(k->a, "%s/%s", k->temp, name).p;
    buf_init(&s.said, 0);
    bool ok = s.data && kit_server_start(&s);
    *ms = s.start_ms;
    *kib = ok ? check_status(s.pid, "VmRSS") : 0;
    ok = kit_server_stop(&s) && ok;
    if (!ok) {
        buf_str(said, buf_view(&s.said));
    }
    buf_free(&s.said);
    return ok;
}

/* The same server without the module, for the difference; false when it does not run either. */
static bool start_bare(check *k, int64_t *ms, long *kib)
{
    static const char bare_tz[] =
        "tz: 1\ntitle: kit\nversion: \"1.0\"\ncompany: {name: kit, timezone: "
        "Europe/Moscow}\nmodules: auto\n";
    crm_str file = arena_fmt(k->a, "%s/bare.yaml", k->temp);
    return file.p && fs_write(file.p, str_of(bare_tz), 0644) == CRM_OK &&
           start_beside(k, "bare", file.p, ms, kib, &k->server.said);
}

static crm_status lay_out(check *k)
{
    crm_str modules = arena_fmt(k->a, "%s/modules", k->temp);
    k->server.data = arena_fmt(k->a, "%s/data", k->temp).p;
    k->server.modules = modules.p;
    crm_status s = modules.p ? kit_modules_make(&k->m, modules.p) : CRM_NOMEM;
    s = s == CRM_OK ? kit_module_put(&k->m, modules.p, CRM_S("aaaaaaaaaaaa"), &k->ids[0]) : s;
    return s == CRM_OK ? kit_tz_write(&k->m, k->reg, k->temp, &k->server.tz) : s;
}

static bool sign_in(check *k, kit_client *c, const char *login)
{
    buf out;
    const char *args[] = {"user", "invite", login};
    buf_init(&out, 0);
    int code = kit_server_tell(&k->server, &out, 3, args);
    crm_str text = str_trim(buf_view(&out)), word;
    while (str_split(&text, ' ', &word)) {
    }
    const char *invitation = arena_cstr(k->a, word);
    buf_free(&out);
    return code == 0 && kit_client_open(c, k->server.port) == CRM_OK &&
           kit_sign_in(c, login, invitation);
}

bool check_start(check *k)
{
    int64_t bare_ms = 0;
    long bare_kib = 0;
    const char *title = W(k, "Запускается быстро и занимает мало", "Starts fast and takes little");
    const char *did =
        W(k, "сервер запущен без модуля и с ним: не дольше на 2 с, не больше на 64 МиБ",
          "a server was started without it and with it: at most 2 s and 64 MiB more");
    bool runs = lay_out(k) == CRM_OK && start_bare(k, &bare_ms, &bare_kib);
    runs = runs && kit_server_start(&k->server);
    if (!runs) {
        check_add(k, CHECK_BAD, title, did, buf_view(&k->server.said));
        return false;
    }
    long kib = check_status(k->server.pid, "VmRSS") - bare_kib;
    int64_t ms = k->server.start_ms - bare_ms;
    bool ok = ms <= START_MOST_MS && kib <= MEMORY_MOST;
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, title, did,
              FOUND(k, W(k, "запуск %+lld мс, память %+ld КиБ", "start %+lld ms, memory %+ld KiB"),
                    (long long)ms, kib));
    if (sign_in(k, &k->anna, "anna") && sign_in(k, &k->boris, "boris") &&
        sign_in(k, &k->clara, "clara")) {
        return true;
    }
    check_add(k, CHECK_BAD, W(k, "Люди входят", "People sign in"), "anna, boris, clara",
              buf_view(&k->anna.reply));
    return false;
}

/* ---- its own ТЗ ------------------------------------------------------------------------------ */

static bool lint_tz(check *k, const char *file, buf *out)
{
    const char *const argv[] = {kit_self(k->a),    "tz",    "lint",   file,          "--modules",
                                k->server.modules, "--dev", "--lang", k->call->lang, NULL};
    return kit_run(argv, out) == 0;
}

void check_tz(check *k)
{
    int64_t ms = 0;
    long kib = 0;
    const char *title = W(k, "Применимо его ТЗ", "Its ТЗ can be applied");
    crm_str file = arena_fmt(k->a, "%s/tests/tz.yaml", k->m.source);
    buf out;
    if (!file.p || access(file.p, F_OK) != 0) {
        check_add(k, CHECK_SKIPPED, title, "tests/tz.yaml",
                  str_of(W(k, "такого файла в модуле нет", "the module has no such file")));
        return;
    }
    buf_init(&out, 0);
    bool ok = lint_tz(k, file.p, &out) && start_beside(k, "own", file.p, &ms, &kib, &out);
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, title,
              W(k, "karkas tz lint tests/tz.yaml, затем сервер по нему на пустых данных",
                "karkas tz lint tests/tz.yaml, then a server on it with empty data"),
              ok ? FOUND(k, W(k, "запуск %lld мс", "start %lld ms"), (long long)ms)
                 : buf_view(&out));
    buf_free(&out);
}
