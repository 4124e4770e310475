/* frames.c - a file of rows that slices of an import read in place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>

#include "base/base.h"
#include "table/source.h"

#define PENDING   (1 << 20)
#define LOOK_ROWS 1000
/* A file of 500 MB is never so much, unless a sheet says one text over and over. */
#define BYTES_MOST ((uint64_t)8 << 30)
#define SLICE_READ ((size_t)8 << 20)

typedef struct making {
    int fd;
    const char *dir;
    const source_watch *watch;
    const char *fault;
    buf pending;
    int64_t rows;
    uint64_t bytes;
    bool is_header_due;
} making;

static crm_status write_all(int fd, crm_str bytes)
{
    while (bytes.n) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno != EINTR) {
            return status_from_errno(errno);
        }
        size_t done = n > 0 ? (size_t)n : 0;
        bytes = (crm_str){bytes.p + done, bytes.n - done};
    }
    return CRM_OK;
}

static crm_status flush(making *m)
{
    if (m->pending.n >= PENDING && fs_room(m->dir) < FS_ROOM_KEPT) {
        return CRM_NO_SPACE;
    }
    crm_status s = m->pending.failed ? CRM_NOMEM : write_all(m->fd, buf_view(&m->pending));
    m->bytes += m->pending.n;
    buf_clear(&m->pending);
    return s;
}

static crm_status refuse(making *m, const char *fault)
{
    m->fault = fault;
    return CRM_INVALID;
}

static crm_status look(const making *m)
{
    bool is_asked = m->watch && m->rows % LOOK_ROWS == 0;
    return is_asked ? m->watch->look(m->watch->arg, m->rows) : CRM_OK;
}

static crm_status keep_row(making *m, const table_row *row)
{
    if (m->rows == FRAMES_ROWS) {
        return refuse(m, "import_too_long");
    }
    m->rows++;
    table_put(&m->pending, row);
    crm_status s = m->pending.n >= PENDING ? flush(m) : CRM_OK;
    if (s == CRM_OK && m->bytes > BYTES_MOST) {
        return refuse(m, "xlsx_bomb");
    }
    return s == CRM_OK ? look(m) : s;
}

static crm_status copy_rows(making *m, source *from)
{
    table_row row;
    crm_status s;
    while ((s = source_next(from, &row)) == CRM_OK) {
        if (m->is_header_due) {
            m->is_header_due = false;
            continue;
        }
        if ((s = keep_row(m, &row)) != CRM_OK) {
            return s;
        }
    }
    return s == CRM_NOT_FOUND ? flush(m) : s;
}

/* The number of rows in front makes the file complete: it is written last. */
static crm_status complete(making *m)
{
    char head[FRAMES_BEGIN + 1];
    snprintf(head, sizeof head, "%015lld\n", (long long)m->rows);
    bool is_ok = pwrite(m->fd, head, FRAMES_BEGIN, 0) == FRAMES_BEGIN && fsync(m->fd) == 0;
    return is_ok ? CRM_OK : status_from_errno(errno);
}

static crm_status fill(making *m, arena *a, int fd, const source_reading *how, const char **fault)
{
    source *from = NULL;
    /* One more than there may be, and the header: so that too many are seen. */
    crm_status s = source_open(a, fd, how, FRAMES_ROWS + 2, &from);
    if (s == CRM_OK) {
        source_watched(from, m->watch);
        s = lseek(m->fd, FRAMES_BEGIN, SEEK_SET) == FRAMES_BEGIN ? copy_rows(m, from)
                                                                 : CRM_INTERNAL;
    }
    if (s == CRM_INVALID) {
        *fault = m->fault ? m->fault : source_fault(from);
    }
    source_close(from);
    return s == CRM_OK ? complete(m) : s;
}

static bool read_count(const char *path, int64_t *rows)
{
    char head[FRAMES_BEGIN];
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool is_whole = fd >= 0 && pread(fd, head, sizeof head, 0) == FRAMES_BEGIN;
    if (fd >= 0) {
        close(fd);
    }
    crm_str digits = {head, FRAMES_BEGIN - 1};
    return is_whole && str_to_i64(digits, rows) == CRM_OK;
}

crm_status frames_make(int fd, const source_reading *how, const char *path,
                       const source_watch *watch, int64_t *rows, const char **fault)
{
    if (read_count(path, rows)) {
        return CRM_OK;
    }
    arena *a = arena_new(0);
    crm_str part = a ? arena_fmt(a, "%s.part", path) : (crm_str){0};
    making m = {.fd = part.p ? open(part.p, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600) : -1,
                .dir = part.p,
                .watch = watch,
                .is_header_due = how->has_header && how->format != SOURCE_VCARD};
    buf_init(&m.pending, (size_t)PENDING + 2 * TABLE_ROW_MAX);
    crm_status s = !part.p ? CRM_NOMEM : m.fd < 0 ? status_from_errno(errno) : CRM_OK;
    if (s == CRM_OK) {
        s = fill(&m, a, fd, how, fault);
    }
    if (s == CRM_OK && rename(part.p, path) != 0) {
        s = status_from_errno(errno);
    }
    if (s != CRM_OK && part.p) {
        unlink(part.p);
    }
    if (m.fd >= 0) {
        close(m.fd);
    }
    *rows = m.rows;
    buf_free(&m.pending);
    arena_free(a);
    return s;
}

/* ---- reading --------------------------------------------------------------------------------- */

static crm_status take_row(arena *a, crm_str *rest, table_row *row)
{
    crm_str cells[TABLE_COLUMNS_MAX];
    crm_status s = table_take(rest, cells, row);
    if (s != CRM_OK) {
        return s;
    }
    crm_str *kept = ARENA_ARRAY(a, crm_str, row->count + 1);
    if (!kept) {
        return CRM_NOMEM;
    }
    memcpy(kept, cells, row->count * sizeof *kept);
    row->cells = kept;
    return CRM_OK;
}

crm_status frames_read(arena *a, int fd, int64_t *offset, uint32_t most, frames *out)
{
    size_t size = (size_t)most * 2048 < TABLE_ROW_MAX + 65536 ? (size_t)most * 2048 : SLICE_READ;
    crm_status s = CRM_OK;
    *out = (frames){ARENA_ARRAY(a, table_row, most), ARENA_ARRAY(a, int64_t, most), 0};
    for (;;) {
        char *bytes = arena_alloc(a, size);
        ssize_t n = bytes ? pread(fd, bytes, size, (off_t)*offset) : -1;
        if (!out->rows || !out->ends || n < 0) {
            return bytes && out->rows && out->ends ? status_from_errno(errno) : CRM_NOMEM;
        }
        crm_str rest = {bytes, (size_t)n};
        while (rest.n && out->count < most &&
               (s = take_row(a, &rest, &out->rows[out->count])) == CRM_OK) {
            out->ends[out->count++] = *offset + n - (ssize_t)rest.n;
        }
        *offset += n - (ssize_t)rest.n;
        if (out->count || !n || s != CRM_NOT_FOUND || size >= SLICE_READ) {
            break;
        }
        size = SLICE_READ; /* one row bigger than what many take */
    }
    return s == CRM_NOT_FOUND && (out->count || !most) ? CRM_OK
           : s == CRM_NOT_FOUND                        ? CRM_INTERNAL
                                                       : s;
}
