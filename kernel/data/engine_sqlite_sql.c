/*
 * engine_sqlite_sql.c - the text of a statement with its parameters, and the cache of prepared
 * ones.
 *
 * Values never stand in the text, so the text is the shape of the question and the cache's key: it
 * names columns by their durable ids and so outlives registry snapshots. A changed schema is
 * noticed by SQLite itself, which prepares again.
 */
#include "data/engine_sqlite.h"

#include <errno.h>

void sql_init(sql *q, arena *a)
{
    *q = (sql){.arena = a};
    buf_init(&q->text, (size_t)1000000);
}

void sql_free(sql *q)
{
    buf_free(&q->text);
    free(q->params);
}

void sql_start(sql *q, const layout *l, const cond_env *env)
{
    buf_clear(&q->text);
    q->text.failed = false;
    q->count = 0;
    q->aliases = 1;
    q->layout = l;
    q->env = env;
    q->held = NULL;
    q->held_count = 0;
    q->status = CRM_OK;
}

#define NAME_ROOM 24 /* "t4294967295.c4294967295" */

/* Writes letter and number so that they end at `end`; where they begin. */
static char *put_name(char *end, char letter, uint32_t id)
{
    do {
        *--end = (char)('0' + id % 10);
        id /= 10;
    } while (id);
    *--end = letter;
    return end;
}

/* Adds what stands from `at` to the middle of twice NAME_ROOM bytes: a copy of fixed size costs
 * less than one of the right size. */
static void add_name(sql *q, const char *at, const char *middle)
{
    char *to = buf_room(&q->text, NAME_ROOM);
    if (to) {
        memcpy(to, at, NAME_ROOM);
        q->text.n += (size_t)(middle - at);
    }
}

void sql_name(sql *q, char letter, uint32_t id)
{
    char text[2 * NAME_ROOM] = {0}, *middle = text + NAME_ROOM;
    add_name(q, put_name(middle, letter, id), middle);
}

void sql_column(sql *q, uint32_t alias, const field *f)
{
    if (f->part) {
        sql_z(q, "karkas_part(");
        sql_column(q, alias, &f->entity->fields[f->index]);
        sql_z(q, ",");
        sql_z(q, (char[]){(char)('0' + f->part), 0});
        sql_z(q, ")");
        return;
    }
    char text[2 * NAME_ROOM] = {0}, *middle = text + NAME_ROOM;
    char *at = put_name(middle, 'c', f->id);
    *--at = '.';
    add_name(q, put_name(at, 't', alias), middle);
}

static param *add_param(sql *q)
{
    if (q->count == q->cap) {
        uint32_t cap = q->cap ? q->cap * 2 : 64;
        param *grown = realloc(q->params, cap * sizeof *grown);
        if (!grown) {
            q->status = CRM_NOMEM;
            return NULL;
        }
        q->params = grown;
        q->cap = cap;
    }
    return &q->params[q->count++];
}

void sql_param(sql *q, param p)
{
    param *at = add_param(q);
    if (at) {
        *at = p;
    }
    sql_z(q, "?");
}

void sql_int(sql *q, int64_t i)
{
    sql_param(q, (param){.kind = PARAM_INT, .i = i});
}

static param param_of(value v)
{
    uint8_t kind = v.kind == VALUE_NULL ? PARAM_NULL : v.kind == VALUE_INT ? PARAM_INT : PARAM_TEXT;
    return (param){.kind = kind, .i = v.i, .s = v.s};
}

void sql_value(sql *q, value v)
{
    sql_param(q, param_of(v));
}

param sql_key(sql *q, const field *f, crm_str text)
{
    crm_str key = {0};
    crm_status st = field_key_make(q->arena, f, text, &key);
    if (st != CRM_OK && q->status == CRM_OK) {
        q->status = st;
    }
    uint8_t kind = field_is_folded(f) ? PARAM_BLOB : PARAM_TEXT;
    return (param){.kind = kind, .s = key};
}

const char *sql_key_function(const field *f)
{
    return field_key_of(f) == FIELD_KEY_NUMBER ? "karkas_number(" : "karkas_key(";
}

