/*
 * where.c - conditions in the map form of a ТЗ as the JSON prefix form of cond.h:
 *
 *   {source: site}                      ["source","eq","site"]
 *   {amount: {gt: 500000, lte: 900000}} ["and",["amount","gt","500000"],["amount","lte","900000"]]
 *   {stage: [new, work], owner: me}     ["and",["stage","in",["new","work"]],["owner","me"]]
 *   {outcome: won}                      the stages of that outcome
 *   {any: [{…}, {…}]}, {all: […]}, {not: {…}}
 *   {exists: {entity: sales.deal, by: company, where: {…}}}
 *                                       ["exists","sales.deal","company",…]
 *   {exists: {field: company, where: {…}}}
 *                                       ["exists","company",…]
 *   {company: {in_query: {entity: sales.deal, field: company, where: {…}}}}
 *                                       ["company","in_query",{"entity":"sales.deal",…}]
 *
 * Fields, choices and stages are looked up, so that a fault names its place; the value's storage
 * form is cond_read's business when the registry is sealed.
 */
#include "data/field.h"
#include "data/files.h"
#include "data/stores.h"
#include "tz/register.h"

typedef struct writer {
    registering *g;
    const entity *e;
    json_writer w;
} writer;

/* ---- fields ---------------------------------------------------------------------------------- */

static const entity *target_of(const registering *g, const field *f)
{
    if (f->type == FIELD_USER) {
        return registry_store(g->r, STORE_USER);
    }
    bool is_ref = f->type == FIELD_REF || f->type == FIELD_REFS;
    return is_ref ? registry_entity(g->r, f->ref_name) : NULL;
}

