/* module_install.c - versions of modules and keys are put in their place, or taken away. A process
 * of its own. */
#include "module_install.h"
#include "module_change.h"
#include "plug/archive.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY_MAX 4096

/* ---- archives -------------------------------------------------------------------------------- */

bool module_unpack(arena *a, const char *file, const char *into)
{
    archive x;
    refusal why = {0};
    crm_status s = archive_open(a, file, into, &x, &why);
    if (s == CRM_OK) {
        s = archive_write(a, &x, into);
        archive_close(&x);
    }
    return s == CRM_OK;
}

static int only_shown(const struct dirent *e)
{
    return e->d_name[0] != '.';
}

/* The folder of the archive that holds module.yaml: it, or the only one in it. */
const char *module_root_of(arena *a, const char *dir)
{
    struct dirent **entries = NULL;
    crm_str here = arena_fmt(a, "%s/module.yaml", dir);
    int n = here.p && access(here.p, F_OK) != 0 ? scandir(dir, &entries, only_shown, NULL) : 0;
    crm_str inner = n == 1 ? arena_fmt(a, "%s/%s", dir, entries[0]->d_name) : str_of(dir);
    for (int i = 0; i < n; i++) {
        free(entries[i]);
    }
    free(entries);
    return inner.p;
}

/* ---- install --------------------------------------------------------------------------------- */

static void say_installed(command_call *c, const module_found *f)
{
    buf_fmt(c->out,
            c->lang[0] == 'r'
                ? "установлено: %.*s %.*s\nперейти на неё: karkas module upgrade %.*s\n"
                : "installed: %.*s %.*s\nto change to it: karkas module upgrade %.*s\n",
            STR_FMT(f->name), STR_FMT(f->id), STR_FMT(f->name));
}

static void say_refusal(command_call *c, crm_str name, crm_str code, crm_str text)
{
    buf_fmt(c->out, "%.*s: %s (%.*s)\n", STR_FMT(name), plug_refusal_title(code, c->lang),
            STR_FMT(text));
    c->exit_code = 1;
}

static void say_refusals(command_call *c, const module_refusal *r)
{
    for (; r; r = r->next) {
        say_refusal(c, r->module, r->code, r->text);
    }
    c->exit_code = 1;
}

static void install_folder(command_call *c, const char *from)
{
    module_found f;
    module_refusal *refused = NULL;
    crm_status s = plug_install(c->arena, from, c->d->o->modules, &f, &refused);
    if (s == CRM_OK) {
        say_installed(c, &f);
    } else if (s == CRM_INVALID) {
        say_refusals(c, refused);
    } else if (s == CRM_CONFLICT) {
        command_fail(c, "эта версия уже установлена", "that version is installed already");
    } else {
        command_fail(c, "в каталог модулей не записать: нужен root",
                     "the folder of modules cannot be written: be root");
    }
}

/* The server's own process has no business with this. */
static bool is_apart(command_call *c)
{
    if (c->d->flow) {
        command_fail(c, "выполняется только отдельной программой",
                     "runs as a program of its own only");
        return false;
    }
    umask(022); /* root's, and the server's to read */
    return true;
}

/* The signature speaks before the first file is written, and then below `quarantine` alone, a
 * folder of our own. */
static void install_archive(command_call *c, const char *file, const char *quarantine)
{
    archive x;
    refusal why = {.code = "bad_archive"};
    crm_status s = archive_open(c->arena, file, quarantine, &x, &why);
    bool is_open = s == CRM_OK;
    s = is_open ? archive_check(c->arena, &x, &why) : s;
    s = s == CRM_OK ? archive_write(c->arena, &x, quarantine) : s;
    crm_str root = arena_fmt(c->arena, "%s/%.*s", quarantine, STR_FMT(x.root));
    if (s == CRM_OK && root.p) {
        install_folder(c, root.p);
    } else if (s == CRM_INVALID) {
        say_refusal(c, x.name, str_of(why.code), why.text);
    } else {
        command_fail(c, "негде распаковать", "there is no place to unpack it");
    }
    if (is_open) {
        archive_close(&x);
    }
}

void command_module_install(command_call *c)
{
    char into[] = "/tmp/karkas-install-XXXXXX";
    struct stat st;
    const char *from = c->args[2];
    if (!is_apart(c)) {
        return;
    }
    if (stat(from, &st) != 0) {
        command_fail(c, "нет такого файла или каталога", "no such file or folder");
    } else if (S_ISDIR(st.st_mode)) {
        install_folder(c, from);
    } else if (!mkdtemp(into)) {
        command_fail(c, "негде распаковать", "there is no place to unpack it");
    } else {
        install_archive(c, from, into);
        fs_remove_all(into);
    }
}

