/* module.h - a loaded module and the call that runs its code; shared by the files of this folder.
 */
#ifndef PLUG_MODULE_H
#define PLUG_MODULE_H

#include <crm/host.h>
#include <stdatomic.h>

#include "plug/descriptor.h"
#include "plug/manifest.h"
#include "plug/plug.h"

/* Memory of crm_keep, freed after stop(). */
typedef struct kept {
    struct kept *next;
    max_align_t bytes[];
} kept;

typedef enum module_state {
    MODULE_LOADED,
    MODULE_STARTING,
    MODULE_RUNNING,
    MODULE_STOPPING,
    MODULE_STOPPED /* or start() failed: it may be tried again */
} module_state;

struct module {
    arena *arena; /* lives as long as the code: forever */
    manifest mf;
    const char *dir;
    crm_str id; /* of an installed version */
    bool is_bundled, has_code;
    descriptor d;
    void *handle;
    int fd; /* stays open: a second file under the same /proc/self/fd name would be taken
               for this one by the dynamic linker */
    module_state state; /* this and the next under the lock of life.c */
    uint32_t holds;
    module *next; /* of all that were ever loaded */
    kept *kept;
    module_info info; /* whose code runs: never changes, unlike a registry's row of it */
    atomic_uint_fast64_t calls, nanoseconds, slow, timeouts;
};

/* ---- a call into a module -------------------------------------------------------------------- */

/* What one handler, hook, job … leaves behind while it runs: a frame on the caller's stack. */
typedef struct running {
    module *m;
    crm_ctx *c;              /* NULL in start and stop */
    const char *kind, *what; /* "hook", "sales.lead": for logs and the crash file */
    int64_t since;           /* clock_mono */
    const record *now, *was; /* of a hook: read whole, since hooks are the deployment's behaviour */
    crm_status failed;       /* the first call that failed to write */
    crm_status unread;       /* the first that gave nothing, and could not say that it failed */
    call_error error_before;
    const module_info *info_before;
    const principal *who_before; /* set by as_system: put back when the call ends */
    json_t *args;                /* of the step */
    json_t *body;                /* parsed once, on demand */
    bool body_is_read;
    struct body_fields *fields; /* the body as json or form, on demand (body.c) */
    crm_str json_text; /* the document json_at read last, and what it parsed to */
    json_t *json;
    void *json_member; /* of that document: the object's member asked for last, and its index */
    uint32_t json_index;
    json_writer out;
    uint32_t out_arrays; /* bit per open level: an array */
    int http;            /* of the reply; 0: not chosen */
    bool is_late;        /* a host call was refused, since the time was up */
    bool is_told;        /* and somebody was named for it */
    bool is_endless;     /* of a service: it has no time of its own, and its calls are frames inside it */
    const void *const *used; /* the interfaces it may call, as the registry of the call resolved them */
    uint32_t limit_ms;   /* what it has in a transaction */
    int64_t end_before;  /* of the transaction's request, when this frame has less */
    struct watched *watched; /* the thread's place in the watch; NULL: all were taken */
    struct running *outer;
} running;

extern _Thread_local running *plug_now;

void call_enter(running *f, module *m, crm_ctx *c, const char *kind, const char *what);
/* What the call really came to: `s`, or the failure a handler swallowed in a write transaction. */
CRM_MUST_CHECK crm_status call_leave(running *f, crm_status s);
/* The frame of a service, the outermost of its thread, which nobody meters or watches. */
void call_enter_service(running *f, module *m, const char *what);
void call_leave_service(running *f);
/* Nobody is around this frame who has a time. */
static inline bool call_is_outermost(const running *f)
{
    return !f->outer || f->outer->is_endless;
}
/* A job may declare more or less than the 250 ms that code of a module has in a transaction. */
void call_allow(running *f, uint32_t ms);
/* Remembers a failed write of the running call; returns s. */
crm_status call_broke(crm_status s);
/* For a host call that gives a text: whether `s` is a failure, which the whole call then comes to. */
bool call_unread(crm_status s);
/* TIMEOUT, as the running call's error, when its time is up. Every host call that gives a status
 * asks first. */
CRM_MUST_CHECK crm_status call_in_time(void);

/* The thread's place in the watch shows this frame; then the one around it again (watch.c). */
void watch_enter(running *f);
void watch_leave(running *f);
/* plug_watch has named it. */
bool watch_is_told(const running *f);

/* A row of a module's table as the registry's `fn`. It lives with the registry, and so do `used`: which
 * generation of another module answers is one registry's matter. */
typedef struct bound {
    module *m;
    const void *row;
    const void *const *used; /* parallel to m->d.deps: vtables */
} bound;
/* Routes, hooks, listeners, jobs, steps, strategies, integrations of the descriptor. */
CRM_MUST_CHECK crm_status bind_register(module *m, const void *const *used, registry *r, faults *f);
/* Of a module that runs without its code: the words it offers, which a ТЗ may hold (away.c). */
CRM_MUST_CHECK crm_status away_register(const module *m, registry *r);
/* Appends to *list and logs it; INVALID, or NOMEM. */
CRM_MUST_CHECK crm_status refusal_add(arena *a, crm_str name, const refusal *why,
                                      module_refusal **list);
