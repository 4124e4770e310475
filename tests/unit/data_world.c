/* data_world.c - the deployment of data_world.h. */
#define DATA_WORLD_OWN
#include "data_world.h"

#include <dirent.h>
#include <unistd.h>

#define N(lit)               \
    {                        \
        lit, sizeof(lit) - 1 \
    }
#define COUNT(a) (uint32_t)(sizeof(a) / sizeof((a)[0]))

hook world_hooks[8];
uint32_t world_hook_count;
const grant *world_grants;
const function_grant *world_functions;
uint32_t world_function_count;
uint32_t world_grant_count;
const role *world_roles;
uint32_t world_role_count;
const entity *world_entities;
uint32_t world_entity_count;
crm_str world_timezone;

/* ---- what is declared ------------------------------------------------------------------------ */

static const field lead_fields[] = {
    {.name = N("title"), .type = FIELD_TEXT, .flags = FIELD_REQUIRED | FIELD_SEARCH},
    {.name = N("phone"), .type = FIELD_PHONE, .flags = FIELD_MANY | FIELD_INDEXED},
    {.name = N("amount"), .type = FIELD_MONEY, .scale = 2},
    {.name = N("secret"), .type = FIELD_TEXT, .flags = FIELD_SEARCH | FIELD_INDEXED},
    {.name = N("code"), .type = FIELD_TEXT, .flags = FIELD_UNIQUE},
    {.name = N("owner"), .type = FIELD_USER, .flags = FIELD_INDEXED, .def_text = N("me")},
    {.name = N("department"), .type = FIELD_REF, .ref_name = N("department")},
    {.name = N("stage"), .type = FIELD_STAGE, .ref_name = N("lead")},
    {.name = N("contact"), .type = FIELD_REF, .ref_name = N("test.person")},
    {.name = N("done_at"), .type = FIELD_DATETIME, .flags = FIELD_READ_ONLY},
    {.name = N("reason"), .type = FIELD_TEXT},
};
static const field person_fields[] = {
    {.name = N("name"), .type = FIELD_TEXT, .flags = FIELD_SEARCH},
    {.name = N("owner"), .type = FIELD_USER, .def_text = N("me")},
};
static const field line_fields[] = {
    {.name = N("lead"), .type = FIELD_REF, .ref_name = N("test.lead"), .flags = FIELD_INDEXED},
    {.name = N("name"), .type = FIELD_TEXT},
};
static const uint16_t lead_search[] = {LEAD_TITLE, LEAD_SECRET};
static const entity entities[] = {
    {.name = N("test.person"),
     .module = N("test"),
     .fields = person_fields,
     .field_count = COUNT(person_fields),
     .owner_fields = {PERSON_OWNER},
     .title_field = PERSON_NAME},
    {.name = N("test.lead"),
     .module = N("test"),
     .fields = lead_fields,
     .field_count = COUNT(lead_fields),
     .owner_fields = {LEAD_OWNER},
     .department_field = LEAD_DEPARTMENT,
     .stage_field = LEAD_STAGE,
     .title_field = LEAD_TITLE,
     .search_fields = lead_search,
     .search_count = COUNT(lead_search)},
    {.name = N("test.line"),
     .module = N("test"),
     .fields = line_fields,
     .field_count = COUNT(line_fields),
     .parent_field = LINE_LEAD,
     .title_field = LINE_NAME},
};

static const uint16_t needs_amount[] = {LEAD_AMOUNT}, needs_reason[] = {LEAD_REASON};
static const stage stages[] = {
    {.name = N("new"), .is_start = true},
    {.name = N("work"), .is_start = true},
    {.name = N("offer"), .require = needs_amount, .require_count = 1},
    {.name = N("paid"), .outcome = OUTCOME_WON},
    {.name = N("lost"), .outcome = OUTCOME_LOST, .require = needs_reason, .require_count = 1},
};
static const crm_str both[] = {N("seller"), N("head"), N("viewer"), N("boss")};
static const crm_str heads[] = {N("head"), N("boss")};
static const stage_move moves[] = {
    {.from = 1 | 2 | 4, .to = 2 | 4 | 16, .who = both, .who_count = COUNT(both)},
    {.from = 4, .to = 8, .who = heads, .who_count = COUNT(heads)},
};
static const uint16_t locked[] = {LEAD_AMOUNT};
static const stage_lock locks[] = {
    {.stages = 4 | 8, .fields = locked, .field_count = 1, .except = heads, .except_count = 2}};
