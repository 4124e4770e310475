/* manifest_field.c - the fields of an entity as module.yaml declares them. */
#include "plug/manifest.h"

static const crm_str type_names[FIELD_TYPE_COUNT] = {
#define X(name, text, storage, many) {text, sizeof(text) - 1},
    FIELD_TYPE_MAP(X)
#undef X
};
static const bool type_is_integer[FIELD_TYPE_COUNT] = {
#define I                            true
#define T                            false
#define X(name, text, storage, many) storage,
    FIELD_TYPE_MAP(X)
#undef X
#undef I
#undef T
};
static const char *const system_columns[COL_OWN] = {
    "id", "rev", "created_at", "created_by", "updated_at", "updated_by", "deleted_at", "marks",
};

/* ---- looking up ------------------------------------------------------------------------------ */

static int own_index(const field_list *l, crm_str name)
{
    for (uint32_t i = 0; i < l->count; i++) {
        if (str_eq(l->at[i].name, name)) {
            return (int)i;
        }
    }
    return -1;
}

static int system_index(crm_str name)
{
    for (int i = 0; i < COL_OWN; i++) {
        if (str_is(name, system_columns[i])) {
            return i;
        }
    }
    return -1;
}

bool field_is_dropped(const field_list *l, crm_str name)
{
    for (uint32_t i = 0; i < l->dropped_count; i++) {
        if (str_eq(l->dropped[i], name)) {
            return true;
        }
    }
    return false;
}

bool field_is_known(const field_list *l, crm_str name)
{
    return own_index(l, name) >= 0 || system_index(name) >= 0;
}

uint16_t field_at(reader *rd, const field_list *l, const yaml_node *n, crm_str name)
{
    crm_str known[FIELDS_MAX];
    int own = own_index(l, name), column = system_index(name);
    if (own >= 0) {
        return (uint16_t)(COL_OWN + own);
    }
    if (column >= 0) {
        return (uint16_t)column;
    }
    if (field_is_dropped(l, name)) {
        return 0;
    }
    for (uint32_t i = 0; i < l->count; i++) {
        known[i] = l->at[i].name;
    }
    fault_near(rd->f, n, "unknown_field", name, known, l->count);
    return 0;
}

/* ---- one field ------------------------------------------------------------------------------- */

static void read_flags(reader *rd, const yaml_node *n, field *f)
{
    static const struct {
        const char *key;
        uint32_t flag;
    } flags[] = {
        {"required", FIELD_REQUIRED}, {"unique", FIELD_UNIQUE},     {"index", FIELD_INDEXED},
        {"search", FIELD_SEARCH},     {"many", FIELD_MANY},         {"read_only", FIELD_READ_ONLY},
        {"hidden", FIELD_HIDDEN},     {"personal", FIELD_PERSONAL},
    };
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        if (read_flag(rd, n, flags[i].key)) {
            f->flags |= flags[i].flag;
        }
    }
    bool may_be_many = f->type == FIELD_EMAIL || f->type == FIELD_PHONE || f->type == FIELD_URL;
    if (f->flags & FIELD_MANY && !may_be_many) {
        fault_at(rd->f, n, "wrong_type", CRM_S("many"));
    }
}

/* `options: {call: blue}` with colors, or `options: [RUB, USD]` without. */
static void read_choices(reader *rd, const yaml_node *n, const field_list *l, field *f)
{
    const yaml_node *options = yaml_get(n, "options");
    bool wants = f->type == FIELD_CHOICE || f->type == FIELD_CHOICES;
    if (!options || !wants || options->kind == YAML_SCALAR) {
        if (options || wants) {
            fault_at(rd->f, n, wants ? "missing" : "wrong_type", CRM_S("options"));
        }
        return;
    }
    choice *rows = ARENA_ARRAY(rd->a, choice, (size_t)options->count);
    if (!rows) {
        return;
    }
    YAML_EACH(o, options) {
        choice *row = &rows[f->choice_count++];
        row->value = options->kind == YAML_MAP ? o->key : o->text;
        row->color = options->kind == YAML_MAP ? o->text : (crm_str){0};
        row->label = arena_fmt(rd->a, "%.*s.%.*s.%.*s", STR_FMT(l->label_prefix), STR_FMT(f->name),
                               STR_FMT(row->value));
    }
    f->choices = rows;
}

