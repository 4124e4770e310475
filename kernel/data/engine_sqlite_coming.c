/*
 * engine_sqlite_coming.c - full text that is to follow the one in use.
 *
 * When what it is made of changes (a field becomes searchable, stops to be, is stored another way),
 * an entity's full text is made anew beside the one that goes on to answer: g<entity id> with its
 * words in w<entity id>, for f and v. meta_entity says of what it is made (`coming`) and up to
 * which row
 * (`filled`), in the transaction of the rows themselves, so it goes on there after any end. What is
 * written meanwhile is noted by its id in d<entity id> and made once more. The schema step takes it
 * over when it is whole.
 *
 * What is of no use any more gets another name in one stroke, o<n> a full text and q<n> its words,
 * since dropping the full text of a million rows takes seconds and its words alone, every page of
 * which is overwritten, tens of milliseconds; it is emptied a piece at a time when the writer is
 * idle.
 *
 * FTS5 writes all it holds whenever a statement that could write several rows begins, so rows are
 * put one by one. Writer's thread, under the write lock.
 */
#include <stdarg.h>

#include "data/engine_sqlite_schema.h"
#include "data/engine_sqlite_write.h"

#define LOOK_ROWS 16  /* between two looks at the clock */
#define LEFT_ROWS 100 /* written meanwhile: the step may do these, 0.1 ms each */

typedef struct filler {
    schema_step *x;
    const entity *e;
    sqlite3_stmt *next, *one, *put, *learn, *noted, *gone, *done;
    int64_t until; /* clock_mono; 0: to the end */
    uint32_t rows;
} filler;

/* ---- what there is --------------------------------------------------------------------------- */

static crm_str coming_of(schema_step *x, const entity *e)
{
    crm_str out = {"", 0};
    crm_status st;
    sql *q = &x->s->sql;
    sql_start(q, NULL, NULL);
    sql_z(q, "SELECT coming FROM meta_entity WHERE id=");
    sql_int(q, e->id);
    sqlite3_stmt *stmt = x->status == CRM_OK ? statement_get(x->s, &st) : NULL;
    if (stmt && sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_bytes(stmt, 0)) {
        out = arena_dup(x->arena, str_of((const char *)sqlite3_column_text(stmt, 0)));
    }
    sqlite3_reset(stmt);
    return out;
}

bool coming_is_begun(schema_step *x, const entity *e)
{
    return coming_of(x, e).n > 0;
}

static bool is_there(schema_step *x, char table, const entity *e)
{
    return schema_int(x, 0, "SELECT 1 FROM sqlite_master WHERE name='%c%u'", table, e->id) != 0;
}

static void rename_table(schema_step *x, char from, char to, const entity *e, long long n)
{
    char names[2][32];
    snprintf(names[0], sizeof names[0], "%c%u", from, e->id);
    snprintf(names[1], sizeof names[1], "%c%lld", to, n);
    schema_edit_name(x, names[0], names[1]);
}

/* Between schema_edit_begin and schema_edit_end; of a table that may be there. */
static void rename_aside(schema_step *x, char table, char to, const entity *e)
{
    if (is_there(x, table, e)) {
        long long n = schema_int(x, 1,
                                 "SELECT coalesce(max(CAST(substr(name,2) AS INTEGER)),0)+1"
                                 " FROM sqlite_master WHERE name GLOB '%c[0-9]*'",
                                 to);
        rename_table(x, table, to, e, n);
        x->s->has_aside = true;
    }
}

static void set_aside(schema_step *x, char text, char words, const entity *e)
{
    if (is_there(x, text, e) || is_there(x, words, e)) {
        schema_edit_begin(x);
        rename_aside(x, text, 'o', e);
        rename_aside(x, words, 'q', e);
        schema_edit_end(x);
    }
}

void coming_set_aside(schema_step *x, const entity *e)
{
    set_aside(x, 'f', 'v', e);
}

void coming_drop(schema_step *x, const entity *e)
{
    if (!coming_of(x, e).n) {
        return;
    }
    set_aside(x, 'g', 'w', e);
    (void)!schema_run(x, "DROP TABLE IF EXISTS d%u", e->id);
    (void)!schema_run(x, "UPDATE meta_entity SET coming='',filled=0 WHERE id=%u", e->id);
    words_forget(x->s);
}

void coming_give_up(schema_step *x, const entity *e)
{
    if (!schema_is_opening(x)) { /* else whoever waits for it comes later */
        coming_drop(x, e);
    }
}

