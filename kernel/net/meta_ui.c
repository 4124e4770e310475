/*
 * meta_ui.c - where elements of modules' scripts stand, as /meta tells a person: nothing about an
 * entity or a field that he does not see.
 */
#include "data/rights.h"
#include "net/meta_private.h"

static bool is_shown(crm_ctx *c, const ui_part *p)
{
    uint64_t seen[4];
    const entity *e = p->entity_name.n ? registry_entity(c->reg, p->entity_name) : NULL;
    if (!p->entity_name.n || !e) {
        return !p->entity_name.n;
    }
    if (!meta_is_offered(c, e)) {
        return false;
    }
    if (!p->field_name.n) {
        return true;
    }
    const field *f = entity_field(e, p->field_name);
    rights_fields(c, e, seen);
    return f && bits_has(seen, (uint32_t)(f - e->fields));
}

static void text(json_writer *w, const char *key, crm_str s)
{
    if (s.n) {
        jw_kstr(w, key, s);
    }
}

static void part(json_writer *w, const ui_part *p)
{
    jw_object(w);
    jw_kstr(w, "id", p->id);
    text(w, "label", p->label);
    text(w, "icon", p->icon);
    text(w, "at", p->place);
    text(w, "entity", p->entity_name);
    text(w, "field", p->field_name);
    text(w, p->kind == UI_FIELD ? "view" : "element", p->element);
    text(w, "edit", p->editor);
    if (p->kind == UI_SLOT) {
        jw_kint(w, "order", p->order);
    }
    if (p->when_json.n) {
        jw_key(w, CRM_S("when"));
        jw_raw(w, p->when_json);
    }
    jw_end_object(w);
}

void meta_ui_parts(json_writer *w, crm_ctx *c, crm_str module)
{
    static const char *const keys[] = {"screens", "slots", "fields", "commands"};
    for (int kind = UI_SCREEN; kind <= UI_COMMAND; kind++) {
        bool is_begun = false;
        for (uint32_t i = 0; i < c->reg->ui_part_count; i++) {
            const ui_part *p = &c->reg->ui_parts[i];
            if ((int)p->kind != kind || !str_eq(p->module, module) || !is_shown(c, p)) {
                continue;
            }
            if (!is_begun) {
                jw_karray(w, keys[kind]);
                is_begun = true;
            }
            part(w, p);
        }
        if (is_begun) {
            jw_end_array(w);
        }
    }
}
