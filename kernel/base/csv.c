/* csv.c - reading separated values: one state machine over the decoded text. */
#include "base/csv.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"

#define PIECE       65536
#define GUESS_LINES 20
#define HEAD        16 /* a byte order mark and "sep=;" with its line break */

/* ---- the separator --------------------------------------------------------------------------- */

static const char separators[] = {';', ',', '\t', '|'};

/* "sep=;" alone on the first line: what Excel itself obeys. */
static bool is_sep_line(crm_str text, char *separator, size_t *length)
{
    crm_str head = {text.p, text.n < 4 ? text.n : 4};
    bool has_end = text.n == 5 || (text.n > 5 && (text.p[5] == '\r' || text.p[5] == '\n'));
    if (!str_eq_ascii_nocase(head, CRM_S("sep=")) || !has_end ||
        !memchr(separators, text.p[4], sizeof separators)) {
        return false;
    }
    *separator = text.p[4];
    *length = 5;
    return true;
}

/* How often each separator stands outside quotes in the line *rest begins with, which is cut off.
 */
static void count_line(crm_str *rest, uint32_t counts[4])
{
    bool is_quoted = false;
    size_t i = 0;
    memset(counts, 0, 4 * sizeof *counts);
    for (; i < rest->n; i++) {
        char c = rest->p[i];
        is_quoted ^= c == '"';
        if (!is_quoted && (c == '\n' || c == '\r')) {
            break;
        }
        for (int k = 0; k < 4 && !is_quoted; k++) {
            counts[k] += c == separators[k];
        }
    }
    while (i < rest->n && (rest->p[i] == '\n' || rest->p[i] == '\r')) {
        i++;
    }
    *rest = (crm_str){rest->p + i, rest->n - i};
}

/* The one that cuts most lines as it cuts the first; among equals the one that cuts more. */
static char guess_separator(crm_str text)
{
    uint32_t first[4], counts[4], alike[4] = {0}, best = 0;
    char out = ';';
    count_line(&text, first);
    for (int line = 1; line < GUESS_LINES && text.n; line++) {
        count_line(&text, counts);
        for (int k = 0; k < 4; k++) {
            alike[k] += first[k] && counts[k] == first[k];
        }
    }
    for (int k = 0; k < 4; k++) {
        uint32_t score = first[k] ? alike[k] * 1000 + (first[k] < 999 ? first[k] : 999) : 0;
        if (score > best) {
            best = score;
            out = separators[k];
        }
    }
    return out;
}

csv_format csv_guess(crm_str sample)
{
    size_t mark, length;
    csv_format f = {.charset = charset_guess(sample, &mark), .separator = ';'};
    charset_decoder d;
    buf text;
    buf_init(&text, 0);
    if (charset_open(&d, f.charset) == CRM_OK) {
        size_t n = sample.n < PIECE ? sample.n : PIECE;
        charset_decode(&d, (crm_str){sample.p + mark, n - mark}, true, &text);
        if (!is_sep_line(buf_view(&text), &f.separator, &length)) {
            f.separator = guess_separator(buf_view(&text));
        }
    }
    buf_free(&text);
    return f;
}

/* ---- reading --------------------------------------------------------------------------------- */

typedef enum csv_state { AT_CELL, IN_PLAIN, IN_QUOTES, AFTER_QUOTE } csv_state;

struct csv_reader {
    table_source source;
    charset_decoder decoder;
    char separator;
    buf text; /* decoded, from `at` on not yet read */
    size_t at;
    bool is_started, is_ended, has_failed;
    char raw[PIECE];

    csv_state state;
    int64_t line, row_line; /* of the next character; where the row began */
    bool was_cr;
    buf row; /* the cells' texts, one behind the other */
    size_t ends[TABLE_COLUMNS_MAX];
    crm_str cells[TABLE_COLUMNS_MAX];
    uint32_t count;
    bool has_text;
    table_fault fault;
    uint32_t fault_column;
};

crm_status csv_open(table_source from, const csv_format *format, csv_reader **out)
{
    csv_reader *r = calloc(1, sizeof *r);
    if (!r) {
        return CRM_NOMEM;
    }
    crm_status s = charset_open(&r->decoder, format->charset);
    if (s != CRM_OK) {
        free(r);
        return s;
    }
    r->source = from;
    r->separator = format->separator;
    r->line = 1;
    buf_init(&r->text, (size_t)4 * PIECE);
    buf_init(&r->row, TABLE_ROW_MAX);
    *out = r;
    return CRM_OK;
}

void csv_close(csv_reader *r)
{
    if (r) {
        buf_free(&r->text);
        buf_free(&r->row);
        free(r);
    }
}

/* The first piece: without its mark and without "sep=;". */
static void start(csv_reader *r)
{
    size_t length;
    r->is_started = true;
    if (str_starts(buf_view(&r->text), CRM_S("\xEF\xBB\xBF"))) {
        r->at = 3;
    }
    crm_str head = {r->text.p + r->at, r->text.n - r->at};
    if (head.n && is_sep_line(head, &r->separator, &length)) {
        r->at += length;
    }
}

/* False: nothing is left to read. */
static bool refill(csv_reader *r)
{
    buf_clear(&r->text);
    r->at = 0;
    size_t least = r->is_started ? 1 : HEAD;
    while (r->text.n < least && !r->is_ended) {
        ssize_t n = r->source.read(r->source.arg, r->raw, sizeof r->raw);
        r->has_failed = n < 0 || r->text.failed;
        r->is_ended = n <= 0;
        charset_decode(&r->decoder, (crm_str){r->raw, n > 0 ? (size_t)n : 0}, n <= 0, &r->text);
    }
    if (!r->is_started && r->text.n) {
        start(r);
    }
    return r->at < r->text.n || (r->text.n && !r->is_ended && refill(r));
}

