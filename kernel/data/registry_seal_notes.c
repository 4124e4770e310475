/* registry_seal_notes.c - sealing: every entity with a timeline gets its notes, and what joins
 * timelines is checked (timeline.h). */
#include "data/registry_internal.h"
#include "data/timeline.h"

#define NAME(lit)            \
    {                        \
        lit, sizeof(lit) - 1 \
    }
#define KERNEL NAME("kernel")
#define ROW(name_, type_, flags_)                                                    \
    {                                                                                \
        .name = NAME(name_), .label = NAME("notes.f." name_), .type = FIELD_##type_, \
        .flags = (flags_), .source = KERNEL                                          \
    }

static const field fields[NOTE_COLUMNS - COL_OWN] = {
    [NOTE_RECORD - COL_OWN] = ROW("record", REF, FIELD_REQUIRED),
    [NOTE_TEXT - COL_OWN] = ROW("text", MULTILINE, FIELD_REQUIRED | FIELD_SEARCH),
    [NOTE_MENTIONS - COL_OWN] = ROW("mentions", REFS, 0),
    [NOTE_NOT_TOLD - COL_OWN] = ROW("not_told", REFS, FIELD_READ_ONLY),
    [NOTE_FILES - COL_OWN] = ROW("files", FILES, 0),
    [NOTE_PINNED - COL_OWN] = ROW("pinned", BOOL, 0),
    [NOTE_EDITED_AT - COL_OWN] = ROW("edited_at", DATETIME, FIELD_READ_ONLY),
};

static const entity_index indexes[] = {{.field = {NOTE_RECORD}, .count = 1}};

static void set_fields(entity *notes, const entity *of)
{
    for (uint32_t i = COL_OWN; i < notes->field_count; i++) {
        field *f = (field *)&notes->fields[i];
        if (f->type == FIELD_REFS) {
            f->ref_name = CRM_S("user");
        }
    }
    field *text = (field *)&notes->fields[NOTE_TEXT];
    text->max = NOTE_MAX;
    field *on = (field *)&notes->fields[NOTE_RECORD];
    on->ref_name = of->name;
    on->label = of->label_one.n ? of->label_one : on->label;
}

static void add_notes(seal *s, entity *e)
{
    entity own = {.flags = ENTITY_NOTES,
                  .fields = fields,
                  .field_count = NOTE_COLUMNS - COL_OWN,
                  .icon = CRM_S("note"),
                  .title_field = NOTE_TEXT,
                  .parent_field = NOTE_RECORD,
                  .indexes = indexes,
                  .index_count = sizeof indexes / sizeof indexes[0]};
    entity *notes = seal_companion(s, e, &own, NOTES_SUFFIX, "notes");
    if (notes) {
        set_fields(notes, e);
        e->notes = notes;
    }
}

void seal_notes(seal *s)
{
    uint32_t count = s->r->entity_count;
    for (uint32_t i = 0; i < count && !s->no_memory; i++) {
        entity *e = (entity *)s->r->entities[i];
        if (e->flags & ENTITY_TIMELINE) {
            add_notes(s, e);
        }
    }
}

/* ---- what joins ------------------------------------------------------------------------------ */

static bool is_taken(const registry *r, const entity *e, crm_str kind)
{
    for (uint32_t k = 0; k < KIND_JOINED; k++) {
        if (str_eq(timeline_kind_name(r, k), kind)) {
            return true;
        }
    }
    for (uint32_t i = 0; r->entities[i] != e; i++) {
        if (r->entities[i]->join && str_eq(r->entities[i]->join->kind, kind)) {
            return true;
        }
    }
    return false;
}

static void check_join(seal *s, const entity *e)
{
    const timeline_join *j = e->join;
    if (is_taken(s->r, e, j->kind)) {
        seal_fault(s, e->source, "taken", j->kind);
    }
    for (uint8_t i = 0; i < j->on_count; i++) {
        if (e->fields[j->on[i]].type != FIELD_REF) {
            seal_fault(s, e->source, "wrong_field_type", e->fields[j->on[i]].name);
        }
    }
    if (e->fields[j->at].type != FIELD_DATETIME) {
        seal_fault(s, e->source, "wrong_field_type", e->fields[j->at].name);
    }
}

void seal_joins(seal *s)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->r->entity_count; i++) {
        const entity *e = s->r->entities[i];
        if (e->join && ++count <= TIMELINE_JOINS_MAX) {
            check_join(s, e);
        } else if (e->join) {
            seal_fault(s, e->source, "too_many", e->name);
        }
    }
}