/* The last field of "contact.city", or NULL with a fault at the key. */
static const field *path_end(writer *v, const yaml_node *n)
{
    const entity *e = v->e;
    const field *f = NULL;
    crm_str rest = n->key, name;
    while (str_split(&rest, '.', &name)) {
        f = e ? field_named(v->g, e, n, name) : NULL;
        if (!e) {
            tz_refuse_key(v->g->f, n, "unknown_field");
        }
        if (!f) {
            return NULL;
        }
        e = target_of(v->g, f);
    }
    return f;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool is_relative_time(const field *f, crm_str s)
{
    bool is_time = f->type == FIELD_DATE || f->type == FIELD_DATETIME;
    return is_time && (str_starts(s, CRM_S("now")) || str_starts(s, CRM_S("today")));
}

/* Numbers and times are read here already, because this is where their place is known. */
static void check_reads(writer *v, const field *f, const yaml_node *n)
{
    field plain = *f;
    field_source from = {.arena = v->g->f->a};
    field_result got;
    plain.max = 0;
    plain.least = plain.most = value_null();
    if (!is_relative_time(f, n->text) &&
        field_read_text(&from, &plain, n->text, &got) == CRM_INVALID) {
        tz_refuse(v->g->f, n, "type_mismatch", f->name);
    }
}

static void check_value(writer *v, const field *f, const yaml_node *n)
{
    switch (f->type) {
    case FIELD_CHOICE:
    case FIELD_CHOICES:
    case FIELD_STAGE:
        choice_check(v->g, f, n);
        return;
    case FIELD_INT:
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_PERCENT:
    case FIELD_DATE:
    case FIELD_DATETIME:
    case FIELD_DURATION:
        check_reads(v, f, n);
        return;
    default:
        return;
    }
}

static void put_value(writer *v, const field *f, const yaml_node *n)
{
    int64_t number;
    bool is_yes;
    if (n->kind != YAML_SCALAR) {
        tz_refuse(v->g->f, n, "bad_condition", n->key);
        return;
    }
    check_value(v, f, n);
    bool is_whole = f->type == FIELD_INT || f->type == FIELD_REF || f->type == FIELD_USER;
    if (is_whole && str_to_i64(n->text, &number) == CRM_OK) {
        jw_int(&v->w, number);
    } else if (f->type == FIELD_BOOL && yaml_bool(n, &is_yes) == CRM_OK) {
        jw_bool(&v->w, is_yes);
    } else {
        jw_str(&v->w, n->text);
    }
}

static void put_list(writer *v, const field *f, const yaml_node *list)
{
    jw_array(&v->w);
    YAML_EACH(n, list) {
        put_value(v, f, n);
    }
    jw_end_array(&v->w);
}

/* ---- comparisons ----------------------------------------------------------------------------- */

static bool is_word(const yaml_node *n, const char *word)
{
    return n->kind == YAML_SCALAR && !n->is_quoted && str_is(n->text, word);
}

static const yaml_node *unknown_operator(writer *v, const yaml_node *n, const char *const *words)
{
    tz_names known = {0};
    for (; *words; words++) {
        tz_names_add(v->g->f->a, &known, str_of(*words));
    }
    if (tz_names_has(&known, n->key)) {
        return NULL;
    }
    tz_fault fault = tz_fault_key(n, "unknown_operator");
    fault.nearest = text_nearest(n->key, known.at, known.count);
    tz_faults_add(v->g->f, &fault);
    return n;
}

static void put_none(writer *v, const yaml_node *n)
{
    bool is_none = true;
    if (yaml_bool(n, &is_none) != CRM_OK) {
        tz_refuse(v->g->f, n, "wrong_type", n->text);
    }
    jw_bool(&v->w, is_none);
}

/* ---- other rows ------------------------------------------------------------------------------ */

static void put_map(writer *v, const yaml_node *map, const char *word);

/* The entity and field that {entity: …, <word>: …, where: {…}} names; NULL with a fault. */
static const field *other_field(writer *v, const yaml_node *n, const char *word, const entity **e)
{
    const yaml_node *of = yaml_get(n, "entity"), *by = yaml_get(n, word);
    int known = (of != NULL) + (by != NULL) + (yaml_get(n, "where") != NULL);
    if (!of || !by || n->count != known) {
        tz_refuse(v->g->f, n, "bad_condition", n->key);
        return NULL;
    }
    *e = entity_named(v->g, of, of->text);
    return *e ? field_named(v->g, *e, by, by->text) : NULL;
}

/* The condition over the other rows. */
static void put_other_where(writer *v, const entity *e, const yaml_node *where)
{
    const entity *own = v->e;
    v->e = e;
    put_map(v, where, "and");
    v->e = own;
}

static void put_in_query(writer *v, const yaml_node *n)
{
    const entity *e;
    const yaml_node *where = yaml_get(n, "where");
    const field *f = other_field(v, n, "field", &e);
    jw_object(&v->w);
    if (f) {
        jw_kstr(&v->w, "entity", e->name);
        jw_kstr(&v->w, "field", f->name);
    }
    if (f && where) {
        jw_key(&v->w, CRM_S("where"));
        put_other_where(v, e, where);
    }
    jw_end_object(&v->w);
}

/* {field: company, where: {…}}: a record that this one refers to, or an attachment. */
static void put_referred(writer *v, const yaml_node *n, const yaml_node *own)
{
    const yaml_node *where = yaml_get(n, "where");
    if (n->count != 1 + (where != NULL)) {
        tz_refuse(v->g->f, n, "bad_condition", n->key);
        return;
    }
    const field *f = field_named(v->g, v->e, own, own->text);
    const entity *e = f && field_is_file(f) ? &cond_attachment : f ? target_of(v->g, f) : NULL;
    if (f && !e) {
        tz_refuse(v->g->f, own, "no_reference", f->name);
        return;
    }
    jw_array(&v->w);
    if (f) {
        jw_str(&v->w, CRM_S("exists"));
        jw_str(&v->w, f->name);
    }
    if (f && where) {
        put_other_where(v, e, where);
    }
    jw_end_array(&v->w);
}

static void put_exists(writer *v, const yaml_node *n)
{
    const entity *e;
    const yaml_node *where = yaml_get(n, "where"), *own = yaml_get(n, "field");
    if (own) {
        put_referred(v, n, own);
        return;
    }
    const field *back = other_field(v, n, "by", &e);
    if (back && target_of(v->g, back) != v->e) {
        tz_refuse(v->g->f, yaml_get(n, "by"), "wrong_reference", back->name);
        back = NULL;
    }
    jw_array(&v->w);
    if (back) {
        jw_str(&v->w, CRM_S("exists"));
        jw_str(&v->w, e->name);
        jw_str(&v->w, back->name);
    }
    if (back && where) {
        put_other_where(v, e, where);
    }
    jw_end_array(&v->w);
}

/* ["amount","gt","500000"] for one operator of {gt: 500000}. */
static void put_operator(writer *v, const field *f, crm_str path, const yaml_node *n)
{
    static const char *const words[] = {"eq", "ne",   "gt",     "gte", "lt",       "lte",
                                        "in", "none", "starts", "has", "in_query", NULL};
    if (unknown_operator(v, n, words)) {
        return;
    }
    jw_array(&v->w);
    jw_str(&v->w, path);
    jw_str(&v->w, n->key);
    if (str_is(n->key, "none")) {
        put_none(v, n);
    } else if (str_is(n->key, "in")) {
        put_list(v, f, n);
    } else if (str_is(n->key, "in_query")) {
        put_in_query(v, n);
    } else if (str_is(n->key, "starts") || (str_is(n->key, "has") && !(f->flags & FIELD_MANY))) {
        jw_str(&v->w, n->text); /* a part of the value, which need not be one */
    } else {
        put_value(v, f, n);
    }
    jw_end_array(&v->w);
}

static void put_comparison(writer *v, const field *f, const yaml_node *n)
{
    if (n->kind == YAML_MAP) {
        bool is_many = n->count != 1;
        if (is_many) {
            jw_array(&v->w);
            jw_str(&v->w, CRM_S("and"));
        }
        YAML_EACH(op, n) {
            put_operator(v, f, n->key, op);
        }
        if (is_many) {
            jw_end_array(&v->w);
        }
        return;
    }
    bool is_none = is_word(n, "none"), is_me = f->type == FIELD_USER && is_word(n, "me");
    jw_array(&v->w);
    jw_str(&v->w, n->key);
    if (is_none || is_me) {
        jw_str(&v->w, n->text);
    } else if (n->kind == YAML_LIST) {
        jw_str(&v->w, CRM_S("in"));
        put_list(v, f, n);
    } else {
        jw_str(&v->w, CRM_S("eq"));
        put_value(v, f, n);
    }
    jw_end_array(&v->w);
}

/* ---- outcome --------------------------------------------------------------------------------- */

static const char *const outcome_words[] = {"open", "won", "lost", "done", NULL};

/* A bit per outcome that the node names. */
static unsigned outcomes_of(writer *v, const yaml_node *list)
{
    unsigned bits = 0;
    TZ_EACH_NAME(n, list)
    {
        tz_names known = {0};
        for (unsigned i = 0; outcome_words[i]; i++) {
            tz_names_add(v->g->f->a, &known, str_of(outcome_words[i]));
            bits |= str_is(n->text, outcome_words[i]) ? 1u << i : 0;
        }
        if (!tz_names_has(&known, n->text)) {
            tz_refuse_word(v->g->f, n, "unknown_word", &known);
        }
    }
    return bits;
}

static void put_outcome(writer *v, const yaml_node *n)
{
    const pipeline *p = pipeline_of_entity(v->g->r, v->e);
    if (!p || !v->e->stage_field) {
        tz_refuse(v->g->f, n, "no_pipeline", v->e->name);
        return;
    }
    unsigned wanted = outcomes_of(v, n);
    jw_array(&v->w);
    jw_str(&v->w, v->e->fields[v->e->stage_field].name);
    jw_str(&v->w, CRM_S("in"));
    jw_array(&v->w);
    for (uint32_t i = 0; i < p->stage_count; i++) {
        if (wanted >> p->stages[i].outcome & 1) {
            jw_str(&v->w, p->stages[i].name);
        }
    }
    jw_end_array(&v->w);
    jw_end_array(&v->w);
}

/* ---- the tree -------------------------------------------------------------------------------- */

/* {any: [{…}, {…}]}: each map is one side. */
static void put_each(writer *v, const yaml_node *list, const char *word)
{
    jw_array(&v->w);
    jw_str(&v->w, str_of(word));
    YAML_EACH(n, list) {
        put_map(v, n, "and");
    }
    jw_end_array(&v->w);
}

static void put_group(writer *v, const yaml_node *n, const char *word)
{
    if (n->kind == YAML_LIST) {
        put_each(v, n, word);
    } else {
        put_map(v, n, word);
    }
}

static void put_not(writer *v, const yaml_node *n)
{
    jw_array(&v->w);
    jw_str(&v->w, CRM_S("not"));
    put_map(v, n, "and");
    jw_end_array(&v->w);
}

static void put_entry(writer *v, const yaml_node *n)
{
    if (str_is(n->key, "any")) {
        put_group(v, n, "or");
    } else if (str_is(n->key, "all")) {
        put_group(v, n, "and");
    } else if (str_is(n->key, "not")) {
        put_not(v, n);
    } else if (str_is(n->key, "exists") && n->kind == YAML_MAP && !entity_field(v->e, n->key)) {
        put_exists(v, n);
    } else if (str_is(n->key, "outcome") && !entity_field(v->e, n->key)) {
        put_outcome(v, n);
    } else {
        const field *f = path_end(v, n);
        if (f) {
            put_comparison(v, f, n);
        }
    }
}

/* The keys of a map joined by `word`; one key stands alone. */
static void put_map(writer *v, const yaml_node *map, const char *word)
{
    if (map->kind != YAML_MAP) {
        tz_refuse(v->g->f, map, "bad_condition", map->text);
        return;
    }
    if (map->count == 1) {
        put_entry(v, map->first);
        return;
    }
    jw_array(&v->w);
    jw_str(&v->w, str_of(word));
    YAML_EACH(n, map) {
        put_entry(v, n);
    }
    jw_end_array(&v->w);
}

crm_str where_compile(registering *g, const entity *e, const yaml_node *map)
{
    uint32_t before = g->f->errors;
    buf b;
    if (!map || !map->count || !e) {
        return (crm_str){0};
    }
    buf_init(&b, 1u << 16);
    writer v = {.g = g, .e = e};
    jw_init(&v.w, &b);
    put_map(&v, map, "and");
    if (b.failed && g->f->errors == before) {
        tz_refuse(g->f, map, "too_many", map->key);
    }
    bool is_fine = g->f->errors == before;
    crm_str text = is_fine ? arena_dup(g->a, buf_view(&b)) : (crm_str){0};
    buf_free(&b);
    return text;
}
