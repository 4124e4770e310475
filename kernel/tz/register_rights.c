/*
 * register_rights.c - roles and their grants.
 *
 * What a ТЗ grants is a list of fields: where it names none, those that exist now. The list is kept
 * beside the text (sys.tz.grants), and a later start on the same text takes it from there, so a
 * field or an entity that a module brings later is seen by nobody until the ТЗ is applied again.
 */
#include "data/grouping.h"
#include "tz/register.h"

/* One entry of `rights:` for one entity. */
typedef struct granting {
    registering *g;
    crm_str role;
    const yaml_node *rights; /* {read: …, fields: …} */
    const entity *e;
    bool is_wild;
    const crm_str *fields;
    uint32_t field_count;
} granting;

static const crm_str action_names[ACTION_COUNT] = {
#define X(name, text) [ACTION_##name] = {text, sizeof(text) - 1},
    ACTION_MAP(X)
#undef X
};

static scope scope_named(crm_str word)
{
    static const struct {
        const char *word;
        scope scope;
    } words[] = {
        {"own", SCOPE_OWN}, {"involved", SCOPE_INVOLVED}, {"team", SCOPE_TEAM}, {"all", SCOPE_ALL}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (str_is(word, words[i].word)) {
            return words[i].scope;
        }
    }
    return SCOPE_NONE;
}

/* ---- fields ---------------------------------------------------------------------------------- */

/* What a grant without a list shows of an entity: NULL when it is to stay unseen. */
static const json_t *kept_fields(const granting *k)
{
    const json_t *entities = json_object_get(k->g->kept, "entities");
    return json_object_getn(entities, k->e->name.p, k->e->name.n);
}

static bool is_kept(const json_t *list, crm_str name)
{
    size_t i;
    json_t *item;
    json_array_foreach(list, i, item)
    {
        if (json_is_string(item) && str_is(name, json_string_value(item))) {
            return true;
        }
    }
    return false;
}

static bool is_named(const yaml_node *list, crm_str name)
{
    TZ_EACH_NAME(n, list)
    {
        if (str_eq(n->text, name)) {
            return true;
        }
    }
    return false;
}

/* `fields: all`: those that exist and those that come. */
static bool is_all(const yaml_node *list)
{
    return list && list->kind == YAML_SCALAR && str_is(list->text, "all");
}

/* A declaration that gives the field, or with NULL the whole entity, to the role. */
static bool is_given(const granting *k, const field *f)
{
    const yaml_node *roots[] = {k->g->t->root, k->g->t->model};
    for (int i = 0; i < 2; i++) {
        const yaml_node *own = node_map_named(node_map(roots[i], "entities"), k->e->name);
        const yaml_node *fields = own ? node_map(own, "fields")
                                      : node_map_named(node_map(roots[i], "fields"), k->e->name);
        const yaml_node *at = f ? node_map_named(fields, f->name) : own;
        if (is_named(yaml_get(at, "roles"), k->role)) {
            return true;
        }
    }
    return false;
}

static bool is_shown(const granting *k, const json_t *kept, const field *f)
{
    const yaml_node *listed = yaml_get(k->rights, "fields");
    if (is_all(listed) || is_given(k, f) || is_given(k, NULL)) {
        return true;
    }
    bool was_kept = kept && (is_kept(kept, f->name) || (f->was.n && is_kept(kept, f->was)));
    return listed ? is_named(listed, f->name) : k->g->kept ? was_kept : true;
}

/* A wildcard's list names fields of several entities; otherwise each must be this one's. */
static void check_names(granting *k, const yaml_node *list)
{
    if (is_all(list)) {
        return;
    }
    TZ_EACH_NAME(n, list)
    {
        if (!k->is_wild) {
            (void)field_named(k->g, k->e, n, n->text);
        }
    }
}

/* False when nothing of the entity is granted. */
static bool choose_fields(granting *k)
{
    const yaml_node *listed = yaml_get(k->rights, "fields"), *hidden = yaml_get(k->rights, "hide");
    const json_t *kept = k->g->kept ? kept_fields(k) : NULL;
    crm_str *names = ARENA_ARRAY(k->g->a, crm_str, k->e->field_count);
    if (!names) {
        return false;
    }
    check_names(k, listed);
    check_names(k, hidden);
    for (uint32_t i = COL_OWN; i < k->e->field_count; i++) {
        const field *f = &k->e->fields[i];
        bool is_whole = entity_is_part(k->e) && i == k->e->parent_field;
        bool is_seen = is_whole || (is_shown(k, kept, f) && !is_named(hidden, f->name));
        if (is_seen && !(f->flags & FIELD_HIDDEN)) {
            names[k->field_count++] = f->name;
        }
    }
    k->fields = names;
    return k->field_count > 0;
}

