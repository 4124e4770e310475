/*
 * engine_sqlite_text.c - full text: its tables, and the terms of a row.
 *
 * Of an entity with search fields or keys of names: f<entity id>, an FTS5 table of ready terms, and
 * v<entity id>, its vocabulary, which knows the words for those who mistype them. The terms come
 * from text_terms and the like, so the tokenizer only splits at spaces. Words are asked for alone,
 * never as phrases, and ranks are made above the engine: columns suffice.
 *
 * Savepoints flush FTS5, so terms are written once per transaction, after the last of them.
 */
#include "data/engine_sqlite_schema.h"
#include "data/engine_sqlite_write.h"

/* Changes when terms are made in another way: full text of older files is then made anew. */
#define TERMS_FORMAT 3

/* Making it anew when a file is opened. */
#define FILL_ROWS      50000
#define FILL_BYTES     (8 * 1024 * 1024) /* of terms FTS5 gathers before it writes a segment */
#define HASH_BYTES     (1024 * 1024)     /* the same afterwards: its default */
#define MERGED_AT_ONCE 2000              /* pages */

/* ---- the schema step ------------------------------------------------------------------------- */

/* The fields with columns of their own: the search fields, and behind them the keys of names. */
uint32_t text_column_count(const entity *e)
{
    return e->search_count + (e->match_field != 0);
}

const field *text_column(const entity *e, uint32_t i)
{
    return &e->fields[i < e->search_count ? e->search_fields[i] : e->match_field];
}

/* "s5,s7," */
crm_str text_columns(schema_step *x, const entity *e)
{
    crm_str out = {"", 0};
    for (uint32_t i = 0; i < text_column_count(e); i++) {
        out = arena_fmt(x->arena, "%.*ss%u,", STR_FMT(out), text_column(e, i)->id);
    }
    return out;
}

static const char *function_of(const entity *e, const field *f)
{
    if (e->match_field && f->index == e->match_field) {
        return "karkas_keys";
    }
    return f->type == FIELD_PHONE ? "karkas_phones" : "karkas_terms";
}

crm_str text_terms_of_columns(schema_step *x, const entity *e)
{
    crm_str out = {"", 0};
    for (uint32_t i = 0; i < text_column_count(e); i++) {
        const field *f = text_column(e, i);
        out = arena_fmt(x->arena, "%.*s%s(e.c%u),", STR_FMT(out), function_of(e, f), f->id);
    }
    return out;
}

/* "c9" of a declared field, or "NULL". */
static const char *column_or_null(arena *a, const entity *e, uint16_t f)
{
    return f ? arena_fmt(a, "c%u", e->fields[f].id).p : "NULL";
}

/* "karkas_access(c4,…)" over the columns of the row. */
crm_str text_access_of_columns(arena *a, const entity *e)
{
    return arena_fmt(a, "karkas_access(c%u,%s,%s,%s,%s,%s)", e->fields[COL_CREATED_BY].id,
                     column_or_null(a, e, e->department_field),
                     column_or_null(a, e, e->stage_field), column_or_null(a, e, e->owner_fields[0]),
                     column_or_null(a, e, e->owner_fields[1]),
                     column_or_null(a, e, e->owner_fields[2]));
}

/* What the full text of an entity is made of: "2|karkas_access(c4,…)|5,7", the field ids at its
 * end. */
crm_str text_description(schema_step *x, const entity *e)
{
    if (!text_column_count(e)) {
        return (crm_str){"", 0};
    }
    crm_str access = text_access_of_columns(x->arena, e);
    crm_str out = arena_fmt(x->arena, "%d|%.*s", TERMS_FORMAT, STR_FMT(access));
    for (uint32_t i = 0; i < text_column_count(e); i++) {
        out = arena_fmt(x->arena, "%.*s%c%u", STR_FMT(out), i ? ',' : '|', text_column(e, i)->id);
    }
    return out;
}

