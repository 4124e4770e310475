/*
 * engine_sqlite_counts.c - counts that a reading connection has made in the snapshot it reads.
 *
 * The same list is asked for page after page and by people who have the same open; its rows cost as
 * much to count as to read. A count is named by all that decides it: the statements with their
 * parameters and the values of their ranges. It holds while SQLite says that the connection reads
 * the same version of the database, so any commit, of whatever row, makes it worthless.
 */
#include "data/engine_sqlite_plan.h"

#define NAME_MAX_BYTES 8192 /* what is longer is counted every time */

struct kept_count {
    uint32_t version;
    int64_t count;
    size_t n;
    char name[];
};

/* False: nothing can be known of the snapshot. A BEGIN takes none before the first read, and the
 * writer sees what it has not committed. */
static bool version_of(const sqlite_session *s, uint32_t *version)
{
    return s->kind == ENGINE_READER && sqlite3_txn_state(s->db, "main") == SQLITE_TXN_READ &&
           sqlite3_file_control(s->db, "main", SQLITE_FCNTL_DATA_VERSION, version) == SQLITE_OK;
}

/* ---- the name of a count --------------------------------------------------------------------- */

static void add_int(buf *b, int64_t i)
{
    buf_add(b, &i, sizeof i);
}

static void add_text(buf *b, crm_str s)
{
    add_int(b, (int64_t)s.n);
    buf_str(b, s);
}

static void add_statement(buf *b, const sql *q)
{
    add_text(b, buf_view(&q->text));
    for (uint32_t i = 0; i < q->count; i++) {
        const param *p = &q->params[i];
        b->failed |=
            p->kind == PARAM_ATTACHED; /* that it is the same as another, it does not say */
        add_int(b, p->kind);
        add_int(b, p->i);
        add_text(b, p->s);
    }
}

static void add_ranges(buf *b, const walk *w)
{
    for (uint32_t i = 0; i < w->head_count; i++) {
        add_int(b, w->head[i].count);
        for (uint32_t k = 0; k < w->head[i].count; k++) {
            value v = w->head[i].values[k];
            add_int(b, v.kind);
            add_int(b, v.kind == VALUE_INT ? v.i : 0);
            add_text(b, v.kind == VALUE_TEXT ? v.s : (crm_str){0});
        }
    }
}

static void write_name(sqlite_session *s, const query *in, plan *p, int64_t limit)
{
    buf *b = &s->counts.name;
    add_int(b, limit);
    for (uint32_t i = 0; i < p->count && s->sql.status == CRM_OK; i++) {
        plan_ids(s, in, &p->at[i]);
        add_statement(b, &s->sql);
        add_ranges(b, &p->at[i]);
    }
}

/* ---- finding and keeping --------------------------------------------------------------------- */

static kept_count **set_of(count_cache *c)
{
    return c->at[sql_hash(c->name.p, c->name.n) % COUNT_SETS];
}

static bool has_name(const kept_count *k, const count_cache *c)
{
    return k && k->n == c->name.n && memcmp(k->name, c->name.p, k->n) == 0;
}

/* By the name that was written. */
static bool find_named(sqlite_session *s, int64_t *count)
{
    count_cache *c = &s->counts;
    c->is_named = !c->name.failed && s->sql.status == CRM_OK && !s->sql.text.failed;
    *count = 0;
    kept_count **set = set_of(c);
    for (uint32_t i = 0; c->is_named && i < COUNT_WAYS; i++) {
        if (has_name(set[i], c) && set[i]->version == c->version) {
            *count = set[i]->count;
            return true;
        }
    }
    return false;
}

/* False: nothing is kept for what this session reads. */
static bool begin_name(sqlite_session *s)
{
    s->counts.is_named = false;
    buf_clear(&s->counts.name);
    return version_of(s, &s->counts.version);
}

bool counts_find(sqlite_session *s, const query *in, plan *p, int64_t limit, int64_t *count)
{
    if (!begin_name(s)) {
        return false;
    }
    write_name(s, in, p, limit);
    return find_named(s, count);
}

bool counts_find_statement(sqlite_session *s, int64_t *count)
{
    if (!begin_name(s)) {
        return false;
    }
    add_statement(&s->counts.name, &s->sql);
    return find_named(s, count);
}

/* Its own place, else one that is worth nothing now, else that of the others in turn. */
static kept_count **place_of(count_cache *c)
{
    kept_count **set = set_of(c), **out = NULL;
    for (uint32_t i = 0; i < COUNT_WAYS; i++) {
        if (has_name(set[i], c)) {
            return &set[i];
        }
        bool is_free = !set[i] || set[i]->version != c->version;
        out = is_free && !out ? &set[i] : out;
    }
    return out ? out : &set[c->turn++ % COUNT_WAYS];
}

void counts_keep(sqlite_session *s, int64_t count)
{
    count_cache *c = &s->counts;
    if (!c->is_named) {
        return;
    }
    kept_count **place = place_of(c), *k = realloc(*place, sizeof *k + c->name.n);
    if (!k) {
        return; /* what was there stands */
    }
    *k = (kept_count){.version = c->version, .count = count, .n = c->name.n};
    memcpy(k->name, c->name.p, c->name.n);
    *place = k;
}

void counts_init(count_cache *c)
{
    buf_init(&c->name, NAME_MAX_BYTES);
}

void counts_free(count_cache *c)
{
    buf_free(&c->name);
    for (uint32_t i = 0; i < COUNT_SETS * COUNT_WAYS; i++) {
        free(c->at[i / COUNT_WAYS][i % COUNT_WAYS]);
    }
}