static const pipeline lead_line = {.name = N("lead"),
                                   .entity_name = N("test.lead"),
                                   .stages = stages,
                                   .stage_count = COUNT(stages),
                                   .moves = moves,
                                   .move_count = COUNT(moves),
                                   .locks = locks,
                                   .lock_count = COUNT(locks)};

static const crm_str open_fields[] = {N("title"),  N("phone"),  N("amount"),     N("code"),
                                      N("owner"),  N("stage"),  N("department"), N("contact"),
                                      N("reason"), N("done_at")};
static const crm_str stage_only[] = {N("stage")};
static const crm_str settings_holders[] = {N("boss")}, delete_holders[] = {N("zina")};

#define G(role_, entity_, action_, scope_)                                   \
    .role = N(role_), .entity_name = N(entity_), .action = ACTION_##action_, \
    .scope = SCOPE_##scope_, .source = N("tz.yaml:" role_)
#define OPEN .fields = open_fields, .field_count = COUNT(open_fields)
static const grant grants[] = {
    {G("seller", "test.lead", READ, OWN), OPEN},
    {G("seller", "test.lead", CREATE, OWN), OPEN},
    {G("seller", "test.lead", UPDATE, OWN), OPEN},
    {G("seller", "test.person", READ, INVOLVED)},
    {G("seller", "test.person", CREATE, OWN)},
    {G("head", "test.lead", READ, TEAM)},
    {G("head", "test.lead", CREATE, TEAM)},
    {G("head", "test.lead", UPDATE, TEAM)},
    {G("head", "test.lead", REASSIGN, TEAM)},
    {G("viewer", "test.lead", READ, ALL), OPEN},
    {G("viewer", "test.lead", UPDATE, ALL), .fields = stage_only, .field_count = 1},
    {G("boss", "*", READ, ALL)},
    {G("boss", "*", CREATE, ALL)},
    {G("boss", "*", UPDATE, ALL)},
    {G("boss", "*", REASSIGN, ALL)},
    {G("boss", "user", READ, ALL)},
    {G("boss", "user", UPDATE, ALL)},
    {G("head", "user", UPDATE, TEAM)},
    {G("head", "user", READ, ALL)},
};
static const crm_str linked_leads[] = {N("test.lead")};
static const grant linked_grants[] = {
    {G("auditor", "test.lead", READ, ALL), OPEN, .where_text = N("[\"stage\",\"eq\",\"lost\"]")},
    {G("auditor", "test.person", READ, LINKED), .linked_to = linked_leads, .linked_count = 1},
};
static const role roles[] = {{.name = N("seller"), .foreign = FOREIGN_SHOWN | FOREIGN_OWNER},
                             {.name = N("head")},
                             {.name = N("viewer")},
                             {.name = N("boss")},
                             {.name = N("auditor")}};
static const function_grant functions[] = {
    {N("settings"), settings_holders, 1},
    {N("delete"), delete_holders, 1},
};

static void declare(registry *r)
{
    for (uint32_t i = 0; i < COUNT(entities); i++) {
        assert_ok(registry_add_entity(r, &entities[i]));
    }
    for (uint32_t i = 0; i < world_entity_count; i++) {
        assert_ok(registry_add_entity(r, &world_entities[i]));
    }
    r->timezone = world_timezone;
    assert_ok(registry_add_pipeline(r, &lead_line));
    for (uint32_t i = 0; i < COUNT(roles); i++) {
        assert_ok(registry_add_role(r, &roles[i]));
    }
    for (uint32_t i = 0; i < world_role_count; i++) {
        assert_ok(registry_add_role(r, &world_roles[i]));
    }
    for (uint32_t i = 0; i < COUNT(functions); i++) {
        assert_ok(registry_add_function(r, &functions[i]));
    }
    for (uint32_t i = 0; i < world_function_count; i++) {
        assert_ok(registry_add_function(r, &world_functions[i]));
    }
    for (uint32_t i = 0; i < COUNT(grants); i++) {
        assert_ok(registry_add_grant(r, &grants[i]));
    }
    for (uint32_t i = 0; i < COUNT(linked_grants); i++) {
        assert_ok(registry_add_grant(r, &linked_grants[i]));
    }
    for (uint32_t i = 0; i < world_grant_count; i++) {
        assert_ok(registry_add_grant(r, &world_grants[i]));
    }
    for (uint32_t i = 0; i < world_hook_count; i++) {
        assert_ok(registry_add_hook(r, &world_hooks[i]));
    }
}