/*
 * Beginnings of two and three letters are looked up; FTS5 gathers those of one from the lists of
 * two. Of longer ones the rows are gathered from the words that begin so: a common first name takes
 * 10 ms among a million contacts, while every further length is paid for at each write.
 *
 * A commit leaves a segment. When a level has 16 of them FTS5 merges some pages of it with each of
 * the next commits (automerge); at as many as `crisismerge` it would merge all of them in one
 * commit, which takes seconds of the larger ones, so that comes much later. What remains is merged
 * when the writer is idle.
 */
void text_create(schema_step *x, const entity *e, char table, char words)
{
    crm_str columns = text_columns(x, e);
    (void)!schema_run(x,
                      "CREATE VIRTUAL TABLE %c%u USING fts5(%.*saccess, detail=column,"
                      " columnsize=0, prefix='2 3', tokenize=\"ascii tokenchars '=-_.+@'\")",
                      table, e->id, STR_FMT(columns));
    (void)!schema_run(x, "INSERT INTO %c%u(%c%u, rank) VALUES('automerge', 16)", table, e->id,
                      table, e->id);
    (void)!schema_run(x, "INSERT INTO %c%u(%c%u, rank) VALUES('crisismerge', 32)", table, e->id,
                      table, e->id);
    (void)!schema_run(x, "CREATE TABLE %c%u(word TEXT PRIMARY KEY) WITHOUT ROWID", words, e->id);
}

/* Rows with ids above `after`, up to `until`. */
static void fill(schema_step *x, const entity *e, int64_t after, int64_t until)
{
    uint32_t id = e->fields[COL_ID].id;
    crm_str columns = text_columns(x, e), terms = text_terms_of_columns(x, e);
    crm_str access = text_access_of_columns(x->arena, e);
    (void)!schema_run(x,
                      "INSERT INTO f%u(rowid,%.*saccess) SELECT c%u,%.*s%.*s FROM e%u e"
                      " WHERE c%u>%lld AND c%u<=%lld AND c%u IS NULL ORDER BY c%u",
                      e->id, STR_FMT(columns), id, STR_FMT(terms), STR_FMT(access), e->id, id,
                      (long long)after, id, (long long)until, e->fields[COL_DELETED_AT].id, id);
}

static void fill_vocabulary(schema_step *x, const entity *e)
{
    (void)!schema_run(x, "CREATE VIRTUAL TABLE temp.vocabulary USING fts5vocab(main, f%u, row)",
                      e->id);
    (void)!schema_run(x,
                      "INSERT INTO v%u SELECT term FROM temp.vocabulary"
                      " WHERE karkas_is_word(term)",
                      e->id);
    (void)!schema_run(x, "DROP TABLE temp.vocabulary");
}

crm_str text_stored_description(schema_step *x, const entity *e)
{
    crm_str out = {"", 0};
    sqlite3_stmt *stmt = NULL;
    int rc =
        sqlite3_prepare_v2(x->s->db, "SELECT search FROM meta_entity WHERE id=?", -1, &stmt, NULL);
    if (rc == SQLITE_OK) {
        sqlite3_bind_int64(stmt, 1, e->id);
        if (sqlite3_step(stmt) == SQLITE_ROW && sqlite3_column_bytes(stmt, 0)) {
            out = arena_dup(x->arena, str_of((const char *)sqlite3_column_text(stmt, 0)));
        }
    }
    sqlite3_finalize(stmt);
    return out;
}

void text_store_description(schema_step *x, const entity *e, crm_str description)
{
    (void)!schema_run(x, "UPDATE meta_entity SET search='%.*s' WHERE id=%u", STR_FMT(description),
                      e->id);
}

static bool has_rows(schema_step *x, const entity *e)
{
    return schema_int(x, 0, "SELECT 1 FROM e%u LIMIT 1", e->id) != 0;
}

