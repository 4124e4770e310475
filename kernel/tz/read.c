/*
 * read.c - a ТЗ from its file and the files it includes: read, merged into one tree, checked.
 * Nothing is changed by reading. Blocking; not on a loop thread.
 */
#include <limits.h>

#include "tz/tz_private.h"

#define TEXT_MAX ((size_t)8 << 20) /* of all files together */

typedef struct loader {
    tz *t;
    tz_faults *f;
    tz_names files; /* relative to the folder of the root file, in the order of reading */
    buf text;
} loader;

/* ---- files ----------------------------------------------------------------------------------- */

static crm_str folder_of(crm_str path)
{
    size_t n = path.n;
    while (n && path.p[n - 1] != '/') {
        n--;
    }
    return (crm_str){path.p, n};
}

/* The real path of a file below t->dir, or NULL with a fault: absent, or outside that folder. */
static const char *resolve(const tz *t, tz_faults *f, const yaml_node *n, crm_str relative)
{
    char real[PATH_MAX];
    crm_str joined = arena_fmt(t->a, "%s/%.*s", t->dir, STR_FMT(relative));
    size_t dir = strlen(t->dir);
    if (!joined.p || relative.p[0] == '/' || joined.n >= PATH_MAX) {
        tz_refuse(f, n, "file_outside", n->text);
        return NULL;
    }
    if (!realpath(joined.p, real)) {
        tz_refuse(f, n, "file_missing", n->text);
        return NULL;
    }
    if (strncmp(real, t->dir, dir) != 0 || (real[dir] != '/' && dir > 1)) {
        tz_refuse(f, n, "file_outside", n->text);
        return NULL;
    }
    return arena_dup(t->a, str_of(real)).p;
}

static void refuse_file(tz_faults *f, const yaml_node *n, crm_status s, crm_str name)
{
    tz_refuse(f, n, s == CRM_TOO_LARGE ? "file_too_large" : "file_missing", name);
}

static void note_file(tz *t, crm_str name, crm_str text)
{
    tz_file *f = ARENA_NEW(t->a, tz_file);
    if (f) {
        *f = (tz_file){.name = name, .text = text};
        *t->files_end = f;
        t->files_end = (tz_file **)&f->next;
    }
}

const tz_file *tz_files(const tz *t)
{
    return t->files;
}

crm_str tz_read_beside(tz *t, tz_faults *f, const yaml_node *n, const char **name)
{
    crm_str relative =
        arena_fmt(t->a, "%.*s%.*s", STR_FMT(folder_of(str_of(n->file))), STR_FMT(n->text));
    crm_str text = {0};
    *name = relative.p;
    const char *path = relative.n ? resolve(t, f, n, relative) : NULL;
    crm_status s = path ? fs_read(t->a, path, TZ_FILE_MAX, &text) : CRM_OK;
    if (s != CRM_OK) {
        refuse_file(f, n, s, n->text);
    } else if (path) {
        note_file(t, relative, text);
    }
    return text;
}

/* ---- one file -------------------------------------------------------------------------------- */

static void refuse_yaml(tz_faults *f, const yaml_error *err)
{
    bool is_twice = err->key.n > 0;
    tz_fault fault = {.file = err->file,
                      .line = err->line,
                      .column = err->column,
                      .code = is_twice ? CRM_S("duplicate") : CRM_S("bad_yaml"),
                      .subject = is_twice ? err->key : err->text};
    tz_faults_add(f, &fault);
}

yaml_node *tz_parse(arena *a, tz_faults *f, const char *file, crm_str text)
{
    yaml_node *root = NULL;
    yaml_error err;
    if (str_starts(text, CRM_S("\xEF\xBB\xBF"))) {
        text = (crm_str){text.p + 3, text.n - 3};
    }
    crm_status s = yaml_parse(a, file, text, &root, &err);
    if (s == CRM_INVALID) {
        refuse_yaml(f, &err);
        return NULL;
    }
    if (s == CRM_OK && root->kind != YAML_MAP) {
        tz_fault fault = tz_fault_value(root, "wrong_type", str_of(file));
        fault.expected = CRM_S("map");
        tz_faults_add(f, &fault);
        return NULL;
    }
    return s == CRM_OK ? root : NULL;
}

/* A file of the ТЗ, whose misspelt sections must be known before its includes and people are read.
 */
static yaml_node *parse(loader *l, const char *name, crm_str text)
{
    yaml_node *root = tz_parse(l->t->a, l->f, name, text);
    if (root) {
        shape_mend(l->f, root, &tz_schema);
    }
    return root;
}

/* ---- merging --------------------------------------------------------------------------------- */

static void refuse_twice(loader *l, const yaml_node *first, const yaml_node *again)
{
    tz_fault fault = tz_fault_key(again, "duplicate");
    fault.expected = arena_fmt(l->t->a, "%s:%d", first->file, first->key_line);
    tz_faults_add(l->f, &fault);
}

