/*
 * intake.c - requests from forms on sites become records.
 *
 * The raw request is stored before this runs, so nothing here answers the visitor. Nothing he wrote
 * is lost either: a wrong phone is kept and marked, and what no field takes goes into the message.
 */
#include "intake.h"

#define LINE_MAX    100 /* characters of a one-line field; a longer one is told in full below */
#define MESSAGE_MAX 20000
#define REST_MAX    40000 /* bytes */

crm_str form_setting(crm_ctx *c, crm_str instance, const char *key)
{
    crm_str v = {0};
    return crm_option(c, instance, key, &v) == CRM_OK ? v : (crm_str){0};
}

/* ---- the record under way -------------------------------------------------------------------- */

typedef struct intake {
    crm_ctx *c;
    crm_rec *rec;
    const char *entity;
    crm_str fields;  /* the instance's map */
    crm_str message; /* what the visitor wrote */
    crm_str rest;    /* what no field took, a line each */
    crm_str phone;   /* the first of each, as it was written */
    crm_str email;
    bool is_unread; /* which is the whole body: it has no fields */
} intake;

static bool is_continuation(char c)
{
    return ((unsigned char)c & 0xC0) == 0x80;
}

/* At most so many bytes, whole characters. */
static crm_str cut_bytes(crm_str s, size_t most)
{
    size_t n = s.n < most ? s.n : most;
    while (n && n < s.n && is_continuation(s.p[n])) {
        n--;
    }
    return (crm_str){s.p, n};
}

/* As much as fits: what does not stays in the raw request. */
static crm_status keep_line(intake *in, crm_str key, crm_str text)
{
    size_t used = in->rest.n + key.n + 3, room = used < REST_MAX ? REST_MAX - used : 0;
    if (!room) {
        return CRM_OK;
    }
    if (text.n > room) {
        crm_log(CRM_LOG_WARN, "field=%.*s bytes=%zu kept=%zu", (int)key.n, key.n ? key.p : "",
                text.n, room);
        text = cut_bytes(text, room);
    }
    in->rest = crm_fmt(in->c, "%.*s%s%.*s%s%.*s", (int)in->rest.n, in->rest.n ? in->rest.p : "",
                       in->rest.n ? "\n" : "", (int)key.n, key.n ? key.p : "", key.n ? ": " : "",
                       (int)text.n, text.n ? text.p : "");
    return in->rest.p ? CRM_OK : CRM_NOMEM;
}

static crm_status add_message(intake *in, crm_str text)
{
    in->message = in->message.n ? crm_fmt(in->c, "%.*s\n%.*s", (int)in->message.n, in->message.p,
                                          (int)text.n, text.p)
                                : text;
    return in->message.p ? CRM_OK : CRM_NOMEM;
}

/* What the field does not take is told in full below. */
static crm_status set_or_keep(intake *in, const char *field, crm_str key, crm_str text)
{
    crm_status s = crm_set_input(in->c, in->rec, field, text);
    return s == CRM_INVALID ? keep_line(in, key, text) : s;
}

/* One line at most; the rest of a longer one is not thrown away. */
static crm_status set_line(intake *in, const char *field, crm_str key, crm_str text)
{
    crm_str line = crm_cut(text, LINE_MAX);
    const char *end = memchr(line.p, '\n', line.n);
    line.n = end ? (size_t)(end - line.p) : line.n;
    crm_status s = crm_set_input(in->c, in->rec, field, line);
    return s == CRM_INVALID || (s == CRM_OK && line.n < text.n) ? keep_line(in, key, text) : s;
}

/* Fields that read what a person writes; in a form's call a wrong value is kept and marked. */
static crm_status set_input(intake *in, const char *field, crm_str key, crm_str text)
{
    bool is_many_lines = memchr(text.p, '\n', text.n) != NULL;
    return is_many_lines ? keep_line(in, key, text) : set_or_keep(in, field, key, text);
}

/* As many characters of the text as the field takes, at most so many; the request keeps all. */
static crm_status set_cut(intake *in, const char *field, crm_str text, size_t most)
{
    size_t fits = 0, too_many = most + 1;
    crm_status s = crm_set_input(in->c, in->rec, field, crm_cut(text, most));
    while (s == CRM_INVALID && fits + 1 < too_many) {
        size_t n = fits + (too_many - fits) / 2;
        crm_status tried = crm_set_input(in->c, in->rec, field, crm_cut(text, n));
        if (tried != CRM_OK && tried != CRM_INVALID) {
            return tried;
        }
        *(tried == CRM_OK ? &fits : &too_many) = n;
    }
    if (s == CRM_INVALID) {
        crm_log(CRM_LOG_WARN, "field=%s characters=%zu bytes=%zu", field, fits, text.n);
        s = fits ? crm_set_input(in->c, in->rec, field, crm_cut(text, fits)) : CRM_OK;
    }
    return s;
}

