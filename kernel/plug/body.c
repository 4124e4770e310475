/*
 * body.c - the fields of a request: the query string and a form's body (WHATWG URL, section 5), or
 * a JSON object. A body is read once per call into the module, however often it is asked for. One
 * that is neither, though it says something, is a single field without a key.
 */
#include <ctype.h>
#include <string.h>

#include "base/charset.h"
#include "plug/module.h"

struct body_fields {
    uint32_t count;
    struct body_field {
        crm_str key, text;
    } at[BODY_FIELDS_MAX + 1]; /* the last is what came beyond the limit */
};

/* ---- encodings ------------------------------------------------------------------------------- */

/* Of "…; charset=windows-1251"; UTF-8 when it says nothing we know. */
static charset declared_charset(crm_str content_type)
{
    static const crm_str name = {"charset=", 8};
    crm_str part, rest = content_type;
    charset found = CHARSET_UTF8;
    while (str_split(&rest, ';', &part)) {
        part = str_trim(part);
        if (part.n <= name.n || !str_eq_ascii_nocase((crm_str){part.p, name.n}, name)) {
            continue;
        }
        crm_str said = {part.p + name.n, part.n - name.n};
        bool is_quoted = said.n > 2 && said.p[0] == '"' && said.p[said.n - 1] == '"';
        said = is_quoted ? (crm_str){said.p + 1, said.n - 2} : said;
        return charset_find(said, &found) ? found : CHARSET_UTF8;
    }
    return found;
}

/* UTF-8 with broken places, and not another encoding: most of what is beyond ASCII is sound. */
static bool is_rather_utf8(crm_str s)
{
    size_t good = 0, bad = 0;
    while (s.n) {
        size_t n = text_sequence(s);
        good += n > 1;
        bad += !n;
        n = n ? n : 1;
        s = (crm_str){s.p + n, s.n - n};
    }
    return good >= bad;
}

/* Old sites send windows-1251 and say nothing of it. */
static crm_status clean_foreign(arena *a, crm_str bytes, charset declared, crm_str *out)
{
    charset_decoder *d = ARENA_NEW(a, charset_decoder);
    charset from = declared != CHARSET_UTF8 ? declared
                   : is_rather_utf8(bytes)  ? CHARSET_UTF8
                                            : CHARSET_CP1251;
    crm_status s = d ? charset_open(d, from) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    buf text;
    buf_init(&text, 0);
    charset_decode(d, bytes, true, &text);
    s = text.failed ? CRM_NOMEM : text_clean(a, buf_view(&text), out);
    buf_free(&text);
    return s;
}

static crm_str to_text(arena *a, crm_str bytes, charset declared)
{
    crm_str clean = {0};
    crm_status st = bytes.p ? text_clean(a, bytes, &clean) : CRM_NOMEM;
    if (st == CRM_INVALID) {
        st = clean_foreign(a, bytes, declared, &clean);
    }
    return call_unread(st) ? (crm_str){0} : clean;
}

static crm_str decode(arena *a, crm_str s, charset declared)
{
    return to_text(a, text_unescape(a, s), declared);
}

/* ---- forms ----------------------------------------------------------------------------------- */

/* White space and the byte order mark that editors of Windows put before everything. */
static crm_str without_mark(crm_str body)
{
    bool has_mark = str_starts(body, CRM_S("\xEF\xBB\xBF"));
    return str_trim(has_mark ? (crm_str){body.p + 3, body.n - 3} : body);
}

/* The next pair as it was sent; an empty one is none. */
static bool next_pair(crm_str *rest, crm_str *name, crm_str *text)
{
    crm_str part;
    while (str_split(rest, '&', &part)) {
        if (!part.n) {
            continue;
        }
        *text = part;
        str_split(text, '=', name);
        *text = name->n < part.n ? *text : (crm_str){0};
        return true;
    }
    return false;
}

crm_str query_text(arena *a, crm_str rest, crm_str wanted)
{
    crm_str name, text;
    while (next_pair(&rest, &name, &text)) {
        if (str_eq(decode(a, name, CHARSET_UTF8), wanted)) {
            return decode(a, text, CHARSET_UTF8);
        }
    }
    return (crm_str){0};
}

static void read_form(arena *a, const call_request *q, body_fields *out)
{
    charset declared = declared_charset(q->content_type);
    crm_str name, text, rest = q->body;
    while (out->count < BODY_FIELDS_MAX && next_pair(&rest, &name, &text)) {
        out->at[out->count].key = decode(a, name, declared);
        out->at[out->count++].text = decode(a, text, declared);
    }
    if (rest.n) {
        out->at[out->count++].text = decode(a, rest, declared);
    }
}

