/*
 * registry_seal_views.c - sealing: the views of an entity name fields that exist.
 *
 * A related list of an entity that is not part of this deployment is left out: it is the other
 * module's absence, not a fault of this one.
 */
#include "data/registry_internal.h"

static void check_name(seal *s, const entity *e, const char *name)
{
    if (!name) {
        seal_fault(s, e->source, "bad_views", e->name);
    } else if (!entity_field(e, str_of(name))) {
        seal_unknown_field(s, e->source, e, arena_dup(s->a, str_of(name)));
    }
}

/* A list of field names; `is_sort` allows a leading minus. */
static void check_names(seal *s, const entity *e, const json_t *list, bool is_sort)
{
    size_t i;
    json_t *item;
    if (list && !json_is_array(list)) {
        seal_fault(s, e->source, "bad_views", e->name);
        return;
    }
    json_array_foreach(list, i, item)
    {
        const char *name = json_string_value(item);
        check_name(s, e, name && is_sort && name[0] == '-' ? name + 1 : name);
    }
}

static void check_list(seal *s, const entity *e, const json_t *view)
{
    check_names(s, e, json_object_get(view, "columns"), false);
    check_names(s, e, json_object_get(view, "phone"), false);
    check_names(s, e, json_object_get(view, "sort"), true);
    const json_t *due = json_object_get(view, "due");
    if (due) {
        check_name(s, e, json_string_value(due));
    }
    const json_t *filter = json_object_get(view, "filter");
    if (filter) {
        seal_cond(s, e->source, e, json_dump(s->a, filter));
    }
}

static void check_card(seal *s, const entity *e, const json_t *card)
{
    size_t i;
    json_t *section;
    check_names(s, e, json_object_get(card, "header"), false);
    json_array_foreach(json_object_get(card, "sections"), i, section)
    {
        check_names(s, e, json_object_get(section, "fields"), false);
    }
}

/* Of parts alone. The fields that a scanned code is looked for in are those of the record that it
 * leads to; `whole` are those of what the parts make up. */
static void check_table(seal *s, const entity *e, const json_t *table)
{
    const json_t *scan = json_object_get(table, "scan");
    const char *into = json_string_value(json_object_get(scan, "into"));
    const field *via = into ? entity_field(e, str_of(into)) : NULL;
    check_names(s, e, json_object_get(table, "columns"), false);
    check_names(s, e, json_object_get(table, "totals"), false);
    const entity *whole = e->parent_field ? e->fields[e->parent_field].ref : NULL;
    bool is_sound = !scan || (via && via->type == FIELD_REF && via->ref);
    if (table && (!whole || !is_sound)) {
        seal_fault(s, e->source, "bad_views", e->name);
        return;
    }
    if (whole) {
        check_names(s, whole, json_object_get(table, "whole"), false);
    }
    if (!scan) {
        return;
    }
    check_names(s, via->ref, json_object_get(scan, "by"), false);
    check_name(s, e, json_string_value(json_object_get(scan, "count")));
}

static bool keep_related(seal *s, const entity *e, const json_t *row)
{
    const entity *other = registry_entity(s->r, json_text(row, "entity"));
    crm_str by = json_text(row, "by");
    if (other && !entity_field(other, by)) {
        seal_unknown_field(s, e->source, other, arena_dup(s->a, by));
    }
    return other;
}

/* True when a row was dropped. */
static bool filter_related(seal *s, const entity *e, json_t *related)
{
    size_t before = json_array_size(related);
    for (size_t i = before; i-- > 0;) {
        if (!keep_related(s, e, json_array_get(related, i))) {
            json_array_remove(related, i);
        }
    }
    return json_array_size(related) != before;
}

static void check_views(seal *s, entity *e)
{
    json_t *views = NULL, *view;
    size_t i;
    if (json_read(e->views_json, JSON_ITEMS_MAX, &views, NULL) != CRM_OK) {
        seal_fault(s, e->source, "bad_views", e->name);
        return;
    }
    json_array_foreach(json_object_get(views, "list"), i, view)
    {
        check_list(s, e, view);
    }
    json_t *card = json_object_get(views, "card");
    check_card(s, e, card);
    check_table(s, e, json_object_get(views, "table"));
    check_names(s, e, json_object_get(views, "quick"), false);
    if (filter_related(s, e, json_object_get(card, "related"))) {
        e->views_json = json_dump(s->r->arena, views);
        s->no_memory = s->no_memory || !e->views_json.p;
    }
    json_decref(views);
}

void seal_views(seal *s)
{
    for (uint32_t i = 0; i < s->r->entity_count; i++) {
        if (s->r->entities[i]->views_json.n) {
            check_views(s, (entity *)s->r->entities[i]);
        }
    }
}
