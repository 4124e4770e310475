/* fuzz_yaml.c - any bytes as a ТЗ file: refused with a place, or a tree that is whole. */
#include "base/str.h"
#include "base/text.h"
#include "base/yaml.h"
#include "fuzz.h"

static void check_node(const yaml_node *n, int depth)
{
    int count = 0;
    MUST(depth <= YAML_DEPTH_MAX + 1 && n->line > 0);
    MUST(text_is_utf8(n->text) && text_is_utf8(n->key));
    for (const yaml_node *c = n->first; c; c = c->next) {
        MUST(c->parent == n);
        MUST((c->key_line > 0) == (n->kind == YAML_MAP));
        check_node(c, depth + 1);
        count++;
    }
    MUST(count == n->count);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    arena *a = arena_new(0);
    yaml_node *root;
    yaml_error err;
    crm_str text = {(const char *)data, size};
    crm_status s = yaml_parse(a, "fuzz.yaml", text, &root, &err);
    if (s == CRM_OK) {
        check_node(root, 0);
    } else {
        MUST(s == CRM_INVALID && err.line > 0 && err.text.n > 0);
    }
    arena_free(a);
    return 0;
}
