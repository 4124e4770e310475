/*
 * import_clear.c - files and rows of imports go when their purpose is over: a day after the upload,
 * a week after the run. A file that no row knows is what an upload cut short left.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "data/stores.h"
#include "table/import_private.h"

#define HOUR_MS      3600000LL
#define ABANDONED_MS (24 * HOUR_MS)
#define DONE_MS      (7 * 24 * HOUR_MS)
#define SLICE        100
#define CUT_SHORT_S  3600

/* ---- rows ------------------------------------------------------------------------------------ */

typedef struct cleared {
    int64_t ids[SLICE];
    uint32_t count;
} cleared;

static const cond *is_over(crm_ctx *c, const entity *e)
{
    arena *a = c->arena;
    int64_t now = clock_now();
    const cond *is_idle = cond_compare(a, COND_NONE, &e->fields[IMPORT_RUN], value_null());
    const cond *is_old =
        cond_compare(a, COND_LT, &e->fields[IMPORT_AT], value_int(now - ABANDONED_MS));
    const cond *is_oldest =
        cond_compare(a, COND_LT, &e->fields[IMPORT_AT], value_int(now - DONE_MS));
    return cond_or(a, cond_and(a, is_idle, is_old), is_oldest);
}

/* What is over, and not under way. */
static crm_status find_over(crm_ctx *c, cleared *out)
{
    const entity *e = registry_store(c->reg, STORE_IMPORT);
    query *q = query_new(c->arena, e);
    store_row *rows;
    uint32_t count;
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = is_over(c, e);
    q->limit = SLICE;
    crm_status s = store_list(c->session, c->arena, q, &rows, &count);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        bool is_busy;
        s = import_is_busy(c, &rows[i], &is_busy);
        if (s == CRM_OK && !is_busy) {
            out->ids[out->count++] = rows[i].id;
        }
    }
    return s;
}

/* ---- files that no row knows ------------------------------------------------------------------
 */

static crm_status is_known(crm_ctx *c, crm_str file, bool *known)
{
    store_row row;
    const entity *e = registry_store(c->reg, STORE_IMPORT);
    crm_status s = store_first(
        c->session, c->arena, c->reg, STORE_IMPORT,
        cond_compare(c->arena, COND_EQ, &e->fields[IMPORT_FILE], value_text(file)), &row);
    *known = s == CRM_OK;
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

static bool is_old(DIR *dir, const char *name)
{
    struct stat st;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return fstatat(dirfd(dir), name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode) &&
           st.st_mtime + CUT_SHORT_S < now.tv_sec;
}

static crm_status clear_strays(crm_ctx *c)
{
    crm_str path = import_path(c->arena, CRM_S(""), "");
    DIR *dir = path.p ? opendir(path.p) : NULL;
    struct dirent *entry;
    crm_status s = CRM_OK;
    while (dir && s == CRM_OK && (entry = readdir(dir))) {
        crm_str name = str_of(entry->d_name), file = name;
        ptrdiff_t dot = str_find(name, '.');
        bool known = true;
        file.n = dot > 0 ? (size_t)dot : 0;
        if (file.n && is_old(dir, entry->d_name)) {
            s = is_known(c, arena_dup(c->arena, file), &known);
        }
        if (s == CRM_OK && !known) {
            import_unlink(arena_dup(c->arena, file));
        }
    }
    if (dir) {
        closedir(dir);
    }
    return s;
}

/* ---- the job --------------------------------------------------------------------------------- */

static crm_status work(crm_ctx *c, crm_str arg, const void *fn)
{
    cleared *over = ARENA_NEW(c->arena, cleared);
    (void)arg;
    (void)fn;
    if (!over) {
        return CRM_NOMEM;
    }
    c->prepared = over;
    crm_status s = find_over(c, over);
    return s == CRM_OK ? clear_strays(c) : s;
}

/* The rows go with the commit; their files are strays from then on and go with the next look. */
static crm_status run(crm_ctx *c, crm_str arg, const void *fn)
{
    const cleared *over = c->prepared;
    crm_status s = CRM_OK;
    (void)arg;
    (void)fn;
    for (uint32_t i = 0; s == CRM_OK && i < over->count; i++) {
        s = tx_delete(c->tx, registry_store(c->reg, STORE_IMPORT), over->ids[i]);
        s = s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    return s;
}

crm_status import_clear_register(registry *r)
{
    job j = {.work = work,
             .run = run,
             .name = CRM_S("kernel.import_clear"),
             .module = CRM_S("kernel"),
             .every_ms = HOUR_MS,
             .limit_ms = 60000};
    return registry_add_job(r, &j);
}
