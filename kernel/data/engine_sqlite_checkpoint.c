/*
 * engine_sqlite_checkpoint.c - keeping the write-ahead log short, and merging full text when idle.
 *
 * Only the writing connection checkpoints: SQLite before 3.51.3 may corrupt the file when two
 * connections write and checkpoint at the same moment. Writer's thread, under the write lock.
 */
#include "data/engine_sqlite.h"

#include <fcntl.h>

/*
 * Whoever writes waits while the log is copied back, and until the disk has it. So it is copied in
 * pieces of frames that took no longer than this lately, but of many: a page that changes all the
 * time is copied once for them.
 */
#define PIECE_NS    12000000
#define PIECE_LEAST 1000
#define PIECE_FIRST 2000
#define PIECE_MOST  4000

#define CAP_FRAMES     16000 /* 64 MB of 4 KB pages: as much of the file is kept */
#define TRUNCATE_BYTES ((int64_t)16 * 1024 * 1024)
#define WAIT_MS        20 /* for readers, where the log is to begin anew */
#define BUSY_MS        5000
#define MERGE_PAGES    128 /* some 5 ms: a request that comes meanwhile waits so long */

int checkpoint_count_frames(void *arg, sqlite3 *db, const char *schema, int frames)
{
    int written = 0, unused;
    (void)schema;
    sqlite_engine *e = arg;
    /* Frames start over whenever the log does; what the connection wrote does not. */
    sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_WRITE, &written, &unused, 1);
    atomic_fetch_add_explicit(&e->wal_written, (uint64_t)written, memory_order_relaxed);
    atomic_store_explicit(&e->wal_frames, (uint64_t)frames, memory_order_relaxed);
    if ((uint64_t)frames < e->copied) {
        e->copied = 0; /* the log has begun anew */
    }
    return SQLITE_OK;
}

/*
 * What a reader keeps from being whole SQLite copies as far as it can, and waits for the disk only
 * when it has copied the rest: then for the pages of many pieces. So the disk begins with them now.
 */
static void write_back(const sqlite_engine *e)
{
#ifdef SYNC_FILE_RANGE_WRITE
    (void)!sync_file_range(e->file, 0, 0, SYNC_FILE_RANGE_WRITE);
#else
    (void)e;
#endif
}

static void checkpoint(sqlite_session *s, int mode)
{
    int in_log = 0, copied = 0;
    sqlite3_busy_timeout(s->db, mode == SQLITE_CHECKPOINT_PASSIVE ? 0 : WAIT_MS);
    int rc = sqlite3_wal_checkpoint_v2(s->db, "main", mode, &in_log, &copied);
    sqlite3_busy_timeout(s->db, BUSY_MS);
    if (rc != SQLITE_OK && rc != SQLITE_BUSY) {
        if (status_of(s->db, rc, "checkpoint") == CRM_INTERNAL) {
            atomic_store(&s->engine->is_broken, true); /* never tried again, as a failed commit */
        }
        return;
    }
    atomic_fetch_add_explicit(&s->engine->checkpoints, 1, memory_order_relaxed);
    s->engine->copied = copied > 0 ? (uint64_t)copied : 0;
    if (in_log != copied) {
        write_back(s->engine);
    }
    if (rc == SQLITE_OK && in_log == copied) {
        /* Everything is in the file: the next writer begins the log anew if no reader holds it. */
        atomic_store_explicit(&s->engine->wal_frames, 0, memory_order_relaxed);
    }
}

static uint64_t within(uint64_t n, uint64_t least, uint64_t most)
{
    return n < least ? least : n > most ? most : n;
}

static void copy_piece(sqlite_session *s, uint64_t frames)
{
    sqlite_engine *e = s->engine;
    int64_t begun = clock_mono();
    checkpoint(s, SQLITE_CHECKPOINT_PASSIVE);
    uint64_t took = (uint64_t)(clock_mono() - begun) + 1;
    uint64_t fitting = frames * PIECE_NS / took;
    /* Frames of the same few pages go fast; those that follow may be of as many pages. */
    e->piece = within(fitting < e->piece ? fitting : (7 * e->piece + fitting) / 8, PIECE_LEAST,
                      PIECE_MOST);
}

bool checkpoint_when_due(sqlite_session *s)
{
    sqlite_engine *e = s->engine;
    uint64_t frames = atomic_load_explicit(&e->wal_frames, memory_order_relaxed);
    if (!sqlite3_get_autocommit(s->db)) {
        return false;
    }
    e->piece = e->piece ? e->piece : PIECE_FIRST;
    uint64_t waiting = frames > e->copied ? frames - e->copied : 0;
    if (frames > CAP_FRAMES) {
        checkpoint(s, SQLITE_CHECKPOINT_RESTART);
    } else if (waiting > e->piece) {
        copy_piece(s, waiting);
    } else {
        return false;
    }
    return true;
}

/* A step of merging an entity's full text, committed by itself. False: there was nothing to merge.
 */
static bool merge_step(sqlite_session *s, uint32_t id)
{
    int before = sqlite3_total_changes(s->db);
    sql_start(&s->sql, s->layout, NULL);
    sql_z(&s->sql, "INSERT INTO ");
    sql_name(&s->sql, 'f', id);
    sql_z(&s->sql, "(");
    sql_name(&s->sql, 'f', id);
    sql_z(&s->sql, ",rank) VALUES('merge',");
    sql_int(&s->sql, MERGE_PAGES);
    sql_z(&s->sql, ")");
    /* FTS5's manual, 6.7: a step that did nothing changes less than two rows. */
    return statement_run(s) == CRM_OK && sqlite3_total_changes(s->db) - before >= 2;
}

static bool merge(sqlite_session *s)
{
    const layout *l = s->layout;
    for (uint32_t id = 0; id < l->table_end; id++) {
        if (l->tables[id].search_count && merge_step(s, id)) {
            return true;
        }
    }
    return false;
}

bool checkpoint_idle(sqlite_session *s)
{
    if (!sqlite3_get_autocommit(s->db)) {
        return false;
    }
    s->has_merges = s->has_merges && merge(s);
    if (s->has_merges || stale_drop(s) || coming_clear_aside(s)) {
        (void)checkpoint_when_due(s);
        return true;
    }
    if (atomic_load_explicit(&s->engine->wal_frames, memory_order_relaxed) == 0) {
        return false;
    }
    /* Cutting the log off costs the next writes, which grow the file again; so only a long one is.
     */
    engine_stats st = {0};
    s->base.ops->stats(&s->engine->base, &st);
    checkpoint(s, st.wal_bytes > TRUNCATE_BYTES ? SQLITE_CHECKPOINT_TRUNCATE
                                                : SQLITE_CHECKPOINT_PASSIVE);
    return false;
}
