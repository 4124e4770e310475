/*
 * model_unique.c - whether a field may become unique: equal values among the rows outside the
 * recycle bin, as the index will compare them. Reads in the session of the call, on a worker.
 *
 * Every value becomes 16 bytes of its SHA-256 beside its row's id; sorted, equal ones stand
 * together. That is 24 bytes a value, whatever its length, and needs no index.
 *
 * Rows are read a part at a time while others write, so a value that went from one to another may
 * have been met in both. What seems equal is therefore read once more, at one moment.
 */
#include "model.h"

#include "base/crypto.h"
#include "base/text.h"
#include "data/engine_field.h"

#define HASH_SIZE 16

typedef struct held {
    uint8_t hash[HASH_SIZE];
    int64_t id;
} held;

typedef struct search {
    const field *from, *to; /* from NULL: a new field, whose default every row gets */
    bool converts;
    field_source source;
    arena *arena; /* of one row */
    held *at;
    size_t count, cap;
    crm_status status;
} search;

/* ---- values as the index holds them ---------------------------------------------------------- */

static void add(search *x, const void *p, size_t n, int64_t id)
{
    uint8_t digest[SHA256_SIZE];
    if (x->count == x->cap) {
        size_t cap = x->cap ? x->cap * 2 : 1024;
        held *more = realloc(x->at, cap * sizeof *more);
        if (!more) {
            x->status = CRM_NOMEM;
            return;
        }
        x->at = more;
        x->cap = cap;
    }
    crypto_sha256((crm_str){p, n}, digest);
    held *h = &x->at[x->count++];
    memcpy(h->hash, digest, HASH_SIZE);
    h->id = id;
}

static void add_text(search *x, crm_str text, int64_t id)
{
    crm_str key = text;
    if (field_key_make(x->arena, x->to, text, &key) != CRM_OK) {
        x->status = CRM_NOMEM;
        return;
    }
    add(x, key.p, key.n, id);
}

static void add_value(search *x, value v, int64_t id)
{
    crm_str rest = v.s, element;
    if (v.kind == VALUE_INT) {
        add(x, &v.i, sizeof v.i, id);
    } else if (v.kind == VALUE_TEXT && !engine_is_many(x->to)) {
        add_text(x, v.s, id);
    } else if (v.kind == VALUE_TEXT) {
        while (x->status == CRM_OK && str_split(&rest, '\n', &element)) {
            add_text(x, element, id);
        }
    }
}

/* As the field will hold it. What does not fit is told elsewhere. */
static value coming(search *x, const value *row)
{
    value v = x->from ? row[x->from->index] : x->to->def, out = v;
    if (x->converts && field_convert(&x->source, x->from, x->to, v, &out) != CRM_OK) {
        return value_null();
    }
    return out;
}

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    search *x = arg;
    arena_mark mark = arena_mark_get(x->arena);
    (void)matched;
    add_value(x, coming(x, row), row[COL_ID].i);
    arena_rewind(x->arena, mark);
    return x->status == CRM_OK;
}

static crm_status read_rows(search *x, crm_ctx *c, const entity *e)
{
    model_read r = {.entity = e, .on_row = on_row, .arg = x};
    bits_add(r.select, x->from ? x->from->index : COL_ID);
    crm_status s = model_read_rows(c, &r);
    return s == CRM_OK ? x->status : s;
}

/* ---- equal ones ------------------------------------------------------------------------------ */

static int by_hash(const void *a, const void *b)
{
    const held *x = a, *y = b;
    int order = memcmp(x->hash, y->hash, HASH_SIZE);
    return order ? order : (x->id > y->id) - (x->id < y->id);
}

/* Where the run that begins at `i` ends, and in how many rows it stands. */
static size_t run_of(const search *x, size_t i, model_twin *out)
{
    size_t end = i;
    *out = (model_twin){0};
    for (; end < x->count && !memcmp(x->at[end].hash, x->at[i].hash, HASH_SIZE); end++) {
        if (end > i && x->at[end].id == x->at[end - 1].id) {
            continue; /* twice in one field of many values */
        }
        if (out->count < MODEL_FIRST) {
            out->ids[out->count] = x->at[end].id;
        }
        out->count++;
    }
    return end;
}

