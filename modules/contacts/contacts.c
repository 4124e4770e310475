/*
 * contacts.c - people and companies, and the rule step that finds or makes the person behind a
 * record: `contact: {match: [phone, email], otherwise: create}`. Who is responsible for a request
 * that came from outside then works with that person, though another is responsible for him.
 *
 * Only sound values are looked up: a phone in E.164, an address with a domain. What a person typed
 * wrongly stays with the record it came with and joins nobody to somebody else.
 */
#include <crm/host.h>
#include <string.h>

#define PERSON  "contacts.person"
#define COMPANY "contacts.company"
#define CONSENT "contacts.consent"

/* ---- values of a field that may have many ---------------------------------------------------- */

static bool next_element(crm_str *rest, crm_str *out)
{
    if (rest->n == 0) {
        return false;
    }
    const char *end = memchr(rest->p, '\n', rest->n);
    size_t n = end ? (size_t)(end - rest->p) : rest->n;
    *out = (crm_str){rest->p, n};
    rest->p += end ? n + 1 : n;
    rest->n -= end ? n + 1 : n;
    return true;
}

static bool is_phone(crm_str s)
{
    return s.n > 7 && s.p[0] == '+';
}

/* Good enough to identify somebody, and safe inside a JSON text. */
static bool is_email(crm_str s)
{
    const char *at = memchr(s.p, '@', s.n);
    if (!at || at == s.p || !memchr(at, '.', s.n - (size_t)(at - s.p))) {
        return false;
    }
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= ' ' || c == '"' || c == '\\' || (c == '@' && &s.p[i] != at)) {
            return false;
        }
    }
    return true;
}

static bool is_sound(const char *field, crm_str s)
{
    return strcmp(field, "phone") == 0 ? is_phone(s) : is_email(s);
}

/* The sound elements of a field of the record, joined as it stores them. */
static crm_str sound_values(crm_ctx *c, const crm_rec *r, const char *field)
{
    crm_str rest = crm_get_text(r, field), one, all = {0};
    while (next_element(&rest, &one)) {
        if (!is_sound(field, one)) {
            continue;
        }
        all = all.n ? crm_fmt(c, "%.*s\n%.*s", (int)all.n, all.p, (int)one.n, one.p) : one;
    }
    return all;
}

/* ---- finding --------------------------------------------------------------------------------- */

/* ["phone","in",["+7…","+7…"]] */
static crm_str condition(crm_ctx *c, const char *field, crm_str values)
{
    crm_str one, list = {0};
    while (next_element(&values, &one)) {
        list = list.n ? crm_fmt(c, "%.*s,\"%.*s\"", (int)list.n, list.p, (int)one.n, one.p)
                      : crm_fmt(c, "\"%.*s\"", (int)one.n, one.p);
    }
    return crm_fmt(c, "[\"%s\",\"in\",[%.*s]]", field, (int)list.n, list.p);
}

/* The person known longest by any of the record's values of `field`; *out stays NULL when nobody
 * is. */
static crm_status find_by(crm_ctx *c, const crm_rec *subject, const char *field, crm_rec **out)
{
    crm_str values = sound_values(c, subject, field);
    crm_rows *rows;
    if (!values.n) {
        return CRM_OK;
    }
    crm_str where = condition(c, field, values);
    if (!where.p) {
        return CRM_NOMEM;
    }
    crm_status s = crm_find(c, PERSON, where.p, "created_at", 1, &rows);
    *out = s == CRM_OK ? crm_next(rows) : NULL;
    return s;
}

static crm_status find_person(crm_ctx *c, const crm_rec *subject, crm_rec **out)
{
    static const char *const fields[] = {"phone", "email"};
    crm_str match = crm_arg_json(c, "match"), key, name;
    *out = NULL;
    for (uint32_t i = 0; i < 2 && !match.n && !*out; i++) {
        crm_status s = find_by(c, subject, fields[i], out);
        if (s != CRM_OK) {
            return s;
        }
    }
    for (uint32_t i = 0; match.n && !*out && crm_json_at(c, match, i, &key, &name); i++) {
        bool is_email_name = name.n == 5 && memcmp(name.p, "email", 5) == 0;
        crm_status s = find_by(c, subject, is_email_name ? "email" : "phone", out);
        if (s != CRM_OK) {
            return s;
        }
    }
    return CRM_OK;
}

