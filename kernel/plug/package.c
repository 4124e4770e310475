/* package.c - the list of a version's files, its signature, and whether they hold. */
#include <dirent.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include "plug/module.h"
#include "plug/package.h"

#define PACKAGE_MAX   (1u << 20)
#define SIGNATURE_MAX 256
#define KEY_MAX       4096
#define FILES_MAX     4096
#define FILE_BYTES    ((size_t)64 << 20)
#define ALL_BYTES     ((size_t)256 << 20)
#define DEPTH_MAX     8
#define HASH_HEX      ((size_t)SHA256_SIZE * 2)

typedef struct opening {
    arena *a;
    crm_str name;
    package *p;
    refusal *why;
    uint32_t seen;
} opening;

/* ---- names and hashes ------------------------------------------------------------------------ */

/* Plain segments, none of them hidden, so that no path leads out of the folder. */
static bool is_path(crm_str path)
{
    crm_str rest = path, part;
    int depth = 0;
    while (str_split(&rest, '/', &part)) {
        bool is_plain = part.n && part.p[0] != '.' && ++depth <= DEPTH_MAX;
        for (size_t i = 0; i < part.n; i++) {
            unsigned char c = (unsigned char)part.p[i];
            is_plain = is_plain && c > ' ' && c != 0x7f && c != '\\' && c != '"';
        }
        if (!is_plain) {
            return false;
        }
    }
    return depth > 0 && path.n < 512;
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hash(crm_str hex, uint8_t out[SHA256_SIZE])
{
    for (size_t i = 0; hex.n == HASH_HEX && i < SHA256_SIZE; i++) {
        int high = hex_digit(hex.p[2 * i]), low = hex_digit(hex.p[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return hex.n == HASH_HEX;
}

const package_file *package_find(const package *p, crm_str path)
{
    for (uint32_t i = 0; i < p->count; i++) {
        if (str_eq(p->files[i].path, path)) {
            return &p->files[i];
        }
    }
    return NULL;
}

/* ---- the list -------------------------------------------------------------------------------- */

static crm_status bad_line(opening *x, uint32_t line)
{
    return refuse(x->a, x->why, "bad_list",
                  "module %.*s: line %u of " PACKAGE_LIST
                  " is no hash and path of a file of its own",
                  STR_FMT(x->name), line);
}

/* "<64 hex digits>  ./ui/ui.js", one each. */
static crm_status read_list(opening *x)
{
    package *p = x->p;
    crm_str rest = p->list, line;
    uint32_t at = 0;
    p->files = ARENA_ARRAY(x->a, package_file, FILES_MAX);
    while (p->files && str_split(&rest, '\n', &line)) {
        package_file *f = &p->files[p->count];
        at++;
        if (!line.n) {
            continue;
        }
        bool has_hash = line.n > HASH_HEX + 2 && line.p[HASH_HEX] == ' ' &&
                        read_hash((crm_str){line.p, HASH_HEX}, f->hash);
        crm_str path = has_hash ? (crm_str){line.p + HASH_HEX + 2, line.n - HASH_HEX - 2} : line;
        f->path = str_starts(path, CRM_S("./")) ? (crm_str){path.p + 2, path.n - 2} : path;
        if (!has_hash || !is_path(f->path) || package_find(p, f->path) ||
            p->count + 1 == FILES_MAX) {
            return bad_line(x, at);
        }
        p->count++;
    }
    return p->files ? CRM_OK : CRM_NOMEM;
}

/* ---- the signature --------------------------------------------------------------------------- */

static bool is_signed_by(opening *x, const char *dir, const char *entry)
{
    crm_str key, path = arena_fmt(x->a, "%s/%s", dir, entry);
    crm_str name = str_of(entry);
    if (!path.p || !str_ends(name, CRM_S(".pem")) || name.p[0] == '.' ||
        fs_read(x->a, path.p, KEY_MAX, &key) != CRM_OK ||
        crypto_verify(key, x->p->list, x->p->signature) != CRM_OK) {
        return false;
    }
    x->p->signer = arena_dup(x->a, (crm_str){name.p, name.n - 4});
    return true;
}

static crm_status check_signature(opening *x)
{
    const plug_options *o = plug_options_now();
    const char *trust = o->trust ? o->trust : PLUG_TRUST;
    DIR *d = opendir(trust);
    bool ok = false;
    for (struct dirent *e; d && !ok && (e = readdir(d));) {
        ok = is_signed_by(x, trust, e->d_name);
    }
    if (d) {
        closedir(d);
    }
    if (ok || o->is_dev) {
        return CRM_OK;
    }
    return refuse(x->a, x->why, "bad_signature",
                  "module %.*s: no key in %s has signed its " PACKAGE_LIST, STR_FMT(x->name),
                  trust);
}

/* ---- the files ------------------------------------------------------------------------------- */

crm_status package_read(arena *a, crm_str name, const package *p, const package_file *f,
                        crm_str *bytes, refusal *why)
{
    uint8_t hash[SHA256_SIZE];
    struct stat st;
    crm_str path = arena_fmt(a, "%.*s/%.*s", STR_FMT(p->dir), STR_FMT(f->path));
    bool is_file = path.p && lstat(path.p, &st) == 0 && S_ISREG(st.st_mode);
    crm_status s = is_file ? fs_read(a, path.p, FILE_BYTES, bytes) : CRM_NOT_FOUND;
    if (s == CRM_NOMEM) {
        return s;
    }
    if (s != CRM_OK) {
        return refuse(a, why, "file_missing", "module %.*s: %.*s is listed and cannot be read",
                      STR_FMT(name), STR_FMT(f->path));
    }
    crypto_sha256(*bytes, hash);
    if (!crypto_equal(hash, f->hash, sizeof hash)) {
        return refuse(a, why, "file_changed", "module %.*s: %.*s is not what was signed",
                      STR_FMT(name), STR_FMT(f->path));
    }
    return CRM_OK;
}

bool package_is(const package *p, const char *path, int fd)
{
    const package_file *f = package_find(p, str_of(path));
    struct stat st;
    uint8_t hash[SHA256_SIZE];
    if (!f || fstat(fd, &st) != 0 || st.st_size <= 0) {
        return false;
    }
    void *bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED) {
        return false;
    }
    crypto_sha256((crm_str){bytes, (size_t)st.st_size}, hash);
    munmap(bytes, (size_t)st.st_size);
    return crypto_equal(hash, f->hash, sizeof hash);
}

static crm_status check_files(opening *x)
{
    size_t total = 0;
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < x->p->count; i++) {
        crm_str bytes = {0};
        arena_mark mark = arena_mark_get(x->a);
        s = package_read(x->a, x->name, x->p, &x->p->files[i], &bytes, x->why);
        total += bytes.n;
        if (s == CRM_OK) {
            arena_rewind(x->a, mark);
        }
    }
    return s == CRM_OK && total > ALL_BYTES
               ? refuse(x->a, x->why, "bad_list", "module %.*s: its files are too large",
                        STR_FMT(x->name))
               : s;
}

static crm_status look_through(opening *x, crm_str inner, int depth);

/* Every file there is listed. */
static crm_status look_at(opening *x, crm_str inner, const char *entry, int depth)
{
    struct stat st;
    crm_str path = arena_fmt(x->a, "%.*s%s", STR_FMT(inner), entry);
    crm_str full = arena_fmt(x->a, "%.*s/%.*s", STR_FMT(x->p->dir), STR_FMT(path));
    if (!path.p || !full.p) {
        return CRM_NOMEM;
    }
    if (lstat(full.p, &st) == 0 && S_ISDIR(st.st_mode) && depth < DEPTH_MAX) {
        return look_through(x, arena_fmt(x->a, "%.*s/", STR_FMT(path)), depth + 1);
    }
    bool is_own = !inner.n && (str_is(path, PACKAGE_LIST) || str_is(path, PACKAGE_SIGNATURE));
    return is_own || package_find(x->p, path)
               ? CRM_OK
               : refuse(x->a, x->why, "file_unlisted", "module %.*s: %.*s is not listed",
                        STR_FMT(x->name), STR_FMT(path));
}

static crm_status look_through(opening *x, crm_str inner, int depth)
{
    crm_str full = arena_fmt(x->a, "%.*s/%.*s", STR_FMT(x->p->dir), STR_FMT(inner));
    DIR *d = full.p ? opendir(full.p) : NULL;
    crm_status s = d ? CRM_OK : CRM_NOT_FOUND;
    for (struct dirent *e; s == CRM_OK && (e = readdir(d));) {
        bool is_link = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
        s = is_link ? CRM_OK : look_at(x, inner, e->d_name, depth);
    }
    if (d) {
        closedir(d);
    }
    return s;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static crm_status read_part(opening *x, const char *file, size_t max, crm_str *out)
{
    crm_str path = arena_fmt(x->a, "%.*s/%s", STR_FMT(x->p->dir), file);
    return path.p ? fs_read(x->a, path.p, max, out) : CRM_NOMEM;
}

crm_status package_open_list(arena *a, crm_str name, crm_str list, crm_str signature, package *out,
                             refusal *why)
{
    opening x = {.a = a, .name = name, .p = out, .why = why};
    uint8_t hash[SHA256_SIZE];
    *out = (package){.list = list, .signature = signature};
    if (!list.n || (!signature.n && !plug_options_now()->is_dev)) {
        return refuse(a, why, "unsigned",
                      "module %.*s: it has no " PACKAGE_LIST " and " PACKAGE_SIGNATURE,
                      STR_FMT(name));
    }
    if (list.n > PACKAGE_MAX || signature.n > SIGNATURE_MAX) {
        return refuse(a, why, "bad_list", "module %.*s: its list or signature is too long",
                      STR_FMT(name));
    }
    crypto_sha256(list, hash);
    out->hex = crypto_hex(a, hash, PLUG_ID_HEX / 2);
    crm_status s = out->hex.p ? check_signature(&x) : CRM_NOMEM;
    return s == CRM_OK ? read_list(&x) : s;
}

crm_status package_open(arena *a, crm_str name, crm_str dir, package *out, refusal *why)
{
    crm_str list = {0}, signature = {0};
    opening x = {.a = a, .name = name, .p = out, .why = why};
    *out = (package){.dir = dir};
    crm_status s = read_part(&x, PACKAGE_LIST, PACKAGE_MAX, &list);
    crm_status has_signature = read_part(&x, PACKAGE_SIGNATURE, SIGNATURE_MAX, &signature);
    if (s == CRM_NOMEM || has_signature == CRM_NOMEM) {
        return CRM_NOMEM;
    }
    s = package_open_list(a, name, list, signature, out, why);
    out->dir = dir;
    s = s == CRM_OK ? look_through(&x, (crm_str){0}, 0) : s;
    return s == CRM_OK ? check_files(&x) : s;
}
