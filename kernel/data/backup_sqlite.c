/*
 * backup_sqlite.c - copying the live database into a file, and looking into such a copy.
 *
 * The copy is read through a connection of its own inside one read transaction, so it is the state
 * of one commit however long it takes, and it never checkpoints the live file. Blocking; the
 * caller's own thread.
 */
#include "data/backup_sqlite.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEP_PAGES 256

static crm_status make_target(const char *path)
{
    struct stat at;
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0) {
        return status_from_errno(errno);
    }
    bool is_empty = fstat(fd, &at) == 0 && at.st_size == 0;
    close(fd);
    return is_empty ? CRM_OK : CRM_CONFLICT;
}

static crm_status open_target(const char *path, sqlite3 **out)
{
    int rc = sqlite3_open_v2(path, out, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        return status_of(*out, rc, "backup.open");
    }
    sqlite3_busy_timeout(*out, 5000);
    return connection_exec(*out, "PRAGMA synchronous=FULL");
}

static crm_status copy_pages(sqlite3 *from, sqlite3 *to, engine_backup_progress p)
{
    sqlite3_backup *b = sqlite3_backup_init(to, "main", from, "main");
    if (!b) {
        return status_of(to, sqlite3_errcode(to), "backup.init");
    }
    int rc = SQLITE_OK;
    bool is_over = false;
    while (rc == SQLITE_OK && !(is_over = p.is_over && p.is_over(p.arg))) {
        rc = sqlite3_backup_step(b, STEP_PAGES);
        if (p.step && (rc == SQLITE_OK || rc == SQLITE_DONE)) {
            int64_t all = sqlite3_backup_pagecount(b);
            p.step(p.arg, all - sqlite3_backup_remaining(b), all);
        }
    }
    sqlite3_backup_finish(b);
    if (is_over) {
        return CRM_UNAVAILABLE;
    }
    return rc == SQLITE_DONE ? CRM_OK : status_of(to, rc, "backup.step");
}

/* The copy stands alone: no log beside it, and durable with its folder. */
static crm_status close_target(sqlite3 *to, const char *path)
{
    crm_status st = connection_exec(to, "PRAGMA journal_mode=DELETE");
    sqlite3_close_v2(to);
    return st == CRM_OK ? backup_sync(path) : st;
}

static crm_status copy(sqlite3 *from, const char *path, engine_backup_progress p)
{
    sqlite3 *to = NULL;
    crm_status st = open_target(path, &to);
    /* The first read fixes the snapshot that every step then copies. */
    st = st == CRM_OK ? connection_exec(from, "BEGIN; SELECT count(*) FROM sqlite_master") : st;
    st = st == CRM_OK && p.begun ? p.begun(p.arg) : st;
    st = st == CRM_OK ? copy_pages(from, to, p) : st;
    if (st != CRM_OK) {
        sqlite3_close_v2(to);
        return st;
    }
    return close_target(to, path);
}

crm_status sqlite_backup(engine *base, const char *path, engine_backup_progress p)
{
    sqlite_engine *e = (sqlite_engine *)base;
    sqlite3 *from = NULL;
    crm_status st = make_target(path);
    if (st != CRM_OK) {
        return st;
    }
    st = connection_open(e->path, false, &from);
    st = st == CRM_OK ? copy(from, path, p) : st;
    sqlite3_close_v2(from);
    if (st != CRM_OK) {
        unlink(path); /* half a copy is worse than none */
    }
    return st;
}

/* ---- looking into a copy --------------------------------------------------------------------- */

static crm_status check_integrity(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &stmt, NULL);
    bool is_sound = rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW &&
                    str_is(str_of((const char *)sqlite3_column_text(stmt, 0)), "ok");
    sqlite3_finalize(stmt);
    return is_sound ? CRM_OK : CRM_INVALID;
}

static crm_status check_format(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    crm_status st = CRM_INVALID;
    if (sqlite3_prepare_v2(db, "PRAGMA user_version", -1, &stmt, NULL) == SQLITE_OK &&
        sqlite3_step(stmt) == SQLITE_ROW) {
        st = sqlite3_column_int64(stmt, 0) > FORMAT_NEWEST ? CRM_CONFLICT : CRM_OK;
    }
    sqlite3_finalize(stmt);
    return st;
}

static crm_status count_rows(sqlite3 *db, int64_t id, int64_t *out)
{
    char text[64];
    sqlite3_stmt *stmt = NULL;
    snprintf(text, sizeof text, "SELECT count(*) FROM e%lld", (long long)id);
    int rc = sqlite3_prepare_v2(db, text, -1, &stmt, NULL);
    if (rc == SQLITE_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        *out = sqlite3_column_int64(stmt, 0);
    }
    rc = sqlite3_finalize(stmt);
    return rc == SQLITE_OK ? CRM_OK : CRM_INVALID;
}

static crm_status list_counts(sqlite3 *db, arena *a, backup_counts *out)
{
    sqlite3_stmt *stmt = NULL;
    crm_status st = CRM_OK;
    int rc =
        sqlite3_prepare_v2(db, "SELECT id, name FROM meta_entity ORDER BY id", -1, &stmt, NULL);
    while (rc == SQLITE_OK && st == CRM_OK && sqlite3_step(stmt) == SQLITE_ROW) {
        if (out->count == BACKUP_ENTITIES_MAX) {
            st = CRM_TOO_LARGE;
            break;
        }
        backup_count *c = &out->at[out->count++];
        c->entity = arena_dup(a, str_of((const char *)sqlite3_column_text(stmt, 1)));
        st = c->entity.p ? count_rows(db, sqlite3_column_int64(stmt, 0), &c->rows) : CRM_NOMEM;
    }
    sqlite3_finalize(stmt);
    return rc == SQLITE_OK ? st : CRM_INVALID;
}

crm_status backup_inspect(const char *path, bool check, arena *a, backup_counts *out)
{
    sqlite3 *db = NULL;
    out->count = 0;
    out->at = ARENA_ARRAY(a, backup_count, BACKUP_ENTITIES_MAX);
    if (!out->at) {
        return CRM_NOMEM;
    }
    int rc = sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    crm_status st = rc == SQLITE_OK ? CRM_OK : CRM_INVALID;
    if (st == CRM_OK) {
        sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
        st = check ? check_format(db) : CRM_OK;
        st = st == CRM_OK && check ? check_integrity(db) : st;
    }
    st = st == CRM_OK ? list_counts(db, a, out) : st;
    sqlite3_close_v2(db);
    return st;
}
