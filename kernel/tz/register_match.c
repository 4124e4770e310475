/* register_match.c - `match` of a ТЗ and of own entities: by what duplicates of an entity are
 * found, instead of what its module says. */
#include "tz/register.h"

static bool take_field(registering *g, const entity *e, const yaml_node *n, match_rule *out)
{
    const field *f = field_named(g, e, n, n->text);
    if (!f) {
        return false;
    }
    if (out->count == 4) {
        tz_refuse(g->f, n, "too_many", n->text);
        return false;
    }
    out->field[out->count++] = f->index;
    return true;
}

static bool take_rule(registering *g, const entity *e, const yaml_node *n, match_rule *out)
{
    const yaml_node *same = yaml_get(n, "same"), *similar = yaml_get(n, "similar");
    const yaml_node *from = yaml_get(n, "from");
    int64_t least = MATCH_FROM;
    bool is_good = true;
    if (!same == !similar || (same && from)) {
        tz_refuse(g->f, n, "same_or_similar", (crm_str){0});
        return false;
    }
    if (from && str_to_i64(from->text, &least) != CRM_OK) {
        return false; /* the schema has refused it */
    }
    out->from = similar ? (uint8_t)least : 0;
    TZ_EACH_NAME(item, same)
    {
        is_good &= take_field(g, e, item, out);
    }
    return similar ? take_field(g, e, similar, out) : is_good;
}

/* `n` is the list of rules. */
static void take_rules(registering *g, entity *e, const yaml_node *n)
{
    match_rule *rows = ARENA_ARRAY(g->a, match_rule, (size_t)n->count + 1);
    if (!rows) {
        return;
    }
    e->matches = rows;
    e->match_count = 0;
    YAML_EACH(item, n) {
        match_rule row = {0};
        if (take_rule(g, e, item, &row)) {
            rows[e->match_count++] = row;
        }
    }
}

/* What own entities say themselves; one that the text declares is not the model's. */
static void take_declared(registering *g, const yaml_node *root)
{
    YAML_EACH(n, node_map(root, "entities")) {
        const yaml_node *rules = yaml_get(n, "match");
        const entity *e = rules ? registry_entity(g->r, n->key) : NULL; /* NULL: retired */
        bool is_text = root == g->t->root || !tz_declares(g->t, n->key, (crm_str){0});
        if (e && is_text && str_is(e->module, "tz")) {
            take_rules(g, (entity *)e, rules); /* open: ours to complete */
        }
    }
}

/* The last word is the text's map of entities. */
void register_matches(registering *g)
{
    take_declared(g, g->t->model);
    take_declared(g, g->t->root);
    YAML_EACH(n, node_map(g->t->root, "match")) {
        const entity *e = entity_named(g, n, n->key);
        if (e) {
            take_rules(g, (entity *)e, n);
        }
    }
}
