/* kit_mock_company.c - what a ТЗ would say of the deployment that a mock is: roles, rights,
 * integrations. */
#include "kit_mock.h"

#define ROLE_ALL "mock_all"
#define ROLE_OWN "mock_own"

static crm_status grant_one(registry *r, const char *role_name, crm_str entity_name, scope reach)
{
    static const action all[] = {ACTION_READ, ACTION_CREATE, ACTION_UPDATE, ACTION_REASSIGN};
    crm_status s = CRM_OK;
    for (size_t i = 0; s == CRM_OK && i < sizeof all / sizeof *all; i++) {
        grant g = {.role = str_of(role_name),
                   .entity_name = entity_name,
                   .action = all[i],
                   .scope = reach,
                   .source = CRM_S("mock")};
        s = registry_add_grant(r, &g);
    }
    return s;
}

static crm_status hold(registry *r, crm_str function)
{
    static const crm_str holders[] = {{ROLE_ALL, sizeof ROLE_ALL - 1}};
    function_grant row = {.function = function, .holders = holders, .holder_count = 1};
    return registry_add_function(r, &row);
}

static crm_status add_functions(registry *r)
{
    crm_status s = hold(r, CRM_S("settings"));
    s = s == CRM_OK ? hold(r, CRM_S("delete")) : s;
    for (uint32_t i = 0; s == CRM_OK && i < r->permission_count; i++) {
        s = hold(r, r->permissions[i].name);
    }
    return s;
}

/* An instance of each type of integration, named as the type: mock_calls_receive gives it its
 * settings. */
static crm_status add_integrations(registry *r)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < r->integration_type_count; i++) {
        crm_str name = r->integration_types[i].name;
        integration row = {.name = name, .type_name = name, .settings_json = CRM_S("{}")};
        s = registry_add_integration(r, &row);
    }
    return s;
}

crm_status mock_company(registry *r)
{
    static const role roles[] = {{.name = {ROLE_ALL, sizeof ROLE_ALL - 1}},
                                 {.name = {ROLE_OWN, sizeof ROLE_OWN - 1}}};
    r->company = CRM_S("Mock");
    r->timezone = CRM_S("Europe/Moscow");
    r->currency = CRM_S("RUB");
    crm_status s = registry_add_role(r, &roles[0]);
    s = s == CRM_OK ? registry_add_role(r, &roles[1]) : s;
    s = s == CRM_OK ? grant_one(r, ROLE_ALL, CRM_S("*"), SCOPE_ALL) : s;
    for (uint32_t i = 0; s == CRM_OK && i < r->entity_count; i++) {
        const entity *e = r->entities[i];
        bool has_owner = e->owner_fields[0] && str_find(e->name, '.') > 0;
        s = has_owner ? grant_one(r, ROLE_OWN, e->name, SCOPE_OWN) : s;
    }
    s = s == CRM_OK ? add_functions(r) : s;
    return s == CRM_OK ? add_integrations(r) : s;
}
