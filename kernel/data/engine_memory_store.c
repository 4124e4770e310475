/* engine_memory_store.c - rows, tables, snapshots and the ops that change them. Under the lock. */
#include "data/engine_memory.h"

#define ROWS_LEAST 16 /* that a table has room for */

/* ---- snapshots ------------------------------------------------------------------------------- */

static void table_unref(mtable *t)
{
    if (t && atomic_fetch_sub(&t->refs, 1) == 1) {
        free(t->rows);
        free(t);
    }
}

msnapshot *snapshot_ref(msnapshot *s)
{
    atomic_fetch_add(&s->refs, 1);
    return s;
}

void snapshot_unref(msnapshot *s)
{
    if (s && atomic_fetch_sub(&s->refs, 1) == 1) {
        for (uint32_t i = 0; i < s->count; i++) {
            table_unref(s->tables[i]);
        }
        free(s);
    }
}

msnapshot *snapshot_copy(const msnapshot *s, uint32_t count)
{
    uint32_t old = s ? s->count : 0;
    count = count > old ? count : old;
    msnapshot *copy = calloc(1, sizeof *copy + count * sizeof copy->tables[0]);
    if (!copy) {
        return NULL;
    }
    atomic_init(&copy->refs, 1);
    copy->count = count;
    for (uint32_t i = 0; i < old; i++) {
        copy->tables[i] = s->tables[i];
        if (copy->tables[i]) {
            atomic_fetch_add(&copy->tables[i]->refs, 1);
        }
    }
    return copy;
}

static mtable *table_copy(const mtable *t)
{
    mtable *copy = calloc(1, sizeof *copy);
    uint32_t cap = (t ? t->count : 0) + ROWS_LEAST;
    const mrow **rows = calloc(cap, sizeof *rows);
    if (!copy || !rows) {
        free(copy);
        free(rows);
        return NULL;
    }
    atomic_init(&copy->refs, 1);
    copy->rows = rows;
    copy->cap = cap;
    copy->next_id = t ? t->next_id : 1;
    copy->count = t ? t->count : 0;
    if (copy->count) {
        memcpy(rows, t->rows, copy->count * sizeof *rows);
    }
    return copy;
}

mtable *snapshot_own(msnapshot *s, uint32_t entity_id)
{
    if (entity_id >= s->count) {
        return NULL;
    }
    mtable *t = s->tables[entity_id];
    if (t && atomic_load(&t->refs) == 1) {
        return t;
    }
    mtable *copy = table_copy(t);
    if (copy) {
        table_unref(t);
        s->tables[entity_id] = copy;
    }
    return copy;
}