void sql_key_kind(sql *q, const field *f)
{
    static const char *const kinds[] = {
        [FIELD_KEY_BYTES] = ",0", [FIELD_KEY_FOLDED] = ",1", [FIELD_KEY_NUMBER] = ",2"};
    sql_z(q, kinds[field_key_of(f)]);
}

void sql_ordered(sql *q, uint32_t alias, const field *f)
{
    if (!field_is_keyed(f)) {
        sql_column(q, alias, f);
        return;
    }
    if (!f->part && layout_column(q->layout, f->id) & COLUMN_KEY) {
        sql_name(q, 't', alias);
        sql_z(q, ".");
        sql_name(q, 'k', f->id);
        return;
    }
    sql_z(q, sql_key_function(f));
    sql_column(q, alias, f);
    sql_z(q, ")");
}

param sql_ordered_param(sql *q, const field *f, value v)
{
    return v.kind == VALUE_TEXT && field_is_keyed(f) ? sql_key(q, f, v.s) : param_of(v);
}

void sql_ordered_value(sql *q, const field *f, value v)
{
    sql_param(q, sql_ordered_param(q, f, v));
}

/* ---- prepared statements --------------------------------------------------------------------- */

uint64_t sql_hash(const char *p, size_t n)
{
    uint64_t h = 0x9E3779B97F4A7C15u ^ n;
    for (; n >= 8; p += 8, n -= 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = (h ^ word) * 0xFF51AFD7ED558CCDu;
        h ^= h >> 32;
    }
    uint64_t last = 0;
    memcpy(&last, p, n);
    h = (h ^ last) * 0xFF51AFD7ED558CCDu;
    return h ^ h >> 29;
}

static void free_statement(statement *st)
{
    for (uint32_t i = 0; st->copies && i < COPIES_MAX; i++) {
        sqlite3_finalize(st->copies[i]);
    }
    sqlite3_finalize(st->stmt);
    free(st->copies);
    free(st);
}

void statements_clear(statements *c)
{
    for (uint32_t i = 0; i < STATEMENTS_MAX; i++) {
        while (c->slots[i]) {
            statement *st = c->slots[i];
            c->slots[i] = st->next;
            free_statement(st);
        }
    }
    c->count = 0;
    free(c->by_id);
    c->by_id = NULL;
}

static statement *find(statements *c, uint64_t hash, crm_str text)
{
    for (statement *st = c->slots[hash % STATEMENTS_MAX]; st; st = st->next) {
        if (st->hash == hash && st->n == text.n && memcmp(st->text, text.p, text.n) == 0) {
            return st;
        }
    }
    return NULL;
}

static crm_status prepare(sqlite3 *db, crm_str text, sqlite3_stmt **out)
{
    int rc = sqlite3_prepare_v3(db, text.p, (int)text.n, SQLITE_PREPARE_PERSISTENT, out, NULL);
    if (rc == SQLITE_ERROR && str_is(str_of(sqlite3_errmsg(db)), "parser stack overflow")) {
        return CRM_TOO_LARGE; /* a condition nested deeper than SQLite reads */
    }
    return rc == SQLITE_OK ? CRM_OK : status_of(db, rc, "prepare");
}

/* Forgetting everything when full keeps the common shapes prepared nearly always. */
void statements_reserve(sqlite_session *s, uint32_t count)
{
    if (s->cache.count + count > STATEMENTS_MAX) {
        statements_clear(&s->cache);
    }
}

static statement *add(sqlite_session *s, uint64_t hash, crm_str text, crm_status *status)
{
    statements *c = &s->cache;
    statements_reserve(s, 1);
    statement *st = calloc(1, sizeof *st + text.n);
    if (!st) {
        *status = CRM_NOMEM;
        return NULL;
    }
    *status = prepare(s->db, text, &st->stmt);
    if (*status != CRM_OK) {
        free(st);
        return NULL;
    }
    st->hash = hash;
    st->n = text.n;
    memcpy(st->text, text.p, text.n);
    st->next = c->slots[hash % STATEMENTS_MAX];
    c->slots[hash % STATEMENTS_MAX] = st;
    c->count++;
    return st;
}

