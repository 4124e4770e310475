/*
 * static.c - files in an immutable table. Loading blocks; serving is loop thread, any loop, and
 * must not touch the file system.
 */
#include "net/static.h"

#include <dirent.h>
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/crypto.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/str.h"
#include "net/gzip.h"

#define FILES_MAX  4096
#define BYTES_MAX  ((size_t)256 * 1024 * 1024)
#define DEPTH_MAX  16
#define PATH_LIMIT 4096
#define ETAG_BYTES 12

typedef enum coding { CODING_NONE, CODING_GZIP, CODING_BR, CODINGS } coding;

typedef struct file {
    crm_str path;
    crm_str bytes[CODINGS]; /* p is NULL where there is no such form */
    crm_str etag[CODINGS];
    const char *type;
    bool is_immutable, has_forms;
} file;

struct static_files {
    arena *arena;
    file *files; /* sorted by path */
    size_t count;
    atomic_uint refs; /* replies under way, and the owner */
};

/* ---- What a name says ------------------------------------------------------------------------ */

static crm_str extension(crm_str path)
{
    size_t at = path.n;
    while (at > 0 && path.p[at - 1] != '.' && path.p[at - 1] != '/') {
        at--;
    }
    if (at == 0 || path.p[at - 1] == '/') {
        return (crm_str){0};
    }
    return (crm_str){path.p + at, path.n - at};
}

static const char *type_of(crm_str path)
{
    static const char *const types[][2] = {
        {"html", "text/html; charset=utf-8"},
        {"js", "text/javascript; charset=utf-8"},
        {"mjs", "text/javascript; charset=utf-8"},
        {"css", "text/css; charset=utf-8"},
        {"json", "application/json"},
        {"map", "application/json"},
        {"webmanifest", "application/manifest+json"},
        {"svg", "image/svg+xml"},
        {"png", "image/png"},
        {"jpg", "image/jpeg"},
        {"jpeg", "image/jpeg"},
        {"gif", "image/gif"},
        {"webp", "image/webp"},
        {"avif", "image/avif"},
        {"ico", "image/vnd.microsoft.icon"},
        {"woff2", "font/woff2"},
        {"woff", "font/woff"},
        {"txt", "text/plain; charset=utf-8"},
        {"md", "text/plain; charset=utf-8"},
        {"xml", "application/xml"},
        {"pdf", "application/pdf"},
        {"mp3", "audio/mpeg"},
        {"ogg", "audio/ogg"},
        {"wasm", "application/wasm"},
    };
    crm_str ext = extension(path);
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        if (str_is(ext, types[i][0])) {
            return types[i][1];
        }
    }
    return "application/octet-stream";
}

/* "1A2B3C4D" or "9f3c12ab", but not "settings". */
static bool is_hash(crm_str s)
{
    bool is_capital = true, is_hex = true, has_digit = false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_digit = c >= '0' && c <= '9';
        has_digit = has_digit || is_digit;
        is_capital = is_capital && (is_digit || (c >= 'A' && c <= 'Z'));
        is_hex = is_hex && (is_digit || (c >= 'a' && c <= 'f'));
    }
    return s.n >= 8 && (is_capital || (is_hex && has_digit));
}

static bool is_hashed_name(crm_str path)
{
    crm_str ext = extension(path);
    if (!ext.p) {
        return false;
    }
    size_t end = path.n - ext.n - 1, at = end;
    while (at > 0 && path.p[at - 1] != '-' && path.p[at - 1] != '.' && path.p[at - 1] != '/') {
        at--;
    }
    bool is_part = at > 0 && path.p[at - 1] != '/';
    return is_part && is_hash((crm_str){path.p + at, end - at});
}

bool static_is_page_path(crm_str path)
{
    return str_starts(path, CRM_S("/e/")) || extension(path).p == NULL;
}

/* ---- Loading --------------------------------------------------------------------------------- */

typedef struct loading {
    static_files *f;
    size_t total;
} loading;

static crm_status load_file(loading *l, const char *full, crm_str path)
{
    static_files *f = l->f;
    if (f->count == FILES_MAX) {
        return CRM_TOO_LARGE;
    }
    file *at = &f->files[f->count];
    crm_status s = fs_read(f->arena, full, BYTES_MAX - l->total, &at->bytes[CODING_NONE]);
    if (s != CRM_OK) {
        return s;
    }
    l->total += at->bytes[CODING_NONE].n;
    at->path = arena_dup(f->arena, path);
    f->count++;
    return at->path.p ? CRM_OK : CRM_NOMEM;
}

