/*
 * sales.c - what leads and deals know by themselves, in the transaction that changes them: a title,
 * where a deal came from, its number, and when it was closed.
 *
 * Stages belong to the ТЗ; what one means is asked by its outcome.
 */
#include <crm/host.h>
#include <string.h>

#define TITLE_MAX 80 /* characters of a title made from a message */

/* ---- closing --------------------------------------------------------------------------------- */

static crm_status note_closing(crm_ctx *c, crm_rec *now)
{
    if (crm_outcome(now) == CRM_OUTCOME_OPEN) {
        return crm_has(now, "closed_at") ? crm_set_null(now, "closed_at") : CRM_OK;
    }
    return crm_has(now, "closed_at") ? CRM_OK : crm_set_int(now, "closed_at", crm_now(c));
}

/* ---- leads ----------------------------------------------------------------------------------- */

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* The first line, cut at a word's end when it is long. */
static crm_str headline(crm_ctx *c, crm_str text)
{
    size_t end = 0, space = 0, characters = 0;
    while (end < text.n && text.p[end] != '\n' && characters <= TITLE_MAX) {
        space = text.p[end] == ' ' ? end : space;
        characters += !is_continuation(text.p[end]);
        end++;
    }
    if (characters <= TITLE_MAX) {
        return (crm_str){text.p, end};
    }
    end = space ? space : end - 1;
    while (!space && end && is_continuation(text.p[end])) {
        end--;
    }
    return crm_fmt(c, "%.*s…", (int)end, text.p);
}

static crm_status give_title(crm_ctx *c, crm_rec *lead)
{
    crm_str title = headline(c, crm_get_text(lead, "message"));
    if (crm_has(lead, "title")) {
        return CRM_OK;
    }
    title = title.n ? title : crm_get_text(lead, "name");
    title = title.n ? title : crm_text(c, "sales.lead.untitled");
    return crm_set_text(lead, "title", title);
}

static crm_status before_lead(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    (void)was;
    crm_status s = give_title(c, now);
    return s == CRM_OK ? note_closing(c, now) : s;
}

/* ---- deals ----------------------------------------------------------------------------------- */

static crm_status inherit_text(crm_rec *deal, const crm_rec *lead, const char *field)
{
    crm_str v = crm_get_text(lead, field);
    return crm_has(deal, field) || !v.n ? CRM_OK : crm_set_text(deal, field, v);
}

static crm_status inherit_int(crm_rec *deal, const crm_rec *lead, const char *field)
{
    bool has_nothing = crm_has(deal, field) || !crm_has(lead, field);
    return has_nothing ? CRM_OK : crm_set_int(deal, field, crm_get_int(lead, field));
}

/* An amount is one of its currency: the deal's own, which may be only the default, has none to be
 * of. */
static crm_status inherit_amount(crm_rec *deal, const crm_rec *lead)
{
    crm_str currency = crm_get_text(lead, "currency");
    if (crm_has(deal, "amount") || !crm_has(lead, "amount")) {
        return CRM_OK;
    }
    crm_status s = crm_set_int(deal, "amount", crm_get_int(lead, "amount"));
    return s == CRM_OK && currency.n ? crm_set_text(deal, "currency", currency) : s;
}

/* A lead the caller may not read gives nothing. */
static crm_status inherit(crm_ctx *c, crm_rec *deal)
{
    crm_rec *lead;
    if (!crm_has(deal, "lead")) {
        return CRM_OK;
    }
    crm_status s = crm_get(c, "sales.lead", crm_get_int(deal, "lead"), &lead);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    s = inherit_text(deal, lead, "title");
    s = s == CRM_OK ? inherit_text(deal, lead, "source") : s;
    s = s == CRM_OK ? inherit_int(deal, lead, "contact") : s;
    s = s == CRM_OK ? inherit_int(deal, lead, "company") : s;
    s = s == CRM_OK ? inherit_amount(deal, lead) : s;
    return s == CRM_OK ? inherit_int(deal, lead, "department") : s;
}

static crm_status before_new_deal(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    int64_t number;
    (void)was;
    crm_status s = inherit(c, now);
    s = s == CRM_OK ? crm_number(c, "deal", &number) : s;
    s = s == CRM_OK ? crm_set_int(now, "number", number) : s;
    return s == CRM_OK ? note_closing(c, now) : s;
}

static crm_status before_deal(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    crm_status s = crm_changed(now, "lead") ? inherit(c, now) : CRM_OK;
    (void)was;
    return s == CRM_OK ? note_closing(c, now) : s;
}

static const crm_hook hooks[] = {
    {.entity = "sales.lead", .when = CRM_BEFORE_CREATE, .fn = before_lead},
    {.entity = "sales.lead", .when = CRM_BEFORE_UPDATE, .fn = before_lead},
    {.entity = "sales.deal", .when = CRM_BEFORE_CREATE, .fn = before_new_deal},
    {.entity = "sales.deal", .when = CRM_BEFORE_UPDATE, .fn = before_deal},
};

static const crm_module self = {
    CRM_MODULE_HEAD,         .name = CRM_MODULE_NAME,   .version = CRM_MODULE_VERSION,
    .license = "Apache-2.0", .hooks = CRM_TABLE(hooks),
};
CRM_MODULE_EXPORT(self);
