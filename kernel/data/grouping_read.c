/*
 * grouping_read.c - groupings from the JSON form of API.md, "Aggregates".
 *
 * Every part is read whatever was wrong with another, so one answer names all faults.
 */
#include "data/aggregate.h"
#include "data/field.h"
#include "data/search.h"
#include "data/summary.h"

#include <assert.h>

#define NAME_MAX_BYTES 100

typedef struct reader {
    crm_ctx *call;
    const entity *entity;
    cond_scope in;
    grouping *g;
} reader;

static crm_status refuse(reader *r, crm_str name, const char *code)
{
    return call_fail_field(r->call, name, code, (crm_str){0});
}

static crm_status refuse_max(reader *r, const char *name, const char *code, uint32_t max)
{
    crm_str params = arena_fmt(r->call->arena, "{\"max\":%u}", max);
    return call_fail_field(r->call, str_of(name), code, params);
}

static crm_status refuse_near(reader *r, crm_str name, const char *code, const crm_str *known,
                              uint32_t count)
{
    crm_str params = {0}, nearest = text_nearest(name, known, count);
    if (nearest.n && text_length(nearest) <= NAME_MAX_BYTES) {
        buf b;
        buf_init(&b, 0);
        buf_z(&b, "{\"nearest\":");
        buf_json(&b, nearest);
        buf_z(&b, "}");
        params = arena_dup(r->call->arena, buf_view(&b));
        buf_free(&b);
    }
    return call_fail_field(r->call, name, code, params);
}

static crm_str text_of(const json_t *v)
{
    return json_is_string(v) ? (crm_str){json_string_value(v), json_string_length(v)}
                             : (crm_str){0};
}

/* ---- fields and conditions ------------------------------------------------------------------- */

static crm_status read_path(reader *r, crm_str text, field_path *out)
{
    cond_error err;
    crm_status st = cond_read_path(r->call->arena, &r->in, text, out->at, &out->length, &err);
    if (st != CRM_INVALID) {
        return st;
    }
    bool is_own = str_find(text, '.') < 0 && strcmp(err.code, "unknown_field") == 0;
    return is_own ? records_unknown_field(r->call, r->entity, text) : refuse(r, text, err.code);
}

static crm_status read_where(reader *r, const json_t *json, const cond **out)
{
    cond_error err;
    crm_status st = cond_read(r->call->arena, &r->in, json, out, &err);
    return st != CRM_INVALID ? st : records_bad_cond(r->call, &err, "where");
}

/* ---- names ----------------------------------------------------------------------------------- */

/* The names of what is read so far: keys, then measures. */
static uint32_t names_of(const grouping *g, crm_str out[GROUP_KEYS_MAX + MEASURES_MAX])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < g->key_count; i++) {
        out[n++] = g->keys[i].name;
    }
    for (uint32_t i = 0; i < g->measure_count; i++) {
        out[n++] = g->measures[i].name;
    }
    return n;
}

/* As group_sort.at; -1: no such name. */
static int position_of(const grouping *g, crm_str name)
{
    assert(name.p || !name.n);
    for (uint32_t i = 0; i < g->key_count; i++) {
        if (str_eq(g->keys[i].name, name)) {
            return (int)i;
        }
    }
    for (uint32_t i = 0; i < g->measure_count; i++) {
        if (str_eq(g->measures[i].name, name)) {
            return GROUP_KEYS_MAX + (int)i;
        }
    }
    return -1;
}

/* A minus before a name says which way to sort. */
static crm_status check_name(reader *r, crm_str name, const char *where)
{
    if (!name.n || name.n > NAME_MAX_BYTES || name.p[0] == '-') {
        return refuse(r, name.n && name.n <= NAME_MAX_BYTES ? name : str_of(where), "bad_name");
    }
    return position_of(r->g, name) < 0 ? CRM_OK : refuse(r, name, "name_taken");
}

static crm_status unknown_name(reader *r, crm_str name)
{
    crm_str known[GROUP_KEYS_MAX + MEASURES_MAX];
    return refuse_near(r, name, "unknown_field", known, names_of(r->g, known));
}

/* The measure of that name, which is no share; -1: refused. */
static int read_measure_name(reader *r, crm_str name)
{
    int at = position_of(r->g, name) - GROUP_KEYS_MAX;
    if (at < 0) {
        (void)!unknown_name(r, name);
    }
    return at < 0 ? -1 : at;
}

/* ---- keys ------------------------------------------------------------------------------------ */

static const crm_str bucket_names[BUCKET_COUNT] = {
#define X(name, text, type) {text, sizeof(text) - 1},
    BUCKET_MAP(X)
#undef X
};

