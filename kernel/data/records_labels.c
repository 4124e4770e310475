/* records_labels.c - titles of the records that a page refers to, one query per entity. */
#include <stdlib.h>

#include "data/records_private.h"
#include "data/stores.h"

bool label_is_of_people(const registry *r, const field *f)
{
    bool is_ref = f->type == FIELD_REF || f->type == FIELD_REFS;
    return f->type == FIELD_USER || (is_ref && (f->ref == registry_store(r, STORE_USER) ||
                                                f->ref == registry_store(r, STORE_DEPARTMENT)));
}

crm_str label_of_people(const crm_ctx *c, const field *f, int64_t id)
{
    if (f->ref == registry_store(c->reg, STORE_DEPARTMENT)) {
        const department *d = people_department(c->people, id);
        return d ? d->title : (crm_str){0};
    }
    const person *p = people_user(c->people, id);
    return p ? p->name : (crm_str){0};
}

/* *out NULL: beyond the limit a reference is shown without its title. */
static crm_status group_of(label_set *s, crm_ctx *c, const entity *e, label_group **out)
{
    *out = NULL;
    for (uint32_t i = 0; i < s->count; i++) {
        if (s->at[i]->entity == e) {
            *out = s->at[i];
            return CRM_OK;
        }
    }
    if (s->count == LABEL_GROUPS_MAX) {
        return CRM_OK;
    }
    label_group *g = *out = s->at[s->count] = ARENA_NEW(c->arena, label_group);
    if (!g) {
        return CRM_NOMEM;
    }
    bool is_system = c->who->kind == PRINCIPAL_SYSTEM;
    *g =
        (label_group){.entity = e, .rights = is_system ? NULL : rights_of(c, e), .arena = c->arena};
    s->count++;
    return CRM_OK;
}

static int by_id(const void *x, const void *y)
{
    int64_t a = ((const value *)x)->i, b = ((const value *)y)->i;
    return (a > b) - (a < b);
}

static void sort_unique(label_group *g)
{
    uint32_t kept = 0;
    if (!g->count) {
        return;
    }
    qsort(g->ids, g->count, sizeof *g->ids, by_id);
    for (uint32_t i = 0; i < g->count; i++) {
        if (!kept || g->ids[kept - 1].i != g->ids[i].i) {
            g->ids[kept++] = g->ids[i];
        }
    }
    g->count = kept;
}

/* Room for one more id, unless there are as many different ones as are looked up at all. */
static crm_status make_room(label_group *g)
{
    if (g->count < g->cap && g->count < LABEL_IDS_MAX) {
        return CRM_OK;
    }
    sort_unique(g); /* the rows of a page point at the same records again and again */
    g->is_full = g->count == LABEL_IDS_MAX;
    if (g->is_full || g->count < g->cap / 2) {
        return CRM_OK;
    }
    uint32_t cap = g->cap ? g->cap * 4 : 4;
    value *more = ARENA_ARRAY(g->arena, value, cap);
    if (!more) {
        return CRM_NOMEM;
    }
    if (g->count) {
        memcpy(more, g->ids, g->count * sizeof *more);
    }
    g->ids = more;
    g->cap = cap;
    return CRM_OK;
}

crm_status labels_add(label_set *s, crm_ctx *c, const entity *e, int64_t id)
{
    label_group *g;
    crm_status st = group_of(s, c, e, &g);
    if (!g || g->is_full) {
        return st;
    }
    st = make_room(g);
    if (!st && !g->is_full) {
        g->ids[g->count++] = value_int(id);
    }
    return st;
}

static crm_str title_text(label_group *g, const value *row)
{
    value v = row[g->entity->title_field];
    if (v.kind == VALUE_INT) {
        return arena_fmt(g->arena, "%lld", (long long)v.i);
    }
    return v.kind == VALUE_TEXT ? arena_dup(g->arena, v.s) : (crm_str){0};
}

static bool on_title(void *arg, const value *row, uint32_t matched)
{
    label_group *g = arg;
    value key = row[COL_ID];
    value *at = bsearch(&key, g->ids, g->count, sizeof key, by_id);
    if (!at) {
        return true;
    }
    uint64_t shown[4] = {~0ull, ~0ull, ~0ull, ~0ull};
    if (g->rights) {
        rights_fields_for(g->rights, matched, ACTION_READ, shown);
    }
    g->is_readable[at - g->ids] = true;
    if (bits_has(shown, g->entity->title_field)) {
        g->labels[at - g->ids] = title_text(g, row);
    }
    return true;
}

