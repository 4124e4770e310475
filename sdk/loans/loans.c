/*
 * loans.c - the module of the guide (GUIDE.md): things that are lent for a while and come back.
 *
 * `lent_to` is what people and routes write; when it has to be back is worked out from it in the
 * same transaction, and one due row per thing reminds its keeper.
 */
#define CRM_API_LEVEL 2
#include <crm/host.h>

#define ITEM "loans.item"
#define LENT "[\"lent_to\",\"none\",false]"
#define LATE "[\"back_by\",\"lte\",\"now\"]"

/* ---- state ----------------------------------------------------------------------------------- */

/* The only thing that outlives a call: made in start, gone some time after stop. */
typedef struct counted {
    int64_t late;
} counted;
static void *own;

static crm_status start(const crm_host *host)
{
    (void)host;
    own = crm_keep(sizeof(counted));
    return own ? CRM_OK : CRM_NOMEM;
}

static void stop(void)
{
    own = NULL;
}

/* ---- what is worked out with every change ---------------------------------------------------- */

static int64_t number_of(crm_str digits)
{
    int64_t n = 0;
    for (size_t i = 0; i < digits.n && digits.p[i] >= '0' && digits.p[i] <= '9'; i++) {
        n = n * 10 + (digits.p[i] - '0');
    }
    return n;
}

static crm_status take_back(crm_rec *item)
{
    crm_status s = crm_set_null(item, "back_by");
    return s == CRM_OK ? crm_set_int(item, "reminded", 0) : s;
}

static crm_status before_save(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    crm_str term;
    if (!crm_changed(now, "lent_to")) {
        return CRM_OK;
    }
    if (!crm_has(now, "lent_to")) {
        return take_back(now);
    }
    if (was && crm_has(was, "lent_to")) {
        crm_str text = crm_text(c, "loans.lent_already");
        return crm_fail(c, CRM_CONFLICT, "lent_to", "%.*s", (int)text.n, text.p);
    }
    crm_status s = crm_setting(c, "term", &term);
    return s == CRM_OK ? crm_set_int(now, "back_by", crm_now(c) + number_of(term)) : s;
}

/* One due row per thing: scheduling again moves it. */
static crm_status after_save(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    crm_str id = crm_fmt(c, "%lld", (long long)crm_id(now));
    (void)was;
    if (!id.p) {
        return CRM_NOMEM;
    }
    if (!crm_has(now, "back_by")) {
        return crm_unschedule(c, "remind", id.p);
    }
    return crm_has(now, "reminded") && crm_get_int(now, "reminded")
               ? CRM_OK
               : crm_schedule(c, "remind", id.p, crm_get_int(now, "back_by"), id);
}

/* ---- jobs: as "module:loans", when they are due ---------------------------------------------- */

static crm_status remind(crm_ctx *c, crm_str id)
{
    crm_rec *item;
    crm_status s = crm_get(c, ITEM, number_of(id), &item);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s; /* it was deleted meanwhile */
    }
    if (!crm_has(item, "back_by") || crm_get_int(item, "back_by") > crm_now(c)) {
        return CRM_OK;
    }
    s = crm_set_int(item, "reminded", 1);
    s = s == CRM_OK ? crm_save(c, item) : s;
    if (s != CRM_OK || !crm_has(item, "owner")) {
        return s;
    }
    crm_str text = crm_fill(c, crm_text(c, "loans.is_late"), item);
    s = crm_notify(c, crm_get_int(item, "owner"), "loan", item, text);
    return s == CRM_OK ? crm_service_wake(c, "watch") : s;
}

/* Of the setting `term`: what has been lent keeps its day, the count is made anew. */
static crm_status told(crm_ctx *c, crm_str name)
{
    (void)name;
    return crm_service_wake(c, "watch");
}

/* ---- events: after the commit, at least once ------------------------------------------------- */

static crm_status tell_keeper(crm_ctx *c, const crm_change *change)
{
    crm_rec *item;
    if (!crm_change_touched(change, "lent_to")) {
        return CRM_OK;
    }
    crm_status s = crm_get(c, ITEM, crm_change_record(change), &item);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    if (crm_has(item, "lent_to") || !crm_has(item, "owner")) {
        return CRM_OK;
    }
    crm_str text = crm_fill(c, crm_text(c, "loans.is_back"), item);
    return crm_notify(c, crm_get_int(item, "owner"), "loan", item, text);
}

