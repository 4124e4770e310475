/* history_text.c - see history_private.h. */
#include "net/history_private.h"

/* ---- titles of references: one look-up per entity and answer --------------------------------- */

typedef struct label_list {
    const entity *entity;
    int64_t *ids;
    crm_str *labels;
    uint32_t count, cap;
    struct label_list *next;
} label_list;

static label_list *list_of(history_text *t, const entity *e)
{
    label_list *l = t->labels;
    while (l && l->entity != e) {
        l = l->next;
    }
    if (l) {
        return l;
    }
    l = ARENA_NEW(t->k->c.arena, label_list);
    if (l) {
        *l = (label_list){.entity = e, .next = t->labels};
        t->labels = l;
    }
    return l;
}

static bool add_id(history_text *t, const entity *e, int64_t id)
{
    arena *a = t->k->c.arena;
    label_list *l = list_of(t, e);
    for (uint32_t i = 0; l && i < l->count; i++) {
        if (l->ids[i] == id) {
            return true;
        }
    }
    if (l && l->count == l->cap) {
        uint32_t cap = l->cap ? l->cap * 2 : 16;
        int64_t *ids = ARENA_ARRAY(a, int64_t, cap);
        if (!ids) {
            return false;
        }
        if (l->count) {
            memcpy(ids, l->ids, l->count * sizeof *ids);
        }
        l->ids = ids;
        l->cap = cap;
    }
    if (l) {
        l->ids[l->count++] = id;
    }
    return l != NULL;
}

static bool add_change(history_text *t, const struct history_change *ch)
{
    const value both[] = {ch->old_value, ch->new_value};
    bool ok = true;
    for (int i = 0; i < 2 && ok; i++) {
        if (ch->field->type == FIELD_REF && ch->field->ref && both[i].kind == VALUE_INT) {
            ok = add_id(t, ch->field->ref, both[i].i);
        }
    }
    return ok;
}

crm_status history_read_labels(history_text *t)
{
    crm_status s = CRM_OK;
    bool ok = true;
    for (uint32_t i = 0; ok && i < t->count; i++) {
        for (uint32_t j = 0; ok && j < t->rows[i].change_count; j++) {
            ok = add_change(t, &t->rows[i].changes[j]);
        }
    }
    for (label_list *l = t->labels; ok && l && s == CRM_OK; l = l->next) {
        l->labels = ARENA_ARRAY(t->k->c.arena, crm_str, l->count);
        ok = l->labels != NULL;
        if (ok) {
            s = records_labels(&t->k->c, l->entity, l->ids, l->count, l->labels);
        }
    }
    return ok ? s : CRM_NOMEM;
}

static crm_str label_of(const history_text *t, const field *f, int64_t id)
{
    const label_list *l = t->labels;
    if (f->type == FIELD_USER) {
        const person *p = people_user(t->k->c.people, id);
        return p ? p->name : (crm_str){0};
    }
    while (l && l->entity != f->ref) {
        l = l->next;
    }
    for (uint32_t i = 0; l && i < l->count; i++) {
        if (l->ids[i] == id) {
            return l->labels[i];
        }
    }
    return (crm_str){0};
}

/* ---- members --------------------------------------------------------------------------------- */

static void put_value(const history_text *t, const char *name, const field *f, value v)
{
    json_writer *w = &t->k->w;
    bool is_reference = f->type == FIELD_REF || f->type == FIELD_USER;
    crm_str label = is_reference && v.kind == VALUE_INT ? label_of(t, f, v.i) : (crm_str){0};
    jw_key(w, str_of(name));
    field_to_json(w, f, &v, label, f->type == FIELD_REF && v.kind == VALUE_INT && !label.p);
}

static void put_batch(json_writer *w, const history_entry *h)
{
    jw_key(w, CRM_S("batch"));
    if (!h->batch) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_kint(w, "id", h->batch);
    jw_key(w, CRM_S("title"));
    if (h->batch_title.p) {
        jw_str(w, h->batch_title);
    } else {
        jw_null(w);
    }
    jw_end_object(w);
}

position_place history_place(const api_call *k)
{
    return (position_place){.of = POSITION_HISTORY, .entity = k->entity->id, .record = k->id};
}

void history_put_members(const history_text *t, const history_entry *h)
{
    json_writer *w = &t->k->w;
    char position[POSITION_ROOM];
    const char op[] = {h->op, 0};
    position_write(history_place(t->k), h->position, position);
    jw_kstr(w, "position", str_of(position));
    jw_kstr(w, "via", h->via);
    put_batch(w, h);
    jw_kstr(w, "op", str_of(op));
    jw_karray(w, "changes");
    for (uint32_t i = 0; i < h->change_count; i++) {
        jw_object(w);
        jw_kstr(w, "field", h->changes[i].field->name);
        put_value(t, "old", h->changes[i].field, h->changes[i].old_value);
        put_value(t, "new", h->changes[i].field, h->changes[i].new_value);
        jw_end_object(w);
    }
    jw_end_array(w);
}
