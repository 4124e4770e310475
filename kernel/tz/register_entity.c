/*
 * register_entity.c - the deployment's own entities, and its fields on entities of modules. An own
 * entity gets views and a menu item made from its fields, so that it looks like a module's.
 */
#include "data/field_convert.h"
#include "tz/register.h"

#define SECTION       "tz.section"
#define MENU_ORDER    200 /* behind what modules offer */
#define LIST_COLUMNS  6
#define PHONE_COLUMNS 3

/* The fields of one map while they are read; they will stand behind `before` others. */
typedef struct field_rows {
    field *at;
    uint32_t count;
    const entity *entity; /* whose fields they become; NULL: an own entity not added yet */
} field_rows;

/* ---- the fields of a map --------------------------------------------------------------------- */

static bool is_taken(const field_rows *rows, crm_str name)
{
    static const char *const system[] = {"id",         "rev",        "created_at", "created_by",
                                         "updated_at", "updated_by", "deleted_at", "marks"};
    for (size_t i = 0; i < sizeof system / sizeof system[0]; i++) {
        if (str_is(name, system[i])) {
            return true;
        }
    }
    return rows->entity && entity_field(rows->entity, name);
}

static bool is_retired(const yaml_node *n)
{
    bool is_it = false;
    const yaml_node *word = yaml_get(n, "retired");
    return word && yaml_bool(word, &is_it) == CRM_OK && is_it;
}

/* What was made in the UI and stands in the text now is the text's, when it means the same. */
static bool is_adopted(registering *g, const field_rows *rows, const yaml_node *n)
{
    const field *has = rows->entity ? entity_field(rows->entity, n->key) : NULL;
    field made;
    if (!has || !(has->flags & FIELD_DEPLOYMENT) || !g->is_model) {
        return false;
    }
    register_field(g, n, &made);
    if (field_retype(&made, has) != RETYPE_NONE) {
        tz_fault fault = tz_fault_key(n, "made_here");
        fault.subject =
            arena_fmt(g->f->a, "%.*s.%.*s", STR_FMT(rows->entity->name), STR_FMT(n->key));
        fault.expected = has->source;
        tz_faults_add(g->f, &fault);
    }
    return true;
}

/* A former name that another field has now would take that one's data. */
static void check_former(registering *g, const yaml_node *map, const yaml_node *n)
{
    const yaml_node *was = yaml_get(n, "was");
    YAML_EACH(other, map) {
        if (was && other != n && str_eq(other->key, was->text)) {
            tz_refuse(g->f, was, "was_taken", was->text);
        }
    }
}

static void read_fields(registering *g, const yaml_node *map, field_rows *rows)
{
    rows->at = ARENA_ARRAY(g->a, field, (size_t)map->count + 1);
    if (!rows->at) {
        return;
    }
    YAML_EACH(n, map) {
        check_former(g, map, n);
        if (is_retired(n) || is_adopted(g, rows, n)) {
            continue;
        }
        if (is_taken(rows, n->key)) {
            tz_refuse_key(g->f, n, "taken");
        } else {
            register_field(g, n, &rows->at[rows->count++]);
        }
    }
}

/* The position of a field among the rows, by the name that `n` holds; 0 with a fault. */
static uint16_t position(registering *g, const field_rows *rows, const yaml_node *n)
{
    tz_names known = {0};
    for (uint32_t i = 0; n && i < rows->count; i++) {
        if (str_eq(rows->at[i].name, n->text)) {
            return (uint16_t)(COL_OWN + i);
        }
        tz_names_add(g->f->a, &known, rows->at[i].name);
    }
    if (n) {
        tz_refuse_near(g->f, n, "unknown_field", n->text, &known);
    }
    return 0;
}

/* ---- how an own entity looks ----------------------------------------------------------------- */

/* Of all fields, or of a line's worth of those that fit into one. */
static void put_names(json_writer *w, const char *key, const entity *e, uint32_t most)
{
    jw_karray(w, key);
    for (uint32_t i = 0, n = 0; i < e->field_count && n < most; i++) {
        if (most == FIELDS_MAX || e->fields[i].type != FIELD_JSON) {
            jw_str(w, e->fields[i].name);
            n++;
        }
    }
    jw_end_array(w);
}

static void put_list_view(json_writer *w, const entity *e)
{
    jw_karray(w, "list");
    jw_object(w);
    jw_kstr(w, "id", CRM_S("all"));
    jw_kstr(w, "label", e->label_many);
    put_names(w, "columns", e, LIST_COLUMNS);
    put_names(w, "phone", e, PHONE_COLUMNS);
    jw_karray(w, "sort");
    jw_str(w, CRM_S("-created_at"));
    jw_end_array(w);
    jw_kbool(w, "live", true);
    jw_end_object(w);
    jw_end_array(w);
}

