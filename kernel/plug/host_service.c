/*
 * host_service.c - services as their modules see them: the thread of one is in a frame without a
 * time, each of its calls over the records in a frame of its own inside that.
 *
 * What only the service's own thread may do asks for that outer frame, so a call inside a call is
 * told of and refused, on whichever thread it runs.
 */
#include "plug/module.h"

#include "flow/services.h"
#include "flow/settings.h"

#define READ_MS  1000u
#define WRITE_MS 250u
#define MOST_MS  5000u

void service_hold(void *generation)
{
    crm_status s = plug_start(generation);
    assert(s == CRM_OK); /* the registry holds it, so this only counts */
    (void)s;
}

void service_let_go(void *generation)
{
    plug_stop(generation);
}

crm_status service_run(crm_service *s, void *generation, const void *def)
{
    const crm_service_def *row = def;
    running f;
    call_enter_service(&f, generation, row->name);
    crm_status status = row->run(s, row->state ? *row->state : NULL);
    call_leave_service(&f);
    return status;
}

/* ---- the token ------------------------------------------------------------------------------- */

/* The frame of the service itself, or NULL with a line in the log: it is in a call of its own. */
static const running *own_frame(const char *what)
{
    const running *f = plug_now;
    if (f && f->is_endless) {
        return f;
    }
    log_event(LOG_ERROR, "module.misuse", "module=%s %s=in_a_call", f ? f->m->mf.name.p : "-",
              what);
    return NULL;
}

bool host_service_should_stop(crm_service *s)
{
    return service_should_stop(s);
}

uint32_t host_service_wait(crm_service *s, uint32_t ms)
{
    return own_frame("service_wait") ? service_wait(s, ms) : CRM_WAIT_TIME;
}

int host_service_fd(crm_service *s)
{
    return service_fd(s);
}

CRM_PRINTF(3, 0)
void host_service_health(crm_service *s, uint32_t health, const char *fmt, va_list ap)
{
    char text[SERVICE_TEXT_MAX + 8]; /* a character that is cut is cut by who takes it */
    int n = vsnprintf(text, sizeof text, fmt ? fmt : "", ap);
    size_t length = n < 0 ? 0 : (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
    service_say(s, health, (crm_str){text, length});
}

/* ---- calls over the records ------------------------------------------------------------------ */

typedef struct own_call {
    module *m;
    const char *what;
    crm_service_call fn;
    void *arg;
    uint32_t limit_ms;
} own_call;

/* The interfaces as the registry of the call has resolved them; NULL: another version is in force.
 */
static const void *const *used_by(crm_ctx *c, const own_call *o)
{
    crm_str name = arena_fmt(c->arena, "%.*s.%s", STR_FMT(o->m->mf.name), o->what);
    const service *row = registry_service(c->reg, name);
    const bound *b = row ? row->fn : NULL;
    return b && b->m == o->m ? b->used : NULL;
}

static crm_status enter(crm_ctx *c, void *arg)
{
    const own_call *o = arg;
    running f;
    if (!settings_have(c->reg, o->m->mf.name)) {
        return CRM_UNAVAILABLE; /* it is off, and what it declares is not there any more */
    }
    const void *const *used = used_by(c, o);
    if (c->tx) {
        call_limit(c, o->limit_ms);
    }
    call_enter(&f, o->m, c, "service", o->what);
    f.used = used;
    call_allow(&f, o->limit_ms);
    return call_leave(&f, o->fn(c, o->arg));
}

static crm_status call_of(own_call *o, const char *kind, crm_service_call fn, void *arg,
                          uint32_t ms)
{
    const running *f = own_frame(kind);
    if (!f || !fn) {
        return CRM_MISUSE;
    }
    *o = (own_call){f->m, f->what, fn, arg, ms > MOST_MS ? MOST_MS : ms};
    return CRM_OK;
}

crm_status host_service_read(crm_service *s, crm_service_call fn, void *arg, uint32_t limit_ms)
{
    own_call o;
    crm_status st = call_of(&o, "service_read", fn, arg, limit_ms ? limit_ms : READ_MS);
    return st == CRM_OK ? service_read(s, enter, &o, o.limit_ms) : st;
}

crm_status host_service_write(crm_service *s, crm_service_call fn, void *arg, uint32_t limit_ms)
{
    own_call o;
    crm_status st = call_of(&o, "service_write", fn, arg, limit_ms ? limit_ms : WRITE_MS);
    return st == CRM_OK ? service_write(s, enter, &o) : st;
}

/* One that has not begun yet sees what there is when it does, so there is nothing to tell it. */
crm_status host_service_wake(crm_ctx *c, const char *name)
{
    if (!plug_now) {
        return CRM_MISUSE;
    }
    crm_str whole = arena_fmt(c->arena, "%.*s.%s", STR_FMT(plug_now->m->mf.name), name ? name : "");
    if (!whole.p) {
        return CRM_NOMEM;
    }
    if (!registry_service(c->reg, whole)) {
        return CRM_NOT_FOUND;
    }
    (void)!services_wake(whole);
    return CRM_OK;
}
