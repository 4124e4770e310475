/*
 * main.c - the command line. `karkas serve` is the server; every other command goes to the running
 * server over the Unix socket of the data directory or, without one, takes the directory's lock.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "data/backup.h"
#include "kit_mock.h"

static const char *default_lang(void)
{
    const char *l = getenv("LC_ALL");
    if (!l || !*l) {
        l = getenv("LANG");
    }
    return l && strncmp(l, "ru", 2) == 0 ? "ru" : "en";
}

static int usage(const server_options *o, FILE *to, int code)
{
    help_print(to, o->lang, 0, NULL);
    return code;
}

enum {
    OPT_DATA = 1,
    OPT_TZ,
    OPT_MODULES,
    OPT_WEB,
    OPT_LISTEN,
    OPT_NAMES,
    OPT_SANDBOX,
    OPT_LANG,
    OPT_TLS,
    OPT_DEV,
    OPT_TRUST,
    OPT_SAFE,
    OPT_GROUP,
    OPT_PART,
    OPT_REPORT_MEMORY,
    OPT_SDK,
    OPT_NATIVE,
    OPT_REPORT,
    OPT_KERNEL,
    OPT_HELP,
    OPT_VERSION,
    OPT_PROBE,
    OPT_MOCK
};

static const struct option options[] = {{"data", 1, NULL, OPT_DATA},
                                        {"tz", 1, NULL, OPT_TZ},
                                        {"modules", 1, NULL, OPT_MODULES},
                                        {"web", 1, NULL, OPT_WEB},
                                        {"listen", 1, NULL, OPT_LISTEN},
                                        {"names", 1, NULL, OPT_NAMES},
                                        {"sandbox", 1, NULL, OPT_SANDBOX},
                                        {"lang", 1, NULL, OPT_LANG},
                                        {"tls", 1, NULL, OPT_TLS},
                                        {"dev", 0, NULL, OPT_DEV},
                                        {"group", 1, NULL, OPT_GROUP},
                                        {"part", 1, NULL, OPT_PART},
                                        {"report-memory", 1, NULL, OPT_REPORT_MEMORY},
                                        {"help", 0, NULL, OPT_HELP},
                                        {"version", 0, NULL, OPT_VERSION},
                                        {"probe", 1, NULL, OPT_PROBE},
                                        {"mock", 1, NULL, OPT_MOCK},
                                        {"trust", 1, NULL, OPT_TRUST},
                                        {"safe", 0, NULL, OPT_SAFE},
                                        {"sdk", 1, NULL, OPT_SDK},
                                        {"native", 0, NULL, OPT_NATIVE},
                                        {"report", 1, NULL, OPT_REPORT},
                                        {"kernel", 1, NULL, OPT_KERNEL},
                                        {0}};

static bool is_loopback(const char *listen)
{
    return strncmp(listen, "127.", 4) == 0 || strncmp(listen, "[::1]", 5) == 0;
}

static bool set_number(const char *text, int64_t most, uint32_t *out)
{
    int64_t n;
    if (str_to_i64(str_of(text), &n) != CRM_OK || n < 1 || n > most) {
        return false;
    }
    *out = (uint32_t)n;
    return true;
}

/* Where the option's word is kept as it was given; NULL: not so. */
static const char **text_option(server_options *o, int which)
{
    switch (which) {
    case OPT_DATA:
        return &o->data;
    case OPT_TZ:
        return &o->tz;
    case OPT_MODULES:
        return &o->modules;
    case OPT_WEB:
        return &o->web;
    case OPT_LISTEN:
        return &o->listen;
    case OPT_NAMES:
        return &o->names;
    case OPT_SANDBOX:
        return &o->sandbox;
    case OPT_TRUST:
        return &o->trust;
    case OPT_SDK:
        return &o->sdk;
    case OPT_REPORT:
        return &o->report;
    default:
        return NULL;
    }
}

static bool set_option(server_options *o, int which, const char *given)
{
    const char **text = text_option(o, which);
    if (text) {
        o->is_data_given |= which == OPT_DATA;
        *text = given;
        return true;
    }
    switch (which) {
    case OPT_LANG:
        if (strcmp(given, "en") != 0 && strcmp(given, "ru") != 0) {
            return false;
        }
        o->lang = given;
        return true;
    case OPT_TLS:
        o->is_plain = strcmp(given, "off") == 0;
        return o->is_plain || !strcmp(given, "auto");
    case OPT_SAFE:
        o->is_safe = true;
        return true;
    case OPT_DEV:
        o->is_dev = true;
        return true;
    case OPT_NATIVE:
        o->is_native = true;
        return true;
    case OPT_KERNEL:
        if (o->kernel_count == KERNELS_MAX) {
            return false;
        }
        o->kernels[o->kernel_count++] = given;
        return true;
    case OPT_GROUP:
        return set_number(given, 1024, &o->group_max);
    case OPT_PART:
        return set_number(given, 4000, &o->part_ms);
    case OPT_REPORT_MEMORY:
        return set_number(given, 4096, &o->report_mb);
    default:
        return false;
    }
}

