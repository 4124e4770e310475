/* sqlite_rows.c - finding the tables by the catalogue, rows kept and inserted again.
 */
#include "sqlite_rows.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROWS_KEPT   1000
#define SQL_MAX     4096
#define SOURCES_MAX 12

static double clock_us(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

double cpu_us(void)
{
    return clock_us(CLOCK_THREAD_CPUTIME_ID);
}

double wall_us(void)
{
    return clock_us(CLOCK_MONOTONIC);
}

/* ---- statements ------------------------------------------------------------------------------ */

void fail(sqlite3 *db, const char *at)
{
    fprintf(stderr, "bench_sqlite: %s: %s\n", at, sqlite3_errmsg(db));
    exit(1);
}

void *need(void *memory)
{
    if (!memory) {
        fputs("bench_sqlite: out of memory\n", stderr);
        exit(1);
    }
    return memory;
}

void run(sqlite3 *db, const char *statements)
{
    if (sqlite3_exec(db, statements, NULL, NULL, NULL) != SQLITE_OK) {
        fail(db, statements);
    }
}

__attribute__((format(printf, 2, 0))) static void format(char out[SQL_MAX], const char *fmt,
                                                         va_list args)
{
    int n = vsnprintf(out, SQL_MAX, fmt, args);
    if (n < 0 || n >= SQL_MAX) {
        fprintf(stderr, "bench_sqlite: too long: %s\n", fmt);
        exit(1);
    }
}

sqlite3_stmt *prepare(sqlite3 *db, const char *fmt, ...)
{
    char sql[SQL_MAX];
    sqlite3_stmt *s;
    va_list args;
    va_start(args, fmt);
    format(sql, fmt, args);
    va_end(args);
    if (sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT, &s, NULL) != SQLITE_OK) {
        fail(db, sql);
    }
    return s;
}

static int64_t number_of(sqlite3 *db, sqlite3_stmt *s)
{
    if (sqlite3_step(s) != SQLITE_ROW) {
        fail(db, sqlite3_sql(s));
    }
    int64_t n = sqlite3_column_int64(s, 0);
    sqlite3_finalize(s);
    return n;
}

/* ---- the layout ------------------------------------------------------------------------------ */

int entity_id(sqlite3 *db, const char *name)
{
    return (int)number_of(db, prepare(db, "SELECT id FROM meta_entity WHERE name='%s'", name));
}

int field_id(sqlite3 *db, int entity, const char *name)
{
    return (int)number_of(
        db, prepare(db, "SELECT id FROM meta_field WHERE entity=%d AND name='%s'", entity, name));
}

static void read_sides(sqlite3 *db, layout *l)
{
    sqlite3_stmt *s = prepare(
        db, "SELECT id FROM meta_field WHERE entity=%d AND flags & 4 ORDER BY id", l->person);
    while (sqlite3_step(s) == SQLITE_ROW && l->side_count < SIDES_MAX) {
        l->sides[l->side_count++] = sqlite3_column_int(s, 0);
    }
    sqlite3_finalize(s);
}

void layout_read(sqlite3 *db, layout *l)
{
    *l =
        (layout){.person = entity_id(db, "contacts.person"), .change = entity_id(db, "sys.change")};
    l->id = field_id(db, l->person, "id");
    l->owner = field_id(db, l->person, "owner");
    l->created = field_id(db, l->person, "created_at");
    l->deleted = field_id(db, l->person, "deleted_at");
    l->change_entity = field_id(db, l->change, "entity");
    l->change_record = field_id(db, l->change, "record");
    l->last_id = number_of(db, prepare(db, "SELECT max(c%d) FROM e%d", l->id, l->person));
    read_sides(db, l);
    if (l->last_id < ROWS_KEPT) {
        fprintf(stderr, "bench_sqlite: at least %d contacts are needed\n", ROWS_KEPT);
        exit(1);
    }
}

/* ---- rows kept ------------------------------------------------------------------------------- */

/* A row of one table; a contact has several in its side tables. */
typedef struct line {
    struct line *next;
    sqlite3_value *cells[];
} line;

typedef struct source {
    sqlite3_stmt *read, *insert;
    int width;
    int record_at; /* the cell that gets the contact's id; -1: the row gets an id of its own */
    line *lines[ROWS_KEPT];
} source;

/* The columns of the table; `fresh` is read as NULL, so that SQLite gives it anew. */
static void list_columns(sqlite3 *db, source *s, const char *table, const char *fresh,
                         const char *record, char names[SQL_MAX / 2], char values[SQL_MAX / 2])
{
    size_t n = 0, v = 0;
    bool is_words = strcmp(record, "rowid") == 0; /* which table_info does not list */
    sqlite3_stmt *q = prepare(db, "%s SELECT name FROM pragma_table_info('%s')",
                              is_words ? "SELECT 'rowid' UNION ALL" : "", table);
    s->record_at = -1;
    for (s->width = 0; sqlite3_step(q) == SQLITE_ROW; s->width++) {
        const char *name = (const char *)sqlite3_column_text(q, 0), *comma = s->width ? "," : "";
        bool is_fresh = strcmp(name, fresh) == 0;
        n += (size_t)snprintf(names + n, SQL_MAX / 2 - n, "%s%.20s", comma, name);
        v += (size_t)snprintf(values + v, SQL_MAX / 2 - v, "%s%.20s", comma,
                              is_fresh ? "NULL" : name);
        s->record_at = strcmp(name, record) == 0 ? s->width : s->record_at;
        if (n > SQL_MAX / 2 - 64) {
            fail(db, table);
        }
    }
    sqlite3_finalize(q);
}