static void begin(schema_step *x, const entity *e, crm_str description)
{
    coming_drop(x, e);
    text_create(x, e, 'g', 'w');
    (void)!schema_run(x, "CREATE TABLE d%u(id INTEGER PRIMARY KEY)", e->id);
    (void)!schema_run(x, "UPDATE meta_entity SET coming='%.*s',filled=0 WHERE id=%u",
                      STR_FMT(description), e->id);
    words_forget(x->s);
    x->has_layout = true;
}

/* ---- a row ----------------------------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static sqlite3_stmt *prepare(filler *k, const char *fmt, ...)
{
    sqlite3_stmt *stmt = NULL;
    buf text;
    va_list args;
    buf_init(&text, 65536);
    va_start(args, fmt);
    char *room = buf_room(&text, 32768);
    int n = room ? vsnprintf(room, 32768, fmt, args) : -1;
    va_end(args);
    int rc =
        n < 0 || n >= 32768 ? SQLITE_TOOBIG : sqlite3_prepare_v2(k->x->s->db, room, n, &stmt, NULL);
    if (rc != SQLITE_OK && k->x->status == CRM_OK) {
        k->x->status = status_of(k->x->s->db, rc, "text");
    }
    buf_free(&text);
    return stmt;
}

static void prepare_reads(filler *k)
{
    const entity *e = k->e;
    uint32_t id = e->fields[COL_ID].id, deleted = e->fields[COL_DELETED_AT].id;
    crm_str terms = text_terms_of_columns(k->x, e);
    crm_str access = text_access_of_columns(k->x->arena, e);
    k->next = prepare(k,
                      "SELECT e.c%u,%.*s%.*s FROM e%u e WHERE +e.c%u IS NULL AND e.c%u>?1"
                      " ORDER BY e.c%u",
                      id, STR_FMT(terms), STR_FMT(access), e->id, deleted, id, id);
    k->one = prepare(k, "SELECT e.c%u,%.*s%.*s FROM e%u e WHERE e.c%u IS NULL AND e.c%u=?1", id,
                     STR_FMT(terms), STR_FMT(access), e->id, deleted, id);
    k->noted = prepare(k, "SELECT id FROM d%u ORDER BY id LIMIT %d", e->id, LOOK_ROWS);
}

static void prepare_writes(filler *k)
{
    const entity *e = k->e;
    crm_str columns = text_columns(k->x, e), marks = {"?,?", 3};
    for (uint32_t i = 0; i < text_column_count(e); i++) {
        marks = arena_fmt(k->x->arena, "%.*s,?", STR_FMT(marks));
    }
    k->put = prepare(k, "REPLACE INTO g%u(rowid,%.*saccess) VALUES(%.*s)", e->id, STR_FMT(columns),
                     STR_FMT(marks));
    k->learn = prepare(k, "INSERT OR IGNORE INTO w%u VALUES(?)", e->id);
    k->gone = prepare(k, "DELETE FROM g%u WHERE rowid=?", e->id);
    k->done = prepare(k, "DELETE FROM d%u WHERE id=?", e->id);
}

static void filler_close(filler *k)
{
    sqlite3_stmt *const all[] = {k->next, k->one, k->put, k->learn, k->noted, k->gone, k->done};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        sqlite3_finalize(all[i]);
    }
}

static void run(filler *k, sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_DONE && k->x->status == CRM_OK) {
        k->x->status = status_of(k->x->s->db, rc, "text");
    }
    sqlite3_reset(stmt);
}

static void learn(filler *k, crm_str terms)
{
    crm_str word;
    while (k->x->status == CRM_OK && terms_next(&terms, ' ', &word)) {
        if (engine_is_vocabulary(word) && !words_is_known(k->x->s, ~k->e->id, word)) {
            k->x->s->has_learnt = true;
            sqlite3_bind_text(k->learn, 1, word.p, (int)word.n, SQLITE_STATIC);
            run(k, k->learn);
        }
    }
}

/* The row that `from` stands on. */
static void put_row(filler *k, sqlite3_stmt *from)
{
    int columns = sqlite3_column_count(from);
    for (int i = 0; i < columns; i++) {
        sqlite3_bind_value(k->put, i + 1, sqlite3_column_value(from, i));
    }
    run(k, k->put);
    for (uint32_t i = 0; i < k->e->search_count; i++) {
        crm_str terms = {(const char *)sqlite3_column_text(from, (int)i + 1),
                         (size_t)sqlite3_column_bytes(from, (int)i + 1)};
        learn(k, terms.p ? terms : (crm_str){"", 0});
    }
}

