/*
 * catalog.c - goods and services, their prices, and what deals are made of.
 *
 * A line of a deal is a part of it: whoever may change the deal may change its lines. Sales knows
 * nothing of them; what they come to is written into the deal's amount (total.c).
 */
#include "catalog.h"

static const crm_hook hooks[] = {
    {.entity = GOOD, .when = CRM_BEFORE_CREATE, .fn = good_before},
    {.entity = GOOD, .when = CRM_BEFORE_UPDATE, .fn = good_before},
    {.entity = GROUP, .when = CRM_BEFORE_CREATE, .fn = group_before},
    {.entity = GROUP, .when = CRM_BEFORE_UPDATE, .fn = group_before},
    {.entity = LINE, .when = CRM_BEFORE_CREATE, .fn = line_before},
    {.entity = LINE, .when = CRM_BEFORE_UPDATE, .fn = line_before},
    {.entity = LINE, .when = CRM_AFTER_CREATE, .fn = total_after_line},
    {.entity = LINE, .when = CRM_AFTER_UPDATE, .fn = total_after_line},
    {.entity = LINE, .when = CRM_AFTER_DELETE, .fn = total_after_removal},
    {.entity = DEAL, .when = CRM_BEFORE_UPDATE, .fn = total_before_deal},
    {.entity = DEAL, .when = CRM_AFTER_UPDATE, .fn = total_after_deal},
};

static const crm_listener listeners[] = {
    {.name = "totals", .entity = LINE, .fn = total_hear},
};

static const crm_perm perms[] = {
    {.name = "stock", .title = "catalog.perm.stock"},
};

static const crm_route routes[] = {
    {.method = "POST",
     .path = "/line/reprice/:id",
     .fn = reprice,
     .tx = CRM_TX_WRITE,
     .perm = "user"},
    {.method = "POST",
     .path = "/line/preview/:id",
     .fn = preview,
     .tx = CRM_TX_READ,
     .perm = "user"},
    {.method = "POST", .path = "/stock", .fn = stock_take, .tx = CRM_TX_WRITE, .perm = "stock"},
};

static const crm_module self = {
    CRM_MODULE_HEAD,           .name = CRM_MODULE_NAME,     .version = CRM_MODULE_VERSION,
    .license = "Apache-2.0",   .hooks = CRM_TABLE(hooks),   .listeners = CRM_TABLE(listeners),
    .perms = CRM_TABLE(perms), .routes = CRM_TABLE(routes), .caps = "as_system",
};
CRM_MODULE_EXPORT(self);
