/*
 * engine_memory_judge.c - whether a row is as a condition asks, by looking at every other row that
 * it speaks of.
 */
#include "data/engine_memory.h"

/* ---- branches and other rows ----------------------------------------------------------------- */

bool subject_load(const subject *s, const entity *e, value ref, value out[FIELDS_MAX])
{
    const mrow *row =
        ref.kind == VALUE_INT ? table_find(snapshot_table(s->snapshot, e->id), ref.i) : NULL;
    memset(out, 0, e->field_count * sizeof *out);
    if (row) {
        mrow_values(row, e, out);
    }
    return row != NULL;
}

static bool branch_matches(subject s, const branch *b, uint32_t from)
{
    value other[FIELDS_MAX];
    s.is_negated = false;
    if (from == b->via_count) {
        return subject_judge(s, b->where);
    }
    const entity *e = b->via[from]->ref;
    if (!subject_load(&s, e, s.row[b->via[from]->index], other)) {
        return false;
    }
    if (b->is_via_kept && !value_is_null(other[COL_DELETED_AT])) {
        return false;
    }
    s.entity = e;
    s.row = other;
    return branch_matches(s, b, from + 1);
}

uint32_t subject_matched(subject s, const branches *b)
{
    uint32_t bits = 0;
    for (uint32_t i = 0; b && i < b->count; i++) {
        bits |= branch_matches(s, &b->at[i], 0) ? 1u << i : 0;
    }
    return bits;
}

bool subject_may_read(subject s, const branches *hop, const uint64_t used[4])
{
    return !hop || (subject_matched(s, hop) & engine_hop_branches(hop, used));
}

/* Outside the recycle bin, and with `whole` what it is part of too. */
static bool is_there(const subject *s, const entity *e, const value *row, bool whole)
{
    value other[2][FIELDS_MAX];
    bool is_kept = value_is_null(row[COL_DELETED_AT]);
    for (int i = 0; whole && is_kept && i < COND_PATH_MAX - 1 && entity_is_part(e); i++) {
        const field *f = &e->fields[e->parent_field];
        is_kept = !subject_load(s, f->ref, row[f->index], other[i]) ||
                  value_is_null(other[i][COL_DELETED_AT]);
        e = f->ref;
        row = other[i];
    }
    return is_kept;
}

/* Whether a value of `f`, or of many any, equals one of `among`. */
bool subject_shares(const subject *s, const field *f, value v, const field *among, value other)
{
    value row[FIELDS_MAX];
    crm_str rest = other.s, part;
    row[f->index] = v;
    cond equal = {.op = COND_EQ, .path = {f}, .path_length = 1, .values = &other, .value_count = 1};
    if (!engine_is_many(among) || value_is_null(other)) {
        return cond_eval(&equal, row, s->env);
    }
    while (str_split(&rest, '\n', &part)) {
        value element = {.kind = VALUE_TEXT, .s = part};
        equal.values = &element;
        if (cond_eval(&equal, row, s->env)) {
            return true;
        }
    }
    return false;
}

/* The next of the ids that a value of references holds: one as a number, a list as a text. */
static bool next_id(value *rest, int64_t *id)
{
    crm_str part;
    if (rest->kind == VALUE_INT) {
        *id = rest->i;
        *rest = value_null();
        return true;
    }
    while (rest->kind == VALUE_TEXT && str_split(&rest->s, '\n', &part)) {
        if (str_to_i64(part, id) == CRM_OK) {
            return true;
        }
    }
    return false;
}

static bool holds_id(value v, int64_t id)
{
    for (int64_t own; next_id(&v, &own);) {
        if (own == id) {
            return true;
        }
    }
    return false;
}

static bool shares_id(value v, value other)
{
    for (int64_t id; next_id(&v, &id);) {
        if (holds_id(other, id)) {
            return true;
        }
    }
    return false;
}

static bool is_shared(const subject *s, const field *f, const field *among, value other)
{
    value own = s->row[f->index];
    bool is_list = f->type == FIELD_REFS || among->type == FIELD_REFS;
    return is_list ? shares_id(own, other) : subject_shares(s, f, own, among, other);
}

