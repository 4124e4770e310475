/*
 * fleet.c - a module in two versions, for tests of changing them on a running server. A handler
 * that is called while its generation does not run fails, so that a test sees it.
 */
#include <crm/host.h>
#include <string.h>

typedef struct state {
    int runs;
} state;
static state *now_running;

static crm_status start(const crm_host *host)
{
    (void)host;
    now_running = crm_keep(sizeof *now_running);
    if (!now_running) {
        return CRM_NOMEM;
    }
    now_running->runs = 1;
    return FLEET_STARTS ? CRM_OK : CRM_UPSTREAM;
}

static void stop(void)
{
    now_running = NULL;
}

static crm_status check_running(crm_ctx *c)
{
    return now_running && now_running->runs ? CRM_OK
                                            : crm_fail(c, CRM_INTERNAL, NULL, "not started");
}

static crm_status tell_version(crm_ctx *c, crm_out *out)
{
    crm_status s = check_running(c);
    crm_put_text(out, "version", CRM_S(CRM_MODULE_VERSION));
    return s;
}

static crm_status tell_setting(crm_ctx *c, crm_out *out)
{
    crm_str json = {0};
    crm_status s = check_running(c);
    s = s == CRM_OK ? crm_setting(c, crm_param(c, "name").p, &json) : s;
    crm_put_text(out, "json", json);
    return s;
}

/* A row without a position for every time it was told: what `wait` is by then, in ms. */
static crm_status retell(crm_ctx *c, crm_str name)
{
    crm_rec *row;
    crm_str json;
    int64_t ms = 0;
    crm_status s = crm_setting(c, name.p, &json);
    s = s == CRM_OK ? crm_new(c, "fleet.heard", &row) : s;
    if (s != CRM_OK) {
        return s;
    }
    for (size_t i = 0; i < json.n && json.p[i] >= '0' && json.p[i] <= '9'; i++) {
        ms = ms * 10 + (json.p[i] - '0');
    }
    s = crm_set_int(row, "car", ms);
    return s == CRM_OK ? crm_save(c, row) : s;
}

static crm_status crash(crm_ctx *c, crm_out *out)
{
    (void)c;
    (void)out;
    __builtin_trap();
}

/* Which version's code saw it. */
static crm_status mark(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    crm_status s = check_running(c);
    (void)was;
#ifdef FLEET_MIGRATES
    s = s == CRM_OK ? crm_set_text(now, "region", crm_get_text(now, "plate")) : s;
#endif
    return s == CRM_OK ? crm_set_text(now, "made_by", CRM_S(CRM_MODULE_VERSION)) : s;
}

#ifdef FLEET_MIGRATES
/* The first cars behind the cursor. */
#define CARS 20
static crm_status each_car(crm_ctx *c, int64_t *cursor, crm_status (*act)(crm_ctx *c, crm_rec *car))
{
    crm_rows *rows;
    crm_rec *car;
    uint32_t count = 0;
    crm_str where = crm_fmt(c, "[\"id\",\"gt\",%lld]", (long long)*cursor);
    crm_status s = check_running(c);
    s = s == CRM_OK && !where.p ? CRM_NOMEM : s;
    s = s == CRM_OK ? crm_find(c, "fleet.car", where.p, "id", CARS, &rows) : s;
    while (s == CRM_OK && (car = crm_next(rows)) != NULL) {
        count++;
        *cursor = crm_id(car);
        s = act(c, car);
    }
    if (count < CARS) {
        *cursor = -1; /* what comes after them has passed the hook */
    }
    return s;
}

static crm_status fill_region(crm_ctx *c, crm_rec *car)
{
    if (crm_get_text(car, "region").n) {
        return CRM_OK;
    }
    crm_status s = crm_set_text(car, "region", crm_get_text(car, "plate"));
    return s == CRM_OK ? crm_save(c, car) : s;
}

static crm_status fill_regions(crm_ctx *c, int64_t *cursor)
{
    return each_car(c, cursor, fill_region);
}

#if FLEET_MIGRATES == 2
static bool is_plate(crm_str plate, const char *word)
{
    return plate.n == strlen(word) && memcmp(plate.p, word, plate.n) == 0;
}

static crm_status check_car(crm_ctx *c, crm_rec *car)
{
    crm_str plate = crm_get_text(car, "plate");
    if (is_plate(plate, "LATER")) {
        return crm_fail(c, CRM_UNAVAILABLE, NULL, "not yet");
    }
    return is_plate(plate, "BAD")
               ? crm_fail(c, CRM_INVALID, NULL, "car %lld has no region", (long long)crm_id(car))
               : CRM_OK;
}

static crm_status check_cars(crm_ctx *c, int64_t *cursor)
{
    return each_car(c, cursor, check_car);
}
#endif

static const crm_migration migrations[] = {
    {.version = 1, .fn = fill_regions},
#if FLEET_MIGRATES == 2
    {.version = 2, .fn = check_cars},
#endif
};
#endif

