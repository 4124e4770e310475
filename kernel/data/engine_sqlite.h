/*
 * engine_sqlite.h - what the files of the SQLite engine share. Nothing else includes it.
 *
 * Layout in the file: table e<entity id> with a column c<field id> per field (c of COL_ID is the
 * rowid) and k<field id> with the sort key of a text that is indexed; m<field id> with one row per
 * element of an indexed many-valued field; f<entity id>, the full-text index with a column s<field
 * id> per search field and `access`, and v<entity id>, its words; g, w and d<entity id>, those that
 * are being made anew, and o<n>, which were in use before (engine_sqlite_coming.c); p<entity id>
 * (engine_sqlite_noted.c), t<index>, i<index>, y<n> and z<n> (engine_sqlite_indexing.c). meta_entity
 * and meta_field give the durable ids.
 *
 * Threads: a session and its connection belong to one thread. The writer's connection is also used
 * by engine_schema, so its use is under `write_lock`. A layout is immutable; old ones are kept
 * until the engine closes.
 */
#ifndef DATA_ENGINE_SQLITE_H
#define DATA_ENGINE_SQLITE_H

#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>

#include "base/clock.h"
#include "data/engine.h"
#include "data/engine_field.h"

/* ---- the layout: what physically exists ------------------------------------------------------ */

enum { /* of layout.columns */
       COLUMN_EXISTS = 1u << 0,
       COLUMN_KEY = 1u << 1,         /* k<id> beside it */
       COLUMN_SIDE = 1u << 2,        /* m<id> holds its elements */
       COLUMN_SIDE_UNIQUE = 1u << 3, /* an element belongs to one row outside the recycle bin */
};

typedef struct layout_table {
    crm_str access;   /* the SQL that makes a row's access terms */
    uint32_t *search; /* field ids of the full-text columns */
    uint32_t search_count;
    bool is_coming; /* another full text is being made: what is written is noted in d<id> */
    bool is_noted;  /* something is being made of all rows: what is written is noted in p<id> */
} layout_table;

typedef struct layout {
    struct layout *older;
    arena *arena;
    uint64_t version;
    uint8_t *columns; /* by field id */
    uint32_t column_end;
    layout_table *tables; /* by entity id */
    uint32_t table_end;
} layout;

static inline uint8_t layout_column(const layout *l, uint32_t id)
{
    return id < l->column_end ? l->columns[id] : 0;
}

/* ---- statements ------------------------------------------------------------------------------ */

typedef struct param {
    uint8_t kind; /* PARAM_* */
    int64_t i;
    crm_str s;
} param;
enum { PARAM_NULL, PARAM_INT, PARAM_TEXT, PARAM_BLOB, PARAM_POINTER, PARAM_ATTACHED };
/* The kinds of PARAM_POINTER and PARAM_ATTACHED; `s.p` is the pointer. */
#define GROUP_POINTER    "karkas.group"
#define ATTACHED_POINTER "karkas.attached"

/* A statement in the making: its text and its parameters in the order of the text. */
typedef struct sql {
    buf text;
    param *params;
    uint32_t count, cap;
    uint32_t aliases; /* table aliases given so far */
    arena *arena;     /* sort keys; reset per op */
    const layout *layout;
    const cond_env *env;
    const cond *const *held; /* comparisons taken as true: the statement holds them already */
    uint32_t held_count;
    bool is_patient; /* of a list or figures that has seconds, see run_read; sql_start leaves it */
    crm_status status; /* the first failure */
} sql;

void sql_init(sql *q, arena *a);
void sql_free(sql *q);
void sql_start(sql *q, const layout *l, const cond_env *env);
static inline void sql_z(sql *q, const char *z)
{
    buf_z(&q->text, z);
}
/* What holds for no row. A plain 0 would make SQLite drop the terms beside it, and then an index
 * over some rows only, which those terms allow, cannot be named any more. */
