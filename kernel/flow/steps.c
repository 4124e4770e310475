/*
 * steps.c - the kernel's own rule verbs: assign, notify, move, set. Writer, bulk lane, inside the
 * step's transaction. Their arguments were checked against the schemas here when the ТЗ was read.
 */
#include "flow/flow_private.h"

#define CANDIDATES_MAX 500

static json_t *args_of(crm_ctx *c, const step_call *call)
{
    json_t *args = NULL;
    if (json_read(call->args_json, 0, &args, NULL) != CRM_OK) {
        call_fail(c, CRM_MISUSE, "bad_step");
    }
    return args;
}

/* ---- assign: {role, department, strategy, prefer} -------------------------------------------- */

typedef struct assigning {
    const strategy *strategy;
    int64_t *users; /* who may get it: of the role and the department */
    uint32_t count;
    const json_t *prefer; /* whom to ask first, NULL: nobody */
} assigning;

static bool has_role(const person *p, crm_str name)
{
    for (uint32_t i = 0; i < p->role_count; i++) {
        if (str_eq(p->roles[i], name)) {
            return true;
        }
    }
    return str_is_empty(name);
}

static int64_t department_named(const people *all, crm_str name)
{
    for (uint32_t i = 0; i < all->department_count; i++) {
        if (str_eq(all->departments[i].name, name)) {
            return all->departments[i].id;
        }
    }
    return 0;
}

static uint32_t candidates(crm_ctx *c, const json_t *args, int64_t *out)
{
    crm_str wanted = json_text(args, "role"), dep = json_text(args, "department");
    int64_t root = str_is_empty(dep) ? 0 : department_named(c->people, dep);
    uint32_t n = 0;
    if (!str_is_empty(dep) && !root) {
        return 0;
    }
    for (uint32_t i = 0; i < c->people->user_count && n < CANDIDATES_MAX; i++) {
        const person *p = &c->people->users[i];
        bool in = !root || (p->department && people_is_below(c->people, p->department, root));
        if (!p->is_disabled && !p->is_service && in && has_role(p, wanted)) {
            out[n++] = p->id;
        }
    }
    return n;
}

/* The user in a field of the record ("seller") or of one it refers to ("contact.owner"); 0: nobody.
 */
static crm_status user_at(crm_ctx *c, const record *subject, crm_str path, int64_t *out)
{
    crm_str rest = path, name = {0};
    const record *at = subject;
    *out = 0;
    str_split(&rest, '.', &name);
    const field *f = entity_field(subject->entity, name);
    if (rest.n && f && f->type == FIELD_REF && !value_is_null(subject->v[f->index])) {
        record *target;
        call_error before = c->error;
        crm_status s = records_get(c, f->ref, subject->v[f->index].i, &target);
        if (s == CRM_NOT_FOUND) {
            c->error = before;
            return CRM_OK; /* deleted meanwhile */
        }
        if (s != CRM_OK) {
            return s;
        }
        at = target;
        f = entity_field(target->entity, rest);
    }
    if (f && f->type == FIELD_USER) {
        *out = at->v[f->index].i;
    }
    return CRM_OK;
}

static bool is_among(const int64_t *users, uint32_t count, int64_t user)
{
    for (uint32_t i = 0; i < count; i++) {
        if (users[i] == user) {
            return true;
        }
    }
    return false;
}

/* The first of those preferred who is a candidate and whom the strategy takes when he is the only
 * one; NOT_FOUND: none. */
static crm_status pick_preferred(crm_ctx *c, const record *subject, const assigning *a,
                                 int64_t *chosen)
{
    size_t i;
    json_t *item;
    json_array_foreach(a->prefer, i, item)
    {
        int64_t user = 0;
        call_error before = c->error;
        crm_status s = user_at(c, subject, str_of(json_string_value(item)), &user);
        if (s == CRM_OK && user && is_among(a->users, a->count, user)) {
            s = a->strategy->pick(c, subject, &user, 1, chosen, a->strategy->fn);
            if (s == CRM_OK) {
                return s;
            }
        }
        if (s != CRM_OK && s != CRM_NOT_FOUND) {
            return s;
        }
        c->error = before;
    }
    return CRM_NOT_FOUND;
}

static crm_status pick(crm_ctx *c, const record *subject, const assigning *a, int64_t *chosen)
{
    crm_status s = pick_preferred(c, subject, a, chosen);
    if (s != CRM_NOT_FOUND || !a->count) {
        return s;
    }
    return a->strategy->pick(c, subject, a->users, a->count, chosen, a->strategy->fn);
}

static crm_status set_owner(crm_ctx *c, record *subject, int64_t user)
{
    const entity *e = subject->entity;
    crm_status s = record_set(subject, &e->fields[e->owner_fields[0]], value_int(user));
    return s == CRM_OK ? records_save(c, subject, 0) : s;
}

