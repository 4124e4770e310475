/*
 * module_outlook.c - what a change of a module would bring, told before it is made: its fields and
 * entities beside those in force, and the changes of data that would begin. See module_change.h.
 */
#include "data/data.h"
#include "flow/store.h"
#include "module_migrate.h"

/* ---- fields and entities --------------------------------------------------------------------- */

static crm_status note(arena *a, outlook_names *list, crm_str entity_name, crm_str field_name)
{
    if (list->count++ >= OUTLOOK_NAMES) {
        return CRM_OK;
    }
    crm_str *at = (crm_str *)(uintptr_t)&list->names[list->count - 1];
    *at = field_name.n ? arena_fmt(a, "%.*s.%.*s", STR_FMT(entity_name), STR_FMT(field_name))
                       : arena_dup(a, entity_name);
    return at->p ? CRM_OK : CRM_NOMEM;
}

/* What `r` has and `other` lacks. */
static crm_status note_lacking(arena *a, const registry *r, const registry *other,
                               outlook_names *out)
{
    crm_status s = CRM_OK;
    out->names = ARENA_ARRAY(a, crm_str, OUTLOOK_NAMES);
    if (!out->names) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; s == CRM_OK && i < r->entity_count; i++) {
        const entity *e = r->entities[i], *there = registry_entity(other, e->name);
        if (!there) {
            s = note(a, out, e->name, (crm_str){0});
            continue;
        }
        for (uint32_t k = COL_OWN; s == CRM_OK && k < e->field_count; k++) {
            bool is_there = entity_field(there, e->fields[k].name) != NULL;
            s = is_there ? CRM_OK : note(a, out, e->name, e->fields[k].name);
        }
    }
    return s;
}

/* ---- modules --------------------------------------------------------------------------------- */

static module *module_of(const build *b, crm_str name)
{
    for (uint32_t i = 0; i < b->module_count; i++) {
        if (str_eq(plug_name(b->modules[i]), name)) {
            return b->modules[i];
        }
    }
    return NULL;
}

static crm_status note_versions(arena *a, const build *now, const build *next, module_outlook *out)
{
    module *from = module_of(now, out->name), *to = module_of(next, out->name);
    out->has_from = from != NULL;
    out->has_to = to != NULL;
    out->from = from ? plug_info(from)->id : (crm_str){0};
    out->to = to ? plug_info(to)->id : (crm_str){0};
    crm_str *with = ARENA_ARRAY(a, crm_str, next->module_count + 1);
    if (!with) {
        return CRM_NOMEM;
    }
    for (uint32_t i = 0; i < next->module_count; i++) {
        crm_str name = plug_name(next->modules[i]);
        if (!str_eq(name, out->name) && !module_of(now, name)) {
            with[out->with_count++] = name;
        }
    }
    out->with = with;
    return CRM_OK;
}

/* Those beyond the last that was completed here. */
static crm_status count_migrations(const deployment *d, crm_ctx *c, const build *next,
                                   module_outlook *out)
{
    engine_session *session;
    uint32_t done = 0;
    module *m = module_of(next, out->name);
    if (!m || plug_info(m)->is_without_code) {
        return CRM_OK;
    }
    crm_status s = engine_session_open(d->engine, ENGINE_READER, (engine_deliver){0}, &session);
    if (s != CRM_OK) {
        return s;
    }
    s = migrations_done(session, c->reg, c->arena, out->name, &done);
    engine_session_close(session);
    while (s == CRM_OK && (done = plug_migration_next(m, done)) != 0) {
        out->migrations++;
    }
    return s;
}

crm_status module_compare(const deployment *d, crm_ctx *c, const build *b, module_outlook *out)
{
    const registry *now = registry_pin();
    crm_status s = now ? CRM_OK : CRM_UNAVAILABLE;
    s = s == CRM_OK ? note_versions(c->arena, d->in_force, b, out) : s;
    s = s == CRM_OK ? note_lacking(c->arena, b->reg, now, &out->added) : s;
    s = s == CRM_OK ? note_lacking(c->arena, now, b->reg, &out->hidden) : s;
    registry_unpin(now);
    return s == CRM_OK ? count_migrations(d, c, b, out) : s;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_id(json_writer *w, const char *key, bool is_set, crm_str id)
{
    jw_key(w, str_of(key));
    if (is_set) {
        jw_str(w, module_version_word(id));
    } else {
        jw_null(w);
    }
}

static void put_names(json_writer *w, const char *key, const outlook_names *list)
{
    jw_kobject(w, key);
    jw_kint(w, "count", list->count);
    jw_karray(w, "names");
    for (uint32_t i = 0; i < list->count && i < OUTLOOK_NAMES; i++) {
        jw_str(w, list->names[i]);
    }
    jw_end_array(w);
    jw_end_object(w);
}

void module_put_outlook(json_writer *w, const module_outlook *x)
{
    jw_object(w);
    jw_kbool(w, "ok", true);
    jw_kstr(w, "name", x->name);
    put_id(w, "from", x->has_from, x->from);
    put_id(w, "to", x->has_to, x->to);
    jw_kint(w, "migrations", x->migrations);
    put_names(w, "added", &x->added);
    put_names(w, "hidden", &x->hidden);
    jw_karray(w, "with");
    for (uint32_t i = 0; i < x->with_count; i++) {
        jw_str(w, x->with[i]);
    }
    jw_end_array(w);
    jw_end_object(w);
}