/* ---- grants ---------------------------------------------------------------------------------- */

/* Both conditions, either of which may be empty. */
static crm_str both(registering *g, crm_str x, crm_str y)
{
    if (!x.n || !y.n) {
        return x.n ? x : y;
    }
    return arena_fmt(g->a, "[\"and\",%.*s,%.*s]", STR_FMT(x), STR_FMT(y));
}

static void set_limits(granting *k, const yaml_node *n, grant *row)
{
    const yaml_node *linked = yaml_get(n, "linked_to");
    crm_str word = yaml_text(n, "scope");
    TZ_EACH_NAME(item, linked)
    {
        (void)entity_named(k->g, item, item->text);
    }
    row->linked_to = names_list(k->g, linked, &row->linked_count);
    row->scope = linked ? SCOPE_LINKED : word.n ? scope_named(word) : SCOPE_ALL;
    row->where_text = both(k->g, row->where_text, where_compile(k->g, k->e, yaml_get(n, "where")));
}

/* timeline: [note, stage]. Whoever is shown a list of fields is shown what is told of fields, and
 * no more unless it says so. */
static void set_kinds(granting *k, grant *row)
{
    static const crm_str of_fields[] = {{"stage", 5}, {"file", 4}, {"change", 6}};
    const yaml_node *kinds = yaml_get(k->rights, "timeline");
    const yaml_node *fields = yaml_get(k->rights, "fields");
    if (kinds && !is_all(kinds)) {
        row->kinds = names_list(k->g, kinds, &row->kind_count);
        row->lists_kinds = true;
    } else if (kinds) {
        return;
    } else if (fields && !is_all(fields)) {
        row->kinds = of_fields;
        row->kind_count = sizeof of_fields / sizeof of_fields[0];
        row->lists_kinds = true;
    }
}

static void add_grant(granting *k, action a, const yaml_node *n, crm_str where_text)
{
    grant row = {.role = k->role,
                 .entity_name = k->e->name,
                 .action = a,
                 .scope = scope_named(n->text),
                 .where_text = where_text,
                 .fields = k->fields,
                 .field_count = k->field_count,
                 .source = tz_source(k->g->a, n)};
    if (a == ACTION_READ) {
        set_kinds(k, &row);
    }
    if (n->kind == YAML_MAP) {
        set_limits(k, n, &row);
    }
    if (registry_add_grant(k->g->r, &row) != CRM_OK) {
        return; /* the arena has failed, which tz_register sees */
    }
}

/* ---- figures without the records --------------------------------------------------------------
 */

#define AT_LEAST 5 /* rows of a group, when the ТЗ does not say */

/* What one may be told apart by: not a text of people, which may name a single record. */
static bool is_summary_key(const field *f)
{
    switch (f->type) {
    case FIELD_CHOICE:
    case FIELD_STAGE:
    case FIELD_REF:
    case FIELD_USER:
    case FIELD_BOOL:
    case FIELD_DATE:
    case FIELD_DATETIME:
        return group_takes_key(f);
    default:
        return false;
    }
}

static const crm_str *summary_fields(granting *k, const yaml_node *list, bool is_key, grant *row)
{
    crm_str *names = ARENA_ARRAY(k->g->a, crm_str, list ? (size_t)list->count + 1 : 1);
    uint32_t count = 0;
    TZ_EACH_NAME(n, list)
    {
        if (!is_key && str_is(n->text, "count")) {
            row->is_counted = true;
            continue;
        }
        const field *f = field_named(k->g, k->e, n, n->text);
        if (f && !(is_key ? is_summary_key(f) : group_takes_sum(f))) {
            tz_refuse(k->g->f, n, is_key ? "no_summary_key" : "no_summary_sum", n->text);
        } else if (f && names) {
            names[count++] = f->name;
        }
    }
    *(is_key ? &row->key_count : &row->field_count) = count;
    return names;
}

