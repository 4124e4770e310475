/*
 * meta_api.c - what the client draws itself from: /api/v1/meta for this user, filtered by rights,
 * and /api/v1/i18n/<lang>, the strings of everything enabled.
 */
#include "data/field.h"
#include "data/stores.h"
#include "data/timeline.h"
#include "net/meta_private.h"

static void entity_label(json_writer *w, const entity *e)
{
    jw_kobject(w, "label");
    jw_kstr(w, "one", e->label_one);
    jw_kstr(w, "many", e->label_many);
    jw_kstr(w, "count", e->label_count);
    jw_end_object(w);
}

static void field_options(json_writer *w, const field *f)
{
    if (!f->choice_count) {
        return;
    }
    jw_karray(w, "options");
    for (uint32_t i = 0; i < f->choice_count; i++) {
        jw_object(w);
        jw_kstr(w, "v", f->choices[i].value);
        jw_kstr(w, "l", f->choices[i].label);
        if (f->choices[i].color.n) {
            jw_kstr(w, "color", f->choices[i].color);
        }
        jw_end_object(w);
    }
    jw_end_array(w);
}

static const char *type_name(field_type t)
{
    static const char *const names[] = {
#define X(name, text, storage, many) text,
        FIELD_TYPE_MAP(X)
#undef X
    };
    return names[t];
}

/* `min` and `max` of a number in the form its values have; of a text `max` is its length. */
static void field_bounds(json_writer *w, const field *f)
{
    if (f->max) {
        jw_kint(w, "max", f->max);
    }
    if (!value_is_null(f->least)) {
        jw_key(w, CRM_S("min"));
        field_to_json(w, f, &f->least, (crm_str){0}, false);
    }
    if (!value_is_null(f->most)) {
        jw_key(w, CRM_S("max"));
        field_to_json(w, f, &f->most, (crm_str){0}, false);
    }
}

/* What refers to a record stands in the order of ids, which tells a person nothing. */
static bool is_sortable(const field *f)
{
    field_type t = field_stored_type(f);
    return t != FIELD_REF && t != FIELD_USER && entity_is_ordered_by(f->entity, f);
}

static void field_meta(json_writer *w, const field *f, bool is_writable)
{
    jw_key(w, f->name);
    jw_object(w);
    jw_kstr(w, "type", str_of(type_name(field_stored_type(f))));
    if (f->type == FIELD_COMPUTED) {
        jw_kbool(w, "computed", true);
    }
    jw_kstr(w, "label", f->label);
    if (f->flags & FIELD_REQUIRED) {
        jw_kbool(w, "required", true);
    }
    if (f->flags & FIELD_READ_ONLY || !is_writable) {
        jw_kbool(w, "read_only", true);
    }
    if (f->flags & FIELD_MANY) {
        jw_kbool(w, "many", true);
    }
    if (is_sortable(f)) {
        jw_kbool(w, "sortable", true);
    }
    field_bounds(w, f);
    if (f->scale) {
        jw_kint(w, "scale", f->scale);
    }
    if (f->type == FIELD_MONEY && f->currency_field) {
        jw_kstr(w, "currencyField", f->entity->fields[f->currency_field].name);
    }
    if (f->type == FIELD_REF || f->type == FIELD_REFS) {
        jw_kstr(w, "to", f->ref_name);
    }
    if (f->type == FIELD_STAGE && f->pipeline) {
        jw_kstr(w, "pipeline", f->pipeline->name);
    }
    if (f->where || f->type == FIELD_USER) {
        jw_kbool(w, "lookup", true);
    }
    field_options(w, f);
    jw_end_object(w);
}

static void entity_can(json_writer *w, crm_ctx *c, const entity *e)
{
    jw_kobject(w, "can");
    jw_kbool(w, "read", rights_may_some(c, e, ACTION_READ));
    jw_kbool(w, "create", rights_may_some(c, e, ACTION_CREATE));
    jw_kbool(w, "update", rights_may_some(c, e, ACTION_UPDATE));
    jw_kbool(w, "delete", rights_may_some(c, e, ACTION_DELETE));
    jw_kbool(w, "merge", rights_may_some(c, e, ACTION_MERGE));
    jw_kbool(w, "export", rights_may_export(c, e));
    jw_kbool(w, "import", rights_may_import(c, e));
    jw_end_object(w);
}