/*
 * Full text is derived: when anything it is made of changes it is made anew, ahead of the step for
 * the most part (engine_sqlite_coming.c). Of a file that is being opened this leaves it empty and
 * described as none, for schema_search_fill, unless what is coming is nearly there.
 */
void schema_search(schema_step *x, const entity *e)
{
    crm_str was = text_stored_description(x, e), now = text_description(x, e);
    if (x->status != CRM_OK) {
        return;
    }
    if (str_eq(was, now)) {
        coming_give_up(x, e);
        return;
    }
    bool waits = schema_is_opening(x) && has_rows(x, e);
    if (now.n && !waits) {
        coming_take(x, e, now);
        return;
    }
    coming_drop(x, e);
    coming_set_aside(x, e);
    words_forget(x->s);
    if (now.n) {
        text_create(x, e, 'f', 'v');
    }
    text_store_description(x, e, waits ? (crm_str){"", 0} : now);
}

static void commit_slice(schema_step *x)
{
    x->status = x->status ? x->status : connection_exec(x->s->db, "COMMIT");
    (void)checkpoint_when_due(x->s);
    x->status = x->status ? x->status : connection_exec(x->s->db, "BEGIN IMMEDIATE");
}

/* FTS5 merges what the slices have left, a part at a time. */
static void merge_slices(schema_step *x, const entity *e)
{
    int changes = 2;
    while (x->status == CRM_OK && changes >= 2) { /* less: there was nothing to do */
        int before = sqlite3_total_changes(x->s->db);
        (void)!schema_run(x, "INSERT INTO f%u(f%u, rank) VALUES('merge', %d)", e->id, e->id,
                          MERGED_AT_ONCE);
        changes = sqlite3_total_changes(x->s->db) - before;
        commit_slice(x);
    }
}

static void fill_in_slices(schema_step *x, const entity *e, int64_t last)
{
    int64_t begun = clock_mono();
    (void)!schema_run(x, "INSERT INTO f%u(f%u, rank) VALUES('hashsize', %d)", e->id, e->id,
                      FILL_BYTES);
    for (int64_t at = 0; x->status == CRM_OK && at < last; at += FILL_ROWS) {
        fill(x, e, at, at + FILL_ROWS);
        commit_slice(x);
        log_event(LOG_INFO, "search.filling", "entity=%.*s done=%lld of=%lld", STR_FMT(e->name),
                  (long long)(at + FILL_ROWS < last ? at + FILL_ROWS : last), (long long)last);
    }
    (void)!schema_run(x, "INSERT INTO f%u(f%u, rank) VALUES('hashsize', %d)", e->id, e->id,
                      HASH_BYTES);
    merge_slices(x, e);
    fill_vocabulary(x, e);
    log_event(LOG_INFO, "search.filled", "entity=%.*s took_ms=%lld", STR_FMT(e->name),
              (long long)((clock_mono() - begun) / 1000000));
}

void schema_search_fill(schema_step *x, const entity *e)
{
    crm_str was = text_stored_description(x, e), now = text_description(x, e);
    if (x->status != CRM_OK || str_eq(was, now)) {
        return;
    }
    int64_t last =
        schema_int(x, 0, "SELECT coalesce(max(c%u),0) FROM e%u", e->fields[COL_ID].id, e->id);
    fill_in_slices(x, e, last);
    text_store_description(x, e, now);
    commit_slice(x);
}

bool text_access_agrees(const layout *l, const entity *e)
{
    arena *a = arena_new(0);
    bool agrees =
        a && e->id < l->table_end && str_eq(l->tables[e->id].access, text_access_of_columns(a, e));
    arena_free(a);
    return agrees;
}

/* ---- the terms of a row ---------------------------------------------------------------------- */

static bool has_search(const sqlite_session *s, const entity *e)
{
    return e->id < s->layout->table_end && s->layout->tables[e->id].search_count > 0;
}

