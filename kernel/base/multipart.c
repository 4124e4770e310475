/* multipart.c - a form's body cut at its boundary, each part's headers read. Any thread. */
#include "base/multipart.h"

#include "base/str.h"
#include "base/text.h"

/* ---- parameters of a header ------------------------------------------------------------------ */

/* Token characters of RFC 9110 §5.6.2. */
static bool is_token_char(char c)
{
    bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    return is_plain || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static crm_str take_token(crm_str *rest)
{
    crm_str token = {rest->p, 0};
    while (token.n < rest->n && is_token_char(rest->p[token.n])) {
        token.n++;
    }
    *rest = (crm_str){rest->p + token.n, rest->n - token.n};
    return token;
}

static void skip_blanks(crm_str *rest)
{
    while (rest->n && (*rest->p == ' ' || *rest->p == '\t')) {
        rest->p++;
        rest->n--;
    }
}

/* Behind its first quote. Browsers write a quote inside as %22 (WHATWG HTML, "multipart form
 * data"), other programs as \". A backslash else stands for itself, as in a path. */
static bool take_quoted(arena *a, crm_str *rest, crm_str *out)
{
    char *p = arena_alloc(a, rest->n + 1);
    size_t n = 0, i = 0;
    while (p && i < rest->n && rest->p[i] != '"') {
        crm_str left = {rest->p + i, rest->n - i};
        bool is_coded = str_starts(left, CRM_S("%22"));
        bool is_escaped = str_starts(left, CRM_S("\\\"")) || str_starts(left, CRM_S("\\\\"));
        p[n++] = is_coded ? '"' : left.p[is_escaped];
        i += is_coded ? 3 : (size_t)is_escaped + 1;
    }
    if (!p || i == rest->n) {
        return false;
    }
    *out = (crm_str){p, n};
    *rest = (crm_str){rest->p + i + 1, rest->n - i - 1};
    return true;
}

typedef struct param {
    crm_str name, value;
} param;

/* The next "; name=value". False at the end, and with *is_sound cleared at what is none. */
static bool next_param(arena *a, crm_str *rest, param *out, bool *is_sound)
{
    skip_blanks(rest);
    if (!rest->n) {
        return false;
    }
    *is_sound = false;
    if (*rest->p != ';') {
        return false;
    }
    *rest = (crm_str){rest->p + 1, rest->n - 1};
    skip_blanks(rest);
    out->name = take_token(rest);
    if (!out->name.n || !rest->n || *rest->p != '=') {
        return false;
    }
    *rest = (crm_str){rest->p + 1, rest->n - 1};
    if (rest->n && *rest->p == '"') {
        *rest = (crm_str){rest->p + 1, rest->n - 1};
        *is_sound = take_quoted(a, rest, &out->value);
    } else {
        out->value = take_token(rest);
        *is_sound = out->value.n != 0;
    }
    return *is_sound;
}

/* "type/subtype" or one word, before the parameters. */
static crm_str take_type(crm_str *rest)
{
    crm_str type = {rest->p, 0};
    while (type.n < rest->n && (is_token_char(rest->p[type.n]) || rest->p[type.n] == '/')) {
        type.n++;
    }
    *rest = (crm_str){rest->p + type.n, rest->n - type.n};
    return type;
}

bool multipart_is(crm_str content_type)
{
    crm_str rest = str_trim(content_type);
    return str_eq_ascii_nocase(take_type(&rest), CRM_S("multipart/form-data"));
}

/* ---- the boundary ---------------------------------------------------------------------------- */

static bool is_boundary(crm_str s)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_plain = (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
        if (!is_plain && !strchr("'()+_,-./:=? ", c)) {
            return false;
        }
    }
    return s.n && s.n <= MULTIPART_BOUND_MAX && s.p[s.n - 1] != ' ' && !memchr(s.p, 0, s.n);
}

