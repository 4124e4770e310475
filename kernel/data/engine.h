/*
 * engine.h - the storage engine: rows of entities in, rows out, in batches that complete now or
 * later.
 *
 * There are two implementations from the first day, SQLite and a brute-force one in memory that
 * completes late and in random order between sessions; one suite runs on both. SQL stands behind
 * this interface and nowhere else. Everything the kernel stores is an entity (sessions, due rows,
 * outbox and change log included), so an engine knows rows and transactions only.
 *
 * Invariants
 *  - One writing session exists per engine. Its write batches run in the order given.
 *  - A read batch sees one snapshot. A READER session keeps that snapshot until engine_turn_end, so
 *    all reads of one loop turn cost one transaction and agree with each other.
 *  - The physical layout (columns, sort keys, unique and full-text indexes) is the engine's newest
 *    schema, addressed by durable ids; op->entity only maps field indexes to ids. Caches are keyed
 *    by (entity id, schema version), never by pointers: calls of an older registry snapshot go on.
 *  - NULL is least in every sort (first ascending, last descending), on every engine.
 *  - Reads in the writing session see its own uncommitted rows.
 *  - A batch, its ops, queries, rows and arena belong to the engine until `done`, interrupted or
 * not.
 *  - `done` is called exactly once per batch, on the session's thread (through `deliver`), before
 *    or after the call returns. Row sinks are called before `done`, on the same thread, and what
 *    they get is valid only inside the call.
 *  - Ids are integers below 2^53 given by the engine at INSERT.
 *  - COMMIT is durable when it has completed with OK. After a COMMIT failure nothing of the
 *    transaction remains. NO_SPACE leaves the engine readable.
 */
#ifndef DATA_ENGINE_H
#define DATA_ENGINE_H

#include "data/grouping.h"
#include <stdatomic.h>

#include "data/query.h"
#include "data/registry.h"

typedef struct engine engine;
typedef struct engine_session engine_session;
typedef struct engine_batch engine_batch;

enum {                                    /* engine_caps */
       ENGINE_COMPLETES_INLINE = 1u << 0, /* `done` has been called when read/write return */
       ENGINE_FULL_TEXT = 1u << 1,
       ENGINE_BACKUP = 1u << 2,
       ENGINE_DURABLE = 1u << 3,
};

typedef enum engine_op_kind {
    /* read or write batch */
    ENGINE_GET,   /* entity, id -> one row of `select` or NOT_FOUND */
    ENGINE_LIST,  /* query -> rows in order */
    ENGINE_COUNT, /* query -> count, at most query->limit */
    ENGINE_GROUP, /* grouping -> raw figures of every group, unordered; `having`, sorts and limit
                     are not the engine's business. LIMIT, before any group is given: `count` is
                     the position of the first measure whose sum overflows, or says for what more
                     memory is needed than one question gets: GROUPS_SPENT … (group_table.h) */
    ENGINE_WORDS, /* entity, near, edits -> words of its full text */
    ENGINE_TWINS, /* entity, id, set, query->limit -> by on_row, with COL_ID alone, rows outside the
                     recycle bin from the newest id down, those below `id` (0: all). `branches` is 1
                     when a field in `set`, or of one that holds many an element, equals that of a
                     row with a smaller id; an engine may say so of more rows, where none of its
                     indexes tells */
    /* write batch only */
    ENGINE_BEGIN,
    ENGINE_COMMIT,
    ENGINE_ROLLBACK,
    ENGINE_SAVEPOINT,
    ENGINE_RELEASE,
    ENGINE_ROLLBACK_TO, /* undoes and closes the innermost savepoint; RELEASE keeps and closes it.
                           At most two are open: a request's, and inside it a row's of a batch */
    ENGINE_INSERT,      /* entity, row (all fields; COL_ID null) -> id */
    ENGINE_UPDATE,      /* entity, id, row, set: the fields in `set` */
    ENGINE_DELETE, /* entity, id: the row is gone; the recycle bin is an UPDATE of COL_DELETED_AT */
    ENGINE_TERMS,  /* entity, id, terms: replaces its full-text row (NULL: removes). Give them
                      once per transaction, after the last RELEASE: full text flushes at every
                      savepoint. Also when only what rights go by has changed: its creator, owners,
                      department or stage, which a match tells apart. A row in the recycle bin has
                      none, whatever is given: they go and come with the UPDATE of COL_DELETED_AT */
} engine_op_kind;

/* One row. False stops the list. `branches` has a bit for every branch of query->rights it matched.
 */