static crm_status read_bucket(reader *r, const json_t *json, crm_str path, group_key *k)
{
    crm_str name = text_of(json);
    const field *f = field_path_end(&k->path);
    if (!json) {
        return CRM_OK;
    }
    for (int b = BUCKET_NONE + 1; b < BUCKET_COUNT; b++) {
        if (str_eq(bucket_names[b], name)) {
            k->bucket = (bucket)b;
            return group_takes_bucket(f, k->bucket) ? CRM_OK : refuse(r, path, "type_mismatch");
        }
    }
    return name.n ? refuse_near(r, name, "not_a_choice", bucket_names + 1, BUCKET_COUNT - 1)
                  : refuse(r, CRM_S("bucket"), "not_a_choice");
}

static bool has_only(const json_t *object, const char *const *known)
{
    size_t n = 0;
    for (; *known; known++) {
        n += json_object_get(object, *known) != NULL;
    }
    return json_object_size(object) == n;
}

static crm_status read_key(reader *r, const json_t *json)
{
    static const char *const known[] = {"field", "bucket", "as", NULL};
    bool is_object = json_is_object(json);
    crm_str path = is_object ? json_text(json, "field") : text_of(json);
    const json_t *as = json_object_get(json, "as");
    group_key k = {.name = as ? text_of(as) : path};
    if (!path.n || (is_object && !has_only(json, known))) {
        return refuse(r, CRM_S("by"), "bad_request");
    }
    crm_status st = read_path(r, path, &k.path);
    if (!st && !group_takes_key(field_path_end(&k.path))) {
        st = refuse(r, path, "type_mismatch");
    }
    st = st ? st : read_bucket(r, json_object_get(json, "bucket"), path, &k);
    st = st ? st : check_name(r, k.name, "by");
    if (!st) {
        k.name = arena_dup(r->call->arena, k.name);
        r->g->keys[r->g->key_count++] = k;
    }
    return st;
}

static crm_status read_keys(reader *r, const json_t *json)
{
    crm_status st = CRM_OK;
    if (!json) {
        return CRM_OK;
    }
    if (!json_is_array(json)) {
        return refuse(r, CRM_S("by"), "bad_request");
    }
    if (json_array_size(json) > GROUP_KEYS_MAX) {
        return refuse_max(r, "by", "too_many", GROUP_KEYS_MAX);
    }
    for (size_t i = 0; !st && i < json_array_size(json); i++) {
        st = read_key(r, json_array_get(json, i));
    }
    return st;
}

/* ---- measures -------------------------------------------------------------------------------- */

static const crm_str kind_names[MEASURE_KIND_COUNT] = {
#define X(name, text) {text, sizeof(text) - 1},
    MEASURE_MAP(X)
#undef X
};

static bool find_kind(crm_str name, measure_kind *out)
{
    for (int i = 0; i < MEASURE_KIND_COUNT; i++) {
        if (str_eq(kind_names[i], name)) {
            *out = (measure_kind)i;
            return true;
        }
    }
    return false;
}

static bool takes(measure_kind kind, const field *f)
{
    switch (kind) {
    case MEASURE_FILLED:
        return true;
    case MEASURE_DISTINCT:
        return group_takes_key(f);
    case MEASURE_SUM:
    case MEASURE_AVG:
        return group_takes_sum(f);
    default:
        return group_takes_order(f);
    }
}

/* What stands behind the kind: true for count, a path; a share's names are read when all are known.
 */
static crm_status read_subject(reader *r, const json_t *json, measure *m)
{
    if (m->kind == MEASURE_SHARE) {
        return json_is_array(json) && json_array_size(json) == 2 && !m->where
                   ? CRM_OK
                   : refuse(r, m->name, "bad_request");
    }
    if (m->kind == MEASURE_COUNT) {
        return json_is_true(json) ? CRM_OK : refuse(r, m->name, "bad_request");
    }
    if (!json_is_string(json)) {
        return refuse(r, m->name, "bad_request");
    }
    crm_status st = read_path(r, text_of(json), &m->path);
    bool fits = !st && takes(m->kind, field_path_end(&m->path));
    return st || fits ? st : refuse(r, text_of(json), "type_mismatch");
}

static crm_status read_measure_object(reader *r, const json_t *object, measure *m)
{
    const char *key;
    const json_t *subject = NULL, *where = json_object_get(object, "where");
    json_t *v;
    json_object_foreach((json_t *)object, key, v)
    {
        if (v != where && !find_kind(str_of(key), &m->kind)) {
            return refuse_near(r, str_of(key), "not_a_choice", kind_names, MEASURE_KIND_COUNT);
        }
        subject = v != where ? v : subject;
    }
    if (!subject || json_object_size(object) != (where ? 2 : 1)) {
        return refuse(r, m->name, "bad_request");
    }
    crm_status st = where ? read_where(r, where, &m->where) : CRM_OK;
    return st ? st : read_subject(r, subject, m);
}

