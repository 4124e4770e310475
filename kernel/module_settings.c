/* module_settings.c - what a new registry means for settings that were changed at the server. */
#include "build.h"
#include "flow/settings.h"

static crm_status commit_given(crm_ctx *c, void *was)
{
    return settings_tell_given(c, was);
}

void settings_follow_text(deployment *d, const registry *was)
{
    crm_ctx c;
    crm_status s = was ? call_begin(&c, &principal_system, CRM_S("tz")) : CRM_NOT_FOUND;
    if (s == CRM_OK) {
        s = writer_run_alone(d->flow, &c, commit_given, (void *)(uintptr_t)was);
        call_end(&c);
    }
    if (was && s != CRM_OK) {
        log_event(LOG_WARN, "settings.not_told", "status=%s", status_code(s));
    }
}

void settings_follow_modules(deployment *d)
{
    crm_ctx c;
    crm_status s = call_begin(&c, &principal_system, CRM_S("modules"));
    if (s == CRM_OK) {
        s = writer_run(d->flow, &c, settings_put_aside, NULL);
        call_end(&c);
    }
    if (s != CRM_OK) {
        log_event(LOG_WARN, "settings.not_looked_after", "status=%s", status_code(s));
    }
}
