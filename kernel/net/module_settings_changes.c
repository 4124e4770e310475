/*
 * module_settings_changes.c - /api/v1/modules/<name>/settings/changes: who changed what of a
 * module's settings, and …/undo, which takes one of those changes back. Read on a pool, undone on
 * the writer.
 */
#include "data/positions.h"
#include "data/stores.h"
#include "flow/settings.h"
#include "net/api_private.h"

#define LIMIT_USUAL 50

/* Of one setting's change; of none (row 0) the place of a page. */
static position_place place_of(const crm_ctx *c, int64_t row)
{
    return (position_place){
        .of = POSITION_HISTORY, .entity = registry_store(c->reg, STORE_SETTING)->id, .record = row};
}

/* ---- the list -------------------------------------------------------------------------------- */

static void put_json(json_writer *w, const char *key, crm_str json)
{
    jw_key(w, str_of(key));
    jw_raw(w, json.n ? json : CRM_S("null"));
}

/* The name it has today; its own where no version in force declares it. */
static crm_str label_of(crm_ctx *c, crm_str owner, crm_str name)
{
    const setting *of = registry_setting(c->reg, owner, name);
    crm_str label = of ? registry_text(c->reg, c->lang, of->label) : (crm_str){0};
    return of && label.n && !str_eq(label, of->label) ? label : name;
}

static void put_change(api_call *k, const setting_change *ch)
{
    json_writer *w = &k->w;
    const settings_ask *x = k->own;
    char position[POSITION_ROOM], at[CLOCK_TEXT];
    position_write(place_of(&k->c, ch->row), ch->position, position);
    clock_format(ch->at, at);
    jw_object(w);
    jw_kstr(w, "position", str_of(position));
    jw_kstr(w, "at", str_of(at));
    jw_key(w, CRM_S("by"));
    if (ch->by) {
        jw_object(w);
        jw_kint(w, "id", ch->by);
        jw_kstr(w, "label", ch->by_name);
        jw_end_object(w);
    } else {
        jw_null(w);
    }
    jw_kstr(w, "via", ch->via);
    jw_kstr(w, "name", ch->name);
    jw_kstr(w, "label", label_of(&k->c, x->owner, ch->name));
    put_json(w, "old", ch->old_json);
    put_json(w, "new", ch->new_json);
    jw_end_object(w);
}

static void put_changes(api_call *k, const setting_changes *all)
{
    json_writer *w = &k->w;
    char next[POSITION_ROOM];
    jw_init(w, &k->text);
    jw_object(w);
    jw_karray(w, "rows");
    for (uint32_t i = 0; i < all->count; i++) {
        put_change(k, &all->at[i]);
    }
    jw_end_array(w);
    jw_key(w, CRM_S("next"));
    if (all->next) {
        position_write(place_of(&k->c, 0), all->next, next);
        jw_str(w, str_of(next));
    } else {
        jw_null(w);
    }
    jw_end_object(w);
}

static crm_status read_page(api_call *k, int64_t *before, int64_t *limit)
{
    crm_str from = http_param(k->http, "before"), most = http_param(k->http, "limit");
    *before = 0;
    *limit = LIMIT_USUAL;
    if (most.n && (str_to_i64(most, limit) != CRM_OK || *limit < 1 || *limit > LIST_MAX)) {
        return call_fail_field(&k->c, CRM_S("limit"), "out_of_range", (crm_str){0});
    }
    return from.n ? position_take(&k->c, place_of(&k->c, 0), from, before) : CRM_OK;
}

static void read_changes(api_call *k)
{
    const settings_ask *x = k->own;
    setting_changes all;
    int64_t before, limit;
    k->status = read_page(k, &before, &limit);
    if (k->status == CRM_OK) {
        k->status = settings_changes(&k->c, x->owner, before, (uint32_t)limit, &all);
    }
    if (k->status == CRM_OK) {
        put_changes(k, &all);
        k->status = k->text.failed ? CRM_NOMEM : CRM_OK;
    }
}

static void told(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, 200);
}

void module_settings_changes(api_call *k)
{
    http_verb v = k->http->verb;
    if (v == VERB_GET || v == VERB_HEAD) {
        api_pool(k, POOL_FAST, read_changes, told);
    } else {
        api_reply_method(k, "GET, HEAD");
    }
}

/* ---- taking one back ------------------------------------------------------------------------- */

static crm_status commit_undo(crm_ctx *c, void *arg)
{
    api_call *k = arg;
    const settings_ask *x = k->own;
    int64_t row, position;
    crm_str name = json_text(k->request.json, "name");
    crm_str made = json_text(k->request.json, "change");
    crm_status s = settings_row_of(c, x->owner, name, &row);
    s = s == CRM_OK ? position_take(c, place_of(c, row), made, &position) : s;
    return s == CRM_OK ? settings_undo(c, x->owner, name, position) : s;
}

void module_settings_undo(api_call *k)
{
    static const char *const needed[] = {"name", "change"};
    if (k->http->verb != VERB_POST) {
        api_reply_method(k, "POST");
        return;
    }
    crm_status s = api_read_json(k);
    for (size_t i = 0; s == CRM_OK && i < 2; i++) {
        if (!json_text(k->request.json, needed[i]).n) {
            s = call_fail_field(&k->c, str_of(needed[i]), "required", (crm_str){0});
        }
    }
    if (s != CRM_OK) {
        api_reply_error(k, s);
    } else {
        api_write(k, commit_undo, module_settings_saved);
    }
}
