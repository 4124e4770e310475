/*
 * kit_mock_fail.c - the host table as a module under test gets it: the kernel's own functions, one
 * of which may be told to fail. A write that is made to fail takes its transaction back as a real
 * one does.
 */
#include "plug/module.h"

#include <stdio.h>

#include "kit_mock.h"

static struct {
    char function[32];
    crm_status status;
    uint32_t left; /* 0: nothing is to fail */
} wish;

/* What this call is to fail with. */
static crm_status wished(const char *function)
{
    if (!wish.left || strcmp(wish.function, function) != 0 || --wish.left) {
        return CRM_OK;
    }
    return wish.status;
}

/* member of crm_host, its name in host.h, parameters, arguments */
#define WRITES(X)                                                                     \
    X(rec_new, "crm_new", (crm_ctx * c, const char *e, crm_rec **out), (c, e, out))   \
    X(rec_save, "crm_save", (crm_ctx * c, crm_rec * r), (c, r))                       \
    X(rec_remove, "crm_remove", (crm_ctx * c, crm_rec * r), (c, r))                   \
    X(set_text, "crm_set_text", (crm_rec * r, const char *f, crm_str v), (r, f, v))   \
    X(set_int, "crm_set_int", (crm_rec * r, const char *f, int64_t v), (r, f, v))     \
    X(set_null, "crm_set_null", (crm_rec * r, const char *f), (r, f))                 \
    X(schedule, "crm_schedule",                                                       \
      (crm_ctx * c, const char *name, const char *key, int64_t at, crm_str arg),      \
      (c, name, key, at, arg))                                                        \
    X(unschedule, "crm_unschedule", (crm_ctx * c, const char *name, const char *key), \
      (c, name, key))                                                                 \
    X(notify, "crm_notify",                                                           \
      (crm_ctx * c, int64_t user, const char *kind, const crm_rec *about, crm_str v), \
      (c, user, kind, about, v))                                                      \
    X(number, "crm_number", (crm_ctx * c, const char *series, int64_t *next), (c, series, next))
#define READS(X)                                                                               \
    X(as_system, "crm_as_system", (crm_ctx * c, const char *reason), (c, reason))              \
    X(arg_duration, "crm_arg_duration", (crm_ctx * c, const char *k, int64_t *ms), (c, k, ms)) \
    X(rec_get, "crm_get", (crm_ctx * c, const char *e, int64_t id, crm_rec **out),             \
      (c, e, id, out))                                                                         \
    X(rec_find, "crm_find",                                                                    \
      (crm_ctx * c, const char *e, const char *where, const char *by, uint32_t limit,          \
       crm_rows **out),                                                                        \
      (c, e, where, by, limit, out))                                                           \
    X(rec_count, "crm_count", (crm_ctx * c, const char *e, const char *where, int64_t *out),   \
      (c, e, where, out))                                                                      \
    X(set_input, "crm_set_input", (crm_ctx * c, crm_rec * r, const char *f, crm_str v),        \
      (c, r, f, v))                                                                            \
    X(setting, "crm_setting", (crm_ctx * c, const char *name, crm_str *json), (c, name, json)) \
    X(option, "crm_option", (crm_ctx * c, crm_str instance, const char *key, crm_str *text),   \
      (c, instance, key, text))                                                                \
    X(phone, "crm_phone", (crm_ctx * c, crm_str as_written, crm_str * e164), (c, as_written, e164))

#define DEFINE(member, name, params, args, failed)             \
    static crm_status failing_##member params                  \
    {                                                          \
        crm_status s = wished(name);                           \
        return s == CRM_OK ? plug_host.member args : (failed); \
    }
#define DEFINE_WRITE(member, name, params, args) DEFINE(member, name, params, args, call_broke(s))
#define DEFINE_READ(member, name, params, args)  DEFINE(member, name, params, args, s)
WRITES(DEFINE_WRITE)
READS(DEFINE_READ)

static void *failing_alloc(crm_ctx *c, size_t n)
{
    return wished("crm_alloc") == CRM_OK ? plug_host.alloc(c, n) : NULL;
}

/* The table a module's start() got is the kernel's: nothing is to fail there. */
void mock_fail_install(module *m)
{
    static struct crm_host failing;
    failing = plug_host;
    failing.alloc = failing_alloc;
#define INSTALL(member, name, params, args) failing.member = failing_##member;
    WRITES(INSTALL)
    READS(INSTALL)
#undef INSTALL
    wish.left = 0;
    if (m->has_code) {
        *m->d.head.host_slot = &failing;
    }
}

static bool is_known(const char *function)
{
#define KNOWN(member, name, params, args) \
    if (!strcmp(function, name)) {        \
        return true;                      \
    }
    WRITES(KNOWN)
    READS(KNOWN)
#undef KNOWN
    return !strcmp(function, "crm_alloc");
}

void mock_fail_set(mock *m, const char *function, crm_status s, uint32_t nth)
{
    (void)m;
    if (!function || !is_known(function) || s == CRM_OK) {
        mock_misuse("%s cannot be made to fail", function ? function : "NULL");
        return;
    }
    snprintf(wish.function, sizeof wish.function, "%s", function);
    wish.status = s;
    wish.left = nth;
}
