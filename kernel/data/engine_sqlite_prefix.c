/*
 * engine_sqlite_prefix.c - beginnings of words in a search as the words there are.
 *
 * For "кузнецова*" FTS5 gathers the rows of every word that begins so before it gives the first
 * one, while for "кузнецова" OR "кузнецовой" it reads along both lists until the page is full. So
 * where a few words begin so, they take the place of the beginning. Beginnings of up to three
 * letters have lists of their own; those of numbers have a row or two for each number.
 *
 * The words come from temp.n<entity id>, FTS5's own view of its terms, which reads the same
 * snapshot. Readers only: what the writer has not committed is gathered as ever.
 */
#include "base/text.h"
#include "data/engine_sqlite_plan.h"

#define SPELLED_MAX   16
#define INDEXED_CHARS 3 /* the longest beginning with a list of its own */

/* ---- the terms of a table -------------------------------------------------------------------- */

/* A reader may write nothing, and SQLite takes its temporary tables for writing too. */
static crm_status make_terms_table(sqlite_session *s, uint32_t id)
{
    crm_str text = arena_fmt(s->arena,
                             "PRAGMA query_only=0;"
                             "CREATE VIRTUAL TABLE IF NOT EXISTS temp.n%u"
                             " USING fts5vocab(main,f%u,instance);",
                             id, id);
    crm_status st = text.p ? connection_exec(s->db, text.p) : CRM_NOMEM;
    crm_status back = connection_exec(s->db, "PRAGMA query_only=1;");
    if (st == CRM_OK && back == CRM_OK) {
        s->has_terms[id / 64] |= 1ull << id % 64;
    }
    return st ? st : back;
}

static bool has_terms(const sqlite_session *s, uint32_t id)
{
    return s->has_terms[id / 64] >> id % 64 & 1;
}

/* "(SELECT term FROM temp.n5 WHERE term>=<from> AND term<? LIMIT 1)" */
static void add_first(sql *q, uint32_t id, crm_str from, crm_str end)
{
    sql_z(q, "(SELECT term FROM temp.");
    sql_name(q, 'n', id);
    sql_z(q, " WHERE term>=");
    if (from.p) {
        sql_value(q, value_text(from));
    } else {
        sql_z(q, "w.t||char(1)"); /* no term holds a byte as low */
    }
    sql_z(q, " AND term<");
    sql_value(q, value_text(end));
    sql_z(q, " LIMIT 1)");
}

/* Each word by a look-up behind the one before: a range would read the rows of every word. */
static void add_walk(sql *q, uint32_t id, crm_str beginning, crm_str end)
{
    sql_z(q, "WITH RECURSIVE w(t,n) AS (SELECT ");
    add_first(q, id, beginning, end);
    sql_z(q, ",1 UNION ALL SELECT ");
    add_first(q, id, (crm_str){0}, end);
    sql_z(q, ",n+1 FROM w WHERE w.t IS NOT NULL AND n<=");
    sql_int(q, SPELLED_MAX);
    sql_z(q, ") SELECT t FROM w WHERE t IS NOT NULL");
}

/* ---- one beginning --------------------------------------------------------------------------- */

typedef struct spelled {
    crm_str words[SPELLED_MAX];
    uint32_t count; /* beyond SPELLED_MAX: they are too many */
} spelled;

static crm_status read_words(sqlite_session *s, sqlite3_stmt *stmt, spelled *out)
{
    int rc;
    crm_status st = CRM_OK;
    while (st == CRM_OK && (rc = sqlite3_step(stmt)) == SQLITE_ROW) {
        crm_str word = {(const char *)sqlite3_column_text(stmt, 0),
                        (size_t)sqlite3_column_bytes(stmt, 0)};
        if (out->count < SPELLED_MAX) {
            out->words[out->count] = arena_dup(s->arena, word);
            st = out->words[out->count].p ? CRM_OK : CRM_NOMEM;
        }
        out->count++;
    }
    st = st == CRM_OK && rc != SQLITE_DONE ? status_of(s->db, rc, "terms") : st;
    sqlite3_reset(stmt);
    return st;
}

