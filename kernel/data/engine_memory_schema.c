/* engine_memory_schema.c - durable ids and uniqueness for the engine in memory. Under the lock. */
#include "data/engine_memory.h"
#include "data/field_convert.h"

/* What a field's rows are to be filled from: a column of another shape (id 0: its default). */
typedef struct filling {
    bool is_wanted;
    uint32_t id;
    field from;
} filling;

typedef struct schema_step {
    memory_engine *m;
    arena *arena;
    registry_fault **faults;
    crm_status status;
    const registry *reg;
} schema_step;

static registry_fault *fault(schema_step *x, crm_str source, const char *code, const entity *e,
                             const field *f)
{
    registry_fault *made = ARENA_NEW(x->arena, registry_fault);
    if (!made) {
        x->status = CRM_NOMEM;
        return NULL;
    }
    made->source = source;
    made->code = str_of(code);
    made->subject = arena_fmt(x->arena, "%.*s.%.*s", STR_FMT(e->name), STR_FMT(f->name));
    *x->faults = made;
    x->faults = &made->next;
    return made;
}

mname *memory_find_name(memory_engine *m, uint32_t entity_id, crm_str name)
{
    for (mname *n = m->names; n; n = n->next) {
        if (n->entity == entity_id && str_eq(n->name, name)) {
            return n;
        }
    }
    return NULL;
}

static mname *known(memory_engine *m, uint32_t entity_id, crm_str name, crm_str was)
{
    mname *n = memory_find_name(m, entity_id, name);
    return n || !was.n ? n : memory_find_name(m, entity_id, was);
}

/* ---- what cannot be done --------------------------------------------------------------------- */

/* Ids as far as they are known, so that rows can be read before anything changes. */
static void fill_known(memory_engine *m, entity *e)
{
    mname *n = known(m, 0, e->name, e->was);
    e->id = n ? n->id : 0;
    for (uint32_t i = 0; i < e->field_count; i++) {
        field *f = (field *)&e->fields[i];
        n = e->id ? known(m, e->id, f->name, f->was) : NULL;
        f->id = n ? n->id : 0;
    }
}

static retype how_it_follows(schema_step *x, const mname *n, const field *f, field *from)
{
    if (!n || !n->shape.n || str_eq(n->shape, field_shape(x->arena, f))) {
        return RETYPE_NONE;
    }
    crm_status st = field_of_shape(x->arena, n->shape, from);
    return st == CRM_OK ? field_retype(from, f) : RETYPE_NEVER;
}

/* Values follow only where the deployment declares the field; what a module declares has to mean
 * what is stored, as in SQLite. */
static bool is_as_stored(const mname *n, const field *f, retype how, const field *from)
{
    bool is_same = how == RETYPE_NONE || (how != RETYPE_NEVER && field_means_the_same(from, f));
    return !n || (n->is_text == field_is_text(f) && is_same);
}

static void check_values(schema_step *x, const entity *e, const field *f, const field *from,
                         uint32_t id)
{
    const mtable *t = snapshot_table(x->m->committed, e->id);
    field_source source = {.arena = x->arena, .reg = x->reg};
    registry_fault bad = {0};
    for (uint32_t i = 0; t && i < t->count; i++) {
        value out;
        if (field_convert(&source, from, f, mrow_value(t->rows[i], id), &out) == CRM_OK) {
            continue;
        }
        if (bad.count < FAULT_ROWS) {
            bad.rows[bad.count] = t->rows[i]->id;
        }
        bad.count++;
    }
    bool is_choice = f->type == from->type && f->type == FIELD_CHOICE;
    registry_fault *told =
        bad.count ? fault(x, f->source, is_choice ? "choice_in_use" : "values_do_not_fit", e, f)
                  : NULL;
    if (told) {
        told->count = bad.count;
        memcpy(told->rows, bad.rows, sizeof told->rows);
    }
}

static void check_types(schema_step *x, const entity *e)
{
    for (uint32_t i = 0; e->id && i < e->field_count; i++) {
        const field *f = &e->fields[i];
        const mname *n = known(x->m, e->id, f->name, f->was);
        field from;
        retype how = how_it_follows(x, n, f, &from);
        bool follows = n && n->shape.n && (f->flags & FIELD_DEPLOYMENT);
        if (follows && how == RETYPE_NEVER) {
            fault(x, f->source, "retype_unsafe", e, f);
        } else if (follows && how != RETYPE_NONE) {
            check_values(x, e, f, &from, n->id);
        } else if (follows ? n->is_text != field_is_text(f) : !is_as_stored(n, f, how, &from)) {
            fault(x, f->source, "type_mismatch", e, f);
        }
    }
}