/* `titles: sales.lead.source`; the seal looks for it, for its module may be missing. */
static void read_titles(reader *rd, const yaml_node *n, field *f)
{
    const yaml_node *titles = yaml_get(n, "titles");
    if (titles && (f->type != FIELD_TEXT || titles->kind != YAML_SCALAR)) {
        fault_at(rd->f, n, "wrong_type", CRM_S("titles"));
    } else if (titles) {
        f->titles_of = titles->text;
    }
}

/* "12.50" with the scale of the field to 1250. */
static crm_status scaled(crm_str text, uint8_t scale, int64_t *out)
{
    crm_str rest = text, whole;
    int64_t number, part = 0, unit = 1;
    for (uint8_t i = 0; i < scale; i++) {
        unit *= 10;
    }
    if (!str_split(&rest, '.', &whole) || str_to_i64(whole, &number) != CRM_OK ||
        __builtin_mul_overflow(number, unit, &number)) {
        return CRM_INVALID;
    }
    if (rest.n > scale || (rest.n && str_to_i64(rest, &part) != CRM_OK) || part < 0) {
        return CRM_INVALID;
    }
    for (size_t i = rest.n; i < scale; i++) {
        part *= 10;
    }
    *out = whole.p[0] == '-' ? number - part : number + part;
    return CRM_OK;
}

static crm_status integer_default(const yaml_node *n, const field *f, int64_t *out)
{
    bool flag;
    switch (f->type) {
    case FIELD_BOOL:
        if (yaml_bool(n, &flag) != CRM_OK) {
            return CRM_INVALID;
        }
        *out = flag;
        return CRM_OK;
    case FIELD_DURATION:
        return clock_parse_duration(n->text, out);
    case FIELD_INT:
        return str_to_i64(n->text, out);
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_PERCENT:
        return scaled(n->text, f->scale, out);
    default:
        return CRM_INVALID; /* "me", "now" and "today" are computed when a record is made */
    }
}

/* `min` and `max` of a number; `max` of a text is its length. */
static void read_bounds(reader *rd, const yaml_node *n, field *f)
{
    const yaml_node *min = yaml_get(n, "min"), *max = yaml_get(n, "max");
    int64_t bound;
    if (!type_is_integer[f->type]) {
        f->max = (uint32_t)read_number(rd, n, "max", 0);
        if (min) {
            fault_at(rd->f, min, "wrong_type", min->key);
        }
        return;
    }
    if (min && integer_default(min, f, &bound) == CRM_OK) {
        f->least = value_int(bound);
    } else if (min) {
        fault_at(rd->f, min, "wrong_type", min->text);
    }
    if (max && integer_default(max, f, &bound) == CRM_OK) {
        f->most = value_int(bound);
    } else if (max) {
        fault_at(rd->f, max, "wrong_type", max->text);
    }
}

static bool is_computed_default(const field *f, crm_str text)
{
    if (f->type == FIELD_USER) {
        return str_is(text, "me");
    }
    return (f->type == FIELD_DATETIME && str_is(text, "now")) ||
           (f->type == FIELD_DATE && str_is(text, "today"));
}

static void read_default(reader *rd, const yaml_node *n, field *f)
{
    const yaml_node *def = yaml_get(n, "default");
    int64_t number;
    if (!def) {
        return;
    }
    f->def_text = def->text;
    if (is_computed_default(f, def->text)) {
        return;
    }
    if (!type_is_integer[f->type]) {
        f->def = value_text(def->text);
        return;
    }
    if (integer_default(def, f, &number) != CRM_OK) {
        fault_at(rd->f, def, "wrong_type", def->text);
        return;
    }
    f->def = value_int(number);
}

static crm_str node_json(reader *rd, const yaml_node *n)
{
    buf b;
    json_writer w;
    buf_init(&b, 8192);
    jw_init(&w, &b);
    node_to_json(&w, n);
    crm_str json = arena_dup(rd->a, buf_view(&b));
    buf_free(&b);
    return json;
}

static bool read_type(reader *rd, const yaml_node *n, field *f)
{
    const yaml_node *type = yaml_get(n, "type");
    for (int i = 0; type && i < FIELD_TYPE_COUNT; i++) {
        if (str_eq(type->text, type_names[i])) {
            f->type = (field_type)i;
            return true;
        }
    }
    if (type) {
        fault_near(rd->f, type, "unknown_type", type->text, type_names, FIELD_TYPE_COUNT);
    } else {
        fault_at(rd->f, n, "missing", CRM_S("type"));
    }
    return false;
}

