/* ahead_world.c - see ahead_world.h. */
#include "ahead_world.h"

#include "data/engine_sqlite.h"

int64_t bench_ask(bench *b, const char *text)
{
    sqlite3 *db;
    sqlite3_stmt *stmt;
    char path[128];
    snprintf(path, sizeof path, "%s/karkas.db", b->dir);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    sqlite3_exec(db, "PRAGMA wal_autocheckpoint=0", NULL, NULL, NULL);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    int64_t n = sqlite3_step(stmt) == SQLITE_ROW ? sqlite3_column_int64(stmt, 0) : 0;
    assert_int_equal(sqlite3_finalize(stmt), SQLITE_OK);
    sqlite3_close(db);
    return n;
}

void assert_sound(bench *b)
{
    assert_int_equal(
        bench_ask(b, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check<>'ok'"), 0);
}

int64_t bench_leftovers(bench *b)
{
    return bench_ask(b, "SELECT count(*) FROM sqlite_master WHERE name GLOB '[ptiyz]*'"
                        " OR name GLOB '[oq][0-9]*'");
}

void bench_fill(bench *b)
{
    static const char *const notes[] = {"Ель", "Дуб", "Ясень"};
    value row[DEAL_COLUMNS];
    bench_begin(b);
    for (int i = 0; i < ROWS; i++) {
        bench_row(row, &b->w->deal, i);
        row[DEAL_NOTE] = i % 4 ? value_text(str_of(notes[i % 4 - 1])) : value_null();
        row[DEAL_TOOK] = value_int(i % 7);
        row[COL_DELETED_AT] = i % 50 == 1 ? value_int(5) : value_null();
        bench_insert(b, &b->w->deal, row);
    }
    bench_commit(b);
}

declared bench_declare(bench *b, declared now)
{
    declared was = {b->w->deal.indexes, b->w->deal.index_count};
    b->w->deal.indexes = now.indexes;
    b->w->deal.index_count = now.count;
    return was;
}

crm_str bench_refused;

int bench_slices(bench *b)
{
    int n = 1;
    engine_ahead ahead = {.until = 1}; /* long ago: the least slice */
    assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    for (; !ahead.is_done && !ahead.misfits && !ahead.fault && n < 1000; n++) {
        assert_ok(engine_schema_ahead(b->e, &b->w->reg, b->w->arena, &ahead));
    }
    bench_refused = ahead.fault ? ahead.fault->code : (crm_str){0};
    return n;
}

crm_status bench_make(bench *b, registry_fault **faults)
{
    crm_status s = engine_schema(b->e, &b->w->reg, b->w->arena, faults);
    engine_turn_end(b->reader);
    return s;
}
