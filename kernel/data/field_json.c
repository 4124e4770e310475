/* field_json.c - a stored value in its JSON form (API.md). Any thread. */
#include "data/field.h"
#include "data/files.h"
#include "data/records.h"

static void put_reference(json_writer *w, int64_t id, crm_str label, bool denied)
{
    jw_raw(w, CRM_S("{\"id\":"));
    buf_int(w->b, id);
    if (denied) {
        buf_str(w->b, CRM_S(",\"denied\":true"));
    } else if (label.p) {
        buf_str(w->b, CRM_S(",\"label\":"));
        buf_json(w->b, label);
    }
    buf_char(w->b, '}');
}

static void put_decimal(json_writer *w, const field *f, int64_t v)
{
    char text[FIELD_DECIMAL_TEXT];
    jw_str(w, field_format_decimal(v, f->scale, text));
}

static void put_date(json_writer *w, int64_t days)
{
    char text[13];
    bool is_date = days >= INT32_MIN && days <= INT32_MAX;
    clock_format_date(is_date ? (int32_t)days : 0, text + 1);
    text[0] = text[11] = '"';
    jw_raw(w, (crm_str){text, 12});
}

static void put_moment(json_writer *w, int64_t ms)
{
    char text[CLOCK_TEXT + 2];
    clock_format(ms, text + 1);
    text[0] = text[CLOCK_TEXT] = '"';
    jw_raw(w, (crm_str){text, CLOCK_TEXT + 1});
}

static void put_int(json_writer *w, const field *f, int64_t v, crm_str label, bool denied)
{
    switch (field_stored_type(f)) {
    case FIELD_DECIMAL:
    case FIELD_MONEY:
    case FIELD_PERCENT:
        put_decimal(w, f, v);
        break;
    case FIELD_BOOL:
        jw_bool(w, v != 0);
        break;
    case FIELD_DATE:
        put_date(w, v);
        break;
    case FIELD_DATETIME:
        put_moment(w, v);
        break;
    case FIELD_REF:
    case FIELD_USER:
        put_reference(w, v, label, denied);
        break;
    default:
        jw_int(w, v);
    }
}

static void put_file(json_writer *w, crm_str text)
{
    file_value v;
    if (!file_value_read(text, &v)) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_kstr(w, "id", v.id);
    jw_kstr(w, "name", v.name);
    jw_kint(w, "size", v.size);
    jw_kstr(w, "type", v.type);
    jw_end_object(w);
}

static void put_element(json_writer *w, const field *f, crm_str part, crm_str line)
{
    int64_t id;
    if (f->type == FIELD_FILES) {
        put_file(w, part);
    } else if (f->type == FIELD_REFS && str_to_i64(part, &id) == CRM_OK) {
        bool is_denied = line.n && line.p[0] == '-';
        put_reference(w, id, line.n > 1 ? (crm_str){line.p + 1, line.n - 1} : (crm_str){0},
                      is_denied);
    } else {
        jw_str(w, part);
    }
}

/* `lines`: titles of REFS, as record_view.labels has them, or nothing. */
static void put_many(json_writer *w, const field *f, const value *v, crm_str lines)
{
    crm_str rest = v->kind == VALUE_TEXT ? v->s : (crm_str){0}, part, line = {0};
    jw_array(w);
    while (str_split(&rest, '\n', &part)) {
        if (!str_split(&lines, '\n', &line)) {
            line = (crm_str){0};
        }
        put_element(w, f, part, line);
    }
    jw_end_array(w);
}

void field_to_json(json_writer *w, const field *f, const value *v, crm_str label, bool denied)
{
    if (f->flags & FIELD_MANY) {
        put_many(w, f, v, label);
    } else if (v->kind == VALUE_INT) {
        put_int(w, f, v->i, label, denied);
    } else if (v->kind != VALUE_TEXT) {
        jw_null(w);
    } else if (f->type == FIELD_FILE) {
        put_file(w, v->s);
    } else if (field_stored_type(f) == FIELD_JSON) {
        jw_raw(w, v->s);
    } else {
        jw_str(w, v->s);
    }
}
