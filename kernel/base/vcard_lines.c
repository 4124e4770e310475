/* vcard_lines.c - see vcard_lines.h. */
#include "base/vcard_lines.h"

#include "base/str.h"

void vcard_lines_init(vcard_lines *l, table_source from, vcard_wants *wants)
{
    *l = (vcard_lines){.source = from, .wants = wants};
    buf_init(&l->logical, TABLE_ROW_MAX);
}

void vcard_lines_free(vcard_lines *l)
{
    buf_free(&l->logical);
}

/* ---- parameters ------------------------------------------------------------------------------ */

/* The index of the first `c` that no quotes hold, or the length. */
static size_t find_unquoted(crm_str s, char c)
{
    bool is_quoted = false;
    size_t i = 0;
    for (; i < s.n && (is_quoted || s.p[i] != c); i++) {
        is_quoted ^= s.p[i] == '"';
    }
    return i;
}

static crm_str without_quotes(crm_str s)
{
    bool is_quoted = s.n > 1 && s.p[0] == '"' && s.p[s.n - 1] == '"';
    return is_quoted ? (crm_str){s.p + 1, s.n - 2} : s;
}

bool vcard_param(crm_str params, crm_str name, crm_str *value)
{
    while (params.n) {
        crm_str part = {params.p, find_unquoted(params, ';')};
        size_t used = part.n + (part.n < params.n);
        params = (crm_str){params.p + used, params.n - used};
        ptrdiff_t eq = str_find(part, '=');
        crm_str key = {part.p, eq < 0 ? part.n : (size_t)eq};
        if (str_eq_ascii_nocase(str_trim(key), name)) {
            crm_str behind = {part.p + eq + 1, part.n - (size_t)(eq + 1)};
            *value = eq < 0 ? str_trim(part) : without_quotes(str_trim(behind));
            return true;
        }
    }
    return false;
}

bool vcard_is_quoted_printable(crm_str params)
{
    static const crm_str name = {"QUOTED-PRINTABLE", 16};
    crm_str encoding;
    return (vcard_param(params, CRM_S("ENCODING"), &encoding) &&
            str_eq_ascii_nocase(encoding, name)) ||
           vcard_param(params, name, &encoding);
}

/* ---- name, parameters, value ----------------------------------------------------------------- */

/* NAME;PARAM=… of a property whose value begins behind `head` bytes. */
static vcard_property split_head(crm_str logical, size_t head)
{
    crm_str all = {logical.p, head - 1};
    if (str_starts(all, CRM_S("\xEF\xBB\xBF"))) {
        all = (crm_str){all.p + 3, all.n - 3};
    }
    ptrdiff_t semicolon = str_find(all, ';');
    size_t name_n = semicolon < 0 ? all.n : (size_t)semicolon;
    vcard_property out = {.name = {all.p, name_n},
                          .params = {all.p + name_n, all.n - name_n},
                          .value = {logical.p + head, logical.n - head}};
    ptrdiff_t dot = str_find(out.name, '.');
    if (dot >= 0) {
        out.name = (crm_str){out.name.p + dot + 1, out.name.n - (size_t)dot - 1};
    }
    out.name = str_trim(out.name);
    return out;
}

/* Looks for the colon in what came last; one inside quotes belongs to a parameter. */
static void find_head(vcard_lines *l)
{
    while (l->looked < l->logical.n && !l->head) {
        char c = l->logical.p[l->looked++];
        l->is_in_quotes ^= c == '"';
        l->head = c == ':' && !l->is_in_quotes ? l->looked : 0;
    }
    if (l->head) {
        vcard_property p = split_head(buf_view(&l->logical), l->head);
        l->is_dropped = !l->wants(p.name, p.params);
    }
}

/* Of a value that is dropped the last two bytes stay: they may be a soft break and a CR. */
static void drop_value(vcard_lines *l)
{
    if (l->is_dropped && l->logical.n > l->head + 2) {
        memmove(l->logical.p + l->head, l->logical.p + l->logical.n - 2, 2);
        l->logical.n = l->head + 2;
    }
}

static void append(vcard_lines *l, const char *bytes, size_t n)
{
    if (l->head && n > TABLE_ROW_MAX - l->logical.n) {
        l->is_long = l->is_dropped = true;
        drop_value(l);
    }
    buf_add(&l->logical, bytes, n);
    if (!l->head) {
        find_head(l);
    }
    drop_value(l);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool refill(vcard_lines *l)
{
    if (l->is_ended) {
        return false;
    }
    ssize_t n = l->source.read(l->source.arg, l->raw, sizeof l->raw);
    l->has_failed = n < 0;
    l->is_ended = n <= 0;
    l->at = 0;
    l->end = n > 0 ? (size_t)n : 0;
    return n > 0;
}

static bool has_more(vcard_lines *l)
{
    return l->at < l->end || refill(l);
}

/* Appends what stands up to the next end of a line. */
static void append_line(vcard_lines *l)
{
    buf *b = &l->logical;
    l->line++;
    while (has_more(l)) {
        const char *from = l->raw + l->at;
        const char *stop = memchr(from, '\n', l->end - l->at);
        size_t n = stop ? (size_t)(stop - from) : l->end - l->at;
        append(l, from, n);
        l->at += n + (stop ? 1 : 0);
        if (stop) {
            break;
        }
    }
    if (b->n && b->p[b->n - 1] == '\r') {
        b->n--;
        l->looked = l->looked < b->n ? l->looked : b->n;
    }
}

/* A line of a quoted-printable text that a soft break cuts ends in '='. */
static bool has_soft_break(const vcard_lines *l)
{
    crm_str logical = buf_view(&l->logical);
    return l->head && l->head < logical.n && str_ends(logical, CRM_S("=")) &&
           vcard_is_quoted_printable(split_head(logical, l->head).params);
}

bool vcard_lines_next(vcard_lines *l, vcard_property *out)
{
    if (!has_more(l)) {
        return false;
    }
    int64_t line = l->line + 1;
    buf_clear(&l->logical);
    l->looked = l->head = 0;
    l->is_in_quotes = l->is_dropped = l->is_long = false;
    append_line(l);
    while (has_more(l)) {
        bool is_broken = has_soft_break(l);
        if (is_broken) {
            l->logical.n--;
        } else if (l->raw[l->at] == ' ' || l->raw[l->at] == '\t') {
            l->at++;
        } else {
            break;
        }
        append_line(l);
    }
    *out = l->head ? split_head(buf_view(&l->logical), l->head) : (vcard_property){0};
    out->line = line;
    out->is_long = l->is_long || l->logical.failed;
    return true;
}
