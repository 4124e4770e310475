/*
 * engine_memory_query.c - queries by looking at every row.
 *
 * This is the meaning of query.h and cond.h written down as plainly as possible; other engines are
 * right when they answer the same.
 */
#include "data/address.h"
#include "data/engine_memory.h"

/* ---- full text ------------------------------------------------------------------------------- */

/* In the recycle bin a row has no terms: those of its texts are made anew. */
static crm_status bin_text(arena *a, const mrow *row, const field *f, crm_str *out)
{
    value v = mrow_value(row, f->id);
    return f->type == FIELD_PHONE ? phone_terms(a, v.s, out) : text_terms(a, v.s, out);
}

static crm_str stored_text(const mrow *row, const field *f)
{
    for (uint32_t k = 0; k < row->term_count; k++) {
        if (row->terms[k].id == f->id) {
            return row->terms[k].v.s;
        }
    }
    return (crm_str){0};
}

static bool has_words(const query *q, const mrow *row, const uint64_t *shown)
{
    const entity *e = q->entity;
    crm_str texts[FIELDS_MAX];
    uint32_t count = 0;
    crm_status st = CRM_OK;
    arena *a = q->only_deleted ? arena_new(0) : NULL;
    for (uint32_t i = 0; i < e->search_count; i++) {
        const field *f = &e->fields[e->search_fields[i]];
        if (shown && !bits_has(shown, f->index)) {
            continue;
        }
        texts[count] = stored_text(row, f);
        st = a && !st ? bin_text(a, row, f, &texts[count]) : st;
        count++;
    }
    bool has_all = !st && engine_has_words(texts, count, q->terms);
    arena_free(a);
    return has_all;
}

/* Whether the word stands in a row before, or in one of the first `texts` texts of the last. */
static bool is_given(const mtable *t, uint32_t row, uint32_t texts, crm_str word)
{
    for (uint32_t i = 0; i <= row; i++) {
        const mrow *m = t->rows[i];
        for (uint32_t k = 0; k < (i < row ? m->term_count : texts); k++) {
            if (engine_has_word(m->terms[k].v.s, word, false)) {
                return true;
            }
        }
    }
    return false;
}

/* The near words of one text that nothing before it has. */
static void give_words(engine_op *op, const mtable *t, uint32_t row, uint32_t text)
{
    crm_str all = t->rows[row]->terms[text].v.s, rest = all, word;
    while (terms_next(&rest, ' ', &word)) {
        int d = text_distance(word, op->near, op->edits);
        crm_str before = {all.p, (size_t)(word.p - all.p)};
        if (engine_is_vocabulary(word) && d <= op->edits && !engine_has_word(before, word, false) &&
            !is_given(t, row, text, word)) {
            op->on_word(op->arg, word, d);
        }
    }
}

void memory_words(const mrun *r, engine_op *op)
{
    const mtable *t = snapshot_table(r->snapshot, op->entity->id);
    for (uint32_t i = 0; t && i < t->count; i++) {
        for (uint32_t k = 0; k < t->rows[i]->term_count; k++) {
            give_words(op, t, i, k);
        }
    }
}

/* ---- rows that others equal ------------------------------------------------------------------ */

/* Any element of the one, or the one value, in the other row. */
static bool is_equal_in(const subject *s, const field *f, const value *row, const value *other)
{
    crm_str rest = row[f->index].s, part;
    if (value_is_null(row[f->index]) || value_is_null(other[f->index])) {
        return false;
    }
    if (!engine_is_many(f)) {
        return subject_shares(s, f, row[f->index], f, other[f->index]);
    }
    while (str_split(&rest, '\n', &part)) {
        if (subject_shares(s, f, other[f->index], f, (value){.kind = VALUE_TEXT, .s = part})) {
            return true;
        }
    }
    return false;
}

static bool has_twin_below(const mrun *r, const engine_op *op, const mtable *t, uint32_t i)
{
    const entity *e = op->entity;
    value row[FIELDS_MAX], other[FIELDS_MAX];
    cond_env env = {0};
    subject s = {r->snapshot, &env, e, row, false};
    mrow_values(t->rows[i], e, row);
    for (uint32_t k = 0; k < i; k++) {
        mrow_values(t->rows[k], e, other);
        for (uint32_t f = 0; value_is_null(other[COL_DELETED_AT]) && f < e->field_count; f++) {
            if (bits_has(op->set, f) && is_equal_in(&s, &e->fields[f], row, other)) {
                return true;
            }
        }
    }
    return false;
}

