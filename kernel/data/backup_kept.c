/* backup_kept.c - see backup_kept.h. */
#include "data/backup_kept.h"

#include <stdio.h>

#include "base/fs_walk.h"
#include "base/str.h"

#define FILE_MAX ((size_t)16 << 20)

static void digest_of(crm_str text, char hex[2 * SHA256_SIZE + 1])
{
    uint8_t sum[SHA256_SIZE];
    crypto_sha256(text, sum);
    for (size_t i = 0; i < SHA256_SIZE; i++) {
        snprintf(hex + 2 * i, 3, "%02x", sum[i]);
    }
}

static crm_status read_below(arena *a, const char *dir, crm_str name, crm_str *text)
{
    crm_str path = arena_fmt(a, "%s/%.*s", dir, STR_FMT(name));
    return path.p ? fs_read(a, path.p, FILE_MAX, text) : CRM_NOMEM;
}

static crm_status write_below(arena *a, const char *dir, crm_str name, crm_str text)
{
    crm_str path = arena_fmt(a, "%s/%.*s", dir, STR_FMT(name));
    crm_status s = path.p ? fs_mkdirs(a, dir, name, 0700) : CRM_NOMEM;
    for (size_t i = 0; s == CRM_OK && i < name.n; i++) { /* the names of the folders, too */
        crm_str above = arena_fmt(a, "%s/%.*s", dir, (int)i, name.p);
        s = !above.p ? CRM_NOMEM : name.p[i] == '/' ? fs_sync(above.p) : CRM_OK;
    }
    return s == CRM_OK ? fs_write(path.p, text, 0600) : s;
}

/* ---- making ---------------------------------------------------------------------------------- */

typedef struct copying {
    arena *a;
    const char *dir, *to;
    kept_file **end;
} copying;

static crm_status copy_one(void *arg, crm_str name)
{
    copying *c = arg;
    crm_str text;
    kept_file *f = ARENA_NEW(c->a, kept_file);
    crm_status s = f ? read_below(c->a, c->dir, name, &text) : CRM_NOMEM;
    s = s == CRM_OK ? write_below(c->a, c->to, name, text) : s;
    if (s == CRM_OK) {
        f->name = name;
        digest_of(text, f->sha256);
        *c->end = f;
        c->end = &f->next;
    }
    return s;
}

crm_status kept_copy(arena *a, const char *dir, const char *to, const char *const *names,
                     kept_file **out)
{
    copying c = {.a = a, .dir = dir, .to = to, .end = out};
    *out = NULL;
    crm_status s = fs_mkdir(to, 0700);
    for (; s == CRM_OK && *names; names++) {
        s = fs_files(a, dir, *names, copy_one, &c);
    }
    return s;
}

/* ---- going back ------------------------------------------------------------------------------ */

/* Nothing that a manifest says may lead out of the folder. */
static bool is_plain(crm_str name)
{
    crm_str part, rest = name;
    while (str_split(&rest, '/', &part)) {
        if (!part.n || str_is(part, ".") || str_is(part, "..")) {
            return false;
        }
    }
    return name.n && name.p[name.n - 1] != '/' && !memchr(name.p, 0, name.n);
}

static bool is_one_of(crm_str name, const char *const *names)
{
    for (; *names; names++) {
        crm_str known = str_of(*names);
        if (str_eq(name, known) ||
            (str_starts(name, known) && name.n > known.n && name.p[known.n] == '/')) {
            return is_plain(name);
        }
    }
    return false;
}

crm_status kept_read(arena *a, json_t *sums, const char *const *names, kept_file **out)
{
    const char *key;
    json_t *value;
    *out = NULL;
    json_object_foreach(sums, key, value)
    {
        crm_str name = arena_dup(a, str_of(key)), sum = json_text(sums, key);
        kept_file *f = ARENA_NEW(a, kept_file);
        if (!f || !name.p) {
            return CRM_NOMEM;
        }
        if (!is_one_of(name, names) || sum.n != sizeof f->sha256 - 1) {
            return CRM_INVALID;
        }
        snprintf(f->sha256, sizeof f->sha256, "%.*s", STR_FMT(sum));
        f->name = name;
        *out = f;
        out = &f->next;
    }
    return CRM_OK;
}

const kept_file *kept_damaged(arena *a, const char *from, const kept_file *list)
{
    for (; list; list = list->next) {
        char found[2 * SHA256_SIZE + 1];
        crm_str text;
        if (read_below(a, from, list->name, &text) != CRM_OK) {
            return list;
        }
        digest_of(text, found);
        if (memcmp(found, list->sha256, sizeof found) != 0) {
            return list;
        }
    }
    return NULL;
}

crm_status kept_put(arena *a, const char *from, const char *dir, const kept_file *list)
{
    crm_status s = CRM_OK;
    for (; s == CRM_OK && list; list = list->next) {
        crm_str text;
        s = read_below(a, from, list->name, &text);
        s = s == CRM_OK ? write_below(a, dir, list->name, text) : s;
    }
    return s;
}