static crm_status take(intake *in, crm_str key, crm_str text)
{
    crm_str to = target_of(in->c, in->fields, key);
    if (is_word(to, "message")) {
        return add_message(in, text);
    }
    crm_str name = crm_fmt(in->c, "%.*s", (int)to.n, to.n ? to.p : "");
    if (!name.p) {
        return CRM_NOMEM;
    }
    crm_str type = to.n ? crm_field_type(in->c, in->entity, name.p) : (crm_str){0};
    bool is_taken = !type.n || crm_has(in->rec, name.p);
    if (is_word(type, "phone") && !in->phone.n) {
        in->phone = text;
    }
    if (is_word(type, "email") && !in->email.n) {
        in->email = text;
    }
    if (!is_taken && (is_word(type, "phone") || is_word(type, "email") || is_word(type, "url"))) {
        return set_input(in, name.p, key, text);
    }
    if (!is_taken && (is_word(type, "text") || is_word(type, "address"))) {
        return set_line(in, name.p, key, text);
    }
    return is_word(type, "multiline") && !is_taken ? set_or_keep(in, name.p, key, text)
                                                   : keep_line(in, key, text);
}

/* ---- what is no answer of the visitor's ------------------------------------------------------ */

static bool is_service(crm_str key)
{
    static const char *const words[] = {TRAP,      TOOK,   "tranid",   "formid",
                                        "COOKIES", "test", "_charset_"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (is_word(key, words[i])) {
            return true;
        }
    }
    return false;
}

static crm_status take_all(intake *in, uint32_t *count)
{
    crm_str key, text;
    *count = 0;
    for (uint32_t i = 0; crm_body_at(in->c, i, &key, &text); i++) {
        bool is_ours = is_service(key) && !is_declared(in->c, in->fields, key);
        if (!text.n || is_ours || is_of_consent(in->c, in->fields, key)) {
            continue;
        }
        ++*count;
        in->is_unread = i == 0 && !key.n;
        crm_status s = take(in, key, text);
        if (s != CRM_OK) {
            return s;
        }
    }
    return CRM_OK;
}

/* ---- saving ---------------------------------------------------------------------------------- */

/* The field of the record that holds long texts, by the names entities give it. */
static const char *message_field(intake *in)
{
    static const char *const names[] = {"message", "text", "note", "description"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (is_word(crm_field_type(in->c, in->entity, names[i]), "multiline")) {
            return names[i];
        }
    }
    return NULL;
}

static crm_status set_message(intake *in)
{
    const char *field = message_field(in);
    crm_str text = in->message;
    if (in->rest.n) {
        crm_str more = crm_text(in->c, in->is_unread ? "intake.form.unread" : "intake.form.more");
        text = crm_fmt(in->c, "%.*s%s%.*s:\n%.*s", (int)text.n, text.n ? text.p : "",
                       text.n ? "\n\n" : "", (int)more.n, more.p, (int)in->rest.n, in->rest.p);
    }
    if (!text.n) {
        return CRM_OK;
    }
    if (!field) {
        crm_log(CRM_LOG_WARN, "entity=%s has no field for a message", in->entity);
        return CRM_OK;
    }
    if (crm_has(in->rec, field)) { /* the form has filled it */
        crm_str filled = crm_get_text(in->rec, field);
        text = crm_fmt(in->c, "%.*s\n\n%.*s", (int)filled.n, filled.p, (int)text.n, text.p);
    }
    return set_cut(in, field, text, MESSAGE_MAX);
}

/* Of a visitor who wrote no message: by whom the request is, else from which form. The record's own
 * title would be the line we put above what no field took. */