/* ---- making ---------------------------------------------------------------------------------- */

/* At most so many characters, as module.yaml has it: the other entity may take more. */
static crm_status copy_text(crm_rec *to, const crm_rec *from, const char *field, size_t max)
{
    crm_str v = crm_get_text(from, field);
    return v.n ? crm_set_text(to, field, crm_cut(v, max)) : CRM_OK;
}

static crm_status copy_int_as(crm_rec *to, const char *as, const crm_rec *from, const char *field)
{
    return crm_has(from, field) ? crm_set_int(to, as, crm_get_int(from, field)) : CRM_OK;
}

static crm_status copy_int(crm_rec *to, const crm_rec *from, const char *field)
{
    return copy_int_as(to, field, from, field);
}

/*
 * The request he came by the first time, when its module has a place for it with persons
 * ("first_lead" for a "sales.lead"): what brought him stands there, whatever brings him later.
 */
static crm_status note_first(crm_ctx *c, crm_rec *person, const crm_rec *subject)
{
    const char *dot = strchr(crm_entity(subject), '.');
    crm_str field = crm_fmt(c, "first_%s", dot ? dot + 1 : "");
    if (!field.p) {
        return CRM_NOMEM;
    }
    crm_str type = crm_field_type(c, PERSON, field.p);
    bool has_place = type.n == 3 && memcmp(type.p, "ref", 3) == 0;
    return has_place ? crm_set_int(person, field.p, crm_id(subject)) : CRM_OK;
}

/* What there is to call him by: his name, else his phone or address. */
static crm_str name_for(crm_ctx *c, const crm_rec *subject, crm_str phone, crm_str email)
{
    crm_str name = crm_get_text(subject, "name"), first = {0};
    if (name.n) {
        return name;
    }
    crm_str values = phone.n ? phone : email;
    return next_element(&values, &first) ? first : crm_text(c, "contacts.unnamed");
}

static crm_status make_person(crm_ctx *c, const crm_rec *subject, crm_rec **out)
{
    crm_str phone = sound_values(c, subject, "phone"), email = sound_values(c, subject, "email");
    crm_status s = crm_new(c, PERSON, out);
    if (s != CRM_OK) {
        return s;
    }
    s = crm_set_text(*out, "name", crm_cut(name_for(c, subject, phone, email), 200));
    s = s == CRM_OK ? crm_set_text(*out, "phone", phone) : s;
    s = s == CRM_OK ? crm_set_text(*out, "email", email) : s;
    s = s == CRM_OK ? copy_text(*out, subject, "city", 120) : s;
    s = s == CRM_OK ? copy_text(*out, subject, "source", 60) : s;
    s = s == CRM_OK ? copy_int(*out, subject, "owner") : s;
    s = s == CRM_OK ? copy_int(*out, subject, "department") : s;
    s = s == CRM_OK ? note_first(c, *out, subject) : s;
    return s == CRM_OK ? crm_save(c, *out) : s;
}

/* ---- who works with him -----------------------------------------------------------------------
 */

