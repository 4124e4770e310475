/*
 * engine_sqlite_sides.c - the elements of many-valued fields that get an index, ahead of the step.
 *
 * They have a table of their own, m<field id>, which nobody reads or writes before the layout knows
 * of it. So it is filled a slice at a time; of rows written meanwhile (engine_sqlite_noted.c) the
 * elements are put there once more, the last of them by the step. meta_ahead says how far it is,
 * under the table's name. Elements that must be unique have their index from the beginning, and
 * equal ones are a fault, as in other indexes. Writer's thread, under the write lock.
 */
#include "data/engine_sqlite_schema.h"

#define AT_ONCE 256 /* ids between two looks at the clock */

bool sides_lack(const schema_step *x, const entity *e, const field *f)
{
    const layout *l = atomic_load(&x->s->engine->layout);
    bool is_key = e->match_field && f->index == e->match_field;
    return engine_is_many(f) && !is_key && schema_is_indexed(e, f) &&
           !(f->id && layout_column(l, f->id) & COLUMN_SIDE);
}

static crm_str name_of(schema_step *x, const field *f)
{
    return arena_fmt(x->arena, "m%u", f->id);
}

void sides_create(schema_step *x, const field *f)
{
    (void)!schema_run(x,
                      "CREATE TABLE m%u(id INTEGER NOT NULL, v NOT NULL, d INTEGER NOT NULL,"
                      " PRIMARY KEY(id, v)) WITHOUT ROWID",
                      f->id);
    (void)!schema_run(x, "CREATE INDEX mv%u ON m%u(v)", f->id, f->id);
}

/*
 * The elements of the rows of which `which` is true. False: they cannot stand there. What is equal
 * may have been put from a row that was written since; such rows are noted, and put once more when
 * it is their turn.
 */
static bool put(schema_step *x, const entity *e, const field *f, crm_str which)
{
    crm_status st = schema_fill_side(x, e, f, which);
    if (st == CRM_CONFLICT) {
        (void)!schema_run(x, "DELETE FROM m%u WHERE id IN (%.*s)", f->id, STR_FMT(noted_all(x, e)));
        st = schema_fill_side(x, e, f, which);
    }
    const entity_index *i = st == CRM_CONFLICT ? index_of_side(e, f) : NULL;
    if (i) {
        index_tell_duplicates(x, e, i);
    }
    return st == CRM_OK && x->status == CRM_OK;
}

static void begin(schema_step *x, const entity *e, const field *f, crm_str name)
{
    sides_create(x, f);
    if (index_of_side(e, f)) {
        (void)!schema_run(x, "CREATE UNIQUE INDEX mu%u ON m%u(v) WHERE d=0", f->id, f->id);
    }
    ahead_begin(x, e, name);
}

void sides_fill(schema_step *x, const entity *e, const field *f, int64_t last, engine_ahead *out)
{
    crm_str name = name_of(x, f);
    uint32_t id = e->fields[COL_ID].id;
    int64_t at = ahead_filled(x, name), passed = at > 0 ? at : 0;
    if (!out->is_done) {
        out->left += passed < last ? last - passed : 0;
        return;
    }
    if (at >= last) {
        if (at != AHEAD_WHOLE) { /* the last rows went */
            ahead_set_filled(x, name, AHEAD_WHOLE);
        }
        return;
    }
    (void)noted_begin(x, e);
    if (at == AHEAD_NOT_BEGUN) {
        begin(x, e, f, name);
    }
    do {
        if (!put(x, e, f,
                 arena_fmt(x->arena, "c%u BETWEEN %lld AND %lld", id, (long long)passed + 1,
                           (long long)passed + AT_ONCE))) {
            return;
        }
        passed += AT_ONCE;
    } while (passed < last && clock_mono() < out->until);
    ahead_set_filled(x, name, passed < last ? passed : AHEAD_WHOLE);
    out->row = passed < last ? passed : last;
    out->left += passed < last ? last - passed : 0;
    out->is_done = passed >= last;
}

void sides_fill_noted(schema_step *x, const entity *e, const field *f, crm_str noted)
{
    if (ahead_filled(x, name_of(x, f)) < 0) {
        return;
    }
    (void)!schema_run(x, "DELETE FROM m%u WHERE id IN (%.*s)", f->id, STR_FMT(noted));
    (void)put(x, e, f, arena_fmt(x->arena, "c%u IN (%.*s)", e->fields[COL_ID].id, STR_FMT(noted)));
}

bool sides_take(schema_step *x, const entity *e, const field *f)
{
    crm_str name = name_of(x, f);
    int64_t at = noted_is_begun(x, e) ? ahead_filled(x, name) : AHEAD_NOT_BEGUN;
    if (at == AHEAD_WHOLE) {
        sides_fill_noted(x, e, f, noted_all(x, e));
    } else if (at != AHEAD_NOT_BEGUN) {
        (void)!schema_run(x, "DROP TABLE m%u", f->id);
    }
    ahead_end(x, name);
    return at == AHEAD_WHOLE;
}
