/*
 * records_read.c - lists and single records under rights, now or later.
 *
 * Rows go straight from the engine's page to the caller, without copies. Only when titles of other
 * entities' records are wanted are the page's rows kept until a second batch in the same snapshot
 * has brought them. Titles of people come from the call's people snapshot at once.
 */
#include "data/records_private.h"

typedef struct kept_row {
    value *row; /* NULL: the caller has it */
    int64_t id;
    uint32_t matched;
} kept_row;

enum { OP_BOUND, OP_PLACE, OP_ROWS, OP_COUNT, OPS }; /* of the first batch */

typedef struct read_state {
    record_read *r;
    crm_ctx *call;
    const entity *entity;
    const branches *rights; /* NULL: system */
    query list, counting;
    record_places places;
    engine_op ops[OPS];
    engine_batch batch;
    uint64_t wanted[4];
    uint32_t page, asked, given, kept_count;
    bool keeps, is_stopped;
    crm_status status; /* of what a sink could not do */

    record_shown shown; /* to the reader of the row before, who often sees the same of this one */
    crm_str *labels;    /* by field index */
    kept_row *kept;
    label_set set;
    engine_batch label_batch;
} read_state;

/* ---- what is asked --------------------------------------------------------------------------- */

/* All fields that may leave the server. */
static void add_open(const entity *e, uint64_t out[4])
{
    records_hidden(e, out);
    for (int i = 0; i < 4; i++) {
        out[i] = ~out[i];
    }
}

static crm_status check_select(read_state *s)
{
    uint64_t shown[4], hidden[4];
    bool is_some = bits_any(s->r->query->select);
    records_hidden(s->entity, hidden);
    records_asked_fields(s->call, s->r->query, shown);
    for (uint32_t i = 0; i < s->entity->field_count; i++) {
        bool is_shown = bits_has(shown, i) && !bits_has(hidden, i);
        if (is_some && bits_has(s->r->query->select, i) && !is_shown) {
            return records_unknown_field(s->call, s->entity, s->entity->fields[i].name);
        }
        if (is_shown && (!is_some || bits_has(s->r->query->select, i))) {
            bits_add(s->wanted, i);
        }
    }
    return CRM_OK;
}

/* The engine gives what is shown, what the cursor is made of, and what `_can` is judged by. */
static void select_columns(read_state *s)
{
    const entity *e = s->entity;
    query *q = &s->list;
    if (!bits_any(q->select)) {
        if (!s->r->want_labels) {
            return;
        }
        add_open(e, q->select);
    }
    const uint16_t always[] = {COL_ID, COL_REV, COL_DELETED_AT, COL_MARKS, e->stage_field};
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++) {
        bits_add(q->select, always[i]);
    }
    for (uint32_t i = 0; i < q->sort_count; i++) {
        bits_add(q->select, q->sorts[i].field->index);
    }
    bits_add(s->wanted, COL_ID);
    bits_add(s->wanted, COL_REV);
}

static crm_status narrow(read_state *s)
{
    uint64_t used[4] = {0};
    s->list = *s->r->query;
    for (uint32_t i = 0; i < s->list.sort_count; i++) {
        uint16_t index = s->list.sorts[i].field->index;
        if (index == COL_DELETED_AT && s->list.only_deleted) {
            continue; /* the bin is in the order in which it was filled */
        }
        bits_add(used, index);
    }
    crm_status st = records_narrow(s->call, &s->list, used);
    s->rights = s->list.rights;
    st = st ? st : check_select(s);
    select_columns(s);
    return st;
}

static bool has_foreign_labels(const read_state *s)
{
    const entity *e = s->entity;
    for (uint32_t i = 0; i < e->field_count; i++) {
        const field *f = &e->fields[i];
        bool is_ref = f->type == FIELD_REF || f->type == FIELD_REFS;
        if (bits_has(s->wanted, i) && is_ref && f->ref && !label_is_of_people(s->call->reg, f)) {
            return true;
        }
    }
    return false;
}

/* ---- giving rows ----------------------------------------------------------------------------- */