/* The user in a field when he can still work: not who has left, nor a program; 0: nobody. */
static crm_status find_working(crm_ctx *c, const crm_rec *known, const char *field, int64_t *out)
{
    crm_rec *user;
    *out = 0;
    if (!crm_has(known, field)) {
        return CRM_OK;
    }
    crm_status s = crm_get(c, "user", crm_get_int(known, field), &user);
    if (s == CRM_OK && !crm_get_int(user, "is_disabled") && !crm_get_int(user, "is_service")) {
        *out = crm_id(user);
    }
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

static crm_status add_participant(crm_ctx *c, crm_rec *known, int64_t user, int64_t owner,
                                  int64_t *told)
{
    crm_status s = crm_set_int(known, "participant", user);
    s = s == CRM_OK ? crm_save(c, known) : s;
    if (s != CRM_OK || owner == *told) {
        return s;
    }
    *told = owner;
    crm_str text = crm_fill(c, crm_text(c, "contacts.joined"), known);
    return crm_notify(c, owner, "contacts.joined", known, text);
}

/* The place is taken: who has it keeps it, and who is responsible decides about one more. */
static crm_status tell_of_another(crm_ctx *c, const crm_rec *known, int64_t user, int64_t owner,
                                  int64_t *told)
{
    crm_rec *another;
    crm_status s = owner == *told ? CRM_NOT_FOUND : crm_get(c, "user", user, &another);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    *told = owner;
    crm_str text = crm_fill(c, crm_text(c, "contacts.another"), known);
    crm_str name = crm_get_text(another, "name");
    text = crm_fmt(c, "%.*s: %.*s", (int)text.n, text.n ? text.p : "", (int)name.n,
                   name.n ? name.p : "");
    return text.p ? crm_notify(c, owner, "contacts.another", known, text) : CRM_NOMEM;
}

static crm_status take_over(crm_ctx *c, crm_rec *known, int64_t user)
{
    int64_t beside;
    crm_status s = find_working(c, known, "participant", &beside);
    s = s == CRM_OK ? crm_set_int(known, "owner", user) : s;
    if (s == CRM_OK && (!beside || beside == user)) {
        s = crm_set_null(known, "participant");
    }
    return s == CRM_OK ? crm_save(c, known) : s;
}

/* Makes `user` one who works with a person or company: responsible for it when nobody is, else its
 * participant, of which there is one. So he sees the client, and who is responsible learns of him.
 */
static crm_status join(crm_ctx *c, const char *entity, int64_t id, int64_t user, int64_t *told)
{
    crm_rec *known;
    int64_t owner, beside = 0;
    crm_status s = crm_get(c, entity, id, &known);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s; /* deleted meanwhile */
    }
    s = find_working(c, known, "owner", &owner);
    if (s == CRM_OK && !owner) {
        return take_over(c, known, user);
    }
    s = s == CRM_OK ? find_working(c, known, "participant", &beside) : s;
    if (s != CRM_OK || owner == user || beside == user) {
        return s;
    }
    return beside ? tell_of_another(c, known, user, owner, told)
                  : add_participant(c, known, user, owner, told);
}

/* Nobody of the staff has had a hand in it: what one types himself opens him no client of
 * another's.
 */
static bool is_from_outside(crm_ctx *c, const crm_rec *subject)
{
    return !crm_arg_text(c, "$by").n && !crm_get_int(subject, "created_by") &&
           !crm_get_int(subject, "updated_by");
}

/* Who is responsible for the record works with its person and company. */
static crm_status join_owner(crm_ctx *c, const crm_rec *subject)
{
    const char *of = crm_entity(subject);
    int64_t owner = crm_get_int(subject, "owner"), told = 0;
    if (!crm_field_type(c, of, "owner").n || !owner) {
        return CRM_OK;
    }
    crm_status s = join(c, PERSON, crm_get_int(subject, "contact"), owner, &told);
    if (s == CRM_OK && crm_field_type(c, of, "company").n && crm_has(subject, "company")) {
        s = join(c, COMPANY, crm_get_int(subject, "company"), owner, &told);
    }
    return s;
}

/* ---- what he agreed to ------------------------------------------------------------------------
 */

/* The name of the field by which a record of the subject's kind is referred to: "lead" for a
 * "sales.lead", when its module has given `of` one; {NULL,0}: it has not. */
static crm_str place_for(crm_ctx *c, const char *of, const crm_rec *subject)
{
    const char *dot = strchr(crm_entity(subject), '.');
    crm_str field = crm_fmt(c, "%s", dot ? dot + 1 : "");
    crm_str type = field.p ? crm_field_type(c, of, field.p) : (crm_str){0};
    return type.n == 3 && memcmp(type.p, "ref", 3) == 0 ? field : (crm_str){0};
}