/* ---- many rows ------------------------------------------------------------------------------- */

static bool goes_on(filler *k)
{
    bool looks = k->until && ++k->rows % LOOK_ROWS == 0;
    return k->x->status == CRM_OK && (!looks || clock_mono() < k->until);
}

/* Behind `after`: the last row done; INT64_MAX: the end was reached. */
static int64_t fill_rows(filler *k, int64_t after)
{
    int rc = sqlite3_bind_int64(k->next, 1, after);
    bool is_in_time = true;
    while (rc == SQLITE_OK && is_in_time && (rc = sqlite3_step(k->next)) == SQLITE_ROW) {
        put_row(k, k->next);
        after = sqlite3_column_int64(k->next, 0);
        is_in_time = goes_on(k);
        rc = SQLITE_OK;
    }
    if (rc != SQLITE_OK && rc != SQLITE_DONE && k->x->status == CRM_OK) {
        k->x->status = status_of(k->x->s->db, rc, "text");
    }
    sqlite3_reset(k->next);
    return rc == SQLITE_DONE ? INT64_MAX : after;
}

/* A row that was written since it was passed, or that went. */
static void fill_noted(filler *k, int64_t id)
{
    sqlite3_bind_int64(k->one, 1, id);
    int rc = sqlite3_step(k->one);
    if (rc == SQLITE_ROW) {
        put_row(k, k->one);
    } else if (rc != SQLITE_DONE) {
        k->x->status = status_of(k->x->s->db, rc, "text");
    } else {
        sqlite3_bind_int64(k->gone, 1, id);
        run(k, k->gone);
    }
    sqlite3_reset(k->one);
    sqlite3_bind_int64(k->done, 1, id);
    run(k, k->done);
}

static uint32_t read_noted(filler *k, int64_t ids[LOOK_ROWS])
{
    uint32_t n = 0;
    while (n < LOOK_ROWS && sqlite3_step(k->noted) == SQLITE_ROW) {
        ids[n++] = sqlite3_column_int64(k->noted, 0);
    }
    sqlite3_reset(k->noted);
    return n;
}

static void fill_all_noted(filler *k)
{
    int64_t ids[LOOK_ROWS];
    bool is_in_time = true;
    for (uint32_t n = 1; n && is_in_time && k->x->status == CRM_OK;) {
        n = read_noted(k, ids);
        for (uint32_t i = 0; i < n && k->x->status == CRM_OK; i++) {
            fill_noted(k, ids[i]);
            is_in_time = goes_on(k) && is_in_time;
        }
    }
}

static int64_t filled_of(schema_step *x, const entity *e)
{
    return schema_int(x, 0, "SELECT filled FROM meta_entity WHERE id=%u", e->id);
}

/* What is coming, as far as `until` lets it; up to which row it is. */
static int64_t fill(schema_step *x, const entity *e, int64_t until)
{
    filler k = {.x = x, .e = e, .until = until};
    int64_t at = filled_of(x, e);
    if (x->status == CRM_OK) {
        prepare_reads(&k);
        prepare_writes(&k);
    }
    if (x->status == CRM_OK && at != INT64_MAX) {
        at = fill_rows(&k, at);
    }
    if (x->status == CRM_OK && at == INT64_MAX) {
        fill_all_noted(&k);
    }
    filler_close(&k);
    (void)!schema_run(x, "UPDATE meta_entity SET filled=%lld WHERE id=%u", (long long)at, e->id);
    return at;
}

/* ---- ahead of the step, and in it ------------------------------------------------------------ */

static int64_t last_row(schema_step *x, const entity *e)
{
    return schema_int(x, 0, "SELECT coalesce(max(c%u),0) FROM e%u", e->fields[COL_ID].id, e->id);
}

static int64_t count_noted(schema_step *x, const entity *e)
{
    return schema_int(x, 0, "SELECT count(*) FROM (SELECT 1 FROM d%u LIMIT 100000)", e->id);
}

void coming_fill(schema_step *x, const entity *e, engine_ahead *out)
{
    crm_str now = text_description(x, e);
    if (!now.n || str_eq(now, text_stored_description(x, e))) {
        return;
    }
    int64_t last = last_row(x, e), at = 0;
    if (!last || x->status != CRM_OK) {
        return; /* the step has nothing to do either */
    }
    if (!out->is_done) {
        out->left += last; /* another comes first */
        return;
    }
    if (!str_eq(coming_of(x, e), now)) {
        begin(x, e, now);
    }
    at = fill(x, e, out->until);
    int64_t noted = count_noted(x, e);
    out->row = at == INT64_MAX ? last : at;
    out->left += noted + (at == INT64_MAX || at > last ? 0 : last - at);
    out->is_done = at == INT64_MAX && noted <= LEFT_ROWS;
}