static bool is_among(subject s, const field *f, const cond *c)
{
    const subquery *q = c->sub;
    bool whole = !q->rights && !cond_is_own_part(c);
    const entity *e = q->field->entity;
    const mtable *t = snapshot_table(s.snapshot, e->id);
    uint64_t used[4] = {0};
    value row[FIELDS_MAX];
    bits_add(used, q->field->index);
    cond_fields(q->where, used);
    for (uint32_t i = 0; cond_can_join(f, q->field) && t && i < t->count; i++) {
        mrow_values(t->rows[i], e, row);
        subject other = {s.snapshot, s.env, e, row, false};
        if (is_there(&s, e, row, whole) && subject_may_read(other, q->rights, used) &&
            subject_judge(other, q->where) && is_shared(&s, f, q->field, row[q->field->index])) {
            return true;
        }
    }
    return false;
}

/* A row that may not be read makes the comparison false under either sign. */
static bool judge_path(subject s, const cond *c, uint32_t from)
{
    const field *f = c->path[from];
    value other[FIELDS_MAX];
    if (from + 1 == c->path_length && c->op == COND_IN_QUERY) {
        return is_among(s, f, c) != s.is_negated;
    }
    if (from + 1 == c->path_length) {
        cond last = *c;
        last.path[0] = f;
        last.path_length = 1;
        return cond_eval(&last, s.row, s.env) != s.is_negated;
    }
    bool is_there = subject_load(&s, f->ref, s.row[f->index], other);
    s.entity = f->ref;
    s.row = other;
    uint64_t used[4] = {0};
    bits_add(used, c->path[from + 1]->index);
    if (is_there && !subject_may_read(s, c->hop[from], used)) {
        return false;
    }
    return judge_path(s, c, from + 1);
}

static bool is_child(const subject *s, const field *back, const value *row)
{
    const entity *e = back->entity;
    bool is_ours = s->row[COL_ID].kind == VALUE_INT && holds_id(row[back->index], s->row[COL_ID].i);
    if (e->parent_kind_field && e->parent_field == back->index) {
        value kind = row[e->parent_kind_field];
        is_ours = is_ours && kind.kind == VALUE_INT && kind.i == s->entity->id;
    }
    return is_ours;
}

static bool has_child(subject s, const cond *c)
{
    const field *back = c->path[0];
    const mtable *t = snapshot_table(s.snapshot, back->entity->id);
    bool whole = !c->hop[0] && !cond_is_own_part(c); /* rights see to it themselves */
    uint64_t used[4] = {0};
    value row[FIELDS_MAX];
    bits_add(used, back->index);
    cond_fields(c->first, used);
    for (uint32_t i = 0; t && i < t->count; i++) {
        mrow_values(t->rows[i], back->entity, row);
        subject child = {s.snapshot, s.env, back->entity, row, false};
        if (is_child(&s, back, row) && is_there(&s, back->entity, row, whole) &&
            subject_may_read(child, c->hop[0], used) && subject_judge(child, c->first)) {
            return true;
        }
    }
    return false;
}

static bool has_referred(subject s, const cond *c)
{
    const field *f = c->path[0];
    value refs = s.row[f->index], row[FIELDS_MAX];
    uint64_t used[4] = {0};
    bits_add(used, COL_ID);
    cond_fields(c->first, used);
    for (int64_t id; next_id(&refs, &id);) {
        bool is_found = subject_load(&s, f->ref, value_int(id), row);
        subject other = {s.snapshot, s.env, f->ref, row, false};
        if (is_found && is_there(&s, f->ref, row, !c->hop[0]) &&
            subject_may_read(other, c->hop[0], used) && subject_judge(other, c->first)) {
            return true;
        }
    }
    return false;
}

/* ---- the tree -------------------------------------------------------------------------------- */

static bool judge_children(subject s, const cond *c)
{
    /* Under a negation "and" asks for any child that fails, "or" for all to fail. */
    bool all = (c->op == COND_AND) != s.is_negated;
    for (const cond *child = c->first; child; child = child->next) {
        if (subject_judge(s, child) != all) {
            return !all;
        }
    }
    return all;
}

bool subject_judge(subject s, const cond *c)
{
    if (!c) {
        return !s.is_negated;
    }
    switch (c->op) {
    case COND_TRUE:
    case COND_FALSE:
        return (c->op == COND_TRUE) != s.is_negated;
    case COND_AND:
    case COND_OR:
        return judge_children(s, c);
    case COND_NOT:
        s.is_negated = !s.is_negated;
        return subject_judge(s, c->first);
    case COND_EXISTS:
        return has_child(s, c) != s.is_negated;
    case COND_REFERS:
        return has_referred(s, c) != s.is_negated;
    default:
        return judge_path(s, c, 0);
    }
}
