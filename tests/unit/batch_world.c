/* batch_world.c - see batch_world.h. */
#include "batch_world.h"

#include <stdlib.h>

#define START_MS 1800255600000LL /* 2027-01-18T07:00:00Z */
#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }

static batch_world *now_open;

static const field item_fields[] = {
    {.name = N("name"), .type = FIELD_TEXT, .flags = FIELD_REQUIRED},
    {.name = N("owner"), .type = FIELD_USER, .flags = FIELD_INDEXED},
    {.name = N("code"), .type = FIELD_TEXT, .flags = FIELD_UNIQUE},
    {.name = N("color"), .type = FIELD_TEXT},
    {.name = N("note"), .type = FIELD_TEXT, .flags = FIELD_READ_ONLY},
    {.name = N("phone"), .type = FIELD_PHONE},
};
static const entity item = {.name = N("test.item"),
                            .module = N("test"),
                            .fields = item_fields,
                            .field_count = 6,
                            .title_field = ITEM_NAME,
                            .owner_fields = {ITEM_OWNER}};

static void add_rights(registry *r)
{
    static const role boss = {.name = N("boss"), .title = N("boss")},
                      seller = {.name = N("seller"), .title = N("seller")};
    static const action actions[] = {ACTION_READ, ACTION_CREATE, ACTION_UPDATE, ACTION_DELETE,
                                     ACTION_REASSIGN};
    assert_ok(registry_add_role(r, &boss));
    assert_ok(registry_add_role(r, &seller));
    for (size_t i = 0; i < sizeof actions / sizeof actions[0]; i++) {
        grant all = {.role = N("boss"),
                     .entity_name = N("test.item"),
                     .action = actions[i],
                     .scope = SCOPE_ALL};
        grant own = {.role = N("seller"),
                     .entity_name = N("test.item"),
                     .action = actions[i],
                     .scope = SCOPE_OWN};
        assert_ok(registry_add_grant(r, &all));
        assert_ok(registry_add_grant(r, &own));
    }
}

static void build(batch_world *w, void (*declare)(registry *r))
{
    registry *r = registry_new();
    arena *a = arena_new(0);
    registry_fault *faults = NULL;
    engine_session *s;
    people *p;
    assert_ok(flow_register(r));
    assert_ok(registry_add_entity(r, &item));
    add_rights(r);
    if (declare) {
        declare(r);
    }
    assert_ok(registry_seal(r, a, &faults));
    assert_ok(engine_schema(w->engine, r, a, &faults));
    registry_publish(r, NULL, NULL);
    assert_ok(engine_session_open(w->engine, ENGINE_READER, (engine_deliver){NULL, NULL}, &s));
    assert_ok(people_build(s, r, &p));
    engine_session_close(s);
    people_publish(p);
    arena_free(a);
}

typedef struct newcomer {
    const char *login, *roles;
    int64_t id;
} newcomer;

static crm_status hire(crm_ctx *c, void *arg)
{
    newcomer *x = arg;
    record *r;
    const entity *e = registry_store(c->reg, STORE_USER);
    crm_status s = records_new(c, e, &r);
    const value given[][2] = {{value_int(USER_LOGIN), value_text(str_of(x->login))},
                              {value_int(USER_NAME), value_text(str_of(x->login))},
                              {value_int(USER_ROLES), value_text(str_of(x->roles))}};
    for (size_t i = 0; s == CRM_OK && i < 3; i++) {
        s = record_set(r, &e->fields[given[i][0].i], given[i][1]);
    }
    s = s == CRM_OK ? records_save(c, r, 0) : s;
    x->id = r->v[COL_ID].i;
    return s;
}

void batch_world_open(batch_world *w, bool is_sqlite, void (*declare)(registry *r))
{
    static bool is_virtual;
    newcomer anna = {.login = "anna", .roles = "boss"},
             boris = {.login = "boris", .roles = "seller"};
    if (!is_virtual) {
        clock_virtual(START_MS);
    }
    is_virtual = true;
    log_set_level(LOG_ERROR);
    *w = (batch_world){.dir = ""};
    if (is_sqlite) {
        snprintf(w->dir, sizeof w->dir, "/tmp/karkas-batch-XXXXXX");
        assert_non_null(mkdtemp(w->dir));
        assert_ok(engine_open_sqlite(w->dir, &w->engine));
    } else {
        assert_ok(engine_open_memory(7, &w->engine));
    }
    build(w, declare);
    flow_options o = {.engine = w->engine};
    assert_ok(flow_start(&o, &w->flow));
    assert_ok(flow_ready(w->flow));
    now_open = w;
    assert_ok(batch_world_do(0, hire, &anna));
    assert_ok(batch_world_do(0, hire, &boris));
    w->anna = anna.id;
    w->boris = boris.id;
}