/* Those with the oldest records are named. */
static void keep(model_plan *p, const model_twin *t)
{
    int at = p->duplicates < MODEL_FIRST ? (int)p->duplicates : MODEL_FIRST;
    while (at > 0 && p->twins[at - 1].ids[0] > t->ids[0]) {
        if (at < MODEL_FIRST) {
            p->twins[at] = p->twins[at - 1];
        }
        at--;
    }
    if (at < MODEL_FIRST) {
        p->twins[at] = *t;
    }
    p->duplicates++;
}

static void sort_held(search *x)
{
    if (x->count) {
        qsort(x->at, x->count, sizeof *x->at, by_hash);
    }
}

#define LOOKED_AGAIN 1000 /* more equal values than that are no accident */

/* Those of `like` among the first rows of the twin, which becomes what they are now. */
static crm_status look_again(const search *x, crm_ctx *c, const entity *e, const held *like,
                             model_twin *t)
{
    value ids[MODEL_FIRST];
    uint32_t count = 0;
    search now = {.from = x->from, .to = x->to, .converts = x->converts, .arena = x->arena};
    for (; count < MODEL_FIRST && count < t->count; count++) {
        ids[count] = value_int(t->ids[count]);
    }
    now.source = x->source;
    model_read r = {.entity = e,
                    .on_row = on_row,
                    .arg = &now,
                    .where = cond_in(c->arena, &e->fields[COL_ID], ids, count)};
    bits_add(r.select, x->from ? x->from->index : COL_ID);
    crm_status s = r.where ? model_read_rows(c, &r) : CRM_NOMEM;
    s = s == CRM_OK ? now.status : s;
    sort_held(&now);
    model_twin found = {0};
    for (size_t i = 0; s == CRM_OK && i < now.count && found.count < 2;) {
        bool is_it = !memcmp(now.at[i].hash, like->hash, HASH_SIZE);
        size_t next = run_of(&now, i, &found);
        found = is_it ? found : (model_twin){0};
        i = is_it ? now.count : next;
    }
    free(now.at);
    *t = found.count > 1 && t->count > MODEL_FIRST ? *t : found;
    return s;
}

static crm_status gather(search *x, crm_ctx *c, const entity *e, model_plan *p)
{
    model_twin t;
    int looked = 0;
    crm_status s = CRM_OK;
    sort_held(x);
    for (size_t i = 0; s == CRM_OK && i < x->count;) {
        const held *like = &x->at[i];
        i = run_of(x, i, &t);
        if (t.count > 1 && looked++ < LOOKED_AGAIN) {
            s = look_again(x, c, e, like, &t);
        }
        if (t.count > 1) {
            keep(p, &t);
        }
    }
    return s;
}

/* ---- the look -------------------------------------------------------------------------------- */

static bool is_wanted(const field *from, const field *to)
{
    bool fills = !from && to->flags & FIELD_REQUIRED && !value_is_null(to->def);
    bool was = from && from->flags & FIELD_UNIQUE && field_retype(from, to) == RETYPE_NONE;
    return to->flags & FIELD_UNIQUE && !was && (from || fills);
}

crm_status model_look_unique(crm_ctx *c, const entity *e, const model_pair *f, model_plan *out)
{
    if (!is_wanted(f->from, f->to)) {
        return CRM_OK;
    }
    retype how = f->from ? field_retype(f->from, f->to) : RETYPE_NONE;
    search x = {
        .from = f->from, .to = f->to, .converts = how == RETYPE_REWRITE, .arena = arena_new(0)};
    x.source = (field_source){.arena = x.arena, .reg = c->reg};
    crm_status s = x.arena ? read_rows(&x, c, e) : CRM_NOMEM;
    s = s == CRM_OK ? gather(&x, c, e, out) : s;
    if (s == CRM_OK && out->duplicates) {
        out->entity = f->to->entity;
        out->field = f->to;
    }
    free(x.at);
    arena_free(x.arena);
    return s;
}