static void entity_fields(json_writer *w, crm_ctx *c, const entity *e)
{
    uint64_t seen[4], set[4], made[4];
    const branches *b = rights_of(c, e);
    rights_fields(c, e, seen);
    rights_fields_for(b, rights_for(b, ACTION_UPDATE), ACTION_UPDATE, set);
    rights_fields_for(b, rights_for(b, ACTION_CREATE), ACTION_CREATE, made);
    jw_kobject(w, "fields");
    for (uint32_t i = 0; i < e->field_count; i++) {
        const field *f = &e->fields[i];
        bool is_shown = i == COL_ID || i == COL_CREATED_AT || i == COL_UPDATED_AT ||
                        i == COL_CREATED_BY || (i >= COL_OWN && bits_has(seen, i));
        if (is_shown && !(f->flags & FIELD_HIDDEN)) {
            field_meta(w, f, i >= COL_OWN && (bits_has(set, i) || bits_has(made, i)));
        }
    }
    jw_end_object(w);
}

static void entity_meta(json_writer *w, crm_ctx *c, const entity *e)
{
    jw_key(w, e->name);
    jw_object(w);
    entity_label(w, e);
    jw_kstr(w, "icon", e->icon);
    jw_kstr(w, "module", e->module);
    if (e->title_field) {
        jw_kstr(w, "title", e->fields[e->title_field].name);
    }
    if (e->owner_fields[0]) {
        jw_kstr(w, "owner", e->fields[e->owner_fields[0]].name);
    }
    if (e->stage_field) {
        jw_kstr(w, "stage", e->fields[e->stage_field].name);
    }
    if (e->flags & ENTITY_LOG) {
        jw_kbool(w, "log", true);
    } else if (entity_is_part(e)) {
        jw_kstr(w, "part_of", e->fields[e->parent_field].name);
    }
    if (e->match_count) {
        jw_kbool(w, "match", true);
    }
    if (rights_foreign(c, e)) {
        jw_kbool(w, "foreign", true);
    }
    if (e->notes) {
        meta_timeline(w, c, e);
    }
    entity_can(w, c, e);
    entity_fields(w, c, e);
    jw_key(w, CRM_S("views"));
    meta_views(w, c, e);
    jw_end_object(w);
}

bool meta_is_offered(crm_ctx *c, const entity *e)
{
    return !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API)) && rights_may_some(c, e, ACTION_READ);
}

static void entities(json_writer *w, crm_ctx *c)
{
    jw_kobject(w, "entities");
    for (uint32_t i = 0; i < c->reg->entity_count; i++) {
        const entity *e = c->reg->entities[i];
        /* All notes are alike, and have no page but the timeline that they stand in; views have
         * none either. */
        bool has_page = !(e->flags & ENTITY_NOTES) && e != registry_store(c->reg, STORE_VIEW);
        if (meta_is_offered(c, e) && has_page) {
            entity_meta(w, c, e);
        }
    }
    jw_end_object(w);
}

static void pipelines(json_writer *w, crm_ctx *c)
{
    static const char *const outcomes[] = {"open", "won", "lost", "done"};
    uint64_t seen[4];
    jw_kobject(w, "pipelines");
    for (uint32_t i = 0; i < c->reg->pipeline_count; i++) {
        const pipeline *p = &c->reg->pipelines[i];
        if (!p->entity || !meta_is_offered(c, p->entity)) {
            continue;
        }
        rights_fields(c, p->entity, seen);
        jw_key(w, p->name);
        jw_object(w);
        jw_kstr(w, "entity", p->entity_name);
        jw_kstr(w, "label", p->label);
        jw_karray(w, "stages");
        for (uint32_t j = 0; j < p->stage_count; j++) {
            const stage *st = &p->stages[j];
            jw_object(w);
            jw_kstr(w, "v", st->name);
            jw_kstr(w, "l", st->label);
            jw_kstr(w, "color", st->color);
            jw_kstr(w, "outcome", str_of(outcomes[st->outcome]));
            jw_karray(w, "require");
            for (uint32_t n = 0; n < st->require_count; n++) {
                if (bits_has(seen, st->require[n])) {
                    jw_str(w, p->entity->fields[st->require[n]].name);
                }
            }
            jw_end_array(w);
            jw_end_object(w);
        }
        jw_end_array(w);
        jw_end_object(w);
    }
    jw_end_object(w);
}

