/* openapi.c - the OpenAPI document: what is the same everywhere, then the caller's entities and the
 * routes of modules. */
#include "net/openapi.h"

#include "data/aggregate.h"
#include "data/field.h"
#include "data/stores.h"
#include "net/openapi_private.h"

typedef struct making {
    openapi_scope s;
    openapi_files files;
    json_t *document, *paths, *schemas;
} making;

/* ---- words of x-if ----------------------------------------------------------------------------
 */

static bool has_forms(const registry *r)
{
    for (uint32_t i = 0; i < r->integration_count; i++) {
        if (r->integrations[i].type && r->integrations[i].type->receive) {
            return true;
        }
    }
    return false;
}

static bool may_import_some(crm_ctx *c)
{
    bool may = false;
    for (uint32_t i = 0; !may && i < c->reg->entity_count; i++) {
        may = rights_may_import(c, c->reg->entities[i]);
    }
    return may;
}

static bool document_holds(const openapi_scope *s, crm_str word)
{
    if (str_is(word, "forms")) {
        return has_forms(s->c->reg);
    }
    if (str_is(word, "import")) {
        return may_import_some(s->c);
    }
    bool may_set = call_may(s->c, CRM_S("settings"));
    if (str_is(word, "requests")) {
        return has_forms(s->c->reg) && (may_set || call_may(s->c, word));
    }
    return str_is(word, "settings") && may_set;
}

static bool entity_holds(const openapi_scope *s, crm_str word)
{
    const openapi_entity *e = s->arg;
    const struct {
        const char *word;
        bool holds;
    } all[] = {{"read", e->may_read},
               {"changes", e->may_read && !(e->e->flags & ENTITY_NO_HISTORY)},
               {"create", e->may_create},
               {"update", e->may_update},
               {"delete", e->may_delete},
               {"undo", e->may_update && !e->is_batch},
               {"bulk", e->may_bulk},
               {"export", e->may_export},
               {"import", e->may_import},
               {"merge", e->may_merge},
               {"timeline", e->may_read && e->e->notes},
               {"tell", e->may_read && e->e->owner_fields[0] >= COL_OWN},
               {"match", e->has_match},
               {"pairs", e->has_match && e->may_merge}};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (str_is(word, all[i].word)) {
            return all[i].holds;
        }
    }
    return false;
}

/* ---- entities ---------------------------------------------------------------------------------
 */

/* The whole document, which the system prints, holds what any role is shown. */
static bool has_foreign(crm_ctx *c, const entity *e)
{
    bool is_any = false;
    for (uint32_t i = 0; i < c->reg->role_count; i++) {
        is_any |= c->reg->roles[i].foreign != 0;
    }
    bool is_own = str_find(e->name, '.') < 0 || e->parent_field;
    return c->who->kind == PRINCIPAL_SYSTEM ? is_any && !is_own : rights_foreign(c, e) != 0;
}

/* What a GET of one gives. */
static json_t *one_schema(const openapi_entity *e)
{
    json_t *readable = openapi_ref("schemas", e->e->name);
    return e->has_foreign
               ? json_pack("{s:[o,o]}", "anyOf", readable, openapi_ref("schemas", CRM_S("foreign")))
               : readable;
}

static openapi_entity may(crm_ctx *c, const entity *e)
{
    const branches *b = rights_of(c, e);
    openapi_entity out = {.e = e};
    rights_fields(c, e, out.seen);
    rights_fields_for(b, rights_for(b, ACTION_CREATE), ACTION_CREATE, out.made);
    rights_fields_for(b, rights_for(b, ACTION_UPDATE), ACTION_UPDATE, out.changed);
    out.may_read = rights_may_some(c, e, ACTION_READ);
    out.may_create = rights_may_some(c, e, ACTION_CREATE);
    out.may_update = rights_may_some(c, e, ACTION_UPDATE);
    out.may_delete = rights_may_some(c, e, ACTION_DELETE);
    out.may_bulk = call_may(c, CRM_S("bulk")) && (out.may_update || out.may_delete);
    out.may_export = rights_may_export(c, e);
    out.may_import = rights_may_import(c, e);
    out.may_merge = str_find(e->name, '.') > 0 && rights_may_some(c, e, ACTION_MERGE);
    out.has_match = e->match_count > 0;
    out.has_foreign = has_foreign(c, e);
    out.is_batch = e == registry_store(c->reg, STORE_BATCH);
    return out;
}