static void keep(source *s, uint32_t i)
{
    while (sqlite3_step(s->read) == SQLITE_ROW) {
        line *l = need(malloc(sizeof *l + (size_t)s->width * sizeof *l->cells));
        for (int k = 0; k < s->width; k++) {
            l->cells[k] = need(sqlite3_value_dup(sqlite3_column_value(s->read, k)));
        }
        l->next = s->lines[i];
        s->lines[i] = l;
    }
    sqlite3_reset(s->read);
}

static void open_source(sqlite3 *db, rows *r, const layout *l, const char *table, const char *fresh,
                        const char *record, const char *where)
{
    char names[SQL_MAX / 2], values[SQL_MAX / 2], marks[2 * COLUMNS_MAX + 1] = "?";
    source *s = &r->sources[r->source_count++];
    list_columns(db, s, table, fresh, record, names, values);
    for (int i = 1; i < s->width && i < COLUMNS_MAX; i++) {
        memcpy(marks + 2 * i - 1, ",?", 3);
    }
    s->read = prepare(db, "SELECT %s FROM %s WHERE %s", values, table, where);
    s->insert = prepare(db, "INSERT INTO %s(%s) VALUES(%s)", table, names, marks);
    for (uint32_t i = 0; i < r->count; i++) {
        sqlite3_bind_int64(s->read, 1, 1 + l->last_id / r->count * i);
        keep(s, i);
    }
    sqlite3_finalize(s->read);
}

void rows_read(sqlite3 *db, const layout *l, rows *r)
{
    char table[24], fresh[24], record[24], where[80];
    *r = (rows){.count = ROWS_KEPT, .sources = need(calloc(SOURCES_MAX, sizeof(source)))};
    snprintf(table, sizeof table, "e%d", l->person);
    snprintf(fresh, sizeof fresh, "c%d", l->id);
    snprintf(where, sizeof where, "c%d=?1", l->id);
    open_source(db, r, l, table, fresh, "", where);
    for (int i = 0; i < l->side_count; i++) {
        snprintf(table, sizeof table, "m%d", l->sides[i]);
        open_source(db, r, l, table, "", "id", "id=?1");
    }
    snprintf(table, sizeof table, "e%d", l->change);
    snprintf(fresh, sizeof fresh, "c%d", field_id(db, l->change, "id"));
    snprintf(record, sizeof record, "c%d", l->change_record);
    /* Indexes hold what is not in the recycle bin. */
    snprintf(where, sizeof where, "c%d=%d AND c%d=?1 AND c%d IS NULL", l->change_entity, l->person,
             l->change_record, field_id(db, l->change, "deleted_at"));
    open_source(db, r, l, table, fresh, record, where);
    snprintf(table, sizeof table, "f%d", l->person);
    open_source(db, r, l, table, "", "rowid", "rowid=?1");
}

static void insert(sqlite3 *db, source *s, uint32_t i, int64_t id)
{
    for (line *l = s->lines[i % ROWS_KEPT]; l; l = l->next) {
        for (int k = 0; k < s->width; k++) {
            sqlite3_bind_value(s->insert, k + 1, l->cells[k]);
        }
        if (s->record_at >= 0) {
            sqlite3_bind_int64(s->insert, s->record_at + 1, id);
        }
        if (sqlite3_step(s->insert) != SQLITE_DONE) {
            fail(db, sqlite3_sql(s->insert));
        }
        sqlite3_reset(s->insert);
    }
}

int64_t rows_insert(sqlite3 *db, const rows *r, uint32_t i)
{
    insert(db, &r->sources[0], i, 0);
    int64_t id = sqlite3_last_insert_rowid(db);
    for (int k = 1; k < r->source_count - 1; k++) {
        insert(db, &r->sources[k], i, id);
    }
    return id;
}

void rows_insert_change(sqlite3 *db, const rows *r, uint32_t i, int64_t id)
{
    insert(db, &r->sources[r->source_count - 2], i, id);
}

void rows_insert_words(sqlite3 *db, const rows *r, uint32_t i, int64_t id)
{
    insert(db, &r->sources[r->source_count - 1], i, id);
}

static void free_line(line *l, int width)
{
    for (int k = 0; k < width; k++) {
        sqlite3_value_free(l->cells[k]);
    }
    free(l);
}

void rows_free(rows *r)
{
    for (int k = 0; k < r->source_count; k++) {
        source *s = &r->sources[k];
        for (int i = 0; i < ROWS_KEPT; i++) {
            for (line *l = s->lines[i], *next; l; l = next) {
                next = l->next;
                free_line(l, s->width);
            }
        }
        sqlite3_finalize(s->insert);
    }
    free(r->sources);
}
