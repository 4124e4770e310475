/*
 * registry_seal_indexes.c - sealing: the indexes an entity gets.
 *
 * Those it declares, those of its fields, and those that keep its lists fast however many rows
 * there are. A list is read along an index (what it is narrowed by, what it is sorted by). It is
 * narrowed by the rights of whoever asks (a user field of the row, the department of an unowned
 * one), by the stage, and by what the view asks to be empty ("not closed yet"). What grants do not
 * use is not indexed: every index is paid for at each write.
 */
#include "data/registry_internal.h"

#define INDEXES_MAX 200

typedef struct index_list {
    entity_index at[INDEXES_MAX];
    uint32_t count;
} index_list;

static bool same_fields(const uint16_t *x, const uint16_t *y, uint32_t count)
{
    return count == 0 || memcmp(x, y, count * sizeof *x) == 0;
}

/* An index that begins with these fields answers for them, unless uniqueness is asked for. */
static bool is_covered(const index_list *l, const entity_index *x)
{
    for (uint32_t i = 0; i < l->count; i++) {
        const entity_index *y = &l->at[i];
        bool begins = y->count >= x->count && same_fields(y->field, x->field, x->count) &&
                      y->empty_count == x->empty_count && y->is_sparse == x->is_sparse &&
                      same_fields(y->empty, x->empty, x->empty_count);
        if (begins && (!x->is_unique || (y->is_unique && y->count == x->count))) {
            return true;
        }
    }
    return false;
}

static void add_index(seal *s, const entity *e, index_list *l, entity_index x)
{
    if (is_covered(l, &x)) {
        return;
    }
    if (l->count == INDEXES_MAX) {
        seal_fault(s, e->source, "too_many_indexes", e->name);
        return;
    }
    l->at[l->count++] = x;
}

/* ---- what is declared ------------------------------------------------------------------------ */

static bool has_good_positions(const entity *e, const entity_index *x)
{
    for (uint32_t i = 0; i < x->count; i++) {
        if (x->field[i] >= e->field_count) {
            return false;
        }
    }
    return true;
}

static void add_declared(seal *s, const entity *e, index_list *l)
{
    for (uint32_t i = 0; i < e->index_count; i++) {
        const entity_index *x = &e->indexes[i];
        if (x->count < 1 || x->count > 4) {
            seal_fault(s, e->source, "bad_index", e->name);
        } else if (!has_good_positions(e, x)) {
            seal_fault(s, e->source, "bad_field_position", e->name);
        } else {
            add_index(s, e, l, *x);
        }
    }
}

static bool has_position(const uint16_t *at, uint32_t count, uint16_t wanted)
{
    for (uint32_t i = 0; i < count; i++) {
        if (at[i] == wanted) {
            return true;
        }
    }
    return false;
}

/* Owners besides the first are mostly nobody: their rows alone are in such an index, so it costs a
 * write nothing where there is none. Somebody has created every row. */
static bool is_mostly_empty(const entity *e, uint16_t at)
{
    bool is_other_owner = at == e->owner_fields[1] || at == e->owner_fields[2];
    return at >= COL_OWN && is_other_owner;
}

static void add_by_flag(seal *s, const entity *e, index_list *l)
{
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        if (e->fields[i].flags & FIELD_UNIQUE) {
            add_index(s, e, l,
                      (entity_index){.field = {(uint16_t)i}, .count = 1, .is_unique = true});
        }
    }
    uint16_t wanted[] = {e->owner_fields[0], e->owner_fields[1], e->owner_fields[2],
                         e->parent_field};
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        bool is_indexed = (e->fields[i].flags & FIELD_INDEXED) != 0;
        if (is_indexed || has_position(wanted, 4, (uint16_t)i)) {
            bool is_sparse = !is_indexed && is_mostly_empty(e, (uint16_t)i);
            add_index(s, e, l,
                      (entity_index){.field = {(uint16_t)i}, .count = 1, .is_sparse = is_sparse});
        }
    }
}