/* One row for every change that was heard: none may be lost, none heard twice. */
static crm_status hear(crm_ctx *c, const crm_change *change)
{
    crm_rec *row;
    crm_status s = check_running(c);
    if (s != CRM_OK || (s = crm_new(c, "fleet.heard", &row)) != CRM_OK) {
        return s;
    }
    if ((s = crm_set_int(row, "position", crm_change_position(change))) != CRM_OK) {
        return s;
    }
    if ((s = crm_set_int(row, "car", crm_change_record(change))) != CRM_OK) {
        return s;
    }
    return crm_save(c, row);
}

#if FLEET_VERSION == 2
static crm_status drive(crm_ctx *c, crm_out *out)
{
    crm_rec *car;
    crm_status s = check_running(c);
    s = s == CRM_OK ? crm_get(c, "fleet.car", crm_param_id(c, "id"), &car) : s;
    if (s != CRM_OK) {
        return s;
    }
    if ((s = crm_set_int(car, "mileage", crm_get_int(car, "mileage") + 100)) != CRM_OK) {
        return s;
    }
    crm_put_int(out, "mileage", crm_get_int(car, "mileage"));
    return crm_save(c, car);
}
#endif

#ifdef FLEET_OFFERS
/* Words of a ТЗ, and what another module calls. */
static crm_status refuel(crm_ctx *c, crm_rec *subject)
{
    crm_status s = check_running(c);
    s = s == CRM_OK ? crm_set_text(subject, "made_by", crm_arg_text(c, "at")) : s;
    return s == CRM_OK ? crm_save(c, subject) : s;
}

static crm_status pump(crm_ctx *c, crm_str instance)
{
    crm_rec *car;
    (void)instance;
    crm_status s = crm_new(c, "fleet.car", &car);
    s = s == CRM_OK ? crm_set_text(car, "plate", CRM_S("pumped")) : s;
    return s == CRM_OK ? crm_save(c, car) : s;
}

static crm_status nearest(crm_ctx *c, const crm_rec *subject, const int64_t *users, uint32_t count,
                          int64_t *out)
{
    (void)subject;
    *out = count ? users[0] : 0;
    return check_running(c);
}

typedef struct drive_v1 {
    int64_t (*distance)(void);
} drive_v1;
static int64_t distance(void)
{
    return 42;
}
static const drive_v1 drive = {distance};

static const crm_step steps[] = {
    {.verb = "refuel", .schema = "{\"at\":{\"type\":\"text\",\"required\":true}}", .fn = refuel},
};
static const crm_integration integrations[] = {
    {.type = "pump", .schema = "{\"litres\":{\"type\":\"int\"}}", .receive = pump},
};
static const crm_strategy strategies[] = {{.name = "nearest", .fn = nearest}};
static const crm_iface ifaces[] = {
    {.name = "fleet.drive", .major = 1, .minor = 0, .size = sizeof drive, .vtable = &drive},
};
#endif

static const crm_route routes[] = {
    {.method = "GET", .path = "/version", .fn = tell_version, .tx = CRM_TX_READ, .perm = "user"},
    {.method = "GET",
     .path = "/setting/:name",
     .fn = tell_setting,
     .tx = CRM_TX_READ,
     .perm = "user"},
    {.method = "POST", .path = "/crash", .fn = crash, .tx = CRM_TX_NONE, .perm = "user"},
#if FLEET_VERSION == 2
    {.method = "POST", .path = "/car/:id/drive", .fn = drive, .tx = CRM_TX_WRITE, .perm = "user"},
#endif
};
static const crm_hook hooks[] = {
    {.entity = "fleet.car", .when = CRM_BEFORE_CREATE, .fn = mark},
};
static const crm_listener listeners[] = {{.name = "cars", .entity = "fleet.car", .fn = hear}};

static const crm_job jobs[] = {{.name = "retell", .fn = retell}};

static const crm_perm perms[] = {{.name = "brake", .title = "fleet.perm.brake"}};

static const crm_module self = {
    CRM_MODULE_HEAD,
    .name = CRM_MODULE_NAME,
    .version = CRM_MODULE_VERSION,
    .license = "Apache-2.0",
    .routes = CRM_TABLE(routes),
    .hooks = CRM_TABLE(hooks),
    .listeners = CRM_TABLE(listeners),
    .jobs = CRM_TABLE(jobs),
    .perms = CRM_TABLE(perms),
#ifdef FLEET_OFFERS
    .steps = CRM_TABLE(steps),
    .strategies = CRM_TABLE(strategies),
    .integrations = CRM_TABLE(integrations),
    .ifaces = CRM_TABLE(ifaces),
#endif
#ifdef FLEET_MIGRATES
    .migrations = CRM_TABLE(migrations),
#endif
    .start = start,
    .stop = stop,
};
CRM_MODULE_EXPORT(self);