/* Of parts the rows, and whether they are counted, are the right's to the record they belong to. */
static void check_summary_of_part(granting *k, const yaml_node *n)
{
    const entity *e = k->e;
    if (!entity_is_part(e)) {
        return;
    }
    crm_str whole = e->fields[e->parent_field].ref_name;
    const yaml_node *theirs = yaml_get(k->rights->parent, arena_dup(k->g->a, whole).p);
    if (!yaml_get(theirs, action_names[ACTION_AGGREGATE].p)) {
        tz_refuse(k->g->f, n, "summary_without_whole", whole);
    }
    if (yaml_get(n, "scope") || yaml_get(n, "linked_to") || yaml_get(n, "where")) {
        tz_refuse(k->g->f, n, "summary_of_part", whole);
    }
}

/* aggregate: {of: [count, amount], by: [source], at_least: 5} */
static void grant_summary(granting *k, const yaml_node *n)
{
    check_summary_of_part(k, n);
    int64_t at_least = AT_LEAST;
    bool is_given = str_to_i64(yaml_text(n, "at_least"), &at_least) == CRM_OK;
    grant row = {.role = k->role,
                 .entity_name = k->e->name,
                 .action = ACTION_AGGREGATE,
                 .where_text = where_compile(k->g, k->e, yaml_get(k->rights, "where")),
                 .at_least = is_given ? (uint32_t)at_least : AT_LEAST,
                 .source = tz_source(k->g->a, n)};
    row.fields = summary_fields(k, yaml_get(n, "of"), false, &row);
    row.keys = summary_fields(k, yaml_get(n, "by"), true, &row);
    set_limits(k, n, &row);
    if (registry_add_grant(k->g->r, &row) != CRM_OK) {
        return; /* the arena has failed, which tz_register sees */
    }
}

/* ---- all of one entity ------------------------------------------------------------------------
 */

/* What may be done to parts goes by the record they belong to; the role's own lines say only which
 * of their fields it sees and changes. A mask of names may cover parts beside whole records. */
static void grant_part(granting *k)
{
    YAML_EACH(n, k->rights) {
        bool is_own = str_is(n->key, "fields") || str_is(n->key, "hide") ||
                      str_eq(n->key, action_names[ACTION_AGGREGATE]);
        if (!is_own && !k->is_wild) {
            tz_fault fault = tz_fault_key(n, "rights_of_part");
            fault.subject = k->e->fields[k->e->parent_field].ref_name;
            tz_faults_add(k->g->f, &fault);
        }
    }
    bool has_list = yaml_get(k->rights, "fields") || yaml_get(k->rights, "hide");
    grant row = {.role = k->role,
                 .entity_name = k->e->name,
                 .action = ACTION_READ,
                 .scope = SCOPE_ALL,
                 .fields = k->fields,
                 .field_count = k->field_count,
                 .source = tz_source(k->g->a, k->rights)};
    if (has_list && registry_add_grant(k->g->r, &row) != CRM_OK) {
        return; /* the arena has failed, which tz_register sees */
    }
}

static void grant_entity(granting *k)
{
    const yaml_node *summary = yaml_get(k->rights, action_names[ACTION_AGGREGATE].p);
    if (summary && k->is_wild) {
        tz_refuse_key(k->g->f, summary, "summary_of_many");
    } else if (summary) {
        grant_summary(k, summary);
    }
    if (!choose_fields(k)) {
        return;
    }
    if (entity_is_part(k->e)) {
        grant_part(k);
        return;
    }
    crm_str where_text = where_compile(k->g, k->e, yaml_get(k->rights, "where"));
    for (int a = 0; a < ACTION_COUNT; a++) {
        const yaml_node *n = yaml_get(k->rights, action_names[a].p);
        if (n && a != ACTION_AGGREGATE) {
            add_grant(k, (action)a, n, where_text);
        }
    }
}

/* Files take a right of their own, which `roles` cannot name: it goes by who holds the function. */
static bool is_given_by_roles(const registering *g, const yaml_node *n, action a)
{
    switch (a) {
    case ACTION_READ:
    case ACTION_CREATE:
    case ACTION_UPDATE:
        return true;
    case ACTION_MERGE:
        return yaml_get(n, "match") != NULL;
    case ACTION_EXPORT:
    case ACTION_IMPORT:
        return yaml_get(node_map(g->t->root, "functions"), action_names[a].p) != NULL;
    default:
        return false;
    }
}

/* roles: [manager] of an own entity: they read, create and change all of it, and merge what its
 * rules of matching find. */
