/*
 * engine_sqlite_tx.c - beginning, ending and undoing transactions. Writer's thread, under the write
 * lock.
 */
#include "data/engine_sqlite.h"

void write_begin(sqlite_session *s, engine_op *op)
{
    if (atomic_load(&s->engine->is_broken)) {
        op->status = CRM_UNAVAILABLE;
        return;
    }
    op->status = sqlite3_get_autocommit(s->db) ? statement_fixed(s, "BEGIN IMMEDIATE") : CRM_MISUSE;
    s->in_savepoint = false;
}

/* A failed commit is never tried again: what the disk holds then is for recovery to find out. */
void write_commit(sqlite_session *s, engine_op *op)
{
    s->deadline = 0;
    atomic_store(&s->interrupt, 0);
    op->status = sqlite3_get_autocommit(s->db) ? CRM_MISUSE : statement_fixed(s, "COMMIT");
    s->in_savepoint = false;
    if (op->status == CRM_OK) {
        atomic_fetch_add_explicit(&s->engine->commits, 1, memory_order_relaxed);
        return;
    }
    if (op->status == CRM_INTERNAL) {
        atomic_store(&s->engine->is_broken, true);
    }
    if (!sqlite3_get_autocommit(s->db)) {
        (void)!statement_fixed(s, "ROLLBACK");
    }
}

void write_rollback(sqlite_session *s, engine_op *op)
{
    op->status = sqlite3_get_autocommit(s->db) ? CRM_OK : statement_fixed(s, "ROLLBACK");
    s->in_savepoint = false;
}

void write_savepoint(sqlite_session *s, engine_op *op)
{
    bool is_right = !s->in_savepoint && !sqlite3_get_autocommit(s->db);
    op->status = is_right ? statement_fixed(s, "SAVEPOINT request") : CRM_MISUSE;
    s->in_savepoint = op->status == CRM_OK;
}

/* Without an open savepoint there is nothing to do: ROLLBACK_TO has closed it. */
void write_release(sqlite_session *s, engine_op *op)
{
    op->status = s->in_savepoint ? statement_fixed(s, "RELEASE request") : CRM_OK;
    s->in_savepoint = false;
}

void write_rollback_to(sqlite_session *s, engine_op *op)
{
    op->status = s->in_savepoint ? statement_fixed(s, "ROLLBACK TO request") : CRM_MISUSE;
    if (op->status == CRM_OK) {
        op->status = statement_fixed(s, "RELEASE request");
    }
    s->in_savepoint = false;
}