#define SQL_NEVER "0=1"
/* letter and number: a table, a column, an alias */
void sql_name(sql *q, char letter, uint32_t id);
void sql_column(sql *q, uint32_t alias, const field *f);
void sql_int(sql *q, int64_t i); /* adds '?' and the parameter */
void sql_param(sql *q, param p);
void sql_value(sql *q, value v);
/* What a text of the field compares by (field_key_of) as a parameter (without the '?'): a sort key
 * is a blob, all else a text. */
param sql_key(sql *q, const field *f, crm_str text);
/* "karkas_key(" or "karkas_number(": what makes the key of a field that has one. */
const char *sql_key_function(const field *f);
/* ",1": its field_key, as an argument of karkas_any and karkas_elements. */
void sql_key_kind(sql *q, const field *f);
/* What the sort and comparisons of a field go by: k<id>, a key of c<id>, or c<id>. */
void sql_ordered(sql *q, uint32_t alias, const field *f);
/* A value as it compares with sql_ordered of the field. */
void sql_ordered_value(sql *q, const field *f, value v);
param sql_ordered_param(sql *q, const field *f, value v);
/* "l5_c7_c9": the name of a declared index. */
void index_name(buf *out, const entity *e, const entity_index *x);

/* Conditions (engine_sqlite_cond.c). `c` NULL is true. */
void sql_cond(sql *q, const entity *e, uint32_t alias, const cond *c);
/* EXISTS of a record of `e`, REFERS and ATTACHED (engine_sqlite_exists.c). */
void sql_exists(sql *q, const entity *e, uint32_t alias, const cond *c);
void sql_refers(sql *q, uint32_t alias, const cond *c);
/* ATTACHED of the field: what karkas_attached gets beside its value. */
typedef struct attached_asked {
    const cond *where;
    const cond_env *env;
} attached_asked;
void sql_attached(sql *q, const field *f, uint32_t alias, const cond *where);
/* What a row that a condition reaches by its field `by` must be besides: outside the recycle bin, granted
 * by rights (NULL: all are) that show `by` and what `where` touches, and as `where` says. */
typedef struct other_row {
    const field *by;
    const branches *rights;
    const cond *where;
    bool is_own_part; /* cond_is_own_part */
} other_row;
void sql_other(sql *q, uint32_t alias, const other_row *o);
/* "json_each(karkas_ids(t1.c7))": a row with `value` for each id of a list of references. */
void sql_ids(sql *q, const field *f, uint32_t alias);
/* A field of row `alias`, the last of the path of `c`, is, or of many any is, among the values of its
 * sub-query (engine_sqlite_among.c). */
void sql_among(sql *q, const field *f, uint32_t alias, const cond *c);
/* Any of the branches in `bits`. */
void sql_branches(sql *q, const entity *e, uint32_t alias, const branches *b, uint32_t bits);
void sql_branch(sql *q, const entity *e, uint32_t alias, const branch *b);
/* The terms of a query, each in the search fields of a branch that grants the row. */
void sql_match(sql *q, const query *in);

#define STATEMENTS_MAX 256 /* copies included */
#define COPIES_MAX     32
typedef struct statement {
    struct statement *next;
    uint64_t hash;
    size_t n;
    sqlite3_stmt *stmt;
    sqlite3_stmt **copies; /* COPIES_MAX, some NULL; NULL until one is asked for */
    char text[];
} statement;
/* The statement of an entity's last GET: as long as it asks for the same columns by rights that the
 * row itself decides, its text would be the same. */
#define GETS_MAX       32
#define GET_FIELDS_MAX 62
typedef struct known_get {
    const layout *layout;
    sqlite3_stmt *stmt; /* NULL: none is known */
    uint32_t entity, count;
    uint32_t fields[GET_FIELDS_MAX]; /* their ids */
} known_get;
typedef struct statements {
    statement *slots[STATEMENTS_MAX];
    uint32_t count;
    known_get *by_id; /* GETS_MAX, by entity id; NULL until the first */
} statements;

