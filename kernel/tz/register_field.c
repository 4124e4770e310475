/* register_field.c - one field of an entity as a ТЗ declares it. */
#include "data/field.h"
#include "tz/register.h"

static const crm_str type_names[FIELD_TYPE_COUNT] = {
#define X(name, text, storage, many) {text, sizeof(text) - 1},
    FIELD_TYPE_MAP(X)
#undef X
};

/* Of the key `type` or `result`; without a word of the format: COMPUTED, the last. */
static field_type type_of(const yaml_node *n, const char *key)
{
    crm_str word = yaml_text(n, key);
    int i = 0;
    while (i < FIELD_TYPE_COUNT - 1 && !str_eq(type_names[i], word)) {
        i++;
    }
    return (field_type)i;
}

static bool is_yes(const yaml_node *map, const char *key)
{
    bool got = false;
    const yaml_node *n = yaml_get(map, key);
    return n && yaml_bool(n, &got) == CRM_OK && got;
}

static uint32_t flags_of(const yaml_node *n)
{
    static const struct {
        const char *key;
        uint32_t flag;
    } flags[] = {
        {"required", FIELD_REQUIRED}, {"unique", FIELD_UNIQUE}, {"index", FIELD_INDEXED},
        {"search", FIELD_SEARCH},     {"many", FIELD_MANY},     {"read_only", FIELD_READ_ONLY},
        {"personal", FIELD_PERSONAL},
    };
    uint32_t bits = 0;
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        bits |= is_yes(n, flags[i].key) ? flags[i].flag : 0;
    }
    return bits;
}

static int64_t number_of(const yaml_node *map, const char *key, int64_t otherwise)
{
    int64_t got;
    return str_to_i64(yaml_text(map, key), &got) == CRM_OK ? got : otherwise;
}

/* {diesel: Дизель}, {diesel: {title: Дизель, color: blue}} or [Дизель, …]. */
static void read_choices(registering *g, const yaml_node *n, field *f)
{
    const yaml_node *options = yaml_get(n, "options");
    choice *rows = options ? ARENA_ARRAY(g->a, choice, (size_t)options->count + 1) : NULL;
    if (!rows) {
        return;
    }
    YAML_EACH(o, options) {
        crm_str title = o->kind == YAML_MAP ? yaml_text(o, "title") : o->text;
        rows[f->choice_count++] = (choice){.value = arena_dup(g->a, o->key.n ? o->key : o->text),
                                           .label = arena_dup(g->a, title),
                                           .color = arena_dup(g->a, yaml_text(o, "color"))};
    }
    f->choices = rows;
}

/* ---- bounds ---------------------------------------------------------------------------------- */

#define LENGTH_MAX 100000

static bool has_length(field_type t)
{
    return t == FIELD_TEXT || t == FIELD_MULTILINE || t == FIELD_ADDRESS || t == FIELD_TAGS;
}

static bool is_ordered(field_type t)
{
    return t == FIELD_INT || t == FIELD_DECIMAL || t == FIELD_MONEY || t == FIELD_PERCENT ||
           t == FIELD_DATE || t == FIELD_DATETIME || t == FIELD_DURATION;
}

/* A bound as people write a value of the field. */
static value read_bound(registering *g, const yaml_node *n, const field *f)
{
    field_source from = {.arena = g->a};
    field_result got;
    crm_status s = field_read_text(&from, f, n->text, &got);
    if (s == CRM_INVALID || (s == CRM_OK && value_is_null(got.v))) {
        tz_refuse(g->f, n, "bad_bound", n->text);
        return value_null();
    }
    return s == CRM_OK ? got.v : value_null();
}

