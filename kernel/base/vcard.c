/* vcard.c - reading cards: properties to the columns of a row. */
#include "base/vcard.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"
#include "base/vcard_lines.h"
#include "base/vcard_row.h"

/* An X- property of another program that is longer is its data, not a text. */
#define FOREIGN_MAX 65536

static const char *const column_names[VCARD_COLUMNS] = {
#define X(name, text) [VCARD_##name] = text,
    VCARD_COLUMN_MAP(X)
#undef X
};

crm_str vcard_column_name(vcard_column c)
{
    return str_of(column_names[c]);
}

struct vcard_reader {
    vcard_lines lines;
    charset usual;
    charset_decoder decoders[CHARSET_COUNT];
    bool is_open[CHARSET_COUNT];
    buf value, part;
    buf whole_name; /* N as one writes it */
    vcard_row row;
};

/* ---- a property's text ----------------------------------------------------------------------- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    char upper = (char)(c & ~0x20);
    return upper >= 'A' && upper <= 'F' ? upper - 'A' + 10 : -1;
}

static void unquote_printable(crm_str s, buf *out)
{
    for (size_t i = 0; i < s.n; i++) {
        int high = s.p[i] == '=' && i + 2 < s.n ? hex_digit(s.p[i + 1]) : -1;
        int low = high >= 0 ? hex_digit(s.p[i + 2]) : -1;
        buf_char(out, low >= 0 ? (char)(high << 4 | low) : s.p[i]);
        i += low >= 0 ? 2 : 0;
    }
}

static charset charset_of(vcard_reader *r, crm_str params)
{
    crm_str name;
    charset c;
    if (!vcard_param(params, CRM_S("CHARSET"), &name) || !charset_find(name, &c)) {
        return r->usual;
    }
    if (!r->is_open[c] && charset_open(&r->decoders[c], c) != CRM_OK) {
        return r->usual;
    }
    r->is_open[c] = true;
    return c;
}

/* The property's text as UTF-8 into `value`, escapes still in it. */
static table_fault decode_value(vcard_reader *r, const vcard_property *p)
{
    crm_str bytes = p->value;
    charset c = charset_of(r, p->params);
    uint64_t bad = r->decoders[c].bad;
    buf_clear(&r->part);
    buf_clear(&r->value);
    if (vcard_is_quoted_printable(p->params)) {
        unquote_printable(bytes, &r->part);
        bytes = buf_view(&r->part);
    }
    charset_decode(&r->decoders[c], bytes, true, &r->value);
    bool is_bad = r->decoders[c].bad != bad;
    return p->is_long || r->value.failed ? TABLE_LONG : is_bad ? TABLE_ENCODING : TABLE_SOUND;
}

/* ---- properties to columns ------------------------------------------------------------------- */

/* Cuts the next part off at an unescaped `separator`; its escapes are undone in `part`. */
static bool next_part(vcard_reader *r, crm_str *rest, char separator, bool *is_more)
{
    size_t i = 0;
    buf_clear(&r->part);
    if (!*is_more) {
        return false;
    }
    for (; i < rest->n && rest->p[i] != separator; i++) {
        bool is_escape = rest->p[i] == '\\' && i + 1 < rest->n;
        char c = rest->p[is_escape ? i + 1 : i];
        buf_char(&r->part, is_escape && (c == 'n' || c == 'N') ? '\n' : c);
        i += is_escape;
    }
    *is_more = i < rest->n;
    *rest = (crm_str){rest->p + i + *is_more, rest->n - i - *is_more};
    return true;
}

/* The parts of a structured value, in `all`, which the caller frees; how many there are. */
static size_t split_parts(vcard_reader *r, crm_str value, crm_str *parts, size_t most, buf *all)
{
    bool is_more = true;
    size_t ends[7], count = 0;
    buf_init(all, TABLE_CELL_MAX);
    while (count < most && next_part(r, &value, ';', &is_more)) {
        buf_str(all, str_trim(buf_view(&r->part)));
        ends[count++] = all->n;
    }
    for (size_t i = 0; i < count; i++) {
        size_t from = i ? ends[i - 1] : 0;
        parts[i] = ends[i] > from ? (crm_str){all->p + from, ends[i] - from} : (crm_str){0};
    }
    return count;
}