static void seal_and_publish(world *x)
{
    registry *r = registry_new();
    registry_fault *fault = NULL;
    arena *a = arena_new(0);
    assert_non_null(r);
    declare(r);
    crm_status st = registry_seal(r, a, &fault);
    st = st ? st : engine_schema(x->engine, r, a, &fault);
    for (; fault; fault = fault->next) {
        print_error("%.*s %.*s\n", STR_FMT(fault->code), STR_FMT(fault->subject));
    }
    assert_ok(st);
    arena_free(a);
    registry_publish(r, NULL, NULL);
    x->reg = registry_pin();
    x->lead = registry_entity(x->reg, CRM_S("test.lead"));
    x->person = registry_entity(x->reg, CRM_S("test.person"));
    x->line = registry_entity(x->reg, CRM_S("test.line"));
}

/* ---- people ---------------------------------------------------------------------------------- */

static int64_t add(world *x, store which, const value *values, uint32_t count)
{
    record *r;
    const entity *e = registry_store(x->reg, which);
    assert_ok(records_new(&x->call, e, &r));
    for (uint32_t i = 0; i < count; i++) {
        assert_ok(record_set(r, &e->fields[COL_OWN + i], values[i]));
    }
    crm_status st = records_save(&x->call, r, 0);
    assert_ok(st);
    return r->v[COL_ID].i;
}

static int64_t add_department(world *x, const char *name, int64_t parent)
{
    value v[] = {value_text(str_of(name)), value_text(str_of(name)),
                 parent ? value_int(parent) : value_null()};
    return add(x, STORE_DEPARTMENT, v, 3);
}

static int64_t add_user(world *x, const char *login, const char *role_name, int64_t department_id)
{
    value v[USER_COLUMNS - COL_OWN] = {0};
    v[USER_LOGIN - COL_OWN] = value_text(str_of(login));
    v[USER_NAME - COL_OWN] = value_text(str_of(login));
    v[USER_DEPARTMENT - COL_OWN] = value_int(department_id);
    v[USER_ROLES - COL_OWN] = value_text(str_of(role_name));
    return add(x, STORE_USER, v, USER_ROLES - COL_OWN + 1);
}

static void settle(world *x)
{
    world_begin(x, 0);
    x->sales = add_department(x, "sales", 0);
    x->north = add_department(x, "north", x->sales);
    x->other = add_department(x, "other", 0);
    x->anna = add_user(x, "anna", "seller", x->sales);
    x->boris = add_user(x, "boris", "seller", x->sales);
    x->hanna = add_user(x, "hanna", "head", x->sales);
    x->nina = add_user(x, "nina", "seller", x->north);
    x->vera = add_user(x, "vera", "viewer", x->other);
    x->zina = add_user(x, "zina", "boss", x->other);
    x->oleg = add_user(x, "oleg", "", x->other);
    x->alla = add_user(x, "alla", "auditor", x->other);
    world_end(x, CRM_OK);
    assert_ok(world_update(x, 0, registry_store(x->reg, STORE_DEPARTMENT), x->sales,
                           DEPARTMENT_HEAD, value_int(x->hanna)));
}

/* ---- opening and closing --------------------------------------------------------------------- */

void world_open(world *x, world_engine which)
{
    *x = (world){0};
    crm_status st;
    if (which == WORLD_SQLITE) {
        snprintf(x->dir, sizeof x->dir, "/tmp/karkas-test-XXXXXX");
        assert_non_null(mkdtemp(x->dir));
        st = engine_open_sqlite(x->dir, &x->engine);
    } else {
        st = engine_open_memory(which == WORLD_DELAYED ? 20270118 : 0, &x->engine);
    }
    assert_ok(st);
    seal_and_publish(x);
    assert_ok(
        engine_session_open(x->engine, ENGINE_WRITER, (engine_deliver){NULL, NULL}, &x->writer));
    assert_ok(
        engine_session_open(x->engine, ENGINE_READER, (engine_deliver){NULL, NULL}, &x->reader));
    people *p;
    assert_ok(people_build(x->writer, x->reg, &p));
    people_publish(p);
    settle(x);
}

static void remove_dir(const char *path)
{
    DIR *d = opendir(path);
    const struct dirent *at;
    char name[512];
    while (d && (at = readdir(d))) {
        snprintf(name, sizeof name, "%s/%s", path, at->d_name);
        unlink(name);
    }
    if (d) {
        closedir(d);
    }
    rmdir(path);
}