void coming_take(schema_step *x, const entity *e, crm_str description)
{
    if (!str_eq(coming_of(x, e), description)) {
        begin(x, e, description);
    }
    (void)fill(x, e, 0);
    (void)!schema_run(x, "DROP TABLE d%u", e->id);
    schema_edit_begin(x);
    rename_aside(x, 'f', 'o', e);
    rename_aside(x, 'v', 'q', e);
    rename_table(x, 'g', 'f', e, e->id);
    rename_table(x, 'w', 'v', e, e->id);
    schema_edit_end(x);
    (void)!schema_run(x, "UPDATE meta_entity SET coming='',filled=0 WHERE id=%u", e->id);
    text_store_description(x, e, description);
    words_forget(x->s);
}

/* ---- what is of no use any more -------------------------------------------------------------- */

/* FTS5 keeps others from writing its tables, which these are. */
static void set_defensive(sqlite_session *s, int is_on)
{
    sqlite3_db_config(s->db, SQLITE_DBCONFIG_DEFENSIVE, is_on, NULL);
}

/* Rows that FTS5 reads to open a table, by their ids: so it can be dropped in the end. */
#define ASIDE_KEPT "10"

#define WORDS_AT_ONCE 1000

static bool took(const schema_step *x, int *before)
{
    int now = sqlite3_total_changes(x->s->db);
    bool is_any = x->status != CRM_OK || now != *before;
    *before = now;
    return is_any;
}

/* A piece of one of its tables; false: they are empty, and dropping it takes no time. */
static bool take_piece(schema_step *x, long long n)
{
    int before = sqlite3_total_changes(x->s->db);
    (void)!schema_run(x,
                      "DELETE FROM o%lld_data WHERE id IN"
                      " (SELECT id FROM o%lld_data WHERE id>" ASIDE_KEPT " LIMIT 64)",
                      n, n);
    if (took(x, &before)) {
        return true;
    }
    (void)!schema_run(
        x, "DELETE FROM o%lld_content WHERE id IN (SELECT id FROM o%lld_content LIMIT 1000)", n, n);
    if (took(x, &before)) {
        return true;
    }
    (void)!schema_run(x,
                      "DELETE FROM o%lld_idx WHERE (segid,term) IN"
                      " (SELECT segid,term FROM o%lld_idx LIMIT 1000)",
                      n, n);
    return took(x, &before);
}

/* A piece of the words; false: there are none. */
static bool take_words(schema_step *x)
{
    int64_t n = schema_int(x, 0,
                           "SELECT CAST(substr(name,2) AS INTEGER) FROM sqlite_master"
                           " WHERE type='table' AND name GLOB 'q[0-9]*' LIMIT 1");
    int before = sqlite3_total_changes(x->s->db);
    if (!n) {
        return false;
    }
    (void)!schema_run(x, "DELETE FROM q%lld WHERE word IN (SELECT word FROM q%lld LIMIT %d)",
                      (long long)n, (long long)n, WORDS_AT_ONCE);
    if (!took(x, &before)) {
        (void)!schema_run(x, "DROP TABLE q%lld", (long long)n);
    }
    return x->status == CRM_OK;
}

/* What fails is tried again at the writer's next rest. */
bool coming_clear_aside(sqlite_session *s)
{
    schema_step x = {.s = s};
    if (!s->has_aside) {
        return false;
    }
    int64_t n = schema_int(&x, 0,
                           "SELECT CAST(substr(name,2) AS INTEGER) FROM sqlite_master"
                           " WHERE name GLOB 'o[0-9]*' AND sql LIKE 'CREATE VIRTUAL%%' LIMIT 1");
    if (x.status == CRM_OK && !n) {
        bool has_more = take_words(&x) || indexing_clear_aside(&x);
        s->has_aside = has_more || x.status != CRM_OK;
        return has_more;
    }
    set_defensive(s, 0);
    if (x.status == CRM_OK && !take_piece(&x, n)) {
        (void)!schema_run(&x, "DROP TABLE o%lld", (long long)n);
    }
    set_defensive(s, 1);
    return x.status == CRM_OK;
}
