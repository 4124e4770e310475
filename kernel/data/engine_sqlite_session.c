/*
 * engine_sqlite_session.c - sessions, their turns, and batches with their limits.
 *
 * Every batch completes before the call returns. A reader's turn is one read transaction, begun by
 * its first batch.
 */
#include "data/engine_sqlite.h"

#define PROGRESS_STEPS 1000
#define PATIENT_NS     1000000000LL /* of a batch's limit */
#define LOOKUP_MAX     1000
#define RECKON_US      1000000

/* ---- limits of a batch ----------------------------------------------------------------------- */

bool session_is_stopped(const sqlite_session *s)
{
    return (s->stop && atomic_load_explicit(s->stop, memory_order_relaxed)) ||
           (s->running && atomic_load_explicit(&s->interrupt, memory_order_relaxed) == s->running);
}

static int is_over(void *arg)
{
    sqlite_session *s = arg;
    return session_is_stopped(s) || limit_is_over(&s->limit, s->kind == ENGINE_WRITER);
}

static void batch_start(sqlite_session *s, engine_batch *b)
{
    b->serial = atomic_fetch_add(&s->engine->serial, 1) + 1;
    b->interrupted = b->tx_lost = false;
    b->status = CRM_OK;
    s->limit = limit_of(b->limit_us);
    s->running = b->serial;
    s->stop = b->stop;
}

static void batch_end(sqlite_session *s)
{
    s->limit = (time_limit){0};
    s->running = 0;
    s->stop = NULL;
}

/* ---- sessions -------------------------------------------------------------------------------- */

void session_note_cache(sqlite_session *s)
{
    int now = 0, most = 0;
    if (sqlite3_db_status(s->db, SQLITE_DBSTATUS_CACHE_USED, &now, &most, 0) == SQLITE_OK) {
        atomic_fetch_add_explicit(&s->engine->cached, now - s->cached, memory_order_relaxed);
        s->cached = now;
    }
}

void session_free(sqlite_session *s)
{
    atomic_fetch_sub_explicit(&s->engine->cached, s->cached, memory_order_relaxed);
    statements_clear(&s->cache);
    counts_free(&s->counts);
    sqlite3_close_v2(s->db);
    sql_free(&s->sql);
    arena_free(s->arena);
    free(s->known);
    free(s);
}

sqlite_session *session_new(sqlite_engine *e, engine_session_kind kind)
{
    sqlite_session *s = calloc(1, sizeof *s);
    arena *a = s ? arena_new(0) : NULL;
    if (!a) {
        free(s);
        return NULL;
    }
    s->base.ops = &sqlite_ops;
    s->engine = e;
    s->kind = kind;
    s->arena = a;
    s->lookup_max = LOOKUP_MAX;
    s->reckon_us = RECKON_US;
    s->group_memory = e->group_memory;
    sql_init(&s->sql, a);
    counts_init(&s->counts);
    if (connection_open(e->path, kind == ENGINE_WRITER, &s->db) != CRM_OK) {
        session_free(s);
        return NULL;
    }
    sqlite3_progress_handler(s->db, PROGRESS_STEPS, is_over, s);
    return s;
}

engine_session *sqlite_session_open(engine *base, engine_session_kind kind, engine_deliver deliver)
{
    (void)deliver; /* everything completes inline */
    sqlite_engine *e = (sqlite_engine *)base;
    if (kind == ENGINE_WRITER) {
        return atomic_exchange(&e->writer_is_out, true) ? NULL : &e->writer->base;
    }
    sqlite_session *s = session_new(e, kind);
    return s ? &s->base : NULL;
}

void sqlite_session_close(engine_session *base)
{
    sqlite_session *s = (sqlite_session *)base;
    if (s->kind == ENGINE_READER) {
        session_free(s);
        return;
    }
    pthread_mutex_lock(&s->engine->write_lock);
    if (!sqlite3_get_autocommit(s->db)) {
        (void)!statement_fixed(s, "ROLLBACK");
    }
    pthread_mutex_unlock(&s->engine->write_lock);
    atomic_store(&s->engine->writer_is_out, false);
}

/* ---- reading --------------------------------------------------------------------------------- */

/* What did not end in time along the indexes may read whole tables once to make sets of them. */
static bool is_patient(const sqlite_session *s, const engine_op *op)
{
    bool is_many = op->kind == ENGINE_LIST || op->kind == ENGINE_COUNT || op->kind == ENGINE_GROUP;
    return is_many && (s->limit.end - s->limit.half) * 2 >= PATIENT_NS;
}

static void run_read(sqlite_session *s, engine_op *op)
{
    op->status = CRM_OK;
    op->count = 0;
    s->sql.is_patient = is_patient(s, op);
    switch (op->kind) {
    case ENGINE_GET:
        query_get(s, op);
        break;
    case ENGINE_LIST:
        query_list(s, op);
        break;
    case ENGINE_COUNT:
        query_count(s, op);
        break;
    case ENGINE_GROUP:
        query_group(s, op);
        break;
    case ENGINE_WORDS:
        query_words(s, op);
        break;
    case ENGINE_TWINS:
        query_twins(s, op);
        break;
    default:
        op->status = CRM_MISUSE;
    }
}

static bool is_read(engine_op_kind k)
{
    return k == ENGINE_GET || k == ENGINE_LIST || k == ENGINE_COUNT || k == ENGINE_GROUP ||
           k == ENGINE_WORDS || k == ENGINE_TWINS;
}

static void skip_from(engine_batch *b, uint32_t i)
{
    for (; i < b->count; i++) {
        b->ops[i].status = CRM_UNAVAILABLE;
    }
}