static crm_str label_of(read_state *s, shown_ref r, int64_t id, uint64_t denied[4])
{
    const field *f = &s->entity->fields[r.field];
    crm_str label = {0};
    if (r.title == TITLE_OF_USER) {
        const person *p = people_user(s->call->people, id);
        label = p ? p->name : label;
    } else if (r.title == TITLE_OF_DEPARTMENT) {
        const department *d = people_department(s->call->people, id);
        label = d ? d->title : label;
    } else if (!labels_find(&s->set, f->ref, id, &label)) {
        bits_add(denied, r.field);
    }
    return label;
}

static void label_row(read_state *s, const value *row, uint64_t denied[4])
{
    for (uint32_t i = 0; i < s->shown.ref_count; i++) {
        shown_ref r = s->shown.refs[i];
        const value *v = &row[r.field];
        const field *f = &s->entity->fields[r.field];
        s->labels[r.field] = v->kind == VALUE_INT    ? label_of(s, r, v->i, denied)
                             : v->kind == VALUE_TEXT ? labels_of_refs(&s->set, s->call, f, v->s)
                                                     : (crm_str){0};
    }
}

static void judge(read_state *s, uint32_t matched)
{
    record_shown_to(&s->shown, s->call->reg, s->rights, s->wanted, matched);
}

static bool give(read_state *s, const value *row, uint32_t matched)
{
    record_view v = {.entity = s->entity, .row = row, .labels = s->labels};
    judge(s, matched);
    v.visible = s->shown.visible;
    v.writable = s->shown.writable;
    v.actions = s->shown.actions;
    v.fields = s->shown.fields;
    v.field_count = s->shown.field_count;
    if (s->labels) {
        label_row(s, row, v.denied);
    }
    if (!s->r->on_row(s->r->arg, &v)) {
        s->is_stopped = true;
    }
    return !s->is_stopped;
}

/* Notes the records whose titles the row needs. */
static crm_status add_row_labels(read_state *s, const value *row, uint32_t matched)
{
    crm_status st = CRM_OK;
    judge(s, matched);
    for (uint32_t i = 0; !st && i < s->shown.ref_count; i++) {
        shown_ref r = s->shown.refs[i];
        const entity *e = s->entity->fields[r.field].ref;
        const value *v = &row[r.field];
        if (r.title == TITLE_OF_RECORD && v->kind == VALUE_INT) {
            st = labels_add(&s->set, s->call, e, v->i);
        } else if (r.title == TITLE_OF_RECORD && v->kind == VALUE_TEXT) {
            st = labels_add_refs(&s->set, s->call, e, v->s);
        }
    }
    return st;
}

static bool keep(read_state *s, const value *row, uint32_t matched)
{
    kept_row *k = &s->kept[s->kept_count++];
    k->matched = matched;
    k->row = row_dup(s->call->arena, s->entity, row);
    s->status = k->row ? CRM_OK : CRM_NOMEM;
    return !s->status;
}

/* From the first row on that needs a title rows wait for the second batch. */
static bool give_or_keep(read_state *s, const value *row, uint32_t matched)
{
    s->status = s->keeps ? add_row_labels(s, row, matched) : CRM_OK;
    if (s->status) {
        return false;
    }
    return s->set.count ? keep(s, row, matched) : give(s, row, matched);
}

/* ---- rows that the caller kept ----------------------------------------------------------------
 */

/* The page's last row is read, since the cursor is made of it; the one behind it only tells that
 * there is more. */
static bool is_kept(void *arg, int64_t id)
{
    read_state *s = arg;
    uint32_t place = ++s->asked;
    return place > s->page || (place < s->page && s->r->is_kept(s->r->arg, id));
}

static bool give_own(read_state *s, int64_t id)
{
    s->is_stopped = s->is_stopped || !s->r->on_kept(s->r->arg, id);
    return !s->is_stopped;
}

