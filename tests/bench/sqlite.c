/*
 * sqlite.c - what SQLite alone costs on the tables of a data directory: the same rows, indexes,
 * history and full text as the server's, prepared statements, JSON appended straight to a buffer,
 * and nothing around them: no rights, no checks, no HTTP. Figures of the server stand beside these.
 *
 *   bench_sqlite get DIR IDS CAN              one contact
 *   bench_sqlite list DIR CAN NEXT [OWNERS...] the newest fifty, OWNERS like 3,5,8 of each who asks
 *   bench_sqlite write DIR GROUP MS            contacts in groups of GROUP, for so long
 *
 * Prints one line of JSON; `us` is CPU time of the thread. `write` leaves its rows: give it a copy.
 */
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sqlite_ask.h"
#include "sqlite_read.h"
#include "sqlite_rows.h"

#define GROUP_MOST 1024
#define MS_MOST    60000
#define LOG_FRAMES 8000 /* the engine copies the log back past as many */
#define WRITER_SETUP                                                                         \
    "PRAGMA synchronous=FULL; PRAGMA cache_size=-65536; PRAGMA journal_size_limit=67108864;" \
    "PRAGMA secure_delete=ON"

/* ---- writing --------------------------------------------------------------------------------- */

/* The contact with its elements and history in order; its words wait for the end of the group. */
static void write_group(sqlite3 *db, const rows *r, uint32_t first, uint32_t count)
{
    static int64_t ids[GROUP_MOST];
    run(db, "BEGIN IMMEDIATE");
    for (uint32_t i = 0; i < count; i++) {
        ids[i] = rows_insert(db, r, first + i);
    }
    for (uint32_t i = 0; i < count; i++) {
        rows_insert_words(db, r, first + i, ids[i]);
    }
    run(db, "COMMIT");
}

static int count_frames(void *arg, sqlite3 *db, const char *schema, int frames)
{
    int written = 0, unused;
    (void)schema;
    sqlite3_db_status(db, SQLITE_DBSTATUS_CACHE_WRITE, &written, &unused, 1);
    *(int64_t *)arg += written;
    return frames > LOG_FRAMES
               ? sqlite3_wal_checkpoint_v2(db, "main", SQLITE_CHECKPOINT_PASSIVE, NULL, NULL)
               : SQLITE_OK;
}

static void measure_writes(sqlite3 *db, uint32_t group, double limit_us)
{
    layout l;
    rows r;
    int64_t frames = 0;
    uint32_t written = 0;
    layout_read(db, &l);
    rows_read(db, &l, &r);
    run(db, WRITER_SETUP);
    sqlite3_wal_hook(db, count_frames, &frames);
    double begun = wall_us(), cpu = cpu_us(), took;
    do {
        write_group(db, &r, written, group);
        written += group;
        took = wall_us() - begun;
    } while (took < limit_us);
    printf("{\"group\":%u,\"rows\":%u,\"rows_per_s\":%.0f,\"us\":%.1f,\"frames\":%.2f}\n", group,
           written, written / took * 1e6, (cpu_us() - cpu) / written, (double)frames / written);
    rows_free(&r);
}

/* ---- the command line ------------------------------------------------------------------------ */

static uint32_t number(const char *given, uint32_t most)
{
    char *end;
    unsigned long n = strtoul(given, &end, 10);
    if (*end || !n || n > most) {
        fprintf(stderr, "bench_sqlite: %s: expected a number from 1 to %u\n", given, most);
        exit(2);
    }
    return (uint32_t)n;
}

static sqlite3 *open_directory(const char *dir)
{
    char path[4096];
    sqlite3 *db;
    int n = snprintf(path, sizeof path, "%s/karkas.db", dir);
    sqlite3_config(SQLITE_CONFIG_MULTITHREAD);
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    if (n < 0 || (size_t)n >= sizeof path ||
        sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) !=
            SQLITE_OK) {
        fprintf(stderr, "bench_sqlite: %s: cannot be opened\n", path);
        exit(1);
    }
    run(db, "PRAGMA wal_autocheckpoint=0; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY");
    return db;
}

static bool measure(sqlite3 *db, int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "get") == 0) {
        measure_get(db, argv[3], argv[4]);
    } else if (argc >= 5 && strcmp(argv[1], "list") == 0) {
        measure_list(db, argv[3], argv[4], argv + 5, argc - 5);
    } else if (argc == 5 && strcmp(argv[1], "filter") == 0) {
        measure_filter(db, argv[3], argv[4]);
    } else if (argc == 5 && strcmp(argv[1], "search") == 0) {
        measure_search(db, argv[3], argv[4]);
    } else if (argc == 5 && strcmp(argv[1], "groups") == 0) {
        measure_groups(db, argv[3], argv[4]);
    } else if (argc == 5 && strcmp(argv[1], "update") == 0) {
        measure_updates(db, number(argv[3], GROUP_MOST), 1000.0 * number(argv[4], MS_MOST));
    } else if (argc == 5 && strcmp(argv[1], "write") == 0) {
        measure_writes(db, number(argv[3], GROUP_MOST), 1000.0 * number(argv[4], MS_MOST));
    } else {
        return false;
    }
    return true;
}

int main(int argc, char **argv)
{
    sqlite3 *db = argc >= 5 ? open_directory(argv[2]) : NULL;
    bool is_done = db && measure(db, argc, argv);
    sqlite3_close_v2(db);
    if (!is_done) {
        fputs("usage: bench_sqlite get DIR IDS CAN | list DIR CAN NEXT [OWNERS...]"
              " | filter DIR CAN POSITION | search DIR CAN WORD | groups DIR CAN FIELD"
              " | update DIR GROUP MS | write DIR GROUP MS\n",
              stderr);
    }
    return is_done ? 0 : 2;
}
