/*
 * vcard.c - reading cards: physical lines to logical ones, a line to a property, properties to the
 * columns of a row.
 */
#include "base/vcard.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "base/text.h"

#define PIECE 65536

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
    table_source source;
    charset usual;
    charset_decoder decoders[CHARSET_COUNT];
    bool is_open[CHARSET_COUNT];
    char raw[PIECE];
    size_t at, end;
    bool is_ended, has_failed;

    int64_t line; /* of the physical line that `ahead` holds */
    buf ahead;    /* a physical line read to see whether it goes on with the one before */
    bool has_ahead, is_ahead_long;
    buf logical, value, part;
    buf columns[VCARD_COLUMNS];
    buf whole_name; /* N as one writes it */
    crm_str cells[VCARD_COLUMNS];
    table_fault fault;
    uint32_t fault_column;
};

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
    r->source = from;
    r->usual = usual;
    buf *const texts[] = {&r->ahead, &r->logical, &r->value, &r->part, &r->whole_name};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        buf_init(texts[i], TABLE_ROW_MAX);
    }
    for (int i = 0; i < VCARD_COLUMNS; i++) {
        buf_init(&r->columns[i], TABLE_CELL_MAX);
    }
    *out = r;
    return CRM_OK;
}

void vcard_close(vcard_reader *r)
{
    if (!r) {
        return;
    }
    buf *const texts[] = {&r->ahead, &r->logical, &r->value, &r->part, &r->whole_name};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        buf_free(texts[i]);
    }
    for (int i = 0; i < VCARD_COLUMNS; i++) {
        buf_free(&r->columns[i]);
    }
    free(r);
}

/* ---- lines ----------------------------------------------------------------------------------- */

static bool refill(vcard_reader *r)
{
    if (r->is_ended) {
        return false;
    }
    ssize_t n = r->source.read(r->source.arg, r->raw, sizeof r->raw);
    r->has_failed = n < 0;
    r->is_ended = n <= 0;
    r->at = 0;
    r->end = n > 0 ? (size_t)n : 0;
    return n > 0;
}

/* The next physical line without its end into `ahead`. False: there is none. */
static bool read_line(vcard_reader *r)
{
    bool has_any = false;
    buf_clear(&r->ahead);
    r->line++;
    while (r->at < r->end || refill(r)) {
        const char *from = r->raw + r->at;
        const char *stop = memchr(from, '\n', r->end - r->at);
        size_t n = stop ? (size_t)(stop - from) : r->end - r->at;
        has_any = true;
        buf_add(&r->ahead, from, n);
        r->at += n + (stop ? 1 : 0);
        if (stop) {
            break;
        }
    }
    r->is_ahead_long = r->ahead.failed;
    if (r->ahead.n && r->ahead.p[r->ahead.n - 1] == '\r') {
        r->ahead.n--;
    }
    return has_any;
}

/* A line that a break inside a quoted-printable text cuts ends in '='. */
static bool has_soft_break(crm_str logical)
{
    return str_ends(logical, CRM_S("="));
}

static bool is_quoted_printable(crm_str logical)
{
    ptrdiff_t colon = str_find(logical, ':');
    crm_str head = {logical.p, colon < 0 ? 0 : (size_t)colon};
    return head.n && memmem(head.p, head.n, "QUOTED-PRINTABLE", 16);
}

/* The next logical line (RFC 6350 §3.2) into `logical`. */
static bool next_logical(vcard_reader *r)
{
    if (!r->has_ahead && !read_line(r)) {
        return false;
    }
    buf_clear(&r->logical);
    buf_str(&r->logical, buf_view(&r->ahead));
    bool is_long = r->is_ahead_long;
    for (;;) {
        r->has_ahead = read_line(r);
        crm_str next = buf_view(&r->ahead);
        crm_str so_far = buf_view(&r->logical);
        if (r->has_ahead && is_quoted_printable(so_far) && has_soft_break(so_far)) {
            r->logical.n--;
            buf_str(&r->logical, next);
        } else if (r->has_ahead && next.n && (next.p[0] == ' ' || next.p[0] == '\t')) {
            buf_str(&r->logical, (crm_str){next.p + 1, next.n - 1});
        } else {
            break;
        }
        is_long = is_long || r->is_ahead_long || r->logical.failed;
    }
    if (is_long && r->fault == TABLE_SOUND) {
        r->fault = TABLE_LONG;
    }
    return true;
}

/* ---- a property ------------------------------------------------------------------------------ */

typedef struct property {
    crm_str name;   /* without its group */
    crm_str params; /* ";TYPE=work;CHARSET=…" */
    crm_str value;
} property;

