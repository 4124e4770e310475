/* fault_vfs.c - see fault_vfs.h. Every method passes on to the real file but those that may fail.
 */
#include "fault_vfs.h"

#include <errno.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

typedef struct fault_file {
    sqlite3_file base; /* first */
    sqlite3_file *real;
    int number; /* the watcher's; negative: not watched */
} fault_file;

static sqlite3_vfs *real_vfs;
static const fault_watcher *watcher;
static _Atomic uint64_t writes;
static struct {
    _Atomic int which, rc;
    _Atomic uint32_t left, hits; /* left: calls until the one that fails; 0: the plan is done */
    atomic_bool for_ever;
} plan;

void fault_vfs_plan(fault_call which, uint32_t nth, int rc, bool for_ever)
{
    atomic_store(&plan.which, FAULT_NONE);
    atomic_store(&plan.rc, rc);
    atomic_store(&plan.left, nth);
    atomic_store(&plan.hits, 0);
    atomic_store(&plan.for_ever, for_ever);
    atomic_store(&plan.which, which);
}

uint32_t fault_vfs_hits(void)
{
    return atomic_load(&plan.hits);
}

uint64_t fault_vfs_writes(void)
{
    return atomic_load(&writes);
}

/* SQLITE_OK, or what this call is to fail with. */
static int verdict(fault_call which)
{
    if (atomic_load(&plan.which) != (int)which) {
        return SQLITE_OK;
    }
    uint32_t left = atomic_load(&plan.left);
    while (left && !atomic_compare_exchange_weak(&plan.left, &left, left - 1)) {
    }
    bool fails = left == 1 || (left == 0 && atomic_load(&plan.for_ever));
    if (!fails) {
        return SQLITE_OK;
    }
    atomic_fetch_add(&plan.hits, 1);
    errno = EIO;
    return atomic_load(&plan.rc);
}

void fault_vfs_watch(const fault_watcher *w)
{
    watcher = w;
}

/* Its number when it is watched, else negative. */
static int watched(const sqlite3_file *f)
{
    return watcher ? ((const fault_file *)f)->number : -1;
}

static sqlite3_file *real_of(sqlite3_file *f)
{
    return ((fault_file *)f)->real;
}

/* ---- files ----------------------------------------------------------------------------------- */

static int file_close(sqlite3_file *f)
{
    sqlite3_file *r = real_of(f);
    return r->pMethods ? r->pMethods->xClose(r) : SQLITE_OK;
}
static int file_read(sqlite3_file *f, void *to, int n, sqlite3_int64 at)
{
    int rc = verdict(FAULT_READ);
    return rc ? rc : real_of(f)->pMethods->xRead(real_of(f), to, n, at);
}
static int file_write(sqlite3_file *f, const void *from, int n, sqlite3_int64 at)
{
    int rc = verdict(FAULT_WRITE);
    atomic_fetch_add(&writes, 1);
    if (rc && n > 1) {
        (void)!real_of(f)->pMethods->xWrite(real_of(f), from, n / 2, at); /* torn */
    }
    if (!rc && watched(f) >= 0) {
        watcher->write(watched(f), from, n, at);
    }
    return rc ? rc : real_of(f)->pMethods->xWrite(real_of(f), from, n, at);
}
static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    int rc = verdict(FAULT_TRUNCATE);
    if (!rc && watched(f) >= 0) {
        watcher->truncate(watched(f), size);
    }
    return rc ? rc : real_of(f)->pMethods->xTruncate(real_of(f), size);
}
static int file_sync(sqlite3_file *f, int flags)
{
    int rc = verdict(FAULT_SYNC);
    if (!rc && watched(f) >= 0) {
        watcher->sync(watched(f));
        return SQLITE_OK;
    }
    return rc ? rc : real_of(f)->pMethods->xSync(real_of(f), flags);
}
static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return real_of(f)->pMethods->xFileSize(real_of(f), size);
}
static int file_lock(sqlite3_file *f, int how)
{
    return real_of(f)->pMethods->xLock(real_of(f), how);
}
static int file_unlock(sqlite3_file *f, int how)
{
    return real_of(f)->pMethods->xUnlock(real_of(f), how);
}
static int file_is_reserved(sqlite3_file *f, int *out)
{
    return real_of(f)->pMethods->xCheckReservedLock(real_of(f), out);
}
static int file_control(sqlite3_file *f, int op, void *arg)
{
    return real_of(f)->pMethods->xFileControl(real_of(f), op, arg);
}
static int file_sector(sqlite3_file *f)
{
    return real_of(f)->pMethods->xSectorSize(real_of(f));
}
static int file_traits(sqlite3_file *f)
{
    return real_of(f)->pMethods->xDeviceCharacteristics(real_of(f));
}
static int file_shm_map(sqlite3_file *f, int page, int size, int extend, void volatile **out)
{
    return real_of(f)->pMethods->xShmMap(real_of(f), page, size, extend, out);
}
static int file_shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return real_of(f)->pMethods->xShmLock(real_of(f), offset, n, flags);
}
static void file_shm_barrier(sqlite3_file *f)
{
    real_of(f)->pMethods->xShmBarrier(real_of(f));
}
static int file_shm_unmap(sqlite3_file *f, int remove)
{
    return real_of(f)->pMethods->xShmUnmap(real_of(f), remove);
}

/* Version 2: without xFetch, which only memory mapping wants. */
static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_is_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = file_shm_map,
    .xShmLock = file_shm_lock,
    .xShmBarrier = file_shm_barrier,
    .xShmUnmap = file_shm_unmap,
};

/* ---- the VFS --------------------------------------------------------------------------------- */

static int vfs_open(sqlite3_vfs *v, const char *name, sqlite3_file *f, int flags, int *out)
{
    fault_file *file = (fault_file *)f;
    (void)v;
    file->real = (sqlite3_file *)(file + 1);
    bool is_watched = watcher && name;
    bool is_new = is_watched && access(name, F_OK) != 0;
    int rc = real_vfs->xOpen(real_vfs, name, file->real, flags, out);
    f->pMethods = file->real->pMethods ? &methods : NULL;
    file->number = is_watched && rc == SQLITE_OK ? watcher->open(name, flags, is_new) : -1;
    return rc;
}

static int vfs_delete(sqlite3_vfs *v, const char *name, int sync_folder)
{
    (void)v;
    if (watcher) {
        watcher->remove(name, sync_folder);
    }
    return real_vfs->xDelete(real_vfs, name, sync_folder);
}

void fault_vfs_install(void)
{
    static sqlite3_vfs mine;
    real_vfs = sqlite3_vfs_find(NULL);
    mine = *real_vfs; /* what is not about files is the real one's, which ignores whose it is */
    mine.zName = "fault";
    mine.szOsFile = (int)sizeof(fault_file) + real_vfs->szOsFile;
    mine.xOpen = vfs_open;
    mine.xDelete = vfs_delete;
    sqlite3_vfs_register(&mine, 1);
}
