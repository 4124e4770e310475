/*
 * engine_memory.h - what the files of the engine in memory share. Nothing else includes it.
 *
 * It is the oracle of the other engines: everything is a scan over all rows, and nothing is clever.
 * Rows never change and live in the engine's arena until it closes; a table is an array of them in
 * the order of ids; a snapshot is an array of tables. Tables and snapshots are counted. A
 * transaction works on a snapshot of its own, copying a table before its first change; committing
 * publishes it, undoing forgets it.
 *
 * Threads: the committed snapshot, the transaction, the arena and the catalogue are under `lock`. A
 * read runs on its snapshot without it.
 */
#ifndef DATA_ENGINE_MEMORY_H
#define DATA_ENGINE_MEMORY_H

#include <pthread.h>
#include <stdatomic.h>

#include "data/engine.h"
#include "data/engine_field.h"

typedef struct mcell {
    uint32_t id; /* of the field */
    value v;
} mcell;

typedef struct mrow {
    int64_t id;
    mcell *cells; /* what is not NULL */
    uint32_t count;
    mcell *terms; /* full-text terms by search field; `is_found` tells whether there are any */
    uint32_t term_count;
} mrow;

typedef struct mtable {
    _Atomic uint32_t refs;
    const mrow **rows;
    uint32_t count, cap;
    int64_t next_id;
} mtable;

typedef struct msnapshot {
    _Atomic uint32_t refs;
    uint32_t count;
    mtable *tables[]; /* by entity id; NULL: no such entity */
} msnapshot;

/* Durable ids by name. */
typedef struct mname {
    struct mname *next;
    crm_str name;
    uint32_t id, entity; /* entity 0: it is one itself */
    bool is_text;
    crm_str search; /* of an entity: ",5,7", the fields its full text was made of */
    crm_str shape;  /* of a field: field_shape */
} mname;

typedef struct mjob {
    struct mjob *next;
    struct memory_session *session;
    engine_batch *batch;
    msnapshot *snapshot; /* of a read; NULL: the transaction's or the newest */
    bool is_write;
} mjob;

typedef struct memory_session {
    engine_session base;
    struct memory_engine *engine;
    engine_session_kind kind;
    engine_deliver deliver;
    msnapshot *turn; /* session's thread */
    _Atomic uint64_t interrupt;
    struct memory_session *next; /* of the engine; the queue is under queue_lock */
    mjob *first, *last;
} memory_session;

typedef struct memory_engine {
    engine base;
    pthread_mutex_t lock;
    arena *arena;
    mname *names;
    uint32_t next_entity, next_field;
    msnapshot *committed, *tx; /* NULL: none */
    msnapshot *saved[2];       /* the open savepoints, outermost first */
    uint32_t saved_count;
    uint32_t part_rows; /* a LIST that may stop does so after so many rows; 0: by its time alone */
    _Atomic uint64_t serial, commits, rows_written, interrupted;
    _Atomic bool writer_is_out;
    /* Delayed completion. */
    bool is_delayed;
    uint64_t seed; /* under queue_lock once the thread runs */
    pthread_t thread;
    pthread_mutex_t queue_lock;
    pthread_cond_t queue_woken;
    memory_session *sessions;
    bool is_stopping;
} memory_engine;

/* What a batch is run with. */
typedef struct mrun {
    memory_session *session;
    engine_batch *batch;
    const msnapshot *snapshot;
    int64_t deadline;
    arena *arena; /* of groups: what keys are read out of */
} mrun;
/* Somebody wants the batch to end, whatever its time. */
bool memory_is_stopped(const mrun *r);
bool memory_is_over(const mrun *r);

/* ---- snapshots and rows, engine_memory_store.c ----------------------------------------------- */

msnapshot *snapshot_ref(msnapshot *s);
void snapshot_unref(msnapshot *s); /* s may be NULL */
/* A copy with its own array, at least `count` tables long. NULL when memory is out. */
msnapshot *snapshot_copy(const msnapshot *s, uint32_t count);
/* A table of `s` that may be changed. */
mtable *snapshot_own(msnapshot *s, uint32_t entity_id);
const mtable *snapshot_table(const msnapshot *s, uint32_t entity_id);
const mrow *table_find(const mtable *t, int64_t id);
value mrow_value(const mrow *row, uint32_t field_id);
/* All values of a row, indexed as e->fields. */
void mrow_values(const mrow *row, const entity *e, value *out);