static crm_status boundary_of(arena *a, crm_str content_type, crm_str *out)
{
    crm_str rest = str_trim(content_type);
    bool is_sound = true;
    param p;
    *out = (crm_str){0};
    take_type(&rest);
    while (next_param(a, &rest, &p, &is_sound)) {
        if (!str_eq_ascii_nocase(p.name, CRM_S("boundary"))) {
            continue;
        }
        if (out->n) {
            return CRM_INVALID;
        }
        *out = p.value;
    }
    if (arena_failed(a)) {
        return CRM_NOMEM;
    }
    return multipart_is(content_type) && is_sound && is_boundary(*out) ? CRM_OK : CRM_INVALID;
}

/* ---- a part's headers ------------------------------------------------------------------------ */

/* The name of RFC 5987, "UTF-8''%D1%85.pdf", which some programs send beside the plain one. */
static crm_str decoded_name(arena *a, crm_str s)
{
    crm_str part;
    for (int i = 0; i < 2 && str_find(s, '\'') >= 0; i++) {
        str_split(&s, '\'', &part);
    }
    return text_unescape(a, s);
}

static bool read_disposition(arena *a, crm_str value, multipart_part *out)
{
    bool is_sound = true;
    param p;
    if (out->name.n || !str_eq_ascii_nocase(take_type(&value), CRM_S("form-data"))) {
        return false;
    }
    while (next_param(a, &value, &p, &is_sound)) {
        bool is_name = str_eq_ascii_nocase(p.name, CRM_S("name"));
        bool is_plain = str_eq_ascii_nocase(p.name, CRM_S("filename"));
        bool is_coded = str_eq_ascii_nocase(p.name, CRM_S("filename*"));
        if (is_name && out->name.n) {
            return false;
        }
        out->name = is_name ? p.value : out->name;
        out->is_file = out->is_file || is_plain || is_coded;
        if (is_plain || (is_coded && !out->file_name.n)) {
            out->file_name = is_plain ? p.value : decoded_name(a, p.value);
        }
    }
    return is_sound && out->name.n;
}

static bool read_type(arena *a, crm_str value, multipart_part *out)
{
    bool is_sound = true;
    param p;
    crm_str type = take_type(&value);
    crm_str family = {type.p, type.n < 5 ? type.n : 5};
    bool is_text = str_eq_ascii_nocase(family, CRM_S("text/")) ||
                   str_eq_ascii_nocase(type, CRM_S("application/json"));
    out->is_file = out->is_file || !is_text;
    while (next_param(a, &value, &p, &is_sound)) {
        if (str_eq_ascii_nocase(p.name, CRM_S("charset"))) {
            out->charset = p.value;
        }
    }
    return is_sound && type.n;
}

static bool is_identity(crm_str encoding)
{
    return str_eq_ascii_nocase(encoding, CRM_S("binary")) ||
           str_eq_ascii_nocase(encoding, CRM_S("8bit")) ||
           str_eq_ascii_nocase(encoding, CRM_S("7bit"));
}

static bool read_header(arena *a, crm_str line, multipart_part *out)
{
    crm_str name = take_token(&line);
    for (size_t i = 0; i < line.n; i++) {
        if (((unsigned char)line.p[i] < ' ' && line.p[i] != '\t') || line.p[i] == 0x7f) {
            return false;
        }
    }
    if (!name.n || !line.n || *line.p != ':') {
        return false;
    }
    crm_str value = str_trim((crm_str){line.p + 1, line.n - 1});
    if (str_eq_ascii_nocase(name, CRM_S("content-disposition"))) {
        return read_disposition(a, value, out);
    }
    if (str_eq_ascii_nocase(name, CRM_S("content-type"))) {
        return read_type(a, value, out);
    }
    bool is_encoding = str_eq_ascii_nocase(name, CRM_S("content-transfer-encoding"));
    return !is_encoding || is_identity(value);
}