static void add_all(json_t *to, json_t *from)
{
    json_object_update(to, from);
    json_decref(from);
}

static void add_schema(making *m, const entity *e, const char *suffix, json_t *schema)
{
    openapi_set(m->schemas, arena_fmt(m->s.c->arena, "%.*s%s", STR_FMT(e->name), suffix), schema);
}

static void add_tag(making *m, const entity *e)
{
    crm_str many = registry_text(m->s.c->reg, m->s.c->lang, e->label_many);
    json_t *tag = json_pack("{s:o,s:o,s:o}", "name", openapi_string(e->name), "description",
                            openapi_string(many), "x-label", openapi_string(many));
    json_array_append_new(json_object_get(m->document, "tags"), tag);
}

static openapi_scope scope_of(const making *m, const openapi_entity *e)
{
    const registry *r = m->s.c->reg;
    openapi_scope s = m->s;
    s.holds = entity_holds;
    s.arg = e;
    s.names[0].name = "entity", s.names[0].value = e->e->name;
    s.names[1].name = "one", s.names[1].value = registry_text(r, s.c->lang, e->e->label_one);
    s.names[2].name = "many", s.names[2].value = registry_text(r, s.c->lang, e->e->label_many);
    s.parts[0].name = "filters", s.parts[0].value = openapi_filters(&s, e);
    s.parts[1].name = "example", s.parts[1].value = openapi_example(e, e->may_create);
    s.parts[2].name = "one", s.parts[2].value = one_schema(e);
    return s;
}

static void add_entity(making *m, const entity *e)
{
    openapi_entity what = may(m->s.c, e);
    openapi_scope s = scope_of(m, &what);
    add_tag(m, e);
    add_all(m->paths, openapi_fill(&s, yaml_get(m->files.entity, "paths")));
    if (what.is_batch) {
        add_all(m->paths, openapi_fill(&s, yaml_get(m->files.entity, "batch")));
    }
    add_schema(m, e, "", openapi_record(&s, &what));
    add_schema(m, e, ".page", openapi_fill(&s, yaml_get(m->files.entity, "page")));
    if (what.may_create) {
        add_schema(m, e, ".create", openapi_change(&s, &what, true));
    }
    if (what.may_update) {
        add_schema(m, e, ".update", openapi_change(&s, &what, false));
    }
    json_decref(s.parts[0].value);
    json_decref(s.parts[1].value);
    json_decref(s.parts[2].value);
}

static void add_entities(making *m)
{
    const registry *r = m->s.c->reg;
    for (uint32_t i = 0; i < r->entity_count; i++) {
        const entity *e = r->entities[i];
        bool is_open = !(e->flags & (ENTITY_SYSTEM | ENTITY_NO_API));
        if (is_open && aggregate_may(m->s.c, e)) {
            add_entity(m, e);
        }
    }
}

/* ---- routes of modules ------------------------------------------------------------------------
 */

/* "/tasks/task/:id/done" as "/api/v1/tasks/task/{id}/done"; its parameters into `params`. */
static crm_str route_path(making *m, const route *rt, json_t *params)
{
    buf b;
    crm_str rest = rt->pattern, part;
    buf_init(&b, 0);
    buf_z(&b, "/api/v1");
    while (str_split(&rest, '/', &part)) {
        if (!part.n) {
            continue;
        }
        bool is_param = part.p[0] == ':';
        crm_str name = {part.p + is_param, part.n - is_param};
        buf_fmt(&b, is_param ? "/{%.*s}" : "/%.*s", STR_FMT(name));
        if (is_param) {
            json_array_append_new(params, json_pack("{s:o,s:s,s:b,s:{s:s}}", "name",
                                                    openapi_string(name), "in", "path", "required",
                                                    1, "schema", "type", "string"));
        }
    }
    crm_str path = arena_dup(m->s.c->arena, buf_view(&b));
    buf_free(&b);
    return path;
}