void memory_twins(const mrun *r, engine_op *op)
{
    const mtable *t = snapshot_table(r->snapshot, op->entity->id);
    bool goes_on = true;
    for (uint32_t i = t ? t->count : 0; goes_on && i-- > 0 && op->count < op->query->limit;) {
        value row[FIELDS_MAX], given[FIELDS_MAX] = {0};
        mrow_values(t->rows[i], op->entity, row);
        if ((op->id && t->rows[i]->id >= op->id) || !value_is_null(row[COL_DELETED_AT])) {
            continue;
        }
        given[COL_ID] = value_int(t->rows[i]->id);
        op->count++;
        goes_on = op->on_row(op->arg, given, has_twin_below(r, op, t, i));
    }
}

/* ---- one row against a query ----------------------------------------------------------------- */

static bool is_granted(const query *q, const mrow *row, uint32_t bits)
{
    if (!q->rights) {
        return !q->terms.n || has_words(q, row, NULL);
    }
    for (uint32_t i = 0; i < q->rights->count; i++) {
        if ((bits & q->need) >> i & 1 &&
            (!q->terms.n || has_words(q, row, q->rights->at[i].fields))) {
            return true;
        }
    }
    return false;
}

static bool is_in_bin_asked(const query *q, const value *row)
{
    bool is_deleted = !value_is_null(row[COL_DELETED_AT]);
    return q->only_deleted ? is_deleted : q->with_deleted || !is_deleted;
}

bool memory_matches(const mrun *r, const query *q, const mrow *row, uint32_t *bits)
{
    value all[FIELDS_MAX];
    mrow_values(row, q->entity, all);
    subject s = {r->snapshot, &q->env, q->entity, all, false};
    *bits = subject_matched(s, q->rights);
    return is_in_bin_asked(q, all) && is_granted(q, row, *bits) && subject_judge(s, q->where);
}

/* ---- order ----------------------------------------------------------------------------------- */

static int compare_texts(const field *f, crm_str x, crm_str y)
{
    if (!field_is_keyed(f)) {
        return str_cmp(x, y);
    }
    crm_str kx, ky;
    arena *a = arena_new(0);
    bool has_keys =
        a && field_key_make(a, f, x, &kx) == CRM_OK && field_key_make(a, f, y, &ky) == CRM_OK;
    int order = has_keys ? str_cmp(kx, ky) : 0;
    arena_free(a);
    return order;
}

int memory_compare(const field *f, value x, value y)
{
    if (value_is_null(x) || value_is_null(y)) {
        return value_is_null(y) - value_is_null(x);
    }
    return x.kind == VALUE_TEXT ? compare_texts(f, x.s, y.s) : (x.i > y.i) - (x.i < y.i);
}

value memory_sort_value(arena *a, const field *f, const mrow *row)
{
    if (f->index == COL_ID) {
        return value_int(row->id);
    }
    const field *whole = f->part ? &f->entity->fields[f->index] : f;
    return address_value_of(a, f, mrow_value(row, whole->id));
}

/* The order of a row and the point (sort values, id). */
static int compare_in(arena *a, const query *q, const mrow *row, const value *at, int64_t id)
{
    bool descends = false;
    for (uint32_t i = 0; i < q->sort_count; i++) {
        const field *f = q->sorts[i].field;
        value own = memory_sort_value(a, f, row);
        int order = memory_compare(f, own, at[i]);
        descends = q->sorts[i].descending;
        if (order) {
            return descends ? -order : order;
        }
    }
    int order = (row->id > id) - (row->id < id);
    return descends ? -order : order;
}

/* Parts of an address are read out of it for the comparison. */
static arena *arena_for(const query *q)
{
    for (uint32_t i = 0; i < q->sort_count; i++) {
        if (q->sorts[i].field->part) {
            return arena_new(0);
        }
    }
    return NULL;
}

int memory_compare_to(const query *q, const mrow *row, const value *at, int64_t id)
{
    arena *a = arena_for(q);
    int order = compare_in(a, q, row, at, id);
    arena_free(a);
    return order;
}

int memory_compare_rows(const query *q, const mrow *x, const mrow *y)
{
    value at[SORTS_MAX];
    arena *a = arena_for(q);
    for (uint32_t i = 0; i < q->sort_count; i++) {
        at[i] = memory_sort_value(a, q->sorts[i].field, y);
    }
    int order = compare_in(a, q, x, at, y->id);
    arena_free(a);
    return order;
}