static void read_bounds(registering *g, const yaml_node *n, field *f)
{
    const yaml_node *min = yaml_get(n, "min"), *max = yaml_get(n, "max");
    int64_t length = max ? number_of(n, "max", 0) : 0;
    if (is_ordered(f->type)) {
        value least = min ? read_bound(g, min, f) : value_null();
        f->most = max ? read_bound(g, max, f) : value_null();
        f->least = least;
        return;
    }
    if (min || (max && !has_length(f->type))) {
        tz_refuse_key(g->f, min ? min : max, "not_needed");
    } else if (max && (length < 1 || length > LENGTH_MAX)) {
        tz_refuse(g->f, max, "bad_bound", max->text);
    } else {
        f->max = (uint32_t)length;
    }
}

/* ---- a field --------------------------------------------------------------------------------- */

static void refuse_missing(registering *g, const yaml_node *n, const char *key)
{
    tz_fault fault = tz_fault_key(n, "missing");
    fault.expected = fault.subject;
    fault.subject = str_of(key);
    tz_faults_add(g->f, &fault);
}

/* Keys that belong to some types only, and types that are for later. */
static void check_keys(registering *g, const yaml_node *n, const field *f)
{
    bool is_ref = f->type == FIELD_REF || f->type == FIELD_REFS;
    bool has_options = f->type == FIELD_CHOICE || f->type == FIELD_CHOICES;
    const yaml_node *to = yaml_get(n, "to"), *options = yaml_get(n, "options");
    const yaml_node *where = yaml_get(n, "where"), *many = yaml_get(n, "many");
    const yaml_node *formula = yaml_get(n, "formula"), *result = yaml_get(n, "result");
    bool is_computed = f->type == FIELD_COMPUTED;
    if (is_computed && !formula) {
        refuse_missing(g, n, "formula");
    }
    if (!is_computed && (formula || result)) {
        tz_refuse_key(g->f, formula ? formula : result, "not_needed");
    }
    if (is_ref && !to) {
        refuse_missing(g, n, "to");
    }
    if (to && !is_ref) {
        tz_refuse_key(g->f, to, "not_needed");
    }
    if (where && !is_ref) {
        tz_refuse_key(g->f, where, "not_needed");
    }
    if (options && !has_options) {
        tz_refuse_key(g->f, options, "not_needed");
    }
    if (has_options && !f->choice_count) {
        tz_refuse_key(g->f, n, "no_choices");
    }
    bool may_be_many = f->type == FIELD_EMAIL || f->type == FIELD_PHONE || f->type == FIELD_URL;
    if (many && !may_be_many) {
        tz_refuse(g->f, many, "not_many", n->key);
    }
}

static void check_roles(registering *g, const yaml_node *n)
{
    const yaml_node *list = yaml_get(n, "roles");
    tz_names known = tz_names_of(g->f->a, node_map(g->t->root, "roles"));
    tz_names_add(g->f->a, &known, CRM_S(ROLE_ADMIN));
    TZ_EACH_NAME(item, list)
    {
        if (!tz_names_has(&known, item->text)) {
            tz_refuse_near(g->f, item, "unknown_role", item->text, &known);
        }
    }
}

void register_field(registering *g, const yaml_node *n, field *f)
{
    *f = (field){.name = arena_dup(g->a, n->key),
                 .was = arena_dup(g->a, yaml_text(n, "was")),
                 .label = arena_dup(g->a, yaml_text(n, "title")),
                 .type = type_of(n, "type"),
                 .flags = flags_of(n) | FIELD_DEPLOYMENT,
                 .ref_name = arena_dup(g->a, yaml_text(n, "to")),
                 .formula = arena_dup(g->a, yaml_text(n, "formula")),
                 .def_text = arena_dup(g->a, yaml_text(n, "default")),
                 .source = tz_source(g->a, n)};
    f->result = f->type == FIELD_COMPUTED ? type_of(n, "result") : f->type;
    f->scale = (uint8_t)number_of(n, "scale", f->type == FIELD_MONEY ? 2 : 0);
    read_choices(g, n, f);
    read_bounds(g, n, f);
    check_keys(g, n, f);
    check_roles(g, n);
}
