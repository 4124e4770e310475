/*
 * webform.c - the names of a form's fields, and the form described to whoever wants to draw it.
 *
 * `fields` of an instance says what a form has: {client_name: name} maps a foreign name to a field
 * of the record, {client_name: {to: name, label: Ваше имя, required: true}} also says how it looks.
 */
#include "intake.h"

/* ---- names ----------------------------------------------------------------------------------- */

/* What builders of sites call the fields everyone has. */
static const struct {
    const char *key, *field;
} aliases[] = {
    {"name", "name"},
    {"fio", "name"},
    {"имя", "name"},
    {"your-name", "name"},
    {"phone", "phone"},
    {"tel", "phone"},
    {"telephone", "phone"},
    {"телефон", "phone"},
    {"email", "email"},
    {"mail", "email"},
    {"e-mail", "email"},
    {"почта", "email"},
    {"message", "message"},
    {"text", "message"},
    {"comment", "message"},
    {"comments", "message"},
    {"question", "message"},
    {"сообщение", "message"},
    {"textarea", "message"},
    {"dialled", "dialled"},
    {"dialed", "dialled"},
    {"called_number", "dialled"},
    {"company", "company_name"},
    {"city", "city"},
    {"город", "city"},
    {"page", "page"},
    {"page_url", "page"},
    {"referrer", "referrer"},
    {"referer", "referrer"},
    {"utm_source", "utm_source"},
    {"utm_medium", "utm_medium"},
    {"utm_campaign", "utm_campaign"},
    {"utm_content", "utm_content"},
    {"utm_term", "utm_term"},
};

/* Latin letters in either case, others as they stand. */
static bool is_same(crm_str s, const char *word)
{
    size_t n = strlen(word);
    if (s.n != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        unsigned char a = (unsigned char)s.p[i], b = (unsigned char)word[i];
        bool is_letter = a >= 'A' && a <= 'Z';
        if ((is_letter ? a + 32 : a) != b) {
            return false;
        }
    }
    return true;
}

/* Of {to: name, label: …} its `to`; a bare word is the field itself. */
static crm_str to_of(crm_ctx *c, crm_str entry)
{
    crm_str key, text;
    if (!entry.n || entry.p[0] != '{') {
        return entry;
    }
    for (uint32_t i = 0; crm_json_at(c, entry, i, &key, &text); i++) {
        if (is_word(key, "to")) {
            return text;
        }
    }
    return (crm_str){0};
}

/* What the instance's `fields` say of the key. */
static bool find_declared(crm_ctx *c, crm_str fields, crm_str key, crm_str *entry)
{
    crm_str name;
    for (uint32_t i = 0; fields.n && crm_json_at(c, fields, i, &name, entry); i++) {
        if (name.n == key.n && memcmp(name.p, key.p, key.n) == 0) {
            return true;
        }
    }
    return false;
}

bool is_declared(crm_ctx *c, crm_str fields, crm_str key)
{
    crm_str entry;
    return find_declared(c, fields, key, &entry);
}

crm_str target_of(crm_ctx *c, crm_str fields, crm_str key)
{
    crm_str entry;
    if (find_declared(c, fields, key, &entry)) {
        crm_str to = to_of(c, entry);
        return to.n ? to : key;
    }
    for (size_t i = 0; i < sizeof aliases / sizeof *aliases; i++) {
        if (is_same(key, aliases[i].key)) {
            return (crm_str){aliases[i].field, strlen(aliases[i].field)};
        }
    }
    return (crm_str){0};
}

/* ---- description ----------------------------------------------------------------------------- */

static void put_field(crm_out *out, crm_str name, crm_str label, crm_str type, bool is_required)
{
    crm_put_object(out, NULL);
    crm_put_text(out, "name", name);
    crm_put_text(out, "label", label);
    crm_put_text(out, "type", type.n ? type : CRM_S("text"));
    crm_put_bool(out, "required", is_required);
    crm_put_end(out);
}

static crm_str own_label(crm_ctx *c, crm_str field)
{
    crm_str key = crm_fmt(c, "intake.form.%.*s", (int)field.n, field.p);
    return key.p ? crm_text(c, key.p) : field;
}

static crm_str type_of(crm_ctx *c, crm_str entity, crm_str field)
{
    crm_str name = crm_fmt(c, "%.*s", (int)field.n, field.p);
    return name.p ? crm_field_type(c, entity.p, name.p) : (crm_str){0};
}

/* The form everyone expects, as far as the record has the fields. */
static void put_usual_fields(crm_ctx *c, crm_out *out, crm_str entity)
{
    static const char *const usual[] = {"name", "phone", "email", "message"};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        crm_str field = {usual[i], strlen(usual[i])};
        crm_str type = type_of(c, entity, field);
        if (type.n) {
            put_field(out, field, own_label(c, field), type, is_word(field, "phone"));
        }
    }
}

static void put_declared_field(crm_ctx *c, crm_out *out, crm_str entity, crm_str name,
                               crm_str entry)
{
    crm_str to = to_of(c, entry), key, text;
    to = to.n ? to : name;
    crm_str label = own_label(c, to), type = type_of(c, entity, to);
    bool is_required = false;
    for (uint32_t i = 0; entry.n && entry.p[0] == '{' && crm_json_at(c, entry, i, &key, &text);
         i++) {
        label = is_word(key, "label") ? text : label;
        type = is_word(key, "type") ? text : type;
        is_required = is_word(key, "required") ? is_word(text, "true") : is_required;
    }
    put_field(out, name, label, type, is_required);
}

static void put_consent(crm_ctx *c, crm_out *out, crm_str text)
{
    if (!text.n) {
        crm_put_text(out, "consent", (crm_str){0});
        return;
    }
    crm_put_object(out, "consent");
    crm_put_text(out, "text", text);
    crm_put_bool(out, "required", true);
    crm_put_text(out, "version", consent_version(c, text));
    crm_put_end(out);
}

crm_status describe_form(crm_ctx *c, crm_out *out)
{
    crm_str instance = crm_param(c, "instance"), name, entry;
    crm_str entity = form_setting(c, instance, "creates");
    crm_str title = form_setting(c, instance, "title");
    crm_str fields = form_setting(c, instance, "fields");
    crm_put_text(out, "form", instance);
    crm_put_text(out, "title", title.n ? title : crm_text(c, "intake.form.title"));
    crm_put_list(out, "fields");
    if (fields.n) {
        for (uint32_t i = 0; crm_json_at(c, fields, i, &name, &entry); i++) {
            put_declared_field(c, out, entity, name, entry);
        }
    } else if (entity.n) {
        put_usual_fields(c, out, entity);
    }
    crm_put_end(out);
    put_consent(c, out, form_setting(c, instance, "consent"));
    return CRM_OK;
}
