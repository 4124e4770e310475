/* late_indexes.c - see late_indexes.h. The layout is the SQLite engine's: l…, and s… are the
 * names of the indexes that only find. */
#include "late_indexes.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#define INDEXES_MAX 200
#define WAIT_MS     10000

struct late_indexes {
    char *path;
    sqlite3 *db; /* while it is open */
    char *names[INDEXES_MAX], *statements[INDEXES_MAX];
    int count;
};

static bool run(sqlite3 *db, const char *text)
{
    if (sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK) {
        return true;
    }
    fprintf(stderr, "late indexes: %s: %s\n", text, sqlite3_errmsg(db));
    return false;
}

static int take(void *arg, int width, char **cells, char **names)
{
    late_indexes *l = arg;
    (void)width;
    (void)names;
    if (l->count == INDEXES_MAX) {
        return 1;
    }
    l->names[l->count] = sqlite3_mprintf("%s", cells[0]);
    l->statements[l->count] = sqlite3_mprintf("%s", cells[1]);
    return l->names[l->count] && l->statements[l->count++] ? 0 : 1;
}

/* The log is left to the engine, whose connection alone may copy it back while it is open. */
static bool open_file(late_indexes *l)
{
    if (sqlite3_open_v2(l->path, &l->db, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK) {
        fprintf(stderr, "late indexes: %s: %s\n", l->path, sqlite3_errmsg(l->db));
        return false;
    }
    sqlite3_busy_timeout(l->db, WAIT_MS);
    return run(l->db, "PRAGMA wal_autocheckpoint=0");
}

static bool close_file(late_indexes *l, bool is_good)
{
    is_good = sqlite3_close(l->db) == SQLITE_OK && is_good;
    l->db = NULL;
    return is_good;
}

static bool find(late_indexes *l, const char *entity)
{
    char *text = sqlite3_mprintf("SELECT name, sql FROM sqlite_master WHERE type='index'"
                                 " AND name GLOB 'l[0-9]*' AND tbl_name="
                                 "(SELECT 'e'||id FROM meta_entity WHERE name=%Q)",
                                 entity);
    bool is_good = text && sqlite3_exec(l->db, text, take, l, NULL) == SQLITE_OK;
    sqlite3_free(text);
    return is_good;
}

static bool drop(late_indexes *l)
{
    bool is_good = run(l->db, "BEGIN IMMEDIATE");
    for (int i = 0; is_good && i < l->count; i++) {
        char *text = sqlite3_mprintf("DROP INDEX %s", l->names[i]);
        is_good = text && run(l->db, text);
        sqlite3_free(text);
    }
    return is_good && run(l->db, "COMMIT");
}

late_indexes *late_indexes_drop(const char *data_dir, const char *entity)
{
    late_indexes *l = calloc(1, sizeof *l);
    if (!l) {
        return NULL;
    }
    l->path = sqlite3_mprintf("%s/karkas.db", data_dir);
    if (l->path && close_file(l, open_file(l) && find(l, entity) && drop(l))) {
        return l;
    }
    late_indexes_free(l);
    return NULL;
}

bool late_indexes_make(late_indexes *l)
{
    bool is_good = open_file(l) && run(l->db, "PRAGMA cache_size=-262144");
    for (int i = 0; is_good && i < l->count; i++) {
        is_good = run(l->db, l->statements[i]);
    }
    return close_file(l, is_good);
}

void late_indexes_free(late_indexes *l)
{
    for (int i = 0; l && i < l->count; i++) {
        sqlite3_free(l->names[i]);
        sqlite3_free(l->statements[i]);
    }
    if (l) {
        sqlite3_free(l->path);
    }
    free(l);
}
