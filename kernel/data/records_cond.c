/*
 * records_cond.c - a condition under rights: what it touches must be visible, and rows its paths
 * pass are read under the principal's branches of their entities.
 */
#include "data/records_private.h"

crm_status records_unknown_field(crm_ctx *c, const entity *e, crm_str name)
{
    uint64_t shown[4], hidden[4];
    crm_str names[FIELDS_MAX];
    uint32_t n = 0;
    rights_fields(c, e, shown);
    records_hidden(e, hidden);
    for (uint32_t i = 0; i < e->field_count; i++) {
        const field *f = &e->fields[i];
        if (!bits_has(shown, i) || bits_has(hidden, i)) {
            continue;
        }
        if (f->was.n && str_eq(f->was, name)) {
            return call_fail_field(c, name, "renamed",
                                   arena_fmt(c->arena, "{\"name\":\"%.*s\"}", STR_FMT(f->name)));
        }
        names[n++] = f->name;
    }
    crm_str params = {0}, nearest = text_nearest(name, names, n);
    if (nearest.n) {
        params = arena_fmt(c->arena, "{\"nearest\":\"%.*s\"}", STR_FMT(nearest));
    }
    return call_fail_field(c, name, "unknown_field", params);
}

/* Of an entity he may read nothing of, the name of that is unknown. */
static crm_status unknown_of(crm_ctx *c, const entity *e, crm_str name)
{
    uint64_t shown[4];
    rights_fields(c, e, shown);
    return bits_any(shown) ? records_unknown_field(c, e, name)
                           : call_fail_field(c, e->name, "unknown_field", (crm_str){0});
}

bool records_shows(crm_ctx *c, const entity *e, const field *f)
{
    uint64_t shown[4], hidden[4];
    rights_fields(c, e, shown);
    records_hidden(e, hidden);
    return bits_has(shown, f->index) && !bits_has(hidden, f->index);
}

static bool shows(void *arg, const entity *e, const field *f)
{
    uint64_t shown[4];
    if (f) {
        return records_shows(arg, e, f);
    }
    rights_fields(arg, e, shown);
    return bits_any(shown);
}

cond_scope records_scope(crm_ctx *c, const entity *e)
{
    bool knows_all = c->who->kind == PRINCIPAL_SYSTEM;
    return (cond_scope){.reg = c->reg, .entity = e, .shows = knows_all ? NULL : shows, .arg = c};
}

crm_status records_bad_cond(crm_ctx *c, const cond_error *err, const char *where)
{
    crm_str name = err->field.n ? err->field : str_of(where);
    if (err->of) {
        return records_unknown_field(c, err->of, err->name);
    }
    return call_fail_field(c, name, err->code ? err->code : "bad_request", err->params_json);
}

typedef struct restricting {
    crm_ctx *call;
    bool is_system;
} restricting;

static crm_status restrict_one(restricting *x, const entity *e, const cond *in, const cond **out,
                               uint64_t touched[4]);

static crm_status children(restricting *x, const entity *e, const cond *in, cond *copy,
                           uint64_t touched[4])
{
    const cond **tail = &copy->first;
    crm_status st = CRM_OK;
    for (const cond *child = in->first; !st && child; child = child->next) {
        const cond *done;
        st = restrict_one(x, e, child, &done, touched);
        if (!st) {
            *tail = done;
            tail = (const cond **)&((cond *)done)->next; /* our own copy */
        }
    }
    *tail = NULL;
    return st;
}

/* A field of the rows asked. */
static crm_status check_shown(restricting *x, const entity *e, const field *f)
{
    bool is_shown = x->is_system || records_shows(x->call, e, f);
    return is_shown ? CRM_OK : unknown_of(x->call, e, f->name);
}

/* The rows that a sub-query gives, and which of its fields it touches. */
static crm_status among(restricting *x, const cond *in, cond *copy)
{
    const entity *e = in->sub->field->entity;
    subquery *sub = ARENA_NEW(x->call->arena, subquery);
    uint64_t touched[4] = {0};
    if (!sub) {
        return CRM_NOMEM;
    }
    *sub = *in->sub;
    copy->sub = sub;
    bits_add(touched, sub->field->index);
    crm_status st = check_shown(x, e, sub->field);
    if (!st && sub->where) {
        st = restrict_one(x, e, sub->where, &sub->where, touched);
    }
    if (!st && !x->is_system) {
        sub->rights = rights_readable(x->call->arena, rights_of(x->call, e), touched);
        st = sub->rights ? CRM_OK : CRM_NOMEM;
    }
    return st;
}