/* NAME;PARAM=…:value; a colon inside quotes belongs to a parameter. False: none. */
static bool split_property(crm_str logical, property *out)
{
    bool is_quoted = false;
    size_t colon = 0;
    for (; colon < logical.n && (is_quoted || logical.p[colon] != ':'); colon++) {
        is_quoted ^= logical.p[colon] == '"';
    }
    if (colon == logical.n) {
        return false;
    }
    crm_str head = {logical.p, colon};
    ptrdiff_t semicolon = str_find(head, ';');
    size_t name_n = semicolon < 0 ? head.n : (size_t)semicolon;
    *out = (property){.name = {head.p, name_n},
                      .params = {head.p + name_n, head.n - name_n},
                      .value = {logical.p + colon + 1, logical.n - colon - 1}};
    ptrdiff_t dot = str_find(out->name, '.');
    if (dot >= 0) {
        out->name = (crm_str){out->name.p + dot + 1, out->name.n - (size_t)dot - 1};
    }
    return true;
}

/* A parameter's value; of 2.1 also a bare word that is its own name. */
static bool find_param(crm_str params, crm_str name, crm_str *value)
{
    crm_str part;
    while (str_split(&params, ';', &part)) {
        ptrdiff_t eq = str_find(part, '=');
        crm_str key = {part.p, eq < 0 ? part.n : (size_t)eq};
        if (str_eq_ascii_nocase(key, name)) {
            *value = eq < 0 ? part : (crm_str){part.p + eq + 1, part.n - (size_t)eq - 1};
            return true;
        }
    }
    return false;
}

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
    if (!find_param(params, CRM_S("CHARSET"), &name) || !charset_find(name, &c)) {
        return r->usual;
    }
    if (!r->is_open[c] && charset_open(&r->decoders[c], c) != CRM_OK) {
        return r->usual;
    }
    r->is_open[c] = true;
    return c;
}

/* The property's text as UTF-8 into `value`, escapes still in it. */
static void decode_value(vcard_reader *r, const property *p)
{
    crm_str encoding, bytes = p->value;
    bool is_quoted = (find_param(p->params, CRM_S("ENCODING"), &encoding) &&
                      str_eq_ascii_nocase(encoding, CRM_S("QUOTED-PRINTABLE"))) ||
                     find_param(p->params, CRM_S("QUOTED-PRINTABLE"), &encoding);
    charset c = charset_of(r, p->params);
    uint64_t bad = r->decoders[c].bad;
    buf_clear(&r->part);
    buf_clear(&r->value);
    if (is_quoted) {
        unquote_printable(bytes, &r->part);
        bytes = buf_view(&r->part);
    }
    charset_decode(&r->decoders[c], bytes, true, &r->value);
    if (r->decoders[c].bad != bad && r->fault == TABLE_SOUND) {
        r->fault = TABLE_ENCODING;
    }
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

/* Another value of a column, behind `glue` when there is one already. */
static void add_to(vcard_reader *r, vcard_column c, crm_str text, const char *glue)
{
    text = str_trim(text);
    if (text.n && r->columns[c].n) {
        buf_z(&r->columns[c], glue);
    }
    buf_str(&r->columns[c], text);
    if (r->columns[c].failed && r->fault == TABLE_SOUND) {
        r->fault = TABLE_LONG;
        r->fault_column = c + 1;
    }
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
static void take_name_parts(vcard_reader *r, crm_str value)
{
    static const vcard_column at[] = {VCARD_FAMILY, VCARD_GIVEN, VCARD_MIDDLE};
    static const int order[] = {3, 0, 1, 2, 4};
    crm_str parts[5] = {{0}};
    buf all;
    size_t count = split_parts(r, value, parts, 5, &all);
    for (size_t i = 0; i < 3 && i < count; i++) {
        add_to(r, at[i], parts[i], " ");
    }
    bool is_first = r->whole_name.n == 0;
    for (size_t i = 0; is_first && i < 5; i++) {
        if (parts[order[i]].n) {
            buf_z(&r->whole_name, r->whole_name.n ? " " : "");
            buf_str(&r->whole_name, parts[order[i]]);
        }
    }
    buf_free(&all);
}

/* Post box, extension, street, town, region, code, country: as one writes an address here. */
static void take_address(vcard_reader *r, crm_str value)
{
    static const int order[] = {5, 6, 4, 3, 2, 1, 0};
    crm_str parts[7] = {{0}};
    buf all;
    (void)split_parts(r, value, parts, 7, &all);
    const char *glue = "\n";
    for (size_t i = 0; i < 7; i++) {
        if (parts[order[i]].n) {
            add_to(r, VCARD_ADDRESS, parts[order[i]], glue);
            glue = ", ";
        }
    }
    if (!r->columns[VCARD_TOWN].n) {
        add_to(r, VCARD_TOWN, parts[3], "");
    }
    buf_free(&all);
}

/* The first part of ORG is the organisation, those behind it are units. */
static void take_organisation(vcard_reader *r, crm_str value)
{
    bool is_more = true;
    vcard_column c = VCARD_ORG;
    const char *glue = "\n";
    while (next_part(r, &value, ';', &is_more)) {
        add_to(r, c, buf_view(&r->part), glue);
        glue = c == VCARD_ORG ? "\n" : ", ";
        c = VCARD_UNIT;
    }
}

static void take_tags(vcard_reader *r, crm_str value)
{
    bool is_more = true;
    while (next_part(r, &value, ',', &is_more)) {
        add_to(r, VCARD_TAGS, buf_view(&r->part), "\n");
    }
}

/* "tel:+7916…;ext=101" and "mailto:…" (RFC 6350 §6.4). */
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
static void take_birthday(vcard_reader *r, crm_str s)
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
    add_to(r, VCARD_BIRTHDAY, s, "\n");
}

static void take_text(vcard_reader *r, vcard_column c, crm_str value)
{
    bool is_more = true;
    if (next_part(r, &value, '\0', &is_more)) {
        bool has_scheme = c == VCARD_PHONE || c == VCARD_EMAIL;
        crm_str text = buf_view(&r->part);
        add_to(r, c, has_scheme ? without_scheme(text) : text, "\n");
    }
}

static void take_property(vcard_reader *r, const property *p)
{
    static const struct {
        const char *name;
        vcard_column c;
    } plain[] = {{"FN", VCARD_NAME},     {"TITLE", VCARD_POSITION}, {"TEL", VCARD_PHONE},
                 {"EMAIL", VCARD_EMAIL}, {"URL", VCARD_URL},        {"NOTE", VCARD_NOTE},
                 {"UID", VCARD_UID}};
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        if (str_eq_ascii_nocase(p->name, str_of(plain[i].name))) {
            decode_value(r, p);
            take_text(r, plain[i].c, buf_view(&r->value));
            return;
        }
    }
    static const char *const others[] = {"N", "ORG", "ADR", "BDAY", "CATEGORIES"};
    int which = 0;
    while (which < 5 && !str_eq_ascii_nocase(p->name, str_of(others[which]))) {
        which++;
    }
    if (which == 5) {
        return; /* photographs, sounds, properties of one program */
    }
    decode_value(r, p);
    crm_str value = buf_view(&r->value);
    switch (which) {
    case 0:
        take_name_parts(r, value);
        break;
    case 1:
        take_organisation(r, value);
        break;
    case 2:
        take_address(r, value);
        break;
    case 3:
        take_birthday(r, value);
        break;
    default:
        take_tags(r, value);
    }
}

