/* kit_module.c - an author's module made ready: read, compiled, put where a server finds it. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kit_tools.h"

#define MANIFEST_BYTES (256u << 10)

static const char usual_sdk[] = "/usr/share/karkas/sdk";

/* ---- reading --------------------------------------------------------------------------------- */

/* Whether its lists of CMake say that it has unit tests. */
static bool has_tests(arena *a, const char *lists)
{
    crm_str text;
    return fs_read(a, lists, MANIFEST_BYTES, &text) == CRM_OK && text.n &&
           memmem(text.p, text.n, "karkas_module_tests", 19);
}

static bool has_sources(const char *dir)
{
    struct dirent *e;
    DIR *d = opendir(dir);
    bool has = false;
    while (d && (e = readdir(d))) {
        has = has || str_ends(str_of(e->d_name), CRM_S(".c"));
    }
    if (d) {
        closedir(d);
    }
    return has;
}

crm_status kit_module_read(kit_module *m)
{
    arena *a = m->call->arena;
    crm_str text, path = arena_fmt(a, "%s/module.yaml", m->source);
    yaml_node *root;
    yaml_error err;
    crm_status s = path.p ? fs_read(a, path.p, MANIFEST_BYTES, &text) : CRM_NOMEM;
    s = s == CRM_OK ? yaml_parse(a, path.p, text, &root, &err) : s;
    if (s != CRM_OK) {
        return s;
    }
    m->name = yaml_text(root, "module");
    m->version = yaml_text(root, "version");
    if (!m->name.n || !m->version.n || str_find(m->name, '/') >= 0 || m->name.p[0] == '.' ||
        str_find(m->version, '/') >= 0) { /* both become names of folders */
        return CRM_INVALID;
    }
    crm_str object = arena_fmt(a, "%s/%.*s.so", m->source, STR_FMT(m->name));
    crm_str lists = arena_fmt(a, "%s/CMakeLists.txt", m->source);
    m->built = arena_fmt(a, "%s/built/%.*s", m->temp, STR_FMT(m->name)).p;
    if (!object.p || !lists.p || !m->built) {
        return CRM_NOMEM;
    }
    m->is_compiled =
        access(object.p, F_OK) != 0 && access(lists.p, F_OK) == 0 && has_sources(m->source);
    m->has_tests = has_tests(a, lists.p);
    return CRM_OK;
}

/* ---- building -------------------------------------------------------------------------------- */

/* The SDK's folder: as it is named, or where it is installed. */
static const char *sdk_of(const kit_module *m)
{
    const char *given = m->call->d->o->sdk;
    char *real = realpath(given ? given : usual_sdk, NULL);
    const char *out = arena_cstr(m->call->arena, str_of(real ? real : usual_sdk));
    free(real);
    return out;
}

static bool configure(kit_module *m, const char *into, buf *said)
{
    arena *a = m->call->arena;
    crm_str sdk = arena_fmt(a, "-DKARKAS_SDK=%s", sdk_of(m));
    crm_str out = arena_fmt(a, "-DKARKAS_MODULES_OUTPUT=%s/built", m->temp);
    const char *const argv[] = {
        "cmake", "-S", m->source, "-B", into, sdk.p, out.p, "-DCMAKE_RULE_MESSAGES=OFF", NULL};
    int code = kit_run(argv, said);
    if (code < 0) {
        buf_z(said, m->call->lang[0] == 'r' ? "не запустить cmake: нужен пакет cmake\n"
                                            : "cmake cannot be started: install it\n");
    }
    return code == 0;
}

/* `suffix` tells the targets of karkas_module and karkas_module_tests apart. */
static bool compile(kit_module *m, const char *suffix, buf *said)
{
    arena *a = m->call->arena;
    crm_str into = arena_fmt(a, "%s/cmake", m->temp);
    crm_str target = arena_fmt(a, "module_%.*s%s", STR_FMT(m->name), suffix);
    const char *const argv[] = {"cmake", "--build", into.p, "--target", target.p, NULL};
    if (!into.p || !target.p) {
        return false;
    }
    m->is_configured = m->is_configured || configure(m, into.p, said);
    if (!m->is_configured) {
        return false;
    }
    buf_clear(said);
    return kit_run(argv, said) == 0;
}

