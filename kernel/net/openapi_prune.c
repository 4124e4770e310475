/* openapi_prune.c - takes the components out of a document that nothing in it leads to. */
#include "net/openapi_private.h"

#define PREFIX "#/components/"

static json_t *target(json_t *components, const char *ref)
{
    crm_str rest = {ref + sizeof PREFIX - 1, strlen(ref) - (sizeof PREFIX - 1)}, kind;
    str_split(&rest, '/', &kind);
    return json_object_getn(json_object_getn(components, kind.p, kind.n), rest.p, rest.n);
}

/* Every component that `at` leads to, by its address, into `found`. */
static void gather(json_t *components, json_t *at, json_t *found)
{
    const char *key;
    size_t i;
    json_t *item;
    if (json_is_array(at)) {
        json_array_foreach(at, i, item) gather(components, item, found);
        return;
    }
    json_object_foreach(at, key, item)
    {
        const char *ref = strcmp(key, "$ref") == 0 ? json_string_value(item) : NULL;
        if (!ref) {
            gather(components, item, found);
        } else if (!json_object_get(found, ref)) {
            json_object_set_new(found, ref, json_true());
            gather(components, target(components, ref), found);
        }
    }
}

static void drop_unused(crm_ctx *c, json_t *all, const char *kind, json_t *found)
{
    const char *name;
    json_t *item;
    void *next;
    json_object_foreach_safe(all, next, name, item)
    {
        crm_str address = arena_fmt(c->arena, PREFIX "%s/%s", kind, name);
        if (!json_object_getn(found, address.p, address.n)) {
            json_object_del(all, name);
        }
    }
}

void openapi_prune(crm_ctx *c, json_t *document)
{
    json_t *components = json_object_get(document, "components"), *found = json_object(), *all;
    const char *kind;
    gather(components, json_object_get(document, "paths"), found);
    json_object_foreach(components, kind, all)
    {
        if (strcmp(kind, "securitySchemes") != 0) {
            drop_unused(c, all, kind, found);
        }
    }
    json_decref(found);
}