#define TERMS_TABLES 1024 /* entity ids from there on have none */

/* What engine_sqlite_counts.c keeps for a session. */
#define COUNT_SETS 128
#define COUNT_WAYS 4
typedef struct kept_count kept_count;
typedef struct count_cache {
    kept_count *at[COUNT_SETS][COUNT_WAYS];
    uint32_t turn; /* whose place the next one takes where a set is full */
    buf name;      /* of the count that was looked for last */
    bool is_named;
    uint32_t version;
} count_cache;
void counts_init(count_cache *c);
void counts_free(count_cache *c);

/*
 * PRAGMA user_version: what a program must know to write the file. While something is made ahead of a
 * schema step it is another one: who does not know of that would note no rows that he writes.
 */
#define FORMAT_AT_REST  1
#define FORMAT_CHANGING 2
#define FORMAT_NEWEST   FORMAT_CHANGING

/* ---- engine and sessions --------------------------------------------------------------------- */

typedef struct sqlite_session sqlite_session;

#define WRITTEN_SLOTS 65536

typedef struct stale_index stale_index;

typedef struct sqlite_engine {
    engine base;
    char *path;
    int file; /* the same file once more: closed after every connection, whose locks go with it */
    _Atomic(layout *) layout;
    _Atomic uint64_t serial;
    pthread_mutex_t write_lock; /* the writing connection */
    stale_index *stale;         /* indexes that go when the writer is idle */
    sqlite_session *writer;     /* made by the engine, handed out as the writing session */
    _Atomic bool writer_is_out, is_broken;
    _Atomic int64_t ahead_left; /* rows that the last slice ahead of a schema step left */
    uint32_t ahead_share;       /* of such a slice's time, its work's; 0: none was made. Writer */
    _Atomic int64_t cached;     /* bytes of pages that all sessions keep */
    size_t group_memory;        /* of new sessions; 0: GROUP_MEMORY_MAX */
    uint64_t copied, piece;     /* frames of the log: in the file already; copied at once. Writer */
    _Atomic uint64_t written[WRITTEN_SLOTS]; /* engine_sqlite_seen.c */
    _Atomic uint64_t commits, rows_written, wal_frames, wal_written, checkpoints, interrupted;
} sqlite_engine;

/* How long a batch may take, by clock_mono. */
typedef struct time_limit {
    int64_t half, end; /* 0: none */
    int64_t look;      /* when it is next looked at what the thread had */
    bool is_watched;   /* `from` was taken: its half is over */
    thread_use from;
    int64_t from_ns, queued; /* when, and queued_ns then */
    int64_t count_end;       /* of a count that stops on its own; 0: none */
} time_limit;
/* One that begins now, of engine_batch.limit_us; engine.h says what that means. */
time_limit limit_of(int64_t us);
bool limit_is_over(time_limit *l, bool is_writing);
/* Whether a batch that is past its end has had its time, by what the thread was queued so far. */
bool limit_was_had(const time_limit *l, int64_t now, int64_t queued);
/* The end of its real time in any case. */
int64_t limit_hard_end(const time_limit *l);

