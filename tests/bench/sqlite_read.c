/*
 * sqlite_read.c - one contact, and the newest fifty of some owners or of all, as the server answers
 * them: a statement for each owner, and of the rows they stand on the newest is taken.
 */
#include "sqlite_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_answer.h"

#define POINTS       40000
#define LISTS        1500
#define LIST_ROWS    50
#define COUNT_MOST   1001 /* the server counts to a thousand and says "at least" */
#define OWNERS_MAX   256
#define IDS_MAX      100000
#define WHERE_MAX    8192
#define READER_CACHE "PRAGMA cache_size=-16384"

typedef struct list {
    const char *can, *next;
    sqlite3_stmt *at[OWNERS_MAX];
    int64_t created[OWNERS_MAX], id[OWNERS_MAX]; /* of the row a statement stands on; id 0: none */
    int count;
    int64_t total;
    double count_us; /* what making `total` costs */
} list;

/* ---- one ------------------------------------------------------------------------------------- */

static int read_ids(const char *file, int64_t *ids)
{
    int n = 0;
    char line[32];
    FILE *f = fopen(file, "r");
    while (f && n < IDS_MAX && fgets(line, sizeof line, f)) {
        ids[n++] = atoll(line);
    }
    if (f) {
        fclose(f);
    }
    if (!n) {
        fprintf(stderr, "bench_sqlite: %s: no ids\n", file);
        exit(2);
    }
    return n;
}

static void get(answer *a, text *out, sqlite3_stmt *one, int64_t id, const char *can)
{
    sqlite3_bind_int64(one, 1, id);
    out->n = 0;
    if (sqlite3_step(one) == SQLITE_ROW) {
        answer_row(a, out, one, can);
    }
    sqlite3_reset(one);
}

static double gets_us(answer *a, text *out, sqlite3_stmt *one, const char *file, const char *can)
{
    static int64_t ids[IDS_MAX];
    int n = read_ids(file, ids);
    uint64_t chance = 1;
    for (int i = 0; i < n; i++) {
        get(a, out, one, ids[i], can); /* brings the pages */
    }
    double begun = cpu_us();
    for (int i = 0; i < POINTS; i++) {
        chance = chance * 6364136223846793005ull + 1442695040888963407ull;
        get(a, out, one, ids[(chance >> 33) % (uint64_t)n], can);
    }
    double took = cpu_us() - begun;
    get(a, out, one, ids[0], can); /* the answer that is shown */
    return took / POINTS;
}

/* ---- lists ----------------------------------------------------------------------------------- */

static void advance(list *l, int i)
{
    if (sqlite3_step(l->at[i]) == SQLITE_ROW) {
        l->created[i] = sqlite3_column_int64(l->at[i], ANSWER_CREATED);
        l->id[i] = sqlite3_column_int64(l->at[i], ANSWER_ID);
    } else {
        l->id[i] = 0;
    }
}

static int newest(const list *l)
{
    int best = -1;
    for (int i = 0; i < l->count; i++) {
        if (l->id[i] && (best < 0 || l->created[i] > l->created[best] ||
                         (l->created[i] == l->created[best] && l->id[i] > l->id[best]))) {
            best = i;
        }
    }
    return best;
}

static void add_rows(answer *a, text *out, list *l)
{
    for (int i = 0; i < l->count; i++) {
        advance(l, i);
    }
    for (int n = 0, at; n < LIST_ROWS && (at = newest(l)) >= 0; n++) {
        if (n) {
            text_add(out, ",", 1);
        }
        answer_row(a, out, l->at[at], l->can);
        if (n < LIST_ROWS - 1) {
            advance(l, at);
        }
    }
    for (int i = 0; i < l->count; i++) {
        sqlite3_reset(l->at[i]);
    }
}

static void write_list(answer *a, text *out, list *l)
{
    out->n = 0;
    text_add_z(out, "{\"rows\":[");
    add_rows(a, out, l);
    text_add_z(out, "],\"next\":");
    text_add_z(out, l->next);
    text_add_z(out, ",\"total\":");
    text_add_number(out, l->total < COUNT_MOST ? l->total : COUNT_MOST - 1);
    text_add_z(out, l->total < COUNT_MOST ? ",\"approx\":false}" : ",\"approx\":true}");
}

