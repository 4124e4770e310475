/* quarantine.c - the crash file, and whom it speaks against. */
#include "quarantine.h"

#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>

#define CRASHES  3
#define WITHIN_S 600
#define FILE_MAX (16u << 20)

static bool file_of(const char *data, char out[PATH_MAX])
{
    int n = snprintf(out, PATH_MAX, "%s/crash", data);
    return n > 0 && n < PATH_MAX;
}

int64_t quarantine_mark(const char *data)
{
    char path[PATH_MAX];
    struct stat st;
    return file_of(data, path) && stat(path, &st) == 0 ? (int64_t)st.st_size : 0;
}

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

static uint32_t crashes_of(crm_str lines, crm_str name, int64_t since)
{
    crm_str line;
    uint32_t n = 0;
    while (str_split(&lines, '\n', &line)) {
        int64_t at;
        n += str_eq(word_of(line, "module="), name) &&
             str_to_i64(word_of(line, "at="), &at) == CRM_OK && at >= since;
    }
    return n;
}

static bool deserves_it(const module_found *f, const module_choice *row, crm_str lines)
{
    int64_t from = row ? row->crashes_from : 0;
    if (f->is_bundled || from < 0 || (uint64_t)from > lines.n) {
        return false;
    }
    crm_str since = {lines.p + from, lines.n - (size_t)from};
    return crashes_of(since, f->name, (int64_t)time(NULL) - WITHIN_S) >= CRASHES;
}

crm_status quarantine_judge(deployment *d, build *b)
{
    char path[PATH_MAX];
    crm_str lines = {0};
    bool is_news = false;
    crm_status s =
        file_of(d->o->data, path) ? fs_read(b->arena, path, FILE_MAX, &lines) : CRM_TOO_LARGE;
    if (s != CRM_OK) {
        return s == CRM_NOMEM ? s : CRM_OK; /* without the file nobody is charged */
    }
    for (uint32_t i = 0; i < b->found_count; i++) {
        const module_found *f = &b->found[i];
        module_choice *row = choices_find(&b->choices, f->name);
        if ((row && row->is_quarantined) || !deserves_it(f, row, lines)) {
            continue;
        }
        row = choices_need(b->arena, &b->choices, f->name);
        if (!row) {
            return CRM_NOMEM;
        }
        row->is_quarantined = is_news = true;
        log_event(LOG_ERROR, "module.quarantined", "module=%s crashes=%d minutes=%d",
                  log_quote(f->name), CRASHES, WITHIN_S / 60);
    }
    return is_news ? choices_write(d->o->data, &b->choices) : CRM_OK;
}