struct sqlite_session {
    engine_session base;
    sqlite_engine *engine;
    sqlite3 *db;
    engine_session_kind kind;
    const layout *layout; /* of the open turn or transaction */
    uint64_t seen;        /* of the open turn, a reader's (engine_sqlite_seen.c) */
    bool is_settled;      /* connection_settle was called */
    int64_t cached;       /* its part of the engine's */
    bool in_turn, has_merges, has_learnt;
    bool has_aside;     /* there may be full text that is of no use any more; the writer's */
    uint8_t savepoints; /* open ones */
    uint64_t *known;    /* hashes of words that the vocabulary has; the writer's */
    uint64_t has_terms[TERMS_TABLES / 64]; /* by entity id: temp.n<entity id> exists; a reader's */
    statements cache;
    count_cache counts;
    sql sql;
    arena *arena;
    time_limit limit;    /* of the running batch */
    atomic_bool *stop;   /* the running batch's */
    size_t group_memory; /* of the groups of one question; 0: GROUP_MEMORY_MAX */
    int64_t lookup_max;  /* rows that may be read whatever their order */
    int64_t part_rows;   /* a LIST that may stop does so after so many rows; 0: by its time alone */
    int64_t reckon_us;   /* then, to count how far it is */
    uint64_t running;    /* serial of the batch being run */
    _Atomic uint64_t interrupt; /* serial that is to stop */
    entity_index refused;       /* what op->refused points at when no declared index fits */
    value row[FIELDS_MAX];
};

/* The VFS of every connection (engine_sqlite_vfs.c): the default one, with the log in long writes.
 */
#define VFS_NAME "karkas"
void vfs_install(void);

/* A connection with every setting of the engine (engine_sqlite_connection.c). A reading one is
 * settled before its first turn: that reads the schema, which takes milliseconds. */
CRM_MUST_CHECK crm_status connection_open(const char *path, bool is_writer, sqlite3 **out);
CRM_MUST_CHECK crm_status connection_settle(sqlite3 *db);
crm_status functions_register(sqlite3 *db);
crm_status words_register(sqlite3 *db);
CRM_MUST_CHECK crm_status connection_exec(sqlite3 *db, const char *text);
crm_status status_of(sqlite3 *db, int rc, const char *what);

/* Sessions and batches (engine_sqlite_session.c): what engine_ops says. */
extern const engine_ops sqlite_ops;
sqlite_session *session_new(sqlite_engine *e, engine_session_kind kind);
void session_free(sqlite_session *s);
engine_session *sqlite_session_open(engine *e, engine_session_kind kind, engine_deliver deliver);
void sqlite_session_close(engine_session *s);
void sqlite_read(engine_session *s, engine_batch *b);
void sqlite_write(engine_session *s, engine_batch *b);
void sqlite_turn_end(engine_session *s);
bool sqlite_idle(engine_session *s);
void sqlite_interrupt(engine_session *s, uint64_t serial);

/* After a turn or a transaction, on the session's thread: how much of the file it keeps in memory.
 */
void session_note_cache(sqlite_session *s);

/* The prepared statement of s->sql with its parameters bound; NULL and *status on failure. */
sqlite3_stmt *statement_get(sqlite_session *s, crm_status *status);
/*
 * The same as a statement of its own for each `nth` below COPIES_MAX, so that several stand on rows
 * at once. While they do nothing may make the cache forget: statements_reserve comes before the
 * first.
 */
sqlite3_stmt *statement_copy(sqlite_session *s, uint32_t nth, crm_status *status);
/* Room for so many more statements; what is forgotten for it must not be in use. */
void statements_reserve(sqlite_session *s, uint32_t count);
int statement_bind(sqlite3_stmt *stmt, int at, const param *p);
void statements_clear(statements *c);
uint64_t sql_hash(const char *p, size_t n);
/* Runs s->sql to its end. */
crm_status statement_run(sqlite_session *s);
/* Runs s->sql for one integer; NOT_FOUND when there is no row. */
crm_status statement_int(sqlite_session *s, int64_t *out);
/* Runs a fixed text without parameters. */
crm_status statement_fixed(sqlite_session *s, const char *text);

/* Which rows were written, for who keeps what he made of them (engine_sqlite_seen.c). */
void seen_watch(sqlite_engine *e);
/* Before the snapshot is taken. */
void seen_begin(sqlite_session *s);
/* After a commit. */
void seen_committed(sqlite_engine *e);
uint64_t sqlite_seen(engine_session *s);
bool sqlite_is_unchanged(engine_session *s, uint32_t entity_id, int64_t id, uint64_t seen);