static crm_status load_folder(loading *l, const char *full, crm_str path, int depth);

static crm_status load_entry(loading *l, const char *folder, crm_str path, const char *name,
                             int depth)
{
    char full[PATH_LIMIT];
    struct stat st;
    int n = snprintf(full, sizeof full, "%s/%s", folder, name);
    if (n < 0 || (size_t)n >= sizeof full) {
        return CRM_TOO_LARGE;
    }
    if (name[0] == '.' || lstat(full, &st) != 0) {
        return CRM_OK;
    }
    bool is_folder = S_ISDIR(st.st_mode);
    crm_str inner = arena_fmt(l->f->arena, "%.*s%s%s", STR_FMT(path), name, is_folder ? "/" : "");
    if (!inner.p) {
        return CRM_NOMEM;
    }
    if (is_folder) {
        return load_folder(l, full, inner, depth + 1);
    }
    return S_ISREG(st.st_mode) ? load_file(l, full, inner) : CRM_OK;
}

static crm_status load_folder(loading *l, const char *full, crm_str path, int depth)
{
    DIR *d = depth < DEPTH_MAX ? opendir(full) : NULL;
    if (!d) {
        return depth == 0 && errno == ENOENT ? CRM_NOT_FOUND : CRM_INTERNAL;
    }
    crm_status s = CRM_OK;
    for (struct dirent *e; s == CRM_OK && (e = readdir(d));) {
        s = load_entry(l, full, path, e->d_name, depth);
    }
    closedir(d);
    return s;
}

static int by_path(const void *a, const void *b)
{
    return str_cmp(((const file *)a)->path, ((const file *)b)->path);
}

static file *find(const static_files *f, crm_str path)
{
    file key = {.path = path};
    return f->count ? bsearch(&key, f->files, f->count, sizeof key, by_path) : NULL;
}

/* "app.js.br" becomes a form of "app.js" and leaves the table. */
static bool join_form(const static_files *f, const file *form)
{
    static const struct {
        crm_str end;
        coding coding;
    } forms[] = {{{".br", 3}, CODING_BR}, {{".gz", 3}, CODING_GZIP}};
    for (size_t i = 0; i < 2; i++) {
        if (!str_ends(form->path, forms[i].end)) {
            continue;
        }
        file *whole = find(f, (crm_str){form->path.p, form->path.n - forms[i].end.n});
        if (whole) {
            whole->bytes[forms[i].coding] = form->bytes[CODING_NONE];
            whole->has_forms = true;
            return true;
        }
    }
    return false;
}

/*
 * Brotli does not say whose form a file is, gzip does, and both are made together: where the gzip
 * is missing or of other bytes, as one that an upgrade has left behind, neither of them is sent.
 */
static void drop_stale_forms(file *at)
{
    if (!at->has_forms || gzip_is_of(at->bytes[CODING_GZIP], at->bytes[CODING_NONE])) {
        return;
    }
    at->bytes[CODING_GZIP] = at->bytes[CODING_BR] = (crm_str){0};
    at->has_forms = false;
    log_event(LOG_WARN, "static.stale_form", "file=%s", log_quote(at->path));
}

static void join_forms(static_files *f)
{
    size_t kept = 0;
    bool *is_form = calloc(f->count + 1, sizeof *is_form);
    for (size_t i = 0; is_form && i < f->count; i++) {
        is_form[i] = join_form(f, &f->files[i]);
    }
    for (size_t i = 0; is_form && i < f->count; i++) {
        if (!is_form[i]) {
            drop_stale_forms(&f->files[i]);
            f->files[kept++] = f->files[i];
        }
    }
    f->count = is_form ? kept : f->count;
    free(is_form);
}

/* Each form has a tag of its own, as a strong ETag must (RFC 9110 §8.8.3). */
static crm_status describe(static_files *f, file *at)
{
    static const char *const ends[CODINGS] = {"", "-gz", "-br"};
    uint8_t hash[SHA256_SIZE];
    crypto_sha256(at->bytes[CODING_NONE], hash);
    crm_str hex = crypto_hex(f->arena, hash, ETAG_BYTES);
    for (int i = 0; i < CODINGS; i++) {
        at->etag[i] = arena_fmt(f->arena, "\"%.*s%s\"", STR_FMT(hex), ends[i]);
    }
    at->type = type_of(at->path);
    at->is_immutable = is_hashed_name(at->path);
    return arena_failed(f->arena) ? CRM_NOMEM : CRM_OK;
}

