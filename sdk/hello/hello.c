/* hello.c - the template of a native module: one route and one hook over an entity of module.yaml.
 */
#include <crm/host.h>

/* POST /api/v1/hello/ticket/:id/close */
static crm_status close_ticket(crm_ctx *c, crm_out *out)
{
    crm_rec *ticket;
    crm_status s = crm_get(c, "hello.ticket", crm_param_id(c, "id"), &ticket);
    if (s != CRM_OK) {
        return s;
    }
    if (crm_outcome(ticket) != CRM_OUTCOME_OPEN) {
        crm_str text = crm_text(c, "hello.already_closed");
        return crm_fail(c, CRM_CONFLICT, "stage", "%.*s", (int)text.n, text.p);
    }
    if ((s = crm_set_text(ticket, "stage", CRM_S("closed"))) != CRM_OK) {
        return s;
    }
    if ((s = crm_save(c, ticket)) != CRM_OK) {
        return s;
    }
    crm_put_record(out, "ticket", ticket);
    return CRM_OK;
}

/* In the same transaction as every change of a ticket, whoever makes it. */
static crm_status note_closing(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    (void)was;
    if (crm_outcome(now) == CRM_OUTCOME_OPEN) {
        return crm_set_null(now, "closed_at");
    }
    return crm_has(now, "closed_at") ? CRM_OK : crm_set_int(now, "closed_at", crm_now(c));
}

static const crm_route routes[] = {
    {.method = "POST",
     .path = "/ticket/:id/close",
     .fn = close_ticket,
     .tx = CRM_TX_WRITE,
     .perm = "close"},
};
static const crm_hook hooks[] = {
    {.entity = "hello.ticket", .when = CRM_BEFORE_CREATE, .fn = note_closing},
    {.entity = "hello.ticket", .when = CRM_BEFORE_UPDATE, .fn = note_closing},
};
static const crm_perm perms[] = {{.name = "close", .title = "hello.perm.close"}};

static const crm_module self = {
    CRM_MODULE_HEAD,           .name = CRM_MODULE_NAME,     .version = CRM_MODULE_VERSION,
    .license = "Apache-2.0",   .routes = CRM_TABLE(routes), .hooks = CRM_TABLE(hooks),
    .perms = CRM_TABLE(perms),
};
CRM_MODULE_EXPORT(self);