void query_get(sqlite_session *s, engine_op *op);
void query_list(sqlite_session *s, engine_op *op);
void query_count(sqlite_session *s, engine_op *op);
/* Somebody wants the running batch to end, whatever its time. */
bool session_is_stopped(const sqlite_session *s);
void query_group(sqlite_session *s, engine_op *op);
/* The aggregate karkas_group, which query_group's statements call. */
crm_status group_register(sqlite3 *db);
void query_words(sqlite_session *s, engine_op *op);
void query_twins(sqlite_session *s, engine_op *op);
/*
 * How a LIST or COUNT would run: the lines of SQLite's plan of each statement, with a line "merge"
 * before those whose rows are merged. Tests hold the plans of common shapes by it.
 */
CRM_MUST_CHECK crm_status engine_sqlite_explain(engine_session *reader, const query *q,
                                                engine_op_kind kind, buf *out);
/* Tests make few rows count as many. */
void engine_sqlite_set_lookup(engine_session *reader, int64_t rows);
/* How many bytes the groups of one question may take. */
void engine_sqlite_set_group_memory(engine_session *reader, size_t bytes);
/* The same for every session that is opened from now on. */
void engine_sqlite_limit_groups(engine *e, size_t bytes);
/* And that a list which may stop does so after so many rows. */
void engine_sqlite_set_part(engine_session *reader, int64_t rows);
/* And that it has so much time to count how far it is. */
void engine_sqlite_set_reckon(engine_session *reader, int64_t us);

/* A term that is no word, and all of `terms` apart by `joint`, as full text stores them
 * (engine_sqlite_signs.c). */
void sign_add(buf *out, crm_str term);
void signs_add(buf *out, crm_str terms, char joint);
/* Rows by the keys of their names (entity->match_field): false when full text has them not. */
bool sql_match_keys(sql *q, uint32_t alias, const field *f, const cond *c);

void write_insert(sqlite_session *s, engine_op *op);
void write_update(sqlite_session *s, engine_op *op);
void write_delete(sqlite_session *s, engine_op *op);
void write_terms(sqlite_session *s, engine_op *op);
/* Whether the layout makes access terms from the owner, department and stage that `e` has. */
bool text_access_agrees(const layout *l, const entity *e);
void write_begin(sqlite_session *s, engine_op *op);
void write_commit(sqlite_session *s, engine_op *op);
void write_rollback(sqlite_session *s, engine_op *op);
void write_savepoint(sqlite_session *s, engine_op *op);
void write_release(sqlite_session *s, engine_op *op);
void write_rollback_to(sqlite_session *s, engine_op *op);
/* Between groups: keeps the write-ahead log short. Whether it took the time to copy a piece of it. */
bool checkpoint_when_due(sqlite_session *s);
/* One step; true: more is to be merged. */
bool checkpoint_idle(sqlite_session *s);
/* Drops an index that is of no use any more; false: there is none. */
bool stale_drop(sqlite_session *s);
void stale_forget(sqlite_engine *e);
/* A piece of the full text that is of no use any more; false: there is none. */
bool coming_clear_aside(sqlite_session *s);
int checkpoint_count_frames(void *arg, sqlite3 *db, const char *schema, int frames);

crm_status sqlite_schema(engine *e, registry *r, arena *a, registry_fault **faults);
crm_status sqlite_schema_ahead(engine *e, registry *r, arena *a, engine_ahead *out);
crm_status sqlite_find_stored(engine *e, const engine_stored *what, arena *a, entity **out);
crm_status sqlite_forget(engine *e, const entity *stored);
crm_status sqlite_tidy(engine *e, const registry *r);
crm_status sqlite_drop_ahead(engine *e);
crm_status schema_open(sqlite_engine *e);
crm_status sqlite_backup(engine *e, const char *path, engine_backup_progress p);

#endif
