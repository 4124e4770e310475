/* export_value.c - stored values as people write them, in a form that reads back as the same value.
 */
#include "data/field.h"
#include "data/files.h"
#include "table/export.h"

#define DAY_MS 86400000LL

static bool is_russian(const crm_ctx *c)
{
    return !str_is(c->lang, "en");
}

/* ---- choices and stages ---------------------------------------------------------------------- */

static const crm_str *choice_value(const field *f, uint32_t i, crm_str *label)
{
    if (f->type == FIELD_STAGE) {
        const pipeline *p = f->pipeline;
        *label = p && i < p->stage_count ? p->stages[i].label : (crm_str){0};
        return p && i < p->stage_count ? &p->stages[i].name : NULL;
    }
    *label = i < f->choice_count ? f->choices[i].label : (crm_str){0};
    return i < f->choice_count ? &f->choices[i].value : NULL;
}

static bool is_same_text(arena *a, crm_str key, crm_str text)
{
    crm_str other;
    return text_sort_key(a, text, &other) == CRM_OK && str_eq(key, other);
}

const crm_str *choice_find(const registry *r, arena *a, const field *f, crm_str text)
{
    static const crm_str langs[] = {{"ru", 2}, {"en", 2}};
    crm_str label, key;
    const crm_str *v;
    for (uint32_t i = 0; (v = choice_value(f, i, &label)); i++) {
        if (str_eq(*v, text)) {
            return v;
        }
    }
    arena_mark mark = arena_mark_get(a);
    if (text_sort_key(a, text, &key) != CRM_OK) {
        return NULL;
    }
    for (uint32_t i = 0; (v = choice_value(f, i, &label)); i++) {
        for (int l = 0; l < 2; l++) {
            if (is_same_text(a, key, registry_text(r, langs[l], label))) {
                arena_rewind(a, mark);
                return v;
            }
        }
    }
    arena_rewind(a, mark);
    return NULL;
}

/* The label, unless it would be read back as another choice. */
static crm_str choice_text(crm_ctx *c, const field *f, crm_str stored)
{
    crm_str label;
    const crm_str *v;
    for (uint32_t i = 0; (v = choice_value(f, i, &label)); i++) {
        if (str_eq(*v, stored)) {
            crm_str text = registry_text(c->reg, c->lang, label);
            const crm_str *found = choice_find(c->reg, c->arena, f, text);
            return text.n && found && str_eq(*found, stored) ? text : stored;
        }
    }
    return stored;
}

/* ---- times ----------------------------------------------------------------------------------- */

static void put_day(int64_t days, bool is_iso, buf *out)
{
    char iso[11];
    clock_format_date((int32_t)days, iso);
    if (is_iso) {
        buf_z(out, iso);
    } else {
        buf_fmt(out, "%.2s.%.2s.%.4s", iso + 8, iso + 5, iso);
    }
}

/* As the clocks of the deployment show it; a moment that they show twice is written with its
 * offset. */
static void put_moment(const crm_ctx *c, int64_t ms, bool is_iso, buf *out)
{
    int64_t local = ms + (c->env.zone ? zone_offset(c->env.zone, ms) : 0);
    int64_t days = local >= 0 ? local / DAY_MS : -((DAY_MS - 1 - local) / DAY_MS);
    int64_t of_day = local - days * DAY_MS;
    if (registry_from_local(c->reg, local) != ms || days < -719162 || days > 2932896) {
        char text[CLOCK_TEXT];
        clock_format(ms, text);
        buf_z(out, text);
        return;
    }
    put_day(days, is_iso, out);
    buf_fmt(out, " %02d:%02d", (int)(of_day / 3600000), (int)(of_day / 60000 % 60));
    if (of_day % 60000 || is_iso) {
        buf_fmt(out, ":%02d", (int)(of_day / 1000 % 60));
    }
    if (of_day % 1000) {
        buf_fmt(out, ".%03d", (int)(of_day % 1000));
    }
}

void export_duration(int64_t ms, bool is_ru, buf *out)
{
    static const struct {
        int64_t ms;
        const char *en, *ru;
    } units[] = {
        {DAY_MS, "d", " д"}, {3600000, "h", " ч"}, {60000, "m", " мин"}, {1000, "s", " с"}};
    bool has_any = false;
    if (ms < 0 || ms % 1000 || !ms) {
        buf_int(out, ms); /* milliseconds, which nobody writes by hand */
        return;
    }
    for (size_t i = 0; i < 4; i++) {
        int64_t n = ms / units[i].ms;
        ms %= units[i].ms;
        if (n) {
            buf_z(out, has_any ? " " : "");
            buf_int(out, n);
            buf_z(out, is_ru ? units[i].ru : units[i].en);
            has_any = true;
        }
    }
}

/* ---- numbers --------------------------------------------------------------------------------- */

static void put_decimal(const field *f, int64_t v, bool has_comma, buf *out)
{
    char text[FIELD_DECIMAL_TEXT];
    crm_str s = field_format_decimal(v, f->scale, text);
    for (size_t i = 0; i < s.n; i++) {
        buf_char(out, s.p[i] == '.' && has_comma ? ',' : s.p[i]);
    }
}

/* ---- references ------------------------------------------------------------------------------ */

static void put_id(int64_t id, buf *out)
{
    buf_char(out, '#');
    buf_int(out, id);
}

/* A title that looks like "#12" would be read as that id. */
static void put_reference(const export_plan *p, int64_t id, crm_str label, buf *out)
{
    if (p->has_ids || !label.n || label.p[0] == '#') {
        put_id(id, out);
    } else {
        buf_str(out, label);
    }
}

