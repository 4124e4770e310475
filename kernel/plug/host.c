/*
 * host.c - the host table, and its functions that are about the call, time, settings and changes.
 *
 * A module may call from the thread its handler runs on only; plug_now says which module that is.
 * Arguments from a module are taken as they come: a NULL name is a name that nothing has.
 */
#include "plug/module.h"

#include <stdarg.h>

#include "data/phone.h"
#include "flow/flow.h"
#include "flow/settings.h"

#define TEXT_MAX (1u << 20)

static crm_str name_of(const char *z)
{
    return z ? str_of(z) : CRM_S("");
}

/* A text of at most TEXT_MAX bytes in the arena of `a`. */
CRM_PRINTF(2, 0) static crm_str format(arena *a, const char *fmt, va_list ap)
{
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(NULL, 0, fmt, again);
    va_end(again);
    char *p = n >= 0 && n <= (int)TEXT_MAX ? arena_alloc(a, (size_t)n + 1) : NULL;
    if (!p) {
        return (crm_str){0};
    }
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    return (crm_str){p, (size_t)n};
}

/* ---- the call -------------------------------------------------------------------------------- */

CRM_PRINTF(2, 0) static void host_log(int level, const char *fmt, va_list ap)
{
    char text[1024];
    log_level at = level <= CRM_LOG_DEBUG  ? LOG_DEBUG
                   : level == CRM_LOG_INFO ? LOG_INFO
                   : level == CRM_LOG_WARN ? LOG_WARN
                                           : LOG_ERROR;
    int n = vsnprintf(text, sizeof text, fmt, ap);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    const char *who = plug_running();
    log_event(at, "module", "module=%s text=%s", who ? who : "-",
              log_quote((crm_str){text, length}));
}

CRM_PRINTF(4, 0)
static crm_status host_fail(crm_ctx *c, crm_status s, const char *field_name, const char *fmt,
                            va_list ap)
{
    crm_str text = format(c->arena, fmt, ap);
    return call_fail_text(c, s == CRM_OK ? CRM_MISUSE : s, field_name, "%.*s", STR_FMT(text));
}

static void *host_alloc(crm_ctx *c, size_t n)
{
    return arena_alloc(c->arena, n);
}

static void *host_keep(size_t n)
{
    running *f = plug_now;
    if (!f || f->c || f->is_endless || n > (64u << 20)) {
        log_event(LOG_ERROR, "module.misuse", "module=%s keep=%zu", f ? f->m->mf.name.p : "-", n);
        return NULL;
    }
    kept *k = calloc(1, sizeof *k + n);
    if (!k) {
        return NULL;
    }
    k->next = f->m->kept;
    f->m->kept = k;
    return k->bytes;
}

CRM_PRINTF(2, 0) static crm_str host_fmt(crm_ctx *c, const char *fmt, va_list ap)
{
    return format(c->arena, fmt, ap);
}

static int64_t host_now(crm_ctx *c)
{
    return call_now(c);
}

static crm_str host_text(crm_ctx *c, const char *key)
{
    return registry_text(c->reg, c->lang, name_of(key));
}

static crm_str host_fill(crm_ctx *c, crm_str text, const crm_rec *r)
{
    return template_fill(c, text, rec_of(r));
}

static int64_t host_user(crm_ctx *c)
{
    return c->who ? c->who->user : 0;
}

static bool host_may(crm_ctx *c, const char *function)
{
    crm_str name = name_of(function);
    if (str_find(name, '.') < 0 && plug_now) {
        crm_str own =
            arena_fmt(c->arena, "%.*s.%.*s", STR_FMT(plug_now->m->mf.name), STR_FMT(name));
        if (own.p && call_may(c, own)) {
            return true;
        }
    }
    return call_may(c, name);
}

/* "as_system net:*.example.com": a word of the descriptor's capabilities. */
static bool has_capability(const module *m, const char *word)
{
    crm_str rest = str_of(m->d.head.caps), part;
    while (str_split(&rest, ' ', &part)) {
        if (str_is(part, word)) {
            return true;
        }
    }
    return false;
}

static crm_status host_as_system(crm_ctx *c, const char *reason)
{
    crm_status s = call_in_time();
    if (s != CRM_OK) {
        return s;
    }
    if (!plug_now || !has_capability(plug_now->m, "as_system")) {
        return call_fail(c, CRM_DENIED, "denied");
    }
    log_event(LOG_INFO, "module.as_system", "module=%s user=%lld reason=%s",
              log_quote(plug_now->m->mf.name), (long long)host_user(c), log_quote(name_of(reason)));
    plug_now->who_before = plug_now->who_before ? plug_now->who_before : c->who;
    c->who = &principal_system;
    return CRM_OK;
}

/* ---- time, notices, settings ----------------------------------------------------------------- */

static crm_status can_write(crm_ctx *c)
{
    if (c->tx) {
        return call_broke(call_in_time());
    }
    log_event(LOG_ERROR, "module.misuse", "module=%s writes=outside_transaction",
              plug_running() ? plug_running() : "-");
    return call_broke(CRM_MISUSE);
}

static crm_str own_job(crm_ctx *c, const char *name)
{
    return arena_fmt(c->arena, "%.*s.%s", STR_FMT(plug_now->m->mf.name), name ? name : "");
}

static crm_status host_schedule(crm_ctx *c, const char *name, const char *key, int64_t due,
                                crm_str arg)
{
    crm_status s = can_write(c);
    if (s != CRM_OK || c->as_of) {
        return s;
    }
    return call_broke(timers_schedule(c, own_job(c, name), name_of(key), due, arg));
}

static crm_status host_unschedule(crm_ctx *c, const char *name, const char *key)
{
    crm_status s = can_write(c);
    return s == CRM_OK ? call_broke(timers_unschedule(c, own_job(c, name), name_of(key))) : s;
}

