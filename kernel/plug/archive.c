/* archive.c - what a tar holds, found in memory; who signed it; and its files on the disk. See
 * archive.h. */
#include "plug/archive.h"

#include "base/fs_walk.h"
#include "plug/package.h"

#define BLOCK       512
#define PATH_MOST   512
#define NAME_AT     0
#define NAME_SIZE   100
#define SIZE_AT     124
#define SIZE_SIZE   12
#define SUM_AT      148
#define SUM_SIZE    8
#define TYPE_AT     156
#define PREFIX_AT   345
#define PREFIX_SIZE 155

typedef struct reading {
    arena *a;
    archive *x;
    refusal *why;
    crm_str left;    /* of the tar */
    crm_str renamed; /* the next member's name, of a header of its own */
    size_t total;
} reading;

static crm_status is_broken(reading *r, const char *what)
{
    return refuse(r->a, r->why, "bad_archive", "%.*s: %s", STR_FMT(r->x->name), what);
}

static crm_status is_unfit(reading *r, crm_str path, const char *what)
{
    return refuse(r->a, r->why, "bad_archive", "%.*s: %.*s %s", STR_FMT(r->x->name), STR_FMT(path),
                  what);
}

static crm_status is_large(reading *r, crm_str path)
{
    return refuse(
        r->a, r->why, "archive_large",
        "%.*s: %.*s is more than a module has (%zu MB a file, %zu MB and %d files in all)",
        STR_FMT(r->x->name), STR_FMT(path), ARCHIVE_FILE >> 20, ARCHIVE_ALL >> 20, ARCHIVE_MEMBERS);
}

/* ---- a header -------------------------------------------------------------------------------- */

/* A text that ends at its first NUL or at the end of its place. */
static crm_str text_at(const char *block, size_t at, size_t size)
{
    const char *end = memchr(block + at, 0, size);
    return (crm_str){block + at, end ? (size_t)(end - block) - at : size};
}

/* Octal digits between blanks. False: none, or more than fits here. */
static bool number_at(const char *block, size_t at, size_t size, uint64_t *out)
{
    crm_str text = str_trim(text_at(block, at, size));
    *out = 0;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] < '0' || text.p[i] > '7') {
            return false;
        }
        *out = *out << 3 | (uint64_t)(text.p[i] - '0');
    }
    return text.n > 0;
}

static bool is_sound(const char *block)
{
    uint64_t said, sum = 0;
    for (size_t i = 0; i < BLOCK; i++) {
        bool is_own = i >= SUM_AT && i < SUM_AT + SUM_SIZE;
        sum += is_own ? (uint64_t)' ' : (unsigned char)block[i];
    }
    return number_at(block, SUM_AT, SUM_SIZE, &said) && said == sum;
}

static bool is_end(const char *block)
{
    for (size_t i = 0; i < BLOCK; i++) {
        if (block[i]) {
            return false;
        }
    }
    return true;
}