static crm_status assign(crm_ctx *c, step_call *call, const void *fn)
{
    assigning a = {.users = ARENA_ARRAY(c->arena, int64_t, CANDIDATES_MAX)};
    json_t *args = args_of(c, call);
    int64_t chosen = 0;
    (void)fn;
    if (!args || !a.users || !call->subject->entity->owner_fields[0]) {
        json_decref(args);
        return a.users ? CRM_MISUSE : CRM_NOMEM;
    }
    crm_str name = json_text(args, "strategy");
    a.strategy = registry_strategy(c->reg, str_is_empty(name) ? CRM_S("free") : name);
    a.count = candidates(c, args, a.users);
    a.prefer = json_object_get(args, "prefer");
    crm_status s = a.strategy ? pick(c, call->subject, &a, &chosen) : CRM_MISUSE;
    json_decref(args);
    return s == CRM_OK ? set_owner(c, call->subject, chosen) : s;
}

crm_status steps_leave_waiting(crm_ctx *c, record *subject, const rule_step *st)
{
    const entity *e = subject->entity;
    uint16_t at = e->department_field;
    json_t *args = NULL;
    if (st->step->run != assign || !at || !value_is_null(subject->v[at])) {
        return CRM_OK;
    }
    if (json_read(st->args_json, 0, &args, NULL) != CRM_OK) {
        return call_fail(c, CRM_MISUSE, "bad_step");
    }
    int64_t id = department_named(c->people, json_text(args, "department"));
    json_decref(args);
    if (!id) {
        return CRM_OK;
    }
    crm_status s = record_set(subject, &e->fields[at], value_int(id));
    return s == CRM_OK ? records_save(c, subject, 0) : s;
}

/* ---- notify: {to, text} ---------------------------------------------------------------------- */

static crm_status notify(crm_ctx *c, step_call *call, const void *fn)
{
    json_t *args = args_of(c, call);
    (void)fn;
    if (!args) {
        return CRM_MISUSE;
    }
    int64_t user = people_meant(c, json_text(args, "to"), call->subject);
    crm_str text = template_fill(c, json_text(args, "text"), call->subject);
    json_decref(args);
    if (!user) {
        return CRM_NOT_FOUND;
    }
    return notices_send(c, user, CRM_S("rule"), call->subject, text);
}

/* ---- move: {to}; set: {values} --------------------------------------------------------------- */

static crm_status move(crm_ctx *c, step_call *call, const void *fn)
{
    json_t *args = args_of(c, call);
    const entity *e = call->subject->entity;
    (void)fn;
    crm_str to = arena_dup(c->arena, json_text(args, "to"));
    json_decref(args);
    if (!args || !e->stage_field) {
        return CRM_MISUSE;
    }
    crm_status s = record_set(call->subject, &e->fields[e->stage_field], value_text(to));
    return s == CRM_OK ? records_save(c, call->subject, 0) : s;
}

static crm_status set(crm_ctx *c, step_call *call, const void *fn)
{
    json_t *args = args_of(c, call);
    (void)fn;
    if (!args) {
        return CRM_MISUSE;
    }
    crm_status s = record_from_json(c, call->subject, json_object_get(args, "values"));
    json_decref(args);
    return s == CRM_OK ? records_save(c, call->subject, 0) : s;
}

#define TEXT   "{\"type\":\"text\"}"
#define NEEDED "{\"type\":\"text\",\"required\":true}"
#define FILLED "{\"type\":\"template\",\"required\":true}"

crm_status steps_register(registry *r)
{
    static const step steps[] = {
        {.verb = {"assign", 6},
         .module = {"kernel", 6},
         .run = assign,
         .schema_json = CRM_S("{\"role\":" TEXT ",\"department\":" TEXT ",\"strategy\":" TEXT
                              ",\"prefer\":{\"type\":\"list\"}}")},
        {.verb = {"notify", 6},
         .module = {"kernel", 6},
         .run = notify,
         .schema_json = CRM_S("{\"to\":" NEEDED ",\"text\":" FILLED "}")},
        {.verb = {"move", 4},
         .module = {"kernel", 6},
         .run = move,
         .schema_json = CRM_S("{\"to\":" NEEDED "}")},
        {.verb = {"set", 3},
         .module = {"kernel", 6},
         .run = set,
         .schema_json = CRM_S("{\"values\":{\"type\":\"map\",\"required\":true}}")},
    };
    crm_status s = CRM_OK;
    for (size_t i = 0; s == CRM_OK && i < sizeof steps / sizeof steps[0]; i++) {
        s = registry_add_step(r, &steps[i]);
    }
    return s;
}
