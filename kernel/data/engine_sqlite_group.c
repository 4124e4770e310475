/*
 * engine_sqlite_group.c - groups: one statement reads every row once and hands it to a table in C.
 *
 * GROUP BY would sort all rows in memory before it counts the first (measured at a million
 * rows: 1.1 to 2.2 s and 60 to 110 MB more than the scan); a hash table needs memory by the groups
 * only. The rows go through an aggregate function, so no row leaves SQLite's machine:
 *
 *   SELECT karkas_group(table, <key>…, <measured value>, <its condition>…) FROM …
 *
 * What a text compares by is taken from its column where it has one, and whether there is a value
 * at all is asked of the row's header: so most texts are neither read nor folded.
 */
#include "data/engine_sqlite_plan.h"
#include "data/group_table.h"

#define SLOTS_MAX (2 * GROUP_KEYS_MAX + 2 * MEASURES_MAX)
#define NO_SLOT   UINT8_MAX

/* What stands in a slot of a path: the value, what it compares by, whether there is one. */
typedef enum slot_kind { SLOT_VALUE, SLOT_KEY, SLOT_FILLED, SLOT_COND } slot_kind;

/* An argument of the aggregate function; what several keys and measures ask for is read once. */
typedef struct slot {
    slot_kind kind;
    const field_path *path;
    const cond *where;
} slot;

typedef struct group_run {
    const grouping *g;
    group_table *table;
    crm_status status;
    group_row row; /* what is the same of every row stays */
    slot slots[SLOTS_MAX];
    uint32_t slot_count;
    uint8_t key_slots[GROUP_KEYS_MAX], compared_slots[GROUP_KEYS_MAX];
    uint8_t input_slots[MEASURES_MAX], where_slots[MEASURES_MAX];
} group_run;

/* ---- the aggregate function ------------------------------------------------------------------ */

static value argument(sqlite3_value *v)
{
    switch (sqlite3_value_type(v)) {
    case SQLITE_INTEGER:
        return value_int(sqlite3_value_int64(v));
    case SQLITE_NULL:
        return value_null();
    default: { /* of a text these are its bytes, which need no 0 behind them */
        const char *p = sqlite3_value_blob(v);
        return (value){.kind = VALUE_TEXT, .s = {p, (size_t)sqlite3_value_bytes(v)}};
    }
    }
}

static value in_slot(sqlite3_value **v, uint8_t at)
{
    return at == NO_SLOT ? value_null() : argument(v[at]);
}

static void group_step(sqlite3_context *c, int n, sqlite3_value **v)
{
    (void)n;
    group_run *r = sqlite3_value_pointer(*v++, GROUP_POINTER);
    group_row *row = &r->row;
    row->seen = 0;
    for (uint32_t i = 0; i < r->g->key_count; i++) {
        row->keys[i] = in_slot(v, r->key_slots[i]);
        row->compared[i] = in_slot(v, r->compared_slots[i]);
    }
    for (uint32_t i = 0; i < r->g->measure_count; i++) {
        uint8_t where = r->where_slots[i];
        bool is_seen = where == NO_SLOT || sqlite3_value_int(v[where]);
        row->seen |= is_seen ? 1u << i : 0;
        row->inputs[i] = is_seen ? in_slot(v, r->input_slots[i]) : value_null();
    }
    r->status = group_table_add(r->table, row);
    if (r->status != CRM_OK) {
        sqlite3_result_error(c, "group", -1); /* ends the statement; r->status says why */
    }
}

static void group_final(sqlite3_context *c)
{
    sqlite3_result_null(c);
}

crm_status group_register(sqlite3 *db)
{
    int rc = sqlite3_create_function_v2(db, "karkas_group", -1, SQLITE_UTF8 | SQLITE_DIRECTONLY,
                                        NULL, NULL, group_step, group_final, NULL);
    return rc == SQLITE_OK ? CRM_OK : status_of(db, rc, "function");
}

/* ---- the statement --------------------------------------------------------------------------- */

