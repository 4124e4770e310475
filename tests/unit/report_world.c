/* report_world.c - see report_world.h. */
#define DATA_WORLD_OWN
#include "report_world.h"

#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }
#define COUNT(a) (uint32_t)(sizeof(a) / sizeof((a)[0]))

/* ---- what is declared ------------------------------------------------------------------------ */

static const choice sources[] = {{.value = N("site")}, {.value = N("ads")}};
static const choice lines[] = {{.value = N("service")}, {.value = N("sales")}};
static const choice directions[] = {{.value = N("in")}, {.value = N("out")}};
static const choice outcomes[] = {{.value = N("done")}, {.value = N("refused")}};
static const choice reasons[] = {{.value = N("price")}, {.value = N("bought")}};
static const choice deal_stages[] = {
    {.value = N("open")}, {.value = N("won")}, {.value = N("lost")}};
static const choice log_stages[] = {
    {.value = N("new")}, {.value = N("work")}, {.value = N("offer")}};
static const choice centres[] = {{.value = N("north")}, {.value = N("south")}};

#define CHOICE(list) .type = FIELD_CHOICE, .choices = (list), .choice_count = COUNT(list)
#define PERSON       .type = FIELD_REF, .ref_name = N("rep.person")

static const field person_fields[] = {
    {.name = N("name"), .type = FIELD_TEXT, .flags = FIELD_SEARCH},
    {.name = N("source"), CHOICE(sources)},
    {.name = N("owner"), .type = FIELD_USER},
};
static const field call_fields[] = {
    {.name = N("at"), .type = FIELD_DATETIME, .flags = FIELD_INDEXED},
    {.name = N("line"), CHOICE(lines)},
    {.name = N("outcome"), CHOICE(outcomes)},
    {.name = N("called_back"), .type = FIELD_DURATION},
    {.name = N("person"), PERSON, .flags = FIELD_INDEXED},
    {.name = N("owner"), .type = FIELD_USER},
    {.name = N("direction"), CHOICE(directions)},
    {.name = N("department"), .type = FIELD_REF, .ref_name = N("department")},
    {.name = N("reason"), CHOICE(reasons)},
};
static const field visit_fields[] = {
    {.name = N("at"), .type = FIELD_DATETIME},
    {.name = N("owner"), .type = FIELD_USER},
};
static const field deal_fields[] = {
    {.name = N("title"), .type = FIELD_TEXT, .flags = FIELD_SEARCH},
    {.name = N("stage"), CHOICE(deal_stages), .flags = FIELD_INDEXED},
    {.name = N("amount"), .type = FIELD_MONEY, .scale = 2},
    {.name = N("closed_on"), .type = FIELD_DATE},
    {.name = N("person"), PERSON, .flags = FIELD_INDEXED},
    {.name = N("owner"), .type = FIELD_USER},
};
static const field log_fields[] = {
    {.name = N("deal"), .type = FIELD_REF, .ref_name = N("rep.deal")},
    {.name = N("stage"), CHOICE(log_stages)},
    {.name = N("lasted"), .type = FIELD_DURATION},
};
static const field ticket_fields[] = {
    {.name = N("title"), .type = FIELD_TEXT},
    {.name = N("due"), .type = FIELD_DATETIME},
    {.name = N("closed_at"), .type = FIELD_DATETIME},
    {.name = N("centre"), CHOICE(centres)},
    {.name = N("client"), PERSON},
};
static const choice products[] = {
    {.value = N("drill")}, {.value = N("crane")}, {.value = N("pump")}};
static const field item_fields[] = {
    {.name = N("deal"), .type = FIELD_REF, .ref_name = N("rep.deal")},
    {.name = N("product"), CHOICE(products)},
    {.name = N("price"), .type = FIELD_MONEY, .scale = 2},
    {.name = N("cost"), .type = FIELD_MONEY, .scale = 2},
};
static const uint16_t first_field[] = {COL_OWN};

#define ENTITY(title, list) \
    .name = N(title), .module = N("rep"), .fields = (list), .field_count = COUNT(list)
static const entity entities[] = {
    {ENTITY("rep.person", person_fields), .title_field = COL_OWN, .owner_fields = {COL_OWN + 2},
     .search_fields = first_field, .search_count = 1},
    {ENTITY("rep.call", call_fields), .owner_fields = {COL_OWN + 5}},
    {ENTITY("rep.visit", visit_fields), .owner_fields = {COL_OWN + 1}},
    {ENTITY("rep.deal", deal_fields), .title_field = COL_OWN, .owner_fields = {COL_OWN + 5},
     .search_fields = first_field, .search_count = 1},
    {ENTITY("rep.log", log_fields)},
    {ENTITY("rep.ticket", ticket_fields), .title_field = COL_OWN},
    {ENTITY("rep.item", item_fields), .parent_field = COL_OWN},
};

