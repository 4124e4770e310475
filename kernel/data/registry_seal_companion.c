/* registry_seal_companion.c - sealing: an entity of the kernel's own that stands beside another
 * one, as its stage log and its notes do. */
#include "data/registry_internal.h"

#define NAME(lit)            \
    {                        \
        lit, sizeof(lit) - 1 \
    }

/* "Заметки: Сделки" under a key of its own. */
static void add_name(seal *s, const entity *beside, const char *texts, const char *form, crm_str of)
{
    static const crm_str languages[] = {NAME("ru"), NAME("en")};
    arena *a = s->r->arena;
    crm_str key = arena_fmt(a, "%.*s.%s", STR_FMT(beside->name), form);
    crm_str kind = arena_fmt(a, "%s.%s", texts, form);
    for (size_t i = 0; i < sizeof languages / sizeof languages[0]; i++) {
        crm_str lang = languages[i], what = registry_text(s->r, lang, kind);
        crm_str whose = registry_text(s->r, lang, of);
        text_string t = {.lang = lang, .key = key};
        t.text = arena_fmt(a, "%.*s: %.*s", STR_FMT(what), STR_FMT(whose));
        s->no_memory = s->no_memory || !t.text.p || registry_add_string(s->r, &t) != CRM_OK;
    }
}

static void name_it(arena *a, entity *own, const entity *e, const char *suffix, const char *texts)
{
    own->module = own->source = CRM_S("kernel");
    own->name = arena_fmt(a, "%.*s%s", STR_FMT(e->name), suffix);
    if (e->was.n) { /* renamed with its entity */
        own->was = arena_fmt(a, "%.*s%s", STR_FMT(e->was), suffix);
    }
    own->label_one = arena_fmt(a, "%.*s.one", STR_FMT(own->name));
    own->label_many = arena_fmt(a, "%.*s.many", STR_FMT(own->name));
    own->label_count = arena_fmt(a, "%s.count", texts);
}

entity *seal_companion(seal *s, const entity *e, entity *own, const char *suffix, const char *texts)
{
    uint32_t columns = own->field_count + COL_OWN;
    name_it(s->r->arena, own, e, suffix, texts);
    crm_status st = arena_failed(s->r->arena) ? CRM_NOMEM : registry_add_entity(s->r, own);
    if (st == CRM_CONFLICT) {
        seal_fault(s, e->source, "taken", own->name);
        return NULL;
    }
    s->no_memory = s->no_memory || st != CRM_OK;
    entity *beside = st == CRM_OK ? (entity *)registry_entity(s->r, own->name) : NULL;
    if (!beside) {
        return NULL;
    }
    if (beside->field_count != columns) { /* the kernel knows its fields by position */
        seal_unknown_entity(s, beside->fields[columns].source, own->name);
        return NULL;
    }
    add_name(s, beside, texts, "one", e->label_one);
    add_name(s, beside, texts, "many", e->label_many);
    return beside;
}
