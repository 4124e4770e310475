/* export_query.c - what an export is asked for: which rows, which columns, how many. */
#include "net/export_private.h"

#define COUNT_MOST    2000000000
#define COUNT_US      2000000 /* a file does not wait longer for its total */
#define COUNT_HEAD_US 4000000

static const char *const own_params[] = {"format", "separator", "encoding", "header", "refs",
                                         "fields", "limit",     "after",    "q",      NULL};

/* ---- how many -------------------------------------------------------------------------------- */

static bool on_none(void *arg, const record_view *v)
{
    (void)arg;
    (void)v;
    return true;
}

static crm_status count_once(exporting *x)
{
    query q = *x->query;
    q.limit = 1;
    record_read r = {.call = &x->k->c,
                     .query = &q,
                     .count = true,
                     .count_max = COUNT_MOST,
                     .count_us = x->k->http->verb == VERB_HEAD ? COUNT_HEAD_US : COUNT_US,
                     .on_row = on_none,
                     .limit_us = EXPORT_PAGE_US};
    crm_status s = records_read_now(&r);
    x->total = r.approx ? -1 : r.total;
    return s;
}

/* The list reads what was typed in another way when nothing was found; so does its export. */
crm_status export_count(exporting *x)
{
    crm_status s = count_once(x);
    while (s == CRM_OK && !x->total && x->search.terms.n && x->search.step != SEARCH_OVER) {
        s = search_next(&x->search);
        if (s == CRM_OK && x->search.text.p) {
            x->query->terms = x->search.terms;
            s = count_once(x);
        }
    }
    return s;
}

/* ---- what is asked --------------------------------------------------------------------------- */

static crm_status refuse_choice(api_call *k, const char *name, const char *const *known)
{
    crm_str choices = str_of(known[0]);
    for (int i = 1; known[i]; i++) {
        choices = arena_fmt(k->c.arena, "%.*s, %s", STR_FMT(choices), known[i]);
    }
    crm_str params = arena_fmt(k->c.arena, "{\"choices\":\"%.*s\"}", STR_FMT(choices));
    return call_fail_field(&k->c, str_of(name), "not_a_choice", params);
}

static crm_status one_of(api_call *k, const char *name, const char *const *known, int *out)
{
    crm_str given = http_param(k->http, name);
    *out = 0;
    for (int i = 0; known[i]; i++) {
        if (str_is(given, known[i])) {
            *out = i;
            return CRM_OK;
        }
    }
    return given.n ? refuse_choice(k, name, known) : CRM_OK;
}

static crm_status read_plan(api_call *k, export_plan *p)
{
    static const char *const formats[] = {"csv", "xlsx", "vcf", "json", NULL};
    static const char *const separators[] = {";", ",", "tab", "|", NULL};
    static const char *const encodings[] = {"utf-8", "windows-1251", NULL};
    static const char *const headers[] = {"labels", "names", NULL};
    static const char *const refs[] = {"title", "id", NULL};
    int format, separator, encoding, header, ref;
    crm_status s = one_of(k, "format", formats, &format);
    s = s == CRM_OK ? one_of(k, "separator", separators, &separator) : s;
    s = s == CRM_OK ? one_of(k, "encoding", encodings, &encoding) : s;
    s = s == CRM_OK ? one_of(k, "header", headers, &header) : s;
    s = s == CRM_OK ? one_of(k, "refs", refs, &ref) : s;
    if (s != CRM_OK) {
        return s;
    }
    *p = (export_plan){.format = (export_format)format,
                       .entity = k->entity,
                       .separator = ";,\t|"[separator],
                       .is_cp1251 = encoding == 1 && format == EXPORT_CSV,
                       .has_names = header == 1,
                       .has_ids = ref == 1};
    return export_plan_make(&k->c, p, http_param(k->http, "fields"));
}

/* What is not written is not read; a title and its name may lie outside the columns. */
static void select_columns(exporting *x)
{
    query *q = x->query;
    bits_add(q->select, COL_ID);
    if (x->plan.format == EXPORT_VCARD) {
        bits_add(q->select, x->plan.entity->title_field); /* every card has a name */
    }
    for (uint32_t i = 0; i < x->plan.count; i++) {
        bits_add(q->select, x->plan.columns[i]);
    }
}

static crm_status read_words(exporting *x)
{
    api_call *k = x->k;
    crm_str typed = http_param(k->http, "q");
    if (!typed.n) {
        return CRM_OK;
    }
    x->search =
        (search_try){.call = &k->c, .entities = &k->entity, .entity_count = 1, .typed = typed};
    crm_status s = search_begin(&x->search);
    if (s == CRM_TOO_LARGE) {
        return call_fail_field(&k->c, CRM_S("q"), "too_long", CRM_S("{\"max\":200}"));
    }
    search_ask(x->query, typed, x->search.terms);
    return s;
}

crm_status export_prepare(exporting *x)
{
    api_call *k = x->k;
    if (!rights_may_export(&k->c, k->entity)) {
        return rights_may_some(&k->c, k->entity, ACTION_READ)
                   ? call_fail(&k->c, CRM_DENIED, "export_denied")
                   : call_fail(&k->c, CRM_NOT_FOUND, "not_found");
    }
    x->query = query_new(k->c.arena, k->entity);
    crm_status s = x->query ? records_read_query(k, x->query, own_params) : CRM_NOMEM;
    s = s == CRM_OK ? read_words(x) : s;
    s = s == CRM_OK ? read_plan(k, &x->plan) : s;
    if (s != CRM_OK) {
        return s;
    }
    select_columns(x);
    x->query->is_exported = true;
    x->query->limit = EXPORT_PAGE;
    if (!http_param(k->http, "sort").n) {
        x->query->sorts[0].descending = false;
    }
    return CRM_OK;
}
