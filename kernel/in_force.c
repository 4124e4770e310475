/* in_force.c - see in_force.h. */
#include "in_force.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto.h"
#include "base/fs_walk.h"
#include "base/json.h"
#include "base/log.h"

#define STATE_FILE  IN_FORCE_FILE
#define COPIES      IN_FORCE_COPIES
#define FORMER_FILE "tz.path" /* the path alone, of servers before this one */
#define STATE_MAX   16384
#define NAME_BYTES  8 /* of the hash */

static crm_str below(arena *a, const char *data, const char *name)
{
    return arena_fmt(a, "%s/%s", data, name);
}

static bool is_readable(const char *path)
{
    return access(path, R_OK) == 0;
}

static crm_str real_path(arena *a, const char *path)
{
    char real[PATH_MAX];
    return path && realpath(path, real) ? arena_dup(a, str_of(real)) : (crm_str){0};
}

/* ---- the state ------------------------------------------------------------------------------- */

static crm_str member(arena *a, const json_t *state, const char *name)
{
    const char *text = json_string_value(json_object_get(state, name));
    return text ? arena_dup(a, str_of(text)) : (crm_str){0};
}

static crm_status read_former(arena *a, const char *data, in_force *out)
{
    crm_status s = fs_read(a, below(a, data, FORMER_FILE).p, STATE_MAX, &out->path);
    out->given = out->path;
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

crm_status in_force_read(arena *a, const char *data, in_force *out)
{
    crm_str text;
    json_t *state;
    *out = (in_force){.is_restored = is_readable(below(a, data, IN_FORCE_MARK).p)};
    crm_status s = fs_read(a, below(a, data, STATE_FILE).p, STATE_MAX, &text);
    if (s == CRM_NOT_FOUND) {
        return read_former(a, data, out);
    }
    s = s == CRM_OK ? json_read(text, 0, &state, NULL) : s;
    if (s != CRM_OK) {
        return s;
    }
    out->given = member(a, state, "given");
    out->path = member(a, state, "path");
    out->copy = member(a, state, "copy");
    json_decref(state);
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

static crm_status write_state(arena *a, const char *data, const in_force *x)
{
    buf b;
    json_writer w;
    buf_init(&b, STATE_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "given", x->given);
    jw_kstr(&w, "path", x->path);
    jw_kstr(&w, "copy", x->copy);
    jw_end_object(&w);
    crm_status s =
        b.failed ? CRM_TOO_LARGE : fs_write(below(a, data, STATE_FILE).p, buf_view(&b), 0600);
    buf_free(&b);
    return s;
}

/* ---- which file is read ---------------------------------------------------------------------- */

static void tell(buf *say, const char *lang, const in_force *was, const char *given)
{
    bool is_russian = lang[0] == 'r';
    if (given) {
        buf_fmt(say,
                is_russian
                    ? "Действует ТЗ, применённое из %.*s. Файл %s не применён; чтобы он "
                      "действовал: karkas tz apply %s\n"
                    : "In force is the ТЗ that was applied from %.*s. The file %s is not; to "
                      "put it into force: karkas tz apply %s\n",
                STR_FMT(was->path), given, given);
    } else {
        buf_fmt(say,
                is_russian ? "Файл ТЗ %.*s не читается: действует то, что было из него применено\n"
                           : "The ТЗ file %.*s cannot be read: what was applied from it stays in "
                             "force\n",
                STR_FMT(was->path));
    }
    log_event(LOG_WARN, "tz.kept", "applied=%s given=%s", log_quote(was->path),
              log_quote(str_of(given ? given : "")));
}

static void tell_restored(buf *say, const char *lang, const char *given)
{
    bool is_russian = lang[0] == 'r';
    log_event(LOG_WARN, "tz.kept", "applied=backup given=%s",
              log_quote(str_of(given ? given : "")));
    if (given) {
        buf_fmt(say,
                is_russian ? "Действует ТЗ из резервной копии. Файл %s не применён; чтобы он "
                             "действовал: karkas tz apply %s\n"
                           : "In force is the ТЗ of the backup. The file %s is not; to put it into "
                             "force: karkas tz apply %s\n",
                given, given);
    }
}

bool in_force_is(arena *a, const in_force *was, const char *path)
{
    crm_str real = real_path(a, path);
    return real.n && str_eq(real, was->path);
}

const char *in_force_copy(arena *a, const char *data, const in_force *was)
{
    crm_str path = was->copy.n ? below(a, data, was->copy.p) : (crm_str){0};
    return path.p && is_readable(path.p) ? path.p : NULL;
}

const char *in_force_choose(arena *a, const char *data, const char *given, const in_force *was,
                            const char *lang, buf *say)
{
    crm_str real = real_path(a, given);
    real = given && !real.n ? str_of(given) : real; /* it is gone */
    const char *copy = in_force_copy(a, data, was);
    bool is_new = given && !str_eq(real, was->given);
    bool is_same = !given || str_eq(real, was->path);
    if (was->is_restored && copy) {
        tell_restored(say, lang, given);
        return copy;
    }
    if (is_new || !was->path.n || !copy) {
        return given ? given : was->path.p;
    }
    if (is_same && is_readable(was->path.p)) {
        return given ? given : was->path.p;
    }
    tell(say, lang, was, is_same ? NULL : given);
    return copy;
}

/* ---- keeping --------------------------------------------------------------------------------- */

/* By what it holds: a copy is whole before the state names it. */
static crm_str copy_name(arena *a, const tz *t)
{
    uint8_t hash[SHA256_SIZE];
    char hex[2 * NAME_BYTES + 1];
    buf all;
    buf_init(&all, 0);
    for (const tz_file *f = tz_files(t); f; f = f->next) {
        buf_fmt(&all, "%.*s %zu\n", STR_FMT(f->name), f->text.n);
        buf_str(&all, f->text);
    }
    crypto_sha256(buf_view(&all), hash);
    bool failed = all.failed;
    buf_free(&all);
    for (int i = 0; i < NAME_BYTES; i++) {
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    }
    return failed ? (crm_str){0} : arena_fmt(a, COPIES "/%s", hex);
}

static crm_status write_copy(arena *a, const char *data, crm_str name, const tz *t)
{
    crm_str dir = below(a, data, name.p);
    crm_status s = fs_mkdir(below(a, data, COPIES).p, 0700);
    s = s == CRM_OK ? fs_mkdir(dir.p, 0700) : s;
    for (const tz_file *f = tz_files(t); s == CRM_OK && f; f = f->next) {
        s = fs_mkdirs(a, dir.p, f->name, 0700);
        if (s == CRM_OK) {
            s = fs_write(arena_fmt(a, "%s/%.*s", dir.p, STR_FMT(f->name)).p, f->text, 0600);
        }
    }
    return s == CRM_OK ? fs_sync(data) : s;
}

static void remove_others(arena *a, const char *data, crm_str kept)
{
    crm_str dir = below(a, data, COPIES);
    DIR *all = opendir(dir.p);
    for (struct dirent *one; all && (one = readdir(all));) {
        bool is_kept = str_starts(kept, arena_fmt(a, COPIES "/%s/", one->d_name));
        if (one->d_name[0] != '.' && !is_kept) {
            fs_remove_all(arena_fmt(a, "%s/%s", dir.p, one->d_name).p);
        }
    }
    if (all) {
        closedir(all);
    }
}

/* The copy was read: what it is of stays what it was. */
static bool is_of_copy(const in_force *was, const char *data, const char *path, arena *a)
{
    return was->copy.n && str_eq(str_of(path), below(a, data, was->copy.p));
}

static crm_status unmark(arena *a, const char *data)
{
    crm_str path = below(a, data, IN_FORCE_MARK);
    return path.p && unlink(path.p) == 0 ? fs_sync(data) : CRM_INTERNAL;
}

crm_status in_force_keep(arena *a, const char *data, const tz *t, const char *path,
                         const char *given, bool is_start)
{
    in_force was, now;
    crm_status s = in_force_read(a, data, &was);
    now = was;
    if (s == CRM_OK && is_start && given) {
        now.given = real_path(a, given);
    }
    if (s == CRM_OK && !is_of_copy(&was, data, path, a)) {
        now.path = real_path(a, path);
        crm_str name = copy_name(a, t);
        now.copy = arena_fmt(a, "%.*s/%.*s", STR_FMT(name), STR_FMT(tz_files(t)->name));
        s = name.n && now.copy.n ? CRM_OK : CRM_NOMEM;
        bool is_there =
            s == CRM_OK && str_eq(now.copy, was.copy) && is_readable(below(a, data, now.copy.p).p);
        s = s == CRM_OK && !is_there ? write_copy(a, data, name, t) : s;
    }
    bool is_other =
        !str_eq(was.given, now.given) || !str_eq(was.path, now.path) || !str_eq(was.copy, now.copy);
    if (s == CRM_OK && is_other) {
        s = write_state(a, data, &now);
    }
    if (s == CRM_OK) {
        remove_others(a, data, now.copy);
    }
    bool is_other_text = !is_of_copy(&was, data, path, a);
    return s == CRM_OK && was.is_restored && is_other_text ? unmark(a, data) : s;
}
