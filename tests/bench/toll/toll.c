/* toll.c - the least that a hook of a module and a route of it do: what they cost is the kernel's.
 */
#include <crm/host.h>

static crm_status mark(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    (void)c;
    (void)was;
    return crm_set_text(now, "mark", CRM_S("x"));
}

static crm_status ping(crm_ctx *c, crm_out *out)
{
    (void)c;
    crm_put_bool(out, "here", true);
    return CRM_OK;
}

static const crm_hook hooks[] = {
    {.entity = "toll.hooked", .when = CRM_BEFORE_CREATE, .fn = mark},
};
static const crm_route routes[] = {
    {.method = "GET", .path = "/ping", .fn = ping, .tx = CRM_TX_NONE, .perm = "user"},
};
static const crm_module self = {
    CRM_MODULE_HEAD,         .name = CRM_MODULE_NAME,     .version = CRM_MODULE_VERSION,
    .license = "Apache-2.0", .routes = CRM_TABLE(routes), .hooks = CRM_TABLE(hooks),
};
CRM_MODULE_EXPORT(self);