static void menu(json_writer *w, crm_ctx *c)
{
    jw_karray(w, "menu");
    for (uint32_t i = 0; i < c->reg->menu_count; i++) {
        const menu_item *m = &c->reg->menus[i];
        const entity *e = m->entity_name.n ? registry_entity(c->reg, m->entity_name) : NULL;
        if (m->entity_name.n && (!e || !meta_is_offered(c, e))) {
            continue;
        }
        jw_object(w);
        jw_kstr(w, "id", m->id);
        jw_kstr(w, "label", m->label);
        jw_kstr(w, "icon", m->icon);
        jw_kstr(w, "to", m->to);
        jw_kstr(w, "group", m->group);
        jw_kint(w, "order", m->order);
        if (m->entity_name.n) {
            jw_kstr(w, "entity", m->entity_name);
        }
        jw_kbool(w, "phone", m->on_phone);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void names(json_writer *w, const char *key, const crm_str *at, uint32_t count)
{
    jw_karray(w, key);
    for (uint32_t i = 0; i < count; i++) {
        jw_str(w, at[i]);
    }
    jw_end_array(w);
}

/* Pages of modules' services; those on cards where he sees such records. */
static void frames(json_writer *w, crm_ctx *c)
{
    jw_karray(w, "frames");
    for (uint32_t i = 0; i < c->reg->frame_count; i++) {
        const remote_frame *f = &c->reg->frames[i];
        const entity *e = f->entity_name.n ? registry_entity(c->reg, f->entity_name) : NULL;
        if (f->entity_name.n && (!e || !meta_is_offered(c, e))) {
            continue;
        }
        jw_object(w);
        jw_kstr(w, "module", f->module);
        jw_kstr(w, "id", f->id);
        jw_kstr(w, "label", f->label);
        jw_kint(w, "height", f->height);
        if (e) {
            jw_kstr(w, "entity", e->name);
            names(w, "send", f->send, f->send_count);
            names(w, "set", f->set, f->set_count);
        }
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void modules(json_writer *w, crm_ctx *c)
{
    jw_karray(w, "modules");
    for (uint32_t i = 0; i < c->reg->module_count; i++) {
        const module_info *m = &c->reg->modules[i];
        jw_object(w);
        jw_kstr(w, "id", m->name);
        jw_kstr(w, "ver", m->version);
        if (m->ui_json.n) {
            jw_key(w, CRM_S("ui"));
            jw_raw(w, m->ui_json);
        }
        meta_ui_parts(w, c, m->name);
        jw_end_object(w);
    }
    jw_end_array(w);
}

/* One function may be granted in several rows. */
static bool is_first(const registry *r, uint32_t at)
{
    for (uint32_t i = 0; i < at; i++) {
        if (str_eq(r->functions[i].function, r->functions[at].function)) {
            return false;
        }
    }
    return true;
}

static void user(json_writer *w, api_call *k)
{
    crm_ctx *c = &k->c;
    const person *p = people_user(c->people, k->who.user);
    const department *d = people_department(c->people, p->department);
    jw_kobject(w, "user");
    jw_kint(w, "id", p->id);
    jw_kstr(w, "name", p->name);
    jw_kstr(w, "login", p->login);
    jw_karray(w, "roles");
    for (uint32_t i = 0; i < p->role_count; i++) {
        jw_str(w, p->roles[i]);
    }
    jw_end_array(w);
    jw_karray(w, "functions");
    for (uint32_t i = 0; i < c->reg->function_count; i++) {
        if (is_first(c->reg, i) && call_may(c, c->reg->functions[i].function)) {
            jw_str(w, c->reg->functions[i].function);
        }
    }
    jw_end_array(w);
    jw_key(w, CRM_S("department"));
    if (d) {
        jw_object(w);
        jw_kint(w, "id", d->id);
        jw_kstr(w, "label", d->title);
        jw_end_object(w);
    } else {
        jw_null(w);
    }
    jw_kbool(w, "on_line", p->is_on_line);
    jw_end_object(w);
}

/* The body is hashed into the ETag, so a client that has it gets 304. */
static void reply_tagged(api_call *k)
{
    http_request *r = k->http;
    buf *b = http_body(r);
    uint8_t digest[SHA256_SIZE];
    crypto_sha256((crm_str){b->p + k->mark, b->n - k->mark}, digest);
    crm_str hex = crypto_hex(r->arena, digest, 12);
    crm_str etag = arena_fmt(r->arena, "\"%.*s\"", STR_FMT(hex));
    http_set(r, "ETag", etag);
    http_cache(r, CACHE_PRIVATE);
    if (http_etag_matches(r, etag)) {
        api_reply_empty(k, 304);
    } else {
        api_reply(k, 200);
    }
}

static bool has_module(const registry *r, crm_str name)
{
    for (uint32_t i = 0; i < r->module_count; i++) {
        if (str_eq(r->modules[i].name, name)) {
            return true;
        }
    }
    return false;
}

/* Names of notes and of their fields: pages have words of their own for them. */
static bool is_of_notes(crm_str key)
{
    return str_starts(key, CRM_S("notes.")) || str_ends(key, CRM_S(NOTES_SUFFIX ".one")) ||
           str_ends(key, CRM_S(NOTES_SUFFIX ".many"));
}

/* Copies are made and put back by commands alone: no page says anything of them. */
static void strings(json_writer *w, const registry *r, crm_str lang)
{
    bool leaves_out = !has_module(r, CRM_S("backup"));
    jw_kobject(w, "strings");
    for (uint32_t i = 0; i < r->string_count; i++) {
        const text_string *s = &r->strings[i];
        if (!str_eq(s->lang, lang) || (leaves_out && str_starts(s->key, CRM_S("backup."))) ||
            is_of_notes(s->key)) {
            continue;
        }
        jw_key(w, s->key);
        jw_str(w, s->text);
    }
    jw_end_object(w);
}

static bool is_language(crm_str lang)
{
    return str_is(lang, "ru") || str_is(lang, "en");
}

void meta_route(api_call *k)
{
    crm_str lang = http_param(k->http, "strings");
    json_writer *w = &k->w;
    const registry *r = k->c.reg;
    jw_init(w, http_body(k->http));
    jw_object(w);
    jw_kint(w, "v", 1);
    jw_kstr(w, "rev", str_of(r->rev));
    jw_kstr(w, "locale", r->locale);
    jw_kstr(w, "tz", r->timezone);
    jw_kstr(w, "currency", r->currency);
    jw_kint(w, "firstDay", 1);
    jw_kstr(w, "title", r->company);
    jw_kbool(w, "stand", false);
    user(w, k);
    modules(w, &k->c);
    menu(w, &k->c);
    frames(w, &k->c);
    entities(w, &k->c);
    pipelines(w, &k->c);
    if (is_language(lang)) {
        strings(w, r, lang);
    }
    jw_end_object(w);
    reply_tagged(k);
}

void strings_route(api_call *k)
{
    json_writer *w = &k->w;
    crm_str lang = k->rest;
    if (!is_language(lang)) {
        api_reply_error(k, CRM_NOT_FOUND);
        return;
    }
    jw_init(w, http_body(k->http));
    jw_object(w);
    jw_kstr(w, "lang", lang);
    strings(w, k->c.reg, lang);
    jw_end_object(w);
    reply_tagged(k);
}