/* ---- what lists are narrowed by -------------------------------------------------------------- */

/* Somebody's rights on `e` ask who created a row: `involved`, and `own` where there is no owner. */
static bool asks_for_creator(const seal *s, const entity *e)
{
    for (uint32_t i = 0; i < s->r->grant_count; i++) {
        const grant *g = &s->r->grants[i];
        bool by_owner = g->scope == SCOPE_OWN || g->scope == SCOPE_TEAM;
        if (str_eq(g->entity_name, e->name) &&
            (g->scope == SCOPE_INVOLVED || (by_owner && !e->owner_fields[0]))) {
            return true;
        }
    }
    return false;
}

/* The user fields by which rights narrow lists; how many. */
static uint32_t user_fields(const seal *s, const entity *e, uint16_t out[4])
{
    uint32_t count = 0;
    while (count < 3 && e->owner_fields[count]) {
        out[count] = e->owner_fields[count];
        count++;
    }
    if (!has_position(out, count, COL_CREATED_BY) && asks_for_creator(s, e)) {
        out[count++] = COL_CREATED_BY;
    }
    return count;
}

/* `sorted` with `first` before its fields. */
static void add_behind(seal *s, const entity *e, index_list *l, uint16_t first, entity_index sorted)
{
    if (has_position(sorted.field, sorted.count, first) || sorted.count == 4) {
        return;
    }
    memmove(&sorted.field[1], &sorted.field[0], sorted.count * sizeof sorted.field[0]);
    sorted.field[0] = first;
    sorted.count++;
    sorted.is_sparse = is_mostly_empty(e, first);
    add_index(s, e, l, sorted);
}

/* The rows of a department that nobody owns. Usually they are few, and others cost it nothing. */
static void add_unowned(seal *s, const entity *e, index_list *l, entity_index sorted)
{
    if (!e->department_field || !e->owner_fields[0]) {
        return;
    }
    for (int i = 0; i < 3 && e->owner_fields[i] && sorted.empty_count < 4; i++) {
        if (!has_position(sorted.empty, sorted.empty_count, e->owner_fields[i])) {
            sorted.empty[sorted.empty_count++] = e->owner_fields[i];
        }
    }
    add_behind(s, e, l, e->department_field, sorted);
}

/* A list in this order, whole and as each kind of rights narrows it; the stages of a board too. */
static void add_order(seal *s, const entity *e, index_list *l, entity_index sorted)
{
    uint16_t users[4];
    uint32_t count = user_fields(s, e, users);
    add_index(s, e, l, sorted);
    for (uint32_t i = 0; i < count; i++) {
        add_behind(s, e, l, users[i], sorted);
    }
    add_unowned(s, e, l, sorted);
    if (!e->stage_field || has_position(sorted.field, sorted.count, e->stage_field)) {
        return;
    }
    entity_index staged = {.field = {e->stage_field, sorted.field[0]}, .count = 2};
    add_index(s, e, l, staged);
    add_unowned(s, e, l, staged);
    if (e->owner_fields[0]) {
        add_behind(s, e, l, e->owner_fields[0], staged);
    }
}

/* ---- what list views ask --------------------------------------------------------------------- */

/* The fields that a filter asks to be empty: ["closed_at","none"], alone or inside an "and". */
static void empty_fields(const entity *e, const json_t *form, entity_index *out)
{
    const char *word = json_string_value(json_array_get(form, 0));
    const char *op = json_string_value(json_array_get(form, 1));
    if (word && strcmp(word, "and") == 0) {
        for (size_t i = 1; i < json_array_size(form); i++) {
            empty_fields(e, json_array_get(form, i), out);
        }
        return;
    }
    const field *f = word && op && strcmp(op, "none") == 0 ? entity_field(e, str_of(word)) : NULL;
    if (f && !(f->flags & FIELD_MANY) && out->empty_count < 2 &&
        !has_position(out->empty, out->empty_count, f->index)) {
        out->empty[out->empty_count++] = f->index;
    }
}