static double list_us(answer *a, text *out, list *l)
{
    write_list(a, out, l); /* brings the pages */
    double begun = cpu_us();
    for (int i = 0; i < LISTS; i++) {
        write_list(a, out, l);
    }
    return (cpu_us() - begun) / LISTS;
}

/* ---- statements ------------------------------------------------------------------------------ */

static sqlite3_stmt *newest_of(sqlite3 *db, const layout *l, const answer *a, const char *where)
{
    return prepare(db, "SELECT %s FROM e%d WHERE %s c%d IS NULL ORDER BY c%d DESC, c%d DESC",
                   answer_columns(a), l->person, where, l->deleted, l->created, l->id);
}

static void open_lists(sqlite3 *db, const layout *l, const answer *a, list *out, char **owners)
{
    char where[64];
    for (int i = 0; i < out->count; i++) {
        snprintf(where, sizeof where, "c%d=%lld AND", l->owner, atoll(owners[i]));
        out->at[i] = newest_of(db, l, a, where);
    }
    if (!out->count) {
        out->at[out->count++] = newest_of(db, l, a, "");
    }
}

static void add_owners(const layout *l, char where[WHERE_MAX], char **owners, int count)
{
    size_t n = (size_t)snprintf(where, WHERE_MAX, "c%d IN (", l->owner);
    for (int i = 0; i < count; i++) {
        n += (size_t)snprintf(where + n, WHERE_MAX - n, "%s%lld", i ? "," : "", atoll(owners[i]));
    }
    snprintf(where + n, WHERE_MAX - n, ") AND");
}

/* Like the server, which keeps a count until the next commit: once, before the lists. */
static void count_rows(sqlite3 *db, const layout *l, list *out, char **owners)
{
    char where[WHERE_MAX] = "";
    if (out->count) {
        add_owners(l, where, owners, out->count);
    }
    sqlite3_stmt *s =
        prepare(db, "SELECT count(*) FROM (SELECT 1 FROM e%d WHERE %s c%d IS NULL LIMIT %d)",
                l->person, where, l->deleted, COUNT_MOST);
    for (int i = 0; i < 2; i++) { /* the first brings the pages */
        double begun = cpu_us();
        sqlite3_step(s);
        out->total = sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
        out->count_us = cpu_us() - begun;
    }
    sqlite3_finalize(s);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static answer *begin(sqlite3 *db, layout *l)
{
    run(db, READER_CACHE);
    layout_read(db, l);
    answer *a = answer_new(db, l);
    run(db, "BEGIN");
    return a;
}

void measure_get(sqlite3 *db, const char *ids, const char *can)
{
    layout l;
    text out = {0};
    answer *a = begin(db, &l);
    sqlite3_stmt *one =
        prepare(db, "SELECT %s FROM e%d WHERE c%d=?1", answer_columns(a), l.person, l.id);
    double us = gets_us(a, &out, one, ids, can);
    printf("{\"us\":%.2f,\"answer\":%.*s}\n", us, (int)out.n, out.p);
    sqlite3_finalize(one);
    answer_free(a);
    free(out.p);
}

void measure_list(sqlite3 *db, const char *can, const char *next, char **owners, int count)
{
    layout l;
    text out = {0};
    list of = {.can = can, .next = next, .count = count < OWNERS_MAX ? count : OWNERS_MAX};
    answer *a = begin(db, &l);
    count_rows(db, &l, &of, owners);
    open_lists(db, &l, a, &of, owners);
    double us = list_us(a, &out, &of);
    printf("{\"us\":%.2f,\"count_us\":%.1f,\"answer\":%.*s}\n", us, of.count_us, (int)out.n, out.p);
    for (int i = 0; i < of.count; i++) {
        sqlite3_finalize(of.at[i]);
    }
    answer_free(a);
    free(out.p);
}
