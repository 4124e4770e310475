/*
 * guard.c - what tells a robot: a field filled that people do not see, and a form sent faster than
 * anybody can type. Such a request is refused as a robot's and kept; a person may let it go on.
 */
#include "intake.h"

#define LEAST_MS 1000 /* between a form shown and sent, where the instance says nothing */

static crm_status refuse(crm_ctx *c, const char *field, const char *key)
{
    crm_str why = crm_text(c, key);
    return crm_fail(c, CRM_DENIED, field, "%.*s", (int)why.n, why.p);
}

/* Of a text of digits, nine at most; -1: it is none. */
static int64_t number_of(crm_str s)
{
    int64_t n = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9') {
            return -1;
        }
        n = n * 10 + (s.p[i] - '0');
    }
    return s.n && s.n <= 9 ? n : -1;
}

/* Only a form that counts the time says it: what a page without scripts sends is not judged. */
static bool is_too_fast(crm_ctx *c, crm_str instance)
{
    int64_t took = number_of(crm_body_text(c, TOOK));
    int64_t seconds = number_of(form_setting(c, instance, "seconds"));
    return took >= 0 && took < (seconds >= 0 ? seconds * 1000 : LEAST_MS);
}

crm_status refuse_robot(crm_ctx *c, crm_str instance, crm_str fields)
{
    if (crm_param(c, "released").n) {
        return CRM_OK;
    }
    if (crm_body_text(c, TRAP).n && !is_declared(c, fields, CRM_S(TRAP))) {
        return refuse(c, TRAP, "intake.form.trapped");
    }
    if (!is_declared(c, fields, CRM_S(TOOK)) && is_too_fast(c, instance)) {
        return refuse(c, TOOK, "intake.form.too_fast");
    }
    return CRM_OK;
}