/* A folder that is no source of anything: module.yaml, locales/, ui/, the .so. */
static bool copy(kit_module *m, buf *said)
{
    kit_remove(m->built);
    crm_status s = kit_copy(m->call->arena, m->source, m->built);
    if (s != CRM_OK) {
        buf_fmt(said, "%s: %s\n", m->source, status_code(s));
    }
    return s == CRM_OK;
}

bool kit_module_build(kit_module *m, buf *said)
{
    crm_str above = arena_fmt(m->call->arena, "%s/built", m->temp);
    if (!above.p || fs_mkdir(above.p, 0755) != CRM_OK) {
        return false;
    }
    return m->is_compiled ? compile(m, "", said) : copy(m, said);
}

const char *kit_module_tests(kit_module *m, buf *said)
{
    crm_str object = arena_fmt(m->call->arena, "%s/cmake/tests/%.*s.so", m->temp, STR_FMT(m->name));
    return object.p && compile(m, "_tests", said) ? object.p : NULL;
}

/* ---- a folder of modules --------------------------------------------------------------------- */

crm_status kit_modules_make(kit_module *m, const char *into)
{
    arena *a = m->call->arena;
    const char *from = m->call->d->o->modules;
    struct dirent *e;
    crm_status s = fs_mkdir(into, 0755);
    DIR *d = s == CRM_OK ? opendir(from) : NULL;
    char *real = d ? realpath(from, NULL) : NULL;
    while (real && s == CRM_OK && (e = readdir(d))) {
        crm_str target = arena_fmt(a, "%s/%s", real, e->d_name);
        crm_str link = arena_fmt(a, "%s/%s", into, e->d_name);
        if (e->d_name[0] != '.' && !str_is(m->name, e->d_name)) {
            s = link.p && symlink(target.p, link.p) == 0 ? CRM_OK : status_from_errno(errno);
        }
    }
    free(real);
    if (d) {
        closedir(d);
    }
    return s; /* without the deployment's modules there may be one that needs none */
}

/* A version under an id of the kit's own is none that was signed: --dev takes it without a list. */
static void drop_signature(arena *a, const char *dir)
{
    static const char *const files[] = {"module.list", "module.sig"};
    for (size_t i = 0; i < 2; i++) {
        crm_str path = arena_fmt(a, "%s/%s", dir, files[i]);
        if (path.p) {
            (void)!unlink(path.p);
        }
    }
}

crm_status kit_module_put(kit_module *m, const char *modules, crm_str mark, crm_str *id)
{
    arena *a = m->call->arena;
    crm_str above = arena_fmt(a, "%s/%.*s", modules, STR_FMT(m->name));
    *id = arena_fmt(a, "%.*s-%.12s", STR_FMT(m->version), mark.p);
    crm_str beside = arena_fmt(a, "%s/.coming", modules);
    crm_str into = arena_fmt(a, "%.*s/%.*s", STR_FMT(above), STR_FMT(*id));
    if (!into.p || !beside.p || mark.n < 12) {
        return CRM_NOMEM;
    }
    if (access(into.p, F_OK) == 0) {
        return CRM_OK; /* the same bytes came back */
    }
    kit_remove(beside.p);
    crm_status s = kit_copy(a, m->built, beside.p);
    drop_signature(a, beside.p);
    s = s == CRM_OK ? fs_mkdir(above.p, 0755) : s;
    return s == CRM_OK && rename(beside.p, into.p) != 0 ? status_from_errno(errno) : s;
}

/* ---- the ТЗ ---------------------------------------------------------------------------------- */

static const char staff[] = "login,name,email,department,roles\n"
                            "anna,Анна,anna@example.ru,left,author\n"
                            "boris,Борис,boris@example.ru,right,author\n"
                            "clara,Клара,clara@example.ru,left,outsider\n";

bool kit_is_own(const kit_module *m, crm_str name)
{
    return name.n > m->name.n && !memcmp(name.p, m->name.p, m->name.n) && name.p[m->name.n] == '.';
}