/* "tasks.post.task.done": what is stable of a route is its path. */
static crm_str route_id(making *m, const route *rt, const char *method)
{
    buf b;
    crm_str rest = rt->pattern, part;
    buf_init(&b, 0);
    buf_fmt(&b, "%.*s.%s", STR_FMT(rt->module), method);
    for (int i = 0; str_split(&rest, '/', &part); i++) {
        if (i > 1 && part.n && part.p[0] != ':') {
            buf_fmt(&b, ".%.*s", STR_FMT(part));
        }
    }
    crm_str id = arena_dup(m->s.c->arena, buf_view(&b));
    buf_free(&b);
    return id;
}

static const char *lower_method(arena *a, crm_str method)
{
    char *copy = (char *)arena_cstr(a, method);
    for (size_t i = 0; copy && i < method.n; i++) {
        copy[i] = method.p[i] >= 'A' && method.p[i] <= 'Z' ? (char)(method.p[i] + 32) : method.p[i];
    }
    return copy;
}

static void add_route(making *m, const route *rt)
{
    const char *method = lower_method(m->s.c->arena, rt->method);
    openapi_scope s = m->s;
    json_t *params = json_array();
    crm_str path = route_path(m, rt, params);
    s.names[0].name = "id", s.names[0].value = route_id(m, rt, method);
    s.names[1].name = "module", s.names[1].value = rt->module;
    s.names[2].name = "method", s.names[2].value = rt->method;
    s.names[3].name = "path", s.names[3].value = path;
    s.parts[0].name = "params", s.parts[0].value = params;
    bool is_write = rt->tx == ROUTE_WRITE || str_is(rt->method, "POST");
    json_t *operation =
        openapi_fill(&s, yaml_get(m->files.entity, is_write ? "action" : "question"));
    json_t *item = json_object_get(m->paths, path.p);
    if (!item) {
        item = json_object();
        openapi_set(m->paths, path, item);
    }
    openapi_set(item, str_of(method), operation);
    json_decref(params);
}

static bool is_open_route(crm_ctx *c, const route *rt)
{
    bool is_free = str_is(rt->permission, "public") || str_is(rt->permission, "user");
    return is_free || call_may(c, rt->permission);
}

static bool has_tag(const making *m, crm_str name)
{
    size_t i;
    json_t *tag;
    json_array_foreach(json_object_get(m->document, "tags"), i, tag)
    {
        if (str_eq(json_text(tag, "name"), name)) {
            return true;
        }
    }
    return false;
}

static void add_module_tag(making *m, crm_str name)
{
    openapi_scope s = m->s;
    crm_str title = name;
    for (uint32_t i = 0; i < m->s.c->reg->module_count; i++) {
        if (str_eq(m->s.c->reg->modules[i].name, name) && m->s.c->reg->modules[i].title.n) {
            title = registry_text(m->s.c->reg, m->s.c->lang, m->s.c->reg->modules[i].title);
        }
    }
    s.names[0].name = "title", s.names[0].value = title;
    title = openapi_text(&s, "route.module");
    if (!has_tag(m, name)) {
        json_array_append_new(json_object_get(m->document, "tags"),
                              json_pack("{s:o,s:o,s:o}", "name", openapi_string(name),
                                        "description", openapi_string(title), "x-label",
                                        openapi_string(title)));
    }
}