static crm_status host_notify(crm_ctx *c, int64_t user, const char *kind, const crm_rec *about,
                              crm_str text)
{
    crm_status s = can_write(c);
    return s == CRM_OK ? call_broke(notices_send(c, user, name_of(kind), rec_of(about), text)) : s;
}

static crm_status host_setting(crm_ctx *c, const char *name, crm_str *json)
{
    crm_status s = call_in_time();
    if (s != CRM_OK || !plug_now) {
        return s == CRM_OK ? CRM_NOT_FOUND : s;
    }
    return setting_value(c, plug_now->m->mf.name, name_of(name), json);
}

/* A text comes bare, everything else as JSON. A secret is not to be had this way. */
static crm_status host_option(crm_ctx *c, crm_str instance, const char *key, crm_str *text)
{
    const integration *i = registry_integration(c->reg, instance);
    json_t *settings = NULL;
    *text = (crm_str){0};
    crm_status s = call_in_time();
    if (s != CRM_OK || !i) {
        return s == CRM_OK ? CRM_NOT_FOUND : s;
    }
    if (json_read(i->settings_json, 0, &settings, NULL) != CRM_OK) {
        return CRM_INTERNAL;
    }
    const json_t *at = json_object_get(settings, key ? key : "");
    s = at ? CRM_OK : CRM_NOT_FOUND;
    if (json_is_string(at)) {
        *text = arena_dup(c->arena, (crm_str){json_string_value(at), json_string_length(at)});
    } else if (at) {
        *text = json_dump(c->arena, at);
    }
    json_decref(settings);
    return s == CRM_OK && !text->p ? CRM_NOMEM : s;
}

static crm_status host_phone(crm_ctx *c, crm_str as_written, crm_str *e164)
{
    crm_status s = call_in_time();
    return s == CRM_OK ? phone_normalise(c->arena, as_written, e164) : s;
}

static crm_status host_number(crm_ctx *c, const char *series, int64_t *next)
{
    crm_status s = can_write(c);
    crm_str name =
        arena_fmt(c->arena, "%.*s.%s", STR_FMT(plug_now->m->mf.name), series ? series : "");
    return s == CRM_OK ? call_broke(tx_number(c->tx, name, next)) : s;
}

/* ---- changes, interfaces --------------------------------------------------------------------- */

static const change *change_of(const crm_change *ch)
{
    return (const change *)ch;
}
static const char *host_change_entity(const crm_change *ch)
{
    return change_of(ch)->entity->name.p;
}
static int64_t host_change_record(const crm_change *ch)
{
    return change_of(ch)->record;
}
static int64_t host_change_position(const crm_change *ch)
{
    return change_of(ch)->position;
}

static bool host_change_touched(const crm_change *ch, const char *field_name)
{
    const change *at = change_of(ch);
    const field *f = entity_field(at->entity, name_of(field_name));
    for (uint32_t i = 0; f && i < at->field_count; i++) {
        if (at->fields[i] == f->index) {
            return true;
        }
    }
    return false;
}

static const void *host_iface(const char *name)
{
    const running *f = plug_now;
    for (uint32_t i = 0; f && f->used && name && i < f->m->d.deps_count; i++) {
        if (!strcmp(f->m->d.deps[i].iface, name)) {
            return f->used[i];
        }
    }
    return NULL;
}

const struct crm_host plug_host = {
    .size = sizeof(struct crm_host),
    .level = KERNEL_LEVEL,
    .log = host_log,
    .fail = host_fail,
    .alloc = host_alloc,
    .keep = host_keep,
    .fmt = host_fmt,
    .now = host_now,
    .text = host_text,
    .user = host_user,
    .may = host_may,
    .as_system = host_as_system,
    .param = host_param,
    .param_id = host_param_id,
    .body = host_body,
    .content_type = host_content_type,
    .body_text = host_body_text,
    .arg_text = host_arg_text,
    .arg_duration = host_arg_duration,
    .arg_json = host_arg_json,
    .rec_new = host_rec_new,
    .rec_get = host_rec_get,
    .rec_find = host_rec_find,
    .rows_next = host_rows_next,
    .rec_count = host_rec_count,
    .rec_save = host_rec_save,
    .rec_remove = host_rec_remove,
    .rec_entity = host_rec_entity,
    .rec_id = host_rec_id,
    .rec_has = host_rec_has,
    .rec_text = host_rec_text,
    .rec_int = host_rec_int,
    .rec_changed = host_rec_changed,
    .set_text = host_set_text,
    .set_int = host_set_int,
    .set_null = host_set_null,
    .set_input = host_set_input,
    .schedule = host_schedule,
    .unschedule = host_unschedule,
    .notify = host_notify,
    .setting = host_setting,
    .option = host_option,
    .phone = host_phone,
    .change_entity = host_change_entity,
    .change_record = host_change_record,
    .change_position = host_change_position,
    .change_touched = host_change_touched,
    .put_text = host_put_text,
    .put_int = host_put_int,
    .put_bool = host_put_bool,
    .put_record = host_put_record,
    .put_list = host_put_list,
    .put_object = host_put_object,
    .put_end = host_put_end,
    .put_status = host_put_status,
    .iface = host_iface,
    .body_at = host_body_at,
    .json_at = host_json_at,
    .field_type = host_field_type,
    .outcome = host_outcome,
    .number = host_number,
    .fill = host_fill,
    .service_should_stop = host_service_should_stop,
    .service_wait = host_service_wait,
    .service_fd = host_service_fd,
    .service_health = host_service_health,
    .service_read = host_service_read,
    .service_write = host_service_write,
    .service_wake = host_service_wake,
};
