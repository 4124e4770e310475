/*
 * sqlite_read.c - one contact, and the newest fifty of some owners or of all, as the server answers
 * them: a statement for each owner, and of the rows they stand on the newest is taken.
 */
#include "sqlite_read.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_answer.h"

#define POINTS       40000
#define LISTS        1500
#define LIST_ROWS    50
#define COUNT_MOST   1001 /* the server counts to a thousand and says "at least" */
#define OWNERS_MAX   256
#define PEOPLE_MAX   256
#define IDS_MAX      100000
#define WHERE_MAX    8192
#define READER_CACHE "PRAGMA cache_size=-16384"

/* Whose rows one who asks may see, and how many they are. */
typedef struct sight {
    int64_t owners[OWNERS_MAX];
    int count; /* 0: everybody's */
    int64_t total;
} sight;

typedef struct list {
    const char *can, *next;
    sqlite3_stmt *at[OWNERS_MAX];
    int64_t created[OWNERS_MAX], id[OWNERS_MAX]; /* of the row a statement stands on; id 0: none */
    int count;                                   /* of the statements in use */
    double count_us;                             /* what making a total costs */
} list;

static uint64_t chance_of(uint64_t *state, int of)
{
    *state = *state * 6364136223846793005ull + 1442695040888963407ull;
    return (*state >> 33) % (uint64_t)of;
}

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
        get(a, out, one, ids[chance_of(&chance, n)], can);
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

static void write_list(answer *a, text *out, list *l, const sight *of)
{
    for (int i = 0; i < of->count; i++) {
        sqlite3_bind_int64(l->at[i], 1, of->owners[i]);
    }
    l->count = of->count ? of->count : 1;
    out->n = 0;
    text_add_z(out, "{\"rows\":[");
    add_rows(a, out, l);
    text_add_z(out, "],\"next\":");
    text_add_z(out, l->next);
    text_add_z(out, ",\"total\":");
    text_add_number(out, of->total < COUNT_MOST ? of->total : COUNT_MOST - 1);
    text_add_z(out, of->total < COUNT_MOST ? ",\"approx\":false}" : ",\"approx\":true}");
}

/* Another of the people each time. The answer that is left is the first one's. */
static double lists_us(answer *a, text *out, list *l, const sight *people, int count)
{
    uint64_t chance = 1;
    for (int i = 0; i < count; i++) {
        write_list(a, out, l, &people[i]); /* brings the pages */
    }
    double begun = cpu_us();
    for (int i = 0; i < LISTS; i++) {
        write_list(a, out, l, &people[chance_of(&chance, count)]);
    }
    double took = cpu_us() - begun;
    write_list(a, out, l, &people[0]);
    return took / LISTS;
}

/* ---- whose rows ------------------------------------------------------------------------------ */

/* "3,5,8" */
static void read_sight(const char *owners, sight *out)
{
    *out = (sight){0};
    for (const char *at = owners; *at && out->count < OWNERS_MAX;) {
        char *end;
        out->owners[out->count++] = strtoll(at, &end, 10);
        at = *end == ',' ? end + 1 : "";
    }
}

static sight *read_people(char **owners, int *count)
{
    *count = *count < PEOPLE_MAX ? *count : PEOPLE_MAX;
    sight *people = calloc((size_t)(*count ? *count : 1), sizeof *people);
    if (!people) {
        fputs("bench_sqlite: no memory\n", stderr);
        exit(1);
    }
    for (int i = 0; i < *count; i++) {
        read_sight(owners[i], &people[i]);
    }
    *count += !*count;
    return people;
}

/* ---- statements ------------------------------------------------------------------------------ */

static sqlite3_stmt *newest_of(sqlite3 *db, const layout *l, const answer *a, const char *where)
{
    return prepare(db, "SELECT %s FROM e%d WHERE %s c%d IS NULL ORDER BY c%d DESC, c%d DESC",
                   answer_columns(a), l->person, where, l->deleted, l->created, l->id);
}

static int most_owners(const sight *people, int count)
{
    int most = 0;
    for (int i = 0; i < count; i++) {
        most = people[i].count > most ? people[i].count : most;
    }
    return most;
}

static int open_list(sqlite3 *db, const layout *l, const answer *a, list *out, int owners)
{
    char where[64];
    snprintf(where, sizeof where, "c%d=?1 AND", l->owner);
    for (int i = 0; i < owners; i++) {
        out->at[i] = newest_of(db, l, a, where);
    }
    if (!owners) {
        out->at[0] = newest_of(db, l, a, "");
    }
    return owners ? owners : 1;
}

static void add_owners(const layout *l, char where[WHERE_MAX], const sight *of)
{
    size_t n = (size_t)snprintf(where, WHERE_MAX, "c%d IN (", l->owner);
    for (int i = 0; i < of->count; i++) {
        n += (size_t)snprintf(where + n, WHERE_MAX - n, "%s%lld", i ? "," : "",
                              (long long)of->owners[i]);
    }
    snprintf(where + n, WHERE_MAX - n, ") AND");
}

/* Like the server, which keeps a count until the next commit: once, before the lists. */
static double count_rows(sqlite3 *db, const layout *l, sight *of)
{
    char where[WHERE_MAX] = "";
    double took = 0;
    if (of->count) {
        add_owners(l, where, of);
    }
    sqlite3_stmt *s =
        prepare(db, "SELECT count(*) FROM (SELECT 1 FROM e%d WHERE %s c%d IS NULL LIMIT %d)",
                l->person, where, l->deleted, COUNT_MOST);
    for (int i = 0; i < 2; i++) { /* the first brings the pages */
        double begun = cpu_us();
        sqlite3_step(s);
        of->total = sqlite3_column_int64(s, 0);
        sqlite3_reset(s);
        took = cpu_us() - begun;
    }
    sqlite3_finalize(s);
    return took;
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
    list of = {.can = can, .next = next};
    answer *a = begin(db, &l);
    sight *people = read_people(owners, &count);
    for (int i = 0; i < count; i++) {
        of.count_us += count_rows(db, &l, &people[i]) / count;
    }
    int opened = open_list(db, &l, a, &of, most_owners(people, count));
    double us = lists_us(a, &out, &of, people, count);
    printf("{\"us\":%.2f,\"count_us\":%.1f,\"answer\":%.*s}\n", us, of.count_us, (int)out.n, out.p);
    for (int i = 0; i < opened; i++) {
        sqlite3_finalize(of.at[i]);
    }
    answer_free(a);
    free(people);
    free(out.p);
}
