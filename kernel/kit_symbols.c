/*
 * kit_symbols.c - the names of a module's shared object, by the System V ABI, chapters 4 and 5:
 * what it calls and shows that it may not. Nothing of it runs.
 */
#include <elf.h>

#include "kit_tools.h"

#define OBJECT_BYTES ((size_t)64 << 20)

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

static void say_faults(const object *o, bool is_ru, buf *said)
{
    buf exports, imports;
    buf_init(&exports, 0);
    buf_init(&imports, 0);
    name_faults(o, &exports, &imports);
    if (exports.n) {
        buf_fmt(said, is_ru ? "лишнее наружу:%.*s. " : "exports too much:%.*s. ",
                STR_FMT(buf_view(&exports)));
    }
    if (imports.n) {
        buf_fmt(said, is_ru ? "запрещённые вызовы:%.*s. " : "forbidden calls:%.*s. ",
                STR_FMT(buf_view(&imports)));
    }
    if (has_static_tls(o)) {
        buf_z(said, is_ru ? "занимает статическую память потоков (STATIC_TLS). "
                          : "takes static memory of threads (STATIC_TLS). ");
    }
    buf_free(&exports);
    buf_free(&imports);
}

bool kit_symbols(arena *a, const char *path, const char *lang, size_t *names, buf *said)
{
    crm_str bytes;
    object o = {0};
    size_t had = said->n;
    arena_mark mark = arena_mark_get(a);
    if (fs_read(a, path, OBJECT_BYTES, &bytes) == CRM_OK && read_object(bytes, &o)) {
        say_faults(&o, lang[0] == 'r', said);
    } else {
        buf_z(said, lang[0] == 'r' ? "не разделяемый объект ELF" : "no shared object (ELF)");
    }
    arena_rewind(a, mark);
    *names = o.symbol_count;
    return said->n == had;
}
