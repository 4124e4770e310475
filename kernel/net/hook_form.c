/*
 * hook_form.c - a form in parts (multipart/form-data) as the urlencoded one that is kept instead:
 * what reads requests then knows one kind of form, and no file comes into the store. Loop thread.
 */
#include "base/charset.h"
#include "base/multipart.h"
#include "net/api_private.h"

/* Bytes of no UTF-8 are escaped, which leaves it to the reader what they mean; so is what would
 * make another body of it. */
static void put_escaped(buf *b, crm_str s)
{
    static const char digits[] = "0123456789ABCDEF";
    bool is_text = text_is_utf8(s);
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        bool is_plain = c >= 0x80 ? is_text : c >= ' ' && c != 0x7f && !strchr("%&=+{", c);
        if (is_plain) {
            buf_char(b, (char)c);
        } else {
            buf_add(b, (const char[]){'%', digits[c >> 4], digits[c & 15]}, 3);
        }
    }
}

/* "scheme.pdf: the file was not kept (bytes: 48213)", in the deployment's language. */
static void put_file(crm_ctx *c, buf *b, const multipart_part *p)
{
    buf params, note;
    json_writer w;
    buf_init(&params, 8 * MULTIPART_HEAD_MAX);
    buf_init(&note, 8 * MULTIPART_HEAD_MAX);
    jw_init(&w, &params);
    jw_object(&w);
    jw_kstr(&w, "name", p->file_name.n ? p->file_name : p->name);
    jw_kint(&w, "size", (int64_t)p->content.n);
    jw_end_object(&w);
    registry_text_fill(registry_text(c->reg, c->reg->locale, CRM_S("form.file")), buf_view(&params),
                       &note);
    put_escaped(b, buf_view(&note));
    b->failed = b->failed || params.failed || note.failed;
    buf_free(&params);
    buf_free(&note);
}

/* Of an input for files that was left empty browsers send a file without a name and content. */
static bool is_left_empty(const multipart_part *p)
{
    return p->is_file && !p->file_name.n && !p->content.n;
}

static void put_part(crm_ctx *c, buf *b, const multipart_part *p)
{
    if (is_left_empty(p)) {
        return;
    }
    if (b->n) {
        buf_char(b, '&');
    }
    put_escaped(b, p->name);
    buf_char(b, '=');
    if (p->is_file) {
        put_file(c, b, p);
    } else {
        put_escaped(b, p->content);
    }
}

/* What the form says of its encoding: the field "_charset_" (RFC 7578 §4.6), or a part of its own.
 */
static crm_str kept_type(crm_ctx *c, const multipart_part *parts, uint32_t count)
{
    charset said = CHARSET_UTF8;
    bool is_said = false;
    for (uint32_t i = 0; i < count && !is_said; i++) {
        bool is_field = str_is(parts[i].name, "_charset_");
        crm_str name = is_field ? parts[i].content : parts[i].charset;
        is_said = !parts[i].is_file && name.n && charset_find(name, &said);
    }
    crm_str type = CRM_S("application/x-www-form-urlencoded");
    return is_said ? arena_fmt(c->arena, "%.*s; charset=%.*s", STR_FMT(type),
                               STR_FMT(charset_name(said)))
                   : type;
}

crm_status hook_take_parts(crm_ctx *c, crm_str *content_type, crm_str *body)
{
    multipart_part *parts;
    uint32_t count;
    buf b;
    crm_status s = multipart_read(c->arena, *content_type, *body, &parts, &count);
    if (s == CRM_INVALID) {
        return body->n > HOOK_BODY_MAX ? CRM_TOO_LARGE : CRM_OK;
    }
    if (s != CRM_OK) {
        return s;
    }
    buf_init(&b, HOOK_BODY_MAX);
    for (uint32_t i = 0; i < count; i++) {
        put_part(c, &b, &parts[i]);
    }
    s = b.failed ? CRM_TOO_LARGE : CRM_OK;
    *body = arena_dup(c->arena, buf_view(&b));
    *content_type = kept_type(c, parts, count);
    buf_free(&b);
    return s == CRM_OK && !(body->p && content_type->p) ? CRM_NOMEM : s;
}
