/* module_world.c - the deployment of module_world.h. */
#include "module_world.h"

module_world w;

static char data_dir[64]; /* of SQLite; empty: the engine in memory has none */

crm_ctx *act_begin(int64_t user)
{
    const people *all = people_pin();
    w.who = principal_system;
    if (user) {
        assert_ok(people_principal(w.a, all, user, &w.who));
    }
    people_unpin(all);
    assert_ok(call_begin(&w.c, &w.who, CRM_S("test")));
    assert_ok(tx_begin(w.writer, &w.t));
    assert_ok(tx_request_begin(w.t, &w.c));
    call_limit(&w.c, w.limit_ms);
    return &w.c;
}

void give_time(uint32_t ms)
{
    w.limit_ms = ms;
}

void act_end(crm_status s)
{
    w.t->deadline = 0;
    assert_ok(tx_request_end(w.t, s == CRM_OK));
    assert_ok(tx_commit(w.t));
    changes_unref(tx_take_changes(w.t));
    tx_free(w.t);
    call_end(&w.c);
}

int64_t make(const char *entity_name, const char *json)
{
    crm_ctx *c = act_begin(0);
    record *r;
    json_t *fields;
    assert_ok(json_read(str_of(json), 0, &fields, NULL));
    assert_ok(records_new(c, registry_entity(c->reg, str_of(entity_name)), &r));
    assert_ok(record_from_json(c, r, fields));
    crm_status s = records_save(c, r, 0);
    json_decref(fields);
    assert_ok(s);
    int64_t id = r->v[COL_ID].i;
    act_end(s);
    return id;
}

void change_record(const char *entity_name, int64_t id, const char *json)
{
    crm_ctx *c = act_begin(0);
    record *r;
    json_t *fields;
    assert_ok(json_read(str_of(json), 0, &fields, NULL));
    assert_ok(records_get(c, registry_entity(c->reg, str_of(entity_name)), id, &r));
    assert_ok(record_from_json(c, r, fields));
    crm_status s = records_save(c, r, 0);
    json_decref(fields);
    assert_ok(s);
    act_end(s);
}

void delete_record(const char *entity_name, int64_t id)
{
    crm_ctx *c = act_begin(0);
    crm_status s = records_delete(c, registry_entity(c->reg, str_of(entity_name)), id, 0);
    assert_ok(s);
    act_end(s);
}

uint32_t list_of(const char *entity_name, record ***out)
{
    crm_ctx *c = act_begin(0);
    const entity *e = registry_entity(c->reg, str_of(entity_name));
    query *q = query_new(c->arena, e);
    record **rows;
    uint32_t count;
    assert_ok(records_list(c, q, &rows, &count));
    *out = ARENA_ARRAY(w.a, record *, count + 1);
    for (uint32_t i = 0; i < count; i++) {
        record *copy = ARENA_NEW(w.a, record);
        *copy = *rows[i];
        copy->v = ARENA_ARRAY(w.a, value, e->field_count);
        for (uint32_t k = 0; k < e->field_count; k++) {
            copy->v[k] = value_dup(w.a, rows[i]->v[k]);
        }
        (*out)[i] = copy;
    }
    act_end(CRM_OK);
    return count;
}

record *only(const char *entity_name)
{
    record **rows;
    assert_int_equal(list_of(entity_name, &rows), 1);
    return rows[0];
}

value get(const record *r, const char *name)
{
    const field *f = entity_field(r->entity, str_of(name));
    assert_non_null(f);
    return r->v[f->index];
}

crm_status run_step(const char *verb, const char *entity_name, int64_t id, const char *args)
{
    crm_ctx *c = act_begin(0);
    const step *st = registry_step(c->reg, str_of(verb));
    step_call call = {.args_json = str_of(args), .rule = CRM_S("R-1"), .run = 1};
    assert_non_null(st);
    assert_ok(records_get(c, registry_entity(c->reg, str_of(entity_name)), id, &call.subject));
    crm_status s = st->run(c, &call, st->fn);
    if (s == CRM_OK) { /* else the writer commits nothing */
        assert_int_equal(c->error.status, CRM_OK);
    }
    act_end(s);
    return s;
}