/* Family, given, additional, prefix, suffix (RFC 6350 §6.2.2), as one writes a name here: the
 * prefix stands before the family name. */
static void take_name_parts(vcard_reader *r, vcard_column c, crm_str value)
{
    static const int order[] = {3, 0, 1, 2, 4};
    crm_str parts[5] = {{0}};
    buf all;
    size_t count = split_parts(r, value, parts, 5, &all);
    for (size_t i = 0; i < 3 && i < count; i++) {
        vcard_row_add(&r->row, c + (vcard_column)i, parts[i],
                      " "); /* family, given and additional */
    }
    bool is_first = r->whole_name.n == 0;
    for (size_t i = 0; is_first && i < 5; i++) {
        if (parts[order[i]].n) {
            buf_z(&r->whole_name, r->whole_name.n ? " " : "");
            buf_str(&r->whole_name, parts[order[i]]);
        }
    }
    if (all.failed) {
        vcard_row_fault(&r->row, TABLE_LONG, c);
    }
    buf_free(&all);
}

/* Post box, extension, street, town, region, code, country: as one writes an address here. */
static void take_address(vcard_reader *r, vcard_column c, crm_str value)
{
    static const int order[] = {5, 6, 4, 3, 2, 1, 0};
    crm_str parts[7] = {{0}};
    buf all;
    (void)split_parts(r, value, parts, 7, &all);
    const char *glue = "\n";
    for (size_t i = 0; i < 7; i++) {
        if (parts[order[i]].n) {
            vcard_row_add(&r->row, c, parts[order[i]], glue);
            glue = ", ";
        }
    }
    if (!r->row.columns[VCARD_TOWN].n) {
        vcard_row_add(&r->row, VCARD_TOWN, parts[3], "");
    }
    if (all.failed) {
        vcard_row_fault(&r->row, TABLE_LONG, c);
    }
    buf_free(&all);
}

/* The first part of ORG is the organisation, those behind it are units. */
static void take_organisation(vcard_reader *r, vcard_column c, crm_str value)
{
    bool is_more = true;
    const char *glue = "\n";
    while (next_part(r, &value, ';', &is_more)) {
        vcard_row_add(&r->row, c, buf_view(&r->part), glue);
        glue = c == VCARD_ORG ? "\n" : ", ";
        c = VCARD_UNIT;
    }
}

static void take_tags(vcard_reader *r, vcard_column c, crm_str value)
{
    bool is_more = true;
    while (next_part(r, &value, ',', &is_more)) {
        vcard_row_add(&r->row, c, buf_view(&r->part), "\n");
    }
}

/* Up to the parameters; the extension of a number is the first of them (RFC 3966 §3) and stays. */
static size_t address_length(crm_str uri)
{
    static const crm_str extension = {";ext=", 5};
    ptrdiff_t end = str_find(uri, ';');
    crm_str rest = end < 0 ? (crm_str){0} : (crm_str){uri.p + end, uri.n - (size_t)end};
    if (str_starts(rest, extension)) {
        ptrdiff_t next = str_find((crm_str){rest.p + 1, rest.n - 1}, ';');
        end = next < 0 ? -1 : end + 1 + next;
    }
    return end < 0 ? uri.n : (size_t)end;
}

/* "tel:+7916…;ext=101" and "mailto:…" (RFC 6350 §6.4). */
static crm_str without_scheme(crm_str s)
{
    static const crm_str schemes[] = {{"tel:", 4}, {"mailto:", 7}};
    for (size_t i = 0; i < 2; i++) {
        crm_str head = {s.p, s.n < schemes[i].n ? s.n : schemes[i].n};
        if (str_eq_ascii_nocase(head, schemes[i])) {
            crm_str rest = {s.p + schemes[i].n, s.n - schemes[i].n};
            return (crm_str){rest.p, address_length(rest)};
        }
    }
    return s;
}

