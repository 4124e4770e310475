/* import_value.c - a cell's text to the value of its field, as people and spreadsheets write it. */
#include "base/csv.h"
#include "data/field.h"
#include "table/export.h"
#include "table/import_private.h"

static crm_status refuse(finder *f, const field *to, const char *code)
{
    return call_fail_field(f->call, to->name, code, (crm_str){0});
}

/* ---- texts in other words -------------------------------------------------------------------- */

static crm_str yes_or_no(arena *a, crm_str text)
{
    static const char *const yes[] = {"да", "y", "yes",    "true", "+",  "x", "х",
                                      "v",  "✓", "истина", "есть", "on", "1"};
    static const char *const no[] = {"нет", "n", "no", "false", "-", "ложь", "off", "0"};
    crm_str key, other;
    if (text_sort_key(a, text, &key) != CRM_OK) {
        return text;
    }
    for (size_t i = 0; i < sizeof yes / sizeof yes[0]; i++) {
        if (text_sort_key(a, str_of(yes[i]), &other) == CRM_OK && str_eq(key, other)) {
            return CRM_S("1");
        }
    }
    for (size_t i = 0; i < sizeof no / sizeof no[0]; i++) {
        if (text_sort_key(a, str_of(no[i]), &other) == CRM_OK && str_eq(key, other)) {
            return CRM_S("0");
        }
    }
    return text;
}

/* "1 д 12 ч 30 мин" to "1d 12h 30m". */
static crm_str duration(arena *a, crm_str text)
{
    static const struct {
        const char *unit, *code;
    } units[] = {{"дней", "d"}, {"день", "d"}, {"дня", "d"}, {"дн", "d"},  {"д", "d"},
                 {"час", "h"},  {"ч", "h"},    {"мин", "m"}, {"сек", "s"}, {"с", "s"}};
    buf out;
    buf_init(&out, 4096);
    for (size_t i = 0; i < text.n;) {
        crm_str rest = {text.p + i, text.n - i};
        size_t u = 0;
        while (u < sizeof units / sizeof units[0] && !str_starts(rest, str_of(units[u].unit))) {
            u++;
        }
        bool is_unit = u < sizeof units / sizeof units[0];
        if (is_unit) {
            while (out.n && out.p[out.n - 1] == ' ') {
                out.n--;
            }
            buf_z(&out, units[u].code);
            i += strlen(units[u].unit);
        } else {
            buf_char(&out, text.p[i++]);
        }
    }
    crm_str copy = out.failed ? text : arena_dup(a, buf_view(&out));
    buf_free(&out);
    return copy;
}

/* `tail` begins with a ';': of "+74951234567;ext=12" it stands in the mark (RFC 3966), of
 * "+74951234567; доб. 12" before one, and is a blank then. */
static bool is_before_extension(const field *to, crm_str tail, bool *is_of_mark)
{
    crm_str digits, behind = {tail.p + 1, tail.n - 1};
    if (to->type != FIELD_PHONE || tail.p[0] != ';') {
        return false;
    }
    *is_of_mark = phone_extension_span(tail, &digits) > 0;
    return *is_of_mark || phone_extension_span(behind, &digits);
}

static bool is_separator(const field *to, char c)
{
    if (to->type == FIELD_URL) {
        return c == ' ' || c == '\t';
    }
    return c == ';' || (c == ',' && to->type == FIELD_TAGS);
}

crm_str import_lines(arena *a, const import_options *o, const field *to, crm_str text)
{
    bool has_lines = str_find(text, '\n') >= 0 || (o->is_vcard && to->type == FIELD_TAGS);
    bool is_of_mark;
    crm_str copy = arena_dup(a, text);
    for (size_t i = 0; copy.p && i < copy.n; i++) {
        char *p = (char *)copy.p + i;
        if ((has_lines && to->type != FIELD_URL) || !is_separator(to, *p)) {
            continue;
        }
        if (!is_before_extension(to, (crm_str){p, copy.n - i}, &is_of_mark)) {
            *p = '\n';
        } else if (!is_of_mark) {
            *p = ' ';
        }
    }
    return copy;
}

/* ---- choices --------------------------------------------------------------------------------- */

static crm_status read_choice(finder *f, const field *to, crm_str text, value *out)
{
    const crm_str *v = choice_find(f->call->reg, f->call->arena, to, text);
    *out = v ? value_text(*v) : value_null();
    return v ? CRM_OK : refuse(f, to, "not_a_choice");
}

typedef struct joined {
    buf b;
    uint32_t count;
    bool has_lines; /* the cell is of several lines */
    const import_options *options;
    import_row *row;
} joined;

static crm_status join_one(finder *f, const import_column *col, crm_str part, joined *j)
{
    value v;
    int64_t id;
    crm_status s;
    char digits[24];
    crm_str text;
    bool is_lacking = false;
    if (col->field->type == FIELD_CHOICES) {
        s = read_choice(f, col->field, part, &v);
        text = v.s;
    } else {
        s = import_lack_take(f, j->options, col, part, j->row, &is_lacking);
        if (s != CRM_OK || is_lacking) {
            return s;
        }
        s = find_reference(f, col, part, &id);
        int n = snprintf(digits, sizeof digits, "%lld", (long long)id);
        text = (crm_str){digits, n > 0 ? (size_t)n : 0};
    }
    if (s == CRM_OK) {
        buf_z(&j->b, j->count++ ? "\n" : "");
        buf_str(&j->b, text);
    }
    return s;
}