static crm_status find_words(sqlite_session *s, const entity *e, crm_str beginning, spelled *out)
{
    crm_status st = has_terms(s, e->id) ? CRM_OK : make_terms_table(s, e->id);
    crm_str end = arena_fmt(s->arena, "%.*s\xFF", STR_FMT(beginning));
    out->count = 0;
    if (st != CRM_OK || !end.p) {
        return st ? st : CRM_NOMEM;
    }
    sql_start(&s->sql, s->layout, NULL);
    add_walk(&s->sql, e->id, beginning, end);
    sqlite3_stmt *stmt = statement_get(s, &st);
    return stmt ? read_words(s, stmt, out) : st;
}

static bool is_spelled(crm_str part, crm_str *beginning)
{
    bool is_prefix, is_stem;
    *beginning = terms_token(part, &is_prefix, &is_stem);
    bool is_number = beginning->n && beginning->p[0] >= '0' && beginning->p[0] <= '9';
    return is_prefix && !is_stem && !is_number && text_length(*beginning) > INDEXED_CHARS;
}

/* ---- the terms of a query -------------------------------------------------------------------- */

/* "a&b&" and "b*": all parts but the last, and the last. */
static crm_str last_part(crm_str alternative, crm_str *before)
{
    crm_str last = alternative;
    while (last.n && str_find(last, '&') >= 0) {
        size_t at = (size_t)str_find(last, '&') + 1;
        last = (crm_str){last.p + at, last.n - at};
    }
    *before = (crm_str){alternative.p, alternative.n - last.n};
    return last;
}

/* As it is, or once for each word that its last part begins. */
static crm_status spell_alternative(sqlite_session *s, const entity *e, crm_str alternative,
                                    buf *out)
{
    crm_str before, beginning, last = last_part(alternative, &before);
    spelled found = {.count = 0};
    crm_status st = is_spelled(last, &beginning) ? find_words(s, e, beginning, &found) : CRM_OK;
    if (found.count == 0 || found.count > SPELLED_MAX) {
        buf_str(out, alternative);
        return st;
    }
    for (uint32_t i = 0; i < found.count; i++) {
        buf_z(out, i ? "|" : "");
        buf_str(out, before);
        buf_str(out, found.words[i]);
    }
    return st;
}

static crm_status spell_terms(sqlite_session *s, const query *in, buf *out)
{
    crm_status st = CRM_OK;
    crm_str rest = in->terms, group, alternative;
    for (uint32_t n = 0; st == CRM_OK && terms_next(&rest, ' ', &group); n++) {
        buf_z(out, n ? " " : "");
        for (uint32_t k = 0; st == CRM_OK && terms_next(&group, '|', &alternative); k++) {
            buf_z(out, k ? "|" : "");
            st = spell_alternative(s, in->entity, alternative, out);
        }
    }
    return out->failed ? CRM_NOMEM : st;
}

static bool can_spell(const sqlite_session *s, const query *in)
{
    uint32_t id = in->entity->id;
    bool has_text = id < s->layout->table_end && s->layout->tables[id].search_count > 0;
    return s->kind == ENGINE_READER && has_text && id < TERMS_TABLES &&
           str_find(in->terms, '*') >= 0;
}

crm_status prefix_spell(sqlite_session *s, const query *in, query *out)
{
    buf terms;
    *out = *in;
    if (!can_spell(s, in)) {
        return CRM_OK;
    }
    buf_init(&terms, 0);
    crm_status st = spell_terms(s, in, &terms);
    if (st == CRM_OK) {
        out->terms = arena_dup(s->arena, buf_view(&terms));
        st = out->terms.p ? CRM_OK : CRM_NOMEM;
    }
    buf_free(&terms);
    return st;
}
