/* good.c - what goods and their groups are checked for. */
#include "barcode.h"
#include "catalog.h"

#include <string.h>

#define WRONG_MAX  1000 /* characters, as module.yaml has it */
#define GROUP_DEEP 10   /* levels of groups */

/* ---- barcodes -------------------------------------------------------------------------------- */

static bool next_line(crm_str *rest, crm_str *out)
{
    if (!rest->n) {
        return false;
    }
    const char *end = memchr(rest->p, '\n', rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    *out = (crm_str){rest->p, n};
    rest->p += end ? n + 1 : n;
    rest->n -= end ? n + 1 : n;
    return true;
}

static crm_str joined(crm_ctx *c, crm_str list, const char *between, crm_str one)
{
    return list.n ? crm_fmt(c, "%.*s%s%.*s", (int)list.n, list.p, between, (int)one.n, one.p)
                  : crm_fmt(c, "%.*s", (int)one.n, one.p);
}

static bool has_code(crm_str list, crm_str code)
{
    crm_str one;
    while (next_line(&list, &one)) {
        if (one.n == code.n && memcmp(one.p, code.p, code.n) == 0) {
            return true;
        }
    }
    return false;
}

/* A code that its check digit contradicts is kept, since such stand on goods, and told. */
static crm_status check_barcodes(crm_ctx *c, crm_rec *good)
{
    crm_str rest = crm_get_text(good, "barcodes"), code, all = {0}, wrong = {0};
    char *room = crm_alloc(c, rest.n + 1);
    if (!room) {
        return CRM_NOMEM;
    }
    while (next_line(&rest, &code)) {
        crm_str plain = barcode_plain(code, room);
        if (has_code(all, plain)) {
            continue;
        }
        all = joined(c, all, "\n", plain);
        wrong = barcode_check(plain) == BARCODE_WRONG ? joined(c, wrong, ", ", plain) : wrong;
    }
    crm_status s = all.n ? crm_set_text(good, "barcodes", all) : CRM_OK;
    if (s != CRM_OK) {
        return s;
    }
    return wrong.n ? crm_set_text(good, "barcodes_wrong", crm_cut(wrong, WRONG_MAX))
                   : crm_set_null(good, "barcodes_wrong");
}

crm_status good_before(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    (void)was;
    if (crm_changed(now, "vat") && crm_has(now, "vat") &&
        !rate_is_known(c, crm_get_int(now, "vat"))) {
        return rate_refuse(c, "vat");
    }
    return crm_changed(now, "barcodes") ? check_barcodes(c, now) : CRM_OK;
}

/* ---- groups ---------------------------------------------------------------------------------- */

static crm_status refuse_parent(crm_ctx *c, const char *key)
{
    crm_str why = crm_text(c, key);
    return crm_fail(c, CRM_INVALID, "parent", "%.*s", (int)why.n, why.p);
}

/* Upwards from the parent: a group that is met again would be in itself. What one may not read
 * ends the way. */
crm_status group_before(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    int64_t at = crm_get_int(now, "parent");
    if (!crm_changed(now, "parent")) {
        return CRM_OK;
    }
    for (int level = 1; at; level++) {
        crm_rec *up;
        if (was && at == crm_id(was)) {
            return refuse_parent(c, "catalog.group_in_itself");
        }
        if (level > GROUP_DEEP) {
            return refuse_parent(c, "catalog.group_too_deep");
        }
        crm_status s = crm_get(c, GROUP, at, &up);
        if (s != CRM_OK) {
            return s == CRM_NOT_FOUND ? CRM_OK : s;
        }
        at = crm_get_int(up, "parent");
    }
    return CRM_OK;
}