/* ---- routes: as the caller ------------------------------------------------------------------- */

/* POST /api/v1/loans/item/:id/lend {"to":"…"} */
static crm_status lend(crm_ctx *c, crm_out *out)
{
    crm_rec *item;
    crm_str to = crm_body_text(c, "to");
    crm_status s = crm_get(c, ITEM, crm_param_id(c, "id"), &item);
    if (s != CRM_OK) {
        return s;
    }
    if (!to.n) {
        crm_str text = crm_text(c, "loans.to_whom");
        return crm_fail(c, CRM_INVALID, "to", "%.*s", (int)text.n, text.p);
    }
    s = crm_set_text(item, "lent_to", to);
    s = s == CRM_OK ? crm_save(c, item) : s;
    if (s == CRM_OK) {
        crm_put_record(out, "item", item);
    }
    return s;
}

/* POST /api/v1/loans/item/:id/back */
static crm_status back(crm_ctx *c, crm_out *out)
{
    crm_rec *item;
    crm_status s = crm_get(c, ITEM, crm_param_id(c, "id"), &item);
    s = s == CRM_OK ? crm_set_null(item, "lent_to") : s;
    s = s == CRM_OK ? crm_save(c, item) : s;
    if (s == CRM_OK) {
        crm_put_record(out, "item", item);
    }
    return s;
}

/* GET /api/v1/loans/load: of the whole company, whatever the caller sees of it. */
static crm_status load(crm_ctx *c, crm_out *out)
{
    int64_t lent = 0;
    crm_status s = crm_as_system(c, "how many things of the company are lent");
    s = s == CRM_OK ? crm_count(c, ITEM, LENT, &lent) : s;
    if (s == CRM_OK) {
        crm_put_int(out, "lent", lent);
    }
    return s;
}

/* ---- the service: a loop on a thread of its own ---------------------------------------------- */

static crm_status count_late(crm_ctx *c, void *late)
{
    return crm_count(c, ITEM, LATE, late);
}

static crm_status watch(crm_service *s, void *state)
{
    counted *mine = state;
    while (!crm_service_should_stop(s)) {
        crm_status st = crm_service_read(s, count_late, &mine->late, 0);
        if (st != CRM_OK) {
            return st; /* it is begun again after a pause */
        }
        crm_service_health(s, mine->late ? CRM_HEALTH_DEGRADED : CRM_HEALTH_OK, "late: %lld",
                           (long long)mine->late);
        (void)crm_service_wait(s, 3600000);
    }
    return CRM_OK;
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const crm_route routes[] = {
    {.method = "POST", .path = "/item/:id/lend", .fn = lend, .tx = CRM_TX_WRITE, .perm = "lend"},
    {.method = "POST", .path = "/item/:id/back", .fn = back, .tx = CRM_TX_WRITE, .perm = "lend"},
    {.method = "GET", .path = "/load", .fn = load, .tx = CRM_TX_READ, .perm = "user"},
};
static const crm_hook hooks[] = {
    {.entity = ITEM, .when = CRM_BEFORE_CREATE, .fn = before_save},
    {.entity = ITEM, .when = CRM_BEFORE_UPDATE, .fn = before_save},
    {.entity = ITEM, .when = CRM_AFTER_CREATE, .fn = after_save},
    {.entity = ITEM, .when = CRM_AFTER_UPDATE, .fn = after_save},
};
static const crm_listener listeners[] = {
    {.name = "back", .entity = ITEM, .fn = tell_keeper},
};
static const crm_job jobs[] = {
    {.name = "remind", .fn = remind},
    {.name = "told", .fn = told},
};
static const crm_service_def services[] = {
    {.name = "watch", .title_key = "loans.service.watch", .run = watch, .state = &own},
};
static const crm_perm perms[] = {{.name = "lend", .title = "loans.perm.lend"}};

static const crm_module self = {
    CRM_MODULE_HEAD,
    .name = CRM_MODULE_NAME,
    .version = CRM_MODULE_VERSION,
    .license = "proprietary",
    .routes = CRM_TABLE(routes),
    .hooks = CRM_TABLE(hooks),
    .listeners = CRM_TABLE(listeners),
    .jobs = CRM_TABLE(jobs),
    .perms = CRM_TABLE(perms),
    .services = CRM_TABLE(services),
    .caps = "as_system",
    .start = start,
    .stop = stop,
};
CRM_MODULE_EXPORT(self);