static const crm_str deal_shown[] = {N("title"), N("stage"), N("closed_on"), N("person"),
                                     N("owner")};
#define SELLER_READS(entity_)                                                                  \
    .role = N("seller"), .entity_name = N(entity_), .action = ACTION_READ, .scope = SCOPE_OWN, \
    .source = N("tz.yaml:1")
static const crm_str deal_sums[] = {N("amount")}, deal_keys[] = {N("stage"), N("owner")};
static const crm_str item_sums[] = {N("price")}, item_keys[] = {N("product")};
static const grant grants[] = {
    {SELLER_READS("rep.person")},
    {SELLER_READS("rep.call")},
    {SELLER_READS("rep.deal"), .fields = deal_shown, .field_count = COUNT(deal_shown)},
    {.role = N("auditor"),
     .entity_name = N("rep.deal"),
     .action = ACTION_AGGREGATE,
     .scope = SCOPE_ALL,
     .fields = deal_sums,
     .field_count = COUNT(deal_sums),
     .keys = deal_keys,
     .key_count = COUNT(deal_keys),
     .is_counted = true,
     .at_least = 3,
     .source = N("tz.yaml:2")},
    {.role = N("auditor"),
     .entity_name = N("rep.item"),
     .action = ACTION_AGGREGATE,
     .scope = SCOPE_ALL,
     .fields = item_sums,
     .field_count = COUNT(item_sums),
     .keys = item_keys,
     .key_count = COUNT(item_keys),
     .at_least = 1,
     .source = N("tz.yaml:3")},
};

/* ---- rows ------------------------------------------------------------------------------------ */

static void check_faults(const crm_ctx *c)
{
    for (const field_error *f = c->error.fields; f; f = f->next) {
        print_error("%.*s %.*s\n", STR_FMT(f->field), STR_FMT(f->code));
    }
}

/* In the open request. */
static void add(world *w, const char *entity_name, const char *json_text)
{
    record *r;
    json_t *json = json_loads(json_text, 0, NULL), *owner = json_object_get(json, "owner");
    const char *login = json_string_value(owner);
    const char *place = json_string_value(json_object_get(json, "department"));
    if (login) {
        int64_t id = strcmp(login, "anna") == 0 ? w->anna : w->boris;
        json_object_set_new(json, "owner", json_integer(id));
    }
    if (place) {
        int64_t id = strcmp(place, "sales") == 0 ? w->sales : w->north;
        json_object_set_new(json, "department", json_integer(id));
    }
    assert_non_null(json);
    assert_ok(records_new(&w->call, registry_entity(w->reg, str_of(entity_name)), &r));
    crm_status st = record_from_json(&w->call, r, json);
    st = st ? st : records_save(&w->call, r, 0);
    check_faults(&w->call);
    assert_ok(st);
    json_decref(json);
}

void report_add(world *w, const char *entity_name, const char *json)
{
    world_begin(w, 0);
    add(w, entity_name, json);
    world_end(w, CRM_OK);
}

static void add_all(world *w, const char *entity_name, const char *const *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        add(w, entity_name, rows[i]);
    }
}

