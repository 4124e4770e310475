/*
 * export_card.c - a record as an address card: what vCard has a property for where other programs
 * look for it, every other field under a name of our own, so that import brings each back where it
 * was.
 */
#include "base/vcard.h"
#include "data/address.h"
#include "data/field.h"
#include "table/export.h"
#include "table/import_private.h"

typedef struct card {
    crm_ctx *call;
    const export_plan *plan;
    const record_view *view;
    buf *out;
} card;

crm_status export_card_plan(crm_ctx *c, export_plan *p)
{
    uint64_t able[4] = {0};
    const entity *e = p->entity;
    for (uint32_t i = 0; i < p->count; i++) {
        bits_add(able, p->columns[i]);
    }
    crm_status s = import_suggest_card(c, e, able, p->card);
    /* A name is what the record is called by, and a town has no card's address beside a whole one.
     */
    p->card[VCARD_NAME] =
        p->card[VCARD_NAME] == &e->fields[e->title_field] ? p->card[VCARD_NAME] : NULL;
    p->card[VCARD_TOWN] = p->card[VCARD_ADDRESS] ? NULL : p->card[VCARD_TOWN];
    return s;
}

/* ---- values ---------------------------------------------------------------------------------- */

static bool is_shown(const card *k, const field *f)
{
    return f && bits_has(k->view->visible, f->index) && !bits_has(k->view->denied, f->index);
}

/* As one writes it, in the arena; empty where there is none or it is not shown. */
static crm_status text_of(const card *k, const field *f, crm_str *out)
{
    buf b;
    *out = (crm_str){0};
    if (!is_shown(k, f)) {
        return CRM_OK;
    }
    buf_init(&b, 0);
    crm_str label = k->view->labels ? k->view->labels[f->index] : (crm_str){0};
    crm_status s = export_value(k->call, k->plan, f, k->view->row[f->index], label, &b);
    if (s == CRM_OK && b.n) {
        *out = arena_dup(k->call->arena, buf_view(&b));
        s = out->p ? CRM_OK : CRM_NOMEM;
    }
    buf_free(&b);
    return s;
}

/* Elements whose text is what is stored stand in properties of their own. */
static bool has_elements(const field *f)
{
    return f->flags & FIELD_MANY && f->type != FIELD_CHOICES && f->type != FIELD_REFS &&
           f->type != FIELD_FILES;
}

/* A phone with an extension is a URI (RFC 6350 §6.4.1), which is not escaped. */
static void put_element(const card *k, const char *property, const field *f, crm_str text)
{
    if (f->type == FIELD_PHONE && phone_extension(text).n) {
        vcard_put_uri(k->out, property, arena_fmt(k->call->arena, "tel:%.*s", STR_FMT(text)));
    } else {
        vcard_put(k->out, property, "", text);
    }
}

static crm_status put_field(const card *k, const char *property, const field *f)
{
    crm_str text, part;
    if (!is_shown(k, f)) {
        return CRM_OK;
    }
    value v = k->view->row[f->index];
    if (v.kind != VALUE_TEXT || (!has_elements(f) && f->type != FIELD_PHONE)) {
        crm_status s = text_of(k, f, &text);
        vcard_put(k->out, property, "", text);
        return s;
    }
    text = v.s;
    while (str_split(&text, '\n', &part)) {
        put_element(k, property, f, part);
    }
    return CRM_OK;
}

/* ---- properties of several parts ------------------------------------------------------------- */

static crm_status put_names(const card *k)
{
    crm_str parts[5] = {{0}}; /* prefix and suffix have no field */
    bool has_any = false;
    for (int i = 0; i < 3; i++) {
        crm_status s = text_of(k, k->plan->card[VCARD_FAMILY + i], &parts[i]);
        if (s != CRM_OK) {
            return s;
        }
        has_any = has_any || parts[i].n;
    }
    if (has_any) {
        vcard_put_parts(k->out, "N", parts, 5);
    }
    return CRM_OK;
}

static crm_status put_organisation(const card *k)
{
    crm_str parts[2];
    crm_status s = text_of(k, k->plan->card[VCARD_ORG], &parts[0]);
    s = s == CRM_OK ? text_of(k, k->plan->card[VCARD_UNIT], &parts[1]) : s;
    if (s == CRM_OK && (parts[0].n || parts[1].n)) {
        vcard_put_parts(k->out, "ORG", parts, parts[1].n ? 2 : 1);
    }
    return s;
}