typedef bool (*engine_row_fn)(void *arg, const value *row, uint32_t branches);

/*
 * Where a LIST that stopped goes on: all rows up to this one, in the order of the list, were
 * judged. `row` has its id and sort values and nothing else; `percent` (0 to 99) of the way lies
 * behind it.
 */
typedef void (*engine_place_fn)(void *arg, const value *row, int percent);

/* The same of one that has no place in its order: it goes on as query->gathered, or, when `g` is
 * over, with what comes after its bound. `g` is valid inside the call. */
typedef void (*engine_gathered_fn)(void *arg, const list_gathering *g, int percent);

/* Of a row that a LIST found and its caller may have kept, by its id alone. */
typedef bool (*engine_kept_fn)(void *arg, int64_t id);

/* A word of an entity's full text that is `edits` away from the one asked for; of 4 to 32 letters.
 */
typedef void (*engine_word_fn)(void *arg, crm_str word, int edits);

typedef struct engine_op {
    engine_op_kind kind;
    const entity *entity;
    int64_t id;           /* in, or out of INSERT */
    const query *query;   /* LIST, COUNT, TWINS for its limit, GET for its select and rights (may be
                             NULL there) */
    const value *row;     /* INSERT, UPDATE; indexed as entity->fields */
    uint64_t set[4];      /* UPDATE, TWINS: bit per field */
    const crm_str *terms; /* search_count texts of text_terms, parallel to entity->search_fields;
                             one more where there is a match_field: its value */
    crm_str near;         /* WORDS: a folded word */
    int edits;            /* WORDS: how far others may be from it, 0 to 2 */
    engine_word_fn on_word; /* WORDS: each once, in no order; some may be in no row any more */
    bool lock;      /* GET in a write batch: the row stays as read until the transaction ends */
    int64_t if_rev; /* UPDATE, DELETE: STALE unless the stored rev is this; 0: any */
    const grouping *grouping; /* GROUP; its `rows` is the query */
    engine_group_fn on_group; /* GROUP */
    engine_row_fn on_row; /* row values are indexed as entity->fields; unselected ones are NULL */
    /*
     * LIST, by a caller who keeps what he made of rows (engine_seen): once it is known which rows
     * the page has, and before any of them is read, `is_kept` is asked of each in their order.
     * Those it says yes to come through `on_kept` at their place, which stops the list as on_row
     * does. NULL: all are read. An engine may not ask.
     */
    engine_kept_fn is_kept, on_kept;
    void *arg;
    /*
     * COUNT: after so long it gives what it has counted. LIST: if it meets its rows one by one in
     * the order of the list, it gives those it has found by then, and calls `on_place` after the
     * last of them. A place is a row that the rights grant, or any in the order of ids: so it tells
     * nobody what he may not see; with terms, or in the recycle bin, the last row that it has
     * given. Where there was none by then it calls `on_gathered` and has given no row, or in the
     * order of ids those found on the way so far; without that it goes on. 0: it goes on.
     */
    int64_t stop_after_us;
    engine_place_fn on_place;       /* LIST with stop_after_us */
    engine_gathered_fn on_gathered; /* the same; NULL: it is not gathered */
    bool is_partial;                /* out: it stopped. COUNT: there are at least `count` */
    int64_t count;                  /* out: rows given, or counted */
    crm_status status; /* out; CONFLICT: a unique index refused, `refused` tells which */
    const entity_index *refused;
    int64_t refused_id; /* the row that holds the value; 0: unknown */
} engine_op;

struct engine_batch {
    engine_op *ops;
    uint32_t count;
    /*
     * Ops run in order. The first that fails stops the rest (their status is UNAVAILABLE) unless
     * `go_on` is set (reads only).
     */
    bool go_on;
    /*
     * Time after which the batch is interrupted; 0: none. Real time, but a reading batch that other
     * processes kept from the processor in its second half goes on until it has had that half,
     * running or waiting for a disk; twice the time is the end.
     */
    int64_t limit_us;
    atomic_bool *stop; /* set on any thread, it interrupts the batch; outlives it; NULL: none */
    engine_batch
        *after; /* read in the snapshot of this batch, whose `done` is running; NULL: the turn's */
    uint64_t serial;  /* out: set before the batch starts; names it for engine_interrupt */
    bool interrupted; /* out: what the sinks got is to be thrown away; status TIMEOUT */
    /*
     * Out, write batches: no transaction is open any more; the group is to be re-run. CONFLICT,
     * NOT_FOUND and STALE leave the transaction usable and their op without effect; any other
     * failure may set it. COMMIT may answer UNAVAILABLE with it: a serialisation failure, re-run.
     */
    bool tx_lost;
    crm_status status; /* out: the first failure, or OK */
    void (*done)(engine_batch *b);
    void *arg;
    void *engine_private[2];
};

