/* merge_world.c - see merge_world.h. */
#define DATA_WORLD_OWN
#include "merge_world.h"

#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

const entity *client_entity, *order_entity;

static const field client_fields[] = {
    {.name = N("name"), .type = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_SEARCH},
    {.name = N("phone"), .type = FIELD_PHONE, .flags = FIELD_MANY | FIELD_SEARCH},
    {.name = N("email"), .type = FIELD_EMAIL, .flags = FIELD_MANY},
    {.name = N("inn"), .type = FIELD_INN},
    {.name = N("kpp"), .type = FIELD_KPP},
    {.name = N("note"), .type = FIELD_MULTILINE},
    {.name = N("owner"), .type = FIELD_USER, .def_text = N("me")},
    {.name = N("department"), .type = FIELD_REF, .ref_name = N("department")},
    {.name = N("chief"), .type = FIELD_REF, .ref_name = N("test.client")},
    {.name = N("code"), .type = FIELD_TEXT, .flags = FIELD_UNIQUE},
};
static const field order_fields[] = {
    {.name = N("title"), .type = FIELD_TEXT, .flags = FIELD_REQUIRED},
    {.name = N("client"), .type = FIELD_REF, .ref_name = N("test.client")},
    {.name = N("watchers"), .type = FIELD_REFS, .ref_name = N("test.client")},
    {.name = N("owner"), .type = FIELD_USER, .def_text = N("me")},
};
static const match_rule client_rules[] = {
    {.field = {CLIENT_PHONE}, .count = 1},
    {.field = {CLIENT_EMAIL}, .count = 1},
    {.field = {CLIENT_INN, CLIENT_KPP}, .count = 2},
    {.field = {CLIENT_NAME}, .count = 1, .from = 85},
};
static const entity entities[] = {
    {.name = N("test.client"),
     .module = N("test"),
     .fields = client_fields,
     .field_count = COUNT(client_fields),
     .title_field = CLIENT_NAME,
     .owner_fields = {CLIENT_OWNER},
     .department_field = CLIENT_DEPARTMENT,
     .matches = client_rules,
     .match_count = COUNT(client_rules)},
    {.name = N("test.order"),
     .module = N("test"),
     .fields = order_fields,
     .field_count = COUNT(order_fields),
     .title_field = ORDER_TITLE,
     .owner_fields = {ORDER_OWNER}},
};

static const crm_str no_email[] = {N("name"),  N("phone"), N("inn"),        N("kpp"), N("note"),
                                   N("owner"), N("chief"), N("department"), N("code")};

#define G(role_, entity_, action_, scope_)                                   \
    .role = N(role_), .entity_name = N(entity_), .action = ACTION_##action_, \
    .scope = SCOPE_##scope_, .source = N("tz.yaml:" role_)
#define OPEN .fields = no_email, .field_count = COUNT(no_email)
static const grant grants[] = {
    {G("seller", "test.client", READ, OWN), OPEN},
    {G("seller", "test.client", CREATE, OWN), OPEN},
    {G("seller", "test.client", UPDATE, OWN), OPEN},
    {G("seller", "test.order", READ, OWN)},
    {G("seller", "test.order", CREATE, OWN)},
    {G("head", "test.client", READ, TEAM)},
    {G("head", "test.client", UPDATE, TEAM)},
    {G("head", "test.client", MERGE, TEAM)},
    {G("head", "test.order", READ, OWN)},
};

void merge_world_open(world *x, world_engine which)
{
    world_entities = entities;
    world_entity_count = COUNT(entities);
    world_grants = grants;
    world_grant_count = COUNT(grants);
    world_open(x, which);
    client_entity = registry_entity(x->reg, CRM_S("test.client"));
    order_entity = registry_entity(x->reg, CRM_S("test.order"));
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int64_t put(world *x, const entity *e, const uint16_t *columns, const value *values,
                   uint32_t count)
{
    record *r;
    crm_ctx *c = world_begin(x, 0);
    assert_ok(records_new(c, e, &r));
    for (uint32_t i = 0; i < count; i++) {
        if (!value_is_null(values[i])) {
            assert_ok(record_set(r, &e->fields[columns[i]], values[i]));
        }
    }
    crm_status st = records_save(c, r, 0);
    int64_t id = r->v[COL_ID].i;
    world_end(x, st);
    assert_ok(st);
    return id;
}

int64_t merge_world_client(world *x, int64_t owner, const char *name, const char *phone,
                           const char *inn)
{
    static const uint16_t columns[] = {CLIENT_OWNER, CLIENT_NAME, CLIENT_PHONE, CLIENT_INN,
                                       CLIENT_DEPARTMENT};
    const value values[] = {value_int(owner), value_text(str_of(name)), value_text(str_of(phone)),
                            value_text(str_of(inn)), value_int(x->sales)};
    return put(x, client_entity, columns, values, COUNT(columns));
}

int64_t merge_world_order(world *x, int64_t owner, int64_t client)
{
    static const uint16_t columns[] = {ORDER_OWNER, ORDER_TITLE, ORDER_CLIENT};
    const value values[] = {value_int(owner), TEXT("order"), value_int(client)};
    return put(x, order_entity, columns, values, COUNT(columns));
}

const value *merge_world_value(world *x, const entity *e, int64_t id, uint16_t column)
{
    static value out;
    static char text[4096];
    value *row;
    crm_ctx *c = world_begin(x, 0);
    crm_status st = tx_get(c->tx, e, id, c->arena, &row);
    out = st ? value_null() : row[column];
    if (out.kind == VALUE_TEXT) {
        assert_true(out.s.n < sizeof text);
        memcpy(text, out.s.p, out.s.n);
        text[out.s.n] = 0;
        out.s.p = text;
    }
    world_end(x, CRM_OK);
    return st ? NULL : &out;
}
