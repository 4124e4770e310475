/* module_list.c - what is known of every module: its state, its versions, and why it cannot run. */
#include "flow/remote.h"
#include "module_change.h"

crm_str module_version_word(crm_str id)
{
    return id.n ? id : CRM_S("bundled");
}

/* ---- gathering ------------------------------------------------------------------------------- */

static const module_info *info_of(const registry *r, crm_str name)
{
    for (uint32_t i = 0; i < r->module_count; i++) {
        if (str_eq(r->modules[i].name, name)) {
            return &r->modules[i];
        }
    }
    return NULL;
}

static uint32_t draining_of(const module_row *row)
{
    uint32_t n = 0;
    for (module *m = plug_generations(); m; m = plug_next(m)) {
        bool is_in_force = row->info && row->info->loaded == m;
        n += !is_in_force && str_eq(plug_name(m), row->name) && plug_holds(m);
    }
    return n;
}

/* The version that would run; NULL: the one that was chosen is not there. */
static const module_found *candidate(const module_row *row)
{
    const module_found *last = &row->versions[row->version_count - 1];
    if (!row->choice || row->choice->is_open) {
        return row->versions[0].is_bundled ? &row->versions[0] : last;
    }
    for (uint32_t i = 0; i < row->version_count; i++) {
        if (str_eq(row->versions[i].id, row->choice->version)) {
            return &row->versions[i];
        }
    }
    return NULL;
}

static crm_status judge(crm_ctx *c, module_row *row)
{
    module_refusal *refused = NULL;
    const module_found *f = candidate(row);
    row->draining = draining_of(row);
    if (row->info) {
        bool is_kept = row->choice && row->choice->is_quarantined;
        row->state = !row->info->is_without_code ? "running" : is_kept ? "quarantined" : "safe";
        return CRM_OK;
    }
    crm_status s = f ? plug_check(c->arena, f, &refused) : CRM_INVALID;
    row->refused = refused;
    bool is_off = row->choice && row->choice->wish == CHOICE_OFF;
    row->state = s != CRM_OK ? "refused" : is_off ? "disabled" : "off";
    return s == CRM_NOMEM ? s : CRM_OK;
}

/* Folders that hold no module that can be read at all. */
static void add_refused(module_rows *out, const module_refusal *refused)
{
    for (; refused; refused = refused->next) {
        module_row *row = NULL;
        for (uint32_t i = 0; i < out->count; i++) {
            row = str_eq(out->at[i].name, refused->module) ? &out->at[i] : row;
        }
        if (!row) {
            row = &out->at[out->count++];
            *row = (module_row){.name = refused->module, .state = "refused"};
        }
        row->refused = row->refused ? row->refused : refused;
    }
}

static uint32_t count_of(const module_refusal *refused)
{
    uint32_t n = 0;
    for (; refused; refused = refused->next) {
        n++;
    }
    return n;
}

crm_status module_rows_of(deployment *d, crm_ctx *c, module_rows *out)
{
    module_found *found;
    uint32_t count, to;
    module_refusal *refused = NULL;
    module_choices *choices = ARENA_NEW(c->arena, module_choices);
    *out = (module_rows){0};
    crm_status s = choices ? choices_read(c->arena, d->o->data, choices) : CRM_NOMEM;
    s = s == CRM_OK ? plug_scan(c->arena, d->o->modules, &found, &count, &refused) : s;
    if (s != CRM_OK) {
        return s;
    }
    out->at = ARENA_ARRAY(c->arena, module_row, count + count_of(refused) + 1);
    for (uint32_t from = 0; s == CRM_OK && out->at && from < count; from = to) {
        for (to = from + 1; to < count && str_eq(found[to].name, found[from].name); to++) {
        }
        module_row *row = &out->at[out->count++];
        *row = (module_row){.name = found[from].name,
                            .versions = &found[from],
                            .version_count = to - from,
                            .info = info_of(c->reg, found[from].name),
                            .choice = choices_find(choices, found[from].name)};
        s = judge(c, row);
    }
    if (out->at) {
        add_refused(out, refused);
    }
    return out->at ? s : CRM_NOMEM;
}

/* ---- JSON ------------------------------------------------------------------------------------ */