/* "19800302" and "19800302T…" to "1980-03-02"; what is otherwise stays as it is. */
static void take_birthday(vcard_reader *r, vcard_column c, crm_str s)
{
    char iso[10];
    size_t digits = 0;
    while (digits < s.n && s.p[digits] >= '0' && s.p[digits] <= '9') {
        digits++;
    }
    if (digits == 8) {
        memcpy(iso, s.p, 4);
        memcpy(iso + 5, s.p + 4, 2);
        memcpy(iso + 8, s.p + 6, 2);
        iso[4] = iso[7] = '-';
        s = (crm_str){iso, sizeof iso};
    } else if (s.n > 10 && s.p[4] == '-' && s.p[10] == 'T') {
        s.n = 10;
    }
    vcard_row_add(&r->row, c, s, "\n");
}

static void take_text(vcard_reader *r, vcard_column c, crm_str value)
{
    bool is_more = true;
    if (next_part(r, &value, '\0', &is_more)) {
        bool has_scheme = c == VCARD_PHONE || c == VCARD_EMAIL;
        crm_str text = buf_view(&r->part);
        vcard_row_add(&r->row, c, has_scheme ? without_scheme(text) : text, "\n");
    }
}

static const struct property {
    const char *name;
    void (*take)(vcard_reader *r, vcard_column c, crm_str value);
    vcard_column column; /* the first, of several */
} properties[] = {{"FN", take_text, VCARD_NAME},           {"N", take_name_parts, VCARD_FAMILY},
                  {"ORG", take_organisation, VCARD_ORG},   {"TITLE", take_text, VCARD_POSITION},
                  {"TEL", take_text, VCARD_PHONE},         {"EMAIL", take_text, VCARD_EMAIL},
                  {"ADR", take_address, VCARD_ADDRESS},    {"URL", take_text, VCARD_URL},
                  {"BDAY", take_birthday, VCARD_BIRTHDAY}, {"NOTE", take_text, VCARD_NOTE},
                  {"CATEGORIES", take_tags, VCARD_TAGS},   {"UID", take_text, VCARD_UID}};

static const struct property *find_property(crm_str name)
{
    for (size_t i = 0; i < sizeof properties / sizeof properties[0]; i++) {
        if (str_eq_ascii_nocase(name, str_of(properties[i].name))) {
            return &properties[i];
        }
    }
    return NULL; /* photographs, sounds, properties of one program */
}

static bool begins(crm_str s, crm_str prefix)
{
    return s.n >= prefix.n && str_eq_ascii_nocase((crm_str){s.p, prefix.n}, prefix);
}

/* Pictures and sounds, which are no texts. */
static bool is_binary(crm_str params)
{
    crm_str encoding;
    return (vcard_param(params, CRM_S("ENCODING"), &encoding) &&
            (str_eq_ascii_nocase(encoding, CRM_S("B")) ||
             str_eq_ascii_nocase(encoding, CRM_S("BASE64")))) ||
           vcard_param(params, CRM_S("BASE64"), &encoding);
}

static bool is_wanted(crm_str name, crm_str params)
{
    return find_property(name) || (begins(name, CRM_S("X-")) && !is_binary(params)) ||
           str_eq_ascii_nocase(name, CRM_S("BEGIN")) || str_eq_ascii_nocase(name, CRM_S("END"));
}

/* A text in a column of its own. Of another program's what cannot be read is passed over: its card
 * stands without it. */
static void take_extra(vcard_reader *r, crm_str name, const vcard_property *p)
{
    bool is_own = begins(name, CRM_S(VCARD_OWN)), is_more = true;
    uint32_t column;
    if (is_binary(p->params) || !vcard_row_extra(&r->row, name, &column)) {
        return;
    }
    table_fault fault = decode_value(r, p);
    crm_str value = buf_view(&r->value);
    if (!is_own && (fault || value.n > FOREIGN_MAX || !vcard_row_admit(&r->row, column, value.n))) {
        return;
    }
    if (fault) {
        vcard_row_fault(&r->row, fault, column);
    }
    if (next_part(r, &value, '\0', &is_more)) {
        crm_str text = buf_view(&r->part);
        bool is_address = !begins(p->name, CRM_S("X-")); /* "tel:+7…" of a further phone */
        vcard_row_add(&r->row, column, is_address ? without_scheme(text) : text, "\n");
    }
}

