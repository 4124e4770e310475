/*
 * module_rest.c - what the kernel's stores hold of a module besides its records: due work, places
 * of listeners, numbers, settings, and its names among the rights that a ТЗ was applied with. See
 * module_purge.h.
 */
#include "flow/settings.h"
#include "flow/store.h"
#include "module_migrate.h"
#include "module_purge.h"

#define GRANTS_ITEMS ((size_t)1 << 20)

/* ---- rows that name it ----------------------------------------------------------------------- */

/* "fleet.remind" is fleet's. */
static bool is_of(crm_str text, crm_str name)
{
    return text.n > name.n && str_starts(text, name) && text.p[name.n] == '.';
}

/* Its own jobs; what a change waits for that its listener or its service has not taken yet. */
static bool is_due_of(const value *row, crm_str name)
{
    crm_str at = row[DUE_JOB].s, arg = row[DUE_ARG].s;
    char head[64];
    int n = snprintf(head, sizeof head, "{\"module\":\"%.*s\",", STR_FMT(name));
    bool is_told = str_is(at, "kernel.listener") && is_of(row[DUE_KEY].s, name);
    bool is_asked = str_is(at, "kernel.remote") && n > 0 && n < (int)sizeof head &&
                    str_starts(arg, (crm_str){head, (size_t)n});
    return is_of(at, name) || is_told || is_asked;
}

/* Where its listeners stood, and which of its changes of data were done. */
static bool is_cursor_of(const value *row, crm_str name)
{
    crm_str at = row[CURSOR_NAME].s, mark = CRM_S(MIGRATION_MARK);
    bool is_mark = str_starts(at, mark) && str_eq((crm_str){at.p + mark.n, at.n - mark.n}, name);
    return is_mark || is_of(at, name);
}

static bool is_number_of(const value *row, crm_str name)
{
    return is_of(row[NUMBER_SERIES].s, name);
}

typedef struct source {
    store store;
    bool (*is_of)(const value *row, crm_str name);
    uint16_t columns[3];
} source;
static const source sources[] = {
    {STORE_DUE, is_due_of, {DUE_JOB, DUE_KEY, DUE_ARG}},
    {STORE_CURSOR, is_cursor_of, {CURSOR_NAME}},
    {STORE_NUMBER, is_number_of, {NUMBER_SERIES}},
};
#define SOURCES (sizeof sources / sizeof sources[0])

typedef struct reading {
    const source *from;
    module_rest *x;
    bool is_counting; /* all of them */
} reading;

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    reading *r = arg;
    module_rest *x = r->x;
    (void)matched;
    if (!r->from->is_of(row, x->name)) {
        return true;
    }
    if (!r->is_counting) {
        x->ids[x->count] = row[COL_ID].i;
    }
    x->count++;
    return r->is_counting || x->count < MODULE_REST_PAGE;
}

static crm_status read_source(crm_ctx *c, reading *r)
{
    const entity *e = registry_store(c->reg, r->from->store);
    query q = {.entity = e,
               .limit = INT32_MAX,
               .sorts = {{&e->fields[COL_ID], false}},
               .sort_count = 1,
               .with_deleted = true};
    for (size_t i = 0; i < 3 && r->from->columns[i]; i++) {
        bits_add(q.select, r->from->columns[i]);
    }
    engine_op op = {.kind = ENGINE_LIST, .entity = e, .query = &q, .on_row = on_row, .arg = r};
    engine_batch b = {.ops = &op, .count = 1};
    r->x->count = 0;
    r->x->store = r->from->store;
    return engine_read_now(c->session, &b);
}

crm_status module_rest_read(crm_ctx *c, module_rest *x)
{
    crm_status s = CRM_OK;
    x->count = 0;
    for (size_t i = 0; s == CRM_OK && !x->count && i < SOURCES; i++) {
        reading r = {.from = &sources[i], .x = x};
        s = read_source(c, &r);
    }
    return s;
}

crm_status module_rest_remove(crm_ctx *c, void *rest)
{
    const module_rest *x = rest;
    const entity *e = registry_store(c->reg, x->store);
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < x->count; i++) {
        s = tx_delete(c->tx, e, x->ids[i]);
        s = s == CRM_NOT_FOUND ? CRM_OK : s; /* it went another way */
    }
    return s;
}

/* ---- settings -------------------------------------------------------------------------------- */

/* That it is gone, and by whom, stays in the log of changes; its values do not. */
static crm_status remove_settings(crm_ctx *c, crm_str name)
{
    const entity *e = registry_store(c->reg, STORE_SETTING);
    store_row *rows;
    uint32_t count = 0;
    crm_status s = settings_rows(c, name, &rows, &count);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = records_delete(c, e, rows[i].id, 0);
        s = s == CRM_OK ? records_purge(c, e, rows[i].id) : s;
    }
    return s;
}

