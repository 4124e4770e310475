/*
 * kit_dev.c - `karkas module dev DIR`: the author's folder is watched, and what he saves runs.
 *
 * With a server of its own, on a data directory and a ТЗ that go with the command, or, where --data
 * names one, beside the module of a server that runs. A change is built beside what runs; when it
 * does not build or is refused, the version before goes on.
 */
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit_tools.h"

#define GOAL_MS  3000
#define QUIET_MS 40 /* an editor writes a file in several steps */
#define PUT_MAX  10000
#define WATCHED  (IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_TO | IN_MOVED_FROM)

typedef struct dev {
    command_call *call;
    kit_module m;
    kit_server server;
    const char *temp;
    crm_str id;      /* the version that runs; empty: none yet */
    crm_str before;  /* attached: the word of the version that ran; empty: the module was off */
    crm_str tz_text; /* in force */
    bool is_attached;
    int watch;            /* of inotify */
    crm_str put[PUT_MAX]; /* attached: folders to take away again */
    uint32_t put_count;
} dev;

static volatile sig_atomic_t is_over;

static void on_signal(int n)
{
    (void)n;
    is_over = 1;
}

static bool is_ru(const dev *d)
{
    return d->call->lang[0] == 'r';
}

CRM_PRINTF(2, 4) CRM_PRINTF(3, 4) static void say(const dev *d, const char *ru, const char *en, ...)
{
    va_list ap;
    va_start(ap, en);
    vprintf(is_ru(d) ? ru : en, ap);
    va_end(ap);
    fflush(stdout);
}

static void say_text(const buf *b)
{
    fwrite(b->n ? b->p : "", 1, b->n, stdout);
    fflush(stdout);
}

/* What is wrong stands in the author's folder, whichever copy of it was read. */
static void say_faults(const dev *d, const buf *b)
{
    size_t from = strlen(d->m.built);
    for (size_t i = 0; i < b->n;) {
        bool is_path = b->n - i >= from && !memcmp(b->p + i, d->m.built, from);
        fwrite(is_path ? d->m.source : b->p + i, 1, is_path ? strlen(d->m.source) : 1, stdout);
        i += is_path ? from : 1;
    }
    fflush(stdout);
}

/* ---- watching -------------------------------------------------------------------------------- */

static void watch_folder(dev *d, const char *dir, int depth)
{
    struct dirent *e;
    struct stat st;
    DIR *open = depth < 6 ? opendir(dir) : NULL;
    if (!open || inotify_add_watch(d->watch, dir, WATCHED) < 0) {
        if (open) {
            closedir(open);
        }
        return;
    }
    while ((e = readdir(open))) {
        crm_str path = arena_fmt(d->call->arena, "%s/%s", dir, e->d_name);
        bool is_ours = e->d_name[0] != '.' && strcmp(e->d_name, "build") != 0;
        if (is_ours && path.p && lstat(path.p, &st) == 0 && S_ISDIR(st.st_mode)) {
            watch_folder(d, path.p, depth + 1);
        }
    }
    closedir(open);
}

/* Reads what has happened; whether something of it is the author's. */
static bool take_events(dev *d)
{
    char block[4096] __attribute__((aligned(8)));
    bool is_real = false;
    ssize_t n;
    while ((n = read(d->watch, block, sizeof block)) > 0) {
        for (ssize_t at = 0; at < n;) {
            const struct inotify_event *e = (const void *)(block + at);
            bool is_hidden = e->len && (e->name[0] == '.' || e->name[strlen(e->name) - 1] == '~');
            bool is_build = e->len && !strcmp(e->name, "build");
            is_real = is_real || (!is_hidden && !is_build);
            at += (ssize_t)sizeof *e + e->len;
        }
    }
    return is_real;
}

/* Waits until the author has changed something and let go of it; false when the command is to end.
 */