/* ---- cards ----------------------------------------------------------------------------------- */

static bool is_line(const vcard_reader *r, const char *text)
{
    crm_str line = str_trim(buf_view(&r->logical));
    if (str_starts(line, CRM_S("\xEF\xBB\xBF"))) {
        line = (crm_str){line.p + 3, line.n - 3};
    }
    return str_eq_ascii_nocase(line, str_of(text));
}

static void give(vcard_reader *r, int64_t line, table_row *row)
{
    if (!r->columns[VCARD_NAME].n) {
        add_to(r, VCARD_NAME, buf_view(&r->whole_name), "");
    }
    for (int i = 0; i < VCARD_COLUMNS; i++) {
        r->cells[i] = r->columns[i].n ? buf_view(&r->columns[i]) : CRM_S("");
    }
    *row = (table_row){.line = line,
                       .cells = r->cells,
                       .count = VCARD_COLUMNS,
                       .fault = r->fault,
                       .fault_column = r->fault_column};
}

static void begin_card(vcard_reader *r)
{
    for (int i = 0; i < VCARD_COLUMNS; i++) {
        buf_clear(&r->columns[i]);
    }
    buf_clear(&r->whole_name);
    r->fault = TABLE_SOUND;
    r->fault_column = 0;
}

crm_status vcard_next(vcard_reader *r, table_row *row)
{
    property p;
    bool has_more;
    while ((has_more = next_logical(r)) && !is_line(r, "BEGIN:VCARD")) {
    }
    if (!has_more) {
        return r->has_failed ? CRM_INTERNAL : CRM_NOT_FOUND;
    }
    /* `ahead` stands one line further on, unless that was the last. */
    int64_t line = r->line - 1;
    begin_card(r);
    while ((has_more = next_logical(r)) && !is_line(r, "END:VCARD")) {
        if (split_property(buf_view(&r->logical), &p)) {
            take_property(r, &p);
        }
    }
    if (r->has_failed) {
        return CRM_INTERNAL;
    }
    if (!has_more) {
        r->fault = TABLE_BROKEN;
    }
    give(r, line, row);
    return CRM_OK;
}