static void note(csv_reader *r, table_fault f)
{
    if (r->fault == TABLE_SOUND) {
        r->fault = f;
        r->fault_column = r->count + 1;
    }
}

static void add_text(csv_reader *r, const char *p, size_t n)
{
    size_t begun = r->count ? r->ends[r->count - 1] : 0;
    bool is_long = r->row.n - begun + n > TABLE_CELL_MAX || r->row.n + n > TABLE_ROW_MAX;
    if (is_long) {
        note(r, TABLE_LONG);
    } else if (r->count < TABLE_COLUMNS_MAX) {
        buf_add(&r->row, p, n);
        r->has_text = r->has_text || n;
    }
}

static void end_cell(csv_reader *r)
{
    r->state = AT_CELL;
    if (r->count == TABLE_COLUMNS_MAX) {
        note(r, TABLE_WIDE);
        return;
    }
    r->ends[r->count++] = r->row.n;
}

/* How many bytes from `at` are letters of the cell and nothing else. */
static size_t run_length(const csv_reader *r)
{
    const char *p = r->text.p + r->at, *end = r->text.p + r->text.n, *q = p;
    if (r->state == IN_QUOTES) {
        while (q < end && *q != '"' && *q != '\n' && *q != '\r') {
            q++;
        }
    } else {
        while (q < end && *q != r->separator && *q != '\n' && *q != '\r' && *q != '"') {
            q++;
        }
    }
    return (size_t)(q - p);
}

/* A line break's second half counts no line; a lone CR is one. */
static void count_line_break(csv_reader *r, char c)
{
    r->line += !(c == '\n' && r->was_cr);
    r->was_cr = c == '\r';
}

/* One character that is more than a letter of the cell. True: the row has ended. */
static bool special(csv_reader *r, char c)
{
    bool is_break = c == '\n' || c == '\r';
    if (r->state == IN_QUOTES) {
        if (c == '"') {
            r->state = AFTER_QUOTE;
        } else if (!(c == '\n' && r->was_cr)) {
            add_text(r, "\n", 1); /* a line break inside is one character, however it is written */
        }
        return false;
    }
    if (c == '"' && r->state == AT_CELL) {
        r->state = IN_QUOTES;
        return false;
    }
    if (c == '"') {
        r->state = r->state == AFTER_QUOTE ? IN_QUOTES : r->state; /* "" is one quote */
        add_text(r, "\"", 1);
        return false;
    }
    end_cell(r);
    return is_break;
}

static void begin_row(csv_reader *r)
{
    buf_clear(&r->row);
    r->count = 0;
    r->has_text = false;
    r->fault = TABLE_SOUND;
    r->fault_column = 0;
    r->state = AT_CELL;
    r->row_line = r->line;
}

/* Also one that stood in the file: whoever wrote it had lost the character already. */
static void note_bad_text(csv_reader *r)
{
    for (uint32_t i = 0; i < r->count; i++) {
        if (r->cells[i].n && memmem(r->cells[i].p, r->cells[i].n, "\xEF\xBF\xBD", 3)) {
            r->fault = r->fault == TABLE_SOUND ? TABLE_ENCODING : r->fault;
            r->fault_column = r->fault_column ? r->fault_column : i + 1;
            return;
        }
    }
}

static void give(csv_reader *r, table_row *row)
{
    size_t from = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        r->cells[i] = (crm_str){r->row.p ? r->row.p + from : "", r->ends[i] - from};
        from = r->ends[i];
    }
    note_bad_text(r);
    *row = (table_row){.line = r->row_line,
                       .cells = r->cells,
                       .count = r->count,
                       .fault = r->fault,
                       .fault_column = r->fault_column};
}

/* True: the row has ended. */
static bool step(csv_reader *r)
{
    size_t n = run_length(r);
    if (n) {
        r->state = r->state == IN_QUOTES ? IN_QUOTES : IN_PLAIN;
        r->was_cr = false;
        add_text(r, r->text.p + r->at, n);
        r->at += n;
        return false;
    }
    char c = r->text.p[r->at++];
    bool is_second_half = c == '\n' && r->was_cr && r->state != IN_QUOTES;
    bool has_ended = !is_second_half && special(r, c);
    if (c == '\n' || c == '\r') {
        count_line_break(r, c);
    } else {
        r->was_cr = false;
    }
    return has_ended;
}

static crm_status end_of_text(csv_reader *r, table_row *row)
{
    if (r->has_failed || r->row.failed || r->text.failed) {
        return r->has_failed ? CRM_INTERNAL : CRM_NOMEM;
    }
    if (r->state == IN_QUOTES) {
        note(r, TABLE_QUOTE); /* the file ends inside a quoted cell */
    }
    if (!r->has_text && !r->count) {
        return CRM_NOT_FOUND;
    }
    end_cell(r);
    if (!r->has_text) {
        return CRM_NOT_FOUND;
    }
    give(r, row);
    return CRM_OK;
}

crm_status csv_next(csv_reader *r, table_row *row)
{
    begin_row(r);
    for (;;) {
        if (r->at == r->text.n && (r->is_ended || !refill(r))) {
            crm_status s = end_of_text(r, row);
            begin_row(r);
            return s;
        }
        if (!step(r)) {
            continue;
        }
        if (r->has_text) {
            give(r, row);
            return r->row.failed ? CRM_NOMEM : CRM_OK;
        }
        begin_row(r);
    }
}
