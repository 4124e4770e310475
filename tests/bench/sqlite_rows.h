/*
 * sqlite_rows.h - contacts of a data directory as its tables hold them. The layout is the SQLite
 * engine's (kernel/data/engine_sqlite.h): columns are named by ids that the catalogue gives.
 *
 * One thread. What SQLite refuses ends the program with its words.
 */
#ifndef BENCH_SQLITE_ROWS_H
#define BENCH_SQLITE_ROWS_H

#include <sqlite3.h>
#include <stddef.h>
#include <stdint.h>

double cpu_us(void); /* of this thread */
double wall_us(void);
void run(sqlite3 *db, const char *statements);
__attribute__((format(printf, 2, 3))) sqlite3_stmt *prepare(sqlite3 *db, const char *fmt, ...);

/* Ends the program. */
void fail(sqlite3 *db, const char *at);
void *need(void *memory);

/* ---- the layout ------------------------------------------------------------------------------ */

#define COLUMNS_MAX 64
#define SIDES_MAX   8

typedef struct layout {
    int person, change;               /* tables e<id> */
    int id, owner, created, deleted;  /* columns c<id> of the contact */
    int change_entity, change_record; /* columns of the change log */
    int sides[SIDES_MAX], side_count; /* tables m<id>: elements of many-valued fields */
    int64_t last_id;
} layout;

void layout_read(sqlite3 *db, layout *out);
int entity_id(sqlite3 *db, const char *name);
int field_id(sqlite3 *db, int entity, const char *name);

/* ---- writing --------------------------------------------------------------------------------- */

/* A thousand contacts with all that belongs to them, in memory, to be inserted again and again. */
typedef struct rows {
    struct source *sources;
    int source_count;
    uint32_t count;
} rows;

void rows_read(sqlite3 *db, const layout *l, rows *out);
/* The i-th contact (round and round), its elements and its change; the id it got. */
int64_t rows_insert(sqlite3 *db, const rows *r, uint32_t i);
/* Its change alone, as of the contact `id`. */
void rows_insert_change(sqlite3 *db, const rows *r, uint32_t i, int64_t id);
void rows_insert_words(sqlite3 *db, const rows *r, uint32_t i, int64_t id);
void rows_free(rows *r);

#endif