static void add_view(seal *s, const entity *e, index_list *l, const json_t *view)
{
    const char *name = json_string_value(json_array_get(json_object_get(view, "sort"), 0));
    const field *f = name ? entity_field(e, str_of(name + (name[0] == '-'))) : NULL;
    if (f && !(f->flags & FIELD_MANY) && f->index != COL_ID) {
        entity_index sorted = {.field = {f->index}, .count = 1};
        empty_fields(e, json_object_get(view, "filter"), &sorted);
        add_order(s, e, l, sorted);
    }
}

static json_t *views_of(const entity *e)
{
    json_t *views = NULL;
    if (e->views_json.n && json_read(e->views_json, JSON_ITEMS_MAX, &views, NULL) != CRM_OK) {
        return NULL; /* seal_views has reported it */
    }
    return views;
}

static void add_views(seal *s, const entity *e, index_list *l)
{
    size_t i;
    json_t *view, *views = views_of(e);
    json_array_foreach(json_object_get(views, "list"), i, view)
    {
        add_view(s, e, l, view);
    }
    json_decref(views);
    /* Every list may be sorted by when its records came. */
    if (!(e->flags & ENTITY_SYSTEM)) {
        add_index(s, e, l, (entity_index){.field = {COL_CREATED_AT}, .count = 1});
    }
}

/* ---- what records are looked up by ----------------------------------------------------------- */

static void mark_indexed(const entity *e, crm_str name)
{
    const field *f = e ? entity_field(e, name) : NULL;
    if (f && f->index >= COL_OWN) {
        ((field *)f)->flags |= FIELD_INDEXED; /* the registry is still being made */
    }
}

/* The lists on a card: the records that refer to this one. */
static void mark_related(const seal *s, const entity *e)
{
    size_t i;
    json_t *row, *views = views_of(e);
    json_array_foreach(json_object_get(json_object_get(views, "card"), "related"), i, row)
    {
        mark_indexed(registry_entity(s->r, json_text(row, "entity")), json_text(row, "by"));
    }
    json_decref(views);
}

/* Rights by what refers to a row look for the referring rows. */
static void mark_linked(const seal *s, const grant *g)
{
    for (uint32_t i = 0; i < g->linked_count; i++) {
        const entity *child = registry_entity(s->r, g->linked_to[i]);
        for (uint32_t f = COL_OWN; child && f < child->field_count; f++) {
            const field *by = &child->fields[f];
            if (by->type == FIELD_REF && by->ref && str_eq(by->ref->name, g->entity_name)) {
                mark_indexed(child, by->name);
            }
        }
    }
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void make_indexes(seal *s, entity *e)
{
    index_list list = {.count = 0};
    add_declared(s, e, &list);
    add_views(s, e, &list);
    add_by_flag(s, e, &list);
    if (!(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API))) {
        /* The recycle bin is listed and swept by when it was filled. */
        add_index(s, e, &list,
                  (entity_index){.field = {COL_DELETED_AT}, .count = 1, .is_sparse = true});
    }
    entity_index *kept = seal_alloc(s, list.count, sizeof(entity_index));
    if (kept) {
        memcpy(kept, list.at, list.count * sizeof(entity_index));
        e->indexes = kept;
        e->index_count = list.count;
    }
}

void seal_indexes(seal *s)
{
    for (uint32_t i = 0; i < s->r->entity_count; i++) {
        mark_related(s, s->r->entities[i]);
    }
    for (uint32_t i = 0; i < s->r->grant_count; i++) {
        mark_linked(s, &s->r->grants[i]);
    }
    for (uint32_t i = 0; i < s->r->entity_count && !s->no_memory; i++) {
        make_indexes(s, (entity *)s->r->entities[i]);
    }
}
