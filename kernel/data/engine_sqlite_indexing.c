/*
 * engine_sqlite_indexing.c - indexes that are made ahead of the step, in slices between which
 * others write.
 *
 * CREATE INDEX goes over all rows while nobody else writes: seconds at a million of them. So the
 * rows are gathered in a table beside, t<name of the index>, under their own ids and with the
 * index's columns only. Its index, i<name>, then holds what the wanted one has to hold, byte for
 * byte: the values of the columns, then the id. What is written meanwhile is noted
 * (engine_sqlite_noted.c) and gathered once more. The step tells sqlite_master that the index is
 * the entity's: rows of a table like any other, so that comes with all else the step does, or not
 * at all. The table beside becomes y<n> and is emptied a piece at a time when the writer is idle;
 * so is one that was given up, whose index becomes z<n>.
 *
 * meta_ahead says up to which row each is made. Equal values in a unique one are a fault, whoever
 * finds them, a slice or the step: nobody goes over all rows once more to find the same. Writer's
 * thread, under the write lock.
 */
#include <stdlib.h>

#include "data/engine_sqlite_schema.h"

#define AT_ONCE 256 /* ids between two looks at the clock */

/* ---- what there is --------------------------------------------------------------------------- */

typedef struct names {
    crm_str *at; /* in order */
    int64_t count;
    bool is_read;
} names;

static int by_text(const void *a, const void *b)
{
    const crm_str *l = a, *r = b;
    int order = memcmp(l->p, r->p, l->n < r->n ? l->n : r->n);
    return order ? order : (l->n > r->n) - (l->n < r->n);
}

#define FROM_INDEXES " FROM sqlite_master WHERE type='index' AND name GLOB '[lsu][0-9]*'"

static void read_names(schema_step *x, names *out)
{
    sqlite3_stmt *stmt = NULL;
    int64_t most = schema_int(x, 0, "SELECT count(*)" FROM_INDEXES);
    *out = (names){.at = ARENA_ARRAY(x->arena, crm_str, (size_t)most + 1), .is_read = true};
    int rc = out->at ? sqlite3_prepare_v2(x->s->db, "SELECT name" FROM_INDEXES " ORDER BY name", -1,
                                          &stmt, NULL)
                     : SQLITE_NOMEM;
    while (rc == SQLITE_OK && out->count < most && sqlite3_step(stmt) == SQLITE_ROW) {
        out->at[out->count++] =
            arena_dup(x->arena, str_of((const char *)sqlite3_column_text(stmt, 0)));
    }
    sqlite3_finalize(stmt);
    if (rc != SQLITE_OK && x->status == CRM_OK) {
        x->status = status_of(x->s->db, rc, "indexes");
    }
}

static bool has_name(const names *all, crm_str name)
{
    return all->count && bsearch(&name, all->at, (size_t)all->count, sizeof name, by_text);
}

int64_t ahead_filled(schema_step *x, crm_str name)
{
    return schema_int(x, AHEAD_NOT_BEGUN, "SELECT filled FROM meta_ahead WHERE name='%.*s'",
                      STR_FMT(name));
}

void ahead_begin(schema_step *x, const entity *e, crm_str name)
{
    (void)!schema_run(x, "INSERT INTO meta_ahead(name,entity,filled) VALUES('%.*s',%u,0)",
                      STR_FMT(name), e->id);
}

void ahead_set_filled(schema_step *x, crm_str name, int64_t at)
{
    (void)!schema_run(x, "UPDATE meta_ahead SET filled=%lld WHERE name='%.*s'", (long long)at,
                      STR_FMT(name));
}

void ahead_end(schema_step *x, crm_str name)
{
    (void)!schema_run(x, "DELETE FROM meta_ahead WHERE name='%.*s'", STR_FMT(name));
}

/* ---- gathering ------------------------------------------------------------------------------- */

