/*
 * registry_seal_match.c - sealing: what duplicates are found by.
 *
 * Every field that a rule begins with gets an index. An entity with a rule SIMILAR gets one field
 * more, hidden: keys of its names (data/match.h), which the records layer writes with the row. They
 * are found through the full text.
 */
#include "data/registry_internal.h"

/* Indexed fields whose equality says something: no long texts, no files, no amounts. */
static bool may_be_same(const field *f)
{
    switch (f->type) {
    case FIELD_TEXT:
    case FIELD_EMAIL:
    case FIELD_PHONE:
    case FIELD_URL:
    case FIELD_INT:
    case FIELD_DATE:
    case FIELD_REF:
    case FIELD_CHOICE:
    case FIELD_INN:
    case FIELD_KPP:
    case FIELD_OGRN:
    case FIELD_BIK:
    case FIELD_ACCOUNT:
        return true;
    default:
        return false;
    }
}

static bool is_sound(const entity *e, const match_rule *m)
{
    bool is_good = m->count >= 1 && m->count <= 4 && (!m->from || m->count == 1);
    is_good = is_good && (!m->from || (m->from >= 50 && m->from <= 100));
    for (uint32_t i = 0; is_good && i < m->count; i++) {
        const field *f = m->field[i] < e->field_count ? &e->fields[m->field[i]] : NULL;
        bool fits = f && (m->from ? f->type == FIELD_TEXT : may_be_same(f));
        /* What may not contradict is one value. */
        is_good = fits && m->field[i] >= COL_OWN && (i == 0 || !(f->flags & FIELD_MANY));
    }
    return is_good;
}

static void add_keys(seal *s, entity *e)
{
    static const field keys = {.name = {"_match", 6},
                               .type = FIELD_TAGS,
                               .flags = FIELD_SYSTEM | FIELD_HIDDEN | FIELD_READ_ONLY | FIELD_MANY};
    if (registry_append_fields(s->r, e, &keys, 1) != CRM_OK) {
        seal_fault(s, e->source, "too_many", e->name);
        return;
    }
    e->match_field = (uint16_t)(e->field_count - 1);
}

static void seal_entity(seal *s, entity *e)
{
    bool is_similar = false;
    if (e->match_count > MATCH_RULES_MAX) {
        seal_fault(s, e->source, "bad_match", e->name);
        return;
    }
    for (uint32_t i = 0; i < e->match_count; i++) {
        const match_rule *m = &e->matches[i];
        if (!is_sound(e, m)) {
            seal_fault(s, e->source, "bad_match", e->name);
            return;
        }
        is_similar |= m->from != 0;
        if (!m->from) {
            ((field *)&e->fields[m->field[0]])->flags |= FIELD_INDEXED;
        }
    }
    if (is_similar) {
        add_keys(s, e);
    }
}

/* Merging looks for what refers to a record, so those fields are indexed. */
static void index_references(seal *s, const entity *e)
{
    for (uint32_t i = 0; i < e->field_count; i++) {
        field *f = (field *)&e->fields[i];
        bool is_ref = f->type == FIELD_REF || f->type == FIELD_REFS;
        const entity *to = is_ref ? registry_entity(s->r, f->ref_name) : NULL;
        if (to && to->match_count) {
            f->flags |= FIELD_INDEXED;
        }
    }
}

void seal_matches(seal *s)
{
    for (uint32_t i = 0; i < s->r->entity_count && !s->no_memory; i++) {
        if (s->r->entities[i]->match_count) {
            seal_entity(s, (entity *)s->r->entities[i]);
        }
    }
    for (uint32_t i = 0; i < s->r->entity_count; i++) {
        index_references(s, s->r->entities[i]);
    }
}