static crm_status read_measure(reader *r, crm_str name, const json_t *json)
{
    measure m = {.name = arena_dup(r->call->arena, name)};
    crm_status st = check_name(r, name, "measures");
    if (st) {
        return st;
    }
    if (json_is_object(json)) {
        st = read_measure_object(r, json, &m);
    } else if (!str_is(text_of(json), "count")) {
        st = refuse(r, name, "bad_request");
    }
    r->g->measures[r->g->measure_count++] = m;
    return st;
}

static bool is_divisible(const grouping *g, uint32_t at)
{
    field_type type = measure_type(g, at).type;
    return g->measures[at].kind != MEASURE_SHARE && type != FIELD_DATE && type != FIELD_DATETIME;
}

static crm_status read_share(reader *r, const json_t *names, measure *m)
{
    for (int i = 0; i < 2; i++) {
        int at = read_measure_name(r, text_of(json_array_get(names, (size_t)i)));
        if (at < 0) {
            return CRM_INVALID;
        }
        if (!is_divisible(r->g, (uint32_t)at)) {
            return refuse(r, m->name, "type_mismatch");
        }
        m->of[i] = (uint8_t)at;
    }
    return CRM_OK;
}

/* A JSON object has no order, so a share may stand before what it is of. */
static crm_status read_shares(reader *r, const json_t *json)
{
    crm_status st = CRM_OK;
    for (uint32_t i = 0; !st && i < r->g->measure_count; i++) {
        measure *m = &r->g->measures[i];
        if (m->kind == MEASURE_SHARE) {
            const json_t *object = json_object_get(json, arena_cstr(r->call->arena, m->name));
            st = read_share(r, json_object_get(object, "share"), m);
        }
    }
    return st;
}

static crm_status read_measures(reader *r, const json_t *json)
{
    const char *name;
    json_t *v;
    crm_status st = CRM_OK;
    if (json_object_size(json) > MEASURES_MAX) {
        return refuse_max(r, "measures", "too_many", MEASURES_MAX);
    }
    if (!json_object_size(json)) {
        return refuse(r, CRM_S("measures"),
                      json && !json_is_object(json) ? "bad_request" : "required");
    }
    json_object_foreach((json_t *)json, name, v)
    {
        crm_status one = read_measure(r, str_of(name), v);
        st = st ? st : one;
    }
    return st ? st : read_shares(r, json);
}

/* ---- having, order, limit -------------------------------------------------------------------- */

static bool find_operator(crm_str name, cond_op *out)
{
    static const struct {
        const char *name;
        cond_op op;
    } operators[] = {{"eq", COND_EQ},   {"ne", COND_NE}, {"gt", COND_GT},
                     {"gte", COND_GTE}, {"lt", COND_LT}, {"lte", COND_LTE}};
    for (size_t i = 0; i < sizeof operators / sizeof operators[0]; i++) {
        if (str_is(name, operators[i].name)) {
            *out = operators[i].op;
            return true;
        }
    }
    return false;
}

static crm_status read_having_one(reader *r, const json_t *json)
{
    having h = {.op = COND_EQ};
    crm_str name = text_of(json_array_get(json, 0));
    if (json_array_size(json) != 3 || !name.n ||
        !find_operator(text_of(json_array_get(json, 1)), &h.op)) {
        return refuse(r, CRM_S("having"), "bad_request");
    }
    int at = read_measure_name(r, name);
    if (at < 0) {
        return CRM_INVALID;
    }
    field as = result_field(measure_type(r->g, (uint32_t)at));
    field_source from = {.arena = r->call->arena, .reg = r->call->reg};
    field_result got;
    crm_status st = field_read_one(&from, &as, json_array_get(json, 2), &got);
    if (st == CRM_INVALID || (!st && got.v.kind != VALUE_INT)) {
        return refuse(r, name, "type_mismatch");
    }
    h.measure = (uint8_t)at;
    h.value = got.v;
    r->g->having[r->g->having_count++] = h;
    return st;
}

static crm_status read_having(reader *r, const json_t *json)
{
    crm_status st = CRM_OK;
    if (json && !json_is_array(json)) {
        return refuse(r, CRM_S("having"), "bad_request");
    }
    if (json_array_size(json) > HAVING_MAX) {
        return refuse_max(r, "having", "too_many", HAVING_MAX);
    }
    for (size_t i = 0; !st && i < json_array_size(json); i++) {
        st = read_having_one(r, json_array_get(json, i));
    }
    return st;
}

