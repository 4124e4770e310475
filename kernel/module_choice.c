/* module_choice.c - <data>/modules.json and what it means for the modules that are there. */
#include "module_choice.h"

#include <limits.h>

#define FILE_MAX (1u << 20)
#define ROWS_MAX 1024

/* ---- rows ------------------------------------------------------------------------------------ */

module_choice *choices_find(const module_choices *c, crm_str name)
{
    for (uint32_t i = 0; i < c->count; i++) {
        if (str_eq(c->at[i].name, name)) {
            return &c->at[i];
        }
    }
    return NULL;
}

module_choice *choices_need(arena *a, module_choices *c, crm_str name)
{
    module_choice *row = choices_find(c, name);
    if (row) {
        return row;
    }
    if (c->count == c->room) {
        module_choice *more = ARENA_ARRAY(a, module_choice, c->room * 2u + 16);
        if (!more) {
            return NULL;
        }
        if (c->count) {
            memcpy(more, c->at, c->count * sizeof *more);
        }
        c->at = more;
        c->room = c->room * 2 + 16;
    }
    row = &c->at[c->count];
    *row = (module_choice){.name = arena_dup(a, name), .is_open = true};
    c->count += row->name.p != NULL;
    return row->name.p ? row : NULL;
}

/* ---- the file -------------------------------------------------------------------------------- */

static crm_str copy_of(arena *a, const json_t *row, const char *key)
{
    crm_str text = json_text(row, key);
    return text.n ? arena_dup(a, text) : (crm_str){0};
}

static crm_status read_row(arena *a, const char *name, const json_t *in, module_choices *out)
{
    module_choice *row =
        json_is_object(in) && out->count < ROWS_MAX ? choices_need(a, out, str_of(name)) : NULL;
    if (!row) {
        return json_is_object(in) ? CRM_NOMEM : CRM_INVALID;
    }
    row->version = copy_of(a, in, "version");
    row->before = copy_of(a, in, "before");
    row->is_open = !json_object_get(in, "version");
    const json_t *on = json_object_get(in, "enabled");
    row->is_quarantined = json_is_true(json_object_get(in, "quarantined"));
    row->is_put_off = json_is_true(json_object_get(in, "put_off"));
    row->crashes_from = json_integer_value(json_object_get(in, "crashes_from"));
    row->wish = json_is_true(on) ? CHOICE_ON : json_is_false(on) ? CHOICE_OFF : CHOICE_AUTO;
    row->has_before = json_object_get(in, "before") != NULL;
    return CRM_OK;
}

static crm_str path_of(arena *a, const char *data)
{
    return arena_fmt(a, "%s/" MODULES_FILE, data);
}

crm_status choices_read(arena *a, const char *data, module_choices *out)
{
    crm_str text, path = path_of(a, data);
    json_t *json = NULL, *row;
    const char *name;
    *out = (module_choices){0};
    crm_status s = path.p ? fs_read(a, path.p, FILE_MAX, &text) : CRM_NOMEM;
    if (s == CRM_NOT_FOUND) {
        return CRM_OK;
    }
    s = s == CRM_OK ? json_read(text, ROWS_MAX, &json, NULL) : s;
    if (s != CRM_OK) {
        log_event(LOG_ERROR, "modules.unreadable", "file=%s status=%s", log_quote(path),
                  status_code(s));
        return s == CRM_NOMEM ? s : CRM_INVALID;
    }
    json_object_foreach(json, name, row)
    {
        s = s == CRM_OK ? read_row(a, name, row, out) : s;
    }
    json_decref(json);
    return s;
}

static void write_row(json_writer *w, const module_choice *row)
{
    jw_key(w, row->name);
    jw_object(w);
    if (!row->is_open) {
        jw_kstr(w, "version", row->version);
    }
    if (row->has_before) {
        jw_kstr(w, "before", row->before);
    }
    if (row->wish != CHOICE_AUTO) {
        jw_key(w, CRM_S("enabled"));
        jw_bool(w, row->wish == CHOICE_ON);
    }
    if (row->is_put_off) {
        jw_key(w, CRM_S("put_off"));
        jw_bool(w, true);
    }
    if (row->is_quarantined) {
        jw_key(w, CRM_S("quarantined"));
        jw_bool(w, true);
    }
    if (row->crashes_from) {
        jw_kint(w, "crashes_from", row->crashes_from);
    }
    jw_end_object(w);
}

crm_status choices_write(const char *data, const module_choices *c)
{
    char path[PATH_MAX];
    buf text;
    json_writer w;
    int n = snprintf(path, sizeof path, "%s/" MODULES_FILE, data);
    buf_init(&text, FILE_MAX);
    jw_init(&w, &text);
    jw_object(&w);
    for (uint32_t i = 0; i < c->count; i++) {
        write_row(&w, &c->at[i]);
    }
    jw_end_object(&w);
    buf_char(&text, '\n');
    bool fits = n > 0 && (size_t)n < sizeof path && !text.failed;
    crm_status s = fits ? fs_write(path, buf_view(&text), 0600) : CRM_TOO_LARGE;
    buf_free(&text);
    return s;
}

/* ---- what it means --------------------------------------------------------------------------- */

/* The bundled one comes first, then the oldest; `found[from..to)` is one module. */
static uint32_t chosen(const module_choice *row, const module_found *found, uint32_t from,
                       uint32_t to)
{
    if (!row || row->is_open) {
        return found[from].is_bundled ? from : to - 1;
    }
    for (uint32_t i = from; i < to; i++) {
        if (str_eq(found[i].id, row->version)) {
            return i;
        }
    }
    return to;
}

const module_found *choices_pick(const module_choice *row, const module_found *versions,
                                 uint32_t count)
{
    uint32_t at = count ? chosen(row, versions, 0, count) : 0;
    return at < count ? &versions[at] : NULL;
}

static crm_status refuse_missing(arena *a, const module_choice *row, module_refusal **list)
{
    module_refusal *r = ARENA_NEW(a, module_refusal);
    if (!r) {
        return CRM_NOMEM;
    }
    *r = (module_refusal){
        .module = row->name,
        .code = CRM_S("version_missing"),
        .text = arena_fmt(a, "module %.*s: version %.*s is not installed", STR_FMT(row->name),
                          STR_FMT(row->version.n ? row->version : CRM_S("(bundled)"))),
        .next = *list};
    *list = r;
    return r->text.p ? CRM_OK : CRM_NOMEM;
}

crm_status choices_take(arena *a, const module_choices *c, module_found *found, uint32_t *count,
                        module_refusal **refused)
{
    uint32_t kept = 0, to;
    crm_status s = CRM_OK;
    for (uint32_t from = 0; s == CRM_OK && from < *count; from = to) {
        for (to = from + 1; to < *count && str_eq(found[to].name, found[from].name); to++) {
        }
        const module_choice *row = choices_find(c, found[from].name);
        uint32_t at = chosen(row, found, from, to);
        if (at < to) {
            found[kept++] = found[at];
        } else {
            s = refuse_missing(a, row, refused);
        }
    }
    *count = kept;
    return s;
}