void world_close(world *x)
{
    if (x->call.arena) {
        call_end(&x->call);
    }
    arena_free(x->who_arena);
    changes_unref(x->changes);
    engine_session_close(x->reader);
    engine_session_close(x->writer);
    people_publish(NULL);
    registry_unpin(x->reg);
    registry_publish(NULL, NULL, NULL);
    engine_close(x->engine);
    if (x->dir[0]) {
        remove_dir(x->dir);
    }
    world_function_count = 0;
    world_hook_count = world_grant_count = world_role_count = world_entity_count = 0;
    world_timezone = (crm_str){0};
}

/* ---- requests -------------------------------------------------------------------------------- */

static crm_ctx *begin_call(world *x, int64_t user)
{
    if (x->call.arena) {
        call_end(&x->call);
    }
    arena_free(x->who_arena);
    x->who_arena = arena_new(0);
    x->who = principal_system;
    if (user) {
        const people *p = people_pin();
        assert_ok(people_principal(x->who_arena, p, user, &x->who));
        people_unpin(p);
    }
    assert_ok(call_begin(&x->call, &x->who, CRM_S("api")));
    return &x->call;
}

crm_ctx *world_begin(world *x, int64_t user)
{
    crm_ctx *c = begin_call(x, user);
    assert_ok(tx_begin(x->writer, &x->tx));
    assert_ok(tx_request_begin(x->tx, c));
    return c;
}

void world_end(world *x, crm_status st)
{
    assert_ok(tx_request_end(x->tx, st == CRM_OK));
    assert_ok(tx_commit(x->tx));
    changes_unref(x->changes);
    x->changes = tx_take_changes(x->tx);
    tx_free(x->tx);
    x->tx = NULL;
}

crm_ctx *world_read(world *x, int64_t user)
{
    crm_ctx *c = begin_call(x, user);
    c->session = x->reader;
    return c;
}

void world_read_end(world *x)
{
    engine_turn_end(x->reader);
    call_end(&x->call);
}

int64_t world_lead(world *x, const char *title, int64_t owner, int64_t department_id)
{
    record *r;
    crm_ctx *c = world_begin(x, 0);
    assert_ok(records_new(c, x->lead, &r));
    assert_ok(record_set(r, &x->lead->fields[LEAD_TITLE], value_text(str_of(title))));
    assert_ok(record_set(r, &x->lead->fields[LEAD_SECRET], TEXT("hidden")));
    if (owner) {
        assert_ok(record_set(r, &x->lead->fields[LEAD_OWNER], value_int(owner)));
    }
    if (department_id) {
        assert_ok(record_set(r, &x->lead->fields[LEAD_DEPARTMENT], value_int(department_id)));
    }
    crm_status st = records_save(c, r, 0);
    assert_ok(st);
    int64_t id = r->v[COL_ID].i;
    world_end(x, st);
    return id;
}

const char *world_code(const crm_ctx *c, const char *field_name)
{
    static char code[64];
    for (const field_error *f = c->error.fields; f; f = f->next) {
        if (str_is(f->field, field_name)) {
            snprintf(code, sizeof code, "%.*s", STR_FMT(f->code));
            return code;
        }
    }
    return "";
}

crm_status world_update(world *x, int64_t user, const entity *e, int64_t id, uint16_t f, value v)
{
    record *r;
    crm_ctx *c = world_begin(x, user);
    crm_status st = records_get(c, e, id, &r);
    st = st ? st : record_set(r, &e->fields[f], v);
    st = st ? st : records_save(c, r, 0);
    world_end(x, st);
    return st;
}

const char *world_titles(world *x, int64_t user, const cond *where)
{
    static char text[1024];
    record **rows;
    uint32_t count;
    crm_ctx *c = world_read(x, user);
    query q = {.entity = x->lead, .where = where};
    crm_status st = records_list(c, &q, &rows, &count);
    size_t n = 0;
    text[0] = 0;
    if (st) {
        n += (size_t)snprintf(text, sizeof text, "%s", status_code(st));
    }
    for (uint32_t i = 0; !st && i < count; i++) {
        n += (size_t)snprintf(text + n, sizeof text - n, "%s%.*s", i ? " " : "",
                              STR_FMT(rows[i]->v[LEAD_TITLE].s));
    }
    world_read_end(x);
    return text;
}