static crm_status fill(static_files *f, const char *dir, const char *prefix)
{
    loading l = {.f = f};
    crm_status s = load_folder(&l, dir, str_of(prefix), 0);
    if (s != CRM_OK) {
        return s;
    }
    qsort(f->files, f->count, sizeof *f->files, by_path);
    join_forms(f);
    file *fitting = realloc(f->files, (f->count + 1) * sizeof *f->files);
    f->files = fitting ? fitting : f->files;
    for (size_t i = 0; s == CRM_OK && i < f->count; i++) {
        s = describe(f, &f->files[i]);
    }
    return s;
}

static void unref(void *arg)
{
    static_files *f = arg;
    if (atomic_fetch_sub(&f->refs, 1) == 1) {
        arena_free(f->arena);
        free(f->files);
        free(f);
    }
}

void static_free(static_files *f)
{
    if (f) {
        unref(f);
    }
}

crm_status static_load(const char *dir, const char *prefix, static_files **out)
{
    static_files *f = calloc(1, sizeof *f);
    if (!f) {
        return CRM_NOMEM;
    }
    atomic_init(&f->refs, 1);
    f->files = calloc(FILES_MAX, sizeof *f->files);
    f->arena = arena_new(BYTES_MAX * 2);
    crm_status s = f->files && f->arena ? fill(f, dir, prefix) : CRM_NOMEM;
    if (s != CRM_OK) {
        static_free(f);
        return s;
    }
    *out = f;
    return CRM_OK;
}

/* ---- Serving --------------------------------------------------------------------------------- */

/* Whether an Accept-Encoding item allows its coding: no weight, or one that is not zero. */
static bool is_wanted(crm_str item, const char *name)
{
    ptrdiff_t mark = str_find(item, ';');
    crm_str named = str_trim(mark < 0 ? item : (crm_str){item.p, (size_t)mark});
    if (!str_eq_ascii_nocase(named, str_of(name))) {
        return false;
    }
    crm_str weight =
        mark < 0 ? CRM_S("") : str_trim((crm_str){item.p + mark + 1, item.n - (size_t)mark - 1});
    for (size_t i = 2; i < weight.n; i++) {
        if (weight.p[i] >= '1' && weight.p[i] <= '9') {
            return true;
        }
    }
    return weight.n == 0;
}

static bool accepts(const http_request *r, const char *name)
{
    crm_str rest = http_header(r, "accept-encoding"), item;
    while (str_split(&rest, ',', &item)) {
        if (is_wanted(item, name)) {
            return true;
        }
    }
    return false;
}

static coding choose(const file *at, const http_request *r)
{
    if (at->bytes[CODING_BR].p && accepts(r, "br")) {
        return CODING_BR;
    }
    if (at->bytes[CODING_GZIP].p && accepts(r, "gzip")) {
        return CODING_GZIP;
    }
    return CODING_NONE;
}

static void answer(static_files *f, const file *at, http_request *r)
{
    if (r->verb != VERB_GET && r->verb != VERB_HEAD) {
        http_set(r, "Allow", CRM_S("GET, HEAD"));
        http_refuse(r, 405, "method_not_allowed");
        return;
    }
    coding form = choose(at, r);
    http_cache(r, at->is_immutable ? CACHE_IMMUTABLE : CACHE_REVALIDATE);
    http_set(r, "ETag", at->etag[form]);
    if (at->has_forms) {
        http_set(r, "Vary", CRM_S("Accept-Encoding"));
    }
    if (http_etag_matches(r, at->etag[form])) {
        http_reply(r, 304, NULL);
        return;
    }
    if (form != CODING_NONE) {
        http_set(r, "Content-Encoding", form == CODING_BR ? CRM_S("br") : CRM_S("gzip"));
    }
    atomic_fetch_add(&f->refs, 1);
    http_reply_bytes(r, 200, at->type, at->bytes[form], unref, f);
}

bool static_serve(static_files *f, http_request *r)
{
    return static_serve_as(f, r, r->path);
}

bool static_serve_as(static_files *f, http_request *r, crm_str path)
{
    const file *at = find(f, path);
    if (at) {
        answer(f, at, r);
    }
    return at != NULL;
}
