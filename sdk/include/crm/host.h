/*
 * host.h - what the kernel offers a module: an append-only table of functions, and thin names over it.
 *
 * Ownership, in five sentences.
 *  1. Everything you get from the host lives until your handler returns, and you free nothing.
 *  2. Everything you give to the host is copied before the call returns.
 *  3. State for the module's lifetime is made in start() with crm_keep(); the kernel frees it after stop().
 *  4. Descriptor tables and strings are static const and outlive the module.
 *  5. No pointer got in one call may be kept for another: keep ids.
 *
 * Threads: a handler runs on one kernel thread to its end; a module makes no threads, timers, signal
 * handlers or atexit calls and touches its globals in start() and stop() only.
 * Errors: every fallible call returns a status to be returned at once; crm_fail records field and
 * text once. Returning CRM_OK after a call that failed to write still rolls the transaction back; a
 * read that found nothing may be passed over.
 * Rights: every call acts as the call's principal (crm_user); a record outside its rights is
 * CRM_NOT_FOUND, a field outside them is empty and cannot be set.
 * Values: time is int64 ms UTC, date is days since 1970-01-01, money and decimals are int64 scaled
 * as the field declares, phones are E.164, some with an extension behind: "+74951234567;ext=12".
 */
#ifndef CRM_HOST_H
#define CRM_HOST_H

#include <crm/module.h>
#include <stdarg.h>