static void begin(schema_step *x, const entity *e, const entity_index *i, crm_str name)
{
    crm_str columns = index_columns(x, e, i);
    (void)!schema_run(x, "CREATE TABLE t%.*s(id INTEGER PRIMARY KEY,%.*s)", STR_FMT(name),
                      STR_FMT(columns));
    (void)!schema_run(x, "CREATE %sINDEX i%.*s ON t%.*s(%.*s)", i->is_unique ? "UNIQUE " : "",
                      STR_FMT(name), STR_FMT(name), STR_FMT(columns));
    ahead_begin(x, e, name);
}

static crm_status insert(schema_step *x, const entity *e, const entity_index *i, crm_str which)
{
    crm_str name = index_name_of(x, e, i), columns = index_columns(x, e, i);
    crm_str where = index_conditions(x, e, i);
    uint32_t id = e->fields[COL_ID].id;
    return schema_run(x,
                      "INSERT INTO t%.*s(id,%.*s) SELECT c%u,%.*s FROM e%u NOT INDEXED"
                      " WHERE c%u%.*s AND %.*s ORDER BY c%u",
                      STR_FMT(name), STR_FMT(columns), id, STR_FMT(columns), e->id, id,
                      STR_FMT(which), STR_FMT(where), id);
}

static void forget(schema_step *x, crm_str name, crm_str ids)
{
    (void)!schema_run(x, "DELETE FROM t%.*s WHERE id IN (%.*s)", STR_FMT(name), STR_FMT(ids));
}

/*
 * The rows of whose ids `which` is true, as far as they belong in the index. False: they cannot.
 * What is equal may have been gathered from a row that was written since. Such rows are noted, and
 * gathered once more when it is their turn.
 */
static bool gather(schema_step *x, const entity *e, const entity_index *i, crm_str which)
{
    crm_str name = index_name_of(x, e, i);
    crm_status st = insert(x, e, i, which);
    if (st == CRM_CONFLICT) {
        forget(x, name, noted_all(x, e));
        st = insert(x, e, i, which);
    }
    if (st == CRM_CONFLICT) {
        ahead_set_filled(x, name, AHEAD_REFUSED);
        index_tell_duplicates(x, e, i);
    }
    return st == CRM_OK && x->status == CRM_OK;
}

static void gather_noted(schema_step *x, const entity *e, const entity_index *i, crm_str noted)
{
    crm_str name = index_name_of(x, e, i);
    forget(x, name, noted);
    (void)gather(x, e, i, arena_fmt(x->arena, " IN (%.*s)", STR_FMT(noted)));
}

static void fill(schema_step *x, const entity *e, const entity_index *i, int64_t last,
                 engine_ahead *out)
{
    crm_str name = index_name_of(x, e, i);
    int64_t at = ahead_filled(x, name), passed = at > 0 ? at : 0;
    if (!out->is_done) {
        out->left += passed < last ? last - passed : 0;
        return;
    }
    if (at >= last) {
        if (at != AHEAD_WHOLE) { /* the last rows went */
            ahead_set_filled(x, name, AHEAD_WHOLE);
        }
        return;
    }
    (void)noted_begin(x, e);
    if (at == AHEAD_NOT_BEGUN) {
        begin(x, e, i, name);
    }
    do {
        crm_str which = arena_fmt(x->arena, " BETWEEN %lld AND %lld", (long long)passed + 1,
                                  (long long)passed + AT_ONCE);
        if (!gather(x, e, i, which)) {
            return;
        }
        passed += AT_ONCE;
    } while (passed < last && clock_mono() < out->until);
    ahead_set_filled(x, name, passed < last ? passed : AHEAD_WHOLE);
    out->row = passed < last ? passed : last;
    out->left += passed < last ? last - passed : 0;
    out->is_done = passed >= last;
}

/* False: there is none yet, or it cannot be said. */
static bool know_ids(schema_step *x, const entity *e, const entity_index *i, bool may_make)
{
    bool is_whole = true;
    for (uint32_t k = 0; k < (uint32_t)i->count + i->empty_count; k++) {
        uint16_t at = k < i->count ? i->field[k] : i->empty[k - i->count];
        field *f = (field *)&e->fields[at];
        ahead_find_id(x, e, f, may_make);
        is_whole = is_whole && f->id;
    }
    return is_whole && x->status == CRM_OK;
}