typedef enum engine_session_kind { ENGINE_READER, ENGINE_WRITER } engine_session_kind;

/* Runs fn(arg) on the session's thread; NULL: `done` comes on a thread of the engine. */
typedef struct engine_deliver {
    void (*post)(void *arg, void (*fn)(void *), void *fn_arg);
    void *arg;
} engine_deliver;

typedef struct engine_stats {
    uint64_t commits, rows_written, checkpoints, interrupted;
    uint64_t wal_frames;  /* in the write-ahead log now, not yet copied to the file */
    uint64_t wal_written; /* pages appended to the log since the engine was opened */
    int64_t file_bytes, wal_bytes;
    int64_t cached; /* bytes of the file that sessions keep in memory: at most 64 MB of the writer
                       and 16 of each reader */
    int64_t ahead_left; /* of engine_ahead, as the last slice said */
    bool is_broken; /* the storage failed in a COMMIT or an fsync: BEGIN answers UNAVAILABLE, and
                       what the disk holds is for the recovery of the next start to find out */
} engine_stats;

/* Each may be NULL. `begun`: the state that is copied is fixed, whatever is written from now on;
 * what is not OK ends the backup. `is_over` is asked all along: true ends it with UNAVAILABLE. */
typedef struct engine_backup_progress {
    crm_status (*begun)(void *arg);
    void (*step)(void *arg, int64_t done_pages, int64_t all_pages);
    bool (*is_over)(void *arg);
    void *arg;
} engine_backup_progress;

/* What a slice of engine_schema_ahead did. */
typedef struct engine_ahead {
    int64_t until;   /* in: clock_mono to stop at */
    int64_t row;     /* out: the id it got to in the table it was at */
    int64_t left;    /* out: rows that were not passed yet, one for each time they are to be */
    int64_t misfits; /* out: values of this slice that do not fit: the step will refuse */
    bool is_done;    /* out: there is nothing more to prepare */
    registry_fault *fault; /* out, in the arena: what the step would refuse; nothing was prepared.
                              NULL: nothing is known of */
} engine_ahead;

/* Names as they were declared last; no `field`: the entity itself. */
typedef struct engine_stored {
    const entity
        *like; /* any entity of a registry that has its ids: every one has its first columns */
    crm_str entity, field;
} engine_stored;

typedef struct engine_ops {
    const char *name;
    uint32_t caps;
    void (*close)(engine *e);
    crm_status (*schema)(engine *e, registry *r, arena *a, registry_fault **faults);
    crm_status (*schema_ahead)(engine *e, registry *r, arena *a, engine_ahead *out);
    crm_status (*find_stored)(engine *e, const engine_stored *what, arena *a, entity **out);
    crm_status (*forget)(engine *e, const entity *stored);
    crm_status (*tidy)(engine *e, const registry *r);
    crm_status (*drop_ahead)(engine *e);
    engine_session *(*session_open)(engine *e, engine_session_kind kind, engine_deliver deliver);
    void (*session_close)(engine_session *s);
    void (*read)(engine_session *s, engine_batch *b);
    void (*write)(engine_session *s, engine_batch *b);
    void (*turn_end)(engine_session *s);
    void (*interrupt)(engine_session *s, uint64_t serial);
    bool (*idle)(engine_session *s);     /* engine_idle */
    uint64_t (*seen)(engine_session *s); /* engine_seen; NULL: nothing may be kept */
    bool (*is_unchanged)(engine_session *s, uint32_t entity_id, int64_t id, uint64_t seen);
    crm_status (*backup)(engine *e, const char *path, engine_backup_progress p);
    void (*stats)(engine *e, engine_stats *out);
} engine_ops;

struct engine {
    const engine_ops *ops;
};
struct engine_session {
    const engine_ops *ops;
};

/* Opens <dir>/karkas.db. The caller holds the directory's lock. CONFLICT: only a newer program may
 * write it. */
CRM_MUST_CHECK crm_status engine_open_sqlite(const char *dir, engine **out);
/* "3.40.1": of the library, for `karkas version`. */
const char *engine_sqlite_version(void);
/* seed 0: completes inline; else completion is delayed and shuffled by this seed. */
CRM_MUST_CHECK crm_status engine_open_memory(uint64_t seed, engine **out);

