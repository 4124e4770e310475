/* changelog_body.c - changes to JSON and back. */
#include "data/changelog_body.h"

#include "data/field_convert.h"
#include "data/rights_private.h"

#define BODY_MAX ((size_t)16 * 1024 * 1024)

uint32_t changelog_differing(const entity *e, const value *now, const value *was,
                             uint16_t fields[FIELDS_MAX])
{
    uint32_t n = 0;
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        /* Keys made from a name say nothing that the name does not. */
        if (i != e->match_field && !value_equal(now[i], was ? was[i] : value_null())) {
            fields[n++] = (uint16_t)i;
        }
    }
    return n;
}

crm_status changelog_take_marks(arena *a, change *ch)
{
    ch->marks = NULL;
    if (!ch->row_was || value_is_null(ch->row_was[COL_MARKS])) {
        return CRM_OK;
    }
    const char **codes = ARENA_ARRAY(a, const char *, ch->field_count + 1);
    for (uint32_t i = 0; codes && i < ch->field_count; i++) {
        codes[i] = record_mark_of(a, ch->row_was, &ch->entity->fields[ch->fields[i]]);
        ch->marks = codes[i] ? codes : ch->marks;
    }
    return codes ? CRM_OK : CRM_NOMEM;
}

/* ---- writing --------------------------------------------------------------------------------- */

static void put_value(json_writer *w, value v)
{
    if (v.kind == VALUE_INT) {
        jw_int(w, v.i);
    } else if (v.kind == VALUE_TEXT) {
        jw_str(w, v.s);
    } else {
        jw_null(w);
    }
}

static void put_key(json_writer *w, const field *f)
{
    char key[16], *at = key + sizeof key;
    uint32_t id = f->id;
    do {
        *--at = (char)('0' + id % 10);
        id /= 10;
    } while (id);
    jw_name(w, (crm_str){at, (size_t)(key + sizeof key - at)});
}

static void put_marks(json_writer *w, const change *ch)
{
    jw_kobject(w, "m");
    for (uint32_t i = 0; i < ch->field_count; i++) {
        if (ch->marks[i]) {
            put_key(w, &ch->entity->fields[ch->fields[i]]);
            jw_str(w, str_of(ch->marks[i]));
        }
    }
    jw_end_object(w);
}

/* "c": what changed, [before, after]; "k": what else was known then that rights ask about; "m": why
 * what was before had a mark. */
crm_status changelog_write_body(arena *a, const registry *r, const change *ch, crm_str *body)
{
    buf b;
    json_writer w;
    uint64_t judged[4];
    const entity *e = ch->entity;
    buf_init(&b, BODY_MAX);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kobject(&w, "c");
    rights_judged(r, e, judged);
    for (uint32_t i = 0; i < ch->field_count; i++) {
        bits_drop(judged, ch->fields[i]);
        put_key(&w, &e->fields[ch->fields[i]]);
        jw_array(&w);
        put_value(&w, ch->was[i]);
        put_value(&w, ch->now[i]);
        jw_end_array(&w);
    }
    jw_end_object(&w);
    jw_kobject(&w, "k");
    for (uint32_t i = 0; i < e->field_count; i++) {
        if (bits_has(judged, i) && !value_is_null(ch->row_now[i])) {
            put_key(&w, &e->fields[i]);
            put_value(&w, ch->row_now[i]);
        }
    }
    jw_end_object(&w);
    if (ch->marks) {
        put_marks(&w, ch);
    }
    jw_end_object(&w);
    *body = b.failed ? (crm_str){0} : arena_dup(a, buf_view(&b));
    buf_free(&b);
    return body->p ? CRM_OK : CRM_NOMEM;
}

/* ---- reading --------------------------------------------------------------------------------- */

static value take_value(arena *a, const json_t *j)
{
    if (json_is_integer(j)) {
        return value_int(json_integer_value(j));
    }
    if (json_is_string(j)) {
        crm_str s = {json_string_value(j), json_string_length(j)};
        return value_text(arena_dup(a, s));
    }
    return value_null();
}

/* The field whose values stood in that column, and (`former`) of which type they were there. */
static const field *field_of_former(const entity *e, uint32_t id, const field_former **former)
{
    for (uint32_t i = COL_OWN; i < e->field_count; i++) {
        const field *f = &e->fields[i];
        for (uint32_t k = 0; k < f->former_count; k++) {
            if (f->formers[k].id == id) {
                *former = &f->formers[k];
                return f;
            }
        }
    }
    return NULL;
}

static const field *field_of_key(const entity *e, const char *key, const field_former **former)
{
    uint64_t id;
    *former = NULL;
    if (str_to_u64(str_of(key), &id)) {
        return NULL;
    }
    const field *f = entity_field_by_id(e, (uint32_t)id);
    return f ? f : field_of_former(e, (uint32_t)id, former);
}

