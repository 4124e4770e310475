/* notices.c - telling a person: a `notification` record, and a mail when both sides have an
 * address. */
#include "flow/flow_private.h"
#include "flow/store.h"

#define NOTICE_MAX 8192 /* bytes of a text that is filled */

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

/* ---- to those who look after the system ------------------------------------------------------ */

static bool holds_settings(crm_ctx *c, const person *p)
{
    principal who;
    const principal *before = c->who;
    if (p->is_disabled || p->is_service ||
        people_principal(c->arena, c->people, p->id, &who) != CRM_OK) {
        return false;
    }
    c->who = &who;
    bool holds = call_may(c, CRM_S("settings"));
    c->who = before;
    return holds;
}

crm_status notices_to_settings(crm_ctx *c,
                               crm_status (*tell)(crm_ctx *c, int64_t user, const void *arg),
                               const void *arg)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && c->people && i < c->people->user_count; i++) {
        if (holds_settings(c, &c->people->users[i])) {
            s = tell(c, c->people->users[i].id, arg);
        }
    }
    return s;
}

typedef struct notice {
    crm_str kind, text;
} notice;

static crm_status send_it(crm_ctx *c, int64_t user, const void *arg)
{
    const notice *n = arg;
    crm_status s = notices_send(c, user, n->kind, NULL, n->text);
    return s == CRM_NOT_FOUND ? CRM_OK : s; /* somebody who is not told: a program */
}

crm_status notices_tell_settings(crm_ctx *c, crm_str kind, crm_str key, crm_str params_json)
{
    notice n = {.kind = kind};
    buf b;
    buf_init(&b, NOTICE_MAX);
    registry_text_fill(registry_text(c->reg, c->reg->locale, key), params_json, &b);
    n.text = b.failed ? (crm_str){0} : arena_dup(c->arena, str_trim(buf_view(&b)));
    buf_free(&b);
    return n.text.p ? notices_to_settings(c, send_it, &n) : CRM_NOMEM;
}

static crm_status has_unread(crm_ctx *c, int64_t user, crm_str kind)
{
    store_row row;
    arena *a = c->arena;
    const field *f = registry_store(c->reg, STORE_NOTIFICATION)->fields;
    const cond *is_his = cond_compare(a, COND_EQ, &f[NOTIFICATION_USER], value_int(user));
    const cond *is_such = cond_compare(a, COND_EQ, &f[NOTIFICATION_KIND], value_text(kind));
    const cond *is_unread = cond_compare(a, COND_NONE, &f[NOTIFICATION_READ_AT], value_null());
    const cond *where = cond_and(a, cond_and(a, is_his, is_such), is_unread);
    return store_first(c->session, a, c->reg, STORE_NOTIFICATION, where, &row);
}

crm_status notices_send_once(crm_ctx *c, int64_t user, crm_str kind, crm_str text)
{
    int64_t id;
    const principal *caller = c->who;
    crm_status s = has_unread(c, user, kind);
    if (s != CRM_NOT_FOUND) {
        return s;
    }
    c->who = &principal_system;
    s = save_notice(c, user, kind, NULL, text, &id);
    c->who = caller;
    return s;
}
