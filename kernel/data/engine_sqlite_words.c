/*
 * engine_sqlite_words.c - the vocabulary of an entity: learning words, and finding near ones.
 *
 * v<entity id> holds every word its full text ever had, in order. text_near tells behind each of
 * them where the next one may be that is near, so a walk needs few look-ups, however many words
 * there are.
 */
#include "data/engine_sqlite_write.h"

#define LOOKUPS_MAX 20000 /* of one walk */

/* ---- learning -------------------------------------------------------------------------------- */

/* The writer remembers what it learnt, so that a word that is known costs no statement. */
bool words_is_known(sqlite_session *s, uint32_t of, crm_str word)
{
    uint64_t hash = str_hash(word) ^ ((uint64_t)of * 0x9E3779B97F4A7C15u);
    if (!s->known) {
        s->known = calloc(KNOWN_WORDS, sizeof *s->known);
    }
    if (!s->known) {
        return false;
    }
    uint64_t *slot = &s->known[(hash >> 32) % KNOWN_WORDS];
    bool is_same = *slot == hash;
    *slot = hash;
    return is_same;
}

void words_forget(sqlite_session *s)
{
    if (s->known) {
        memset(s->known, 0, KNOWN_WORDS * sizeof *s->known);
    }
    s->has_learnt = false;
}

static crm_status learn(sqlite_session *s, const entity *e, crm_str word)
{
    s->has_learnt = true;
    sql *q = write_start(s, "INSERT OR IGNORE INTO ");
    sql_name(q, 'v', e->id);
    sql_z(q, " VALUES(");
    sql_value(q, value_text(word));
    sql_z(q, ")");
    return statement_run(s);
}

crm_status words_learn(sqlite_session *s, const engine_op *op)
{
    crm_status st = CRM_OK;
    for (uint32_t i = 0; i < op->entity->search_count; i++) {
        crm_str rest = op->terms[i], word;
        while (st == CRM_OK && terms_next(&rest, ' ', &word)) {
            if (engine_is_vocabulary(word) && !words_is_known(s, op->entity->id, word)) {
                st = learn(s, op->entity, word);
            }
        }
    }
    return st;
}

/* ---- near words ------------------------------------------------------------------------------ */

static sqlite3_stmt *prepare_walk(sqlite_session *s, const entity *e, crm_status *status)
{
    sql_start(&s->sql, s->layout, NULL);
    sql_z(&s->sql, "SELECT word FROM ");
    sql_name(&s->sql, 'v', e->id);
    sql_z(&s->sql, " WHERE word>=");
    sql_value(&s->sql, value_text((crm_str){"", 0}));
    sql_z(&s->sql, " ORDER BY word LIMIT 1");
    return statement_get(s, status);
}

/* The first word that is not less than `from`; {NULL,0}: there is none, or the status is set. */
static crm_str look_up(sqlite_session *s, sqlite3_stmt *stmt, crm_str from, crm_status *status)
{
    sqlite3_reset(stmt);
    sqlite3_bind_text64(stmt, 1, from.p, from.n, SQLITE_TRANSIENT, SQLITE_UTF8);
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) {
        const char *p = (const char *)sqlite3_column_text(stmt, 0);
        return (crm_str){p, (size_t)sqlite3_column_bytes(stmt, 0)};
    }
    *status = rc == SQLITE_DONE ? CRM_OK : status_of(s->db, rc, "words");
    return (crm_str){0};
}

void query_words(sqlite_session *s, engine_op *op)
{
    const entity *e = op->entity;
    bool has_words = e->id < s->layout->table_end && s->layout->tables[e->id].search_count > 0;
    text_near near;
    if (!has_words || !text_near_init(&near, op->near, op->edits)) {
        return;
    }
    sqlite3_stmt *stmt = prepare_walk(s, e, &op->status);
    crm_str next = {"", 0}, word;
    for (uint32_t i = 0; stmt && next.p && i < LOOKUPS_MAX; i++) {
        word = look_up(s, stmt, next, &op->status);
        if (!word.p) {
            break;
        }
        int edits = text_near_judge(&near, word, &next);
        if (edits <= op->edits) {
            op->on_word(op->arg, word, edits);
        }
    }
    sqlite3_reset(stmt);
}
