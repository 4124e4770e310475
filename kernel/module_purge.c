/* module_purge.c - see module_purge.h. */
#include "module_purge.h"

#include "flow/settings.h"
#include "flow/store.h"

/* ---- the request ----------------------------------------------------------------------------- */

static json_t *thing_json(purge_thing what)
{
    json_t *pair = json_array();
    json_array_append_new(pair, json_stringn(what.entity.p, what.entity.n));
    json_array_append_new(pair, json_stringn(what.field.p ? what.field.p : "", what.field.n));
    return pair;
}

static json_t *spec_of(const module_plan *p)
{
    json_t *spec = json_object(), *things = json_array(), *versions = json_array();
    for (uint32_t i = 0; i < p->part_count; i++) {
        json_array_append_new(things, thing_json(p->parts[i].what));
    }
    for (uint32_t i = 0; i < p->version_count; i++) {
        json_array_append_new(versions, json_stringn(p->versions[i].p, p->versions[i].n));
    }
    bool is_whole =
        json_array_size(things) == p->part_count && json_array_size(versions) == p->version_count;
    json_object_set_new(spec, "module", json_stringn(p->name.p, p->name.n));
    json_object_set_new(spec, "things", things);
    json_object_set_new(spec, "versions", versions);
    if (!is_whole || json_object_size(spec) != 3) {
        json_decref(spec);
        return NULL;
    }
    return spec;
}

static crm_status commit_start(crm_ctx *c, void *arg)
{
    module_plan *p = arg;
    batch_order o = {.kind = CRM_S("purge"),
                     .title = p->name,
                     .spec = spec_of(p),
                     .total = p->rows,
                     .is_quiet = true};
    crm_status s = o.spec ? batch_start(c, &o, &p->batch) : CRM_NOMEM;
    json_decref(o.spec);
    return s;
}

static crm_status write_off(deployment *d, crm_ctx *c, crm_str name)
{
    module_choices all;
    crm_status s = choices_read(c->arena, d->o->data, &all);
    module_choice *row = s == CRM_OK ? choices_need(c->arena, &all, name) : NULL;
    if (!row) {
        return s == CRM_OK ? CRM_NOMEM : s;
    }
    row->wish = CHOICE_OFF;
    row->is_put_off = false;
    return choices_write(d->o->data, &all);
}

/* Off by choice from before its first record goes, so that neither a text that names it nor a
 * module that needs it brings half of it into force. The end forgets that; a purge that fails or is
 * canceled leaves it off. */
static crm_status begin(deployment *d, crm_ctx *c, module_plan *p)
{
    module_choices before;
    crm_status s = choices_read(c->arena, d->o->data, &before);
    s = s == CRM_OK ? write_off(d, c, p->name) : s;
    if (s != CRM_OK) {
        return s;
    }
    s = writer_run(d->flow, c, commit_start, p);
    if (s != CRM_OK && choices_write(d->o->data, &before) != CRM_OK) {
        log_event(LOG_ERROR, "modules.not_taken_back", "module=%s", log_quote(p->name));
    }
    return s;
}

static crm_status carry_out(deployment *d, crm_ctx *c, const module_ask *ask, module_plan *p)
{
    crm_status s = call_may(c, CRM_S("delete")) ? CRM_OK : call_fail(c, CRM_DENIED, "denied");
    s = s == CRM_OK ? module_find_parts(d, c, p) : s;
    if (s == CRM_OK && !ask->is_check && !str_eq(ask->typed, p->name)) {
        s = call_fail_field(c, CRM_S("name"), "name_differs", (crm_str){0});
    }
    engine_turn_end(c->session);
    s = s == CRM_OK ? module_rest_count(c, p) : s;
    engine_turn_end(c->session);
    return s == CRM_OK && !ask->is_check ? begin(d, c, p) : s;
}

/* On the registry that is in force once it is this request's turn. */
static crm_status serve(deployment *d, crm_ctx *asked, const module_ask *ask, module_plan *p)
{
    crm_ctx now;
    crm_status s = d->in_force && d->flow ? CRM_OK : CRM_UNAVAILABLE;
    s = s == CRM_OK ? call_begin_in(&now, asked->arena, asked->who, asked->via) : s;
    if (s != CRM_OK) {
        return s;
    }
    now.session = asked->session;
    now.lang = asked->lang;
    s = carry_out(d, &now, ask, p);
    asked->error = now.error;
    now.session = NULL;
    call_end(&now);
    return s;
}

