/*
 * kit_check_kernels.c - the module on kernels of other versions: each is told to check it by
 * itself, with the modules that came with it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "kit_check.h"

/* Where a build (DIR/karkas) and an installation (DIR/bin/karkas) have theirs; else the usual
 * place. */
static const char *modules_of(check *k, const char *kernel)
{
    static const char *const beside[] = {"modules", "../modules"};
    struct stat st;
    char *real = realpath(kernel, NULL);
    char *slash = real ? strrchr(real, '/') : NULL;
    const char *found = k->call->d->o->modules;
    for (size_t i = 0; slash && i < sizeof beside / sizeof *beside; i++) {
        crm_str path = arena_fmt(k->a, "%.*s/%s", (int)(slash - real), real, beside[i]);
        if (path.p && stat(path.p, &st) == 0 && S_ISDIR(st.st_mode)) {
            found = path.p;
            break;
        }
    }
    free(real);
    return found;
}

/* "karkas 0.1.0", {NULL,0} when the program is no kernel. */
static crm_str version_of(check *k, const char *kernel)
{
    buf said;
    crm_str text, line = {0};
    const char *const argv[] = {kernel, "version", NULL};
    buf_init(&said, 0);
    if (kit_run(argv, &said) == 0) {
        text = arena_dup(k->a, buf_view(&said));
        line = str_split(&text, '\n', &line) && str_starts(line, CRM_S("karkas ")) ? line
                                                                                   : (crm_str){0};
    }
    buf_free(&said);
    return line;
}

/* The rows that do not hold, with what was found, and the last line; all of it when there is no
 * such row. */
static crm_str told_of(check *k, crm_str said)
{
    buf out;
    crm_str rest = said, line, last = {0};
    bool is_bad = false;
    buf_init(&out, 0);
    while (str_split(&rest, '\n', &line)) {
        bool is_row = line.n > 3 && strchr("+-?", line.p[0]) && line.p[1] == ' ';
        is_bad = is_row ? line.p[0] == '-' : is_bad && line.n && line.p[0] == ' ';
        if (is_bad) {
            buf_fmt(&out, "%.*s\n",
                    STR_FMT(str_trim(is_row ? (crm_str){line.p + 3, line.n - 3} : line)));
        }
        last = line.n ? line : last;
    }
    if (last.n) {
        buf_str(&out, last);
    }
    crm_str found = arena_dup(k->a, buf_view(&out));
    buf_free(&out);
    return found;
}

static void try_kernel(check *k, const char *kernel)
{
    buf said;
    crm_str version = version_of(k, kernel);
    const server_options *o = k->call->d->o;
    const char *const argv[] = {
        kernel,  "module", "check",  k->m.built,    "--modules", modules_of(k, kernel),
        "--web", o->web,   "--lang", k->call->lang, NULL};
    crm_str title = version.n
                        ? FOUND(k, W(k, "Исправен на ядре %.*s", "Is sound on the kernel %.*s"),
                                STR_FMT(version))
                        : str_of(W(k, "Исправен на другом ядре", "Is sound on another kernel"));
    const char *did = W(k, "karkas module check на нём: весь этот перечень, с его модулями",
                        "karkas module check on it: this whole list, with its modules");
    if (!version.n) {
        check_add(
            k, CHECK_BAD, title.p, did,
            FOUND(k, W(k, "%s: это не программа karkas", "%s: that is no program karkas"), kernel));
        return;
    }
    buf_init(&said, 0);
    int code = kit_run(argv, &said);
    check_add(k, code == 0 ? CHECK_GOOD : CHECK_BAD, title.p, did, told_of(k, buf_view(&said)));
    buf_free(&said);
}

void check_kernels(check *k)
{
    const server_options *o = k->call->d->o;
    for (uint32_t i = 0; i < o->kernel_count; i++) {
        try_kernel(k, o->kernels[i]);
    }
    if (!o->kernel_count) {
        check_add(k, CHECK_SKIPPED, W(k, "Исправен на других ядрах", "Is sound on other kernels"),
                  W(k, "--kernel ПРОГРАММА: на старейшем ядре, которое обещано, и на новейшем",
                    "--kernel PROGRAM: on the oldest kernel that is promised and on the newest"),
                  str_of(W(k, "ни одно не названо", "none was named")));
    }
}