static crm_str name_of(reading *r, const char *block)
{
    crm_str name = text_at(block, NAME_AT, NAME_SIZE);
    crm_str prefix = memcmp(block + 257, "ustar", 6) == 0
                         ? text_at(block, PREFIX_AT, PREFIX_SIZE)
                         : (crm_str){0}; /* GNU tar has other things there */
    if (r->renamed.n) {
        name = r->renamed;
    } else if (prefix.n) {
        name = arena_fmt(r->a, "%.*s/%.*s", STR_FMT(prefix), STR_FMT(name));
    }
    r->renamed = (crm_str){0};
    return name;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Without "./" before and "/" behind it. */
static crm_str plain(crm_str name)
{
    while (str_starts(name, CRM_S("./"))) {
        name = (crm_str){name.p + 2, name.n - 2};
    }
    while (name.n && name.p[name.n - 1] == '/') {
        name.n--;
    }
    return str_is(name, ".") ? (crm_str){0} : name;
}

static bool is_inside(crm_str path)
{
    crm_str rest = path, part;
    for (size_t i = 0; i < path.n; i++) {
        unsigned char c = (unsigned char)path.p[i];
        if (c < ' ' || c == 0x7f || c == '\\') {
            return false;
        }
    }
    while (str_split(&rest, '/', &part)) {
        if (!part.n || str_is(part, ".") || str_is(part, "..")) {
            return false;
        }
    }
    return path.n > 0 && path.n < PATH_MOST;
}

/* "27 path=shop/ui.js\n" among the records of a pax header. */
static crm_status take_pax(reading *r, crm_str records)
{
    while (records.n) {
        crm_str rest = records, digits, key;
        int64_t n = 0;
        if (!str_split(&rest, ' ', &digits) || str_to_i64(digits, &n) != CRM_OK ||
            n <= (int64_t)digits.n + 1 || (uint64_t)n > records.n) {
            return is_broken(r, "a header of pax cannot be read");
        }
        crm_str said = {records.p + digits.n + 1, (size_t)n - digits.n - 1};
        said.n -= said.p[said.n - 1] == '\n';
        records = (crm_str){records.p + n, records.n - (size_t)n};
        if (!str_split(&said, '=', &key)) {
            return is_broken(r, "a header of pax cannot be read");
        }
        r->renamed = str_is(key, "path") ? said : r->renamed;
        if (str_is(key, "size") || str_starts(key, CRM_S("GNU.sparse"))) {
            return is_broken(r, "it holds a file with holes, or one over 8 GB");
        }
    }
    return CRM_OK;
}

/* ---- members --------------------------------------------------------------------------------- */

static crm_status add(reading *r, crm_str path, crm_str bytes)
{
    archive *x = r->x;
    r->total += bytes.n;
    if (x->count == ARCHIVE_MEMBERS || bytes.n > ARCHIVE_FILE || r->total > ARCHIVE_ALL) {
        return is_large(r, path);
    }
    for (uint32_t i = 0; i < x->count; i++) {
        if (str_eq(x->files[i].path, path)) {
            return is_unfit(r, path, "is there twice");
        }
    }
    x->files[x->count++] = (archive_member){path, bytes};
    return CRM_OK;
}

static crm_status take_named(reading *r, const char *block, crm_str bytes)
{
    char type = block[TYPE_AT];
    crm_str name = name_of(r, block);
    if (!name.p) {
        return CRM_NOMEM;
    }
    bool is_folder = type == '5' || (type == 0 && name.n && name.p[name.n - 1] == '/');
    crm_str path = plain(name);
    if (is_folder && !path.n) {
        return CRM_OK; /* where it is unpacked */
    }
    if (!is_inside(path)) {
        return is_unfit(r, name, "is no name below where it is unpacked");
    }
    if (is_folder) {
        return CRM_OK;
    }
    bool is_file = type == '0' || type == 0 || type == '7';
    return is_file ? add(r, path, bytes) : is_unfit(r, path, "is neither a file nor a folder");
}

static crm_status take(reading *r, const char *block, crm_str bytes)
{
    switch (block[TYPE_AT]) {
    case 'L': /* GNU: the name of the next one */
        r->renamed = text_at(bytes.p, 0, bytes.n);
        return CRM_OK;
    case 'x':
        return take_pax(r, bytes);
    case 'g': /* about all of it: comments, owners */
    case 'K': /* the target of a link, which is refused itself */
        return CRM_OK;
    default:
        return take_named(r, block, bytes);
    }
}

/* *is_over: the end mark was met. */
static crm_status next(reading *r, bool *is_over)
{
    const char *block = r->left.p;
    uint64_t size = 0;
    if (r->left.n < BLOCK) {
        return is_broken(r, "it ends early");
    }
    *is_over = is_end(block);
    if (*is_over) {
        return CRM_OK;
    }
    if (!is_sound(block)) {
        return is_broken(r, "it is no tar, or damaged");
    }
    if (!number_at(block, SIZE_AT, SIZE_SIZE, &size)) {
        return is_large(r, text_at(block, NAME_AT, NAME_SIZE));
    }
    size_t room = r->left.n - BLOCK;
    if (size > room) {
        return is_broken(r, "it ends early");
    }
    size_t whole = ((size_t)size + BLOCK - 1) / BLOCK * BLOCK;
    crm_status s = take(r, block, (crm_str){block + BLOCK, (size_t)size});
    whole = whole < room ? whole : room;
    r->left = (crm_str){block + BLOCK + whole, room - whole};
    return s;
}

/* The folder of the file nearest to the top that is called module.yaml. */
static crm_status find_root(reading *r)
{
    archive *x = r->x;
    const crm_str file = CRM_S("module.yaml");
    const archive_member *found = NULL;
    for (uint32_t i = 0; i < x->count; i++) {
        crm_str path = x->files[i].path;
        bool is_it =
            str_ends(path, file) && (path.n == file.n || path.p[path.n - file.n - 1] == '/');
        found = is_it && (!found || path.n < found->path.n) ? &x->files[i] : found;
    }
    if (!found) {
        return is_broken(r, "it holds no module.yaml");
    }
    x->root = (crm_str){found->path.p, found->path.n - file.n};
    return CRM_OK;
}

crm_status archive_read(arena *a, crm_str bytes, archive *out, refusal *why)
{
    reading r = {.a = a, .x = out, .why = why, .left = bytes};
    bool is_over = false;
    out->count = 0;
    out->files = ARENA_ARRAY(a, archive_member, ARCHIVE_MEMBERS);
    crm_status s = out->files ? CRM_OK : CRM_NOMEM;
    while (s == CRM_OK && !is_over) {
        s = next(&r, &is_over);
    }
    return s == CRM_OK ? find_root(&r) : s;
}

/* ---- who made it ----------------------------------------------------------------------------- */

/* Of the file below the root; without bytes at all: it is not there. */
static crm_str bytes_of(const archive *x, crm_str file)
{
    for (uint32_t i = 0; i < x->count; i++) {
        crm_str path = x->files[i].path, root = x->root;
        bool is_it = path.n == root.n + file.n && str_starts(path, root) && str_ends(path, file);
        if (is_it) {
            return x->files[i].bytes;
        }
    }
    return (crm_str){0};
}

/* Every file that lies there is listed, and is what was listed. */
static crm_status check_member(arena *a, const archive *x, const package *p,
                               const archive_member *m, refusal *why)
{
    bool is_below = str_starts(m->path, x->root);
    crm_str path = is_below ? (crm_str){m->path.p + x->root.n, m->path.n - x->root.n} : m->path;
    if (is_below && (str_is(path, PACKAGE_LIST) || str_is(path, PACKAGE_SIGNATURE))) {
        return CRM_OK;
    }
    const package_file *f = is_below ? package_find(p, path) : NULL;
    if (!f) {
        return refuse(a, why, "file_unlisted", "%.*s: %.*s is not listed", STR_FMT(x->name),
                      STR_FMT(path));
    }
    uint8_t hash[SHA256_SIZE];
    crypto_sha256(m->bytes, hash);
    return crypto_equal(hash, f->hash, sizeof hash)
               ? CRM_OK
               : refuse(a, why, "file_changed", "%.*s: %.*s is not what was signed",
                        STR_FMT(x->name), STR_FMT(path));
}

static crm_status name_missing(arena *a, const archive *x, const package *p, refusal *why)
{
    crm_str name = {0};
    for (uint32_t i = 0; !name.n && i < p->count; i++) {
        name = bytes_of(x, p->files[i].path).p ? name : p->files[i].path;
    }
    return refuse(a, why, "file_missing", "%.*s: %.*s is listed and not there", STR_FMT(x->name),
                  STR_FMT(name));
}

crm_status archive_check(arena *a, const archive *x, refusal *why)
{
    package p;
    crm_str list = bytes_of(x, CRM_S(PACKAGE_LIST)),
            signature = bytes_of(x, CRM_S(PACKAGE_SIGNATURE));
    uint32_t own = (list.p ? 1u : 0u) + (signature.p ? 1u : 0u);
    crm_status s = package_open_list(a, x->name, list, signature, &p, why);
    for (uint32_t i = 0; s == CRM_OK && i < x->count; i++) {
        s = check_member(a, x, &p, &x->files[i], why);
    }
    return s == CRM_OK && x->count - own < p.count ? name_missing(a, x, &p, why) : s;
}

/* ---- on the disk ----------------------------------------------------------------------------- */

crm_status archive_write(arena *a, const archive *x, const char *into)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < x->count; i++) {
        crm_str path = x->files[i].path;
        crm_str full = arena_fmt(a, "%s/%.*s", into, STR_FMT(path));
        s = full.p ? fs_mkdirs(a, into, path, 0755) : CRM_NOMEM;
        s = s == CRM_OK ? fs_write(full.p, x->files[i].bytes, 0644) : s;
    }
    return s;
}