static crm_status read_sort(reader *r, const json_t *json)
{
    if (json && !json_is_array(json)) {
        return refuse(r, CRM_S("sort"), "bad_request");
    }
    if (json_array_size(json) > SORTS_MAX) {
        return refuse_max(r, "sort", "too_many", SORTS_MAX);
    }
    for (size_t i = 0; i < json_array_size(json); i++) {
        crm_str name = text_of(json_array_get(json, i));
        bool descends = str_starts(name, CRM_S("-"));
        name = descends ? (crm_str){name.p + 1, name.n - 1} : name;
        int at = position_of(r->g, name);
        if (at < 0) {
            return name.n ? unknown_name(r, name) : refuse(r, CRM_S("sort"), "bad_request");
        }
        r->g->sorts[r->g->sort_count++] = (group_sort){(uint8_t)at, descends};
    }
    return CRM_OK;
}

static crm_status read_limit(reader *r, const json_t *json)
{
    json_int_t n = json_integer_value(json);
    if (json && (!json_is_integer(json) || n < 1 || n > GROUPS_MAX)) {
        crm_str params = arena_fmt(r->call->arena, "{\"min\":1,\"max\":%d}", GROUPS_MAX);
        return call_fail_field(r->call, CRM_S("limit"), "out_of_range", params);
    }
    r->g->limit = (uint32_t)n;
    return CRM_OK;
}

static crm_status read_words(reader *r, const json_t *json)
{
    crm_str words = text_of(json);
    if (json && !json_is_string(json)) {
        return refuse(r, CRM_S("q"), "bad_request");
    }
    if (words.n > SEARCH_TYPED_MAX) {
        return refuse_max(r, "q", "too_long", SEARCH_TYPED_MAX / 2); /* letters of two bytes */
    }
    crm_str terms = {0};
    crm_status s = words.n ? search_terms(r->call->arena, words, &terms) : CRM_OK;
    search_ask(&r->g->rows, words, terms);
    return s;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static crm_status check_members(reader *r, const json_t *json)
{
    static const crm_str known[] = {{"where", 5},    {"q", 1},      {"by", 2},
                                    {"measures", 8}, {"having", 6}, {"sort", 4},
                                    {"limit", 5},    {"totals", 6}, {"summary", 7}};
    static const uint32_t count = sizeof known / sizeof known[0];
    const char *key;
    json_t *v;
    crm_status st = CRM_OK;
    json_object_foreach((json_t *)json, key, v)
    {
        uint32_t i = 0;
        while (i < count && !str_is(known[i], key)) {
            i++;
        }
        if (i == count) {
            st = refuse_near(r, str_of(key), "unknown_field", known, count);
        }
    }
    return st;
}

static crm_status read_summary(reader *r, const json_t *json)
{
    if (json && !json_is_boolean(json)) {
        return refuse(r, CRM_S("summary"), "type_mismatch");
    }
    r->g->is_summary = json_is_true(json);
    return CRM_OK;
}

static crm_status first(crm_status before, crm_status now)
{
    return before ? before : now;
}

/* As aggregate_run judges it. Who may ask nothing of the entity is told of no field of it. */
static crm_status find_scope(reader *r, bool is_summary)
{
    crm_ctx *c = r->call;
    bool is_system = c->who->kind == PRINCIPAL_SYSTEM;
    bool is_reader = rights_may_some(c, r->entity, ACTION_READ);
    if (!aggregate_may(c, r->entity)) {
        return call_fail(c, CRM_NOT_FOUND, "not_found");
    }
    bool is_of_rows = is_system || (is_reader && !is_summary);
    r->in = is_of_rows ? records_scope(c, r->entity) : summary_scope(c, r->entity);
    return CRM_OK;
}

crm_status grouping_read(crm_ctx *c, const entity *e, const json_t *json, grouping **out)
{
    reader r = {.call = c, .entity = e, .g = ARENA_NEW(c->arena, grouping)};
    const json_t *where = json_object_get(json, "where");
    *out = r.g;
    if (!r.g) {
        return CRM_NOMEM;
    }
    r.g->rows.entity = e;
    crm_status st = find_scope(&r, json_is_true(json_object_get(json, "summary")));
    if (st) {
        return st;
    }
    st = check_members(&r, json);
    st = first(st, where ? read_where(&r, where, &r.g->rows.where) : CRM_OK);
    st = first(st, read_words(&r, json_object_get(json, "q")));
    st = first(st, read_keys(&r, json_object_get(json, "by")));
    st = first(st, read_measures(&r, json_object_get(json, "measures")));
    st = first(st, read_limit(&r, json_object_get(json, "limit")));
    st = first(st, read_summary(&r, json_object_get(json, "summary")));
    /* These speak of keys and measures by name: a fault of those would be told twice. */
    st = st ? st : read_having(&r, json_object_get(json, "having"));
    return st ? st : read_sort(&r, json_object_get(json, "sort"));
}