static void grant_given(registering *g, const yaml_node *n)
{
    const entity *e = registry_entity(g->r, n->key);
    const yaml_node *roles = yaml_get(n, "roles");
    TZ_EACH_NAME(item, roles)
    {
        granting k = {.g = g, .role = arena_dup(g->a, item->text), .e = e};
        if (!e || !choose_fields(&k)) {
            return;
        }
        for (int i = 0; i < ACTION_COUNT; i++) {
            grant row = {.role = k.role,
                         .entity_name = e->name,
                         .action = (action)i,
                         .scope = SCOPE_ALL,
                         .fields = k.fields,
                         .field_count = k.field_count,
                         .source = tz_source(g->a, item)};
            if (is_given_by_roles(g, n, row.action) && registry_add_grant(g->r, &row) != CRM_OK) {
                return; /* the arena has failed, which tz_register sees */
            }
        }
    }
}

/* ---- wildcards ------------------------------------------------------------------------------- */

/* "sales.*" and "*" cover names with a dot: the kernel's own entities are granted by name. */
static bool covers(crm_str pattern, const entity *e)
{
    crm_str prefix = {pattern.p, pattern.n - 1};
    return !(e->flags & ENTITY_SYSTEM) && str_find(e->name, '.') > 0 && str_starts(e->name, prefix);
}

static void grant_all(granting *k, const yaml_node *n)
{
    bool any = str_is(n->key, "*");
    for (uint32_t i = 0; i < k->g->r->entity_count; i++) {
        if (covers(n->key, k->g->r->entities[i])) {
            granting one = *k;
            any = true;
            one.e = k->g->r->entities[i];
            grant_entity(&one);
        }
    }
    if (!any) {
        tz_refuse_key(k->g->f, n, "unknown_entity");
    }
}

/* foreign: {show: [name, owner]} */
static uint8_t foreign_of(const yaml_node *n)
{
    static const struct {
        const char *word;
        uint8_t bit;
    } words[] = {
        {"name", FOREIGN_NAME}, {"owner", FOREIGN_OWNER}, {"department", FOREIGN_DEPARTMENT}};
    const yaml_node *foreign = yaml_get(n, "foreign");
    uint8_t bits = foreign ? FOREIGN_SHOWN : 0;
    YAML_EACH(item, yaml_get(foreign, "show")) {
        for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
            bits |= str_is(item->text, words[i].word) ? words[i].bit : 0;
        }
    }
    return bits;
}

static void register_role(registering *g, const yaml_node *n)
{
    role row = {.name = arena_dup(g->a, n->key),
                .title = arena_dup(g->a, yaml_text(n, "title")),
                .source = tz_source(g->a, n),
                .foreign = foreign_of(n)};
    if (registry_add_role(g->r, &row) != CRM_OK) {
        return; /* the arena has failed, which tz_register sees */
    }
    YAML_EACH(right, node_map(n, "rights")) {
        granting k = {.g = g, .role = row.name, .rights = right};
        k.is_wild = str_ends(right->key, CRM_S("*"));
        if (k.is_wild) {
            grant_all(&k, right);
            continue;
        }
        k.e = entity_named(g, right, right->key);
        if (k.e) {
            grant_entity(&k);
        }
    }
}

/* ---- what is kept ---------------------------------------------------------------------------- */

/* {"entities":{"sales.lead":["title",…]}}: the fields that existed. */
static void remember_fields(registering *g)
{
    buf b;
    json_writer w;
    if (g->kept) {
        tz_remember(g->t, &g->t->fields, json_dump(g->f->a, json_object_get(g->kept, "entities")));
        return;
    }
    buf_init(&b, 4u << 20);
    jw_init(&w, &b);
    jw_object(&w);
    for (uint32_t i = 0; i < g->r->entity_count; i++) {
        const entity *e = g->r->entities[i];
        if (e->flags & ENTITY_SYSTEM) {
            continue;
        }
        jw_key(&w, e->name);
        jw_array(&w);
        for (uint32_t j = COL_OWN; j < e->field_count; j++) {
            if (!(e->fields[j].flags & FIELD_HIDDEN)) {
                jw_str(&w, e->fields[j].name);
            }
        }
        jw_end_array(&w);
    }
    jw_end_object(&w);
    tz_remember(g->t, &g->t->fields, buf_view(&b));
    buf_free(&b);
}

void register_rights(registering *g)
{
    YAML_EACH(n, node_map(g->t->root, "roles")) {
        register_role(g, n);
    }
    YAML_EACH(n, node_map(g->t->root, "entities")) {
        grant_given(g, n);
    }
    YAML_EACH(n, node_map(g->t->model, "entities")) {
        grant_given(g, n);
    }
    remember_fields(g);
}