static void check_unique(schema_step *x, const entity *e, const entity_index *index)
{
    const mtable *t = e->id ? snapshot_table(x->m->committed, e->id) : NULL;
    value row[FIELDS_MAX];
    for (uint32_t i = 0; t && i < t->count; i++) {
        mrow_values(t->rows[i], e, row);
        if (memory_twin(t, e, index, t->rows[i]->id, row)) {
            const field *f = &e->fields[index->field[0]];
            fault(x, f->source, "duplicates", e, f);
            return;
        }
    }
}

static void check(schema_step *x, const entity *e)
{
    check_types(x, e);
    for (uint32_t i = 0; i < e->index_count; i++) {
        if (e->indexes[i].is_unique) {
            check_unique(x, e, &e->indexes[i]);
        }
    }
}

/* ---- doing it -------------------------------------------------------------------------------- */

static mname *add_name(schema_step *x, uint32_t entity_id, crm_str name, uint32_t id)
{
    mname *n = ARENA_NEW(x->m->arena, mname);
    if (!n) {
        x->status = CRM_NOMEM;
        return NULL;
    }
    *n = (mname){.next = x->m->names, .entity = entity_id, .id = id};
    x->m->names = n;
    n->name = arena_dup(x->m->arena, name);
    return n;
}

static mname *make_name(schema_step *x, uint32_t entity_id, crm_str name, crm_str was,
                        uint32_t *next)
{
    mname *n = known(x->m, entity_id, name, was);
    if (n) {
        n->name = arena_dup(x->m->arena, name);
        return n;
    }
    return add_name(x, entity_id, name, (*next)++);
}

/* Full text of existing rows when the search fields have changed. */
static void remake_terms(schema_step *x, msnapshot *s, const entity *e)
{
    mtable *t = snapshot_own(s, e->id);
    for (uint32_t i = 0; t && i < t->count; i++) {
        mrow *row = ARENA_NEW(x->m->arena, mrow);
        if (!row) {
            x->status = CRM_NOMEM;
            return;
        }
        *row = *t->rows[i];
        row->terms = ARENA_ARRAY(x->m->arena, mcell, e->search_count + 1);
        bool has_terms = row->terms && value_is_null(mrow_value(row, e->fields[COL_DELETED_AT].id));
        row->term_count = has_terms ? e->search_count : 0;
        for (uint32_t k = 0; k < row->term_count; k++) {
            const field *f = &e->fields[e->search_fields[k]];
            crm_str terms = {0};
            value v = mrow_value(row, f->id);
            crm_status st = CRM_OK;
            if (v.kind == VALUE_TEXT) {
                st = f->type == FIELD_PHONE ? phone_terms(x->m->arena, v.s, &terms)
                                            : text_terms(x->m->arena, v.s, &terms);
            }
            x->status = st == CRM_OK ? x->status : CRM_NOMEM;
            row->terms[k] = (mcell){f->id, value_text(terms)};
        }
        t->rows[i] = row;
    }
}

static crm_str search_of(schema_step *x, const entity *e)
{
    crm_str out = {"", 0};
    for (uint32_t i = 0; i < e->search_count; i++) {
        out = arena_fmt(x->m->arena, "%.*s,%u", STR_FMT(out), e->fields[e->search_fields[i]].id);
    }
    return out;
}

/* ---- values that are stored another way ------------------------------------------------------ */

static void add_cell(schema_step *x, mtable *t, uint32_t at, uint32_t id, value v)
{
    const mrow *old = t->rows[at];
    mrow *row = ARENA_NEW(x->m->arena, mrow);
    mcell *cells = ARENA_ARRAY(x->m->arena, mcell, old->count + 1);
    if (!row || !cells) {
        x->status = CRM_NOMEM;
        return;
    }
    memcpy(cells, old->cells, old->count * sizeof *cells);
    if (v.kind == VALUE_TEXT) {
        v.s = arena_dup(x->m->arena, v.s);
    }
    cells[old->count] = (mcell){id, v};
    *row = *old;
    row->cells = cells;
    row->count++;
    t->rows[at] = row;
}

