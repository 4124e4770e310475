/* depot.c - a module that cannot do without an interface of fleet, for tests of what happens then.
 */
#include <crm/host.h>

typedef struct drive_v1 {
    int64_t (*distance)(void);
} drive_v1;

static crm_status tell_distance(crm_ctx *c, crm_out *out)
{
    const drive_v1 *drive = crm_use("fleet.drive");
    (void)c;
    crm_put_int(out, "distance", drive->distance());
    return CRM_OK;
}

static crm_status park(crm_ctx *c, crm_rec *subject)
{
    (void)c;
    (void)subject;
    return CRM_OK;
}

static const crm_dep deps[] = {{.iface = "fleet.drive", .major = 1}};
static const crm_route routes[] = {
    {.method = "GET", .path = "/distance", .fn = tell_distance, .tx = CRM_TX_READ, .perm = "user"},
};
static const crm_step steps[] = {{.verb = "park", .schema = "{}", .fn = park}};

static const crm_module self = {
    CRM_MODULE_HEAD,           .name = CRM_MODULE_NAME, .version = CRM_MODULE_VERSION,
    .license = "Apache-2.0",   .deps = CRM_TABLE(deps), .routes = CRM_TABLE(routes),
    .steps = CRM_TABLE(steps),
};
CRM_MODULE_EXPORT(self);