#ifdef __cplusplus
extern "C" {
#endif

#define CRM_LOG_DEBUG 0
#define CRM_LOG_INFO 1
#define CRM_LOG_WARN 2
#define CRM_LOG_ERROR 3

struct crm_host {
    uint32_t size;
    uint16_t level, pad;
    /* ---- level 1 --------------------------------------------------------------------------------- */
    void (*log)(int level, const char *fmt, va_list ap);
    crm_status (*fail)(crm_ctx *c, crm_status s, const char *field, const char *fmt, va_list ap);
    void *(*alloc)(crm_ctx *c, size_t n);
    void *(*keep)(size_t n);
    crm_str (*fmt)(crm_ctx *c, const char *fmt, va_list ap);
    int64_t (*now)(crm_ctx *c);
    crm_str (*text)(crm_ctx *c, const char *key);

    int64_t (*user)(crm_ctx *c);
    bool (*may)(crm_ctx *c, const char *perm_or_function);
    crm_status (*as_system)(crm_ctx *c, const char *reason);

    crm_str (*param)(crm_ctx *c, const char *name);
    int64_t (*param_id)(crm_ctx *c, const char *name);
    crm_str (*body)(crm_ctx *c);
    crm_str (*content_type)(crm_ctx *c);
    crm_str (*body_text)(crm_ctx *c, const char *key);
    crm_str (*arg_text)(crm_ctx *c, const char *key);
    crm_status (*arg_duration)(crm_ctx *c, const char *key, int64_t *ms);
    crm_str (*arg_json)(crm_ctx *c, const char *key);

    crm_status (*rec_new)(crm_ctx *c, const char *entity, crm_rec **out);
    crm_status (*rec_get)(crm_ctx *c, const char *entity, int64_t id, crm_rec **out);
    crm_status (*rec_find)(crm_ctx *c, const char *entity, const char *where_json, const char *sort,
                           uint32_t limit, crm_rows **out);
    crm_rec *(*rows_next)(crm_rows *rows);
    crm_status (*rec_count)(crm_ctx *c, const char *entity, const char *where_json, int64_t *out);
    crm_status (*rec_save)(crm_ctx *c, crm_rec *r);
    crm_status (*rec_remove)(crm_ctx *c, crm_rec *r);
    const char *(*rec_entity)(const crm_rec *r);
    int64_t (*rec_id)(const crm_rec *r);
    bool (*rec_has)(const crm_rec *r, const char *field);
    crm_str (*rec_text)(const crm_rec *r, const char *field);
    int64_t (*rec_int)(const crm_rec *r, const char *field);
    bool (*rec_changed)(const crm_rec *r, const char *field);
    crm_status (*set_text)(crm_rec *r, const char *field, crm_str v);
    crm_status (*set_int)(crm_rec *r, const char *field, int64_t v);
    crm_status (*set_null)(crm_rec *r, const char *field);
    crm_status (*set_input)(crm_ctx *c, crm_rec *r, const char *field, crm_str as_written);

    crm_status (*schedule)(crm_ctx *c, const char *job, const char *key, int64_t due, crm_str arg);
    crm_status (*unschedule)(crm_ctx *c, const char *job, const char *key);
    crm_status (*notify)(crm_ctx *c, int64_t user, const char *kind, const crm_rec *about, crm_str text);
    crm_status (*setting)(crm_ctx *c, const char *name, crm_str *json);
    crm_status (*option)(crm_ctx *c, crm_str instance, const char *key, crm_str *text);
    crm_status (*phone)(crm_ctx *c, crm_str as_written, crm_str *e164);

    const char *(*change_entity)(const crm_change *ch);
    int64_t (*change_record)(const crm_change *ch);
    int64_t (*change_position)(const crm_change *ch);
    bool (*change_touched)(const crm_change *ch, const char *field);

    void (*put_text)(crm_out *o, const char *key, crm_str v);
    void (*put_int)(crm_out *o, const char *key, int64_t v);
    void (*put_bool)(crm_out *o, const char *key, bool v);
    void (*put_record)(crm_out *o, const char *key, const crm_rec *r);
    void (*put_list)(crm_out *o, const char *key);
    void (*put_object)(crm_out *o, const char *key);
    void (*put_end)(crm_out *o);
    void (*put_status)(crm_out *o, int http);
    const void *(*iface)(const char *name);

    bool (*body_at)(crm_ctx *c, uint32_t i, crm_str *key, crm_str *value);
    bool (*json_at)(crm_ctx *c, crm_str json, uint32_t i, crm_str *key, crm_str *value);
    crm_str (*field_type)(crm_ctx *c, const char *entity, const char *field);
    uint32_t (*outcome)(const crm_rec *r);
    crm_status (*number)(crm_ctx *c, const char *series, int64_t *next);
    crm_str (*fill)(crm_ctx *c, crm_str text, const crm_rec *r);
    /* ---- level 2 --------------------------------------------------------------------------------- */
    bool (*service_should_stop)(crm_service *s);
    uint32_t (*service_wait)(crm_service *s, uint32_t ms);
    int (*service_fd)(crm_service *s);
    void (*service_health)(crm_service *s, uint32_t health, const char *fmt, va_list ap);
    crm_status (*service_read)(crm_service *s, crm_service_call fn, void *arg, uint32_t limit_ms);
    crm_status (*service_write)(crm_service *s, crm_service_call fn, void *arg, uint32_t limit_ms);
    crm_status (*service_wake)(crm_ctx *c, const char *service);
};

/* ---- the call -------------------------------------------------------------------------------- */

/* Any thread. One key=value line; never secrets. */
CRM_PRINTF(2, 3) static inline void crm_log(int level, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    crm__host->log(level, fmt, ap);
    va_end(ap);
}
/* Records why the call fails and returns `s`. `field` may be NULL. The text goes to the user: take
 * it from crm_text so that it is in his language. */
CRM_PRINTF(4, 5)
static inline crm_status crm_fail(crm_ctx *c, crm_status s, const char *field, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    s = crm__host->fail(c, s, field, fmt, ap);
    va_end(ap);
    return s;
}
/* Zeroed memory of the call; NULL when it is out (return CRM_NOMEM). */
static inline void *crm_alloc(crm_ctx *c, size_t n) { return crm__host->alloc(c, n); }
/* Zeroed memory of the module, in start() only. */
static inline void *crm_keep(size_t n) { return crm__host->keep(n); }
CRM_PRINTF(2, 3) static inline crm_str crm_fmt(crm_ctx *c, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    crm_str s = crm__host->fmt(c, fmt, ap);
    va_end(ap);
    return s;
}
/* So many characters of it at most, from its beginning. */
static inline crm_str crm_cut(crm_str s, size_t characters)
{
    size_t n = 0;
    while (n < s.n && (((unsigned char)s.p[n] & 0xC0) == 0x80 || characters-- > 0)) {
        n++;
    }
    return (crm_str){s.p, n};
}
/* ms UTC; virtual in a sandbox. In a hook on what is told afterwards (demonstration data), the moment of that. */
static inline int64_t crm_now(crm_ctx *c) { return crm__host->now(c); }
/* A text of the modules' locales by its full key, in the language of the call. */
static inline crm_str crm_text(crm_ctx *c, const char *key) { return crm__host->text(c, key); }
/* The acting user's id, 0 for rules, jobs and public routes. */
static inline int64_t crm_user(crm_ctx *c) { return crm__host->user(c); }
static inline bool crm_may(crm_ctx *c, const char *perm) { return crm__host->may(c, perm); }
/* Acts as the system until the handler returns. Needs the capability "as_system"; audited. */
static inline CRM_MUST_CHECK crm_status crm_as_system(crm_ctx *c, const char *reason)
{
    return crm__host->as_system(c, reason);
}

/* ---- the request and the step's arguments ---------------------------------------------------- */

/* Of the path (":id") or of the query string; {NULL,0} when absent. */
static inline crm_str crm_param(crm_ctx *c, const char *name) { return crm__host->param(c, name); }
static inline int64_t crm_param_id(crm_ctx *c, const char *name) { return crm__host->param_id(c, name); }
static inline crm_str crm_body(crm_ctx *c) { return crm__host->body(c); }
static inline crm_str crm_content_type(crm_ctx *c) { return crm__host->content_type(c); }
/* A member of a JSON body or a field of a form body, decoded. */
static inline crm_str crm_body_text(crm_ctx *c, const char *k) { return crm__host->body_text(c, k); }
/* The i-th field of a JSON object or form body, in the order sent; false past the last. A text comes
 * decoded, anything else as compact JSON; of more than 200 the rest is one more, without a key. A body
 * that is neither but says something is one text without a key. */
static inline bool crm_body_at(crm_ctx *c, uint32_t i, crm_str *key, crm_str *value)
{
    return crm__host->body_at(c, i, key, value);
}
/* The same over any JSON object or array (whose keys are empty): settings, arguments. */
static inline bool crm_json_at(crm_ctx *c, crm_str json, uint32_t i, crm_str *key, crm_str *value)
{
    return crm__host->json_at(c, json, i, key, value);
}
/* Arguments of a rule step, checked against its schema when the ТЗ was read. "$by" is none of them: the id of the user
 * whose change set the rule off, absent when it came from outside (a form, a program of the kernel). The step runs as the
 * system all the same, so it is up to it to give that user nothing that he might not have. */
static inline crm_str crm_arg_text(crm_ctx *c, const char *k) { return crm__host->arg_text(c, k); }
/* Absent: *ms stays as it is. */
static inline CRM_MUST_CHECK crm_status crm_arg_duration(crm_ctx *c, const char *k, int64_t *ms)
{
    return crm__host->arg_duration(c, k, ms);
}
static inline crm_str crm_arg_json(crm_ctx *c, const char *k) { return crm__host->arg_json(c, k); }

/* ---- records --------------------------------------------------------------------------------- */

static inline CRM_MUST_CHECK crm_status crm_new(crm_ctx *c, const char *entity, crm_rec **out)
{
    return crm__host->rec_new(c, entity, out);
}
static inline CRM_MUST_CHECK crm_status crm_get(crm_ctx *c, const char *entity, int64_t id, crm_rec **out)
{
    return crm__host->rec_get(c, entity, id, out);
}
/* `where_json` is the prefix form, NULL for all; `sort` as in the API; at most 200 rows. */
static inline CRM_MUST_CHECK crm_status crm_find(crm_ctx *c, const char *entity, const char *where_json,
                                                 const char *sort, uint32_t limit, crm_rows **out)
{
    return crm__host->rec_find(c, entity, where_json, sort, limit, out);
}
static inline crm_rec *crm_next(crm_rows *rows) { return crm__host->rows_next(rows); }
static inline CRM_MUST_CHECK crm_status crm_count(crm_ctx *c, const char *entity, const char *where_json,
                                                  int64_t *out)
{
    return crm__host->rec_count(c, entity, where_json, out);
}
/* Only in a write transaction, as crm_remove. Runs hooks; the record then holds what is stored. */
static inline CRM_MUST_CHECK crm_status crm_save(crm_ctx *c, crm_rec *r) { return crm__host->rec_save(c, r); }
static inline CRM_MUST_CHECK crm_status crm_remove(crm_ctx *c, crm_rec *r) { return crm__host->rec_remove(c, r); }
static inline const char *crm_entity(const crm_rec *r) { return crm__host->rec_entity(r); }
static inline int64_t crm_id(const crm_rec *r) { return crm__host->rec_id(r); }
static inline bool crm_has(const crm_rec *r, const char *f) { return crm__host->rec_has(r, f); }
static inline crm_str crm_get_text(const crm_rec *r, const char *f) { return crm__host->rec_text(r, f); }
static inline int64_t crm_get_int(const crm_rec *r, const char *f) { return crm__host->rec_int(r, f); }
/* Given or changed since it was read; in a hook: against what is stored, and of a copy all that was copied. */
static inline bool crm_changed(const crm_rec *r, const char *f) { return crm__host->rec_changed(r, f); }
/* As stored: a phone in E.164, a choice's value, elements of a field with many on lines. A phone, an e-mail and
 * their like that are not valid are kept and marked, a right one takes the mark away; INVALID: it is longer than
 * the field takes (crm_cut), or has too many elements. */
static inline CRM_MUST_CHECK crm_status crm_set_text(crm_rec *r, const char *f, crm_str v)
{
    return crm__host->set_text(r, f, v);
}
static inline CRM_MUST_CHECK crm_status crm_set_int(crm_rec *r, const char *f, int64_t v)
{
    return crm__host->set_int(r, f, v);
}
static inline CRM_MUST_CHECK crm_status crm_set_null(crm_rec *r, const char *f) { return crm__host->set_null(r, f); }
/* A value as a person writes it ("8 916…", "1 500,00"). In a form's call a wrong phone is kept, marked,
 * and INVALID (it cannot be kept: it is too long) leaves the field as it was and lets the call go on. */
static inline CRM_MUST_CHECK crm_status crm_set_input(crm_ctx *c, crm_rec *r, const char *f, crm_str v)
{
    return crm__host->set_input(c, r, f, v);
}

/* "phone", "ref" …: the type of a field as this deployment has it, {NULL,0} when it has none. */
static inline crm_str crm_field_type(crm_ctx *c, const char *entity, const char *field)
{
    return crm__host->field_type(c, entity, field);
}
/* What the stage of the record means, whatever the ТЗ calls it. */
#define CRM_OUTCOME_OPEN 0u
#define CRM_OUTCOME_WON 1u
#define CRM_OUTCOME_LOST 2u
#define CRM_OUTCOME_DONE 3u
static inline uint32_t crm_outcome(const crm_rec *r) { return crm__host->outcome(r); }

/* `{title}`, `{owner}` … of `text` replaced by the record's fields as a person reads them. */
static inline crm_str crm_fill(crm_ctx *c, crm_str text, const crm_rec *r)
{
    return crm__host->fill(c, text, r);
}
/* The next of a gapless series of the module: a number is used up only when the transaction commits. */
static inline CRM_MUST_CHECK crm_status crm_number(crm_ctx *c, const char *series, int64_t *next)
{
    return crm__host->number(c, series, next);
}

/* ---- time, notices, settings ----------------------------------------------------------------- */

/* Runs the module's job at `due` (ms UTC). One due row per (job, key): scheduling again moves it. What is
 * told afterwards schedules nothing. */
static inline CRM_MUST_CHECK crm_status crm_schedule(crm_ctx *c, const char *job, const char *key,
                                                     int64_t due, crm_str arg)
{
    return crm__host->schedule(c, job, key, due, arg);
}
static inline CRM_MUST_CHECK crm_status crm_unschedule(crm_ctx *c, const char *job, const char *key)
{
    return crm__host->unschedule(c, job, key);
}
/* A notice to a user, in the application and, as he wishes, by mail. Part of the transaction. */
static inline CRM_MUST_CHECK crm_status crm_notify(crm_ctx *c, int64_t user, const char *kind,
                                                   const crm_rec *about, crm_str text)
{
    return crm__host->notify(c, user, kind, about, text);
}
/* The value in force of a setting of the module, as JSON (MANIFEST.md, Settings); "null": nobody gives one. Read anew
 * by each call, inside a transaction as that sees it. NOT_FOUND: module.yaml declares none of that name. */
static inline CRM_MUST_CHECK crm_status crm_setting(crm_ctx *c, const char *name, crm_str *json)
{
    return crm__host->setting(c, name, json);
}
/* A setting of an integration instance of the ТЗ. */
static inline CRM_MUST_CHECK crm_status crm_option(crm_ctx *c, crm_str instance, const char *key, crm_str *v)
{
    return crm__host->option(c, instance, key, v);
}
static inline CRM_MUST_CHECK crm_status crm_phone(crm_ctx *c, crm_str as_written, crm_str *e164)
{
    return crm__host->phone(c, as_written, e164);
}

/* ---- a change, in listeners ------------------------------------------------------------------ */

static inline const char *crm_change_entity(const crm_change *ch) { return crm__host->change_entity(ch); }
static inline int64_t crm_change_record(const crm_change *ch) { return crm__host->change_record(ch); }
static inline int64_t crm_change_position(const crm_change *ch) { return crm__host->change_position(ch); }
static inline bool crm_change_touched(const crm_change *ch, const char *f)
{
    return crm__host->change_touched(ch, f);
}

/* ---- the reply: a JSON object; failures are sticky and checked after the handler ------------- */

static inline void crm_put_text(crm_out *o, const char *k, crm_str v) { crm__host->put_text(o, k, v); }
static inline void crm_put_int(crm_out *o, const char *k, int64_t v) { crm__host->put_int(o, k, v); }
static inline void crm_put_bool(crm_out *o, const char *k, bool v) { crm__host->put_bool(o, k, v); }
static inline void crm_put_record(crm_out *o, const char *k, const crm_rec *r) { crm__host->put_record(o, k, r); }
static inline void crm_put_list(crm_out *o, const char *k) { crm__host->put_list(o, k); }
static inline void crm_put_object(crm_out *o, const char *k) { crm__host->put_object(o, k); }
static inline void crm_put_end(crm_out *o) { crm__host->put_end(o); }
static inline void crm_put_status(crm_out *o, int http) { crm__host->put_status(o, http); }
/* The table of an interface named in deps, or NULL; NULL in start() and stop() too. Ask in every call:
 * after the other module was upgraded the table is that of its new version. */
static inline const void *crm_use(const char *iface) { return crm__host->iface(iface); }

/* ---- services (level 2; module.h says how one lives) ----------------------------------------- */

#if CRM_API_LEVEL >= 2
/* Whether it is to return. Once true it stays so. Any thread; costs nothing. */
static inline bool crm_service_should_stop(crm_service *s) { return crm__host->service_should_stop(s); }
/*
 * Waits `ms` of real time, in a sandbox too, at most: 0 looks and returns. CRM_WAIT_STOP: it is to return; CRM_WAIT_WAKE:
 * it was woken since the last wait, once for any number of times; CRM_WAIT_TIME: the time is over. Not in a call over
 * the records.
 */
static inline uint32_t crm_service_wait(crm_service *s, uint32_t ms) { return crm__host->service_wait(s, ms); }
/*
 * A descriptor for poll(2) beside one's own: readable (POLLIN) from a wake to the next crm_service_wait, which says
 * what it was, and for good when it is to stop. The kernel's: it is not read, written or closed.
 */
static inline int crm_service_fd(crm_service *s) { return crm__host->service_fd(s); }
/*
 * How it is, for people: a line of at most 200 bytes, no secret, no number of a client; "" is none. A run begins
 * with CRM_HEALTH_OK; DEGRADED works in part, DOWN does not work now and tries on. What was said last stands beside
 * the error when the run fails. Anything else than these three is DOWN.
 */
CRM_PRINTF(3, 4)
static inline void crm_service_health(crm_service *s, uint32_t health, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    crm__host->service_health(s, health, fmt, ap);
    va_end(ap);
}
/*
 * One call over the records, settings and texts, as "module:<name>" with the grants of module.yaml, on the registry in
 * force now: `fn` gets a crm_ctx of its own, what it gets from it lives until it returns; copy out by `arg` what is to
 * stay. `read` runs on the service's thread over one snapshot, `limit_ms` of real time (0: 1000, at most 5000). `write` waits
 * for its turn in the bulk lane and runs `fn` on the thread that writes, in one transaction of `limit_ms` (0: 250, at
 * most 5000) that commits when it returns CRM_OK; `fn` may be run again, so it sets what it gives, and adds to nothing
 * outside the records. No outside system is waited for in `fn`. OK is given after the durable commit. UNAVAILABLE: the module
 * went off, the server ends, or is being changed: later; NO_SPACE; TIMEOUT; MISUSE in another call; what `fn` returned.
 */
static inline CRM_MUST_CHECK crm_status crm_service_read(crm_service *s, crm_service_call fn, void *arg, uint32_t limit_ms)
{
    return crm__host->service_read(s, fn, arg, limit_ms);
}
static inline CRM_MUST_CHECK crm_status crm_service_write(crm_service *s, crm_service_call fn, void *arg, uint32_t limit_ms)
{
    return crm__host->service_write(s, fn, arg, limit_ms);
}
/*
 * Wakes a service of this module, from any call of it: in a transaction after its commit, else at once. A job that a
 * setting names tells the service so that it was changed. NOT_FOUND: the module has none of that name.
 */
static inline CRM_MUST_CHECK crm_status crm_service_wake(crm_ctx *c, const char *service)
{
    return crm__host->service_wake(c, service);
}
#endif

#ifdef __cplusplus
}
#endif
#endif
