/* import_options.c - what was chosen for an import, read and checked against the entity. */
#include <assert.h>

#include "data/address.h"
#include "table/import_private.h"

static crm_status refuse(crm_ctx *c, const char *what, const char *code)
{
    return call_fail_field(c, str_of(what), code, (crm_str){0});
}

/* ---- fields ---------------------------------------------------------------------------------- */

bool import_is_written(const field *f)
{
    return f->index >= COL_OWN && f->type != FIELD_COMPUTED &&
           !(f->flags & (FIELD_READ_ONLY | FIELD_HIDDEN));
}

bool import_may_set(crm_ctx *c, const field *f)
{
    uint64_t shown[4], made[4], changed[4], comes[4];
    const entity *e = f->entity;
    const branches *b = rights_of(c, e);
    rights_fields(c, e, shown);
    rights_fields_for(b, rights_for(b, ACTION_CREATE), ACTION_CREATE, made);
    rights_fields_for(b, rights_for(b, ACTION_UPDATE), ACTION_UPDATE, changed);
    rights_fields_for(b, ~0u, ACTION_IMPORT, comes);
    bool may = bits_has(shown, f->index) || bits_has(made, f->index) || bits_has(changed, f->index);
    return import_is_written(f) && may && bits_has(comes, f->index);
}

/* Of what he does not know is said what he wrote. */
static crm_status known_part(crm_ctx *c, const entity *e, const field *f, crm_str written,
                             const field **out)
{
    *out = f;
    bool is_seen = f && (records_shows(c, e, f) || import_may_set(c, f));
    return is_seen ? CRM_OK : records_unknown_field(c, e, written);
}

static crm_status known_field(crm_ctx *c, const entity *e, crm_str name, const field **out)
{
    return known_part(c, e, entity_field(e, name), name, out);
}

/* The key that a reference is found by is a field of the other entity. */
static crm_status read_by(crm_ctx *c, const field *f, const json_t *by, import_column *out)
{
    crm_str name = {json_string_value(by), json_string_length(by)};
    if (!json_is_string(by) || !f->ref) {
        return call_fail_field(c, f->name, "type_mismatch", (crm_str){0});
    }
    return known_field(c, f->ref, name, &out->by);
}

static crm_status read_column(crm_ctx *c, const entity *e, const json_t *json, import_column *out)
{
    const json_t *name = json_is_object(json) ? json_object_get(json, "field") : json;
    const json_t *by = json_is_object(json) ? json_object_get(json, "by") : NULL;
    *out = (import_column){0};
    if (json_is_null(json)) {
        return CRM_OK;
    }
    if (!json_is_string(name)) {
        return refuse(c, "columns", "type_mismatch");
    }
    crm_str text = {json_string_value(name), json_string_length(name)};
    const field *f = address_find(e, text);
    out->part = f ? f->part : 0;
    crm_status s = known_part(c, e, f ? &e->fields[f->index] : NULL, text, &out->field);
    if (s != CRM_OK) {
        return s;
    }
    assert(out->field);
    if (out->field->index != COL_ID && !import_may_set(c, out->field)) {
        return call_fail_field(c, text, "read_only", (crm_str){0});
    }
    return by ? read_by(c, out->field, by, out) : CRM_OK;
}

/* ---- the rest -------------------------------------------------------------------------------- */

static bool has_column(const import_options *o, const field *f)
{
    for (uint32_t i = 0; i < o->count; i++) {
        if (o->columns[i].field == f) {
            return true;
        }
    }
    return false;
}

static void read_matches(crm_ctx *c, const json_t *json, import_options *o)
{
    size_t i;
    json_t *item;
    json_array_foreach(json, i, item)
    {
        const field *f;
        crm_str name = {json_string_value(item), json_string_length(item)};
        if (!json_is_string(item) || i >= MATCHES_MAX) {
            refuse(c, "match", i >= MATCHES_MAX ? "too_long" : "type_mismatch");
            return;
        }
        if (known_field(c, o->entity, name, &f) != CRM_OK) {
            continue;
        }
        if (!has_column(o, f)) {
            call_fail_field(c, name, "import_no_column", (crm_str){0});
        }
        o->matches[o->match_count++] = f;
    }
}