/* A row on the way that is not there, or may not be read, gives NULL. */
static void add_value(sql *q, uint32_t alias, const field_path *p, uint8_t at)
{
    const field *f = p->at[at];
    if (at + 1 == p->length) {
        sql_column(q, alias, f);
        return;
    }
    uint32_t other = q->aliases++;
    uint64_t used[4] = {0};
    bits_add(used, p->at[at + 1]->index);
    sql_z(q, "(SELECT ");
    add_value(q, other, p, (uint8_t)(at + 1));
    sql_z(q, " FROM ");
    sql_name(q, 'e', f->ref->id);
    sql_z(q, " ");
    sql_name(q, 't', other);
    sql_z(q, " WHERE ");
    sql_column(q, other, &f->ref->fields[COL_ID]);
    sql_z(q, "=");
    sql_column(q, alias, f);
    if (p->hop[at]) {
        sql_z(q, " AND ");
        sql_branches(q, f->ref, other, p->hop[at], engine_hop_branches(p->hop[at], used));
    }
    sql_z(q, ")");
}

/* Whether a column of the table's own holds what the text at its end compares by. */
static bool has_key_column(const layout *l, const field_path *p)
{
    const field *f = field_path_end(p);
    return p->length == 1 && !f->part && field_is_keyed(f) && layout_column(l, f->id) & COLUMN_KEY;
}

static void add_slot(sql *q, const entity *e, const slot *s)
{
    switch (s->kind) {
    case SLOT_VALUE:
        add_value(q, 0, s->path, 0);
        break;
    case SLOT_KEY:
        sql_ordered(q, 0, field_path_end(s->path));
        break;
    case SLOT_FILLED:
        sql_z(q, "nullif(");
        add_value(q, 0, s->path, 0);
        sql_z(q, " IS NOT NULL,0)");
        break;
    case SLOT_COND:
        sql_cond(q, e, 0, s->where);
        break;
    }
}

static uint8_t take_slot(group_run *r, slot s)
{
    for (uint32_t i = 0; i < r->slot_count; i++) {
        const slot *other = &r->slots[i];
        bool is_same = other->kind == s.kind && other->where == s.where;
        if (is_same && (!s.path || field_path_equal(other->path, s.path))) {
            return (uint8_t)i;
        }
    }
    r->slots[r->slot_count] = s;
    return (uint8_t)r->slot_count++;
}

static uint8_t take_input(group_run *r, const layout *l, uint32_t at)
{
    const measure *m = &r->g->measures[at];
    slot_kind kind = SLOT_VALUE;
    if (m->kind == MEASURE_COUNT || m->kind == MEASURE_SHARE) {
        return NO_SLOT;
    }
    if (m->kind == MEASURE_FILLED) {
        kind = SLOT_FILLED;
    } else if (m->kind == MEASURE_DISTINCT && has_key_column(l, &m->path)) {
        kind = SLOT_KEY;
        r->row.is_key |= 1u << at;
    }
    return take_slot(r, (slot){.kind = kind, .path = &m->path});
}

static void take_slots(group_run *r, const layout *l)
{
    for (uint32_t i = 0; i < r->g->key_count; i++) {
        const field_path *p = &r->g->keys[i].path;
        bool has_key = has_key_column(l, p);
        r->key_slots[i] = take_slot(r, (slot){.kind = SLOT_VALUE, .path = p});
        r->compared_slots[i] =
            has_key ? take_slot(r, (slot){.kind = SLOT_KEY, .path = p}) : NO_SLOT;
    }
    for (uint32_t i = 0; i < r->g->measure_count; i++) {
        const cond *where = r->g->measures[i].where;
        r->input_slots[i] = take_input(r, l, i);
        r->where_slots[i] =
            where ? take_slot(r, (slot){.kind = SLOT_COND, .where = where}) : NO_SLOT;
    }
}

/* ---- which way to the rows ------------------------------------------------------------------- */

#define FEW_SHARE 8 /* reading a row through an index costs about as much as scanning so many */

/* One walk for each branch that is needed; a row of several is read by the first. */
typedef struct ways {
    walk at[BRANCHES_MAX];
    uint32_t count;
} ways;