/*
 * A name that is to be made may hold a comma itself. Then commas divide where that can be seen:
 * where a part names a record, in a cell of several lines, each of which is mostly one name, where
 * all parts do.
 */
static bool is_divided(finder *f, const import_column *col, crm_str line, const joined *j)
{
    uint32_t parts = 0, known = 0;
    crm_str part;
    int64_t id;
    const char *code;
    if (j->options->missing != MISSING_CREATE || str_find(line, ';') >= 0) {
        return true;
    }
    while (str_split(&line, ',', &part)) {
        part = str_trim(part);
        if (part.n && find_reference_code(f, col, part, &id, &code) == CRM_OK) {
            parts++;
            known += !code || !str_is(str_of(code), "no_such_record");
        }
    }
    return parts < 2 || (j->has_lines ? known == parts : known > 0);
}

/* Whether the whole line is one element, though it holds a separator. */
static bool is_one(finder *f, const import_column *col, crm_str line, const joined *j)
{
    const crm_ctx *c = f->call;
    int64_t id;
    if (str_find(line, ',') < 0 && str_find(line, ';') < 0) {
        return true;
    }
    if (col->field->type == FIELD_CHOICES) {
        return choice_find(c->reg, c->arena, col->field, line) != NULL;
    }
    call_error kept = f->call->error;
    bool is_known = find_reference(f, col, line, &id) == CRM_OK;
    f->call->error = kept;
    return is_known || !is_divided(f, col, line, j);
}

static crm_status join_line(finder *f, const import_column *col, crm_str line, joined *j)
{
    crm_str part;
    crm_status s = CRM_OK;
    line = str_trim(line);
    if (!line.n || is_one(f, col, line, j)) {
        return line.n ? join_one(f, col, line, j) : CRM_OK;
    }
    char separator = str_find(line, ';') >= 0 ? ';' : ',';
    while (s == CRM_OK && str_split(&line, separator, &part)) {
        part = str_trim(part);
        s = part.n ? join_one(f, col, part, j) : CRM_OK;
    }
    return s;
}

static crm_status several(finder *f, const import_options *o, const import_column *col,
                          crm_str text, import_row *row, value *out)
{
    joined j = {.has_lines = str_find(text, '\n') >= 0, .options = o, .row = row};
    crm_str line;
    crm_status s = CRM_OK;
    buf_init(&j.b, TABLE_CELL_MAX);
    while (s == CRM_OK && str_split(&text, '\n', &line)) {
        s = join_line(f, col, line, &j);
    }
    if (s == CRM_OK) {
        crm_str copy = j.count ? arena_dup(f->call->arena, buf_view(&j.b)) : (crm_str){0};
        *out = value_text(copy);
        s = j.b.failed || (j.count && !copy.p) ? CRM_NOMEM : CRM_OK;
    }
    buf_free(&j.b);
    return s;
}

crm_status import_unite(crm_ctx *c, const field *f, value held, value added, value *out)
{
    *out = field_unite(c->arena, f, held, added);
    if (arena_failed(c->arena)) {
        return CRM_NOMEM;
    }
    if (field_elements(*out) > FIELD_ELEMENTS_MAX) {
        return call_fail_field(c, f->name, "too_long",
                               arena_fmt(c->arena, "{\"max\":%u}", FIELD_ELEMENTS_MAX));
    }
    return CRM_OK;
}

/* ---- one cell -------------------------------------------------------------------------------- */

/* A long number that a spreadsheet rounded is lost; a real number of that form is none of ours. */
static bool is_lost(const field *to, crm_str text)
{
    return to->type != FIELD_JSON && csv_is_rounded(str_trim(text));
}

/* The value that a text is the name of, else the text. */
static crm_str named(finder *f, const field *to, crm_str text)
{
    const crm_str *v =
        to->choice_count ? choice_find(f->call->reg, f->call->arena, to, text) : NULL;
    return v ? *v : text;
}

static crm_status by_text(finder *f, const field *to, crm_str text, value *out, bool *is_marked)
{
    arena *a = f->call->arena;
    switch (to->type) {
    case FIELD_TEXT:
        text = named(f, to, text);
        break;
    case FIELD_BOOL:
        text = yes_or_no(a, text);
        break;
    case FIELD_DATE:
    case FIELD_DATETIME:
        text = import_date(a, text, to->type == FIELD_DATETIME);
        break;
    case FIELD_DURATION:
        text = duration(a, text);
        break;
    case FIELD_TAGS:
        return field_from_lines(f->call, to, text, out, is_marked);
    default:
        break;
    }
    return field_from_text(f->call, to, text, out, is_marked);
}

crm_status import_value(finder *f, const import_options *o, const import_column *col, crm_str text,
                        import_row *row, value *out, bool *is_marked)
{
    const field *to = col->field;
    crm_str trimmed = str_trim(text);
    *is_marked = false;
    *out = value_null();
    if (!trimmed.n) {
        return CRM_OK;
    }
    if (is_lost(to, trimmed)) {
        return refuse(f, to, "excel_number");
    }
    switch (to->type) {
    case FIELD_CHOICE:
    case FIELD_STAGE:
        return read_choice(f, to, trimmed, out);
    case FIELD_CHOICES:
    case FIELD_REFS:
        return several(f, o, col, text, row, out);
    case FIELD_REF:
    case FIELD_USER: {
        int64_t id;
        crm_status s = find_reference(f, col, trimmed, &id);
        *out = s == CRM_OK ? value_int(id) : value_null();
        return s;
    }
    default:
        return by_text(f, to, to->flags & FIELD_MANY ? text : trimmed, out, is_marked);
    }
}