int statement_bind(sqlite3_stmt *stmt, int at, const param *p)
{
    switch (p->kind) {
    case PARAM_INT:
        return sqlite3_bind_int64(stmt, at, p->i);
    case PARAM_TEXT:
        return sqlite3_bind_text64(stmt, at, p->s.p, p->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case PARAM_BLOB:
        return sqlite3_bind_blob64(stmt, at, p->s.p ? p->s.p : "", p->s.n, SQLITE_STATIC);
    case PARAM_POINTER:
        return sqlite3_bind_pointer(stmt, at, (void *)p->s.p, GROUP_POINTER, NULL);
    case PARAM_ATTACHED:
        return sqlite3_bind_pointer(stmt, at, (void *)p->s.p, ATTACHED_POINTER, NULL);
    default:
        return sqlite3_bind_null(stmt, at);
    }
}

/* The statement of s->sql, prepared; NULL and *status on failure. */
static statement *current(sqlite_session *s, crm_status *status)
{
    *status = s->sql.text.failed ? CRM_TOO_LARGE : s->sql.status;
    if (*status != CRM_OK) {
        return NULL;
    }
    crm_str text = buf_view(&s->sql.text);
    uint64_t hash = sql_hash(text.p, text.n);
    statement *st = find(&s->cache, hash, text);
    return st ? st : add(s, hash, text, status);
}

static sqlite3_stmt *bound(sqlite_session *s, sqlite3_stmt *stmt, crm_status *status)
{
    for (uint32_t i = 0; stmt && i < s->sql.count; i++) {
        int rc = statement_bind(stmt, (int)i + 1, &s->sql.params[i]);
        if (rc != SQLITE_OK) {
            *status = status_of(s->db, rc, "bind");
            return NULL;
        }
    }
    return stmt;
}

sqlite3_stmt *statement_get(sqlite_session *s, crm_status *status)
{
    statement *st = current(s, status);
    return bound(s, st ? st->stmt : NULL, status);
}

sqlite3_stmt *statement_copy(sqlite_session *s, uint32_t nth, crm_status *status)
{
    statement *st = current(s, status);
    if (st && !st->copies) {
        st->copies = calloc(COPIES_MAX, sizeof(sqlite3_stmt *));
        *status = st->copies ? CRM_OK : CRM_NOMEM;
    }
    if (*status == CRM_OK && !st->copies[nth]) {
        *status = prepare(s->db, (crm_str){st->text, st->n}, &st->copies[nth]);
        s->cache.count += *status == CRM_OK;
    }
    return bound(s, *status == CRM_OK ? st->copies[nth] : NULL, status);
}

crm_status statement_run(sqlite_session *s)
{
    crm_status status;
    sqlite3_stmt *stmt = statement_get(s, &status);
    if (!stmt) {
        return status;
    }
    int rc;
    errno = 0; /* status_of looks at it when the step fails */
    do {
        rc = sqlite3_step(stmt);
    } while (rc == SQLITE_ROW);
    status = rc == SQLITE_DONE ? CRM_OK : status_of(s->db, rc, "step");
    sqlite3_reset(stmt);
    return status;
}

crm_status statement_int(sqlite_session *s, int64_t *out)
{
    crm_status status;
    sqlite3_stmt *stmt = statement_get(s, &status);
    if (!stmt) {
        return status;
    }
    int rc = sqlite3_step(stmt);
    status = rc == SQLITE_DONE ? CRM_NOT_FOUND : CRM_OK;
    if (rc == SQLITE_ROW) {
        *out = sqlite3_column_int64(stmt, 0);
    } else if (rc != SQLITE_DONE) {
        status = status_of(s->db, rc, "step");
    }
    sqlite3_reset(stmt);
    return status;
}

crm_status statement_fixed(sqlite_session *s, const char *text)
{
    sql_start(&s->sql, s->layout, NULL);
    sql_z(&s->sql, text);
    return statement_run(s);
}