static int64_t last_row(schema_step *x, const entity *e)
{
    return schema_int(x, 0, "SELECT coalesce(max(c%u),0) FROM e%u", e->fields[COL_ID].id, e->id);
}

static void fill_of(schema_step *x, const entity *e, names *made, engine_ahead *out)
{
    int64_t last = -1;
    if (!made->is_read) {
        read_names(x, made);
    }
    for (uint32_t k = 0; x->status == CRM_OK && !x->has_faults && k < e->index_count; k++) {
        const entity_index *i = &e->indexes[k];
        if (index_has_many(e, i) ||
            (know_ids(x, e, i, false) && has_name(made, index_name_of(x, e, i)))) {
            continue;
        }
        last = last < 0 ? last_row(x, e) : last;
        if (last <= SCHEMA_FEW_ROWS) {
            return;
        }
        if (know_ids(x, e, i, true)) {
            fill(x, e, i, last, out);
        }
    }
}

void indexing_fill(schema_step *x, const registry *r, engine_ahead *out)
{
    const layout *l = atomic_load(&x->s->engine->layout);
    names made = {0};
    for (uint32_t i = 0; x->status == CRM_OK && !x->has_faults && i < r->entity_count; i++) {
        const entity *e = r->entities[i];
        bool is_at_it = e->id && e->id < l->table_end && l->tables[e->id].is_noted;
        if (e->id && (out->is_done || is_at_it)) {
            fill_of(x, e, &made, out);
        }
        arena_reset(x->s->arena);
    }
}

void indexing_fill_noted(schema_step *x, const entity *e, crm_str noted)
{
    for (uint32_t k = 0; x->status == CRM_OK && !x->has_faults && k < e->index_count; k++) {
        const entity_index *i = &e->indexes[k];
        if (!index_has_many(e, i) && know_ids(x, e, i, false) &&
            ahead_filled(x, index_name_of(x, e, i)) >= 0) {
            gather_noted(x, e, i, noted);
        }
    }
}

/* ---- changing hands -------------------------------------------------------------------------- */

/* What is made under this name in meta_ahead is to be emptied: the rows gathered for an index, or
 * elements (engine_sqlite_sides.c); the number of what was `table`. */
static int64_t set_aside(schema_step *x, crm_str name, crm_str table)
{
    int64_t n = schema_int(x, 1,
                           "SELECT coalesce(max(CAST(substr(name,2) AS INTEGER)),0)+1"
                           " FROM sqlite_master WHERE name GLOB 'y[0-9]*'");
    crm_str to = arena_fmt(x->arena, "y%lld", (long long)n);
    if (table.p && to.p) {
        schema_edit_name(x, table.p, to.p);
    }
    ahead_end(x, name);
    x->s->has_aside = true;
    return n;
}

static void hand_over(schema_step *x, const entity *e, const entity_index *i)
{
    crm_str name = index_name_of(x, e, i), columns = index_columns(x, e, i);
    crm_str where = index_conditions(x, e, i);
    (void)!schema_run(x,
                      "UPDATE sqlite_master SET name='%.*s',tbl_name='e%u',"
                      "sql='CREATE %sINDEX %.*s ON e%u(%.*s) WHERE %.*s'"
                      " WHERE type='index' AND name='i%.*s'",
                      STR_FMT(name), e->id, i->is_unique ? "UNIQUE " : "", STR_FMT(name), e->id,
                      STR_FMT(columns), STR_FMT(where), STR_FMT(name));
    (void)set_aside(x, name, arena_fmt(x->arena, "t%.*s", STR_FMT(name)));
}

/* An older program that opens the file in between makes the index itself. */
static bool is_whole(schema_step *x, const entity *e, const entity_index *i)
{
    crm_str name = index_name_of(x, e, i);
    return !index_has_many(e, i) && ahead_filled(x, name) == AHEAD_WHOLE &&
           !schema_int(x, 0, "SELECT 1 FROM sqlite_master WHERE name='%.*s'", STR_FMT(name));
}