static void add_routes(making *m)
{
    const registry *r = m->s.c->reg;
    for (uint32_t i = 0; i < r->route_count; i++) {
        const route *rt = &r->routes[i];
        if (str_starts(rt->pattern, CRM_S("/hook/")) || !is_open_route(m->s.c, rt)) {
            continue;
        }
        add_module_tag(m, rt->module);
        add_route(m, rt);
    }
}

/* ---- answers of errors ------------------------------------------------------------------------
 */

/* Says each code with its title, so that a reader needs no second page. */
static json_t *refusal(making *m, const yaml_node *status)
{
    crm_ctx *c = m->s.c;
    buf b;
    json_t *codes = json_array();
    buf_init(&b, 0);
    YAML_EACH(code, yaml_get(status, "codes")) {
        crm_str key = arena_fmt(c->arena, "error.%.*s.title", STR_FMT(code->text));
        buf_fmt(&b, "%s`%.*s` %.*s", b.n ? "; " : "", STR_FMT(code->text),
                STR_FMT(registry_text(c->reg, c->lang, key)));
        json_array_append_new(codes, openapi_string(code->text));
    }
    json_t *answer = json_pack("{s:o,s:o,s:{s:{s:o}}}", "description", openapi_string(buf_view(&b)),
                               "x-codes", codes, "content", "application/problem+json", "schema",
                               openapi_ref("schemas", CRM_S("problem")));
    buf_free(&b);
    return answer;
}

static void add_refusals(making *m)
{
    json_t *responses = json_object_get(json_object_get(m->document, "components"), "responses");
    YAML_EACH(status, m->s.statuses) {
        crm_str name = arena_fmt(m->s.c->arena, "e%.*s", STR_FMT(status->key));
        openapi_set(responses, name, refusal(m, status));
    }
}

/* ---- the whole --------------------------------------------------------------------------------
 */

static int put(const char *text, size_t n, void *arg)
{
    buf *out = arg;
    buf_add(out, text, n);
    return out->failed ? -1 : 0;
}

/* A file of further paths: those of subjects that stand beside records. */
static void add_file(making *m, const yaml_node *file)
{
    json_t *components = json_object_get(m->document, "components");
    json_t *tags = openapi_fill(&m->s, yaml_get(file, "tags"));
    json_array_extend(json_object_get(m->document, "tags"), tags);
    json_decref(tags);
    add_all(m->paths, openapi_fill(&m->s, yaml_get(file, "paths")));
    add_all(m->schemas, openapi_fill(&m->s, yaml_get(file, "schemas")));
    if (yaml_get(file, "parameters")) {
        add_all(json_object_get(components, "parameters"),
                openapi_fill(&m->s, yaml_get(file, "parameters")));
    }
}

static void begin(making *m, crm_ctx *c)
{
    m->s = (openapi_scope){.c = c,
                           .texts = m->files.texts,
                           .holds = document_holds,
                           .statuses = yaml_get(m->files.document, "x-statuses")};
    m->s.names[0].name = "company", m->s.names[0].value = c->reg->company;
    m->s.names[1].name = "version", m->s.names[1].value = CRM_S(KARKAS_VERSION);
    m->document = openapi_fill(&m->s, m->files.document);
    json_object_del(m->document, "x-statuses");
    m->paths = json_object_get(m->document, "paths");
    m->schemas = json_object_get(json_object_get(m->document, "components"), "schemas");
    add_file(m, m->files.outward);
    add_file(m, m->files.model);
    add_file(m, m->files.modules);
}

crm_status openapi_write(crm_ctx *c, buf *out)
{
    making m = {0};
    crm_status s = openapi_files_read(c, &m.files);
    if (s != CRM_OK) {
        return s;
    }
    begin(&m, c);
    add_refusals(&m);
    add_entities(&m);
    add_routes(&m);
    openapi_prune(c, m.document);
    int failed = json_dump_callback(m.document, put, out, JSON_COMPACT | JSON_ENCODE_ANY);
    json_decref(m.document);
    return failed || arena_failed(c->arena) ? CRM_NOMEM : CRM_OK;
}
