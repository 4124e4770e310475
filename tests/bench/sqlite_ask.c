/* sqlite_ask.c - a filter, a search, groups and changes; see sqlite_ask.h. */
#include "sqlite_ask.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_answer.h"

#define LIST_ROWS    50
#define LEAST_US     400000.0 /* asked until it has taken so long */
#define GROUP_MOST   1024
#define READER_CACHE "PRAGMA cache_size=-16384"

/* ---- asking ---------------------------------------------------------------------------------- */

typedef struct asking {
    layout l;
    answer *a;
    text out;
    const char *can;
    sqlite3_stmt *rows;
    int found;
} asking;

static void begin(sqlite3 *db, asking *x, const char *can)
{
    *x = (asking){.can = can};
    run(db, READER_CACHE);
    layout_read(db, &x->l);
    x->a = answer_new(db, &x->l);
    run(db, "BEGIN");
}

static void answer_rows(asking *x)
{
    x->out.n = 0;
    x->found = 0;
    text_add_z(&x->out, "{\"rows\":[");
    while (sqlite3_step(x->rows) == SQLITE_ROW) {
        if (x->found++) {
            text_add(&x->out, ",", 1);
        }
        answer_row(x->a, &x->out, x->rows, x->can);
    }
    text_add_z(&x->out, "]}");
    sqlite3_reset(x->rows);
}

static void answer_groups(asking *x)
{
    x->out.n = 0;
    x->found = 0;
    while (sqlite3_step(x->rows) == SQLITE_ROW) {
        const char *key = (const char *)sqlite3_column_text(x->rows, 0);
        text_add_z(&x->out, x->found++ ? ",{\"key\":\"" : "{\"key\":\"");
        text_add_z(&x->out, key ? key : "");
        text_add_z(&x->out, "\",\"n\":");
        text_add_number(&x->out, sqlite3_column_int64(x->rows, 1));
        text_add_z(&x->out, "}");
    }
    sqlite3_reset(x->rows);
}

/* The first brings the pages. */
static void time_it(asking *x, void (*ask)(asking *x))
{
    int count = 0;
    ask(x);
    double begun = cpu_us(), took;
    do {
        ask(x);
        count++;
        took = cpu_us() - begun;
    } while (took < LEAST_US);
    printf("{\"us\":%.2f,\"rows\":%d}\n", took / count, x->found);
    sqlite3_finalize(x->rows);
    answer_free(x->a);
    free(x->out.p);
}

void measure_filter(sqlite3 *db, const char *can, const char *position)
{
    asking x;
    begin(db, &x, can);
    const layout *l = &x.l;
    x.rows = prepare(db,
                     "SELECT %s FROM e%d WHERE c%d=?1 AND c%d IS NULL "
                     "ORDER BY c%d DESC, c%d DESC LIMIT %d",
                     answer_columns(x.a), l->person, field_id(db, l->person, "position"),
                     l->deleted, l->created, l->id, LIST_ROWS);
    sqlite3_bind_text(x.rows, 1, position, -1, SQLITE_STATIC);
    time_it(&x, answer_rows);
}

void measure_search(sqlite3 *db, const char *can, const char *word)
{
    asking x;
    char match[256];
    size_t n = strlen(word);
    bool is_beginning = n && word[n - 1] == '*';
    begin(db, &x, can);
    const layout *l = &x.l;
    snprintf(match, sizeof match, "\"%.*s\"%s", (int)(n - is_beginning), word,
             is_beginning ? "*" : "");
    x.rows = prepare(db,
                     "SELECT %s FROM f%d CROSS JOIN e%d WHERE f%d MATCH ?1 AND c%d=f%d.rowid "
                     "AND c%d IS NULL ORDER BY f%d.rowid DESC LIMIT %d",
                     answer_columns(x.a), l->person, l->person, l->person, l->id, l->person,
                     l->deleted, l->person, LIST_ROWS);
    sqlite3_bind_text(x.rows, 1, match, -1, SQLITE_STATIC);
    time_it(&x, answer_rows);
}

void measure_groups(sqlite3 *db, const char *unused, const char *field)
{
    asking x;
    begin(db, &x, unused);
    int column = field_id(db, x.l.person, field);
    x.rows = prepare(db, "SELECT c%d, count(*) FROM e%d WHERE c%d IS NULL GROUP BY c%d", column,
                     x.l.person, x.l.deleted, column);
    time_it(&x, answer_groups);
}

/* ---- changing -------------------------------------------------------------------------------- */

typedef struct changing {
    layout l;
    rows r;
    sqlite3_stmt *change, *forget; /* of the row, of its words */
    uint64_t chance;
} changing;

static void open_changes(sqlite3 *db, changing *x)
{
    *x = (changing){.chance = 1};
    layout_read(db, &x->l);
    rows_read(db, &x->l, &x->r);
    int person = x->l.person;
    x->change =
        prepare(db, "UPDATE e%d SET c%d=?1, c%d=?2, c%d=c%d+1, c%d=c%d+1 WHERE c%d=?3", person,
                field_id(db, person, "position"), field_id(db, person, "note"),
                field_id(db, person, "rev"), field_id(db, person, "rev"),
                field_id(db, person, "updated_at"), field_id(db, person, "updated_at"), x->l.id);
    x->forget = prepare(db, "DELETE FROM f%d WHERE rowid=?1", person);
}

static void step(sqlite3 *db, sqlite3_stmt *s)
{
    if (sqlite3_step(s) != SQLITE_DONE) {
        fail(db, sqlite3_sql(s));
    }
    sqlite3_reset(s);
}

static int64_t change_one(sqlite3 *db, changing *x, uint32_t n)
{
    char position[64], note[128];
    x->chance = x->chance * 6364136223846793005ull + 1442695040888963407ull;
    int64_t id = 1 + (int64_t)((x->chance >> 33) % (uint64_t)x->l.last_id);
    snprintf(position, sizeof position, "прораб %u", n);
    snprintf(note, sizeof note, "Перезвонить, договор № %u", n);
    sqlite3_bind_text(x->change, 1, position, -1, SQLITE_TRANSIENT);
    sqlite3_bind_text(x->change, 2, note, -1, SQLITE_TRANSIENT);
    sqlite3_bind_int64(x->change, 3, id);
    step(db, x->change);
    rows_insert_change(db, &x->r, n, id);
    return id;
}

/* Words wait for the end of the group, as the server's do. */
static void change_group(sqlite3 *db, changing *x, uint32_t first, uint32_t count)
{
    static int64_t ids[GROUP_MOST];
    run(db, "BEGIN IMMEDIATE");
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = change_one(db, x, first + i);
    }
    for (uint32_t i = 0; i < count; i++) {
        sqlite3_bind_int64(x->forget, 1, ids[i]);
        step(db, x->forget);
        rows_insert_words(db, &x->r, first + i, ids[i]);
    }
    run(db, "COMMIT");
}

void measure_updates(sqlite3 *db, uint32_t group, double limit_us)
{
    changing x;
    uint32_t written = 0;
    open_changes(db, &x);
    double begun = wall_us(), cpu = cpu_us(), took;
    do {
        change_group(db, &x, written, group);
        written += group;
        took = wall_us() - begun;
    } while (took < limit_us);
    printf("{\"us\":%.1f,\"rows\":%u,\"rows_per_s\":%.0f}\n", (cpu_us() - cpu) / written, written,
           written / took * 1e6);
    sqlite3_finalize(x.change);
    sqlite3_finalize(x.forget);
    rows_free(&x.r);
}