static bool wait_for_change(dev *d, int64_t *since)
{
    bool is_changed = false;
    while (!is_over) {
        struct pollfd p[2] = {{.fd = d->watch, .events = POLLIN},
                              {.fd = d->server.pid ? d->server.output : -1, .events = POLLIN}};
        int n = poll(p, 2, is_changed ? QUIET_MS : -1);
        if (n == 0) {
            watch_folder(d, d->m.source, 0); /* folders that are new */
            return true;
        }
        if (n > 0 && p[1].revents) {
            kit_server_hear(&d->server);
            if (p[1].revents & POLLHUP) {
                say(d, "сервер завершился\n", "the server has ended\n");
                return false;
            }
        }
        if (n > 0 && p[0].revents && take_events(d)) {
            *since = is_changed ? *since : clock_mono();
            is_changed = true;
        }
    }
    return false;
}

/* ---- putting a change in force --------------------------------------------------------------- */

static int tell(dev *d, buf *out, const char *what, const char *arg, const char *more)
{
    const char *args[] = {"module", what, arg, more};
    buf_clear(out);
    return kit_server_tell(&d->server, out, more ? 4 : 3, args);
}

/* The ТЗ names every entity and function there is, so a new one is allowed at once. */
static bool write_tz(dev *d)
{
    registry *r = NULL;
    buf_clear(d->call->out);
    crm_status s = kit_declared(d->call, d->m.built, &r);
    if (s != CRM_OK) {
        say_faults(d, d->call->out);
        return false;
    }
    s = d->is_attached ? CRM_OK : kit_tz_write(&d->m, r, d->temp, &d->server.tz);
    registry_discard(r);
    return s == CRM_OK;
}

static bool start_server(dev *d)
{
    if (!kit_server_start(&d->server)) {
        say_text(&d->server.said);
        return false;
    }
    say(d, "http://localhost:%d/   вход: admin %s\n", "http://localhost:%d/   sign in: admin %s\n",
        d->server.port, d->server.login);
    return true;
}

static bool upgrade(dev *d)
{
    buf out;
    buf_init(&out, 0);
    const char *name = arena_cstr(d->call->arena, d->m.name);
    int code = tell(d, &out, d->id.n || d->before.n ? "upgrade" : "enable", name, d->id.p);
    if (code == 0 && !d->is_attached) { /* its entities and functions may be new */
        const char *args[] = {"tz", "apply", d->server.tz};
        buf_clear(&out);
        code = kit_server_tell(&d->server, &out, 3, args);
    }
    if (code != 0) {
        say_text(&out);
    }
    buf_free(&out);
    return code == 0;
}

static bool put_in_force(dev *d, bool *is_new)
{
    crm_str id, was = d->id;
    crm_str mark = kit_hash(d->call->arena, d->m.built);
    if (!mark.p || !write_tz(d) || kit_module_put(&d->m, d->server.modules, mark, &id) != CRM_OK) {
        return false;
    }
    *is_new = !str_eq(id, was);
    if (!*is_new) {
        return true;
    }
    if (d->is_attached && d->put_count < PUT_MAX) {
        d->put[d->put_count++] = id;
    }
    d->id = id;
    bool ok = d->server.pid || d->is_attached ? upgrade(d) : start_server(d);
    d->id = ok ? id : was;
    return ok;
}

static void take_change(dev *d, int64_t since)
{
    buf said;
    bool is_new = false;
    buf_init(&said, 0);
    bool is_built = kit_module_read(&d->m) == CRM_OK && kit_module_build(&d->m, &said);
    int64_t built = clock_mono();
    bool ok = is_built && put_in_force(d, &is_new);
    int64_t now = clock_mono();
    if (!is_built) {
        say_text(&said);
    }
    buf_free(&said);
    if (!ok) {
        say(d, d->id.n ? "не принято, работает прежняя %.*s\n" : "не принято%.*s\n",
            d->id.n ? "not taken, %.*s goes on\n" : "not taken%.*s\n", STR_FMT(d->id));
        return;
    }
    if (!is_new) {
        return;
    }
    double build_s = (double)(built - since) / 1e9, all_s = (double)(now - since) / 1e9;
    say(d, "%.*s работает: %.2f с (сборка %.2f, смена %.2f)%s\n",
        "%.*s runs: %.2f s (build %.2f, change %.2f)%s\n", STR_FMT(d->id), all_s, build_s,
        all_s - build_s, all_s * 1000 > GOAL_MS ? is_ru(d) ? ", больше 3 с" : ", over 3 s" : "");
}

/* ---- a server that runs already -------------------------------------------------------------- */