/* A new field's default, or (from) what its former column held, in every row. */
static void fill_rows(schema_step *x, msnapshot *s, const entity *e, const field *f,
                      const filling *was)
{
    mtable *t = snapshot_own(s, e->id);
    field_source source = {.arena = x->arena, .reg = x->reg};
    for (uint32_t i = 0; x->status == CRM_OK && t && i < t->count; i++) {
        value v = f->def;
        if (was->id) {
            x->status = field_convert(&source, &was->from, f, mrow_value(t->rows[i], was->id), &v);
        }
        if (x->status == CRM_OK && !value_is_null(v)) {
            add_cell(x, t, i, f->id, v);
        }
    }
}

static mname *make_field_name(schema_step *x, const entity *e, const field *f, filling *was)
{
    uint32_t next = x->m->next_field;
    mname *n = known(x->m, e->id, f->name, f->was);
    *was = (filling){0};
    if (how_it_follows(x, n, f, &was->from) == RETYPE_REWRITE) {
        was->id = n->id;
        n->name = arena_fmt(x->m->arena, "%.*s~%u", STR_FMT(f->name), n->id);
    }
    n = make_name(x, e->id, f->name, was->id ? (crm_str){0} : f->was, &x->m->next_field);
    bool is_new = x->m->next_field != next;
    bool has_default = (f->flags & FIELD_DEPLOYMENT) && (f->flags & FIELD_REQUIRED);
    was->is_wanted = was->id || (is_new && has_default && !value_is_null(f->def));
    return n;
}

static void make(schema_step *x, entity *e)
{
    mname *own = make_name(x, 0, e->name, e->was, &x->m->next_entity);
    if (!own) {
        return;
    }
    e->id = own->id;
    filling *fillings = ARENA_ARRAY(x->arena, filling, e->field_count);
    x->status = fillings ? x->status : CRM_NOMEM;
    for (uint32_t i = 0; x->status == CRM_OK && i < e->field_count; i++) {
        field *f = (field *)&e->fields[i];
        mname *n = make_field_name(x, e, f, &fillings[i]);
        if (n) {
            n->is_text = field_is_text(f);
            n->shape = field_shape(x->m->arena, f);
            f->id = n->id;
        }
    }
    msnapshot *grown = snapshot_copy(x->m->committed, e->id + 1);
    if (!grown || !snapshot_own(grown, e->id)) {
        snapshot_unref(grown);
        x->status = CRM_NOMEM;
        return;
    }
    for (uint32_t i = 0; x->status == CRM_OK && i < e->field_count; i++) {
        if (fillings[i].is_wanted) {
            fill_rows(x, grown, e, &e->fields[i], &fillings[i]);
        }
    }
    crm_str search = search_of(x, e);
    if (!str_eq(search, own->search)) {
        remake_terms(x, grown, e);
        own->search = search;
    }
    snapshot_unref(x->m->committed);
    x->m->committed = grown;
}

crm_status memory_schema(engine *base, registry *r, arena *a, registry_fault **faults)
{
    memory_engine *m = (memory_engine *)base;
    schema_step x = {.m = m, .arena = a, .faults = faults, .reg = r};
    pthread_mutex_lock(&m->lock);
    x.status = m->tx ? CRM_MISUSE : CRM_OK;
    for (uint32_t i = 0; x.status == CRM_OK && i < r->entity_count; i++) {
        fill_known(m, (entity *)r->entities[i]);
        check(&x, r->entities[i]);
    }
    for (uint32_t i = 0; x.status == CRM_OK && !*faults && i < r->entity_count; i++) {
        make(&x, (entity *)r->entities[i]);
    }
    pthread_mutex_unlock(&m->lock);
    return x.status == CRM_OK && *faults ? CRM_INVALID : x.status;
}

/* Everything is done at once in the step. */
crm_status memory_schema_ahead(engine *base, registry *r, arena *a, engine_ahead *out)
{
    (void)base;
    (void)r;
    (void)a;
    out->is_done = true;
    out->misfits = 0;
    out->fault = NULL;
    return CRM_OK;
}
