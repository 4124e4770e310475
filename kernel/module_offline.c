/* module_offline.c - choices made while no server runs. The offline process. */
#include <unistd.h>

#include "data/engine_sqlite.h"
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

/* Off and being purged: half of what it was would come into force. A database that cannot be read
 * is no reason to refuse: no start comes past the same question. */
static bool is_being_purged(deployment *d, arena *a, const module_choices *all,
                            const module_ask *ask)
{
    const module_choice *row = choices_find(all, ask->name);
    module_purging now = {0};
    crm_str file = arena_fmt(a, "%s/karkas.db", d->o->data);
    bool is_asked = ask->act == MODULE_ACT_ENABLE && row && row->wish == CHOICE_OFF;
    if (!is_asked || !file.p || access(file.p, F_OK) != 0 ||
        engine_open_sqlite(d->o->data, &d->engine) != CRM_OK) {
        return false;
    }
    crm_status s = module_purging_now(d, a, ask->name, &now);
    engine_close(d->engine);
    d->engine = NULL;
    return s == CRM_OK && now.batch;
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
    if (is_being_purged(d, a, &choices, ask)) {
        *refusal = "module_purging";
        return CRM_CONFLICT;
    }
    module_choice *row = choices_need(a, &choices, ask->name);
    s = row ? module_decide(&now, ask, row, refusal) : CRM_NOMEM;
    return s == CRM_OK ? choices_write(d->o->data, &choices) : s;
}