static crm_status exists(restricting *x, const cond *in, cond *copy)
{
    const entity *child = in->path[0]->entity;
    uint64_t touched[4] = {0};
    bits_add(touched, in->path[0]->index);
    crm_status st = check_shown(x, child, in->path[0]);
    st = st ? st : children(x, child, in, copy, touched);
    if (!st && !x->is_system) {
        copy->hop[0] = rights_readable(x->call->arena, rights_of(x->call, child), touched);
        st = copy->hop[0] ? CRM_OK : CRM_NOMEM;
    }
    return st;
}

/* The records that its own field refers to. */
static crm_status refers(restricting *x, const entity *e, const cond *in, cond *copy,
                         uint64_t touched[4])
{
    const entity *target = in->path[0]->ref;
    uint64_t used[4] = {0};
    bits_add(touched, in->path[0]->index);
    bits_add(used, COL_ID);
    crm_status st = check_shown(x, e, in->path[0]);
    st = st ? st : children(x, target, in, copy, used);
    if (!st && !x->is_system) {
        copy->hop[0] = rights_readable(x->call->arena, rights_of(x->call, target), used);
        st = copy->hop[0] ? CRM_OK : CRM_NOMEM;
    }
    return st;
}

static crm_str path_name(arena *a, const cond *c)
{
    crm_str name = c->path[0]->name;
    for (int i = 1; i < c->path_length; i++) {
        name = arena_fmt(a, "%.*s.%.*s", STR_FMT(name), STR_FMT(c->path[i]->name));
    }
    return name;
}

static crm_status hops(restricting *x, const cond *in, cond *copy)
{
    for (int i = 0; i + 1 < in->path_length; i++) {
        const entity *target = in->path[i]->ref;
        uint64_t touched[4] = {0};
        bits_add(touched, in->path[i + 1]->index);
        copy->hop[i] = rights_readable(x->call->arena, rights_of(x->call, target), touched);
        if (!copy->hop[i]) {
            return CRM_NOMEM;
        }
        if (!copy->hop[i]->count) {
            crm_str name = path_name(x->call->arena, in);
            return call_fail_field(x->call, name, "unknown_field", (crm_str){0});
        }
    }
    return CRM_OK;
}

static crm_status comparison(restricting *x, const entity *e, const cond *in, cond *copy,
                             uint64_t touched[4])
{
    bits_add(touched, in->path[0]->index);
    crm_status st = check_shown(x, e, in->path[0]);
    st = st || x->is_system ? st : hops(x, in, copy);
    return st || in->op != COND_IN_QUERY ? st : among(x, in, copy);
}

static crm_status restrict_one(restricting *x, const entity *e, const cond *in, const cond **out,
                               uint64_t touched[4])
{
    cond *copy = ARENA_NEW(x->call->arena, cond);
    *out = copy;
    if (!copy) {
        return CRM_NOMEM;
    }
    *copy = *in;
    copy->next = NULL;
    switch (in->op) {
    case COND_TRUE:
    case COND_FALSE:
        return CRM_OK;
    case COND_AND:
    case COND_OR:
    case COND_NOT:
        return children(x, e, in, copy, touched);
    case COND_EXISTS:
        return exists(x, in, copy);
    case COND_REFERS:
        return refers(x, e, in, copy, touched);
    default:
        return comparison(x, e, in, copy, touched);
    }
}

crm_status path_restrict(crm_ctx *c, const entity *e, field_path *p, uint64_t used[4])
{
    restricting x = {.call = c, .is_system = c->who->kind == PRINCIPAL_SYSTEM};
    cond in = {.op = COND_NONE, .path_length = p->length};
    memcpy(in.path, p->at, sizeof in.path);
    cond copy = in;
    crm_status st = comparison(&x, e, &in, &copy, used);
    memcpy(p->hop, copy.hop, sizeof p->hop);
    return st;
}

crm_status cond_restrict(crm_ctx *c, const entity *e, const cond *in, const cond **out,
                         uint64_t touched[4])
{
    restricting x = {.call = c, .is_system = c->who->kind == PRINCIPAL_SYSTEM};
    memset(touched, 0, 4 * sizeof *touched);
    *out = NULL;
    return in ? restrict_one(&x, e, in, out, touched) : CRM_OK;
}
