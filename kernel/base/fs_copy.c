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

static crm_status write_new(const char *from, const char *to)
{
    struct stat at;
    int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0 || fstat(in, &at) != 0) {
        crm_status failed = status_from_errno(errno);
        if (in >= 0) {
            close(in);
        }
        return failed;
    }
    int out = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, at.st_mode & 0777);
    crm_status s = out >= 0 ? fs_copy_bytes(in, out) : status_from_errno(errno);
    if (out >= 0) {
        (void)fchmod(out, at.st_mode & 0777); /* past the umask; a disk without modes has its own */
    }
    if (out >= 0 && close(out) != 0 && s == CRM_OK) {
        s = status_from_errno(errno);
    }
    if (out >= 0 && s != CRM_OK) {
        unlink(to);
    }
    close(in);
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
    return is_unknown(errno) ? write_new(from, to) : status_from_errno(errno);
}