static crm_status prepare_group(label_group *g, crm_ctx *c, engine_batch *b)
{
    sort_unique(g);
    g->labels = ARENA_ARRAY(c->arena, crm_str, g->count);
    g->is_readable = ARENA_ARRAY(c->arena, bool, g->count);
    if (!g->labels || !g->is_readable) {
        return CRM_NOMEM;
    }
    uint32_t need = g->rights ? rights_for(g->rights, ACTION_READ) : 0;
    if (g->rights && !need) {
        return CRM_OK;
    }
    g->where = (cond){.op = COND_IN,
                      .path = {&g->entity->fields[COL_ID]},
                      .path_length = 1,
                      .values = g->ids,
                      .value_count = g->count};
    g->query = (query){.entity = g->entity,
                       .where = &g->where,
                       .rights = g->rights,
                       .need = need,
                       .env = c->env,
                       .limit = g->count,
                       .with_deleted = true};
    bits_add(g->query.select, COL_ID);
    bits_add(g->query.select, g->entity->title_field);
    b->ops[b->count++] = (engine_op){
        .kind = ENGINE_LIST, .entity = g->entity, .query = &g->query, .on_row = on_title, .arg = g};
    return CRM_OK;
}

crm_status labels_prepare(label_set *s, crm_ctx *c, engine_batch *b)
{
    b->count = 0;
    b->ops = s->count ? ARENA_ARRAY(c->arena, engine_op, s->count) : NULL;
    crm_status st = s->count && !b->ops ? CRM_NOMEM : CRM_OK;
    for (uint32_t i = 0; !st && i < s->count; i++) {
        st = prepare_group(s->at[i], c, b);
    }
    return st;
}

bool labels_find(const label_set *s, const entity *e, int64_t id, crm_str *label)
{
    value key = value_int(id);
    *label = (crm_str){0};
    for (uint32_t i = 0; i < s->count; i++) {
        const label_group *g = s->at[i];
        if (g->entity == e) {
            const value *at = bsearch(&key, g->ids, g->count, sizeof key, by_id);
            if (!at && g->is_full) {
                return true;
            }
            if (!at || !g->is_readable[at - g->ids]) {
                return false;
            }
            *label = g->labels[at - g->ids];
            return true;
        }
    }
    return true; /* not asked for */
}

crm_status labels_add_refs(label_set *s, crm_ctx *c, const entity *e, crm_str ids)
{
    crm_str part;
    int64_t id;
    crm_status st = CRM_OK;
    while (!st && str_split(&ids, '\n', &part)) {
        st = str_to_i64(part, &id) == CRM_OK ? labels_add(s, c, e, id) : CRM_OK;
    }
    return st;
}

/* A title is one line; whatever it holds it stays one here. */
static void put_line(buf *out, crm_str title)
{
    for (size_t i = 0; i < title.n; i++) {
        buf_char(out, title.p[i] == '\n' ? ' ' : title.p[i]);
    }
}

crm_str labels_of_refs(const label_set *s, const crm_ctx *c, const field *f, crm_str ids)
{
    bool is_of_people = label_is_of_people(c->reg, f);
    crm_str part, title, lines;
    int64_t id;
    buf out;
    buf_init(&out, 0);
    while (str_split(&ids, '\n', &part)) {
        bool is_id = str_to_i64(part, &id) == CRM_OK, is_readable = true;
        title = is_id && is_of_people ? label_of_people(c, f, id) : (crm_str){0};
        if (is_id && !is_of_people) {
            is_readable = labels_find(s, f->ref, id, &title);
        }
        buf_z(&out, out.n ? "\n" : "");
        buf_char(&out, is_readable ? '+' : '-');
        put_line(&out, title);
    }
    lines = arena_dup(c->arena, buf_view(&out)); /* without memory the call fails at its end */
    buf_free(&out);
    return lines;
}

crm_status records_labels(crm_ctx *c, const entity *e, const int64_t *ids, uint32_t count,
                          crm_str *out)
{
    label_set s = {.count = 0};
    engine_batch b = {.ops = NULL};
    crm_status st = CRM_OK;
    for (uint32_t i = 0; !st && i < count; i++) {
        st = labels_add(&s, c, e, ids[i]);
    }
    st = st ? st : labels_prepare(&s, c, &b);
    if (!st && b.count) {
        st = records_run(c, &b);
    }
    for (uint32_t i = 0; !st && i < count; i++) {
        labels_find(&s, e, ids[i], &out[i]);
    }
    return st;
}