void memory_write(memory_engine *e, engine_op *op);
/* Another row outside the recycle bin with the same values in a unique index; 0: none. */
int64_t memory_twin(const mtable *t, const entity *e, const entity_index *x, int64_t id,
                    const value *row);

/* ---- judging one row, engine_memory_judge.c -------------------------------------------------- */

/* A row of an entity, under a sign. */
typedef struct subject {
    const msnapshot *snapshot;
    const cond_env *env;
    const entity *entity;
    const value *row; /* indexed as entity->fields; all NULL for a row that is not there */
    bool is_negated;
} subject;
/* Whether the condition (NULL: the true one) holds of it. */
bool subject_judge(subject s, const cond *c);
/* A bit for each branch that grants it. */
uint32_t subject_matched(subject s, const branches *b);
/* Whether one of the branches that show `used` does; `hop` NULL: the kernel asks. */
bool subject_may_read(subject s, const branches *hop, const uint64_t used[4]);
/* The row of `e` that a reference leads to; false: all NULL. */
bool subject_load(const subject *s, const entity *e, value ref, value out[FIELDS_MAX]);
/* Whether a value of `f`, or of many any, equals `other` of `among`, or of many any of them. */
bool subject_shares(const subject *s, const field *f, value v, const field *among, value other);

/* ---- reading, engine_memory_query.c ---------------------------------------------------------- */

void memory_get(const mrun *r, engine_op *op);
void memory_list(const mrun *r, engine_op *op);
void memory_count(const mrun *r, engine_op *op);
void memory_words(const mrun *r, engine_op *op);
void memory_twins(const mrun *r, engine_op *op);

/* Tests make a list that may stop do so after so many rows. */
void engine_memory_set_part(engine *e, uint32_t rows);

/* A row and the branches it matches. */
typedef struct found {
    const mrow *row;
    uint32_t bits;
} found;
/* The rows of a query by id, to be freed; sorts, limit and after are not looked at. */
CRM_MUST_CHECK crm_status memory_rows(const mrun *r, const query *q, found **out, uint32_t *count);
/* Those of a list behind its cursor, in its order, and giving the first of them; `out` is to be freed
 * whatever became of it. */
CRM_MUST_CHECK crm_status memory_list_rows(const mrun *r, const query *q, found **out,
                                           uint32_t *count);
void memory_list_give(const mrun *r, engine_op *op, const found *all, uint32_t count);
/* Whether `c` holds on a row of q->entity. */
bool memory_holds(const mrun *r, const query *q, const value *row, const cond *c);
/* What stands at the end of a path; NULL when a row it passes is not there or may not be read. */
value memory_value(const mrun *r, const query *q, const value *row, const field_path *p);
/* The order of two values of a field; NULL is least. */
int memory_compare(const field *f, value x, value y);

bool memory_matches(const mrun *r, const query *q, const mrow *row, uint32_t *bits);
/* By the query's sorts, then the id: two rows; a row and the point of these values and id. */
int memory_compare_rows(const query *q, const mrow *x, const mrow *y);
int memory_compare_to(const query *q, const mrow *row, const value *at, int64_t id);
/* `a` is for the part of an address. */
value memory_sort_value(arena *a, const field *f, const mrow *row);
/* To the op's sinks. */
bool memory_give(engine_op *op, const entity *e, const mrow *row, uint32_t bits);

/* ---- a list that is gathered, engine_memory_gather.c ------------------------------------------ */

bool memory_gathers(const engine_op *op);
void memory_gather_begin(engine_op *op);
void memory_gather(const mrun *r, engine_op *op);
/* A list that has no place before all of it is known: the whole, or it is gathered from now on. */
void memory_gather_tried(const mrun *r, engine_op *op);

/* ---- groups, engine_memory_group.c ----------------------------------------------------------- */

void memory_group(const mrun *r, engine_op *op);

crm_status memory_schema(engine *base, registry *r, arena *a, registry_fault **faults);
/* What is called so; entity_id 0: an entity. NULL: nothing. */
mname *memory_find_name(memory_engine *m, uint32_t entity_id, crm_str name);
crm_status memory_schema_ahead(engine *base, registry *r, arena *a, engine_ahead *out);

/* ---- what no registry declares, engine_memory_forget.c --------------------------------------- */

crm_status memory_find_stored(engine *base, const engine_stored *what, arena *a, entity **out);
crm_status memory_forget(engine *base, const entity *stored);
crm_status memory_tidy(engine *base, const registry *r); /* it has no indexes */
crm_status memory_drop_ahead(engine *base);              /* nor anything made beside */

#endif