crm_status module_purge(deployment *d, crm_ctx *c, const module_ask *ask, module_plan *out)
{
    *out = (module_plan){.name = ask->name};
    uv_mutex_lock(&d->apply_lock);
    crm_status s = serve(d, c, ask, out);
    uv_mutex_unlock(&d->apply_lock);
    if (s == CRM_OK && out->batch) {
        log_event(LOG_INFO, "module.purge", "module=%s batch=%lld by=%lld", log_quote(ask->name),
                  (long long)out->batch, (long long)c->who->user);
    }
    return s;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_parts(json_writer *w, const module_plan *p, bool are_fields)
{
    for (uint32_t i = 0; i < p->part_count; i++) {
        const module_part *part = &p->parts[i];
        if ((part->what.field.n > 0) != are_fields) {
            continue;
        }
        jw_object(w);
        jw_kstr(w, "entity", part->what.entity);
        if (are_fields) {
            jw_kstr(w, "field", part->what.field);
        }
        jw_kint(w, "rows", part->rows);
        jw_kint(w, "files", part->files);
        jw_end_object(w);
    }
}

void module_put_plan(json_writer *w, const module_plan *p)
{
    jw_object(w);
    if (p->batch) {
        jw_kobject(w, "change");
        jw_kint(w, "batch", p->batch);
        jw_end_object(w);
    } else {
        jw_kbool(w, "ok", true);
    }
    jw_kstr(w, "name", p->name);
    jw_karray(w, "entities");
    put_parts(w, p, false);
    jw_end_array(w);
    jw_karray(w, "fields");
    put_parts(w, p, true);
    jw_end_array(w);
    jw_kint(w, "rows", p->rows);
    jw_kint(w, "files", p->files);
    jw_kint(w, "settings", p->settings);
    jw_kint(w, "jobs", p->jobs);
    jw_kint(w, "numbers", p->numbers);
    jw_kint(w, "rights", p->rights);
    jw_karray(w, "versions");
    for (uint32_t i = 0; i < p->version_count; i++) {
        jw_str(w, p->versions[i]);
    }
    jw_end_array(w);
    jw_kbool(w, "removable", p->is_removable);
    jw_end_object(w);
}

/* ---- a turn, on a worker --------------------------------------------------------------------- */

typedef struct place {
    size_t at; /* in the list of things; behind its end: the rest */
    size_t count;
    const json_t *things;
    const json_t *versions; /* ids of those that lay there when it began */
    crm_str name;
} place;

static crm_str text_at(const json_t *pair, size_t i)
{
    const json_t *at = json_array_get(pair, i);
    const char *text = json_string_value(at);
    return text ? (crm_str){text, json_string_length(at)} : (crm_str){0};
}

/* "<thing>:<part>:<after>" */
static crm_status read_place(purge_turn *t, const batch_run *b, place *out)
{
    crm_str rest = b->cursor, first = {0};
    int64_t n = 0;
    *out = (place){.things = json_object_get(b->spec, "things"),
                   .versions = json_object_get(b->spec, "versions"),
                   .name = json_text(b->spec, "module")};
    out->count = json_array_size(out->things);
    if (rest.n && (!str_split(&rest, ':', &first) || str_to_i64(first, &n) != CRM_OK || n < 0)) {
        return CRM_MISUSE;
    }
    out->at = (size_t)n;
    return purge_read_place(rest, &t->page);
}

static bool is_declared(const registry *r, purge_thing what)
{
    const entity *e = registry_entity(r, what.entity);
    return what.field.n ? e && entity_field(e, what.field) : e != NULL;
}

/* What somebody else declares by now is his. */
static crm_status purge_next(purge_turn *t, place *p)
{
    const json_t *pair = json_array_get(p->things, p->at);
    const purge_thing what = {text_at(pair, 0), text_at(pair, 1)};
    crm_status s = CRM_OK;
    t->is_gone = is_declared(t->c->reg, what);
    if (!t->is_gone) {
        s = purge_one(t, what);
    }
    if (s == CRM_OK && t->is_gone) {
        p->at++;
        t->page.part = LEFTOVER_ROWS;
        t->page.after = 0;
    }
    return s;
}

/* ---- the end --------------------------------------------------------------------------------- */

typedef struct ending {
    const place *at;
    const model_rows *rows;
} ending;

static bool is_of(crm_str entity_name, const json_t *things)
{
    json_t *pair;
    size_t i;
    json_array_foreach(things, i, pair)
    {
        if (!text_at(pair, 1).n && str_eq(text_at(pair, 0), entity_name)) {
            return true;
        }
    }
    return false;
}

/* With what was made in the browser on its entities. */
static crm_status commit_end(crm_ctx *c, void *arg)
{
    const ending *x = arg;
    const entity *e = registry_store(c->reg, STORE_MODEL);
    crm_status s = module_rest_end(c, x->at->name, x->at->things);
    for (uint32_t i = 0; s == CRM_OK && i < x->rows->count; i++) {
        if (is_of(x->rows->at[i].entity, x->at->things)) {
            s = records_delete(c, e, x->rows->at[i].id, 0);
        }
    }
    return s;
}

static crm_status forget_choice(const purge_turn *t, crm_str name)
{
    module_choices all;
    crm_status s = choices_read(t->c->arena, t->d->o->data, &all);
    module_choice *row = s == CRM_OK ? choices_find(&all, name) : NULL;
    if (!row) {
        return s;
    }
    size_t behind = (size_t)(&all.at[all.count] - row) - 1;
    memmove(row, row + 1, behind * sizeof *row);
    all.count--;
    return choices_write(t->d->o->data, &all);
}

static bool is_meant(const place *p, const module_found *f)
{
    bool is_there = false;
    for (size_t i = 0; !is_there && i < json_array_size(p->versions); i++) {
        is_there = str_eq(text_at(p->versions, i), f->id);
    }
    return is_there && f->id.n && str_eq(f->name, p->name);
}

/* What root has installed is root's to remove; what came meanwhile is for whoever begins anew. */
static crm_status remove_files(purge_turn *t, const place *p)
{
    module_found *all;
    uint32_t count = 0;
    module_refusal *refused = NULL;
    crm_status s = plug_scan(t->c->arena, t->d->o->modules, &all, &count, &refused);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        if (!is_meant(p, &all[i])) {
            continue;
        }
        crm_status removed = plug_remove(t->c->arena, &all[i], t->d->o->modules);
        if (removed != CRM_OK && !t->stays) {
            t->stays = "module_files_stay";
            t->stays_json = arena_fmt(t->c->arena, "{\"name\":\"%.*s\"}", STR_FMT(p->name));
        }
    }
    return s;
}

