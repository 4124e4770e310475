/* rates.c - rates of VAT. Which there are is the deployment's: they change with the law, not with
 * a version of this module. */
#include "catalog.h"

/* "22" or "5.5" as hundredths; false when nothing of the kind is there. Moves *at behind it. */
static bool read_rate(crm_str text, size_t *at, int64_t *out)
{
    int64_t whole = 0, part = 0, digits = 0, places = 0;
    while (*at < text.n && (text.p[*at] < '0' || text.p[*at] > '9')) {
        ++*at;
    }
    for (; *at < text.n && text.p[*at] >= '0' && text.p[*at] <= '9' && digits < 4; ++*at) {
        whole = whole * 10 + (text.p[*at] - '0');
        digits++;
    }
    if (*at < text.n && text.p[*at] == '.') {
        ++*at;
        for (; *at < text.n && text.p[*at] >= '0' && text.p[*at] <= '9'; ++*at) {
            part = places < 2 ? part * 10 + (text.p[*at] - '0') : part;
            places += places < 2;
        }
    }
    for (; places < 2; places++) {
        part *= 10;
    }
    *out = whole * RECKON_PERCENT + part;
    return digits > 0;
}

bool rate_is_known(crm_ctx *c, int64_t rate)
{
    crm_str rates;
    size_t at = 0;
    int64_t one;
    if (crm_setting(c, "vat_rates", &rates) != CRM_OK) {
        return true;
    }
    while (read_rate(rates, &at, &one)) {
        if (one == rate) {
            return true;
        }
    }
    return false;
}

crm_status rate_refuse(crm_ctx *c, const char *field)
{
    crm_str rates = {0}, why = crm_text(c, "catalog.vat_unknown");
    crm_status s = crm_setting(c, "vat_rates", &rates);
    bool is_quoted = s == CRM_OK && rates.n >= 2 && rates.p[0] == '"';
    crm_str plain = is_quoted ? (crm_str){rates.p + 1, rates.n - 2} : (crm_str){"", 0};
    return crm_fail(c, CRM_INVALID, field, "%.*s: %.*s", (int)why.n, why.p, (int)plain.n, plain.p);
}

/* Empty in the settings: the company is free of VAT. */
static int64_t usual_rate(crm_ctx *c)
{
    crm_str text;
    size_t at = 0;
    int64_t rate;
    crm_status s = crm_setting(c, "vat", &text);
    return s == CRM_OK && read_rate(text, &at, &rate) ? rate : RECKON_NONE;
}

int64_t rate_of(crm_ctx *c, const crm_rec *good)
{
    if (good && crm_get_int(good, "no_vat")) {
        return RECKON_NONE;
    }
    return good && crm_has(good, "vat") ? crm_get_int(good, "vat") : usual_rate(c);
}