void indexing_take(schema_step *x, const entity *e)
{
    uint32_t count = 0;
    crm_str noted = noted_all(x, e);
    if (!noted_is_begun(x, e)) {
        return;
    }
    for (uint32_t k = 0; x->status == CRM_OK && k < e->index_count; k++) {
        if (is_whole(x, e, &e->indexes[k])) {
            gather_noted(x, e, &e->indexes[k], noted);
            count += is_whole(x, e, &e->indexes[k]); /* else two of them are equal */
        }
    }
    if (!count) {
        return;
    }
    schema_edit_begin(x);
    for (uint32_t k = 0; x->status == CRM_OK && k < e->index_count; k++) {
        if (is_whole(x, e, &e->indexes[k])) {
            hand_over(x, e, &e->indexes[k]);
        }
    }
    schema_edit_end(x);
}

#define NAME_ROOM 128 /* an index names eight columns at most, by their numbers */

/* The name that a SELECT gives first, in `room`; empty: none, or it cannot be said. */
static crm_str read_name(schema_step *x, const char *select, char room[NAME_ROOM])
{
    sqlite3_stmt *stmt = NULL;
    room[0] = '\0';
    if (x->status != CRM_OK) {
        return str_of(room);
    }
    int rc = sqlite3_prepare_v2(x->s->db, select, -1, &stmt, NULL);
    rc = rc == SQLITE_OK ? sqlite3_step(stmt) : rc;
    if (rc == SQLITE_ROW) {
        snprintf(room, NAME_ROOM, "%s", (const char *)sqlite3_column_text(stmt, 0));
    } else if (rc != SQLITE_DONE) {
        x->status = status_of(x->s->db, rc, "names");
    }
    sqlite3_finalize(stmt);
    return str_of(room);
}

static crm_str next_of(schema_step *x, const entity *e, char room[NAME_ROOM])
{
    char text[96];
    snprintf(text, sizeof text, "SELECT name FROM meta_ahead WHERE entity=%u LIMIT 1", e->id);
    return read_name(x, text, room);
}

void indexing_drop(schema_step *x, const entity *e)
{
    char room[NAME_ROOM];
    crm_str name = next_of(x, e, room);
    if (!name.n) {
        return;
    }
    schema_edit_begin(x);
    for (; name.n && x->status == CRM_OK; name = next_of(x, e, room)) {
        const char *before = name.p[0] == 'm' ? "" : "t";
        crm_str table = arena_fmt(x->arena, "%s%.*s", before, STR_FMT(name));
        long long n = set_aside(x, name, table);
        (void)!schema_run(x,
                          "UPDATE sqlite_master SET" /* mv7 and mu7 become z3 and zu3 */
                          " name='z'||substr(name,2,name GLOB 'mu*')||%lld,tbl_name='y%lld',"
                          "sql=replace(replace(sql,' %.*s',' y%lld'),' '||name,"
                          "' z'||substr(name,2,name GLOB 'mu*')||%lld)"
                          " WHERE type='index' AND tbl_name='%.*s'",
                          n, n, STR_FMT(table), n, n, STR_FMT(table));
    }
    schema_edit_end(x);
}

/* ---- what is of no use any more -------------------------------------------------------------- */

#define CLEARED_AT_ONCE 500

bool indexing_clear_aside(schema_step *x)
{
    char room[NAME_ROOM];
    crm_str name = read_name(x,
                             "SELECT name FROM sqlite_master"
                             " WHERE type='table' AND name GLOB 'y[0-9]*' LIMIT 1",
                             room);
    if (!name.n) {
        return false;
    }
    int before = sqlite3_total_changes(x->s->db);
    (void)!schema_run(x, "DELETE FROM %.*s WHERE id IN (SELECT id FROM %.*s LIMIT %d)",
                      STR_FMT(name), STR_FMT(name), CLEARED_AT_ONCE);
    if (x->status == CRM_OK && sqlite3_total_changes(x->s->db) == before) {
        (void)!schema_run(x, "DROP TABLE %.*s", STR_FMT(name));
    }
    return x->status == CRM_OK;
}
