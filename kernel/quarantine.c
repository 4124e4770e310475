/* quarantine.c - the crash file, and whom it speaks against. */
#include "quarantine.h"

#include <limits.h>
#include <stdio.h>
#include <time.h>

#define CRASHES  3
#define WITHIN_S 600
#define FILE_MAX (16u << 20)

static bool file_of(const char *data, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s/crash", data);
    return n > 0 && n < PATH_MAX;
}

int64_t quarantine_mark(void)
{
    return (int64_t)time(NULL);
}

/* ---- the lines ------------------------------------------------------------------------------- */

typedef struct crash {
    crm_str module;
    int64_t at; /* seconds, of the machine's clock */
} crash;
typedef struct crashes {
    crash *at;
    uint32_t count, room, damaged;
    buf good; /* the lines that can be read */
} crashes;

/* "signal=11 at=1790000000 module=fleet route=/crash" */
static crm_str word_of(crm_str line, const char *key)
{
    crm_str word;
    size_t n = strlen(key);
    while (str_split(&line, ' ', &word)) {
        if (word.n > n && memcmp(word.p, key, n) == 0) {
            return (crm_str){word.p + n, word.n - n};
        }
    }
    return (crm_str){0};
}

/* A line that was cut off has no end of its own: the next one stands behind it. */
static crm_str last_of(crm_str line)
{
    static const char begin[] = "signal=";
    size_t n = sizeof begin - 1;
    for (size_t i = line.n < n ? 0 : line.n - n + 1; i-- > 0;) {
        if (memcmp(line.p + i, begin, n) == 0) {
            return (crm_str){line.p + i, line.n - i};
        }
    }
    return line;
}

static crm_status take_line(arena *a, crashes *all, crm_str whole)
{
    crm_str line = last_of(whole);
    crash c = {.module = word_of(line, "module=")};
    bool is_good = c.module.n && str_to_i64(word_of(line, "at="), &c.at) == CRM_OK;
    all->damaged += !is_good || line.n != whole.n;
    if (!is_good) {
        return CRM_OK;
    }
    if (all->count == all->room) {
        crash *more = ARENA_ARRAY(a, crash, all->room * 2 + 64);
        if (!more) {
            return CRM_NOMEM;
        }
        if (all->count) {
            memcpy(more, all->at, all->count * sizeof *more);
        }
        all->at = more;
        all->room = all->room * 2 + 64;
    }
    all->at[all->count++] = c;
    buf_str(&all->good, line);
    buf_char(&all->good, '\n');
    return CRM_OK;
}

/* Lines that say nothing are put away under another name and told of; the others stay and count. */
static void repair(const char *path, const crashes *all)
{
    char away[PATH_MAX];
    int n = snprintf(away, sizeof away, "%s.damaged", path);
    bool is_away = n > 0 && (size_t)n < sizeof away && rename(path, away) == 0;
    crm_status s = is_away ? fs_write(path, buf_view(&all->good), 0600) : CRM_INTERNAL;
    s = s == CRM_OK ? plug_crash_file(path) : s;
    log_event(LOG_ERROR, "crash.damaged", "lines=%u kept=%u away=%s status=%s", all->damaged,
              all->count, is_away ? "crash.damaged" : "-", status_code(s));
}

/* NOMEM. Without a file nobody is charged. */
static crm_status read_lines(arena *a, const char *path, crashes *all)
{
    crm_str lines = {0}, line;
    crm_status s = fs_read(a, path, FILE_MAX, &lines);
    if (s == CRM_NOT_FOUND || s == CRM_NOMEM) {
        return s == CRM_NOMEM ? s : CRM_OK;
    }
    all->damaged = s != CRM_OK; /* all of it: too large, or no file */
    for (s = CRM_OK; s == CRM_OK && str_split(&lines, '\n', &line);) {
        s = line.n ? take_line(a, all, line) : CRM_OK;
    }
    if (s == CRM_OK && all->damaged) {
        repair(path, all);
    }
    return s;
}

/* ---- judging --------------------------------------------------------------------------------- */

static bool deserves_it(const module_found *f, const module_choice *row, const crashes *all)
{
    int64_t now = (int64_t)time(NULL), since = now - WITHIN_S;
    int64_t forgiven = row && row->crashes_from <= now ? row->crashes_from : 0;
    uint32_t n = 0;
    for (uint32_t i = 0; i < all->count; i++) {
        const crash *c = &all->at[i];
        n += c->at >= since && c->at > forgiven && str_eq(c->module, f->name);
    }
    return !f->is_bundled && n >= CRASHES;
}

static crm_status judge(build *b, const crashes *all)
{
    for (uint32_t i = 0; i < b->found_count; i++) {
        const module_found *f = &b->found[i];
        module_choice *row = choices_find(&b->choices, f->name);
        if ((row && row->is_quarantined) || !deserves_it(f, row, all)) {
            continue;
        }
        row = choices_need(b->arena, &b->choices, f->name);
        if (!row) {
            return CRM_NOMEM;
        }
        row->is_quarantined = b->has_decided = true;
        log_event(LOG_ERROR, "module.quarantined", "module=%s crashes=%d minutes=%d",
                  log_quote(f->name), CRASHES, WITHIN_S / 60);
    }
    return CRM_OK;
}

crm_status quarantine_judge(deployment *d, build *b)
{
    char path[PATH_MAX];
    crashes all = {0};
    buf_init(&all.good, FILE_MAX);
    crm_status s = file_of(d->o->data, path) ? read_lines(b->arena, path, &all) : CRM_OK;
    s = s == CRM_OK ? judge(b, &all) : s;
    buf_free(&all.good);
    return s;
}
