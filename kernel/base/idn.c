/* idn.c - see idn.h. */
#include "base/idn.h"

#include <idn2.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"

static bool is_ascii(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        if ((unsigned char)s.p[i] >= 0x80) {
            return false;
        }
    }
    return true;
}

/* What libidn2 has made, into the arena; what it refuses stays as it is. */
static crm_status take(arena *a, int rc, char *made, crm_str otherwise, crm_str *out)
{
    if (rc == IDN2_MALLOC) {
        return CRM_NOMEM;
    }
    *out = rc == IDN2_OK ? arena_dup(a, str_of(made)) : otherwise;
    idn2_free(rc == IDN2_OK ? made : NULL);
    return out->p ? CRM_OK : CRM_NOMEM;
}

crm_status idn_ascii(arena *a, crm_str domain, crm_str *out)
{
    char *made = NULL;
    const char *text = arena_cstr(a, domain);
    if (!text) {
        return CRM_NOMEM;
    }
    *out = domain;
    if (is_ascii(domain)) {
        return CRM_OK;
    }
    int rc = idn2_to_ascii_8z(text, &made, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
    return take(a, rc, made, domain, out);
}

crm_status idn_letters(arena *a, crm_str domain, crm_str *out)
{
    crm_str lower, ascii, letters, back;
    char *made = NULL;
    crm_status st = text_lower(a, domain, &lower);
    const char *text = st ? NULL : arena_cstr(a, lower);
    if (text && is_ascii(lower) && !strstr(text, "xn--")) {
        *out = lower;
        return CRM_OK;
    }
    /* There and back: letters that only look different to a program become one. */
    st = text ? idn_ascii(a, lower, &ascii) : st ? st : CRM_NOMEM;
    text = st ? NULL : arena_cstr(a, ascii);
    if (!text) {
        return st ? st : CRM_NOMEM;
    }
    int rc = idn2_to_unicode_8z8z(text, &made, 0);
    st = take(a, rc, made, lower, &letters);
    /* It decodes whatever stands there, marks nobody sees among it; only names lead back. */
    st = st ? st : idn_ascii(a, letters, &back);
    *out = !st && str_eq(back, ascii) ? letters : lower;
    return st;
}