static crm_status end(purge_turn *t, const place *p)
{
    model_rows rows;
    engine_turn_end(t->c->session);
    crm_status s = model_load(t->c->session, t->c->reg, t->c->arena, &rows);
    ending x = {p, &rows};
    s = s == CRM_OK ? purge_commit(t, commit_end, &x) : s;
    s = s == CRM_OK ? forget_choice(t, p->name) : s;
    s = s == CRM_OK ? remove_files(t, p) : s;
    t->is_done = s == CRM_OK;
    if (t->is_done) {
        log_event(LOG_INFO, "module.purged", "module=%s batch=%lld files=%s", log_quote(p->name),
                  (long long)t->batch, t->stays ? "stay" : "gone");
    }
    return s;
}

static crm_status purge_rest(purge_turn *t, const place *p)
{
    module_rest *rest = ARENA_NEW(t->c->arena, module_rest);
    if (!rest) {
        return CRM_NOMEM;
    }
    rest->name = p->name;
    engine_turn_end(t->c->session);
    crm_status s = module_rest_read(t->c, rest);
    engine_turn_end(t->c->session);
    if (s == CRM_OK) {
        s = rest->count ? purge_commit(t, module_rest_remove, rest) : end(t, p);
    }
    return s;
}

crm_status module_purge_turn(purge_turn *t, const batch_run *b)
{
    place p;
    crm_status s = read_place(t, b, &p);
    if (s == CRM_OK && settings_have(t->c->reg, p.name)) {
        s = call_fail(t->c, CRM_CONFLICT, "module_active"); /* it was put into force meanwhile */
    }
    if (s == CRM_OK && !registry_is_alone()) {
        s = CRM_UNAVAILABLE; /* somebody who knows it may still write it */
    }
    if (s == CRM_OK) {
        s = p.at < p.count ? purge_next(t, &p) : purge_rest(t, &p);
    }
    crm_str at = purge_place(t->c->arena, &t->page);
    t->cursor = arena_fmt(t->c->arena, "%zu:%.*s", p.at, STR_FMT(at));
    return s == CRM_OK && !t->cursor.p ? CRM_NOMEM : s;
}