static crm_status make_consent(crm_ctx *c, const crm_rec *subject, crm_str place)
{
    crm_rec *made;
    bool has_source = crm_field_type(c, crm_entity(subject), "source").n != 0;
    crm_status s = crm_new(c, CONSENT, &made);
    s = s == CRM_OK ? crm_set_int(made, "person", crm_get_int(subject, "contact")) : s;
    s = s == CRM_OK ? crm_set_int(made, place.p, crm_id(subject)) : s;
    s = s == CRM_OK ? crm_set_text(made, "purpose", CRM_S("request")) : s;
    s = s == CRM_OK ? copy_int_as(made, "given_at", subject, "consent_at") : s;
    s = s == CRM_OK ? crm_set_text(made, "text", crm_get_text(subject, "consent")) : s;
    if (s == CRM_OK && has_source) {
        s = crm_set_text(made, "channel", crm_cut(crm_get_text(subject, "source"), 60));
    }
    return s == CRM_OK ? crm_save(c, made) : s;
}

/* The consent that came with a request belongs to its person, once. */
static crm_status keep_consent(crm_ctx *c, const crm_rec *subject)
{
    int64_t count;
    crm_str place = place_for(c, CONSENT, subject);
    bool has_any = crm_field_type(c, crm_entity(subject), "consent_at").n != 0 &&
                   crm_has(subject, "consent_at") && crm_has(subject, "contact");
    if (!has_any || !place.n) {
        return CRM_OK;
    }
    crm_str where = crm_fmt(c, "[\"%s\",\"eq\",%lld]", place.p, (long long)crm_id(subject));
    crm_status s = where.p ? crm_count(c, CONSENT, where.p, &count) : CRM_NOMEM;
    return s == CRM_OK && !count ? make_consent(c, subject, place) : s;
}

/* ---- the step -------------------------------------------------------------------------------- */

static bool may_make(crm_ctx *c, const crm_rec *subject)
{
    crm_str otherwise = crm_arg_text(c, "otherwise");
    bool is_create = otherwise.n == 6 && memcmp(otherwise.p, "create", 6) == 0;
    bool is_anybody =
        crm_has(subject, "name") || crm_has(subject, "phone") || crm_has(subject, "email");
    return is_create && is_anybody;
}

static crm_status set_person(crm_ctx *c, crm_rec *subject, const crm_rec *person)
{
    crm_status s = crm_set_int(subject, "contact", crm_id(person));
    bool wants_company = crm_field_type(c, crm_entity(subject), "company").n != 0 &&
                         !crm_has(subject, "company") && crm_has(person, "company");
    if (s == CRM_OK && wants_company) {
        s = crm_set_int(subject, "company", crm_get_int(person, "company"));
    }
    return s == CRM_OK ? crm_save(c, subject) : s;
}

/* What a record of a known person brings him. */
static crm_status be_with(crm_ctx *c, const crm_rec *subject, bool is_outside)
{
    crm_status s = keep_consent(c, subject);
    return s == CRM_OK && is_outside ? join_owner(c, subject) : s;
}

static crm_status contact_step(crm_ctx *c, crm_rec *subject)
{
    crm_rec *person;
    if (!crm_field_type(c, crm_entity(subject), "contact").n) {
        return CRM_OK;
    }
    bool is_outside = is_from_outside(c, subject); /* of what stands there before this step saves */
    if (crm_has(subject, "contact")) {
        return be_with(c, subject, is_outside);
    }
    crm_status s = find_person(c, subject, &person);
    if (s == CRM_OK && !person && may_make(c, subject)) {
        s = make_person(c, subject, &person);
    }
    if (s != CRM_OK || !person) {
        return s;
    }
    s = set_person(c, subject, person);
    return s == CRM_OK ? be_with(c, subject, is_outside) : s;
}

static const crm_step steps[] = {
    {.verb = "contact",
     .schema = "{\"match\":{\"type\":\"list\",\"options\":[\"phone\",\"email\"],"
               "\"title\":\"contacts.step.match\"},"
               "\"otherwise\":{\"type\":\"choice\",\"options\":[\"create\",\"nothing\"],"
               "\"title\":\"contacts.step.otherwise\"}}",
     .fn = contact_step},
};

static const crm_module self = {
    CRM_MODULE_HEAD,         .name = CRM_MODULE_NAME,   .version = CRM_MODULE_VERSION,
    .license = "Apache-2.0", .steps = CRM_TABLE(steps),
};
CRM_MODULE_EXPORT(self);
