/* import_analyse.c - what a file is, by its first rows: columns, samples, likely meaning. */
#include <fcntl.h>

#include "data/field.h"
#include "data/stores.h"
#include "flow/flow.h"
#include "table/import_private.h"

#define ROWS_SHOWN 20
#define ROWS_READ  200
#define SAMPLES    3
#define CELL_SHOWN 120 /* characters */
#define LOOK_ROWS  1000
/* All texts that a big workbook's rows share are read before its first row: some seconds. */
#define BOOK_MS 30000

typedef struct looking {
    crm_ctx *call;
    const entity *entity;
    int64_t until; /* clock_mono: a workbook is not waited for any longer */
    source_reading how;
    table_row *rows; /* the first ones, the header's included */
    uint32_t count;
    bool has_more;
    crm_str *titles;
    crm_str *names; /* that the file itself gives its columns; NULL: the first row may */
    uint32_t columns;
    const crm_str *sheets;
    uint32_t sheet_count;
} looking;

/* ---- readings as JSON ------------------------------------------------------------------------ */

static const char *const formats[] = {"csv", "xlsx", "vcf"};

crm_str reading_to_json(arena *a, const source_reading *r)
{
    char separator[] = {r->separator, 0};
    json_t *json =
        json_pack("{s:s,s:s,s:s,s:b,s:i}", "format", formats[r->format], "encoding",
                  charset_name(r->charset).p, "separator", r->separator == '\t' ? "tab" : separator,
                  "header", r->has_header, "sheet", (int)r->sheet);
    crm_str text = json ? json_dump(a, json) : (crm_str){0};
    json_decref(json);
    return text;
}

static crm_status take_separator(crm_str s, char *out)
{
    bool is_one = s.n == 1 && strchr(";,|\t", s.p[0]);
    if (!is_one && !str_is(s, "tab")) {
        return CRM_INVALID;
    }
    *out = is_one ? s.p[0] : '\t';
    return CRM_OK;
}

/* Members that are absent leave what `out` holds. */
crm_status reading_from_json(const json_t *json, source_reading *out)
{
    crm_str encoding = json_text(json, "encoding"), separator = json_text(json, "separator");
    crm_str format = json_text(json, "format");
    const json_t *header = json_object_get(json, "header"), *sheet = json_object_get(json, "sheet");
    for (int i = 0; i < 3; i++) {
        out->format = str_is(format, formats[i]) ? (source_format)i : out->format;
    }
    if (encoding.n && !charset_find(encoding, &out->charset)) {
        return CRM_INVALID;
    }
    if (separator.n && take_separator(separator, &out->separator) != CRM_OK) {
        return CRM_INVALID;
    }
    out->has_header = header ? json_is_true(header) : out->has_header;
    if (sheet && (!json_is_integer(sheet) || json_integer_value(sheet) < 0 ||
                  json_integer_value(sheet) > 255)) {
        return CRM_INVALID;
    }
    out->sheet = sheet ? (uint32_t)json_integer_value(sheet) : out->sheet;
    return CRM_OK;
}

/* ---- the first rows -------------------------------------------------------------------------- */