static const char *const people_rows[] = {
    "{\"name\":\"Иван\",\"source\":\"site\",\"owner\":\"anna\"}",
    "{\"name\":\"Пётр\",\"source\":\"ads\",\"owner\":\"boris\"}",
    "{\"name\":\"Мария\",\"source\":\"site\",\"owner\":\"boris\"}",
    "{\"name\":\"Олег\"}",
};
static const char *const call_rows[] = {
    "{\"at\":\"2027-02-15T09:10:00+03:00\",\"line\":\"service\",\"direction\":\"in\",\"owner\":"
    "\"anna\","
    "\"department\":\"sales\",\"outcome\":\"done\",\"person\":3}",
    "{\"at\":\"2027-02-15T09:40:00+03:00\",\"line\":\"service\",\"direction\":\"in\",\"owner\":"
    "\"anna\","
    "\"department\":\"sales\"}",
    "{\"at\":\"2027-02-15T10:05:00+03:00\",\"line\":\"service\",\"direction\":\"in\","
    "\"department\":\"sales\"}",
    "{\"at\":\"2027-02-15T10:30:00+03:00\",\"line\":\"service\",\"direction\":\"in\",\"owner\":"
    "\"boris\","
    "\"department\":\"north\",\"outcome\":\"refused\",\"reason\":\"price\"}",
    "{\"at\":\"2027-02-15T09:20:00+03:00\",\"line\":\"sales\",\"direction\":\"out\",\"owner\":"
    "\"boris\","
    "\"department\":\"north\",\"outcome\":\"done\"}",
    "{\"at\":\"2027-02-15T14:00:00+03:00\",\"line\":\"sales\",\"direction\":\"in\","
    "\"department\":\"sales\",\"called_back\":600000}",
    "{\"at\":\"2027-02-15T14:59:59.999+03:00\",\"line\":\"sales\",\"direction\":\"out\","
    "\"owner\":\"anna\",\"department\":\"sales\",\"outcome\":\"refused\",\"reason\":\"bought\"}",
    "{\"at\":\"2027-02-15T23:30:00+03:00\",\"direction\":\"in\",\"called_back\":10800000}",
    "{\"at\":\"2027-01-10T12:00:00+03:00\",\"line\":\"sales\",\"direction\":\"out\",\"owner\":"
    "\"anna\","
    "\"department\":\"sales\",\"outcome\":\"done\",\"person\":2}",
};
static const char *const visit_rows[] = {
    "{\"at\":\"2027-02-15T09:00:00+03:00\",\"owner\":\"anna\"}",
    "{\"at\":\"2027-02-15T09:59:00+03:00\",\"owner\":\"boris\"}",
    "{\"at\":\"2027-02-15T14:10:00+03:00\",\"owner\":\"anna\"}",
};
static const char *const deal_rows[] = {
    "{\"title\":\"d1\",\"owner\":\"anna\",\"stage\":\"won\",\"amount\":\"100000.00\",\"person\":1,"
    "\"closed_on\":\"2027-01-20\"}",
    "{\"title\":\"d2\",\"owner\":\"anna\",\"stage\":\"lost\",\"amount\":\"50000.00\",\"person\":2,"
    "\"closed_on\":\"2027-02-01\"}",
    "{\"title\":\"d3\",\"owner\":\"anna\",\"stage\":\"open\",\"amount\":\"700000.00\","
    "\"person\":2}",
    "{\"title\":\"d4\",\"owner\":\"boris\",\"stage\":\"won\",\"amount\":\"200000.50\","
    "\"person\":3,\"closed_on\":\"2027-02-10\"}",
    "{\"title\":\"d5\",\"owner\":\"boris\",\"stage\":\"won\",\"amount\":\"0.01\",\"person\":4,"
    "\"closed_on\":\"2027-02-11\"}",
    "{\"title\":\"d6\",\"owner\":\"boris\",\"stage\":\"open\",\"amount\":\"10.00\",\"person\":1}",
    "{\"title\":\"d7\",\"stage\":\"lost\",\"person\":4,\"closed_on\":\"2027-02-12\"}",
    "{\"title\":\"d8\",\"owner\":\"boris\",\"stage\":\"open\",\"amount\":\"600000.00\","
    "\"person\":3}",
};
static const char *const log_rows[] = {
    "{\"deal\":1,\"stage\":\"new\",\"lasted\":3600000}",
    "{\"deal\":2,\"stage\":\"new\",\"lasted\":7200000}",
    "{\"deal\":3,\"stage\":\"new\",\"lasted\":36000000}",
    "{\"deal\":4,\"stage\":\"new\",\"lasted\":14400000}",
    "{\"deal\":5,\"stage\":\"new\",\"lasted\":10800000}",
    "{\"deal\":1,\"stage\":\"work\",\"lasted\":172800000}",
    "{\"deal\":2,\"stage\":\"work\",\"lasted\":86400000}",
    "{\"deal\":3,\"stage\":\"work\"}",
    "{\"deal\":4,\"stage\":\"offer\"}",
};
static const char *const ticket_rows[] = {
    "{\"title\":\"t1\",\"due\":\"2027-02-14T10:00:00+03:00\",\"centre\":\"north\",\"client\":2}",
    "{\"title\":\"t2\",\"due\":\"2027-02-13T10:00:00+03:00\",\"centre\":\"south\",\"client\":4}",
    "{\"title\":\"t3\",\"due\":\"2027-02-10T10:00:00+03:00\",\"centre\":\"north\",\"client\":1,"
    "\"closed_at\":\"2027-02-09T10:00:00+03:00\"}",
    "{\"title\":\"t4\",\"due\":\"2027-02-20T10:00:00+03:00\",\"centre\":\"north\",\"client\":3}",
    "{\"title\":\"t5\",\"due\":\"2027-02-20T10:00:00+03:00\",\"centre\":\"south\",\"client\":3,"
    "\"closed_at\":\"2027-02-15T10:00:00+03:00\"}",
};

