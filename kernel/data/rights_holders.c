/* rights_holders.c - whom a grant is for, and what it is of: roles, functions, names with "*". */
#include "data/access.h"
#include "data/rights_compile.h"

static bool role_matches(const principal *who, crm_str wanted)
{
    crm_str module = CRM_S("module:");
    if (who->kind == PRINCIPAL_MODULE) {
        return str_starts(wanted, module) &&
               (str_eq(wanted, who->name) ||
                str_eq((crm_str){wanted.p + module.n, wanted.n - module.n}, who->name));
    }
    if (who->kind != PRINCIPAL_USER) {
        return false;
    }
    for (uint32_t i = 0; i < who->role_count; i++) {
        if (str_eq(who->roles[i], wanted)) {
            return true;
        }
    }
    return str_is(wanted, ROLE_EVERYONE);
}

bool holds_function(const principal *who, const function_grant *f)
{
    bool is_left = access_has_function(who->scope, f->function);
    for (uint32_t i = 0; is_left && i < f->holder_count; i++) {
        if (who->kind == PRINCIPAL_USER &&
            (str_eq(f->holders[i], who->name) || role_matches(who, f->holders[i]))) {
            return true;
        }
    }
    return false;
}

bool is_granted_to(const registry *r, const principal *who, const grant *g)
{
    crm_str function = g->role;
    if (!str_starts(function, CRM_S(ROLE_FUNCTION))) {
        return role_matches(who, g->role);
    }
    function.p += sizeof ROLE_FUNCTION - 1;
    function.n -= sizeof ROLE_FUNCTION - 1;
    for (uint32_t i = 0; i < r->function_count; i++) {
        const function_grant *f = &r->functions[i];
        if (str_eq(f->function, function) && holds_function(who, f)) {
            return true;
        }
    }
    return false;
}

bool grant_covers(const grant *g, const entity *e)
{
    crm_str name = g->entity_name;
    bool has_dot = str_find(e->name, '.') >= 0;
    if (str_is(name, "*")) {
        return has_dot && !(e->flags & ENTITY_SYSTEM);
    }
    if (str_ends(name, CRM_S(".*"))) {
        return has_dot && str_starts(e->name, (crm_str){name.p, name.n - 1});
    }
    return str_eq(name, e->name);
}
