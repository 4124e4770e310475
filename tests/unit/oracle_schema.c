/* oracle_schema.c - entities, indexes and searched fields made by chance. */
#include "data/address.h"
#include "data/field.h"
#include "oracle.h"

#define FIELDS_MOST   12
#define SEARCHED_MOST 4
#define INDEXES_MOST  48

/* ---- entities -------------------------------------------------------------------------------- */

static const field_type types[] = {
    FIELD_TEXT,     FIELD_TEXT,     FIELD_MULTILINE, FIELD_EMAIL,   FIELD_PHONE,   FIELD_URL,
    FIELD_INT,      FIELD_MONEY,    FIELD_DECIMAL,   FIELD_PERCENT, FIELD_BOOL,    FIELD_DATE,
    FIELD_DATETIME, FIELD_DURATION, FIELD_CHOICE,    FIELD_CHOICES, FIELD_STAGE,   FIELD_REF,
    FIELD_REF,      FIELD_REFS,     FIELD_USER,      FIELD_TAGS,    FIELD_INN,     FIELD_KPP,
    FIELD_OGRN,     FIELD_BIK,      FIELD_ACCOUNT,   FIELD_ADDRESS, FIELD_ADDRESS, FIELD_FILE,
    FIELD_FILES,    FIELD_JSON,     FIELD_COMPUTED,  FIELD_COMPUTED};

static uint32_t some_flags(dice *d, field_type type)
{
    uint32_t flags = 0;
    bool is_unique = type == FIELD_TEXT || type == FIELD_PHONE || type == FIELD_EMAIL ||
                     type == FIELD_INT || type == FIELD_INN || type == FIELD_ACCOUNT;
    if (type == FIELD_TAGS || type == FIELD_CHOICES || type == FIELD_REFS || type == FIELD_FILES ||
        ((type == FIELD_EMAIL || type == FIELD_PHONE || type == FIELD_URL) && roll(d, 2))) {
        flags |= FIELD_MANY;
    }
    return is_unique && roll(d, 5) == 0 ? flags | FIELD_UNIQUE : flags;
}

static bool holds_ids(field_type type)
{
    return type == FIELD_REF || type == FIELD_REFS || type == FIELD_USER;
}

/* The first of the entity's fields that is so, from the last one taken on; 0: none. */
static uint16_t first_such(const entity *e, uint16_t after, bool (*is)(const field *f))
{
    for (uint32_t i = after < COL_OWN ? COL_OWN : after + 1u; i < e->field_count; i++) {
        if (is(&e->fields[i])) {
            return (uint16_t)i;
        }
    }
    return 0;
}

static bool is_stage(const field *f)
{
    return f->type == FIELD_STAGE;
}

/* What rights may go by, here and there. */
static void give_parts(dice *d, entity *e)
{
    uint16_t owner = first_such(e, 0, is_link);
    uint16_t place = owner ? first_such(e, owner, is_link) : 0;
    e->owner_fields[0] = roll(d, 4) ? owner : 0;
    e->department_field = roll(d, 3) ? place : 0;
    e->stage_field = first_such(e, 0, is_stage);
    e->parent_field = roll(d, 3) == 0 ? (place ? place : owner) : 0;
}

/* As sealing makes them. */
static const field *parts_of(arena *a, const field *f)
{
    field *parts = ARENA_ARRAY(a, field, ADDRESS_PARTS);
    assert_non_null(parts);
    for (uint8_t i = 0; i < ADDRESS_PARTS; i++) {
        crm_str part = address_part_name((address_part)i);
        parts[i] = (field){.name = arena_fmt(a, "%.*s.%.*s", STR_FMT(f->name), STR_FMT(part)),
                           .type = FIELD_TEXT,
                           .index = f->index,
                           .part = (uint8_t)(i + 1),
                           .entity = f->entity};
    }
    return parts;
}

/* What a formula may give. */
static const field_type results[] = {FIELD_TEXT, FIELD_INT,  FIELD_DECIMAL,  FIELD_MONEY,
                                     FIELD_BOOL, FIELD_DATE, FIELD_DATETIME, FIELD_DURATION};

static void complete_fields(world *w, dice *d, entity *e)
{
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        field *f = (field *)&e->fields[i];
        if (f->type == FIELD_COMPUTED) {
            f->result = PICK(d, results);
        } else if (f->type == FIELD_ADDRESS) {
            f->parts = parts_of(w->arena, f);
        }
    }
}