/* Scripts send JSON with the type that their library gives every body. */
static bool is_form(const call_request *q)
{
    if (str_starts(without_mark(q->body), CRM_S("{"))) {
        return false;
    }
    static const char form[] = "application/x-www-form-urlencoded";
    crm_str head = q->content_type, type = q->content_type;
    str_split(&type, ';', &head);
    return str_eq_ascii_nocase(str_trim(head), CRM_S(form));
}

/* ---- JSON ------------------------------------------------------------------------------------ */

crm_str json_plain(arena *a, const json_t *at)
{
    crm_str out = {0};
    if (!at || json_is_null(at)) {
        return out;
    }
    if (!json_is_string(at)) {
        out = json_dump(a, at);
        return call_unread(out.p ? CRM_OK : CRM_NOMEM) ? (crm_str){0} : out;
    }
    crm_status s = text_clean(a, (crm_str){json_string_value(at), json_string_length(at)}, &out);
    return call_unread(s) ? (crm_str){0} : out;
}

/* Parsed once; NULL: it is no JSON. */
static json_t *body_json(running *f)
{
    if (!f->body_is_read) {
        f->body_is_read = true;
        f->body = f->c->request->json;
        crm_status s =
            f->body ? CRM_OK : json_read(without_mark(f->c->request->body), 0, &f->body, NULL);
        if (s != CRM_OK) {
            f->body = NULL;
            call_unread(s == CRM_NOMEM ? s : CRM_OK);
        }
    }
    return f->body;
}

static crm_str members_from(arena *a, json_t *object, void *at)
{
    json_t *rest = json_object();
    bool is_whole = rest;
    for (; is_whole && at; at = json_object_iter_next(object, at)) {
        json_t *member = json_object_iter_value(at);
        is_whole = json_object_set_nocheck(rest, json_object_iter_key(at), member) == 0;
    }
    crm_str out = is_whole ? json_plain(a, rest) : (crm_str){0};
    call_unread(is_whole ? CRM_OK : CRM_NOMEM);
    json_decref(rest);
    return out;
}

static void read_members(arena *a, json_t *object, body_fields *out)
{
    void *at = json_object_iter(object);
    for (; at && out->count < BODY_FIELDS_MAX; at = json_object_iter_next(object, at)) {
        out->at[out->count].key = str_of(json_object_iter_key(at));
        out->at[out->count++].text = json_plain(a, json_object_iter_value(at));
    }
    if (at) {
        out->at[out->count++].text = members_from(a, object, at);
    }
}

/* ---- neither ----------------------------------------------------------------------------------
 */

static bool says_something(crm_str text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (isalnum((unsigned char)text.p[i]) || (unsigned char)text.p[i] >= 0x80) {
            return true;
        }
    }
    return false;
}

static void read_raw(arena *a, const call_request *q, body_fields *out)
{
    crm_str text = to_text(a, without_mark(q->body), declared_charset(q->content_type));
    if (says_something(text)) {
        out->at[out->count++] = (struct body_field){.text = text};
    }
}

/* ---- the body of the running call ------------------------------------------------------------ */

static const body_fields *fields_of(running *f)
{
    const call_request *q = f->c ? f->c->request : NULL;
    if (f->fields || !q) {
        return f->fields;
    }
    f->fields = ARENA_NEW(f->c->arena, body_fields);
    if (call_unread(f->fields ? CRM_OK : CRM_NOMEM)) {
        return NULL;
    }
    bool is_of_form = is_form(q) && q->body.n && memchr(q->body.p, '=', q->body.n);
    if (is_of_form) {
        read_form(f->c->arena, q, f->fields);
    } else if (!is_form(q) && json_is_object(body_json(f))) {
        read_members(f->c->arena, f->body, f->fields);
    } else if (q->body.n) {
        read_raw(f->c->arena, q, f->fields);
    }
    return f->fields;
}

bool body_is_raw(const running *f)
{
    return f && f->fields && f->fields->count && !f->fields->at[0].key.n;
}

crm_str host_body_text(crm_ctx *c, const char *key)
{
    running *f = plug_now;
    crm_str wanted = str_of(key ? key : "");
    if (!c->request) {
        return (crm_str){0};
    }
    if (!is_form(c->request)) {
        return json_plain(c->arena, json_object_get(body_json(f), wanted.p));
    }
    const body_fields *all = fields_of(f);
    for (uint32_t i = 0; all && i < all->count; i++) {
        if (str_eq(all->at[i].key, wanted)) {
            return all->at[i].text;
        }
    }
    return (crm_str){0};
}

bool host_body_at(crm_ctx *c, uint32_t i, crm_str *key, crm_str *text)
{
    const body_fields *all = call_in_time() == CRM_OK ? fields_of(plug_now) : NULL;
    (void)c;
    if (!all || i >= all->count) {
        return false;
    }
    *key = all->at[i].key;
    *text = all->at[i].text;
    return true;
}
