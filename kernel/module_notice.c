/* module_notice.c - what became of a module without anybody having asked for it, told to those who
 * look after the system. Worker threads. */
#include "module_change.h"

typedef struct telling {
    const char *key;
    crm_str name, version;
} telling;

static crm_status commit_notice(crm_ctx *c, void *arg)
{
    const telling *t = arg;
    module_ask of = {.name = t->name, .version = t->version};
    crm_str params = module_refusal_params(c->arena, &of);
    return params.p ? notices_tell_settings(c, CRM_S("module"), str_of(t->key), params) : CRM_NOMEM;
}

void module_tell(deployment *d, const char *key, crm_str name, crm_str version)
{
    crm_ctx c;
    telling t = {key, name, version};
    crm_status s = call_begin(&c, &principal_system, CRM_S("modules"));
    if (s == CRM_OK) {
        s = writer_run(d->flow, &c, commit_notice, &t);
        call_end(&c);
    }
    if (s != CRM_OK) {
        log_event(LOG_WARN, "module.not_told", "module=%s text=%s status=%s", log_quote(name), key,
                  status_code(s));
    }
}
