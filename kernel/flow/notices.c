/* notices.c - telling a person: a `notification` record, and a mail when both sides have an
 * address. */
#include "flow/flow_private.h"
#include "flow/store.h"

static crm_status save_notice(crm_ctx *c, int64_t user, crm_str kind, const record *about,
                              crm_str text, int64_t *id)
{
    record *n;
    const entity *e = registry_store(c->reg, STORE_NOTIFICATION);
    crm_status s = records_new(c, e, &n);
    if (s != CRM_OK) {
        return s;
    }
    value given[][2] = {
        {value_int(NOTIFICATION_USER), value_int(user)},
        {value_int(NOTIFICATION_KIND), value_text(kind)},
        {value_int(NOTIFICATION_TEXT), value_text(text)},
        {value_int(NOTIFICATION_ENTITY), about ? value_text(about->entity->name) : value_null()},
        {value_int(NOTIFICATION_RECORD), about ? about->v[COL_ID] : value_null()},
    };
    for (size_t i = 0; s == CRM_OK && i < sizeof given / sizeof given[0]; i++) {
        s = record_set(n, &e->fields[given[i][0].i], given[i][1]);
    }
    if (s == CRM_OK) {
        s = records_save(c, n, 0);
    }
    *id = n->v[COL_ID].i;
    return s;
}

static bool has_mail(const registry *r)
{
    for (uint32_t i = 0; i < r->integration_count; i++) {
        if (str_is(r->integrations[i].type_name, "smtp")) {
            return true;
        }
    }
    return false;
}

static crm_status mail_notice(crm_ctx *c, const person *p, int64_t notice, crm_str text)
{
    crm_str subject = text;
    ptrdiff_t line = str_find(text, '\n');
    if (line > 0) {
        subject.n = (size_t)line;
    }
    crm_str key = arena_fmt(c->arena, "notice-%lld", (long long)notice);
    return outbox_mail(c, p->email, subject, text, key);
}

crm_status notices_send(crm_ctx *c, int64_t user, crm_str kind, const record *about, crm_str text)
{
    const person *p = people_user(c->people, user);
    const principal *caller = c->who;
    int64_t id = 0;
    if (!p || p->is_disabled || p->is_service) {
        return CRM_NOT_FOUND;
    }
    if (c->is_quiet) {
        return CRM_OK;
    }
    /* Whoever caused it, the notice itself is the system's: nobody may write into another's list.
     */
    c->who = &principal_system;
    crm_status s = save_notice(c, user, kind, about, text, &id);
    c->who = caller;
    if (s == CRM_OK && p->email.n && has_mail(c->reg)) {
        s = mail_notice(c, p, id, text);
    }
    return s;
}