/* Of an option nobody knows getopt has told already. */
static void say_refused(const server_options *o, int which, const char *given)
{
    for (const struct option *row = options; row->name; row++) {
        if (row->val == which) {
            fprintf(stderr,
                    o->lang[0] == 'r' ? "karkas: --%s %s: такого значения нет\n\n"
                                      : "karkas: --%s %s: no such value\n\n",
                    row->name, given ? given : "");
        }
    }
}

/* What concerns no deployment: this machine's files alone. */
static bool is_local(int count, const char *const *args)
{
    const char *sub = count > 1 ? args[1] : "";
    return !strcmp(args[0], "version") || (!strcmp(args[0], "tz") && !strcmp(sub, "lint")) ||
           (!strcmp(args[0], "module") &&
            (!strcmp(sub, "new") || !strcmp(sub, "lint") || !strcmp(sub, "dev") ||
             !strcmp(sub, "test") || !strcmp(sub, "check") || !strcmp(sub, "install") ||
             !strcmp(sub, "uninstall") || !strcmp(sub, "trust")));
}

/* What is decided about modules stands in a file of its own: it can be changed when no start works.
 */
static bool is_choice(int count, const char *const *args)
{
    static const char *const verbs[] = {"list", "enable", "disable", "upgrade", "rollback"};
    for (size_t i = 0; count > 1 && i < sizeof verbs / sizeof *verbs; i++) {
        if (strcmp(args[0], "module") == 0 && strcmp(args[1], verbs[i]) == 0) {
            return true;
        }
    }
    return false;
}

static bool has_folder(const server_options *o, const char *option, const char *path, buf *out)
{
    struct stat at;
    if (stat(path, &at) == 0 && S_ISDIR(at.st_mode)) {
        return true;
    }
    buf_fmt(out, o->lang[0] == 'r' ? "%s %s: нет такого каталога\n" : "%s %s: no such directory\n",
            option, path);
    return false;
}

/* A mistyped folder is told of, and nothing is made in its place. */
static bool has_folders(const server_options *o, bool needs_data, buf *out)
{
    char path[PATH_MAX_TEXT + 16];
    if (!has_folder(o, "--data", o->data, out) || !has_folder(o, "--modules", o->modules, out)) {
        return false;
    }
    snprintf(path, sizeof path, "%s/karkas.db", o->data);
    if (needs_data && access(path, F_OK) != 0 && !backup_is_cut_off(o->data)) {
        buf_fmt(out,
                o->lang[0] == 'r' ? "--data %s: в этом каталоге нет данных Каркаса\n"
                                  : "--data %s: no data of Karkas in that directory\n",
                o->data);
        return false;
    }
    return true;
}

/* What the command works on. */
static crm_status open_offline(const server_options *o, int count, const char *const *args,
                               deployment *d, buf *out)
{
    *d = (deployment){.o = o, .lock_fd = -1};
    if (is_local(count, args) || strcmp(args[0], "restore") == 0) {
        uv_mutex_init(&d->apply_lock);
        return CRM_OK;
    }
    bool is_pull = strcmp(args[0], "tz") == 0 && strcmp(args[1], "pull") == 0; /* reads files */
    bool is_first =
        is_choice(count, args) || (strcmp(args[0], "tz") == 0 && !is_pull); /* or may be */
    if (!has_folders(o, !is_first, out)) {
        return CRM_NOT_FOUND;
    }
    if (is_choice(count, args) || is_pull) {
        return deployment_lock(d, o);
    }
    crm_status s = deployment_hold(d, o);
    s = s == CRM_OK ? deployment_open(d, o) : s;
    if (s != CRM_OK || strcmp(args[0], "tz") == 0) {
        return s;
    }
    s = deployment_start(d, NULL, out);
    if (s != CRM_OK && !out->n) {
        buf_fmt(out, "%s: %s\n", o->data, status_code(s));
    }
    return s;
}