crm_status call_route(const char *pattern, int64_t user, int64_t id)
{
    static const crm_str names[] = {{"id", 2}};
    crm_ctx *c = act_begin(user);
    crm_str param = arena_fmt(c->arena, "%lld", (long long)id);
    call_request request = {.param_names = names, .params = &param, .param_count = 1};
    const route *found = NULL;
    for (uint32_t i = 0; i < c->reg->route_count; i++) {
        found = str_is(c->reg->routes[i].pattern, pattern) ? &c->reg->routes[i] : found;
    }
    assert_non_null(found);
    c->request = &request;
    buf_clear(&w.out);
    c->out = &w.out;
    crm_status s = found->run(c, found->fn);
    act_end(s);
    return s;
}

crm_status run_job(const char *name, const char *arg)
{
    crm_ctx *c = act_begin(0);
    const job *j = registry_job(c->reg, str_of(name));
    crm_status s = j->run(c, str_of(arg), j->fn);
    act_end(s);
    return s;
}

void grant_own(registry *r, const char *entity_name)
{
    static const action all[] = {ACTION_READ, ACTION_CREATE, ACTION_UPDATE};
    for (size_t i = 0; i < 3; i++) {
        grant g = {.role = CRM_S("manager"),
                   .entity_name = str_of(entity_name),
                   .action = all[i],
                   .scope = SCOPE_OWN,
                   .source = CRM_S("test")};
        assert_ok(registry_add_grant(r, &g));
    }
}

static void build(const char *dir, void (*more)(registry *r))
{
    module_found *found;
    module_refusal *refused = NULL;
    registry_fault *fault = NULL;
    module *modules[8];
    uint32_t count;
    role manager = {.name = CRM_S("manager"), .title = CRM_S("Менеджер")};
    registry *r = registry_new();
    r->locale = CRM_S("ru");
    assert_ok(flow_register(r));
    assert_ok(plug_scan(w.a, dir, &found, &count, &refused));
    assert_in_range(count, 1, 8);
    for (uint32_t i = 0; i < count; i++) {
        assert_ok(plug_load(w.a, &found[i], &modules[i], &refused));
    }
    crm_status s = plug_register(modules, count, r, w.a, &fault);
    assert_ok(registry_add_role(r, &manager));
    more(r);
    s = s == CRM_OK ? registry_seal(r, w.a, &fault) : s;
    s = s == CRM_OK ? engine_schema(w.e, r, w.a, &fault) : s;
    for (; fault; fault = fault->next) {
        print_error("%.*s %.*s\n", STR_FMT(fault->code), STR_FMT(fault->subject));
    }
    assert_ok(s);
    for (uint32_t i = 0; i < count; i++) {
        assert_ok(plug_start(modules[i]));
    }
    registry_publish(r, NULL, NULL);
}

static void settle(void)
{
    char json[200];
    w.sales = make("department", "{\"name\":\"sales\",\"title\":\"Отдел продаж\"}");
    snprintf(json, sizeof json,
             "{\"login\":\"anna\",\"name\":\"Анна\",\"roles\":[\"manager\"],\"department\":%lld}",
             (long long)w.sales);
    w.anna = make("user", json);
    w.boris = make("user", "{\"login\":\"boris\",\"name\":\"Борис\",\"roles\":[\"manager\"]}");
    snprintf(json, sizeof json, "{\"head\":%lld}", (long long)w.boris);
    change_record("department", w.sales, json);
}

static void open_on(engine *e, const char *dir, void (*more)(registry *r))
{
    people *p;
    memset(&w, 0, sizeof w);
    clock_virtual(1800000000000);
    w.a = arena_new(0);
    buf_init(&w.out, 0);
    w.e = e;
    build(dir, more);
    w.reg = registry_pin();
    assert_ok(engine_session_open(w.e, ENGINE_WRITER, (engine_deliver){NULL, NULL}, &w.writer));
    assert_ok(people_build(w.writer, w.reg, &p));
    people_publish(p);
    settle();
}

void modules_open(const char *dir, void (*more)(registry *r))
{
    engine *e;
    assert_ok(engine_open_memory(0, &e));
    open_on(e, dir, more);
}

void modules_open_sqlite(const char *dir, void (*more)(registry *r))
{
    engine *e;
    snprintf(data_dir, sizeof data_dir, "/tmp/karkas-modules-XXXXXX");
    assert_non_null(mkdtemp(data_dir));
    assert_ok(engine_open_sqlite(data_dir, &e));
    open_on(e, dir, more);
}

void modules_close(void)
{
    engine_session_close(w.writer);
    people_publish(NULL);
    registry_unpin(w.reg);
    registry_publish(NULL, NULL, NULL);
    engine_close(w.e);
    buf_free(&w.out);
    arena_free(w.a);
    if (*data_dir) {
        fs_remove_all(data_dir);
        *data_dir = 0;
    }
}