/* ---- uninstall ------------------------------------------------------------------------------- */

/* What a start would run, as far as anybody has decided. */
static bool is_chosen(const module_choices *all, const module_found *f)
{
    const module_choice *row = choices_find(all, f->name);
    return row && !row->is_open && row->wish != CHOICE_OFF && str_eq(row->version, f->id);
}

static bool is_meant(const command_call *c, const module_found *f)
{
    crm_str version = c->count > 3 ? str_of(c->args[3]) : (crm_str){0};
    bool fits = !version.n || str_eq(version, f->id) || str_eq(version, f->version);
    return f->id.n && str_is(f->name, c->args[2]) && fits;
}

static void take_away(command_call *c, const module_choices *all, const module_found *f)
{
    if (is_chosen(all, f)) {
        command_fail(c, "эта версия выбрана для работы: сначала karkas module disable",
                     "that version is chosen to run: karkas module disable comes first");
    } else if (plug_remove(c->arena, f, c->d->o->modules) != CRM_OK) {
        command_fail(c, "из каталога модулей не убрать: нужен root",
                     "the folder of modules cannot be written: be root");
    } else {
        buf_fmt(c->out, c->lang[0] == 'r' ? "убрано: %.*s %.*s\n" : "removed: %.*s %.*s\n",
                STR_FMT(f->name), STR_FMT(f->id));
    }
}

void command_module_uninstall(command_call *c)
{
    module_choices choices;
    module_found *all;
    uint32_t count, met = 0;
    module_refusal *refused = NULL;
    if (!is_apart(c)) {
        return;
    }
    crm_status s = choices_read(c->arena, c->d->o->data, &choices);
    s = s == CRM_OK ? plug_scan(c->arena, c->d->o->modules, &all, &count, &refused) : s;
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        if (is_meant(c, &all[i])) {
            met++;
            take_away(c, &choices, &all[i]);
        }
    }
    if (s != CRM_OK) {
        command_fail(c, "каталог модулей или modules.json не читается",
                     "the folder of modules or modules.json cannot be read");
    } else if (!met) {
        command_fail(c, "такая версия не установлена", "that version is not installed");
    }
}

/* ---- trust ----------------------------------------------------------------------------------- */

static const char *trust_folder(void)
{
    const char *given = plug_options_now()->trust;
    return given ? given : PLUG_TRUST;
}

static void list_keys(command_call *c)
{
    struct dirent **entries = NULL;
    int n = scandir(trust_folder(), &entries, only_shown, alphasort);
    for (int i = 0; i < n; i++) {
        crm_str name = str_of(entries[i]->d_name);
        if (str_ends(name, CRM_S(".pem"))) {
            buf_fmt(c->out, "%.*s\n", (int)name.n - 4, name.p);
        }
        free(entries[i]);
    }
    free(entries);
}

/* INVALID: it is no such key. */
static crm_status add_key(command_call *c, const char *file)
{
    crm_str key;
    const char *slash = strrchr(file, '/');
    crm_str name = str_of(slash ? slash + 1 : file);
    crm_str path = arena_fmt(c->arena, "%s/%.*s", trust_folder(), STR_FMT(name));
    crm_status s = path.p ? fs_read(c->arena, file, KEY_MAX, &key) : CRM_NOMEM;
    bool is_named = str_ends(name, CRM_S(".pem")) && name.n > 4 && name.p[0] != '.';
    if (s == CRM_OK && (!is_named || crypto_verify(key, CRM_S(""), CRM_S("")) == CRM_INVALID)) {
        return CRM_INVALID;
    }
    s = s == CRM_OK ? fs_mkdir(trust_folder(), 0755) : s;
    return s == CRM_OK ? fs_write(path.p, key, 0644) : s;
}

void command_module_trust(command_call *c)
{
    if (!is_apart(c)) {
        return;
    }
    crm_status s = c->count > 2 ? add_key(c, c->args[2]) : CRM_OK;
    if (s == CRM_INVALID || s == CRM_NOT_FOUND || s == CRM_TOO_LARGE) {
        command_fail(c, "нужен файл ИМЯ.pem с открытым ключом ECDSA P-256",
                     "a file NAME.pem with a public key of ECDSA P-256 is needed");
    } else if (s != CRM_OK) {
        command_fail(c, "ключ не записать: нужен root", "the key cannot be written: be root");
    } else {
        list_keys(c);
    }
}
