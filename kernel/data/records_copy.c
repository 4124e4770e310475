/*
 * records_copy.c - a record made again, with its parts. Writer, inside a transaction.
 *
 * The copy is written as any record its maker creates: under his rights, with hooks, from the first
 * stage on, his own. What he may not see of the one or set in the other is not copied, nor what
 * belongs to that one record: files, unique values, what the kernel and hooks write, how it ended.
 */
#include "data/records_private.h"

#define PARTS_MAX   1000
#define PARTS_DEPTH 3 /* parts of parts */

/* ---- one record ------------------------------------------------------------------------------ */

/* Whether only the end of a record's way asks for the field: the reason of a refusal. */
static bool tells_the_end(const entity *e, uint32_t i)
{
    const pipeline *p = e->stage_field ? e->fields[e->stage_field].pipeline : NULL;
    bool is_at_end = false, is_before = false;
    for (uint32_t s = 0; p && s < p->stage_count; s++) {
        for (uint32_t n = 0; n < p->stages[s].require_count; n++) {
            bool is_it = p->stages[s].require[n] == i;
            is_at_end = is_at_end || (is_it && p->stages[s].outcome != OUTCOME_OPEN);
            is_before = is_before || (is_it && p->stages[s].outcome == OUTCOME_OPEN);
        }
    }
    return is_at_end && !is_before;
}

static bool is_of_one(const entity *e, uint32_t i)
{
    const field *f = &e->fields[i];
    bool is_place = i == e->stage_field || i == e->department_field || i == e->owner_fields[0] ||
                    i == e->owner_fields[1] || i == e->owner_fields[2];
    bool is_file = f->type == FIELD_FILE || f->type == FIELD_FILES;
    return is_place || is_file || f->type == FIELD_COMPUTED || tells_the_end(e, i) ||
           f->flags & (FIELD_READ_ONLY | FIELD_HIDDEN | FIELD_UNIQUE | FIELD_SYSTEM);
}

static crm_status take_values(const record *from, record *to)
{
    const entity *e = from->entity;
    crm_status st = CRM_OK;
    for (uint32_t i = COL_OWN; !st && i < e->field_count; i++) {
        bool may = bits_has(from->visible, i) && bits_has(to->writable, i);
        if (may && !is_of_one(e, i)) {
            st = record_set(to, &e->fields[i], from->v[i]);
            bits_add(to->copied, i);
        }
    }
    /* A number that is no phone was kept with its mark, and comes with it. */
    bool has_marks = !value_is_null(from->v[COL_MARKS]);
    return st || !has_marks ? st : record_set(to, &e->fields[COL_MARKS], from->v[COL_MARKS]);
}

/* ---- its parts ------------------------------------------------------------------------------- */

typedef struct copying {
    crm_ctx *c;
    uint32_t left;
} copying;

static crm_status copy_parts(copying *x, const entity *e, int64_t from, int64_t to, int depth);

static crm_status copy_part(copying *x, const record *from, int64_t whole, int depth)
{
    const entity *e = from->entity;
    record *to;
    if (!x->left) {
        return call_fail(x->c, CRM_TOO_LARGE, "too_large");
    }
    x->left--;
    crm_status st = records_new(x->c, e, &to);
    st = st ? st : take_values(from, to);
    st = st ? st : record_set(to, &e->fields[e->parent_field], value_int(whole));
    st = st ? st : records_save(x->c, to, 0);
    return st ? st : copy_parts(x, e, from->v[COL_ID].i, to->v[COL_ID].i, depth + 1);
}

static crm_status list_parts(crm_ctx *c, const entity *part, int64_t whole, int64_t after,
                             record ***out, uint32_t *count)
{
    arena *a = c->arena;
    query *q = query_new(a, part);
    if (!q) {
        return CRM_NOMEM;
    }
    q->where =
        cond_and(a, cond_compare(a, COND_EQ, &part->fields[part->parent_field], value_int(whole)),
                 cond_compare(a, COND_GT, &part->fields[COL_ID], value_int(after)));
    q->sorts[0] = (sort){&part->fields[COL_ID], false};
    q->sort_count = 1;
    q->env = c->env;
    return q->where ? records_list(c, q, out, count) : CRM_NOMEM;
}

static crm_status copy_parts_of(copying *x, const entity *part, int64_t from, int64_t to, int depth)
{
    record **rows;
    uint32_t count = 0;
    int64_t last = 0;
    crm_status st = CRM_OK;
    do {
        st = list_parts(x->c, part, from, last, &rows, &count);
        for (uint32_t i = 0; !st && i < count; i++) {
            last = rows[i]->v[COL_ID].i;
            st = copy_part(x, rows[i], to, depth);
        }
    } while (!st && count == LIST_MAX);
    return st;
}

/* What people have said of the one, and its stage log, are not the other's. */
static bool is_copied_with(crm_ctx *c, const entity *part, const entity *e)
{
    return entity_is_part(part) && !(part->flags & (ENTITY_LOG | ENTITY_NOTES)) && part != e &&
           part->fields[part->parent_field].ref == e && rights_may_some(c, part, ACTION_READ);
}

static crm_status copy_parts(copying *x, const entity *e, int64_t from, int64_t to, int depth)
{
    const registry *r = x->c->reg;
    crm_status st = CRM_OK;
    for (uint32_t i = 0; !st && depth <= PARTS_DEPTH && i < r->entity_count; i++) {
        if (is_copied_with(x->c, r->entities[i], e)) {
            st = copy_parts_of(x, r->entities[i], from, to, depth);
        }
    }
    return st;
}

crm_status records_copy(crm_ctx *c, const entity *e, int64_t id, const json_t *given, record **out)
{
    record *from;
    copying x = {.c = c, .left = PARTS_MAX};
    assert(c->tx);
    *out = NULL;
    if (!rights_may_some(c, e, ACTION_CREATE)) {
        return call_fail(c, CRM_DENIED, "denied");
    }
    crm_status st = records_get(c, e, id, &from);
    st = st ? st : records_new(c, e, out);
    st = st ? st : take_values(from, *out);
    st = st || !given ? st : record_from_json(c, *out, given);
    st = st ? st : records_save(c, *out, 0);
    return st ? st : copy_parts(&x, e, id, (*out)->v[COL_ID].i, 1);
}