/* Which version of the module it runs, by the line of `module list`: "name  version  state". */
static bool ask_before(dev *d)
{
    buf out;
    crm_str rest, line, word, version = {0};
    const char *const args[] = {"module", "list"};
    buf_init(&out, 0);
    int code = kit_server_tell(&d->server, &out, 2, args);
    rest = buf_view(&out);
    while (code == 0 && str_split(&rest, '\n', &line)) {
        crm_str left = line;
        if (!str_split(&left, ' ', &word) || !str_eq(word, d->m.name)) {
            continue;
        }
        left = str_trim(left);
        str_split(&left, ' ', &version);
        bool runs = str_starts(str_trim(left), is_ru(d) ? CRM_S("работает") : CRM_S("runs"));
        crm_str word_of = version.n > PLUG_ID_HEX + 1 ? version : CRM_S("bundled");
        d->before = runs ? arena_dup(d->call->arena, word_of) : (crm_str){0};
    }
    buf_free(&out);
    return code == 0;
}

static void detach(dev *d)
{
    buf out;
    buf_init(&out, 0);
    const char *name = arena_cstr(d->call->arena, d->m.name);
    if (d->id.n) {
        int code = d->before.n ? tell(d, &out, "upgrade", name, d->before.p)
                               : tell(d, &out, "disable", name, NULL);
        say_text(&out);
        if (code != 0) {
            buf_free(&out);
            return; /* it runs on, so its files stay */
        }
    }
    for (uint32_t i = 0; i < d->put_count; i++) {
        kit_remove(
            arena_fmt(d->call->arena, "%s/%s/%.*s", d->server.modules, name, STR_FMT(d->put[i])).p);
    }
    buf_free(&out);
}

/* ---- the command ----------------------------------------------------------------------------- */

static crm_status prepare(dev *d)
{
    const server_options *o = d->call->d->o;
    arena *a = d->call->arena;
    crm_status s = kit_temp(a, &d->temp);
    if (s != CRM_OK) {
        return s;
    }
    d->m.temp = d->temp;
    s = kit_module_read(&d->m);
    d->is_attached = o->is_data_given;
    crm_str data = arena_fmt(a, "%s/data", d->temp), modules = arena_fmt(a, "%s/modules", d->temp);
    d->server.data = d->is_attached ? o->data : data.p;
    d->server.modules = d->is_attached ? o->modules : modules.p;
    if (s == CRM_OK && !d->is_attached) {
        s = modules.p ? kit_modules_make(&d->m, modules.p) : CRM_NOMEM;
    }
    return s;
}

static void catch_signals(void)
{
    struct sigaction act = {.sa_handler = on_signal};
    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGHUP, &act, NULL);
}

static void work(dev *d)
{
    int64_t since = clock_mono();
    catch_signals();
    d->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    watch_folder(d, d->m.source, 0);
    take_change(d, since);
    while (wait_for_change(d, &since)) {
        take_change(d, since);
    }
    close(d->watch);
}

static void end(dev *d)
{
    if (d->is_attached) {
        detach(d);
    } else if (!kit_server_stop(&d->server)) {
        say_text(&d->server.said);
        d->call->exit_code = 1;
    }
    buf_free(&d->server.said);
    kit_remove(d->temp);
    buf_clear(d->call->out);
}

void command_module_dev(command_call *c)
{
    dev *d = ARENA_NEW(c->arena, dev);
    char *source = realpath(c->args[2], NULL);
    if (!d || !source) {
        free(source);
        command_fail(c, "нет такого каталога", "no such folder");
        return;
    }
    d->call = d->m.call = d->server.call = c;
    d->m.source = arena_cstr(c->arena, str_of(source));
    free(source);
    buf_init(&d->server.said, 0);
    crm_status s = prepare(d);
    if (s == CRM_OK && d->is_attached && !ask_before(d)) {
        command_fail(c, "на этом каталоге данных не работает сервер",
                     "no server runs on that data directory");
    } else if (s == CRM_OK) {
        work(d);
        end(d);
        return;
    } else if (s == CRM_NOT_FOUND || s == CRM_INVALID) {
        command_fail(c, "в этом каталоге нет module.yaml с module: и version:",
                     "no module.yaml with module: and version: in that folder");
    } else {
        command_fail_status(c, s);
    }
    kit_remove(d->temp);
}