/* iPhones write a year of their own where none is known: "--03-02", as RFC 6350 §4.3.1 has it. */
static crm_str without_unknown_year(vcard_reader *r, crm_str params)
{
    crm_str year, value = buf_view(&r->value);
    if (!vcard_param(params, CRM_S("X-APPLE-OMIT-YEAR"), &year) || !year.n ||
        !str_starts(value, year)) {
        return value;
    }
    r->value.p[year.n - 1] = '-';
    return (crm_str){value.p + year.n - 1, value.n - year.n + 1};
}

static void take_property(vcard_reader *r, const vcard_property *p)
{
    const struct property *known = find_property(p->name);
    crm_str name;
    if (known && vcard_param(p->params, CRM_S(VCARD_FIELD), &name)) {
        take_extra(r, name, p);
    } else if (known) {
        table_fault fault = decode_value(r, p);
        if (fault) {
            vcard_row_fault(&r->row, fault, known->column);
        }
        known->take(r, known->column, without_unknown_year(r, p->params));
    } else if (begins(p->name, CRM_S("X-"))) {
        take_extra(r, p->name, p);
    }
}

/* ---- cards ----------------------------------------------------------------------------------- */

crm_status vcard_open(table_source from, charset usual, vcard_reader **out)
{
    vcard_reader *r = calloc(1, sizeof *r);
    if (!r) {
        return CRM_NOMEM;
    }
    crm_status s = charset_open(&r->decoders[usual], usual);
    if (s != CRM_OK) {
        free(r);
        return s;
    }
    r->is_open[usual] = true;
    vcard_lines_init(&r->lines, from, is_wanted);
    r->usual = usual;
    buf *const texts[] = {&r->value, &r->part, &r->whole_name};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        buf_init(texts[i], TABLE_ROW_MAX);
    }
    vcard_row_init(&r->row);
    *out = r;
    return CRM_OK;
}

void vcard_close(vcard_reader *r)
{
    if (!r) {
        return;
    }
    vcard_lines_free(&r->lines);
    buf *const texts[] = {&r->value, &r->part, &r->whole_name};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        buf_free(texts[i]);
    }
    vcard_row_free(&r->row);
    free(r);
}

static bool is_mark(const vcard_property *p, const char *name)
{
    return str_eq_ascii_nocase(p->name, str_of(name)) &&
           str_eq_ascii_nocase(str_trim(p->value), CRM_S("VCARD"));
}

crm_status vcard_next(vcard_reader *r, table_row *row)
{
    vcard_property p;
    bool has_more;
    while ((has_more = vcard_lines_next(&r->lines, &p)) && !is_mark(&p, "BEGIN")) {
    }
    if (!has_more) {
        return r->lines.has_failed ? CRM_INTERNAL : CRM_NOT_FOUND;
    }
    int64_t line = p.line;
    vcard_row_begin(&r->row);
    buf_clear(&r->whole_name);
    while ((has_more = vcard_lines_next(&r->lines, &p)) && !is_mark(&p, "END")) {
        take_property(r, &p);
    }
    if (r->lines.has_failed) {
        return CRM_INTERNAL;
    }
    if (!has_more) {
        r->row.fault = TABLE_BROKEN;
    }
    if (!r->row.columns[VCARD_NAME].n) {
        vcard_row_add(&r->row, VCARD_NAME, buf_view(&r->whole_name), "");
    }
    vcard_row_give(&r->row, line, row);
    return CRM_OK;
}

crm_str vcard_name(const vcard_reader *r, uint32_t column)
{
    return column < VCARD_COLUMNS ? vcard_column_name((vcard_column)column)
                                  : str_of(r->row.extras[column - VCARD_COLUMNS].name);
}