static int compare_found(const void *x, const void *y, void *arg)
{
    return memory_compare_rows(arg, ((const found *)x)->row, ((const found *)y)->row);
}

/* ---- what groups are made of ------------------------------------------------------------------
 */

bool memory_holds(const mrun *r, const query *q, const value *row, const cond *c)
{
    return subject_judge((subject){r->snapshot, &q->env, q->entity, row, false}, c);
}

value memory_value(const mrun *r, const query *q, const value *row, const field_path *p)
{
    subject s = {r->snapshot, &q->env, q->entity, row, false};
    value other[2][FIELDS_MAX];
    for (uint8_t i = 0; i + 1 < p->length; i++) {
        uint64_t used[4] = {0};
        bits_add(used, p->at[i + 1]->index);
        bool is_there = subject_load(&s, p->at[i]->ref, s.row[p->at[i]->index], other[i & 1]);
        s.entity = p->at[i]->ref;
        s.row = other[i & 1];
        if (!is_there || !subject_may_read(s, p->hop[i], used)) {
            return value_null();
        }
    }
    return address_value(r->arena, field_path_end(p), s.row);
}

/* ---- ops ------------------------------------------------------------------------------------- */

bool memory_give(engine_op *op, const entity *e, const mrow *row, uint32_t bits)
{
    value all[FIELDS_MAX];
    uint64_t selected[4];
    mrow_values(row, e, all);
    engine_selected(e, op->query, selected);
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (!bits_has(selected, i)) {
            all[i] = value_null();
        }
    }
    op->count++;
    return !op->on_row || op->on_row(op->arg, all, bits);
}

void memory_get(const mrun *r, engine_op *op)
{
    const entity *e = op->entity;
    const query *q = op->query;
    const mrow *row = table_find(snapshot_table(r->snapshot, e->id), op->id);
    op->status = CRM_NOT_FOUND;
    if (!row) {
        return;
    }
    value all[FIELDS_MAX];
    mrow_values(row, e, all);
    subject s = {r->snapshot, q ? &q->env : NULL, e, all, false};
    uint32_t bits = subject_matched(s, q ? q->rights : NULL);
    if (!q || !q->rights || (bits & q->need)) {
        op->status = CRM_OK;
        (void)!memory_give(op, e, row, bits);
    }
}

static crm_status gather(const mrun *r, const query *q, found *out, uint32_t *count)
{
    const mtable *t = snapshot_table(r->snapshot, q->entity->id);
    for (uint32_t i = 0; t && i < t->count; i++) {
        found f = {t->rows[i], 0};
        if (memory_is_over(r)) {
            return CRM_TIMEOUT;
        }
        bool is_after =
            !q->after.is_set || memory_compare_to(q, f.row, q->after.at, q->after.id) > 0;
        if (is_after && memory_matches(r, q, f.row, &f.bits)) {
            out[(*count)++] = f;
        }
    }
    return CRM_OK;
}

static crm_status find_rows(const mrun *r, const query *q, found **out, uint32_t *count)
{
    const mtable *t = snapshot_table(r->snapshot, q->entity->id);
    *count = 0;
    *out = calloc((t ? t->count : 0) + 1, sizeof(found));
    return *out ? gather(r, q, *out, count) : CRM_NOMEM;
}

crm_status memory_rows(const mrun *r, const query *q, found **out, uint32_t *count)
{
    query whole = *q;
    whole.after.is_set = false;
    return find_rows(r, &whole, out, count);
}

/* ---- a list that may stop -------------------------------------------------------------------- */

static void tell_place(engine_op *op, const mrow *row, int percent)
{
    const query *q = op->query;
    value all[FIELDS_MAX], at[FIELDS_MAX];
    mrow_values(row, q->entity, all);
    memset(at, 0, sizeof at);
    at[COL_ID] = all[COL_ID];
    for (uint32_t i = 0; i < q->sort_count; i++) {
        at[q->sorts[i].field->index] = all[q->sorts[i].field->index];
    }
    op->is_partial = true;
    op->on_place(op->arg, at, percent);
}