static crm_status set_title(intake *in, crm_str instance)
{
    bool is_told = in->message.n || in->is_unread || crm_has(in->rec, "title");
    if (is_told || !is_word(crm_field_type(in->c, in->entity, "title"), "text")) {
        return CRM_OK;
    }
    bool has_name = is_word(crm_field_type(in->c, in->entity, "name"), "text");
    crm_str known[] = {has_name ? crm_get_text(in->rec, "name") : (crm_str){0}, in->phone,
                       in->email, form_setting(in->c, instance, "title"), instance};
    crm_str title = {0};
    for (size_t i = 0; i < sizeof known / sizeof *known && !title.n; i++) {
        title = crm_cut(known[i], LINE_MAX);
    }
    const char *end = title.n ? memchr(title.p, '\n', title.n) : NULL;
    title.n = end ? (size_t)(end - title.p) : title.n;
    return set_cut(in, "title", title, LINE_MAX);
}

static crm_status set_source(intake *in, crm_str instance)
{
    crm_str source = form_setting(in->c, instance, "source");
    bool has_field = crm_field_type(in->c, in->entity, "source").n != 0;
    return source.n && has_field ? crm_set_text(in->rec, "source", source) : CRM_OK;
}

/* When the request came, ms UTC: it may be worked out much later. */
static int64_t arrived_at(crm_ctx *c)
{
    int64_t at = crm_param_id(c, "at");
    return at ? at : crm_now(c);
}

static crm_status set_consent(intake *in, crm_str instance)
{
    bool is_given = false;
    if (in->is_unread || !is_word(crm_field_type(in->c, in->entity, "consent"), "multiline")) {
        return CRM_OK;
    }
    crm_str text = consent_told(in->c, instance, in->fields, &is_given);
    crm_status s = text.n ? set_cut(in, "consent", text, MESSAGE_MAX) : CRM_OK;
    bool has_moment = is_word(crm_field_type(in->c, in->entity, "consent_at"), "datetime");
    return s == CRM_OK && is_given && has_moment
               ? crm_set_int(in->rec, "consent_at", arrived_at(in->c))
               : s;
}

static crm_status take_mark(void *in, crm_str key, crm_str text)
{
    return take(in, key, text);
}

static crm_status receive(crm_ctx *c, crm_str instance)
{
    crm_str creates = form_setting(c, instance, "creates");
    intake in = {.c = c, .entity = creates.p, .fields = form_setting(c, instance, "fields")};
    uint32_t count;
    if (!creates.n) {
        return crm_fail(c, CRM_MISUSE, NULL, "%.*s: creates", (int)instance.n, instance.p);
    }
    crm_status s = refuse_robot(c, instance, in.fields);
    s = s == CRM_OK ? crm_new(c, in.entity, &in.rec) : s;
    s = s == CRM_OK ? take_all(&in, &count) : s;
    if (s != CRM_OK || count == 0) {
        return s; /* an empty form, or a site builder that tries whether we answer */
    }
    s = take_marks(c, take_mark, &in);
    s = s == CRM_OK ? set_message(&in) : s;
    s = s == CRM_OK ? set_title(&in, instance) : s;
    s = s == CRM_OK ? set_source(&in, instance) : s;
    s = s == CRM_OK ? set_consent(&in, instance) : s;
    return s == CRM_OK ? crm_save(c, in.rec) : s;
}

static const crm_integration integrations[] = {
    {.type = "webform",
     .schema = "{\"title\":{\"type\":\"text\",\"title\":\"intake.setting.title\"},"
               "\"creates\":{\"type\":\"text\",\"required\":true,"
               "\"title\":\"intake.setting.creates\"},"
               "\"source\":{\"type\":\"choice\",\"of\":\"creates\",\"field\":\"source\","
               "\"title\":\"intake.setting.source\"},"
               "\"fields\":{\"type\":\"map\",\"title\":\"intake.setting.fields\"},"
               "\"consent\":{\"type\":\"text\",\"title\":\"intake.setting.consent\"},"
               "\"seconds\":{\"type\":\"int\",\"title\":\"intake.setting.seconds\"},"
               "\"per_minute\":{\"type\":\"int\",\"title\":\"intake.setting.per_minute\"},"
               "\"sites\":{\"type\":\"list\",\"title\":\"intake.setting.sites\"},"
               "\"thanks\":{\"type\":\"text\",\"title\":\"intake.setting.thanks\"},"
               "\"answer\":{\"type\":\"choice\",\"options\":[\"json\",\"ok\"],"
               "\"title\":\"intake.setting.answer\"}}",
     .receive = receive,
     .describe = describe_form},
};

static const crm_module self = {
    CRM_MODULE_HEAD,
    .name = CRM_MODULE_NAME,
    .version = CRM_MODULE_VERSION,
    .license = "Apache-2.0",
    .integrations = CRM_TABLE(integrations),
};
CRM_MODULE_EXPORT(self);