static void add_some(world *w, dice *d, entity *all, uint32_t count, entity *e)
{
    world_field own[FIELDS_MOST];
    uint32_t fields = 3 + roll(d, FIELDS_MOST - 2);
    for (uint32_t i = 0; i < fields; i++) {
        field_type type = PICK(d, types);
        own[i] = (world_field){arena_fmt(w->arena, "f%u", i).p, type, some_flags(d, type),
                               holds_ids(type) ? &all[roll(d, count)] : NULL};
    }
    world_add(w, e, arena_fmt(w->arena, "test.e%u", w->reg.entity_count).p, own, fields);
    complete_fields(w, d, e);
    give_parts(d, e);
}

world *some_world(dice d)
{
    world *w = world_new_empty();
    uint32_t count = 2 + roll(&d, WORLD_ENTITIES - 2);
    entity *all = ARENA_ARRAY(w->arena, entity, count);
    assert_non_null(all);
    for (uint32_t i = 0; i < count; i++) {
        add_some(w, &d, all, count, &all[i]);
    }
    w->main = &all[roll(&d, count)];
    return w;
}

/* ---- indexes --------------------------------------------------------------------------------- */

typedef struct index_list {
    dice d;
    entity_index *at;
    uint32_t count;
} index_list;

static bool has_twice(const entity_index *x)
{
    for (uint32_t i = 0; i < x->count; i++) {
        for (uint32_t k = 0; k < i; k++) {
            if (x->field[i] == x->field[k]) {
                return true;
            }
        }
        for (uint32_t k = 0; k < x->empty_count; k++) {
            if (x->field[i] == x->empty[k]) {
                return true;
            }
        }
    }
    return false;
}

static void add(index_list *l, entity_index x)
{
    if (!has_twice(&x) && l->count < INDEXES_MOST) {
        l->at[l->count++] = x;
    }
}

/* The indexes of lists that the registry would derive, each or not. */
static void index_lists(const entity *e, index_list *l)
{
    const field *any[2] = {some_such(&l->d, e, is_single), some_such(&l->d, e, is_single)};
    uint16_t owner = owner_of(e)->index, place = place_of(e)->index, grade = stage_of(e)->index;
    uint16_t by = COL_CREATED_BY, at = COL_CREATED_AT;
    uint16_t x = any[0] ? any[0]->index : at, y = any[1] ? any[1]->index : at;
    const entity_index some[] = {
        {.field = {owner, at}, .count = 2},
        {.field = {owner, x}, .count = 2},
        {.field = {owner, y}, .count = 2},
        {.field = {owner, grade, at}, .count = 3},
        {.field = {grade, at}, .count = 2},
        {.field = {by, at}, .count = 2},
        {.field = {by, x}, .count = 2},
        {.field = {owner, at}, .count = 2, .empty = {y}, .empty_count = 1},
        {.field = {x}, .count = 1, .empty = {y}, .empty_count = 1},
        {.field = {place, at}, .count = 2, .empty = {owner}, .empty_count = 1},
        {.field = {place, x}, .count = 2, .empty = {owner}, .empty_count = 1},
    };
    for (size_t i = 0; i < sizeof some / sizeof some[0]; i++) {
        if (roll(&l->d, 6)) {
            add(l, some[i]);
        }
    }
}

static void index_fields(const entity *e, index_list *l)
{
    for (uint16_t i = COL_OWN; i < e->field_count; i++) {
        const field *next = some_such(&l->d, e, is_single);
        bool is_pair = is_single(&e->fields[i]) && next && roll(&l->d, 2);
        if (e->fields[i].flags & FIELD_UNIQUE) {
            add(l, (entity_index){.field = {i}, .count = 1, .is_unique = true});
        } else if (roll(&l->d, 2)) {
            add(l,
                (entity_index){.field = {i, is_pair ? next->index : 0}, .count = is_pair ? 2 : 1});
        }
    }
}

static void change_entity(arena *a, dice *d, entity *e)
{
    index_list l = {*d, ARENA_ARRAY(a, entity_index, INDEXES_MOST), 0};
    uint16_t *searched = ARENA_ARRAY(a, uint16_t, SEARCHED_MOST);
    assert_true(l.at && searched);
    index_lists(e, &l);
    index_fields(e, &l);
    *d = l.d;
    e->indexes = l.at;
    e->index_count = l.count;
    e->search_count = 0;
    for (uint16_t i = COL_OWN; i < e->field_count; i++) {
        if (is_words(&e->fields[i]) && e->search_count < SEARCHED_MOST && roll(d, 3)) {
            searched[e->search_count++] = i;
        }
    }
    e->search_fields = searched;
}

void change_schema(bench *b, dice d)
{
    world *w = b->w;
    registry_fault *faults;
    for (uint32_t i = 0; i < w->reg.entity_count; i++) {
        change_entity(w->arena, &d, (entity *)w->entities[i]);
    }
    assert_ok(engine_schema(b->e, &w->reg, w->arena, &faults));
}
