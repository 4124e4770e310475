/* kit_check_file.c - what can be said of a module before any of it runs. */
#include <elf.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "kit_check.h"

#define FOLDER_MOST  ((uint64_t)16 << 20)
#define OBJECT_BYTES ((size_t)64 << 20)

/* ---- the shared object's symbols (System V ABI, chapter 4 and 5) ----------------------------- */

typedef struct object {
    crm_str bytes;
    const Elf64_Sym *symbols;
    size_t symbol_count;
    crm_str names;
    const Elf64_Dyn *dynamic;
    size_t dynamic_count;
} object;

static const void *part(crm_str bytes, uint64_t at, uint64_t n)
{
    bool fits = at <= bytes.n && n <= bytes.n - at && at % 8 == 0;
    return fits ? bytes.p + at : NULL;
}

static void take_section(object *o, const Elf64_Shdr *all, size_t count, const Elf64_Shdr *s)
{
    const void *at = part(o->bytes, s->sh_offset, s->sh_size);
    if (at && s->sh_type == SHT_DYNSYM && s->sh_link < count) {
        const Elf64_Shdr *names = &all[s->sh_link];
        o->symbols = at;
        o->symbol_count = s->sh_size / sizeof *o->symbols;
        if (names->sh_offset <= o->bytes.n && names->sh_size <= o->bytes.n - names->sh_offset) {
            o->names = (crm_str){o->bytes.p + names->sh_offset, names->sh_size};
        }
    } else if (at && s->sh_type == SHT_DYNAMIC) {
        o->dynamic = at;
        o->dynamic_count = s->sh_size / sizeof *o->dynamic;
    }
}

static bool read_object(crm_str bytes, object *o)
{
    *o = (object){.bytes = bytes};
    const Elf64_Ehdr *h = part(bytes, 0, sizeof *h);
    if (!h || memcmp(h->e_ident, ELFMAG, SELFMAG) != 0 || h->e_ident[EI_CLASS] != ELFCLASS64 ||
        h->e_shentsize != sizeof(Elf64_Shdr)) {
        return false;
    }
    const Elf64_Shdr *all = part(bytes, h->e_shoff, (uint64_t)h->e_shnum * sizeof *all);
    for (size_t i = 0; all && i < h->e_shnum; i++) {
        take_section(o, all, h->e_shnum, &all[i]);
    }
    return o->symbols && o->names.n && !o->names.p[o->names.n - 1];
}

static const char *name_of(const object *o, const Elf64_Sym *s)
{
    return s->st_name < o->names.n ? o->names.p + s->st_name : "";
}

/* What changes the process everybody shares: sdk/cmake/symbols.cmake refuses the same at the link.
 */
static bool is_forbidden(const char *name)
{
    static const char *const all[] = {
        "pthread_create",  "thrd_create",  "fork",   "vfork",        "clone",
        "posix_spawn",     "posix_spawnp", "system", "popen",        "execv",
        "execve",          "execvp",       "execl",  "execlp",       "execle",
        "atexit",          "on_exit",      "exit",   "_exit",        "_Exit",
        "quick_exit",      "abort",        "signal", "sigaction",    "sigprocmask",
        "pthread_sigmask", "raise",        "kill",   "timer_create", "setitimer",
        "alarm",           "setlocale",    "setenv", "unsetenv",     "putenv",
        "chdir",           "umask",        "setuid", "setgid",       "dlopen",
        "daemon"};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        if (!strcmp(all[i], name)) {
            return true;
        }
    }
    return false;
}

static bool is_sanitizers(const char *name)
{
    return !strncmp(name, "__odr_asan", 10);
}

static void name_faults(const object *o, buf *exports, buf *imports)
{
    for (size_t i = 1; i < o->symbol_count; i++) {
        const Elf64_Sym *s = &o->symbols[i];
        const char *name = name_of(o, s);
        bool is_seen = ELF64_ST_BIND(s->st_info) != STB_LOCAL;
        if (is_seen && s->st_shndx != SHN_UNDEF && strcmp(name, "crm_module_v1") != 0 &&
            !is_sanitizers(name)) {
            buf_fmt(exports, " %s", name);
        } else if (s->st_shndx == SHN_UNDEF && is_forbidden(name)) {
            buf_fmt(imports, " %s", name);
        }
    }
}