static bool find_ways(sql *q, const query *rows, ways *out)
{
    bool is_whole = !rows->rights || plan_sees_all(rows);
    uint32_t branch_count = is_whole ? 1 : rows->rights->count;
    for (uint32_t i = 0; i < branch_count; i++) {
        const branch *b = is_whole ? NULL : &rows->rights->at[i];
        if (b && !(rows->need >> i & 1)) {
            continue;
        }
        if (!walk_find(q, rows, b, ENGINE_COUNT, &out->at[out->count])) {
            return false;
        }
        out->count += out->at[out->count].ranges > 0;
    }
    return true;
}

static bool is_in_index(const walk *w, const cond *c)
{
    bool is_bound =
        c->path_length == 1 && !c->path[0]->part && c->op >= COND_EQ && c->op <= COND_NONE;
    for (uint32_t i = 0; is_bound && i < w->index->count; i++) {
        if (w->index->field[i] == c->path[0]->index) {
            return true;
        }
    }
    return false;
}

/* What of the condition the index knows by itself. */
static const cond *known_to_index(arena *a, const walk *w, const cond *c)
{
    const cond *all = NULL;
    if (!c || c->op != COND_AND) {
        return c && is_in_index(w, c) ? c : NULL;
    }
    for (const cond *child = c->first; child; child = child->next) {
        all = is_in_index(w, child) ? cond_and(a, all, child) : all;
    }
    return all;
}

static crm_status newest_id(sqlite_session *s, const query *rows, int64_t *out)
{
    sql *q = &s->sql;
    sql_start(q, s->layout, &rows->env);
    sql_z(q, "SELECT coalesce(max(");
    sql_column(q, 0, &rows->entity->fields[COL_ID]);
    sql_z(q, "),0) FROM ");
    sql_name(q, 'e', rows->entity->id);
    sql_z(q, " t0");
    return statement_int(s, out);
}

/* There are no statistics to trust, so the entries of the indexes are counted, up to a limit. */
static bool are_few(sqlite_session *s, const query *rows, const ways *x)
{
    int64_t limit, all = 0;
    if (newest_id(s, rows, &limit) != CRM_OK) {
        return false;
    }
    limit = limit / FEW_SHARE > s->lookup_max ? limit / FEW_SHARE : s->lookup_max;
    for (uint32_t i = 0; i < x->count && all < limit; i++) {
        plan one = {.at = {x->at[i]}, .count = 1};
        query entries = {.entity = rows->entity, .env = rows->env};
        int64_t count = limit;
        entries.where = known_to_index(s->arena, &x->at[i], rows->where);
        one.at[0].branch = NULL;
        if (merge_count(s, &entries, &one, limit, &count) != CRM_OK) {
            return false;
        }
        all += count;
    }
    return all < limit;
}

/* `by_key`: fields of which it is enough what they compare by. */
static void add_slot_field(const slot *s, uint64_t used[4], uint64_t by_key[4])
{
    if (s->kind == SLOT_COND) {
        cond_fields(s->where, used);
    } else {
        bits_add(s->kind == SLOT_KEY ? by_key : used, s->path->at[0]->index);
    }
}

static void used_fields(const group_run *r, uint64_t used[4], uint64_t by_key[4])
{
    const query *rows = &r->g->rows;
    for (uint32_t i = 0; i < r->slot_count; i++) {
        add_slot_field(&r->slots[i], used, by_key);
    }
    cond_fields(rows->where, used);
    bool is_narrowed = rows->rights && !plan_sees_all(rows);
    for (uint32_t i = 0; is_narrowed && i < rows->rights->count; i++) {
        const branch *b = &rows->rights->at[i];
        if (b->via_count) {
            bits_add(used, b->via[0]->index);
        } else {
            cond_fields(b->where, used);
        }
    }
}

/* Of a text with a key an index holds that only, which says nothing of the text. */
static bool covers(const entity *e, const entity_index *x, const uint64_t used[4],
                   const uint64_t by_key[4])
{
    for (uint32_t i = 0; i < e->field_count; i++) {
        bool is_held = i == COL_ID || (!bits_has(used, i) && !bits_has(by_key, i));
        for (uint32_t k = 0; !is_held && k < x->count; k++) {
            is_held = x->field[k] == i && !engine_is_many(&e->fields[i]) &&
                      (!field_is_keyed(&e->fields[i]) || !bits_has(used, i));
        }
        if (!is_held) {
            return false;
        }
    }
    return !x->is_unique && !x->is_sparse && !x->empty_count &&
           !engine_is_many(&e->fields[x->field[0]]);
}

