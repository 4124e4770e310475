/* node.c - small things about nodes of the tree. Any thread. */
#include "tz/tz_private.h"

bool node_is_nothing(const yaml_node *n)
{
    return n->kind == YAML_SCALAR && !n->is_quoted && !n->text.n;
}

void node_append(yaml_node *parent, yaml_node *child)
{
    yaml_node **end = &parent->first;
    while (*end) {
        end = &(*end)->next;
    }
    child->next = NULL;
    child->parent = parent;
    *end = child;
    parent->count++;
}

crm_str tz_source(arena *a, const yaml_node *n)
{
    return arena_fmt(a, "%s:%d", n->file, n->key_line ? n->key_line : n->line);
}

yaml_node *node_map(const yaml_node *map, const char *key)
{
    yaml_node *n = yaml_get(map, key);
    return n && n->kind == YAML_MAP ? n : NULL;
}

yaml_node *node_map_named(const yaml_node *map, crm_str key)
{
    YAML_EACH(n, map) {
        if (str_eq(n->key, key)) {
            return n->kind == YAML_MAP ? n : NULL;
        }
    }
    return NULL;
}
