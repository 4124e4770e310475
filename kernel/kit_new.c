/*
 * kit_new.c - `karkas module new NAME`: a module's folder made from a template of the SDK.
 *
 * A template is a working module, built and tested with every build; what is made of it differs in
 * its name, which stands in the files and in their names. Offline only.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit.h"

#define TEMPLATE_DEPTH 4 /* of folders in a template */
#define TEMPLATE_FILE  (256u << 10)
static const char usual_sdk[] = "/usr/share/karkas/sdk";

typedef struct making {
    command_call *call;
    crm_str template_name, name, sdk;
} making;

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Every `from` in `text` that is a whole word becomes `to`. */
static void replace_word(buf *out, crm_str text, crm_str from, crm_str to)
{
    size_t i = 0;
    while (i < text.n) {
        bool is_here = text.n - i >= from.n && !memcmp(text.p + i, from.p, from.n);
        bool begins = i == 0 || !is_word(text.p[i - 1]);
        bool ends = i + from.n >= text.n || !is_word(text.p[i + from.n]);
        if (is_here && begins && ends) {
            buf_str(out, to);
            i += from.n;
        } else {
            buf_char(out, text.p[i++]);
        }
    }
}

static crm_str renamed(making *m, crm_str text)
{
    buf once, twice;
    buf_init(&once, 0);
    buf_init(&twice, 0);
    replace_word(&once, text, m->template_name, m->name);
    replace_word(&twice, buf_view(&once), str_of(usual_sdk), m->sdk);
    crm_str out =
        once.failed || twice.failed ? (crm_str){0} : arena_dup(m->call->arena, buf_view(&twice));
    buf_free(&once);
    buf_free(&twice);
    return out;
}

static crm_status make_file(making *m, const char *from, const char *to)
{
    crm_str text;
    crm_status s = fs_read(m->call->arena, from, TEMPLATE_FILE, &text);
    if (s == CRM_OK && text.n) {
        text = renamed(m, text);
        s = text.p ? CRM_OK : CRM_NOMEM;
    }
    return s == CRM_OK ? fs_write(to, text, 0644) : s;
}

static crm_status make_folder(making *m, const char *from, const char *to, int depth);

static crm_status make_entry(making *m, const char *from, const char *to, const char *name,
                             int depth)
{
    struct stat st;
    arena *a = m->call->arena;
    crm_str path = arena_fmt(a, "%s/%s", from, name), as = renamed(m, str_of(name));
    crm_str into = arena_fmt(a, "%s/%.*s", to, STR_FMT(as));
    if (!path.p || !as.p || !into.p) {
        return CRM_NOMEM;
    }
    if (lstat(path.p, &st) != 0) {
        return status_from_errno(errno);
    }
    if (S_ISDIR(st.st_mode)) {
        return depth < TEMPLATE_DEPTH ? make_folder(m, path.p, into.p, depth + 1) : CRM_LIMIT;
    }
    return S_ISREG(st.st_mode) ? make_file(m, path.p, into.p) : CRM_OK;
}

static crm_status make_folder(making *m, const char *from, const char *to, int depth)
{
    struct dirent *e;
    DIR *dir = opendir(from);
    if (!dir) {
        return status_from_errno(errno);
    }
    crm_status s = mkdir(to, 0755) == 0 ? CRM_OK : status_from_errno(errno);
    while (s == CRM_OK && (e = readdir(dir))) {
        if (e->d_name[0] != '.') {
            s = make_entry(m, from, to, e->d_name, depth);
        }
    }
    closedir(dir);
    return s;
}

static void say_next(making *m, bool is_native)
{
    command_call *c = m->call;
    bool ru = c->lang[0] == 'r';
    crm_str n = m->name;
    buf_fmt(c->out, ru ? "%.*s/ готов. Дальше:\n" : "%.*s/ is there. Next:\n", STR_FMT(n));
    buf_fmt(c->out, is_native ? "  cmake -S %.*s -B %.*s/build && cmake --build %.*s/build\n" : "",
            STR_FMT(n), STR_FMT(n), STR_FMT(n));
    buf_fmt(c->out,
            is_native ? "  karkas module lint %.*s/build/modules/%.*s\n"
                      : "  karkas module lint %.*s\n",
            STR_FMT(n), STR_FMT(n));
    buf_fmt(c->out,
            ru ? "  и права на его сущности в ТЗ (roles:): с modules: auto этого довольно\n"
                 "Описание: %.*s/README.md\n"
               : "  and rights to its entities in the ТЗ (roles:): enough with modules: auto\n"
                 "The guide: %.*s/README.md\n",
            STR_FMT(m->sdk));
}

static bool is_module_name(crm_str s)
{
    bool ok = s.n >= 1 && s.n <= 40 && s.p[0] >= 'a' && s.p[0] <= 'z';
    for (size_t i = 0; ok && i < s.n; i++) {
        ok = is_word(s.p[i]) && !(s.p[i] >= 'A' && s.p[i] <= 'Z');
    }
    return ok;
}

/* What a person can do about it, with the path that could not be read or made. */
static void say_failed(making *m, const char *from, crm_status s)
{
    command_call *c = m->call;
    bool ru = c->lang[0] == 'r';
    if (s == CRM_NOT_FOUND) {
        buf_fmt(c->out,
                ru ? "нет шаблона %s: укажите каталог SDK ключом --sdk\n"
                   : "no template %s: name the SDK's folder with --sdk\n",
                from);
        c->exit_code = 1;
    } else if (s == CRM_CONFLICT) {
        command_fail(c, "такой каталог уже есть, в нём ничего не изменено",
                     "that folder exists, nothing in it was changed");
    } else {
        command_fail_status(c, s);
    }
}

void command_module_new(command_call *c)
{
    const server_options *o = c->d->o;
    making m = {.call = c, .name = str_of(c->args[2])};
    if (!is_module_name(m.name)) {
        command_fail(
            c, "имя модуля: латинские строчные буквы, цифры и _, с буквы, до 40 знаков",
            "a module's name: lower-case latin letters, digits and _, a letter first, 40 at most");
        return;
    }
    m.template_name = o->is_native ? CRM_S("hello") : CRM_S("visits");
    char *sdk = realpath(o->sdk ? o->sdk : usual_sdk, NULL);
    m.sdk = arena_dup(c->arena, str_of(sdk ? sdk : o->sdk ? o->sdk : usual_sdk));
    free(sdk);
    crm_str from = arena_fmt(c->arena, "%.*s/%.*s", STR_FMT(m.sdk), STR_FMT(m.template_name));
    crm_str to = arena_dup(c->arena, m.name);
    struct stat st;
    crm_status s = !from.p || !to.p        ? CRM_NOMEM
                   : lstat(to.p, &st) == 0 ? CRM_CONFLICT
                                           : make_folder(&m, from.p, to.p, 0);
    if (s == CRM_OK) {
        say_next(&m, o->is_native);
    } else {
        say_failed(&m, from.p, s);
    }
}