/* Without a server the command opens the directory itself. */
static int run_offline(const server_options *o, int count, const char *const *args)
{
    deployment d;
    buf out;
    arena *a = arena_new(0);
    command_call c = {
        .d = &d, .args = args, .count = count, .lang = o->lang, .arena = a, .out = &out};
    buf_init(&out, 0);
    if (open_offline(o, count, args, &d, &out) != CRM_OK) {
        c.exit_code = 1;
    } else {
        command_run(&c);
    }
    if (out.n) {
        fwrite(out.p, 1, out.n, c.exit_code ? stderr : stdout);
    }
    deployment_close(&d);
    buf_free(&out);
    arena_free(a);
    return c.exit_code;
}

/* The server's folder is another one: a file is named from the root. */
static void make_absolute(arena *a, const char **args, int count)
{
    char *here = getcwd(NULL, 0);
    bool is_file = strcmp(args[0], "backup") == 0 || strcmp(args[0], "tz") == 0 ||
                   (strcmp(args[0], "demo") == 0 && count > 2);
    if (here && is_file && count > 1 && args[count - 1][0] != '/') {
        args[count - 1] = arena_fmt(a, "%s/%s", here, args[count - 1]).p;
    }
    free(here);
}

static int run_command(const server_options *o, int count, const char **args)
{
    int code = 0;
    const char *surplus = command_surplus(count, args);
    if (surplus) {
        fprintf(stderr,
                o->lang[0] == 'r' ? "karkas: лишнее слово «%s»:"
                                  : "karkas: one word too many, \"%s\":",
                surplus);
    } else if (!command_is_whole(count, args)) {
        fprintf(stderr, o->lang[0] == 'r' ? "karkas: нет такой команды или не хватает слов:"
                                          : "karkas: no such command, or words are missing:");
    }
    if (!command_is_whole(count, args)) {
        for (int i = 0; i < count; i++) {
            fprintf(stderr, " %s", args[i]);
        }
        fputs("\n\n", stderr);
        help_print(stderr, o->lang, count, args);
        return 2;
    }
    arena *a = arena_new(0);
    make_absolute(a, args, count);
    if (strcmp(args[0], "backup") == 0) {
        command_heed_signals();
    }
    if (is_local(count, args) || admin_ask(o->data, count, args, o->lang, &code) != CRM_OK) {
        code = run_offline(o, count, args);
    }
    arena_free(a);
    return code;
}

static int run_server(const server_options *o)
{
    if (geteuid() == 0) {
        fprintf(stderr, "karkas: refuses to serve as root: start it as a user of its own\n");
        return 1;
    }
    if (o->is_plain && !is_loopback(o->listen)) {
        fprintf(stderr, "karkas: --tls off is for loopback addresses only\n");
        return 1;
    }
    return server_run(o);
}

int main(int argc, char **argv)
{
    server_options o = {.data = getenv("KARKAS_DATA"),
                        .modules = "/usr/lib/karkas/modules",
                        .web = "/usr/share/karkas/web",
                        .listen = "127.0.0.1:8443",
                        .lang = default_lang()};
    int which;
    const char *tests = NULL;
    bool wants_help = false, wants_version = false;
    signal(SIGPIPE, SIG_IGN);
    if (!o.data) {
        o.data = "/var/lib/karkas";
    }
    while ((which = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        if (which == 'h' || which == OPT_HELP || which == OPT_VERSION) {
            wants_help = wants_help || which != OPT_VERSION;
            wants_version = wants_version || which == OPT_VERSION;
            continue;
        }
        if (which == OPT_PROBE) {
            return plug_probe_main(optarg);
        }
        if (which == OPT_MOCK) {
            tests = optarg;
            continue;
        }
        if (!set_option(&o, which, optarg)) {
            say_refused(&o, which, optarg);
            return usage(&o, stderr, 2);
        }
    }
    plug_set_options(&(plug_options){.is_dev = o.is_dev, .trust = o.trust});
    if (wants_help) {
        help_print(stdout, o.lang, argc - optind, (const char **)&argv[optind]);
        return 0;
    }
    if (wants_version) {
        return run_command(&o, 1, (const char *[]){"version"});
    }
    if (optind >= argc) {
        return usage(&o, stderr, 2);
    }
    if (tests) {
        return kit_mock_main(&o, tests, argv[optind]);
    }
    if (strcmp(argv[optind], "serve") == 0) {
        return run_server(&o);
    }
    return run_command(&o, argc - optind, (const char **)&argv[optind]);
}