/* ---- rights ---------------------------------------------------------------------------------- */

static size_t drop_name(json_t *list, crm_str name)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *at = json_array_get(list, i);
        const char *text = json_string_value(at);
        if (text && str_eq((crm_str){text, json_string_length(at)}, name)) {
            return json_array_remove(list, i) == 0;
        }
    }
    return 0;
}

/* A ТЗ that grants all fields keeps which there were: those would be seen at once when they came
 * again. Gives how many went. */
static size_t drop_thing(json_t *entities, crm_str entity_name, crm_str field_name)
{
    json_t *list = json_object_getn(entities, entity_name.p, entity_name.n);
    if (field_name.n || !list) {
        return drop_name(list, field_name);
    }
    size_t n = json_array_size(list);
    return json_object_deln(entities, entity_name.p, entity_name.n) == 0 ? n : 0;
}

static crm_str text_at(const json_t *pair, size_t i)
{
    const json_t *at = json_array_get(pair, i);
    const char *text = json_string_value(at);
    return text ? (crm_str){text, json_string_length(at)} : (crm_str){0};
}

static crm_status store_grants(crm_ctx *c, int64_t id, const json_t *grants)
{
    store_row row;
    crm_str text = json_dump(c->arena, grants);
    crm_status s = text.p ? store_load(c->tx, c->arena, c->reg, STORE_TZ, id, &row) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    store_set(&row, TZ_GRANTS, value_text(text));
    s = store_save(c->tx, &row);
    return s == CRM_OK ? tx_touch(c->tx, CACHE_TZ) : s;
}

/* The grants that the ТЗ in force was applied with; NULL: it keeps none. The caller decrefs. */
static crm_status load_grants(crm_ctx *c, tz_version *v, json_t **out)
{
    *out = NULL;
    crm_status s = tz_load(c->session, c->reg, c->arena, v);
    if (s == CRM_OK && v->grants.n) {
        s = json_read(v->grants, GRANTS_ITEMS, out, NULL);
    }
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

static crm_status remove_rights(crm_ctx *c, const json_t *things)
{
    tz_version v;
    json_t *grants, *pair;
    size_t i, dropped = 0;
    crm_status s = load_grants(c, &v, &grants);
    json_t *entities = json_object_get(grants, "entities");
    json_array_foreach(things, i, pair)
    {
        dropped += drop_thing(entities, text_at(pair, 0), text_at(pair, 1));
    }
    if (s == CRM_OK && dropped) {
        s = store_grants(c, v.id, grants);
    }
    json_decref(grants);
    return s;
}

static crm_status count_rights(crm_ctx *c, module_plan *p)
{
    tz_version v;
    json_t *grants;
    crm_status s = load_grants(c, &v, &grants);
    json_t *entities = json_object_get(grants, "entities");
    for (uint32_t i = 0; i < p->part_count; i++) {
        const purge_thing *what = &p->parts[i].what;
        p->rights += (int64_t)drop_thing(entities, what->entity, what->field);
    }
    json_decref(grants);
    return s;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static crm_status count_settings(crm_ctx *c, module_plan *p)
{
    store_row *rows;
    uint32_t count = 0;
    crm_status s = settings_rows(c, p->name, &rows, &count);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        p->settings += store_text(&rows[i], SETTING_VALUE).n > 0;
    }
    return s;
}

static crm_status count_source(crm_ctx *c, const module_plan *p, store which, int64_t *out)
{
    module_rest *x = ARENA_NEW(c->arena, module_rest);
    reading r = {.x = x, .is_counting = true};
    for (size_t i = 0; i < SOURCES; i++) {
        r.from = sources[i].store == which ? &sources[i] : r.from;
    }
    if (!x) {
        return CRM_NOMEM;
    }
    x->name = p->name;
    crm_status s = read_source(c, &r);
    *out = x->count;
    return s;
}

crm_status module_rest_count(crm_ctx *c, module_plan *p)
{
    crm_status s = count_settings(c, p);
    s = s == CRM_OK ? count_source(c, p, STORE_DUE, &p->jobs) : s;
    s = s == CRM_OK ? count_source(c, p, STORE_NUMBER, &p->numbers) : s;
    return s == CRM_OK ? count_rights(c, p) : s;
}

crm_status module_rest_end(crm_ctx *c, crm_str name, const json_t *things)
{
    crm_status s = remove_settings(c, name);
    return s == CRM_OK ? remove_rights(c, things) : s;
}
