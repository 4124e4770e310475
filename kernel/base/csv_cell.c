/* csv_cell.c - what spreadsheets make of a cell, taken back and guarded against. */
#include <string.h>

#include "base/csv.h"
#include "base/str.h"

/* ---- cells as they are meant ----------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool starts_formula(crm_str s)
{
    return s.n && memchr("=+-@\t\r", s.p[0], 6);
}

/* A ' that was put there so that a spreadsheet leaves the rest alone. */
static bool has_guard(crm_str s)
{
    size_t i = 0;
    while (i < s.n && s.p[i] == '\'') {
        i++;
    }
    crm_str rest = {s.p + i, s.n - i};
    return i && rest.n && (starts_formula(rest) || is_digit(rest.p[0]));
}

/* ="…" of digits or any text without a formula in it. */
static bool is_quoted_formula(crm_str s)
{
    return s.n >= 3 && s.p[0] == '=' && s.p[1] == '"' && s.p[s.n - 1] == '"';
}

crm_str csv_plain(crm_str cell, char *scratch)
{
    if (has_guard(cell)) {
        return (crm_str){cell.p + 1, cell.n - 1};
    }
    if (!is_quoted_formula(cell)) {
        return cell;
    }
    size_t n = 0;
    for (size_t i = 2; i + 1 < cell.n; i++) {
        scratch[n++] = cell.p[i];
        i += cell.p[i] == '"' && i + 2 < cell.n && cell.p[i + 1] == '"';
    }
    return (crm_str){scratch, n};
}

static size_t digits_at(crm_str s, size_t i)
{
    size_t from = i;
    while (i < s.n && is_digit(s.p[i])) {
        i++;
    }
    return i - from;
}

bool csv_is_rounded(crm_str s)
{
    size_t i = s.n && (s.p[0] == '+' || s.p[0] == '-');
    size_t whole = digits_at(s, i);
    i += whole;
    if (whole != 1 || i >= s.n) {
        return false;
    }
    if (s.p[i] == ',' || s.p[i] == '.') {
        i += 1 + digits_at(s, i + 1);
    }
    if (i + 2 >= s.n || (s.p[i] != 'E' && s.p[i] != 'e') || s.p[i + 1] != '+') {
        return false;
    }
    size_t power = digits_at(s, i + 2);
    return power && i + 2 + power == s.n;
}

/* ---- cells that stay what they are ----------------------------------------------------------- */

/* "+7 (916) 123-45-67", "-15", "-1 500,00": nothing a spreadsheet could compute but a number. */
static bool is_number(crm_str s)
{
    size_t digits = 0;
    if (!s.n || (s.p[0] != '+' && s.p[0] != '-')) {
        return false;
    }
    for (size_t i = 1; i < s.n; i++) {
        digits += is_digit(s.p[i]);
        if (!is_digit(s.p[i]) && !memchr(" ().,-", s.p[i], 6)) {
            return false;
        }
        if (s.p[i] == '-' && s.p[0] != '+') {
            return false; /* -1-1 is a sum; only phones have hyphens inside */
        }
    }
    return digits > 0;
}

/* "+74951234567" of "+74951234567 доб. 12", as an export writes it. */
static crm_str without_extension(crm_str s)
{
    static const char *const words[] = {" доб. ", " ext. "};
    size_t n = s.n;
    while (n && is_digit(s.p[n - 1])) {
        n--;
    }
    for (size_t i = 0; n < s.n && i < sizeof words / sizeof words[0]; i++) {
        size_t length = strlen(words[i]);
        if (n > length && memcmp(s.p + n - length, words[i], length) == 0) {
            return (crm_str){s.p, n - length};
        }
    }
    return s;
}

/* A number, or phones one after the other: a comma between them computes nothing. */
static bool is_plain(crm_str s)
{
    crm_str part, rest = s;
    bool is_all = true;
    while (is_all && s.p[0] == '+' && str_split(&rest, ',', &part)) {
        is_all = is_number(without_extension(str_trim(part)));
    }
    return is_number(s) || (s.p[0] == '+' && is_all);
}

static bool needs_quotes(crm_str s, char separator)
{
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (c == separator || c == '"' || c == '\n' || c == '\r') {
            return true;
        }
    }
    return s.n && (s.p[0] == ' ' || s.p[s.n - 1] == ' ');
}

void csv_put_cell(buf *out, crm_str text, char separator)
{
    bool is_guarded = has_guard(text) || (starts_formula(text) && !is_plain(text));
    if (!needs_quotes(text, separator)) {
        buf_z(out, is_guarded ? "'" : "");
        buf_str(out, text);
        return;
    }
    buf_z(out, is_guarded ? "\"'" : "\"");
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '"') {
            buf_char(out, '"');
        }
        buf_char(out, text.p[i]);
    }
    buf_char(out, '"');
}