/* `e` has its own fields only. */
static crm_str views_of(registering *g, const entity *e)
{
    buf b;
    json_writer w;
    buf_init(&b, 1u << 16);
    jw_init(&w, &b);
    jw_object(&w);
    put_list_view(&w, e);
    jw_kobject(&w, "card");
    jw_karray(&w, "header");
    jw_end_array(&w);
    jw_karray(&w, "sections");
    jw_object(&w);
    jw_kstr(&w, "label", e->label_one);
    put_names(&w, "fields", e, FIELDS_MAX);
    jw_end_object(&w);
    jw_end_array(&w);
    jw_karray(&w, "related");
    jw_end_array(&w);
    jw_end_object(&w);
    put_names(&w, "quick", e, LIST_COLUMNS);
    jw_end_object(&w);
    crm_str json = arena_dup(g->a, buf_view(&b));
    buf_free(&b);
    return json;
}

static void add_string(registering *g, crm_str key, crm_str text)
{
    static const char *const languages[] = {"ru", "en"};
    for (int i = 0; i < 2; i++) {
        text_string s = {.lang = str_of(languages[i]), .key = key, .text = text};
        if (registry_add_string(g->r, &s) != CRM_OK) {
            return; /* the arena has failed, which tz_register sees */
        }
    }
}

/* title: [машина, машины, машин] are the words for 1, 2 and 5; one word stands for all. */
static void set_labels(registering *g, const yaml_node *n, entity *e)
{
    const yaml_node *title = yaml_get(n, "title");
    crm_str words[3] = {title->text, title->text, title->text};
    int i = 0;
    YAML_EACH(word, title) {
        for (int j = i; j < 3; j++) {
            words[j] = word->text;
        }
        i++;
    }
    e->label_one = arena_dup(g->a, words[0]);
    e->label_many = arena_dup(g->a, words[1]);
    e->label_count = arena_fmt(g->a, "%.*s.count", STR_FMT(e->name));
    add_string(
        g, e->label_count,
        arena_fmt(g->a, "{n, plural, one {# %.*s} few {# %.*s} many {# %.*s} other {# %.*s}}",
                  STR_FMT(words[0]), STR_FMT(words[1]), STR_FMT(words[2]), STR_FMT(words[1])));
}

/* ---- own entities ---------------------------------------------------------------------------- */

static void set_owners(registering *g, const yaml_node *n, const field_rows *rows, entity *e)
{
    const yaml_node *owner = yaml_get(n, "owner");
    uint32_t count = 0;
    TZ_EACH_NAME(item, owner)
    {
        uint16_t at = str_is(item->text, "created_by") ? COL_CREATED_BY : position(g, rows, item);
        if (count == 3) {
            tz_refuse_key(g->f, owner, "too_many");
            return;
        }
        if (at >= COL_OWN && rows->at[at - COL_OWN].type != FIELD_USER) {
            tz_refuse(g->f, item, "wrong_field_type", item->text);
            return;
        }
        e->owner_fields[count] = at;
        count += at != 0;
    }
}

/* The field shown for a reference: as said, else the first text. */
static uint16_t title_field_of(registering *g, const yaml_node *n, const field_rows *rows)
{
    if (yaml_get(n, "shown")) {
        return position(g, rows, yaml_get(n, "shown"));
    }
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->at[i].type == FIELD_TEXT) {
            return (uint16_t)(COL_OWN + i);
        }
    }
    return COL_ID;
}

static uint16_t stage_field_of(const field_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        if (rows->at[i].type == FIELD_STAGE) {
            return (uint16_t)(COL_OWN + i);
        }
    }
    return 0;
}

static void set_currencies(registering *g, const yaml_node *map, const field_rows *rows)
{
    for (uint32_t i = 0; i < rows->count; i++) {
        const yaml_node *n = yaml_get(map, rows->at[i].name.p);
        const yaml_node *currency = yaml_get(n, "currency");
        const field *f =
            currency && rows->entity ? entity_field(rows->entity, currency->text) : NULL;
        if (currency && rows->at[i].type != FIELD_MONEY) {
            tz_refuse_key(g->f, currency, "not_needed");
        } else if (currency) {
            rows->at[i].currency_field = f ? f->index : position(g, rows, currency);
        }
    }
}

static void add_menu(registering *g, const entity *e)
{
    menu_item row = {.id = e->name,
                     .label = e->label_many,
                     .icon = e->icon,
                     .to = arena_fmt(g->a, "/e/%.*s", STR_FMT(e->name)),
                     .entity_name = e->name,
                     .order = MENU_ORDER,
                     .on_phone = true};
    if (registry_add_menu(g->r, &row) != CRM_OK) {
        return; /* the arena has failed, which tz_register sees */
    }
}

static bool has_timeline(const yaml_node *n)
{
    bool is_it = false;
    const yaml_node *word = yaml_get(n, "timeline");
    return word && yaml_bool(word, &is_it) == CRM_OK && is_it;
}

