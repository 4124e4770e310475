/* fs_copy.c - see fs_copy.h. */
#include "base/fs_copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/status.h"

#define BLOCK 65536

static crm_status write_block(int to, const char *p, ssize_t n)
{
    while (n > 0) {
        ssize_t put = write(to, p, (size_t)n);
        if (put < 0 && errno != EINTR) {
            return status_from_errno(errno);
        }
        p += put > 0 ? put : 0;
        n -= put > 0 ? put : 0;
    }
    return CRM_OK;
}

crm_status fs_copy_bytes(int from, int to)
{
    char block[BLOCK];
    ssize_t n;
    crm_status s = CRM_OK;
    while (s == CRM_OK && (n = read(from, block, sizeof block)) != 0) {
        bool is_again = n < 0 && errno == EINTR;
        s = n > 0 ? write_block(to, block, n) : is_again ? CRM_OK : status_from_errno(errno);
    }
    return s == CRM_OK && fsync(to) != 0 ? status_from_errno(errno) : s;
}

/* Of a call that this disk does not know: EPERM is vfat's word, the others are of network disks. */
static bool is_unknown(int err)
{
    return err == EPERM || err == EOPNOTSUPP || err == ENOSYS || err == EINVAL;
}

/* An empty file of our own holds the name, so what the renaming overwrites is that. */
static crm_status claim_and_rename(const char *from, const char *to)
{
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out < 0) {
        return status_from_errno(errno);
    }
    close(out);
    if (rename(from, to) == 0) {
        return CRM_OK;
    }
    crm_status s = status_from_errno(errno);
    unlink(to);
    return s;
}

crm_status fs_place(const char *from, const char *to)
{
    if (link(from, to) == 0) {
        return CRM_OK;
    }
    if (!is_unknown(errno)) {
        return status_from_errno(errno);
    }
    if (renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE) == 0) {
        return CRM_OK;
    }
    return is_unknown(errno) ? claim_and_rename(from, to) : status_from_errno(errno);
}