/* House and flat stand behind the street: many programs show nothing of the extended address. */
static crm_status put_address(const card *k)
{
    address all, near = {0};
    arena *a = k->call->arena;
    crm_str line, town, street = {0};
    crm_status s = text_of(k, k->plan->card[VCARD_ADDRESS], &line);
    s = s == CRM_OK ? text_of(k, k->plan->card[VCARD_TOWN], &town) : s;
    s = s == CRM_OK ? address_read(a, line, &all) : s;
    if (s != CRM_OK || !(line.n || town.n)) {
        return s;
    }
    for (int p = ADDRESS_STREET; p <= ADDRESS_FLAT; p++) {
        near.part[p] = all.part[p];
    }
    s = address_write(a, &near, &street);
    crm_str parts[7] = {[2] = street,
                        [3] = line.n ? all.part[ADDRESS_CITY] : town,
                        [4] = all.part[ADDRESS_REGION],
                        [5] = all.part[ADDRESS_INDEX],
                        [6] = all.part[ADDRESS_COUNTRY]};
    if (s == CRM_OK) {
        vcard_put_parts(k->out, "ADR", parts, 7);
    }
    return s;
}

/* RFC 6350 §4.3.1 has no dashes in a date. */
static crm_status put_birthday(const card *k)
{
    char iso[11];
    const field *f = k->plan->card[VCARD_BIRTHDAY];
    if (!is_shown(k, f) || f->type != FIELD_DATE) {
        return put_field(k, "BDAY", f);
    }
    value v = k->view->row[f->index];
    if (!value_is_null(v)) {
        clock_format_date((int32_t)v.i, iso);
        vcard_put(k->out, "BDAY", "",
                  arena_fmt(k->call->arena, "%.4s%.2s%.2s", iso, iso + 5, iso + 8));
    }
    return CRM_OK;
}

/* ---- what vCard has no property for ---------------------------------------------------------- */

static bool is_covered(const export_plan *p, const field *f)
{
    for (int i = 0; i < VCARD_COLUMNS; i++) {
        if (p->card[i] == f) {
            return true;
        }
    }
    return false;
}

static void own_name(const field *f, char out[96])
{
    size_t n = sizeof VCARD_OWN - 1;
    memcpy(out, VCARD_OWN, n);
    for (size_t i = 0; i < f->name.n && n < 95; i++) {
        char c = f->name.p[i];
        out[n++] = (char)(c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c == '_' ? '-' : c);
    }
    out[n] = 0;
}

/* A further phone is one for every program; which field it is, a parameter says. */
static crm_status put_own(const card *k, const field *f)
{
    const char *usual = f->type == FIELD_PHONE   ? "TEL"
                        : f->type == FIELD_EMAIL ? "EMAIL"
                        : f->type == FIELD_URL   ? "URL"
                                                 : NULL;
    char name[96], property[160];
    own_name(f, name);
    if (!usual) {
        return put_field(k, name, f);
    }
    snprintf(property, sizeof property, "%s;" VCARD_FIELD "=%s", usual, name);
    return put_field(k, property, f);
}

/* ---- the card -------------------------------------------------------------------------------- */

static crm_status put_head(const card *k)
{
    crm_str name, uid;
    const entity *e = k->plan->entity;
    crm_status s = text_of(k, e->title_field ? &e->fields[e->title_field] : NULL, &name);
    s = s == CRM_OK ? text_of(k, k->plan->card[VCARD_UID], &uid) : s;
    if (s != CRM_OK) {
        return s;
    }
    if (!uid.n) {
        uid = arena_fmt(k->call->arena, "urn:karkas:%.*s:%lld", STR_FMT(e->name),
                        (long long)k->view->row[COL_ID].i);
    }
    vcard_put(k->out, "UID", "", uid);
    /* FN is the one property a card must have (RFC 6350 §6.2.1). */
    vcard_put(k->out, "FN", "", name.n ? name : CRM_S("-"));
    return put_names(k);
}

static crm_status put_properties(const card *k)
{
    static const struct {
        vcard_column column;
        const char *name;
    } plain[] = {{VCARD_PHONE, "TEL"},      {VCARD_EMAIL, "EMAIL"}, {VCARD_URL, "URL"},
                 {VCARD_POSITION, "TITLE"}, {VCARD_NOTE, "NOTE"},   {VCARD_TAGS, "CATEGORIES"}};
    crm_status s = CRM_OK;
    for (size_t i = 0; s == CRM_OK && i < sizeof plain / sizeof plain[0]; i++) {
        s = put_field(k, plain[i].name, k->plan->card[plain[i].column]);
    }
    s = s == CRM_OK ? put_organisation(k) : s;
    s = s == CRM_OK ? put_address(k) : s;
    return s == CRM_OK ? put_birthday(k) : s;
}

crm_status export_card(crm_ctx *c, const export_plan *p, const record_view *v, buf *out)
{
    const card k = {c, p, v, out};
    vcard_begin(out);
    crm_status s = put_head(&k);
    s = s == CRM_OK ? put_properties(&k) : s;
    for (uint32_t i = 0; s == CRM_OK && i < p->count; i++) {
        const field *f = &p->entity->fields[p->columns[i]];
        if (import_is_written(f) && !is_covered(p, f)) {
            s = put_own(&k, f);
        }
    }
    vcard_end(out);
    return s == CRM_OK && out->failed ? CRM_NOMEM : s;
}