/* False when the field is left out: its target is not enabled, or it cannot be read at all. */
static bool read_target(reader *rd, const yaml_node *n, field *f)
{
    bool wants = f->type == FIELD_REF || f->type == FIELD_REFS;
    const yaml_node *to = yaml_get(n, "to");
    f->ref_name = yaml_text(n, "to");
    if (!wants && !to) {
        return true;
    }
    if (!wants || !f->ref_name.n) {
        fault_at(rd->f, n, wants ? "missing" : "wrong_type", CRM_S("to"));
        return false;
    }
    if (is_enabled(rd->on, f->ref_name)) {
        return true;
    }
    if (!read_flag(rd, n, "optional")) {
        fault_near(rd->f, to, "unknown_entity", f->ref_name, rd->on->entities, rd->on->count);
    }
    return false;
}

/* The type that a formula gives; COMPUTED: sealing finds it out. */
static void read_formula(reader *rd, const yaml_node *n, field *f)
{
    const yaml_node *formula = yaml_get(n, "formula"), *result = yaml_get(n, "result");
    bool is_computed = f->type == FIELD_COMPUTED;
    f->formula = yaml_text(n, "formula");
    f->result = f->type;
    if (is_computed && !f->formula.n) {
        fault_at(rd->f, n, "missing", CRM_S("formula"));
    }
    if (!is_computed && (formula || result)) {
        fault_at(rd->f, n, "wrong_type", formula ? CRM_S("formula") : CRM_S("result"));
    }
    for (int i = 0; is_computed && result && i < FIELD_TYPE_COUNT; i++) {
        f->result = str_eq(result->text, type_names[i]) ? (field_type)i : f->result;
    }
    if (is_computed && result && f->result == FIELD_COMPUTED) {
        fault_near(rd->f, result, "unknown_type", result->text, type_names, FIELD_TYPE_COUNT);
    }
}

static bool read_field(reader *rd, const yaml_node *n, const field_list *l, field *f)
{
    static const char *const keys[] = {
        "type",     "required", "unique",  "index",   "search", "many",  "min",       "max",
        "scale",    "currency", "options", "default", "to",     "where", "read_only", "hidden",
        "personal", "optional", "formula", "result",  "titles", NULL};
    if (!keys_check(rd->f, n, keys) || !read_type(rd, n, f) || !read_target(rd, n, f)) {
        return false;
    }
    f->name = n->key;
    f->label = arena_fmt(rd->a, "%.*s.f.%.*s", STR_FMT(l->label_prefix), STR_FMT(n->key));
    f->source = node_source(rd->a, n);
    f->scale = (uint8_t)read_number(rd, n, "scale", f->type == FIELD_MONEY ? 2 : 0);
    read_formula(rd, n, f);
    if (f->scale > 6) {
        fault_at(rd->f, n, "wrong_type", CRM_S("scale"));
    }
    read_bounds(rd, n, f);
    read_flags(rd, n, f);
    read_choices(rd, n, l, f);
    read_titles(rd, n, f);
    read_default(rd, n, f);
    if (yaml_get(n, "where")) {
        f->where_text = node_json(rd, yaml_get(n, "where"));
    }
    return true;
}

static void read_currency(reader *rd, const yaml_node *map, const field_list *l)
{
    for (uint32_t i = 0; i < l->count; i++) {
        const char *name = arena_cstr(rd->a, l->at[i].name);
        const yaml_node *n = name ? yaml_get(yaml_get(map, name), "currency") : NULL;
        if (n) {
            l->at[i].currency_field = field_at(rd, l, n, n->text);
        }
    }
}

void read_fields(reader *rd, const yaml_node *map, field_list *out)
{
    uint32_t max = map ? (uint32_t)map->count : 0;
    crm_str *dropped = ARENA_ARRAY(rd->a, crm_str, max + 1);
    out->at = ARENA_ARRAY(rd->a, field, max + 1);
    out->dropped = dropped;
    if (!out->at || !dropped) {
        return;
    }
    if (max > FIELDS_MAX - COL_OWN) {
        fault_at(rd->f, map, "too_many", map->key);
        return;
    }
    YAML_EACH(n, map) {
        field f = {0};
        if (system_index(n->key) >= 0) {
            fault_at(rd->f, n, "duplicate", n->key);
        } else if (read_field(rd, n, out, &f)) {
            out->at[out->count++] = f;
        } else {
            dropped[out->dropped_count++] = n->key;
        }
    }
    read_currency(rd, map, out);
}