/* As the field would hold it now; what does not fit any more is not told. */
static value follow(arena *a, const field *f, const field_former *former, value v)
{
    field_source source = {.arena = a};
    field from;
    value out;
    if (!former) {
        return v;
    }
    crm_status st = field_of_shape(a, former->shape, &from);
    st = st == CRM_OK ? field_convert(&source, &from, f, v, &out) : st;
    return st == CRM_OK ? out : value_null();
}

static void read_known(arena *a, json_t *known, change *ch, value *was, value *now)
{
    const char *key;
    json_t *j;
    json_object_foreach(known, key, j)
    {
        const field_former *former;
        const field *f = field_of_key(ch->entity, key, &former);
        if (f) {
            was[f->index] = now[f->index] = follow(a, f, former, take_value(a, j));
        }
    }
}

static void read_changed(arena *a, json_t *changed, change *ch, value *row_was, value *row_now)
{
    size_t n = json_object_size(changed);
    uint16_t *fields = ARENA_ARRAY(a, uint16_t, n + 1);
    value *was = ARENA_ARRAY(a, value, n + 1), *now = ARENA_ARRAY(a, value, n + 1);
    const char *key;
    json_t *j;
    if (!fields || !was || !now) {
        return;
    }
    json_object_foreach(changed, key, j)
    {
        const field_former *former;
        const field *f = field_of_key(ch->entity, key, &former);
        if (!f) {
            continue;
        }
        uint32_t i = ch->field_count++;
        fields[i] = f->index;
        value before = take_value(a, json_array_get(j, 0));
        value after = take_value(a, json_array_get(j, 1));
        was[i] = row_was[f->index] = follow(a, f, former, before);
        now[i] = row_now[f->index] = follow(a, f, former, after);
    }
    ch->fields = fields;
    ch->was = was;
    ch->now = now;
}

/* A value that follows its field to another type had no mark, or it would not follow. */
static void read_marks(arena *a, json_t *codes, change *ch)
{
    const char *key;
    json_t *j;
    const char **marks = ARENA_ARRAY(a, const char *, ch->field_count + 1);
    json_object_foreach(codes, key, j)
    {
        const field_former *former;
        const field *f = field_of_key(ch->entity, key, &former);
        crm_str code = {json_string_value(j), json_string_length(j)};
        for (uint32_t i = 0; marks && f && !former && i < ch->field_count; i++) {
            if (ch->fields[i] == f->index && code.n) {
                marks[i] = arena_cstr(a, code);
            }
        }
    }
    ch->marks = marks;
}

crm_status changelog_read_body(arena *a, crm_str body, change *ch)
{
    json_t *root;
    crm_status st = json_read(body, JSON_ITEMS_MAX, &root, NULL);
    if (st) {
        return CRM_INTERNAL;
    }
    value *was = ARENA_ARRAY(a, value, ch->entity->field_count);
    value *now = ARENA_ARRAY(a, value, ch->entity->field_count);
    if (was && now) {
        was[COL_ID] = now[COL_ID] = value_int(ch->record);
        now[COL_REV] = value_int(ch->rev);
        read_known(a, json_object_get(root, "k"), ch, was, now);
        read_changed(a, json_object_get(root, "c"), ch, was, now);
        json_t *marks = json_object_get(root, "m");
        if (marks) {
            read_marks(a, marks, ch);
        }
        ch->row_was = ch->op == 'c' ? NULL : was;
        ch->row_now = now;
    }
    json_decref(root);
    return arena_failed(a) ? CRM_NOMEM : CRM_OK;
}

static void strip(json_t *root, uint32_t id)
{
    char key[16];
    snprintf(key, sizeof key, "%u", id);
    json_object_del(json_object_get(root, "c"), key);
    json_object_del(json_object_get(root, "k"), key);
    json_object_del(json_object_get(root, "m"), key);
}

crm_status changelog_strip_body(arena *a, const entity *e, crm_str body, const uint64_t fields[4],
                                crm_str *out)
{
    json_t *root;
    crm_status st = json_read(body, JSON_ITEMS_MAX, &root, NULL);
    if (st) {
        return CRM_INTERNAL;
    }
    for (uint32_t i = 0; i < e->field_count; i++) {
        const field *f = &e->fields[i];
        if (!bits_has(fields, i)) {
            continue;
        }
        strip(root, f->id);
        for (uint32_t k = 0; k < f->former_count; k++) {
            strip(root, f->formers[k].id);
        }
    }
    *out = json_dump(a, root);
    json_decref(root);
    return out->p ? CRM_OK : CRM_NOMEM;
}
