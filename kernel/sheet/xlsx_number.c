/* xlsx_number.c - numbers of cells as their format shows them: dates, percent, leading zeros. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "sheet/xlsx.h"

#define DAY_MS       86400000LL
#define SERIAL_1970  25569     /* days from 1899-12-30 */
#define SERIAL_MAX   2958466.0 /* 10000-01-01 */
#define DAYS_TO_1904 1462

/* ---- formats --------------------------------------------------------------------------------- */

/* ECMA-376 part 1, 18.8.30: the built-in formats that show a date or a time. */
static bool is_builtin_date(uint32_t id)
{
    return (id >= 14 && id <= 22) || (id >= 27 && id <= 36) || (id >= 45 && id <= 47) ||
           (id >= 50 && id <= 58);
}

/* The first section of a code without quoted, escaped and bracketed parts; "[h]" keeps its h. */
static size_t bare_code(const char *code, char out[128])
{
    size_t n = 0;
    for (; *code && *code != ';' && n < 127; code++) {
        if (*code == '"') {
            const char *end = strchr(code + 1, '"');
            code = end ? end : code + strlen(code) - 1;
        } else if (*code == '\\' || *code == '_' || *code == '*') {
            code += code[1] ? 1 : 0;
        } else if (*code == '[') {
            const char *end = strchr(code, ']');
            bool is_elapsed = code[1] && strchr("hms", code[1] | 0x20) && end && end - code < 5;
            out[n++] = is_elapsed ? 'h' : ' ';
            code = end ? end : code + strlen(code) - 1;
        } else {
            out[n++] = *code;
        }
    }
    out[n] = 0;
    return n;
}

xlsx_style xlsx_style_of(uint32_t id, const char *code)
{
    char bare[128];
    if (!code) {
        uint8_t kind = is_builtin_date(id)   ? STYLE_DATE
                       : id == 9 || id == 10 ? STYLE_PERCENT
                                             : STYLE_PLAIN;
        return (xlsx_style){kind, 0};
    }
    size_t n = bare_code(code, bare);
    bool is_general = strncmp(bare, "General", 7) == 0;
    if (!is_general && strpbrk(bare, "dDmMyYhHsS")) {
        return (xlsx_style){STYLE_DATE, 0};
    }
    if (strchr(bare, '%')) {
        return (xlsx_style){STYLE_PERCENT, 0};
    }
    size_t zeros = strspn(bare, "0");
    bool is_zeros = zeros > 1 && zeros == n && zeros < 32;
    return (xlsx_style){is_zeros ? STYLE_ZEROS : STYLE_PLAIN, is_zeros ? (uint8_t)zeros : 0};
}

/* ---- numbers --------------------------------------------------------------------------------- */

/* Fifteen digits are what the program that wrote it showed and kept; never an exponent. */
static crm_str plain(double v, const char *behind, char out[XLSX_NUMBER_TEXT])
{
    int n = snprintf(out, XLSX_NUMBER_TEXT, "%.15g", v);
    if (memchr(out, 'e', (size_t)n) && fabs(v) < 1e30) {
        n = snprintf(out, XLSX_NUMBER_TEXT, "%.*f", fabs(v) < 1 ? 20 : 0, v);
    }
    if (memchr(out, '.', (size_t)n) && !memchr(out, 'e', (size_t)n)) {
        while (out[n - 1] == '0') {
            n--;
        }
        n -= out[n - 1] == '.';
    }
    n += snprintf(out + n, XLSX_NUMBER_TEXT - (size_t)n, "%s", behind);
    return (crm_str){out, (size_t)n};
}

/* "2027-01-18", with a time when it has one; a time alone when it has no day. */
static crm_str date(double serial, bool is_1904, char out[XLSX_NUMBER_TEXT])
{
    /* The 1900 system counts a 29 February 1900 that never was. */
    serial += is_1904 ? DAYS_TO_1904 : serial >= 1 && serial < 60 ? 1 : 0;
    int64_t ms = llround(serial * (double)DAY_MS);
    int64_t days = ms / DAY_MS, of_day = ms % DAY_MS;
    int n = 0;
    if (days > 0) {
        clock_format_date((int32_t)(days - SERIAL_1970), out);
        n = 10;
    }
    if (of_day || !n) {
        n += snprintf(out + n, XLSX_NUMBER_TEXT - (size_t)n, "%s%02d:%02d:%02d", n ? " " : "",
                      (int)(of_day / 3600000), (int)(of_day / 60000 % 60),
                      (int)(of_day / 1000 % 60));
        if (of_day % 1000) {
            n += snprintf(out + n, XLSX_NUMBER_TEXT - (size_t)n, ".%03d", (int)(of_day % 1000));
        }
    }
    return (crm_str){out, (size_t)n};
}

crm_str xlsx_number(crm_str value, xlsx_style style, bool is_1904, char out[XLSX_NUMBER_TEXT])
{
    char text[XLSX_NUMBER_TEXT], *end;
    if (!value.n || value.n >= sizeof text) {
        return value;
    }
    memcpy(text, value.p, value.n);
    text[value.n] = 0;
    double v = strtod(text, &end);
    if (*end || !isfinite(v)) {
        return value;
    }
    switch (style.kind) {
    case STYLE_DATE:
        return v >= 0 && v < SERIAL_MAX ? date(v, is_1904, out) : plain(v, "", out);
    case STYLE_PERCENT:
        return plain(v * 100, "%", out);
    case STYLE_ZEROS:
        if (v >= 0 && v < 1e15 && v == floor(v)) {
            int n = snprintf(out, XLSX_NUMBER_TEXT, "%0*.0f", style.zeros, v);
            return (crm_str){out, (size_t)n};
        }
        return plain(v, "", out);
    default:
        return plain(v, "", out);
    }
}
