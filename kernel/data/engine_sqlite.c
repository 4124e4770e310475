/*
 * engine_sqlite.c - the SQLite engine: opening and closing, what it can do, its figures. See
 * engine_sqlite.h for threads and layout.
 */
#include "data/engine_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- the engine ------------------------------------------------------------------------------ */

static int64_t size_of(const char *path, const char *suffix)
{
    char name[4200];
    struct stat st;
    int n = snprintf(name, sizeof name, "%s%s", path, suffix);
    return n > 0 && (size_t)n < sizeof name && stat(name, &st) == 0 ? (int64_t)st.st_size : 0;
}

static void sqlite_stats(engine *base, engine_stats *out)
{
    sqlite_engine *e = (sqlite_engine *)base;
    *out = (engine_stats){
        .commits = atomic_load_explicit(&e->commits, memory_order_relaxed),
        .rows_written = atomic_load_explicit(&e->rows_written, memory_order_relaxed),
        .wal_frames = atomic_load_explicit(&e->wal_frames, memory_order_relaxed),
        .wal_written = atomic_load_explicit(&e->wal_written, memory_order_relaxed),
        .checkpoints = atomic_load_explicit(&e->checkpoints, memory_order_relaxed),
        .interrupted = atomic_load_explicit(&e->interrupted, memory_order_relaxed),
        .cached = atomic_load_explicit(&e->cached, memory_order_relaxed),
        .ahead_left = atomic_load_explicit(&e->ahead_left, memory_order_relaxed),
        .is_broken = atomic_load_explicit(&e->is_broken, memory_order_relaxed),
        .file_bytes = size_of(e->path, ""),
        .wal_bytes = size_of(e->path, "-wal"),
    };
}

static void sqlite_close(engine *base)
{
    sqlite_engine *e = (sqlite_engine *)base;
    if (e->writer) {
        session_free(e->writer);
    }
    for (layout *l = atomic_load(&e->layout); l;) {
        layout *older = l->older;
        arena_free(l->arena);
        l = older;
    }
    stale_forget(e);
    if (e->file >= 0) {
        close(e->file);
    }
    pthread_mutex_destroy(&e->write_lock);
    free(e->path);
    free(e);
}

const engine_ops sqlite_ops = {
    .name = "sqlite",
    .caps = ENGINE_COMPLETES_INLINE | ENGINE_FULL_TEXT | ENGINE_BACKUP | ENGINE_DURABLE,
    .close = sqlite_close,
    .schema = sqlite_schema,
    .schema_ahead = sqlite_schema_ahead,
    .find_stored = sqlite_find_stored,
    .forget = sqlite_forget,
    .tidy = sqlite_tidy,
    .drop_ahead = sqlite_drop_ahead,
    .session_open = sqlite_session_open,
    .session_close = sqlite_session_close,
    .read = sqlite_read,
    .write = sqlite_write,
    .turn_end = sqlite_turn_end,
    .interrupt = sqlite_interrupt,
    .idle = sqlite_idle,
    .seen = sqlite_seen,
    .is_unchanged = sqlite_is_unchanged,
    .backup = sqlite_backup,
    .stats = sqlite_stats,
};

/* The file is made before SQLite opens it, so that only its owner may ever read it. */
static crm_status make_file(const char *dir, const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return errno == EEXIST ? CRM_OK : status_from_errno(errno);
    }
    close(fd);
    int folder = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0) {
        return status_from_errno(errno);
    }
    int rc = fsync(folder);
    close(folder);
    return rc == 0 ? CRM_OK : status_from_errno(errno);
}

static crm_status open_engine(sqlite_engine *e, const char *dir)
{
    size_t n = strlen(dir) + sizeof "/karkas.db";
    e->path = malloc(n);
    if (!e->path) {
        return CRM_NOMEM;
    }
    snprintf(e->path, n, "%s/karkas.db", dir);
    crm_status st = make_file(dir, e->path);
    if (st != CRM_OK) {
        return st;
    }
    e->file = open(e->path, O_RDONLY | O_CLOEXEC);
    if (e->file < 0) {
        return status_from_errno(errno);
    }
    /* The writer first: it recovers the log while nobody else waits for that. */
    e->writer = session_new(e, ENGINE_WRITER);
    if (!e->writer) {
        return CRM_INTERNAL;
    }
    e->writer->has_aside = true; /* an earlier run may have left some */
    seen_watch(e);
    sqlite3_wal_hook(e->writer->db, checkpoint_count_frames, e);
    return schema_open(e);
}

static void configure_library(void)
{
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

crm_status engine_open_sqlite(const char *dir, engine **out)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure_library);
    *out = NULL;
    sqlite_engine *e = calloc(1, sizeof *e);
    if (!e) {
        return CRM_NOMEM;
    }
    e->base.ops = &sqlite_ops;
    e->file = -1;
    pthread_mutex_init(&e->write_lock, NULL);
    crm_status st = open_engine(e, dir);
    if (st != CRM_OK) {
        sqlite_close(&e->base);
        return st;
    }
    *out = &e->base;
    return CRM_OK;
}

void engine_sqlite_set_lookup(engine_session *reader, int64_t rows)
{
    ((sqlite_session *)reader)->lookup_max = rows;
}

void engine_sqlite_set_group_memory(engine_session *reader, size_t bytes)
{
    ((sqlite_session *)reader)->group_memory = bytes;
}

void engine_sqlite_limit_groups(engine *e, size_t bytes)
{
    ((sqlite_engine *)e)->group_memory = bytes;
}

void engine_sqlite_set_part(engine_session *reader, int64_t rows)
{
    ((sqlite_session *)reader)->part_rows = rows;
}

void engine_sqlite_set_reckon(engine_session *reader, int64_t us)
{
    ((sqlite_session *)reader)->reckon_us = us;
}

const char *engine_sqlite_version(void)
{
    return sqlite3_libversion();
}