static bool on_kept(void *arg, int64_t id)
{
    read_state *s = arg;
    if (s->given == s->page) {
        s->r->has_more = true;
        return false;
    }
    s->given++;
    if (s->set.count) {
        s->kept[s->kept_count++] = (kept_row){.id = id};
        return true;
    }
    return give_own(s, id);
}

/* ---- rows that were read -----------------------------------------------------------------------
 */

static void keep_place(read_state *s, const value *row)
{
    s->r->next = cursor_write(s->call->arena, &s->list, row);
}

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    read_state *s = arg;
    if (s->given == s->page) {
        s->r->has_more = true;
        return false;
    }
    if (s->r->id && !s->list.with_deleted && !value_is_null(row[COL_DELETED_AT])) {
        return false; /* a GET takes what lies in the recycle bin as well */
    }
    s->given++;
    if (s->given == s->page && !s->r->id) {
        keep_place(s, row);
    }
    return give_or_keep(s, row, matched);
}

/* The list stopped there: the page ends, however few rows it has. */
static void on_place(void *arg, const value *row, int percent)
{
    read_state *s = arg;
    keep_place(s, row);
    s->r->has_more = s->r->is_partial = true;
    s->r->percent = percent;
}

/* What it has not shown yet comes back with the next part. */
static void on_gathered(void *arg, const list_gathering *g, int percent)
{
    read_state *s = arg;
    s->r->next = cursor_write_gathered(s->call->arena, &s->list, g);
    s->r->has_more = s->r->is_partial = true;
    s->r->percent = percent;
}

/* ---- the first batch ------------------------------------------------------------------------- */

static void make_ops(read_state *s)
{
    record_read *r = s->r;
    s->ops[OP_ROWS] = (engine_op){.kind = r->id ? ENGINE_GET : ENGINE_LIST,
                                  .entity = s->entity,
                                  .id = r->id,
                                  .query = &s->list,
                                  .on_row = on_row,
                                  .is_kept = r->is_kept && !r->id ? is_kept : NULL,
                                  .on_kept = on_kept,
                                  .on_place = on_place,
                                  .on_gathered = on_gathered,
                                  .stop_after_us = r->id ? 0 : r->part_us,
                                  .arg = s};
    s->page = r->id ? 1 : s->list.limit ? s->list.limit : LIST_MAX;
    s->list.limit = s->page + 1;
    s->batch =
        (engine_batch){.ops = &s->ops[OP_ROWS], .count = 1, .limit_us = r->limit_us, .arg = s};
    if (r->count && !r->id) {
        s->counting = s->list;
        s->counting.limit = r->count_max ? r->count_max : COUNT_CAP;
        s->counting.sort_count = 0;
        s->counting.after.is_set = false;
        s->counting.gathered = NULL;
        s->ops[OP_COUNT] = (engine_op){.kind = ENGINE_COUNT,
                                       .entity = s->entity,
                                       .query = &s->counting,
                                       .stop_after_us = r->count_us,
                                       .arg = s};
        s->batch.count = 2;
    }
    if (!r->id) {
        uint32_t before = records_places(&s->places, s->call, &s->list, &s->ops[OP_ROWS]);
        s->batch.ops -= before;
        s->batch.count += before;
    }
}

static crm_status prepare(record_read *r, read_state **out)
{
    crm_ctx *c = r->call;
    read_state *s = ARENA_NEW(c->arena, read_state);
    *out = s;
    if (!s) {
        return CRM_NOMEM;
    }
    r->state = s;
    r->has_more = r->approx = r->interrupted = r->is_partial = false;
    r->total = 0;
    r->next = (crm_str){0};
    s->r = r;
    s->call = c;
    s->entity = r->query->entity;
    if (!r->query->asked) {
        query_bind(r->query);
    }
    crm_status st = narrow(s);
    if (st) {
        return st;
    }
    make_ops(s);
    st = record_shown_init(&s->shown, c->arena, s->entity);
    if (!st && r->want_labels) {
        s->labels = ARENA_ARRAY(c->arena, crm_str, s->entity->field_count);
        s->keeps = has_foreign_labels(s);
        s->kept = s->keeps ? ARENA_ARRAY(c->arena, kept_row, s->page) : NULL;
    }
    return arena_failed(c->arena) ? CRM_NOMEM : st;
}