crm_status text_delete(sqlite_session *s, const entity *e, int64_t id)
{
    if (!has_search(s, e)) {
        return CRM_OK;
    }
    sql *q = write_start(s, "DELETE FROM ");
    sql_name(q, 'f', e->id);
    sql_z(q, " WHERE rowid=");
    sql_int(q, id);
    return statement_run(s);
}

/* What the column of the field holds of the row; of keys as they are stored. */
static crm_str terms_of(sqlite_session *s, const engine_op *op, uint32_t field_id)
{
    const entity *e = op->entity;
    for (uint32_t i = 0; i < text_column_count(e); i++) {
        if (text_column(e, i)->id != field_id) {
            continue;
        }
        if (i < e->search_count) {
            return op->terms[i];
        }
        buf keys;
        buf_init(&keys, 0);
        signs_add(&keys, op->terms[i], '\n');
        crm_str out = keys.failed ? (crm_str){0} : arena_dup(s->arena, buf_view(&keys));
        buf_free(&keys);
        return out;
    }
    return (crm_str){0};
}

/* The access terms of the stored row, in the session's arena. NOT_FOUND: it is in the recycle bin
 * or nowhere. */
static crm_status read_access(sqlite_session *s, const engine_op *op, crm_str *out)
{
    crm_status st;
    sql *q = write_start(s, "SELECT ");
    buf_str(&q->text, s->layout->tables[op->entity->id].access);
    sql_z(q, " FROM ");
    sql_name(q, 'e', op->entity->id);
    write_where_id(q, op->entity, op->id);
    sql_z(q, " AND ");
    sql_name(q, 'c', op->entity->fields[COL_DELETED_AT].id);
    sql_z(q, " IS NULL");
    sqlite3_stmt *stmt = statement_get(s, &st);
    if (!stmt) {
        return st;
    }
    int rc = sqlite3_step(stmt);
    st = rc == SQLITE_DONE ? CRM_NOT_FOUND : CRM_OK;
    if (rc == SQLITE_ROW) {
        const char *text = (const char *)sqlite3_column_text(stmt, 0);
        *out = arena_dup(s->arena, (crm_str){text, (size_t)sqlite3_column_bytes(stmt, 0)});
        st = out->p ? CRM_OK : CRM_NOMEM;
    } else if (rc != SQLITE_DONE) {
        st = status_of(s->db, rc, "access");
    }
    sqlite3_reset(stmt);
    return st;
}

/* One row of VALUES: a statement that could write several has a journal, at whose beginning FTS5
 * writes all it holds to its tables. */
static crm_status write_row(sqlite_session *s, const engine_op *op, crm_str access)
{
    const entity *e = op->entity;
    const layout_table *t = &s->layout->tables[e->id];
    sql *q = write_start(s, "REPLACE INTO ");
    sql_name(q, 'f', e->id);
    sql_z(q, "(rowid");
    for (uint32_t i = 0; i < t->search_count; i++) {
        sql_z(q, ",");
        sql_name(q, 's', t->search[i]);
    }
    sql_z(q, ",access) VALUES(");
    sql_int(q, op->id);
    for (uint32_t i = 0; i < t->search_count; i++) {
        sql_z(q, ",");
        sql_value(q, value_text(terms_of(s, op, t->search[i])));
    }
    sql_z(q, ",");
    sql_value(q, value_text(access));
    sql_z(q, ")");
    return statement_run(s);
}

static crm_status replace_terms(sqlite_session *s, engine_op *op)
{
    crm_str access = {0};
    crm_status st = read_access(s, op, &access);
    if (st == CRM_NOT_FOUND) {
        return text_delete(s, op->entity, op->id);
    }
    st = st ? st : write_row(s, op, access);
    return st ? st : words_learn(s, op);
}

void write_terms(sqlite_session *s, engine_op *op)
{
    if (!has_search(s, op->entity)) {
        return;
    }
    s->has_merges = true;
    op->status = op->terms ? replace_terms(s, op) : text_delete(s, op->entity, op->id);
}