/* The first fault as the text of a refusal; the rest stand in the log. */
CRM_MUST_CHECK crm_status refusal_of_manifest(arena *a, crm_str name, const registry_fault *f,
                                              module_refusal **list);
/* Adds it to those that were ever loaded. */
void life_add(module *m);

static inline record *rec_of(const crm_rec *r)
{
    return (record *)(uintptr_t)r;
}
static inline crm_rec *rec_out(record *r)
{
    return (crm_rec *)r;
}

/* ---- the parts of the host table, in host_*.c ------------------------------------------------ */

/* Fields of a body; what comes beyond is one more, without a key. */
#define BODY_FIELDS_MAX 200
typedef struct body_fields body_fields;
/* Whether the body the module has read is in no known form: one field without a key. */
bool body_is_raw(const running *f);
/* A field of a query string, decoded. */
crm_str query_text(arena *a, crm_str rest, crm_str wanted);
/* A text decoded, null empty, anything else as compact JSON. */
crm_str json_plain(arena *a, const json_t *at);

crm_str host_param(crm_ctx *c, const char *name);
int64_t host_param_id(crm_ctx *c, const char *name);
crm_str host_body(crm_ctx *c);
crm_str host_content_type(crm_ctx *c);
crm_str host_body_text(crm_ctx *c, const char *key);
bool host_body_at(crm_ctx *c, uint32_t i, crm_str *key, crm_str *text);
bool host_json_at(crm_ctx *c, crm_str json, uint32_t i, crm_str *key, crm_str *text);
crm_str host_arg_text(crm_ctx *c, const char *key);
crm_status host_arg_duration(crm_ctx *c, const char *key, int64_t *ms);
crm_str host_arg_json(crm_ctx *c, const char *key);

crm_status host_rec_new(crm_ctx *c, const char *entity_name, crm_rec **out);
crm_status host_rec_get(crm_ctx *c, const char *entity_name, int64_t id, crm_rec **out);
crm_status host_rec_find(crm_ctx *c, const char *entity_name, const char *where_json,
                         const char *sort, uint32_t limit, crm_rows **out);
crm_rec *host_rows_next(crm_rows *rows);
crm_status host_rec_count(crm_ctx *c, const char *entity_name, const char *where_json,
                          int64_t *out);
crm_status host_rec_save(crm_ctx *c, crm_rec *r);
crm_status host_rec_remove(crm_ctx *c, crm_rec *r);
const char *host_rec_entity(const crm_rec *r);
int64_t host_rec_id(const crm_rec *r);
bool host_rec_has(const crm_rec *r, const char *field_name);
crm_str host_rec_text(const crm_rec *r, const char *field_name);
int64_t host_rec_int(const crm_rec *r, const char *field_name);
bool host_rec_changed(const crm_rec *r, const char *field_name);
crm_status host_set_text(crm_rec *r, const char *field_name, crm_str v);
crm_status host_set_int(crm_rec *r, const char *field_name, int64_t v);
crm_status host_set_null(crm_rec *r, const char *field_name);
crm_status host_set_input(crm_ctx *c, crm_rec *r, const char *field_name, crm_str as_written);
crm_str host_field_type(crm_ctx *c, const char *entity_name, const char *field_name);
uint32_t host_outcome(const crm_rec *r);

void host_put_text(crm_out *o, const char *key, crm_str v);
void host_put_int(crm_out *o, const char *key, int64_t v);
void host_put_bool(crm_out *o, const char *key, bool v);
void host_put_record(crm_out *o, const char *key, const crm_rec *r);
void host_put_list(crm_out *o, const char *key);
void host_put_object(crm_out *o, const char *key);
void host_put_end(crm_out *o);
void host_put_status(crm_out *o, int http);
/* Of a row of services (host_service.c). */
void service_hold(void *generation);
void service_let_go(void *generation);
crm_status service_run(crm_service *s, void *generation, const void *def);
bool host_service_should_stop(crm_service *s);
uint32_t host_service_wait(crm_service *s, uint32_t ms);
int host_service_fd(crm_service *s);
CRM_PRINTF(3, 0)
void host_service_health(crm_service *s, uint32_t health, const char *fmt, va_list ap);
crm_status host_service_read(crm_service *s, crm_service_call fn, void *arg, uint32_t limit_ms);
crm_status host_service_write(crm_service *s, crm_service_call fn, void *arg, uint32_t limit_ms);
crm_status host_service_wake(crm_ctx *c, const char *name);

/* Opens and closes the reply of the running call. */
crm_out *out_begin(running *f, buf *b);
CRM_MUST_CHECK crm_status out_end(running *f);

#endif