static void run_reads(sqlite_session *s, engine_batch *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        run_read(s, &b->ops[i]);
        arena_reset(s->arena);
        crm_status st = b->ops[i].status;
        b->status = b->status == CRM_OK ? st : b->status;
        b->interrupted = b->interrupted || st == CRM_TIMEOUT;
        if (st == CRM_TIMEOUT || (st != CRM_OK && !b->go_on)) {
            skip_from(b, i + 1);
            break;
        }
    }
    if (b->interrupted) {
        b->status = CRM_TIMEOUT;
        atomic_fetch_add_explicit(&s->engine->interrupted, 1, memory_order_relaxed);
    }
}

static void end_turn(sqlite_session *s)
{
    if (s->in_turn) {
        (void)!statement_fixed(s, "COMMIT");
        s->in_turn = false;
        session_note_cache(s);
    }
}

/* The layout is taken before the snapshot, so the snapshot has everything that the layout names. */
static crm_status begin_turn(sqlite_session *s)
{
    const layout *newest = atomic_load_explicit(&s->engine->layout, memory_order_acquire);
    if (s->in_turn && s->layout == newest) {
        return CRM_OK;
    }
    end_turn(s);
    s->layout = newest;
    seen_begin(s);
    crm_status st = statement_fixed(s, "BEGIN");
    s->in_turn = st == CRM_OK;
    return st;
}

/* Most sessions of a start read much later or never. No limit holds for what this takes: an
 * interrupted reading of the schema would have to begin anew. */
static crm_status settle(sqlite_session *s)
{
    if (s->is_settled || s->kind == ENGINE_WRITER) {
        return CRM_OK;
    }
    crm_status st = connection_settle(s->db);
    s->is_settled = st == CRM_OK;
    return st;
}

static void read_in_turn(sqlite_session *s, engine_batch *b)
{
    crm_status settled = settle(s);
    batch_start(s, b);
    b->status = settled == CRM_OK ? begin_turn(s) : settled;
    if (b->status == CRM_OK) {
        run_reads(s, b);
    } else {
        skip_from(b, 0);
    }
    s->in_turn = !sqlite3_get_autocommit(s->db);
    batch_end(s);
}

/* The writing session reads what it has written; outside a transaction each batch is a turn. */
static void read_by_writer(sqlite_session *s, engine_batch *b)
{
    pthread_mutex_lock(&s->engine->write_lock);
    if (sqlite3_get_autocommit(s->db)) {
        read_in_turn(s, b);
        end_turn(s);
    } else {
        batch_start(s, b);
        run_reads(s, b);
        batch_end(s);
    }
    pthread_mutex_unlock(&s->engine->write_lock);
}

void sqlite_read(engine_session *base, engine_batch *b)
{
    sqlite_session *s = (sqlite_session *)base;
    if (s->kind == ENGINE_WRITER) {
        read_by_writer(s, b);
    } else {
        read_in_turn(s, b);
    }
    b->done(b);
}

void sqlite_turn_end(engine_session *base)
{
    sqlite_session *s = (sqlite_session *)base;
    if (s->kind == ENGINE_READER) {
        end_turn(s);
    }
}

/* ---- writing --------------------------------------------------------------------------------- */

static void run_write(sqlite_session *s, engine_op *op)
{
    static void (*const runs[])(sqlite_session *, engine_op *) = {
        [ENGINE_BEGIN] = write_begin,       [ENGINE_COMMIT] = write_commit,
        [ENGINE_ROLLBACK] = write_rollback, [ENGINE_SAVEPOINT] = write_savepoint,
        [ENGINE_RELEASE] = write_release,   [ENGINE_ROLLBACK_TO] = write_rollback_to,
        [ENGINE_INSERT] = write_insert,     [ENGINE_UPDATE] = write_update,
        [ENGINE_DELETE] = write_delete,     [ENGINE_TERMS] = write_terms,
    };
    op->status = CRM_OK;
    op->refused = NULL;
    op->refused_id = 0;
    bool is_row = op->kind >= ENGINE_INSERT;
    if (is_read(op->kind)) {
        run_read(s, op);
    } else if (is_row && sqlite3_get_autocommit(s->db)) {
        op->status = CRM_MISUSE;
    } else {
        runs[op->kind](s, op);
    }
}

static void run_writes(sqlite_session *s, engine_batch *b)
{
    for (uint32_t i = 0; i < b->count; i++) {
        engine_op *op = &b->ops[i];
        bool was_open = !sqlite3_get_autocommit(s->db);
        if (!was_open) {
            s->layout = atomic_load_explicit(&s->engine->layout, memory_order_acquire);
        }
        run_write(s, op);
        arena_reset(s->arena);
        if (op->status == CRM_OK) {
            continue;
        }
        bool is_open = !sqlite3_get_autocommit(s->db);
        b->status = op->status;
        b->interrupted = op->status == CRM_TIMEOUT;
        b->tx_lost = was_open && !is_open && (op->kind != ENGINE_ROLLBACK);
        skip_from(b, i + 1);
        break;
    }
}

void sqlite_write(engine_session *base, engine_batch *b)
{
    sqlite_session *s = (sqlite_session *)base;
    pthread_mutex_lock(&s->engine->write_lock);
    batch_start(s, b);
    run_writes(s, b);
    batch_end(s);
    pthread_mutex_unlock(&s->engine->write_lock);
    b->done(b);
}

bool sqlite_idle(engine_session *base)
{
    sqlite_session *s = (sqlite_session *)base;
    pthread_mutex_lock(&s->engine->write_lock);
    bool has_more = checkpoint_idle(s);
    pthread_mutex_unlock(&s->engine->write_lock);
    return has_more;
}

void sqlite_interrupt(engine_session *base, uint64_t serial)
{
    atomic_store(&((sqlite_session *)base)->interrupt, serial);
}