bool kit_is_asked(const entity *e, const field *f)
{
    bool is_required = (f->flags & FIELD_REQUIRED) && value_is_null(f->def) && !f->def_text.n;
    return is_required || (f->index == e->parent_field && e->parent_field);
}

bool kit_concerns(const kit_module *m, const registry *r, const entity *e)
{
    bool is = kit_is_own(m, e->name);
    for (uint32_t i = 0; !is && i < r->hook_count; i++) {
        is = str_eq(r->hooks[i].module, m->name) && str_eq(r->hooks[i].entity_name, e->name);
    }
    return is;
}

/* Without a record of it none of the module's can be made. */
static bool is_needed(const kit_module *m, const registry *r, const entity *e, int depth)
{
    for (uint32_t i = 0; depth < 4 && i < r->entity_count; i++) {
        const entity *by = r->entities[i];
        bool is_asked = false;
        for (uint32_t k = COL_OWN; by != e && k < by->field_count; k++) {
            const field *f = &by->fields[k];
            is_asked |= f->type == FIELD_REF && f->ref == e && kit_is_asked(by, f);
        }
        if (is_asked && (kit_concerns(m, r, by) || is_needed(m, r, by, depth + 1))) {
            return true;
        }
    }
    return false;
}

static void put_rights(const kit_module *m, const registry *r, buf *out)
{
    buf_z(out,
          "roles:\n"
          "  admin: {title: Администратор, rights: {\"*\": {read: all, create: all, update: all, "
          "reassign: all, export: all, fields: all}}}\n"
          "  outsider: {title: Посторонний, rights: {}}\n"
          "  author:\n    title: Автор\n    rights:\n");
    for (uint32_t i = 0; i < r->entity_count; i++) {
        const entity *e = r->entities[i];
        bool is_part = e->parent_field || e->parent_kind_field;
        const char *reach = e->owner_fields[0] || e->department_field ? "team" : "all";
        if (!is_part && (kit_concerns(m, r, e) || is_needed(m, r, e, 0))) {
            buf_fmt(out,
                    "      %.*s: {read: %s, create: %s, update: %s, export: %s, fields: all}\n",
                    STR_FMT(e->name), reach, reach, reach, reach);
        }
    }
    buf_z(out, "functions:\n  settings: [admin]\n  delete: [admin]\n"
               "  export: [admin, author]\n");
    for (uint32_t i = 0; i < r->permission_count; i++) {
        if (kit_is_own(m, r->permissions[i].name)) {
            buf_fmt(out, "  %.*s: [admin, author]\n", STR_FMT(r->permissions[i].name));
        }
    }
}

crm_status kit_tz_write(const kit_module *m, const registry *r, const char *dir,
                        const char **file_out)
{
    buf b;
    arena *a = m->call->arena;
    crm_str file = arena_fmt(a, "%s/tz.yaml", dir), csv = arena_fmt(a, "%s/people.csv", dir);
    buf_init(&b, 1 << 18);
    buf_fmt(&b,
            "tz: 1\ntitle: %.*s\nversion: \"1.0\"\n"
            "company:\n  name: %.*s\n  timezone: Europe/Moscow\n  departments:\n"
            "    left: {title: Левый}\n    right: {title: Правый}\n"
            "people: {file: people.csv}\nmodules: [",
            STR_FMT(m->name), STR_FMT(m->name));
    for (uint32_t i = 0; i < r->module_count; i++) {
        if (!str_is(r->modules[i].name, "kernel")) {
            buf_fmt(&b, "%s%.*s", i ? ", " : "", STR_FMT(r->modules[i].name));
        }
    }
    buf_z(&b, "]\n");
    if (registry_remote(r, m->name)) { /* an author's service is on his machine */
        buf_z(&b, "outgoing: {private: [127.0.0.1, \"::1\"]}\n");
    }
    put_rights(m, r, &b);
    crm_status s = !csv.p || b.failed ? CRM_NOMEM : fs_write(file.p, buf_view(&b), 0644);
    s = s == CRM_OK ? fs_write(csv.p, str_of(staff), 0644) : s;
    buf_free(&b);
    *file_out = file.p;
    return s;
}
