/*
 * engine_sqlite_tx.c - beginning, ending and undoing transactions. Writer's thread, under the write
 * lock.
 */
#include "data/engine_sqlite_write.h"

void write_begin(sqlite_session *s, engine_op *op)
{
    if (!atomic_load(&s->engine->is_broken)) {
        (void)checkpoint_when_due(s); /* the replies of the group before are on their way */
    }
    if (atomic_load(&s->engine->is_broken)) {
        op->status = CRM_UNAVAILABLE;
        return;
    }
    if (s->has_learnt) {
        words_forget(s); /* the transaction before was undone */
    }
    op->status = sqlite3_get_autocommit(s->db) ? statement_fixed(s, "BEGIN IMMEDIATE") : CRM_MISUSE;
    s->savepoints = 0;
}

/* A failed commit is never tried again: what the disk holds then is for recovery to find out. */
void write_commit(sqlite_session *s, engine_op *op)
{
    s->limit = (time_limit){0};
    atomic_store(&s->interrupt, 0);
    op->status = sqlite3_get_autocommit(s->db) ? CRM_MISUSE : statement_fixed(s, "COMMIT");
    s->savepoints = 0;
    if (op->status == CRM_OK) {
        s->has_learnt = false;
        seen_committed(s->engine);
        session_note_cache(s);
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
    s->savepoints = 0;
}

#define SAVEPOINTS_MAX 2

/* By depth: a request's, a row's. */
static const char *const opens[SAVEPOINTS_MAX] = {"SAVEPOINT request", "SAVEPOINT line"};
static const char *const keeps[SAVEPOINTS_MAX] = {"RELEASE request", "RELEASE line"};
static const char *const undoes[SAVEPOINTS_MAX] = {"ROLLBACK TO request", "ROLLBACK TO line"};

void write_savepoint(sqlite_session *s, engine_op *op)
{
    bool is_right = s->savepoints < SAVEPOINTS_MAX && !sqlite3_get_autocommit(s->db);
    op->status = is_right ? statement_fixed(s, opens[s->savepoints]) : CRM_MISUSE;
    s->savepoints += op->status == CRM_OK;
}

void write_release(sqlite_session *s, engine_op *op)
{
    op->status = s->savepoints ? statement_fixed(s, keeps[s->savepoints - 1]) : CRM_MISUSE;
    s->savepoints -= op->status == CRM_OK;
}

void write_rollback_to(sqlite_session *s, engine_op *op)
{
    op->status = s->savepoints ? statement_fixed(s, undoes[s->savepoints - 1]) : CRM_MISUSE;
    if (op->status == CRM_OK) {
        if (s->has_learnt) {
            words_forget(s);
        }
        write_release(s, op);
    }
}
