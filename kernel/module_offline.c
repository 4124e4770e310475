/* module_offline.c - choices made while no server runs. The offline process. */
#include "module_change.h"
#include "quarantine.h"

static crm_status see(const module_choices *choices, const module_ask *ask, module_now *now)
{
    const module_choice *row = choices_find(choices, ask->name);
    const module_found *f = choices_pick(row, now->versions, now->version_count);
    if (!now->version_count) {
        return CRM_NOT_FOUND;
    }
    now->is_offline = true;
    now->runs = !row || row->wish != CHOICE_OFF;
    now->version = f ? f->id : row ? row->version : (crm_str){0};
    now->crash_mark = quarantine_mark();
    return CRM_OK;
}

crm_status module_choose_offline(deployment *d, arena *a, const module_ask *ask,
                                 const char **refusal)
{
    module_choices choices;
    module_found *all;
    module_refusal *refused = NULL;
    module_now now = {0};
    uint32_t count;
    *refusal = NULL;
    crm_status s = choices_read(a, d->o->data, &choices);
    s = s == CRM_OK ? plug_scan(a, d->o->modules, &all, &count, &refused) : s;
    if (s != CRM_OK) {
        return s;
    }
    module_versions(all, count, ask->name, &now);
    s = see(&choices, ask, &now);
    if (s != CRM_OK) {
        *refusal = "unknown_module";
        return s;
    }
    module_choice *row = choices_need(a, &choices, ask->name);
    s = row ? module_decide(&now, ask, row, refusal) : CRM_NOMEM;
    return s == CRM_OK ? choices_write(d->o->data, &choices) : s;
}
