/* register_functions.c - functions and who holds them. */
#include "tz/register.h"

/* Its permissions stand in its code: what the text grants of them holds when it has that again. */
static bool is_without_code(const registering *g, crm_str function)
{
    for (uint32_t i = 0; i < g->r->module_count; i++) {
        const module_info *m = &g->r->modules[i];
        crm_str rest = function, name = {0};
        str_split(&rest, '.', &name);
        if (m->is_without_code && str_eq(m->name, name)) {
            return true;
        }
    }
    return false;
}

/* A function with a dot is a permission that an enabled module declares. */
static void check_function(registering *g, const yaml_node *n)
{
    tz_names known = {0};
    if (is_without_code(g, n->key)) {
        return;
    }
    for (uint32_t i = 0; i < g->r->permission_count; i++) {
        tz_names_add(g->a, &known, g->r->permissions[i].name);
    }
    if (str_find(n->key, '.') >= 0 && !tz_names_has(&known, n->key)) {
        tz_fault fault = tz_fault_key(n, "unknown_permission");
        fault.nearest = text_nearest(n->key, known.at, known.count);
        tz_faults_add(g->f, &fault);
    }
}

void register_functions(registering *g)
{
    YAML_EACH(n, node_map(g->t->root, "functions")) {
        function_grant row = {.function = arena_dup(g->a, n->key)};
        check_function(g, n);
        row.holders = names_list(g, n, &row.holder_count);
        if (registry_add_function(g->r, &row) != CRM_OK) {
            return; /* the arena has failed, which tz_register sees */
        }
    }
}
