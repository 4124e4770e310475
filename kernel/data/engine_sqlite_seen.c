/*
 * engine_sqlite_seen.c - which rows may have changed since a reader saw them.
 *
 * Commits are numbered. SQLite tells of each row the writer's connection writes, whoever asked for
 * it, and the row's slot takes the number that the running transaction will have; rows share slots,
 * so a row may count as written when another was. A reader notes, before it takes its snapshot,
 * which commit is done. Then a row whose slot has no higher number is in any later snapshot as it
 * was in that one:
 *
 *   - a commit that the later snapshot has marked its rows before it began to commit, so before
 * that snapshot was taken, and after it the reader looks at the slot;
 *   - a commit up to the noted number was done before the first snapshot, so is in it.
 *
 * A transaction that was undone leaves its marks: the rows are read once more than was needed.
 * Numbers are one more than the commits that were done, so that 0 is none.
 */
#include "data/engine_sqlite.h"

#include <stdlib.h>

static _Atomic uint64_t *slot_of(sqlite_engine *e, uint32_t entity_id, int64_t id)
{
    uint64_t h = ((uint64_t)id ^ (uint64_t)entity_id << 44) * 0x9E3779B97F4A7C15u;
    return &e->written[(h >> 32) % WRITTEN_SLOTS];
}

static uint64_t number_of_done(const sqlite_engine *e)
{
    return atomic_load_explicit(&e->commits, memory_order_acquire) + 1;
}

/* Rows of records alone: their tables are e<entity id>. */
static void on_written(void *arg, int how, const char *schema, const char *table, sqlite3_int64 id)
{
    sqlite_engine *e = arg;
    (void)how;
    (void)schema;
    if (table[0] == 'e' && table[1] >= '0' && table[1] <= '9') {
        uint32_t entity_id = (uint32_t)strtoul(table + 1, NULL, 10);
        atomic_store_explicit(slot_of(e, entity_id, id), number_of_done(e) + 1,
                              memory_order_seq_cst);
    }
}

void seen_watch(sqlite_engine *e)
{
    sqlite3_update_hook(e->writer->db, on_written, e);
}

void seen_committed(sqlite_engine *e)
{
    atomic_fetch_add_explicit(&e->commits, 1, memory_order_release);
}

void seen_begin(sqlite_session *s)
{
    s->seen = s->kind == ENGINE_READER ? number_of_done(s->engine) : 0;
}

uint64_t sqlite_seen(engine_session *base)
{
    const sqlite_session *s = (const sqlite_session *)base;
    return s->in_turn ? s->seen : 0;
}

bool sqlite_is_unchanged(engine_session *base, uint32_t entity_id, int64_t id, uint64_t seen)
{
    sqlite_session *s = (sqlite_session *)base;
    return atomic_load_explicit(slot_of(s->engine, entity_id, id), memory_order_seq_cst) <= seen;
}