/* Nothing can match: no branch shows all that the query touches. */
static bool is_empty(const read_state *s)
{
    return s->rights && !s->list.need;
}

/* A count that stopped is at least what the page shows, and exactly that when it is the only one.
 */
static void take_total(const read_state *s, const engine_op *counted)
{
    record_read *r = s->r;
    int64_t cap = s->counting.limit, count = counted->count;
    bool is_whole = !s->list.after.is_set && !r->has_more && !s->is_stopped;
    if (counted->is_partial && (is_whole || count < s->given)) {
        count = s->given;
    }
    r->approx = count >= cap || (counted->is_partial && !is_whole);
    r->total = count >= cap ? cap - 1 : count;
}

static crm_status after_first(read_state *s, crm_status st)
{
    record_read *r = s->r;
    if (s->batch.interrupted) {
        r->interrupted = true;
        return CRM_TIMEOUT;
    }
    if (r->id && (st == CRM_NOT_FOUND || (!st && !s->given))) {
        return call_fail(s->call, CRM_NOT_FOUND, "not_found");
    }
    st = st ? st : s->status;
    if (r->count && !st && !r->id) {
        take_total(s, &s->ops[OP_COUNT]);
    }
    if (!r->has_more) {
        r->next = (crm_str){0};
    } else if (!st && !r->next.n) { /* a list that could not be read on would seem to be over */
        st = CRM_NOMEM;
    }
    return st;
}

/* ---- the second batch: titles ---------------------------------------------------------------- */

static crm_status prepare_labels(read_state *s)
{
    s->label_batch = (engine_batch){.limit_us = s->r->limit_us, .arg = s};
    return labels_prepare(&s->set, s->call, &s->label_batch);
}

static crm_status give_kept(read_state *s, crm_status st)
{
    if (s->label_batch.interrupted) {
        s->r->interrupted = true;
        return CRM_TIMEOUT;
    }
    for (uint32_t i = 0; !st && i < s->kept_count; i++) {
        const kept_row *k = &s->kept[i];
        if (!(k->row ? give(s, k->row, k->matched) : give_own(s, k->id))) {
            break;
        }
    }
    return !st && arena_failed(s->call->arena) ? CRM_NOMEM : st;
}

/* ---- now and later --------------------------------------------------------------------------- */

crm_status records_read_now(record_read *r)
{
    read_state *s;
    crm_status st = prepare(r, &s);
    if (st || is_empty(s)) {
        return st || !r->id ? st : call_fail(r->call, CRM_NOT_FOUND, "not_found");
    }
    st = after_first(s, records_run(r->call, &s->batch));
    if (st || !s->keeps) {
        return st;
    }
    st = prepare_labels(s);
    if (!st && s->label_batch.count) {
        st = records_run_labels(r->call, &s->label_batch);
    }
    return give_kept(s, st);
}

static void labels_done(engine_batch *b)
{
    read_state *s = b->arg;
    s->r->done(s->r, give_kept(s, b->status));
}

static void first_done(engine_batch *b)
{
    read_state *s = b->arg;
    crm_status st = after_first(s, b->status);
    if (!st && s->keeps) {
        st = prepare_labels(s);
        if (!st && s->label_batch.count) {
            s->label_batch.after = b;
            s->label_batch.done = labels_done;
            engine_read(s->call->session, &s->label_batch);
            return;
        }
        st = st ? st : give_kept(s, CRM_OK);
    }
    s->r->done(s->r, st);
}

void records_read(record_read *r)
{
    read_state *s;
    crm_status st = prepare(r, &s);
    if (!st && is_empty(s)) {
        st = r->id ? call_fail(r->call, CRM_NOT_FOUND, "not_found") : CRM_OK;
        r->done(r, st);
        return;
    }
    if (st) {
        r->done(r, st);
        return;
    }
    s->batch.done = first_done;
    engine_read(r->call->session, &s->batch);
}
