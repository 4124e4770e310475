/* register_setting.c - what the ТЗ gives to settings of modules, checked against their
 * declarations. */
#include "data/setting.h"
#include "tz/register.h"

static void unknown_setting(registering *g, crm_str owner, const yaml_node *n)
{
    tz_names known = {0};
    for (uint32_t i = 0; i < g->r->setting_count; i++) {
        if (str_eq(g->r->settings[i].module, owner)) {
            tz_names_add(g->f->a, &known, g->r->settings[i].name);
        }
    }
    tz_fault fault = tz_fault_key(n, "unknown_setting");
    fault.nearest = text_nearest(n->key, known.at, known.count);
    tz_faults_add(g->f, &fault);
}

/* A secret that was written out is not repeated where faults are read. */
static void wrong_value(registering *g, const setting *s, const yaml_node *n,
                        const setting_fault *why)
{
    crm_str word = str_of(why->word);
    bool is_shown = str_is(word, "out_of_range") || str_is(word, "unknown_word");
    tz_fault fault = tz_fault_value(n, why->word, is_shown && !s->is_secret ? n->text : n->key);
    fault.expected = why->expected;
    tz_faults_add(g->f, &fault);
}

static void register_setting(registering *g, crm_str owner, const yaml_node *n)
{
    const setting *s = registry_setting(g->r, owner, n->key);
    setting_fault why;
    crm_str json;
    if (!s) {
        unknown_setting(g, owner, n);
        return;
    }
    crm_status st = setting_read_node(g->a, s, n, &json, &why);
    if (st == CRM_INVALID) {
        wrong_value(g, s, n, &why);
    } else if (st == CRM_OK) {
        registry_give_setting(g->r, s, json);
    } /* else the arena has failed, which tz_register sees */
}

void register_settings(registering *g)
{
    YAML_EACH(of, node_map(g->t->root, "settings")) {
        YAML_EACH(n, of) {
            register_setting(g, of->key, n);
        }
    }
}