void report_world_open(world *w, world_engine which)
{
    int64_t noon;
    world_entities = entities;
    world_entity_count = COUNT(entities);
    world_grants = grants;
    world_grant_count = COUNT(grants);
    world_timezone = CRM_S("Europe/Moscow");
    world_open(w, which);
    assert_ok(clock_parse(CRM_S("2027-02-15T12:00:00+03:00"), &noon));
    clock_virtual(noon);
    world_begin(w, 0);
    add_all(w, "rep.person", people_rows, COUNT(people_rows));
    add_all(w, "rep.call", call_rows, COUNT(call_rows));
    add_all(w, "rep.visit", visit_rows, COUNT(visit_rows));
    add_all(w, "rep.deal", deal_rows, COUNT(deal_rows));
    add_all(w, "rep.log", log_rows, COUNT(log_rows));
    add_all(w, "rep.ticket", ticket_rows, COUNT(ticket_rows));
    world_end(w, CRM_OK);
}

/* ---- asking ---------------------------------------------------------------------------------- */

static char text[8000];
static size_t used;

static void put(crm_str s)
{
    for (size_t i = 0; i < s.n && used + 1 < sizeof text; i++) {
        if (s.p[i] != '"') {
            text[used++] = s.p[i];
        }
    }
    text[used] = 0;
}

static void put_value(result_type type, value v)
{
    buf b;
    json_writer w;
    field as = result_field(type);
    buf_init(&b, 0);
    jw_init(&w, &b);
    field_to_json(&w, &as, &v, (crm_str){0}, false);
    put(buf_view(&b));
    buf_free(&b);
}

static bool put_group(void *arg, const group_view *v)
{
    (void)arg;
    for (uint32_t i = 0; i < v->g->key_count; i++) {
        if (v->labels[i].p) {
            put(v->labels[i]);
        } else if (v->denied[i]) {
            put(CRM_S("denied"));
        } else {
            put_value(group_key_type(&v->g->keys[i]), v->keys[i]);
        }
        put(CRM_S(" "));
    }
    for (uint32_t i = 0; i < v->g->measure_count; i++) {
        put(i ? CRM_S(" ") : CRM_S(""));
        put_value(measure_type(v->g, i), v->measures[i]);
    }
    put(CRM_S("\n"));
    return true;
}

static void put_failure(const crm_ctx *c, crm_status st)
{
    put(str_of(c->error.fields ? "" : status_code(st)));
    for (const field_error *f = c->error.fields; f; f = f->next) {
        put(f->field);
        put(CRM_S(":"));
        put(f->code);
        put(f->next ? CRM_S(" ") : CRM_S(""));
    }
}

const char *report_of(world *w, int64_t user, const char *entity_name, const char *json_text)
{
    grouping *g;
    aggregate_told told = {0};
    json_t *json = json_loads(json_text, 0, NULL);
    assert_non_null(json);
    crm_ctx *c = world_read(w, user);
    text[used = 0] = 0;
    crm_status st = grouping_read(c, registry_entity(w->reg, str_of(entity_name)), json, &g);
    json_decref(json);
    st = st ? st : aggregate_run(c, g, put_group, NULL, &told);
    if (st) {
        put_failure(c, st);
    }
    put(told.has_more ? CRM_S("+") : CRM_S(""));
    put(told.is_folded ? CRM_S("folded") : CRM_S(""));
    world_read_end(w);
    return text;
}

const char *report_list(world *w, int64_t user, const char *entity_name, const char *where,
                        const char *sort_field)
{
    const entity *e = registry_entity(w->reg, str_of(entity_name));
    crm_ctx *c = world_read(w, user);
    json_t *json = json_loads(where, 0, NULL);
    query q = {
        .entity = e, .sorts = {{entity_field(e, str_of(sort_field)), false}}, .sort_count = 1};
    record **rows;
    uint32_t count;
    cond_error err;
    assert_ok(cond_read(c->arena, &(cond_scope){.reg = w->reg, .entity = e}, json, &q.where, &err));
    json_decref(json);
    assert_ok(records_list(c, &q, &rows, &count));
    text[used = 0] = 0;
    for (uint32_t i = 0; i < count; i++) {
        put(i ? CRM_S(" ") : CRM_S(""));
        put(rows[i]->v[e->title_field].s);
    }
    world_read_end(w);
    return text;
}