/* Headers up to the empty line, which *rest is then behind. */
static bool read_head(arena *a, crm_str *rest, multipart_part *out)
{
    size_t room = rest->n < MULTIPART_HEAD_MAX ? rest->n : MULTIPART_HEAD_MAX;
    for (int i = 0; i <= MULTIPART_HEADERS_MAX; i++) {
        const char *end = room ? memmem(rest->p, room, "\r\n", 2) : NULL;
        crm_str line = {rest->p, end ? (size_t)(end - rest->p) : 0};
        if (!end) {
            return false;
        }
        *rest = (crm_str){end + 2, rest->n - line.n - 2};
        room -= line.n + 2;
        if (!line.n) {
            return out->name.n != 0;
        }
        if (i == MULTIPART_HEADERS_MAX || !read_header(a, line, out)) {
            return false;
        }
    }
    return false;
}

/* ---- the body -------------------------------------------------------------------------------- */

/* What follows a boundary: the end of the line, or "--" and nothing more than an empty line. */
static bool after_boundary(crm_str *rest, bool *is_last)
{
    *is_last = str_starts(*rest, CRM_S("--"));
    if (*is_last) {
        *rest = str_trim((crm_str){rest->p + 2, rest->n - 2});
        return rest->n == 0;
    }
    skip_blanks(rest);
    if (!str_starts(*rest, CRM_S("\r\n"))) {
        return false;
    }
    *rest = (crm_str){rest->p + 2, rest->n - 2};
    return true;
}

/* The part `rest` begins with; *rest is then behind the boundary that ends it. */
static bool read_part(arena *a, crm_str *rest, crm_str end, multipart_part *out)
{
    if (!read_head(a, rest, out)) {
        return false;
    }
    /* An empty part's boundary may stand right behind the empty line, whose end is then its own. */
    crm_str from = {rest->p - 2, rest->n + 2};
    const char *at = memmem(from.p, from.n, end.p, end.n);
    if (!at) {
        return false;
    }
    bool is_empty = at < rest->p;
    out->content = (crm_str){rest->p, is_empty ? 0 : (size_t)(at - rest->p)};
    const char *next = at + end.n;
    *rest = (crm_str){next, from.n - (size_t)(next - from.p)};
    return true;
}

/* NULL: memory is out. */
static multipart_part *room_for(arena *a, multipart_part *parts, uint32_t count, uint32_t *cap)
{
    if (count < *cap) {
        return parts;
    }
    uint32_t more = *cap ? *cap * 2 : 16;
    multipart_part *grown = ARENA_ARRAY(a, multipart_part, more);
    if (grown && count) {
        memcpy(grown, parts, count * sizeof *parts);
    }
    *cap = grown ? more : *cap;
    return grown;
}

static crm_status read_all(arena *a, crm_str rest, crm_str end, multipart_part **parts,
                           uint32_t *count)
{
    uint32_t cap = 0;
    bool is_last;
    if (!after_boundary(&rest, &is_last)) {
        return CRM_INVALID;
    }
    while (!is_last) {
        *parts = room_for(a, *parts, *count, &cap);
        if (!*parts) {
            return CRM_NOMEM;
        }
        multipart_part *p = &(*parts)[*count];
        *p = (multipart_part){0};
        bool is_sound = *count < MULTIPART_PARTS_MAX && read_part(a, &rest, end, p) &&
                        after_boundary(&rest, &is_last);
        if (!is_sound) {
            return arena_failed(a) ? CRM_NOMEM : CRM_INVALID;
        }
        ++*count;
    }
    return CRM_OK;
}

crm_status multipart_read(arena *a, crm_str content_type, crm_str body, multipart_part **parts,
                          uint32_t *count)
{
    crm_str boundary;
    *parts = NULL;
    *count = 0;
    crm_status s = boundary_of(a, content_type, &boundary);
    if (s != CRM_OK) {
        return s;
    }
    crm_str end = arena_fmt(a, "\r\n--%.*s", STR_FMT(boundary));
    if (!end.p) {
        return CRM_NOMEM;
    }
    body = str_starts(body, CRM_S("\r\n")) ? (crm_str){body.p + 2, body.n - 2} : body;
    crm_str first = {end.p + 2, end.n - 2};
    if (!str_starts(body, first)) {
        return CRM_INVALID;
    }
    crm_str rest = {body.p + first.n, body.n - first.n};
    return read_all(a, rest, end, parts, count);
}