/* A namesake is told apart by the login. */
static void put_user(const crm_ctx *c, const export_plan *p, int64_t id, buf *out)
{
    const person *who = people_user(c->people, id);
    bool is_only = who && who->name.n;
    for (uint32_t i = 0; is_only && i < c->people->user_count; i++) {
        const person *other = &c->people->users[i];
        is_only = other == who || !str_eq(other->name, who->name);
    }
    if (p->has_ids || !who) {
        put_id(id, out);
    } else {
        buf_str(out, is_only ? who->name : who->login);
    }
}

/* Whoever brings it back in means this attachment, not another one of the same name. */
static void put_file(crm_str text, buf *out)
{
    file_value v;
    if (file_value_read(text, &v)) {
        buf_str(out, v.name);
        buf_z(out, v.name.n ? " #" : "#");
        buf_str(out, v.id);
    }
}

/* ---- phones ---------------------------------------------------------------------------------- */

/* "+74951234567 доб. 12", which reads back as the same. */
static void put_phone(const crm_ctx *c, crm_str stored, buf *out)
{
    crm_str extension = phone_extension(stored);
    buf_str(out, phone_number(stored));
    if (extension.n) {
        buf_z(out, is_russian(c) ? " доб. " : " ext. ");
        buf_str(out, extension);
    }
}

/* ---- several values -------------------------------------------------------------------------- */

/* One element of a many-valued text. */
static crm_status element(crm_ctx *c, const export_plan *p, const field *f, crm_str part, buf *out)
{
    int64_t id;
    crm_str label = {0};
    if (f->type == FIELD_CHOICES) {
        buf_str(out, choice_text(c, f, part));
        return CRM_OK;
    }
    if (f->type == FIELD_FILES) {
        put_file(part, out);
        return CRM_OK;
    }
    if (f->type == FIELD_PHONE) {
        put_phone(c, part, out);
        return CRM_OK;
    }
    if (f->type != FIELD_REFS || str_to_i64(part, &id) != CRM_OK) {
        buf_str(out, part);
        return CRM_OK;
    }
    crm_status s = CRM_OK;
    if (f->ref && !p->has_ids) {
        s = records_labels(c, f->ref, &id, 1, &label);
    }
    put_reference(p, id, label, out);
    return s;
}

/* Joined by ", "; by line breaks when an element holds what separates. A single one of those ends
 * in a line break, so that it is not cut either. */
static crm_status many(crm_ctx *c, const export_plan *p, const field *f, crm_str stored, buf *out)
{
    buf lines;
    crm_str part;
    uint32_t count = 0;
    crm_status s = CRM_OK;
    buf_init(&lines, TABLE_CELL_MAX);
    while (s == CRM_OK && str_split(&stored, '\n', &part)) {
        buf_z(&lines, count++ ? "\n" : "");
        s = element(c, p, f, part, &lines);
    }
    crm_str all = buf_view(&lines);
    bool has_separator = f->type == FIELD_URL || str_find(all, ',') >= 0 || str_find(all, ';') >= 0;
    for (size_t i = 0; i < all.n; i++) {
        bool is_join = all.p[i] == '\n' && !has_separator;
        buf_add(out, is_join ? ", " : &all.p[i], is_join ? 2 : 1);
    }
    buf_z(out, has_separator && count == 1 && f->type != FIELD_URL ? "\n" : "");
    s = s == CRM_OK && (lines.failed || out->failed) ? CRM_NOMEM : s;
    buf_free(&lines);
    return s;
}

/* ---- one value ------------------------------------------------------------------------------- */

static void number(crm_ctx *c, const export_plan *p, const field *f, int64_t v, buf *out)
{
    bool is_sheet = p->format == EXPORT_XLSX; /* dates and numbers are real ones there */
    switch (field_stored_type(f)) {
    case FIELD_BOOL:
        buf_z(out, is_russian(c) ? (v ? "да" : "нет") : v ? "yes" : "no");
        break;
    case FIELD_DATE:
        put_day(v, is_sheet || !is_russian(c), out);
        break;
    case FIELD_DATETIME:
        put_moment(c, v, is_sheet || !is_russian(c), out);
        break;
    case FIELD_DURATION:
        export_duration(v, is_russian(c), out);
        break;
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_PERCENT:
        put_decimal(f, v, is_russian(c) && !is_sheet, out);
        break;
    case FIELD_USER:
        put_user(c, p, v, out);
        break;
    default:
        buf_int(out, v);
    }
}

crm_status export_value(crm_ctx *c, const export_plan *p, const field *f, value v, crm_str label,
                        buf *out)
{
    if (value_is_null(v)) {
        return CRM_OK;
    }
    if (v.kind == VALUE_TEXT && f->flags & FIELD_MANY) {
        return many(c, p, f, v.s, out);
    }
    if (f->type == FIELD_REF) {
        put_reference(p, v.i, label, out);
    } else if (v.kind == VALUE_INT) {
        number(c, p, f, v.i, out);
    } else if (f->type == FIELD_FILE) {
        put_file(v.s, out);
    } else if (f->type == FIELD_PHONE) {
        put_phone(c, v.s, out);
    } else if (f->choice_count || f->type == FIELD_STAGE) {
        buf_str(out, choice_text(c, f, v.s)); /* of a text too, whose values have names */
    } else {
        buf_str(out, v.s);
    }
    return out->failed ? CRM_NOMEM : CRM_OK;
}