static bool has_static_tls(const object *o)
{
    for (size_t i = 0; i < o->dynamic_count; i++) {
        if (o->dynamic[i].d_tag == DT_FLAGS && (o->dynamic[i].d_un.d_val & DF_STATIC_TLS)) {
            return true;
        }
    }
    return false;
}

static void say_symbols(check *k, const object *o)
{
    buf exports, imports, found;
    buf_init(&exports, 0);
    buf_init(&imports, 0);
    buf_init(&found, 0);
    name_faults(o, &exports, &imports);
    if (exports.n) {
        buf_fmt(&found, W(k, "лишнее наружу:%.*s. ", "exports too much:%.*s. "),
                STR_FMT(buf_view(&exports)));
    }
    if (imports.n) {
        buf_fmt(&found, W(k, "запрещённые вызовы:%.*s. ", "forbidden calls:%.*s. "),
                STR_FMT(buf_view(&imports)));
    }
    if (has_static_tls(o)) {
        buf_z(&found, W(k, "занимает статическую память потоков (STATIC_TLS). ",
                        "takes static memory of threads (STATIC_TLS). "));
    }
    bool ok = !found.n;
    check_add(
        k, ok ? CHECK_GOOD : CHECK_BAD,
        W(k, "Ничего лишнего не вызывает и не показывает", "Calls and exports nothing it may not"),
        W(k, "прочитаны все имена разделяемого объекта",
          "every name of the shared object was read"),
        ok ? FOUND(k,
                   W(k, "имён: %zu, наружу одно, crm_module_v1",
                     "%zu names, one exported, crm_module_v1"),
                   o->symbol_count)
           : buf_view(&found));
    buf_free(&exports);
    buf_free(&imports);
    buf_free(&found);
}

void check_symbols(check *k)
{
    crm_str bytes;
    object o;
    const char *title =
        W(k, "Ничего лишнего не вызывает и не показывает", "Calls and exports nothing it may not");
    if (!k->object) {
        check_add(k, CHECK_GOOD, title, W(k, "в модуле нет кода", "the module has no code"),
                  CRM_S(""));
    } else if (fs_read(k->a, k->object, OBJECT_BYTES, &bytes) == CRM_OK && read_object(bytes, &o)) {
        say_symbols(k, &o);
    } else {
        check_add(k, CHECK_BAD, title, k->object,
                  str_of(W(k, "не разделяемый объект ELF", "no shared object (ELF)")));
    }
}

/* ---- sizes ----------------------------------------------------------------------------------- */

void check_sizes(check *k)
{
    uint64_t all = kit_size(k->a, k->m.built);
    bool ok = all > 0 && all <= FOLDER_MOST;
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, W(k, "Размер", "Size"),
              W(k, "все файлы вместе не больше 16 МиБ", "all files together at most 16 MiB"),
              FOUND(k, W(k, "%llu КиБ", "%llu KiB"), (unsigned long long)(all + 1023) / 1024));
}

/* ---- the manifest, the texts ----------------------------------------------------------------- */

void check_lint(check *k)
{
    buf said;
    buf_init(&said, 0);
    const char *const argv[] = {kit_self(k->a), "module",      "lint",
                                k->m.built,     "--modules",   k->call->d->o->modules,
                                "--lang",       k->call->lang, NULL};
    int code = kit_run(argv, &said);
    check_add(
        k, code == 0 ? CHECK_GOOD : CHECK_BAD,
        W(k, "Описание верно, тексты на месте", "The manifest holds, texts are there"),
        W(k, "karkas module lint: все ключи, ссылки и права вместе с модулями, которые ему нужны",
          "karkas module lint: every key, reference and right, together with the modules it needs"),
        buf_view(&said));
    buf_free(&said);
}