/* The narrowest index that holds all that is asked, else the table itself. */
static walk scan(const group_run *r)
{
    const entity *e = r->g->rows.entity;
    uint64_t used[4] = {0}, by_key[4] = {0};
    walk w = {.by = WALK_IDS, .ranges = 1};
    used_fields(r, used, by_key);
    for (uint32_t i = 0; i < e->index_count; i++) {
        const entity_index *x = &e->indexes[i];
        if (covers(e, x, used, by_key) && (!w.index || x->count < w.index->count)) {
            w = (walk){.by = WALK_INDEX, .index = x, .ranges = 1};
        }
    }
    return w;
}

static void find_access(sqlite_session *s, const group_run *r, ways *out)
{
    query rows = r->g->rows;
    rows.sort_count = 0;
    *out = (ways){.count = 0};
    if (rows.terms.n || rows.with_deleted || rows.only_deleted) {
        *out = (ways){.at = {{.by = WALK_FREE, .ranges = 1}}, .count = 1};
        return;
    }
    sql_start(&s->sql, s->layout, &rows.env);
    if (!find_ways(&s->sql, &rows, out) || !are_few(s, &rows, out)) {
        *out = (ways){.at = {scan(r)}, .count = 1};
    }
}

/* ---- running --------------------------------------------------------------------------------- */

/* The comparisons stand in the text whole, so one statement reads all ranges of the walk. */
static void add_walk_rows(sql *q, const query *rows, const ways *x, uint32_t at)
{
    walk w = x->at[at];
    w.head_count = w.held_count = 0;
    plan_rows(q, rows, &w);
    if (w.index && w.index->is_sparse) {
        sql_z(q, " AND ");
        sql_column(q, 0, &rows->entity->fields[w.index->field[0]]);
        sql_z(q, " IS NOT NULL");
    }
    for (uint32_t i = 0; i < at; i++) {
        sql_z(q, " AND (");
        sql_branch(q, rows->entity, 0, x->at[i].branch);
        sql_z(q, ") IS NOT TRUE");
    }
}

static crm_status read_rows(sqlite_session *s, group_run *r, const ways *x, uint32_t at)
{
    crm_status st;
    sql *q = &s->sql;
    sql_start(q, s->layout, &r->g->rows.env);
    sql_z(q, "SELECT karkas_group(");
    sql_param(q, (param){.kind = PARAM_POINTER, .s = {(const char *)r, 0}});
    for (uint32_t i = 0; i < r->slot_count; i++) {
        sql_z(q, ",");
        add_slot(q, r->g->rows.entity, &r->slots[i]);
    }
    sql_z(q, ")");
    add_walk_rows(q, &r->g->rows, x, at);
    sqlite3_stmt *stmt = statement_get(s, &st);
    if (!stmt) {
        return st;
    }
    int rc = sqlite3_step(stmt);
    if (r->status == CRM_OK && rc != SQLITE_ROW) {
        st = status_of(s->db, rc, "group");
    }
    sqlite3_reset(stmt);
    return r->status ? r->status : st;
}

void query_group(sqlite_session *s, engine_op *op)
{
    group_run r = {.g = op->grouping, .table = group_table_new(op->grouping, s->group_memory)};
    ways x;
    if (!r.table) {
        op->status = CRM_NOMEM;
        return;
    }
    take_slots(&r, s->layout);
    find_access(s, &r, &x);
    for (uint32_t i = 0; op->status == CRM_OK && i < x.count; i++) {
        op->status = read_rows(s, &r, &x, i);
    }
    if (op->status == CRM_OK) {
        op->status = group_table_give(r.table, op);
    } else if (op->status == CRM_LIMIT) {
        op->count = group_table_spent(r.table);
    }
    group_table_free(r.table);
}