static crm_status keep_row(looking *l, const table_row *row)
{
    arena *a = l->call->arena;
    crm_str *cells = ARENA_ARRAY(a, crm_str, row->count + 1);
    for (uint32_t i = 0; cells && i < row->count; i++) {
        size_t n = row->cells[i].n < 4 * CELL_SHOWN ? row->cells[i].n : 4 * CELL_SHOWN;
        while (n < row->cells[i].n && n && ((unsigned char)row->cells[i].p[n] & 0xC0) == 0x80) {
            n--;
        }
        cells[i] = arena_dup(a, (crm_str){row->cells[i].p, n});
    }
    l->rows[l->count] = *row;
    l->rows[l->count++].cells = cells;
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

/* Whoever made the file decides how long it takes, and few threads do this: a server that ends does
 * not wait for it, and nobody waits long. */
static crm_status go_on(void *arg, int64_t rows)
{
    const looking *l = arg;
    (void)rows;
    if (pool_is_closing()) {
        return CRM_UNAVAILABLE;
    }
    bool is_late = l->how.format == SOURCE_XLSX && clock_mono() >= l->until;
    return is_late ? call_fail(l->call, CRM_TIMEOUT, "xlsx_slow") : CRM_OK;
}

/* A property of cards may come up late: all of them are looked through for their names. */
static crm_status look_at_rows(looking *l, source *from)
{
    table_row row;
    bool is_named = l->how.format == SOURCE_VCARD;
    int64_t rows = 0;
    crm_status s;
    while ((s = source_next(from, &row)) == CRM_OK) {
        l->has_more = l->count == ROWS_READ;
        l->columns = row.count > l->columns && (is_named || !l->has_more) ? row.count : l->columns;
        s = !l->has_more ? keep_row(l, &row) : is_named ? CRM_OK : CRM_NOT_FOUND;
        s = s == CRM_OK && ++rows % LOOK_ROWS == 0 ? go_on(l, rows) : s;
        if (s != CRM_OK) {
            return s;
        }
    }
    return s;
}

static crm_status keep_names(looking *l, const source *from)
{
    arena *a = l->call->arena;
    l->names = ARENA_ARRAY(a, crm_str, l->columns + 1);
    for (uint32_t i = 0; l->names && i < l->columns; i++) {
        l->names[i] = arena_dup(a, source_column_name(from, i));
    }
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

static crm_status read_rows(looking *l, int fd)
{
    source *from = NULL;
    const source_watch watch = {go_on, l};
    int64_t most = l->how.format == SOURCE_VCARD ? INT64_MAX : ROWS_READ + 1;
    l->rows = ARENA_ARRAY(l->call->arena, table_row, ROWS_READ);
    crm_status s = l->rows ? source_open(l->call->arena, fd, &l->how, most, &from) : CRM_NOMEM;
    if (s == CRM_OK) {
        source_watched(from, &watch);
        s = look_at_rows(l, from);
    }
    if (s == CRM_NOT_FOUND && l->how.format == SOURCE_VCARD) {
        s = keep_names(l, from);
    }
    if (from) {
        l->sheets = source_sheets(from, &l->sheet_count);
    }
    if (s == CRM_INVALID) {
        s = call_fail(l->call, s, source_fault(from));
    }
    source_close(from);
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

static bool looks_like_data(crm_str s)
{
    size_t digits = 0;
    for (size_t i = 0; i < s.n; i++) {
        digits += s.p[i] >= '0' && s.p[i] <= '9';
    }
    return str_find(s, '@') > 0 || digits * 2 > s.n;
}

/* Names of columns are filled, differ, and are neither numbers nor addresses. */
static bool has_names(const looking *l)
{
    const table_row *first = l->count ? &l->rows[0] : NULL;
    uint32_t filled = 0;
    for (uint32_t i = 0; first && i < first->count; i++) {
        crm_str cell = str_trim(first->cells[i]);
        filled += cell.n > 0;
        if (looks_like_data(cell)) {
            return false;
        }
    }
    return first && filled * 2 > first->count;
}

static crm_status name_columns(looking *l)
{
    arena *a = l->call->arena;
    bool is_named = l->how.has_header && !l->names && l->count;
    l->titles = ARENA_ARRAY(a, crm_str, l->columns + 1);
    for (uint32_t i = 0; l->titles && i < l->columns; i++) {
        if (l->names) {
            l->titles[i] = l->names[i];
        } else if (is_named && i < l->rows[0].count && str_trim(l->rows[0].cells[i]).n) {
            l->titles[i] = str_trim(l->rows[0].cells[i]);
        } else {
            l->titles[i] = CRM_S("");
        }
    }
    if (is_named) {
        l->rows++;
        l->count--;
    }
    return l->titles ? CRM_OK : CRM_NOMEM;
}

/* ---- what is stored of it -------------------------------------------------------------------- */

/* A file may hold what no JSON of ours does: a NUL would make the whole analysis unreadable. */
static void put_cell(json_writer *w, const looking *l, crm_str cell)
{
    buf clean;
    crm_str rest = cell, part;
    buf_init(&clean, 0);
    while (str_split(&rest, 0, &part)) {
        buf_str(&clean, part);
        if (rest.p) {
            buf_z(&clean, "\xEF\xBF\xBD");
        }
    }
    jw_str(w, arena_dup(l->call->arena, buf_view(&clean)));
    buf_free(&clean);
}

static void put_samples(json_writer *w, const looking *l, uint32_t column)
{
    uint32_t given = 0;
    jw_karray(w, "samples");
    for (uint32_t i = 0; i < l->count && given < SAMPLES; i++) {
        crm_str cell = column < l->rows[i].count ? str_trim(l->rows[i].cells[column]) : CRM_S("");
        if (cell.n) {
            put_cell(w, l, cell);
            given++;
        }
    }
    jw_end_array(w);
}

static void put_rows(json_writer *w, const looking *l)
{
    jw_karray(w, "rows");
    for (uint32_t i = 0; i < l->count && i < ROWS_SHOWN; i++) {
        jw_object(w);
        jw_kint(w, "line", l->rows[i].line);
        jw_karray(w, "cells");
        for (uint32_t k = 0; k < l->rows[i].count; k++) {
            put_cell(w, l, l->rows[i].cells[k]);
        }
        jw_end_array(w);
        if (l->rows[i].fault) {
            jw_kstr(w, "fault", str_of(table_fault_code(l->rows[i].fault)));
        }
        jw_end_object(w);
    }
    jw_end_array(w);
    jw_kbool(w, "more", l->has_more || l->count > ROWS_SHOWN);
}

static void put_lists(json_writer *w, const looking *l)
{
    jw_karray(w, "encodings");
    for (int i = 0; l->how.format != SOURCE_XLSX && i < CHARSET_COUNT; i++) {
        jw_str(w, charset_name((charset)i));
    }
    jw_end_array(w);
    jw_karray(w, "sheets");
    for (uint32_t i = 0; i < l->sheet_count; i++) {
        jw_str(w, l->sheets[i]);
    }
    jw_end_array(w);
}

static crm_str analysis(const looking *l, const json_t *suggested)
{
    buf b;
    json_writer w;
    const json_t *fields = json_object_get(suggested, "columns");
    buf_init(&b, 0);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "format", str_of(formats[l->how.format]));
    put_lists(&w, l);
    jw_karray(&w, "columns");
    for (uint32_t i = 0; i < l->columns; i++) {
        const char *name = json_string_value(json_array_get(fields, i));
        jw_object(&w);
        jw_key(&w, CRM_S("title"));
        put_cell(&w, l, l->titles[i]);
        put_samples(&w, l, i);
        jw_key(&w, CRM_S("suggest"));
        if (name) {
            jw_str(&w, str_of(name));
        } else {
            jw_null(&w);
        }
        jw_end_object(&w);
    }
    jw_end_array(&w);
    put_rows(&w, l);
    jw_end_object(&w);
    crm_str out = b.failed ? (crm_str){0} : arena_dup(l->call->arena, buf_view(&b));
    buf_free(&b);
    return out;
}

/* A header is known again by its titles; one without by the number of its columns. */
static crm_str header_hash(const looking *l)
{
    uint8_t digest[SHA256_SIZE];
    buf b;
    buf_init(&b, 0);
    buf_int(&b, l->columns);
    for (uint32_t i = 0; i < l->columns; i++) {
        buf_char(&b, '\n');
        buf_str(&b, l->titles[i]);
    }
    crypto_sha256(buf_view(&b), digest);
    buf_free(&b);
    return crypto_hex(l->call->arena, digest, 12);
}

static crm_status find_remembered(looking *l, store_row *row, crm_str *options)
{
    crm_ctx *c = l->call;
    store_row kept;
    const entity *e = registry_store(c->reg, STORE_IMPORT_CHOICE);
    crm_str key = arena_fmt(c->arena, "%lld:%.*s:%.*s", (long long)c->who->user,
                            STR_FMT(l->entity->name), STR_FMT(store_text(row, IMPORT_HEADER)));
    crm_status s = store_first(
        c->session, c->arena, c->reg, STORE_IMPORT_CHOICE,
        cond_compare(c->arena, COND_EQ, &e->fields[IMPORT_CHOICE_KEY], value_text(key)), &kept);
    *options = s == CRM_OK ? store_text(&kept, IMPORT_CHOICE_OPTIONS) : (crm_str){0};
    return s == CRM_NOT_FOUND ? CRM_OK : s;
}

static crm_status fill_row(looking *l, store_row *row)
{
    arena *a = l->call->arena;
    crm_str remembered;
    store_set(row, IMPORT_HEADER, value_text(header_hash(l)));
    crm_status s = find_remembered(l, row, &remembered);
    json_t *suggested =
        s == CRM_OK ? import_suggest(l->call, l->entity, l->rows, l->count, l->titles, l->columns)
                    : NULL;
    if (!suggested) {
        return s == CRM_OK ? CRM_NOMEM : s;
    }
    if (l->how.format == SOURCE_VCARD) {
        json_object_set_new(suggested, "missing", json_string("create"));
    }
    crm_str options = remembered.n ? remembered : json_dump(a, suggested);
    store_set(row, IMPORT_ANALYSIS, value_text(analysis(l, suggested)));
    json_decref(suggested);
    store_set(row, IMPORT_OPTIONS, value_text(options));
    store_set(row, IMPORT_IS_REMEMBERED, value_int(remembered.n > 0));
    store_set(row, IMPORT_READING, value_text(reading_to_json(a, &l->how)));
    store_set(row, IMPORT_WIDTH, value_int(l->columns));
    return arena_failed(a) || !store_text(row, IMPORT_ANALYSIS).p ? CRM_NOMEM : CRM_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */

static crm_status refuse_format(crm_ctx *c, const char *found)
{
    crm_status s = call_fail(c, CRM_INVALID, "import_format");
    c->error.params_json = arena_fmt(c->arena, "{\"found\":\"%s\"}", found);
    crm_str text = arena_fmt(c->arena, "import.found.%s", found);
    c->error.text = registry_text(c->reg, c->lang, text);
    return s;
}

static crm_status guess(looking *l, int fd, const json_t *reading)
{
    const char *found = NULL;
    crm_status s = source_guess(fd, &l->how, &found);
    if (s != CRM_OK) {
        return s == CRM_INVALID ? refuse_format(l->call, found) : s;
    }
    source_format format = l->how.format;
    if (reading && reading_from_json(reading, &l->how) != CRM_OK) {
        return call_fail_field(l->call, CRM_S("reading"), "type_mismatch", (crm_str){0});
    }
    l->how.format = format; /* what a file is, is not a matter of choice */
    return CRM_OK;
}

static crm_status look(looking *l, int fd, const json_t *reading)
{
    crm_status s = guess(l, fd, reading);
    s = s == CRM_OK ? read_rows(l, fd) : s;
    if (s != CRM_OK) {
        return s;
    }
    if (!l->count) {
        return refuse_format(l->call, "empty");
    }
    if (!reading || !json_object_get(reading, "header")) {
        l->how.has_header = has_names(l);
    }
    return name_columns(l);
}

crm_status import_analyse(crm_ctx *c, const entity *e, const json_t *reading, store_row *row)
{
    return import_analyse_within(c, e, reading, row, BOOK_MS);
}

crm_status import_analyse_within(crm_ctx *c, const entity *e, const json_t *reading, store_row *row,
                                 int64_t ms)
{
    looking *l = ARENA_NEW(c->arena, looking);
    crm_str path = import_path(c->arena, store_text(row, IMPORT_FILE), IMPORT_SOURCE);
    int fd = path.p ? open(path.p, O_RDONLY | O_CLOEXEC) : -1;
    if (!l || fd < 0) {
        return l && path.p ? call_fail(c, CRM_NOT_FOUND, "import_gone") : CRM_NOMEM;
    }
    *l = (looking){.call = c, .entity = e, .until = clock_mono() + ms * 1000000};
    crm_status s = look(l, fd, reading);
    close(fd);
    return s == CRM_OK ? fill_row(l, row) : s;
}
