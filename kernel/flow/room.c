/*
 * room.c - what happens when the disk is full: a reserve is given back to it, nothing but what
 * people need to log in and out is written, and reading goes on; when there is room again, so does
 * writing.
 *
 * The reserve is a file of the data directory. Without a directory (tests on an engine in memory)
 * every write is tried by itself. Writer and, once a second, the thread of flow_watch.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "flow/flow_private.h"

#define RESERVE_BYTES (4 * 1024 * 1024)
/* Free beside the reserve before writing goes on: else the next write would end it again. */
#define MARGIN_BYTES (1024 * 1024)

static bool reserve_path(const flow *f, char out[PATH_MAX])
{
    int n = f->o.data_dir ? snprintf(out, PATH_MAX, "%s/reserve", f->o.data_dir) : -1;
    return n > 0 && n < PATH_MAX;
}

static bool has_room(const flow *f)
{
    struct statvfs s;
    return statvfs(f->o.data_dir, &s) == 0 &&
           (uint64_t)s.f_bavail * s.f_frsize >= RESERVE_BYTES + MARGIN_BYTES;
}

/* What is there is taken over: a start on a full disk does not lose the reserve of the last run. */
static bool make_reserve(const flow *f)
{
    char path[PATH_MAX];
    int fd = reserve_path(f, path) ? open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
    if (fd < 0) {
        return false;
    }
    int rc = posix_fallocate(fd, 0, RESERVE_BYTES);
    close(fd);
    if (rc != 0) {
        unlink(path);
    }
    return rc == 0;
}

void room_open(flow *f)
{
    if (!f->o.data_dir || make_reserve(f)) {
        return;
    }
    atomic_store(&f->is_read_only, true);
    log_event(LOG_WARN, "disk.full", "reserve=none writing=stopped");
}

void room_ran_out(flow *f)
{
    char path[PATH_MAX];
    if (!f->o.data_dir || atomic_exchange(&f->is_read_only, true)) {
        return;
    }
    bool is_freed = reserve_path(f, path) && unlink(path) == 0;
    log_event(LOG_ERROR, "disk.full", "reserve=%s writing=stopped", is_freed ? "released" : "none");
}

void room_watch(flow *f)
{
    if (!atomic_load(&f->is_read_only) || !has_room(f) || !make_reserve(f)) {
        return;
    }
    atomic_store(&f->is_read_only, false);
    log_event(LOG_INFO, "disk.has_room", "writing=goes_on");
    scheduler_changes(f);
    scheduler_due(f, clock_now());
}

bool flow_is_read_only(flow *f)
{
    return atomic_load(&f->is_read_only);
}
