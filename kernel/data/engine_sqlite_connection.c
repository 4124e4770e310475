/*
 * engine_sqlite_connection.c - what an error of SQLite means, and connections with every setting.
 *
 * Settings and their reasons: one writer with synchronous=FULL, so a commit that was acknowledged
 * is on the disk; no memory mapping and no checkpoints but the writer's; nothing a file or a schema
 * holds may run code. What a reader gathers for one statement (the values of a sub-query, rows to
 * be sorted) is bounded in memory: 2 MB of a set and 16 MB of a sort, beyond that it lies in a file
 * without a name, which costs a seventh more time. A condition holds 64 sets at most.
 */
#include "data/engine_sqlite.h"

#include <errno.h>

/* ---- errors ---------------------------------------------------------------------------------- */

/* SQLite itself takes only ENOSPC for a full disk; quotas and file size limits are one too. */
static bool is_no_space(int rc, int err)
{
    return (rc & 0xFF) == SQLITE_FULL ||
           ((rc & 0xFF) == SQLITE_IOERR && (err == ENOSPC || err == EDQUOT || err == EFBIG));
}

crm_status status_of(sqlite3 *db, int rc, const char *what)
{
    int err = errno; /* a failed step does not always leave it in sqlite3_system_errno */
    switch (rc & 0xFF) {
    case SQLITE_OK:
        return CRM_OK;
    case SQLITE_CONSTRAINT:
        return CRM_CONFLICT;
    case SQLITE_INTERRUPT:
        return CRM_TIMEOUT;
    case SQLITE_NOMEM:
        return CRM_NOMEM;
    case SQLITE_TOOBIG:
        return CRM_TOO_LARGE;
    default:
        break;
    }
    crm_status st = is_no_space(rc, err)         ? CRM_NO_SPACE
                    : (rc & 0xFF) == SQLITE_BUSY ? CRM_UNAVAILABLE
                                                 : CRM_INTERNAL;
    log_event(st == CRM_INTERNAL ? LOG_ERROR : LOG_WARN, "sqlite.error",
              "at=%s code=%d errno=%d text=%s", what, sqlite3_extended_errcode(db), err,
              log_quote(str_of(sqlite3_errmsg(db))));
    return st;
}

crm_status connection_exec(sqlite3 *db, const char *text)
{
    return status_of(db, sqlite3_exec(db, text, NULL, NULL, NULL), text);
}

/* ---- connections ----------------------------------------------------------------------------- */

static void set_limits(sqlite3 *db)
{
    static const int limits[][2] = {
        {SQLITE_LIMIT_SQL_LENGTH, 1000000},       {SQLITE_LIMIT_EXPR_DEPTH, 500},
        {SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 1000}, {SQLITE_LIMIT_ATTACHED, 0},
        {SQLITE_LIMIT_VARIABLE_NUMBER, 32766},
    };
    for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
        sqlite3_limit(db, limits[i][0], limits[i][1]);
    }
}

static crm_status configure(sqlite3 *db, bool is_writer)
{
    sqlite3_extended_result_codes(db, 1);
    sqlite3_busy_timeout(db, 5000); /* before anything else: opening may have to wait */
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, !is_writer, NULL);
    set_limits(db);
    crm_status st = CRM_OK;
    if (is_writer) {
        st = connection_exec(db, "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                                 "PRAGMA journal_size_limit=67108864; PRAGMA cache_size=-65536;"
                                 "PRAGMA secure_delete=ON; PRAGMA temp_store=MEMORY;");
    } else {
        st = connection_exec(db, "PRAGMA query_only=1; PRAGMA temp_store=FILE;");
    }
    if (st == CRM_OK) {
        st = connection_exec(db, "PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0;"
                                 "PRAGMA cell_size_check=1;");
    }
    st = st == CRM_OK ? functions_register(db) : st;
    st = st == CRM_OK ? words_register(db) : st;
    return st == CRM_OK ? group_register(db) : st;
}

crm_status connection_settle(sqlite3 *db)
{
    return connection_exec(db, "PRAGMA cache_size=-16384;");
}

crm_status connection_open(const char *path, bool is_writer, sqlite3 **out)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE |
                SQLITE_OPEN_EXRESCODE;
    vfs_install();
    int rc = sqlite3_open_v2(path, out, flags, VFS_NAME);
    crm_status st = rc == SQLITE_OK ? configure(*out, is_writer) : status_of(*out, rc, "open");
    if (st != CRM_OK) {
        sqlite3_close_v2(*out);
        *out = NULL;
    }
    return st;
}