/* All rows outside the recycle bin that come after the cursor, in the order of the list. */
static found *rows_ahead(const mrun *r, const query *q, uint32_t *count)
{
    const mtable *t = snapshot_table(r->snapshot, q->entity->id);
    found *all = calloc((t ? t->count : 0) + 1, sizeof *all);
    *count = 0;
    for (uint32_t i = 0; all && t && i < t->count; i++) {
        const mrow *row = t->rows[i];
        bool is_after = !q->after.is_set || memory_compare_to(q, row, q->after.at, q->after.id) > 0;
        bool is_deleted = !value_is_null(mrow_value(row, q->entity->fields[COL_DELETED_AT].id));
        if (is_after && !is_deleted) {
            all[(*count)++].row = row;
        }
    }
    if (all) {
        qsort_r(all, *count, sizeof *all, compare_found, (void *)q);
    }
    return all;
}

static bool sees_all(const query *q)
{
    for (uint32_t i = 0; q->rights && i < q->rights->count; i++) {
        if (q->need >> i & 1 && engine_branch_is_all(&q->rights->at[i])) {
            return true;
        }
    }
    return !q->rights;
}

static void list_in_part(const mrun *r, engine_op *op)
{
    const query *q = op->query;
    query any = *q;
    uint32_t count, limit = q->limit ? q->limit : LIST_MAX, rows = r->session->engine->part_rows;
    int64_t end = clock_mono() + op->stop_after_us * 1000;
    const mrow *place = NULL;
    found *all = rows_ahead(r, q, &count);
    bool wants_more = true;
    any.where = NULL;
    op->status = all ? CRM_OK : CRM_NOMEM;
    for (uint32_t i = 0; all && i < count && wants_more && op->count < limit; i++) {
        uint32_t bits;
        bool is_late = (rows && i >= rows) || clock_mono() > end;
        if (memory_is_over(r)) {
            op->status = CRM_TIMEOUT;
            break;
        }
        if (is_late && !place && memory_gathers(op)) {
            memory_gather_begin(op);
            break;
        }
        if (is_late && place) {
            /* A share in rows that he may not read would tell of them. */
            tell_place(op, place, sees_all(q) ? (int)(100ull * i / count) : 0);
            break;
        }
        if (query_is_by_id_alone(q) || memory_matches(r, &any, all[i].row, &bits)) {
            place = all[i].row;
        }
        wants_more = !memory_matches(r, q, all[i].row, &bits) ||
                     memory_give(op, q->entity, all[i].row, bits);
    }
    free(all);
}

static bool may_stop(const engine_op *op)
{
    const query *q = op->query;
    return op->stop_after_us && !q->terms.n && !q->only_deleted && !q->with_deleted;
}

crm_status memory_list_rows(const mrun *r, const query *q, found **out, uint32_t *count)
{
    crm_status st = find_rows(r, q, out, count);
    if (st == CRM_OK) {
        qsort_r(*out, *count, sizeof **out, compare_found, (void *)q);
    }
    return st;
}

void memory_list_give(const mrun *r, engine_op *op, const found *all, uint32_t count)
{
    uint32_t limit = op->query->limit ? op->query->limit : LIST_MAX;
    bool wants_more = true;
    for (uint32_t i = 0; wants_more && i < count && i < limit; i++) {
        op->status = memory_is_over(r) ? CRM_TIMEOUT : CRM_OK;
        wants_more = !op->status && memory_give(op, op->query->entity, all[i].row, all[i].bits);
    }
}

static void list_whole(const mrun *r, engine_op *op)
{
    found *all;
    uint32_t count;
    op->status = memory_list_rows(r, op->query, &all, &count);
    if (op->status == CRM_OK) {
        memory_list_give(r, op, all, count);
    }
    free(all);
}

void memory_list(const mrun *r, engine_op *op)
{
    op->is_partial = false;
    if (op->query->gathered) {
        memory_gather(r, op);
    } else if (may_stop(op)) {
        list_in_part(r, op);
    } else if (op->stop_after_us && memory_gathers(op)) {
        memory_gather_tried(r, op);
    } else {
        list_whole(r, op);
    }
}

void memory_count(const mrun *r, engine_op *op)
{
    const query *q = op->query;
    mrun own = *r;
    found *all;
    uint32_t count, limit = q->limit ? q->limit : COUNT_CAP;
    int64_t end = clock_mono() + op->stop_after_us * 1000;
    if (op->stop_after_us && (!own.deadline || end < own.deadline)) {
        own.deadline = end;
    }
    op->status = memory_rows(&own, q, &all, &count);
    op->count = count < limit ? count : limit;
    op->is_partial = op->stop_after_us && op->status == CRM_TIMEOUT && !memory_is_stopped(r);
    op->status = op->is_partial ? CRM_OK : op->status;
    free(all);
}