void batch_world_close(batch_world *w)
{
    char command[128];
    assert_true(flow_stop(w->flow, 60000));
    registry_publish(NULL, NULL, NULL);
    engine_close(w->engine);
    if (w->dir[0]) {
        snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
        assert_int_equal(system(command), 0);
    }
}

crm_status batch_world_do(int64_t user, crm_status (*commit)(crm_ctx *, void *), void *arg)
{
    crm_ctx c;
    principal who = principal_system;
    arena *a = arena_new(0);
    if (user) {
        const people *p = people_pin();
        assert_ok(people_principal(a, p, user, &who));
        people_unpin(p);
    }
    assert_ok(call_begin(&c, &who, CRM_S("test")));
    crm_status s = writer_run(now_open->flow, &c, commit, arg);
    call_end(&c);
    arena_free(a);
    return s;
}

void batch_world_settle(void)
{
    while (!flow_is_idle(now_open->flow)) {
        uv_sleep(1);
    }
}

/* ---- rows ------------------------------------------------------------------------------------ */

typedef struct seen {
    const char *name;
    uint16_t column;
    int64_t count, number;
    char text[256];
    bool found;
} seen;

static bool on_row(void *arg, const value *row, uint32_t matched)
{
    seen *x = arg;
    (void)matched;
    x->found = true;
    x->count +=
        !x->name || (row[ITEM_NAME].kind == VALUE_TEXT && str_is(row[ITEM_NAME].s, x->name));
    x->number = row[x->column].kind == VALUE_INT ? row[x->column].i : 0;
    snprintf(x->text, sizeof x->text, "%.*s",
             row[x->column].kind == VALUE_TEXT ? (int)row[x->column].s.n : 0, row[x->column].s.p);
    return true;
}

static void look(const char *entity_name, int64_t id, seen *x)
{
    engine_session *s;
    const registry *r = registry_pin();
    const entity *e = registry_entity(r, str_of(entity_name));
    query q = {.entity = e, .limit = 1000000, .with_deleted = id != 0};
    engine_op op = {.kind = id ? ENGINE_GET : ENGINE_LIST,
                    .entity = e,
                    .id = id,
                    .query = &q,
                    .on_row = on_row,
                    .arg = x};
    engine_batch b = {.ops = &op, .count = 1};
    assert_ok(
        engine_session_open(now_open->engine, ENGINE_READER, (engine_deliver){NULL, NULL}, &s));
    crm_status st = engine_read_now(s, &b);
    assert_true(st == CRM_OK || st == CRM_NOT_FOUND);
    engine_session_close(s);
    registry_unpin(r);
}

int64_t batch_world_count(const char *name)
{
    seen x = {.name = name, .column = ITEM_NAME};
    look("test.item", 0, &x);
    return x.count;
}

const char *batch_world_text(const char *entity_name, int64_t id, uint16_t column)
{
    static seen x;
    x = (seen){.column = column};
    look(entity_name, id, &x);
    return x.found ? x.text : NULL;
}

int64_t batch_world_int(const char *entity_name, int64_t id, uint16_t column)
{
    seen x = {.column = column};
    look(entity_name, id, &x);
    return x.number;
}

typedef struct many {
    int64_t user, first;
    int count;
} many;

static crm_status make_items(crm_ctx *c, void *arg)
{
    many *m = arg;
    const entity *e = registry_entity(c->reg, CRM_S("test.item"));
    crm_status s = CRM_OK;
    for (int i = 0; i < m->count && s == CRM_OK; i++) {
        record *r;
        s = records_new(c, e, &r);
        s = s ? s : record_set(r, &e->fields[ITEM_NAME], value_text(CRM_S("old")));
        s = s ? s : record_set(r, &e->fields[ITEM_OWNER], value_int(m->user));
        s = s ? s : records_save(c, r, 0);
        m->first = i ? m->first : r->v[COL_ID].i;
    }
    return s;
}

int64_t batch_world_items(int64_t user, int n)
{
    many m = {.user = user, .count = n};
    assert_ok(batch_world_do(0, make_items, &m));
    return m.first;
}