/* Whether `name` is "yes" rather than "no"; without it, `otherwise`. */
static bool read_either(crm_ctx *c, const json_t *json, const char *name, const char *yes,
                        const char *no, bool otherwise)
{
    crm_str given = json_text(json, name);
    if (!given.n) {
        return otherwise;
    }
    if (!str_is(given, yes) && !str_is(given, no)) {
        call_fail_field(c, str_of(name), "not_a_choice",
                        arena_fmt(c->arena, "{\"choices\":\"%s, %s\"}", no, yes));
    }
    return str_is(given, yes);
}

static void read_missing(crm_ctx *c, const json_t *json, import_options *o)
{
    static const char *const all[] = {"refuse", "leave", "create"};
    crm_str missing = json_text(json, "missing");
    o->missing = MISSING_USUAL;
    for (int i = 0; i < 3; i++) {
        o->missing = str_is(missing, all[i]) ? (import_missing)(MISSING_REFUSE + i) : o->missing;
    }
    if (missing.n && o->missing == MISSING_USUAL) {
        call_fail_field(c, CRM_S("missing"), "not_a_choice",
                        CRM_S("{\"choices\":\"refuse, leave, create\"}"));
    }
}

static void read_mode(crm_ctx *c, const json_t *json, import_options *o)
{
    static const char *const modes[] = {"create", "skip", "update", "both"};
    crm_str mode = json_text(json, "mode");
    size_t i = 0;
    while (mode.n && i < 4 && !str_is(mode, modes[i])) {
        i++;
    }
    if (i == 4) {
        call_fail_field(c, CRM_S("mode"), "not_a_choice",
                        CRM_S("{\"choices\":\"create, skip, update, both\"}"));
    } else if (mode.n) {
        o->mode = (import_mode)i;
    } else {
        o->mode = o->match_count ? IMPORT_BOTH : IMPORT_CREATE;
    }
    if (o->mode != IMPORT_CREATE && !o->match_count) {
        refuse(c, "match", "required");
    }
    read_missing(c, json, o);
}

static void check_rights(crm_ctx *c, const import_options *o)
{
    bool makes = o->mode != IMPORT_UPDATE, changes = o->mode == IMPORT_UPDATE;
    if ((makes && !rights_may_some(c, o->entity, ACTION_CREATE)) ||
        (changes && !rights_may_some(c, o->entity, ACTION_UPDATE))) {
        call_fail(c, CRM_DENIED, "denied");
    }
}

static void check_defaults(crm_ctx *c, const import_options *o)
{
    const char *name;
    json_t *item;
    json_object_foreach((json_t *)o->defaults, name, item)
    {
        const field *f;
        if (known_field(c, o->entity, str_of(name), &f) == CRM_OK && !import_may_set(c, f)) {
            call_fail_field(c, f->name, "read_only", (crm_str){0});
        }
    }
}

crm_status import_options_read(crm_ctx *c, const entity *e, const json_t *json, uint32_t columns,
                               import_options *out)
{
    size_t i;
    json_t *item, *list = json_object_get(json, "columns");
    bool has_any = false;
    *out = (import_options){.entity = e, .count = columns};
    out->defaults = json_object_get(json, "defaults");
    if (!json_is_array(list) || json_array_size(list) > columns) {
        return refuse(c, "columns", json_is_array(list) ? "too_long" : "required");
    }
    json_array_foreach(list, i, item)
    {
        crm_status s = read_column(c, e, item, &out->columns[i]);
        if (s == CRM_NOMEM) {
            return s;
        }
        has_any = has_any || out->columns[i].field;
    }
    if (!has_any && c->error.status == CRM_OK) {
        return refuse(c, "columns", "required");
    }
    out->is_loud = json_is_true(json_object_get(json, "rules"));
    out->is_lenient = json_is_true(json_object_get(json, "lenient"));
    read_matches(c, json_object_get(json, "match"), out);
    read_mode(c, json, out);
    out->clears = read_either(c, json, "empty", "clear", "keep", false);
    out->adds = read_either(c, json, "several", "add", "replace", true);
    check_rights(c, out);
    check_defaults(c, out);
    return c->error.status;
}