static void register_entity(registering *g, const yaml_node *n)
{
    const yaml_node *fields = node_map(n, "fields");
    field_rows rows = {0};
    entity e = {.name = arena_dup(g->a, n->key),
                .was = arena_dup(g->a, yaml_text(n, "was")),
                .module = CRM_S("tz"),
                .icon = arena_dup(g->a, yaml_text(n, "icon")),
                .flags = has_timeline(n) ? ENTITY_TIMELINE : 0,
                .source = tz_source(g->a, n)};
    if (str_find(e.name, '.') < 1 || !fields) {
        tz_refuse_key(g->f, n, "bad_entity_name");
        return;
    }
    read_fields(g, fields, &rows);
    set_currencies(g, fields, &rows);
    set_labels(g, n, &e);
    set_owners(g, n, &rows, &e);
    e.fields = rows.at;
    e.field_count = rows.count;
    e.title_field = title_field_of(g, n, &rows);
    e.stage_field = stage_field_of(&rows);
    e.department_field = position(g, &rows, yaml_get(n, "department"));
    e.views_json = views_of(g, &e);
    crm_status s = registry_add_entity(g->r, &e);
    if (s != CRM_OK && s != CRM_NOMEM) {
        tz_refuse_key(g->f, n, s == CRM_CONFLICT ? "taken" : "too_many");
        return;
    }
    add_menu(g, &e);
}

/* ---- fields on others' entities -------------------------------------------------------------- */

/* The card of an entity shows the deployment's fields in a section behind the module's. */
static void show_fields(registering *g, entity *e, const field_rows *rows)
{
    json_t *views = NULL;
    if (!e->views_json.n || json_read(e->views_json, JSON_ITEMS_MAX, &views, NULL) != CRM_OK) {
        return; /* nothing is shown of it, or registry_seal will tell what is wrong */
    }
    json_t *sections = json_object_get(json_object_get(views, "card"), "sections");
    json_t *last = json_array_get(sections, json_array_size(sections) - 1);
    bool is_ours = last && (str_is(json_text(last, "label"), SECTION) || str_is(e->module, "tz"));
    json_t *section =
        is_ours ? json_incref(last) : json_pack("{s:s, s:[]}", "label", SECTION, "fields");
    json_t *names = json_object_get(section, "fields");
    for (uint32_t i = 0; i < rows->count; i++) {
        json_array_append_new(names, json_stringn(rows->at[i].name.p, rows->at[i].name.n));
    }
    if (sections && names) {
        if (!is_ours) {
            json_array_append(sections, section);
        }
        e->views_json = json_dump(g->a, views);
    }
    json_decref(section);
    json_decref(views);
}

static void extend(registering *g, const yaml_node *n, const yaml_node *fields)
{
    bool is_there = registry_entity(g->r, n->key) != NULL;
    if (g->is_model && !is_there) {
        return; /* its module is off, or it is no longer in the text: the data waits */
    }
    entity *e = (entity *)entity_named(g, n, n->key); /* open: ours to complete */
    if (!e) {
        return;
    }
    field_rows rows = {.entity = e};
    read_fields(g, fields, &rows);
    uint32_t before = e->field_count;
    crm_status s = registry_extend(g->r, e->name, rows.at, rows.count);
    if (s == CRM_LIMIT) {
        tz_refuse_key(g->f, n, "too_many");
    }
    if (s != CRM_OK) {
        return;
    }
    if (!rows.count) {
        return;
    }
    rows.at = (field *)&e->fields[before];
    set_currencies(g, fields, &rows);
    show_fields(g, e, &rows);
}

static void register_root(registering *g, const yaml_node *root)
{
    YAML_EACH(n, node_map(root, "entities")) {
        const entity *has = registry_entity(g->r, n->key);
        if (g->is_model && has && str_is(has->module, "tz")) {
            extend(g, n, node_map(n, "fields")); /* it stands in the text now */
        } else if (!is_retired(n)) {
            register_entity(g, n);
        }
    }
    YAML_EACH(n, node_map(root, "fields")) {
        extend(g, n, n);
    }
}

void register_entities(registering *g)
{
    register_root(g, g->t->root);
    g->is_model = true;
    register_root(g, g->t->model);
    g->is_model = false;
    if (node_map(g->t->root, "fields") || node_map(g->t->model, "fields")) {
        tz_add_strings(g->r);
    }
}

/* ---- once every entity stands ---------------------------------------------------------------- */

static void link_fields(registering *g, const entity *e, const yaml_node *fields)
{
    YAML_EACH(n, fields) {
        field *f = e ? (field *)entity_field(e, n->key) : NULL;
        const yaml_node *to = yaml_get(n, "to");
        const entity *target = f && to ? entity_named(g, to, to->text) : NULL;
        if (target && yaml_get(n, "where")) {
            f->where_text = where_compile(g, target, yaml_get(n, "where"));
        }
    }
}

static void link_root(registering *g, const yaml_node *root)
{
    YAML_EACH(n, node_map(root, "entities")) {
        link_fields(g, registry_entity(g->r, n->key), node_map(n, "fields"));
    }
    YAML_EACH(n, node_map(root, "fields")) {
        link_fields(g, registry_entity(g->r, n->key), n);
    }
}

void register_links(registering *g)
{
    link_root(g, g->t->root);
    link_root(g, g->t->model);
}