static yaml_node *read_locale(check *k, const char *lang, buf *found)
{
    crm_str text, path = arena_fmt(k->a, "%s/locales/%s.yaml", k->m.built, lang);
    yaml_node *root = NULL;
    yaml_error err;
    if (!path.p || fs_read(k->a, path.p, 1 << 20, &text) != CRM_OK ||
        yaml_parse(k->a, path.p, text, &root, &err) != CRM_OK) {
        buf_fmt(found, W(k, "нет locales/%s.yaml. ", "no locales/%s.yaml. "), lang);
        return NULL;
    }
    return root;
}

/* Every form of number the language has (CLDR plural rules). */
static void check_plural(check *k, const char *lang, const yaml_node *n, buf *found)
{
    static const char *const ru[] = {"one {", "few {", "many {", NULL};
    static const char *const en[] = {"one {", "other {", NULL};
    if (!n->text.p || !memmem(n->text.p, n->text.n, ", plural,", 9)) {
        return;
    }
    for (const char *const *form = lang[0] == 'r' ? ru : en; *form; form++) {
        if (!memmem(n->text.p, n->text.n, *form, strlen(*form))) {
            buf_fmt(
                found,
                W(k, "%s.yaml: у %.*s нет формы «%.*s». ", "%s.yaml: %.*s lacks the form '%.*s'. "),
                lang, STR_FMT(n->key), (int)strlen(*form) - 2, *form);
        }
    }
}

static void compare_locales(check *k, const yaml_node *a, const yaml_node *b, const char *lang,
                            const char *other, buf *found)
{
    YAML_EACH(n, a) {
        const char *key = arena_cstr(k->a, n->key);
        if (key && !yaml_get(b, key)) {
            buf_fmt(found, W(k, "%s.yaml: нет %s. ", "%s.yaml lacks %s. "), other, key);
        }
        check_plural(k, lang, n, found);
    }
}

void check_locales(check *k)
{
    buf found;
    buf_init(&found, 0);
    yaml_node *ru = read_locale(k, "ru", &found), *en = read_locale(k, "en", &found);
    if (ru && en) {
        compare_locales(k, ru, en, "ru", "en", &found);
        compare_locales(k, en, ru, "en", "ru", &found);
    }
    bool ok = ru && en && !found.n;
    if (ok) {
        buf_fmt(&found, W(k, "текстов на каждом языке: %d", "%d texts in each language"),
                ru->count);
    }
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD,
              W(k, "Переведён: русский и английский", "Translated: Russian and English"),
              W(k, "те же ключи в обоих языках, все формы числа: 1 и 2 и 5",
                "the same keys in both languages, every form of number"),
              buf_view(&found));
    buf_free(&found);
}

/* ---- loading --------------------------------------------------------------------------------- */

void check_probe(check *k)
{
    module_found *all;
    uint32_t count = 0;
    module_refusal *refused = NULL;
    crm_str above = arena_fmt(k->a, "%s/built", k->temp);
    crm_status s = plug_scan(k->a, above.p, &all, &count, &refused);
    s = s == CRM_OK && count && k->object ? plug_check(k->a, &all[0], &refused) : s;
    bool ok = s == CRM_OK && count && !refused;
    crm_str found = ok ? FOUND(k, W(k, "уровень API %u", "API level %u"), all[0].level)
                    : refused
                        ? FOUND(k, "%s (%.*s)", plug_refusal_title(refused->code, k->call->lang),
                                STR_FMT(refused->text))
                        : str_of(status_code(s));
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, W(k, "Загружается", "Loads"),
              W(k, "описатель прочитан в отдельном ограниченном процессе",
                "its descriptor was read in a restricted process of its own"),
              found);
}

/* ---- its own tests --------------------------------------------------------------------------- */

void check_tests(check *k)
{
    buf said;
    const char *title = W(k, "Его модульные проверки проходят", "Its unit tests pass");
    const char *did = W(k, "karkas module test: на этом ядре, с базой в памяти",
                        "karkas module test: on this kernel, with a database in memory");
    if (!k->m.has_tests) {
        check_add(k, CHECK_SKIPPED, title, did,
                  str_of(W(k, "их в модуле нет", "the module has none")));
        return;
    }
    buf_init(&said, 0);
    bool ok = kit_test_run(&k->m, &said);
    check_add(k, ok ? CHECK_GOOD : CHECK_BAD, title, did, buf_view(&said));
    buf_free(&said);
}