static void put_versions(json_writer *w, const module_row *row)
{
    jw_karray(w, "versions");
    for (uint32_t i = 0; i < row->version_count; i++) {
        jw_object(w);
        jw_kstr(w, "id", module_version_word(row->versions[i].id));
        jw_kstr(w, "version", row->versions[i].version);
        jw_end_object(w);
    }
    jw_end_array(w);
}

static void put_refusal(json_writer *w, crm_ctx *c, const module_refusal *r)
{
    jw_key(w, CRM_S("refused"));
    if (!r) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_kstr(w, "code", r->code);
    jw_kstr(w, "title", str_of(plug_refusal_title(r->code, str_is(c->lang, "en") ? "en" : "ru")));
    jw_kstr(w, "text", r->text);
    jw_end_object(w);
}

static void put_id(json_writer *w, const char *key, bool is_set, crm_str id)
{
    jw_key(w, str_of(key));
    if (is_set) {
        jw_str(w, module_version_word(id));
    } else {
        jw_null(w);
    }
}

/* How the HTTP service of a module without code answers; null where it has none in force. */
static void put_remote(json_writer *w, crm_ctx *c, crm_str name)
{
    remote_health h;
    char moment[CLOCK_TEXT];
    jw_key(w, CRM_S("remote"));
    if (!registry_remote(c->reg, name)) {
        jw_null(w);
        return;
    }
    remote_health_of(name, &h);
    clock_format(h.failed_at, moment);
    jw_object(w);
    jw_kstr(w, "state", str_of(h.is_open ? "paused" : h.in_a_row ? "failing" : "ok"));
    jw_kint(w, "calls", (int64_t)h.calls);
    jw_kint(w, "failures", h.in_a_row);
    jw_kint(w, "failed", (int64_t)h.failed);
    jw_kint(w, "refused", (int64_t)h.refused);
    jw_kint(w, "let_through", (int64_t)h.let_through);
    jw_kint(w, "not_asked", (int64_t)h.not_asked);
    jw_kstr(w, "error", str_of(h.error));
    jw_kstr(w, "detail", str_of(h.detail));
    jw_key(w, CRM_S("failed_at"));
    if (h.failed_at) {
        jw_str(w, str_of(moment));
    } else {
        jw_null(w);
    }
    jw_end_object(w);
}

void module_put(json_writer *w, crm_ctx *c, const module_row *row)
{
    const module_choice *made = row->choice;
    jw_object(w);
    jw_kstr(w, "name", row->name);
    jw_kstr(w, "state", str_of(row->state));
    put_id(w, "version", row->info != NULL, row->info ? row->info->id : (crm_str){0});
    put_id(w, "before", made && made->has_before, made ? made->before : (crm_str){0});
    put_versions(w, row);
    jw_kint(w, "draining", row->draining);
    put_refusal(w, c, row->refused);
    put_remote(w, c, row->name);
    jw_end_object(w);
}

/* ---- the API --------------------------------------------------------------------------------- */

static crm_status answer(deployment *d, crm_ctx *c, crm_str name, buf *json)
{
    module_rows rows;
    json_writer w;
    crm_status s = module_rows_of(d, c, &rows);
    jw_init(&w, json);
    if (s == CRM_OK && !name.n) {
        jw_object(&w);
        jw_karray(&w, "modules");
    }
    for (uint32_t i = 0; s == CRM_OK && i < rows.count; i++) {
        if (!name.n || str_eq(rows.at[i].name, name)) {
            module_put(&w, c, &rows.at[i]);
        }
    }
    if (s == CRM_OK && !name.n) {
        jw_end_array(&w);
        jw_end_object(&w);
    }
    return s == CRM_OK && json->failed ? CRM_NOMEM : s;
}

/* On the registry that a change has published. */
crm_status module_ask_service(void *deployment_of, crm_ctx *c, const module_ask *ask, buf *json,
                              int *status)
{
    crm_ctx now;
    crm_status s = ask->act == MODULE_ACT_LIST ? CRM_OK : module_change(deployment_of, c, ask);
    s = s == CRM_OK ? call_begin_in(&now, c->arena, c->who, c->via) : s;
    if (s != CRM_OK) {
        return s;
    }
    now.lang = c->lang;
    *status = 200;
    s = answer(deployment_of, &now, ask->name, json);
    call_end(&now);
    return s;
}
