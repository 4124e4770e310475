/* register_match.c - `match:` of a ТЗ: by what duplicates of an entity are found, instead of what
 * its module says. */
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

static void take_rules(registering *g, const yaml_node *n)
{
    entity *e = (entity *)entity_named(g, n, n->key); /* open: ours to complete */
    match_rule *rows = ARENA_ARRAY(g->a, match_rule, (size_t)n->count + 1);
    if (!e || !rows) {
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

void register_matches(registering *g)
{
    YAML_EACH(n, node_map(g->t->root, "match")) {
        take_rules(g, n);
    }
}
