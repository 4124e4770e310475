/* template.c - "{title}" in the texts of rules, and whom "owner" or "department.head" means. */
#include "flow/flow_private.h"

static crm_str value_as_text(crm_ctx *c, const field *f, value v)
{
    if (value_is_null(v)) {
        return (crm_str){0};
    }
    if (f->type == FIELD_USER) {
        const person *p = people_user(c->people, v.i);
        return p ? p->name : (crm_str){0};
    }
    if (f->type == FIELD_REF) {
        crm_str label = {0};
        return records_labels(c, f->ref, &v.i, 1, &label) == CRM_OK ? label : (crm_str){0};
    }
    if (f->type == FIELD_STAGE) {
        const stage *st = pipeline_stage(f->pipeline, v.s, NULL);
        return st ? registry_text(c->reg, c->lang, st->label) : v.s;
    }
    if (v.kind == VALUE_TEXT) {
        return v.s;
    }
    buf b;
    json_writer w;
    buf_init(&b, 256);
    jw_init(&w, &b);
    field_to_json(&w, f, &v, (crm_str){0}, false);
    crm_str s = arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    if (s.n >= 2 && s.p[0] == '"') {
        s = (crm_str){s.p + 1, s.n - 2};
    }
    return s;
}

static crm_str fill_name(crm_ctx *c, crm_str name, const record *subject)
{
    const field *f = subject ? entity_field(subject->entity, name) : NULL;
    return f && !(f->flags & FIELD_HIDDEN) ? value_as_text(c, f, subject->v[f->index])
                                           : (crm_str){0};
}

bool template_next(crm_str *rest, crm_str *head, crm_str *name)
{
    ptrdiff_t open = str_find(*rest, '{');
    crm_str tail = {rest->p + (open < 0 ? 0 : open), open < 0 ? 0 : rest->n - (size_t)open};
    ptrdiff_t close = str_find(tail, '}');
    if (close < 0) {
        *head = *rest;
        return false;
    }
    *head = (crm_str){rest->p, (size_t)open};
    *name = (crm_str){tail.p + 1, (size_t)close - 1};
    *rest = (crm_str){tail.p + close + 1, tail.n - (size_t)close - 1};
    return true;
}

crm_str template_fill(crm_ctx *c, crm_str text, const record *subject)
{
    crm_str head, name;
    buf b;
    buf_init(&b, 64 * 1024);
    while (template_next(&text, &head, &name)) {
        buf_str(&b, head);
        buf_str(&b, fill_name(c, name, subject));
    }
    buf_str(&b, head);
    crm_str out = b.failed ? (crm_str){0} : arena_dup(c->arena, buf_view(&b));
    buf_free(&b);
    return out;
}

static int64_t owner_of(const record *subject)
{
    uint16_t f = subject ? subject->entity->owner_fields[0] : 0;
    return f ? subject->v[f].i : 0;
}

static int64_t head_of(crm_ctx *c, const record *subject)
{
    int64_t owner = owner_of(subject), id = 0;
    const person *p = owner ? people_user(c->people, owner) : NULL;
    if (p) {
        id = p->department;
    } else if (subject && subject->entity->department_field) {
        id = subject->v[subject->entity->department_field].i;
    }
    for (const department *d = id ? people_department(c->people, id) : NULL; d;
         d = d->parent ? people_department(c->people, d->parent) : NULL) {
        if (d->head) {
            return d->head;
        }
    }
    return 0;
}

int64_t people_meant(crm_ctx *c, crm_str who, const record *subject)
{
    if (str_is(who, "owner")) {
        return owner_of(subject);
    }
    if (str_is(who, "department.head")) {
        int64_t head = head_of(c, subject);
        /* A record nobody owns has no department: every head of one is as good, the first is told.
         */
        for (uint32_t i = 0; !head && i < c->people->department_count; i++) {
            head = c->people->departments[i].head;
        }
        return head;
    }
    const person *p = people_by_login(c->people, who);
    return p && !p->is_disabled ? p->id : 0;
}