const mtable *snapshot_table(const msnapshot *s, uint32_t entity_id)
{
    return entity_id < s->count ? s->tables[entity_id] : NULL;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* The position of the first row whose id is not below `id`. */
static uint32_t position(const mtable *t, int64_t id)
{
    uint32_t low = 0, high = t->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (t->rows[middle]->id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

const mrow *table_find(const mtable *t, int64_t id)
{
    uint32_t at = t ? position(t, id) : 0;
    return t && at < t->count && t->rows[at]->id == id ? t->rows[at] : NULL;
}

value mrow_value(const mrow *row, uint32_t field_id)
{
    for (uint32_t i = 0; i < row->count; i++) {
        if (row->cells[i].id == field_id) {
            return row->cells[i].v;
        }
    }
    return value_null();
}

void mrow_values(const mrow *row, const entity *e, value *out)
{
    for (uint32_t i = 0; i < e->field_count; i++) {
        out[i] = mrow_value(row, e->fields[i].id);
    }
    out[COL_ID] = value_int(row->id);
}

static mrow *row_new(arena *a, const mrow *from, uint32_t more)
{
    mrow *row = ARENA_NEW(a, mrow);
    mcell *cells = ARENA_ARRAY(a, mcell, (from ? from->count : 0) + more + 1);
    if (!row || !cells) {
        return NULL;
    }
    if (from) {
        *row = *from;
        memcpy(cells, from->cells, from->count * sizeof *cells);
    }
    row->cells = cells;
    return row;
}

static void row_set(arena *a, mrow *row, uint32_t field_id, value v)
{
    for (uint32_t i = 0; i < row->count; i++) {
        if (row->cells[i].id == field_id) {
            row->cells[i].v = value_dup(a, v);
            return;
        }
    }
    if (!value_is_null(v)) {
        row->cells[row->count++] = (mcell){field_id, value_dup(a, v)};
    }
}

static crm_status table_put(mtable *t, const mrow *row)
{
    uint32_t at = position(t, row->id);
    if (at < t->count && t->rows[at]->id == row->id) {
        t->rows[at] = row;
        return CRM_OK;
    }
    if (t->count == t->cap) {
        uint32_t cap = t->cap ? 2 * t->cap : ROWS_LEAST;
        const mrow **grown = realloc(t->rows, sizeof *grown * cap);
        if (!grown) {
            return CRM_NOMEM;
        }
        t->rows = grown;
        t->cap = cap;
    }
    memmove(t->rows + at + 1, t->rows + at, (t->count - at) * sizeof *t->rows);
    t->rows[at] = row;
    t->count++;
    return CRM_OK;
}

static void table_remove(mtable *t, int64_t id)
{
    uint32_t at = position(t, id);
    memmove(t->rows + at, t->rows + at + 1, (t->count - at - 1) * sizeof *t->rows);
    t->count--;
}

/* ---- uniqueness ------------------------------------------------------------------------------ */

static bool is_same_text(const field *f, crm_str x, crm_str y)
{
    if (!field_is_keyed(f)) {
        return str_eq(x, y);
    }
    crm_str kx, ky;
    arena *a = arena_new(0);
    bool same = a && field_key_make(a, f, x, &kx) == CRM_OK &&
                field_key_make(a, f, y, &ky) == CRM_OK && str_eq(kx, ky);
    arena_free(a);
    return same;
}

static bool shares_element(const field *f, crm_str xs, crm_str ys)
{
    crm_str x, y;
    while (str_split(&xs, '\n', &x)) {
        crm_str rest = ys;
        while (str_split(&rest, '\n', &y)) {
            if (is_same_text(f, x, y)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_same(const field *f, value x, value y)
{
    if (value_is_null(x) || value_is_null(y) || x.kind != y.kind) {
        return false;
    }
    if (x.kind != VALUE_TEXT) {
        return x.i == y.i;
    }
    return engine_is_many(f) ? shares_element(f, x.s, y.s) : is_same_text(f, x.s, y.s);
}

static bool is_twin(const mrow *other, const entity *e, const entity_index *x, const value *row)
{
    for (uint32_t i = 0; i < x->count; i++) {
        const field *f = &e->fields[x->field[i]];
        if (!is_same(f, mrow_value(other, f->id), row[f->index])) {
            return false;
        }
    }
    return true;
}

int64_t memory_twin(const mtable *t, const entity *e, const entity_index *x, int64_t id,
                    const value *row)
{
    if (!value_is_null(row[COL_DELETED_AT])) {
        return 0;
    }
    for (uint32_t i = 0; t && i < t->count; i++) {
        const mrow *other = t->rows[i];
        if (other->id != id && value_is_null(mrow_value(other, e->fields[COL_DELETED_AT].id)) &&
            is_twin(other, e, x, row)) {
            return other->id;
        }
    }
    return 0;
}

/* Many-valued indexes first, as SQLite's engine has to; else the declared order. */
static crm_status check_unique(const mtable *t, engine_op *op, const value *row)
{
    const entity *e = op->entity;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t i = 0; i < e->index_count; i++) {
            const entity_index *x = &e->indexes[i];
            bool is_many = engine_is_many(&e->fields[x->field[0]]);
            if (!x->is_unique || is_many != (pass == 0)) {
                continue;
            }
            op->refused_id = memory_twin(t, e, x, op->id, row);
            if (op->refused_id) {
                op->refused = x;
                return CRM_CONFLICT;
            }
        }
    }
    return CRM_OK;
}

/* ---- ops ------------------------------------------------------------------------------------- */

static crm_status insert(memory_engine *m, mtable *t, engine_op *op)
{
    const entity *e = op->entity;
    op->id = 0;
    crm_status st = check_unique(t, op, op->row);
    mrow *row = st == CRM_OK ? row_new(m->arena, NULL, e->field_count) : NULL;
    if (!row) {
        return st == CRM_OK ? CRM_NOMEM : st;
    }
    for (uint32_t i = COL_REV; i < e->field_count; i++) {
        row_set(m->arena, row, e->fields[i].id, op->row[i]);
    }
    row->id = op->id = t->next_id++;
    return table_put(t, row);
}

static crm_status find(const mtable *t, const engine_op *op, const mrow **out)
{
    *out = table_find(t, op->id);
    if (!*out) {
        return CRM_NOT_FOUND;
    }
    value rev = mrow_value(*out, op->entity->fields[COL_REV].id);
    return op->if_rev && rev.i != op->if_rev ? CRM_STALE : CRM_OK;
}

static crm_status update(memory_engine *m, mtable *t, engine_op *op)
{
    const entity *e = op->entity;
    const mrow *was;
    crm_status st = find(t, op, &was);
    mrow *row = st == CRM_OK ? row_new(m->arena, was, e->field_count) : NULL;
    value all[FIELDS_MAX];
    if (!row) {
        return st == CRM_OK ? CRM_NOMEM : st;
    }
    for (uint32_t i = COL_REV; i < e->field_count; i++) {
        if (bits_has(op->set, i)) {
            row_set(m->arena, row, e->fields[i].id, op->row[i]);
        }
    }
    mrow_values(row, e, all);
    st = check_unique(t, op, all);
    return st == CRM_OK ? table_put(t, row) : st;
}

static crm_status set_terms(memory_engine *m, mtable *t, const engine_op *op)
{
    const entity *e = op->entity;
    const mrow *was = table_find(t, op->id);
    mrow *row = was ? row_new(m->arena, was, 0) : NULL;
    if (!row) {
        return was ? CRM_NOMEM : CRM_OK;
    }
    row->terms = NULL;
    bool is_in_bin = !value_is_null(mrow_value(row, e->fields[COL_DELETED_AT].id));
    row->term_count = op->terms && !is_in_bin ? e->search_count : 0;
    if (row->term_count) {
        row->terms = ARENA_ARRAY(m->arena, mcell, row->term_count);
        if (!row->terms) {
            return CRM_NOMEM;
        }
    }
    for (uint32_t i = 0; i < row->term_count; i++) {
        row->terms[i] = (mcell){e->fields[e->search_fields[i]].id,
                                value_dup(m->arena, value_text(op->terms[i]))};
    }
    return table_put(t, row);
}

static crm_status change_row(memory_engine *m, engine_op *op)
{
    const mrow *was;
    mtable *t = m->tx ? snapshot_own(m->tx, op->entity->id) : NULL;
    if (!t) {
        return m->tx ? CRM_NOMEM : CRM_MISUSE;
    }
    crm_status st;
    switch (op->kind) {
    case ENGINE_INSERT:
        st = insert(m, t, op);
        break;
    case ENGINE_UPDATE:
        st = update(m, t, op);
        break;
    case ENGINE_DELETE:
        st = find(t, op, &was);
        if (st == CRM_OK) {
            table_remove(t, op->id);
        }
        break;
    default:
        return set_terms(m, t, op);
    }
    if (st == CRM_OK) {
        atomic_fetch_add(&m->rows_written, 1);
    }
    return st;
}

/* ---- transactions ---------------------------------------------------------------------------- */

static void forget(msnapshot **s)
{
    snapshot_unref(*s);
    *s = NULL;
}

static void forget_saved(memory_engine *m)
{
    while (m->saved_count) {
        forget(&m->saved[--m->saved_count]);
    }
}

static crm_status begin(memory_engine *m)
{
    if (m->tx) {
        return CRM_MISUSE;
    }
    m->tx = snapshot_copy(m->committed, 0);
    return m->tx ? CRM_OK : CRM_NOMEM;
}

static crm_status commit(memory_engine *m)
{
    if (!m->tx) {
        return CRM_MISUSE;
    }
    snapshot_unref(m->committed);
    m->committed = m->tx;
    m->tx = NULL;
    forget_saved(m);
    atomic_fetch_add(&m->commits, 1);
    return CRM_OK;
}

static crm_status savepoint(memory_engine *m)
{
    if (!m->tx || m->saved_count == sizeof m->saved / sizeof m->saved[0]) {
        return CRM_MISUSE;
    }
    msnapshot *copy = snapshot_copy(m->tx, 0);
    if (copy) {
        m->saved[m->saved_count++] = copy;
    }
    return copy ? CRM_OK : CRM_NOMEM;
}

static crm_status release(memory_engine *m)
{
    if (!m->saved_count) {
        return CRM_MISUSE;
    }
    forget(&m->saved[--m->saved_count]);
    return CRM_OK;
}

static crm_status rollback_to(memory_engine *m)
{
    if (!m->saved_count) {
        return CRM_MISUSE;
    }
    snapshot_unref(m->tx);
    m->tx = m->saved[--m->saved_count];
    m->saved[m->saved_count] = NULL;
    return CRM_OK;
}

void memory_write(memory_engine *m, engine_op *op)
{
    op->status = CRM_OK;
    switch (op->kind) {
    case ENGINE_BEGIN:
        op->status = begin(m);
        break;
    case ENGINE_COMMIT:
        op->status = commit(m);
        break;
    case ENGINE_ROLLBACK:
        forget(&m->tx);
        forget_saved(m);
        break;
    case ENGINE_SAVEPOINT:
        op->status = savepoint(m);
        break;
    case ENGINE_RELEASE:
        op->status = release(m);
        break;
    case ENGINE_ROLLBACK_TO:
        op->status = rollback_to(m);
        break;
    default:
        op->status = change_row(m, op);
    }
}