/* The children of `from` behind those of `into`; a key stands in one of them only. */
static void merge(loader *l, yaml_node *into, yaml_node *from, bool is_root)
{
    for (yaml_node *n = from->first, *next; n; n = next) {
        next = n->next;
        if (is_root && str_is(n->key, "include")) {
            continue;
        }
        yaml_node *first = n->key.n ? yaml_get(into, arena_cstr(l->t->a, n->key)) : NULL;
        if (!first) {
            node_append(into, n);
        } else if (is_root && first->kind == n->kind && n->kind != YAML_SCALAR) {
            merge(l, first, n, false);
        } else {
            refuse_twice(l, first, n);
        }
    }
}

static void load(loader *l, const yaml_node *at);

static void load_includes(loader *l, const yaml_node *root)
{
    const yaml_node *include = yaml_get(root, "include");
    TZ_EACH_NAME(n, include)
    {
        if (n->kind == YAML_SCALAR && n->text.n) {
            load(l, n);
        }
    }
}

/* Bounded by TZ_FILES_MAX in depth and number, since no file is read twice. */
static void load(loader *l, const yaml_node *at)
{
    const char *name;
    crm_str text = tz_read_beside(l->t, l->f, at, &name);
    if (!text.p) {
        return;
    }
    if (tz_names_has(&l->files, str_of(name)) || l->files.count == TZ_FILES_MAX) {
        bool is_full = l->files.count == TZ_FILES_MAX;
        tz_refuse(l->f, at, is_full ? "too_many_files" : "file_twice", at->text);
        return;
    }
    tz_names_add(l->t->a, &l->files, str_of(name));
    buf_fmt(&l->text, "\n# include: %s\n", name);
    buf_str(&l->text, text);
    yaml_node *root = parse(l, name, text);
    if (root) {
        load_includes(l, root);
        merge(l, l->t->root, root, true);
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* t->dir and the root file's name within it. False with a fault when there is no such file. */
static bool find_root(tz *t, tz_faults *f, const char *path, const char **name)
{
    char real[PATH_MAX];
    crm_str whole = str_of(path), dir = folder_of(whole);
    const char *given = dir.n ? arena_cstr(t->a, dir) : ".";
    *name = path + dir.n;
    if (!given || !realpath(given, real)) {
        tz_fault fault = {.file = path, .code = CRM_S("file_missing"), .subject = whole};
        tz_faults_add(f, &fault);
        return false;
    }
    t->dir = arena_dup(t->a, str_of(real)).p;
    return t->dir != NULL;
}

static bool load_root(loader *l, const char *path)
{
    const char *name;
    crm_str text;
    if (!find_root(l->t, l->f, path, &name)) {
        return false;
    }
    crm_status s = fs_read(l->t->a, path, TZ_FILE_MAX, &text);
    if (s != CRM_OK) {
        const yaml_node at = {.file = name};
        refuse_file(l->f, &at, s, str_of(path));
        return false;
    }
    name = arena_dup(l->t->a, str_of(name)).p;
    tz_names_add(l->t->a, &l->files, str_of(name));
    note_file(l->t, str_of(name), text);
    buf_str(&l->text, text);
    l->t->root = parse(l, name, text);
    if (l->t->root) {
        load_includes(l, l->t->root);
    }
    return l->t->root != NULL;
}

static void check_version(const tz *t, tz_faults *f)
{
    const yaml_node *n = yaml_get(t->root, "tz");
    if (n && n->kind == YAML_SCALAR && !str_is(n->text, "1")) {
        tz_refuse(f, n, "wrong_version", n->text);
    }
}

static crm_status read_text(arena *a, const char *path, bool was_in_force, tz **out,
                            tz_fault **faults)
{
    tz_faults f;
    tz *t = ARENA_NEW(a, tz);
    *out = NULL;
    *faults = NULL;
    if (!t) {
        return CRM_NOMEM;
    }
    tz_faults_init(&f, a, faults);
    t->a = a;
    t->was_in_force = was_in_force;
    t->files_end = &t->files;
    loader l = {.t = t, .f = &f};
    buf_init(&l.text, TEXT_MAX);
    if (load_root(&l, path)) {
        people_load(t, &f);
        check_version(t, &f);
        shape_check(&f, t->root, &tz_schema);
        people_list(t);
        cross_check(t, &f);
    }
    t->text = arena_dup(a, buf_view(&l.text));
    bool too_large = l.text.failed;
    buf_free(&l.text);
    crm_status s = too_large ? CRM_TOO_LARGE : tz_faults_status(&f);
    if (s == CRM_OK) {
        *out = t;
    }
    return s;
}

crm_status tz_read(arena *a, const char *path, tz **out, tz_fault **faults)
{
    return read_text(a, path, false, out, faults);
}

crm_status tz_reread(arena *a, const char *path, tz **out, tz_fault **faults)
{
    return read_text(a, path, true, out, faults);
}
