/*
 * inbox_bare.c - a stored request whose module keeps failing becomes a record all the same: whole
 * as it came, in the first long text of what the form makes, marked for a person to read. Writer.
 */
#include "data/field.h"
#include "flow/flow_private.h"
#include "flow/store.h"

#define TEXT_MAX 20000 /* characters */

static json_t *settings_of(const integration *i)
{
    json_t *all = NULL;
    return json_read(i->settings_json, 0, &all, NULL) == CRM_OK ? all : NULL;
}

static const field *long_text_of(const entity *e)
{
    for (uint32_t i = COL_OWN; e && i < e->field_count; i++) {
        const field *f = &e->fields[i];
        if (f->type == FIELD_MULTILINE && !(f->flags & (FIELD_HIDDEN | FIELD_READ_ONLY))) {
            return f;
        }
    }
    return NULL;
}

/* "name=Иван", "phone=+7 916…", a line each, of what a form sends; else as it came. */
static void put_readable(crm_ctx *c, const store_row *row, buf *out)
{
    crm_str rest = store_text(row, INBOX_BODY), part;
    bool is_form =
        str_starts(store_text(row, INBOX_CONTENT_TYPE), CRM_S("application/x-www-form-urlencoded"));
    while (is_form && str_split(&rest, '&', &part)) {
        buf_str(out, text_unescape(c->arena, part));
        buf_char(out, '\n');
    }
    buf_str(out, rest);
}

/* Whole characters; the request itself stays in the store. */
static crm_str cut(crm_str s, const field *f)
{
    size_t n = 0;
    uint32_t left = f->max && f->max < TEXT_MAX ? f->max : TEXT_MAX;
    for (; n < s.n && left; left--) {
        n++;
        while (n < s.n && ((unsigned char)s.p[n] & 0xC0) == 0x80) {
            n++;
        }
    }
    return (crm_str){s.p, n};
}

/* Empty when memory is out. Of what is no UTF-8 once the escapes are read, the escapes are shown.
 */
static crm_str text_of(crm_ctx *c, const store_row *row, crm_str said)
{
    crm_str clean = {0};
    buf b;
    buf_init(&b, 0);
    buf_fmt(&b, "%.*s\n", STR_FMT(said));
    size_t head = b.n;
    put_readable(c, row, &b);
    crm_status s = b.failed ? CRM_NOMEM : text_clean(c->arena, str_trim(buf_view(&b)), &clean);
    if (s == CRM_INVALID) {
        b.n = head;
        buf_str(&b, store_text(row, INBOX_BODY));
        s = b.failed ? CRM_NOMEM : text_clean(c->arena, str_trim(buf_view(&b)), &clean);
    }
    buf_free(&b);
    return s == CRM_OK ? clean : (crm_str){0};
}

/* A setting that does not fit is not worth the request. */
static crm_status set_source(crm_ctx *c, record *r, const json_t *settings)
{
    const field *f = entity_field(r->entity, CRM_S("source"));
    field_source from = {.arena = c->arena, .reg = c->reg};
    field_result got;
    crm_str source = json_text(settings, "source");
    if (!f || !source.n || field_read_text(&from, f, source, &got) != CRM_OK) {
        return CRM_OK;
    }
    return record_set(r, f, got.v);
}

static crm_status set_title(record *r, crm_str text)
{
    const field *f = &r->entity->fields[r->entity->title_field];
    bool is_asked = f->type == FIELD_TEXT && f->flags & FIELD_REQUIRED;
    return is_asked ? record_set(r, f, value_text(text)) : CRM_OK;
}

static crm_status save(crm_ctx *c, const store_row *row, const field *f, const json_t *settings)
{
    record *r;
    crm_str said = registry_text(c->reg, c->lang, CRM_S("form.bare"));
    crm_str text = text_of(c, row, said);
    const entity *e = registry_entity(c->reg, json_text(settings, "creates"));
    crm_status s = text.p ? records_new(c, e, &r) : CRM_NOMEM;
    s = s == CRM_OK ? record_set(r, f, value_text(cut(text, f))) : s;
    s = s == CRM_OK ? record_mark_as(r, f, MARK_FORM_UNREAD) : s;
    s = s == CRM_OK ? set_title(r, said) : s;
    s = s == CRM_OK ? set_source(c, r, settings) : s;
    return s == CRM_OK ? records_save(c, r, 0) : s;
}

crm_status inbox_keep_bare(crm_ctx *c, const integration *i, const store_row *row)
{
    json_t *settings = settings_of(i);
    const field *f = long_text_of(registry_entity(c->reg, json_text(settings, "creates")));
    crm_status s = f ? save(c, row, f, settings) : CRM_NOT_FOUND;
    json_decref(settings);
    if (s == CRM_OK) {
        log_event(LOG_ERROR, "form.kept_bare", "form=%s receipt=%s failures=%lld status=%s",
                  log_quote(i->name), log_quote(store_text(row, INBOX_RECEIPT)),
                  (long long)store_int(row, INBOX_ATTEMPTS),
                  log_quote(store_text(row, INBOX_ERROR)));
        atomic_fetch_add(&flow_running()->forms_bare, 1);
    }
    return s;
}
