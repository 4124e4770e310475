/* meta_views.c - the views of an entity for who asks: they name no field that he may not see, and a
 * list that its filter limits by such a field is none of his. */
#include "data/records.h"
#include "net/meta_private.h"

typedef struct showing {
    crm_ctx *call;
    const entity *entity;
    uint64_t seen[4];
} showing;

static bool is_seen(const showing *s, const char *name)
{
    const field *f = entity_field(s->entity, str_of(name + (*name == '-')));
    return f && bits_has(s->seen, f->index);
}

static void keep_seen(const showing *s, json_t *names)
{
    for (size_t i = json_array_size(names); i-- > 0;) {
        const char *name = json_string_value(json_array_get(names, i));
        if (name && !is_seen(s, name)) {
            json_array_remove(names, i);
        }
    }
}

static void keep_each(const showing *s, json_t *of, const char *const *keys)
{
    for (; *keys; keys++) {
        keep_seen(s, json_object_get(of, *keys));
    }
}

/* Whether he may ask what the list asks. */
static bool may_filter(const showing *s, const json_t *filter)
{
    const cond *asked, *narrowed;
    uint64_t touched[4];
    cond_error err;
    cond_scope about = records_scope(s->call, s->entity);
    if (!filter) {
        return true;
    }
    bool may = cond_read(s->call->arena, &about, filter, &asked, &err) == CRM_OK &&
               cond_restrict(s->call, s->entity, asked, &narrowed, touched) == CRM_OK;
    s->call->error = (call_error){0};
    return may;
}

static void keep_lists(const showing *s, json_t *lists)
{
    static const char *const names[] = {"columns", "phone", "sort", NULL};
    for (size_t i = json_array_size(lists); i-- > 0;) {
        json_t *list = json_array_get(lists, i);
        const char *due = json_string_value(json_object_get(list, "due"));
        keep_each(s, list, names);
        if (due && !is_seen(s, due)) {
            json_object_del(list, "due");
        }
        if (!may_filter(s, json_object_get(list, "filter"))) {
            json_array_remove(lists, i);
        }
    }
}

static void keep_of(const showing *s, const entity *of, json_t *names)
{
    showing other = {.call = s->call, .entity = of};
    rights_fields(s->call, of, other.seen);
    keep_seen(&other, names);
}

/* A scan that would look for what he may not see is none. */
static void keep_table(const showing *s, json_t *table)
{
    static const char *const names[] = {"columns", "totals", NULL};
    const entity *e = s->entity;
    const json_t *scan = json_object_get(table, "scan");
    const char *into = json_string_value(json_object_get(scan, "into"));
    const char *count = json_string_value(json_object_get(scan, "count"));
    const field *via = into ? entity_field(e, str_of(into)) : NULL;
    keep_each(s, table, names);
    if (table && e->parent_field) {
        keep_of(s, e->fields[e->parent_field].ref, json_object_get(table, "whole"));
    }
    if (!via || !via->ref) {
        return;
    }
    json_t *by = json_object_get(scan, "by");
    keep_of(s, via->ref, by);
    if (!is_seen(s, into) || !count || !is_seen(s, count) || !json_array_size(by)) {
        json_object_del(table, "scan");
    }
}

void meta_views(json_writer *w, crm_ctx *c, const entity *e)
{
    static const char *const header[] = {"header", NULL}, *const fields[] = {"fields", NULL},
                             *const quick[] = {"quick", NULL};
    showing s = {.call = c, .entity = e};
    json_t *views, *section;
    size_t i;
    rights_fields(c, e, s.seen);
    if (!e->views_json.n || json_read(e->views_json, 0, &views, NULL) != CRM_OK) {
        jw_raw(w, CRM_S("{}"));
        return;
    }
    json_t *card = json_object_get(views, "card");
    keep_lists(&s, json_object_get(views, "list"));
    keep_each(&s, card, header);
    json_array_foreach(json_object_get(card, "sections"), i, section)
        keep_each(&s, section, fields);
    keep_each(&s, views, quick);
    keep_table(&s, json_object_get(views, "table"));
    jw_raw(w, json_dump(c->arena, views));
    json_decref(views);
}