void engine_close(engine *e);
/*
 * Makes tables, columns and indexes for everything declared and fills the durable ids in `r`, which
 * is sealed and not yet published. Never drops: what is no longer declared keeps its data.
 * Blocking; no writing transaction is open. All or nothing: what cannot be done (duplicates under a
 * new unique index, values that do not fit a new type) comes back as faults and nothing has
 * changed.
 */
CRM_MUST_CHECK crm_status engine_schema(engine *e, registry *r, arena *a, registry_fault **faults);
/*
 * A slice of what engine_schema will have to do for `r`, which is sealed: values that are to be
 * stored another way are written into columns that nobody reads yet, full text that is made of
 * something else beside the one that answers meanwhile, and the transaction is committed. Called
 * until `is_done`, it leaves the step only what was written meanwhile; without it the step does it
 * all. May be given up at any point, and goes on after a restart. Blocking, as engine_schema.
 */
CRM_MUST_CHECK crm_status engine_schema_ahead(engine *e, registry *r, arena *a, engine_ahead *out);
/*
 * What is still stored of a field or an entity that no registry declares any more: an entity in `a`
 * with the columns that every one has and, as its own fields, those that hold or held the field's
 * values, of an older type too (no field was asked for: none). Its rows are read and written by it
 * as any other's. NOT_FOUND: nothing is stored. Blocking, as engine_schema.
 */
CRM_MUST_CHECK crm_status engine_find_stored(engine *e, const engine_stored *what, arena *a,
                                             entity **out);
/*
 * Takes those fields, or without any the entity with all its rows, out of the catalogue, with the
 * indexes and tables that are theirs; their names are free. A column stays where it is, under an id
 * that is never given again: its values are to be emptied before. Nobody holds a registry that
 * declares them. Blocking, as engine_schema.
 */
CRM_MUST_CHECK crm_status engine_forget(engine *e, const entity *stored);
/*
 * The indexes that `r`, the registry in force, no longer declares are dropped as soon as the writer
 * is idle. Nobody holds an older one, whose statements may name them. Blocking, as engine_schema.
 */
CRM_MUST_CHECK crm_status engine_tidy(engine *e, const registry *r);
/*
 * Gives up full text that engine_schema_ahead has begun: no write notes its rows for it any more,
 * and what is stored of it goes in pieces while the writer is idle. Who goes on begins anew.
 * Blocking, as engine_schema.
 */
CRM_MUST_CHECK crm_status engine_drop_ahead(engine *e);
CRM_MUST_CHECK crm_status engine_session_open(engine *e, engine_session_kind kind, engine_deliver d,
                                              engine_session **out);
void engine_session_close(engine_session *s);
void engine_read(engine_session *s, engine_batch *b);
void engine_write(engine_session *s, engine_batch *b);
/*
 * Batches given after this see a newer snapshot: at least every COMMIT whose `done` ran before.
 * Batches in flight keep theirs. Never waits.
 */
void engine_turn_end(engine_session *s);
/*
 * For who keeps what he made of rows beyond the turn he read them in: a number that stands for what
 * the snapshot of the session's open turn has; 0: nothing may be kept. Reading session, in a sink
 * or is_kept.
 */
uint64_t engine_seen(engine_session *s);
/*
 * Whether the row is in the open turn's snapshot as it was in a turn of the same session that had
 * this number. It may say no of a row that has not changed. `entity_id` is durable.
 */
bool engine_is_unchanged(engine_session *s, uint32_t entity_id, int64_t id, uint64_t seen);
/* Any thread; without effect unless that batch is running. */
void engine_interrupt(engine_session *s, uint64_t serial);
/* The writing session has nothing to do: a step of merging full text, or a checkpoint when there is
 * nothing to merge. True: there is more to do. Writer. */
bool engine_idle(engine_session *s);
void engine_stats_get(engine *e, engine_stats *out);
/* For pool threads and the writer, whose sessions have no `deliver`: waits until done; b->status.
 */
CRM_MUST_CHECK crm_status engine_read_now(engine_session *s, engine_batch *b);
CRM_MUST_CHECK crm_status engine_write_now(engine_session *s, engine_batch *b);
/*
 * A consistent copy into a new file, or an empty one, while reading and writing go on; its own
 * thread calls this. The copy is taken from a read snapshot, so it never checkpoints the live file.
 * CONFLICT: what stands there is not empty.
 */
CRM_MUST_CHECK crm_status engine_backup(engine *e, const char *path, engine_backup_progress p);

#endif
