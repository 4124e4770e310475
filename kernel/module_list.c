/* module_list.c - what is known of every module: its state, its versions, and why it cannot run. */
#include "flow/remote.h"
#include "module_purge.h"

crm_str module_version_word(crm_str id)
{
    return id.n ? id : CRM_S("bundled");
}

/* ---- what waits ------------------------------------------------------------------------------ */

/* The step's own verb, or the strategy it is asked for. */
static bool step_waits(const registry *r, const rule_step *x, crm_str name)
{
    json_t *args = NULL;
    if (x->step->is_away && str_eq(x->step->module, name)) {
        return true;
    }
    if (json_read(x->args_json, JSON_ITEMS_MAX, &args, NULL) != CRM_OK) {
        return false;
    }
    const strategy *st = registry_strategy(r, json_text(args, "strategy"));
    json_decref(args);
    return st && st->is_away && str_eq(st->module, name);
}

static bool rule_waits(const registry *r, const rule *x, crm_str name)
{
    bool waits = false;
    for (uint32_t i = 0; i < x->step_count; i++) {
        waits = waits || step_waits(r, &x->steps[i], name);
    }
    for (uint32_t i = 0; i < x->otherwise_count; i++) {
        waits = waits || step_waits(r, &x->otherwise[i], name);
    }
    return waits;
}

static crm_status see_held(arena *a, const registry *r, module_row *row)
{
    module_held *held = ARENA_ARRAY(a, module_held, r->rule_count + r->integration_count + 1);
    row->held = held;
    for (uint32_t i = 0; held && i < r->rule_count; i++) {
        if (rule_waits(r, &r->rules[i], row->name)) {
            held[row->held_count++] = (module_held){"rule", r->rules[i].name};
        }
    }
    for (uint32_t i = 0; held && i < r->integration_count; i++) {
        const integration *x = &r->integrations[i];
        if (x->type->is_away && str_eq(x->type->module, row->name)) {
            held[row->held_count++] = (module_held){"integration", x->name};
        }
    }
    return held ? CRM_OK : CRM_NOMEM;
}

/* ---- gathering ------------------------------------------------------------------------------- */

const module_info *module_in_force(const registry *r, crm_str name)
{
    for (uint32_t i = 0; r && i < r->module_count; i++) {
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

/* Why the code of a module that is in force does not run. */
static const char *kept_state(const module_row *row)
{
    bool is_off = row->choice && row->choice->wish == CHOICE_OFF;
    bool is_kept = row->choice && row->choice->is_quarantined;
    return is_off ? "disabled" : is_kept ? "quarantined" : row->info->lacks.n ? "waiting" : "safe";
}

static crm_status judge(arena *a, const registry *r, module_row *row)
{
    module_refusal *refused = NULL;
    bool is_off = row->choice && row->choice->wish == CHOICE_OFF;
    bool is_kept = row->choice && row->choice->is_quarantined;
    row->chosen = choices_pick(row->choice, row->versions, row->version_count);
    row->draining = draining_of(row);
    if (row->info) {
        row->state = row->info->is_without_code ? kept_state(row) : "running";
        return row->info->is_without_code ? see_held(a, r, row) : CRM_OK;
    }
    crm_status s = row->chosen ? plug_check(a, row->chosen, &refused) : CRM_INVALID;
    row->refused = refused;
    row->state = s != CRM_OK ? "refused"
                 : is_off    ? "disabled"
                 : r         ? "off"
                 : is_kept   ? "quarantined"
                             : "stopped";
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

/* Beside what is written meanwhile, so with a session of its own. */
static crm_status see_batches(deployment *d, arena *a, const registry *r, module_rows *rows)
{
    engine_session *session;
    if (!r || !d->flow) {
        return CRM_OK;
    }
    crm_status s = engine_session_open(d->engine, ENGINE_READER, (engine_deliver){0}, &session);
    if (s != CRM_OK) {
        return s;
    }
    for (uint32_t i = 0; s == CRM_OK && i < rows->count; i++) {
        module_row *row = &rows->at[i];
        s = row->info ? CRM_OK : module_purgings(session, r, a, row->name, &row->purging);
        s = s == CRM_OK ? module_migrations(session, r, a, row->name, &row->migration) : s;
    }
    engine_session_close(session);
    return s;
}

crm_status module_rows_of(deployment *d, arena *a, const registry *r, module_rows *out)
{
    module_found *found;
    uint32_t count, to;
    module_refusal *refused = NULL;
    module_choices *choices = ARENA_NEW(a, module_choices);
    *out = (module_rows){0};
    crm_status s = choices ? choices_read(a, d->o->data, choices) : CRM_NOMEM;
    s = s == CRM_OK ? plug_scan(a, d->o->modules, &found, &count, &refused) : s;
    if (s != CRM_OK) {
        return s;
    }
    out->at = ARENA_ARRAY(a, module_row, count + count_of(refused) + 1);
    for (uint32_t from = 0; s == CRM_OK && out->at && from < count; from = to) {
        for (to = from + 1; to < count && str_eq(found[to].name, found[from].name); to++) {
        }
        module_row *row = &out->at[out->count++];
        *row = (module_row){.name = found[from].name,
                            .versions = &found[from],
                            .version_count = to - from,
                            .info = module_in_force(r, found[from].name),
                            .choice = choices_find(choices, found[from].name)};
        s = judge(a, r, row);
    }
    if (!out->at) {
        return CRM_NOMEM;
    }
    add_refused(out, refused);
    return s == CRM_OK ? see_batches(d, a, r, out) : s;
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

static void put_held(json_writer *w, const module_row *row)
{
    jw_karray(w, "held");
    for (uint32_t i = 0; i < row->held_count; i++) {
        jw_object(w);
        jw_kstr(w, "kind", str_of(row->held[i].kind));
        jw_kstr(w, "name", row->held[i].name);
        jw_end_object(w);
    }
    jw_end_array(w);
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

static void put_purging(json_writer *w, const module_purging *p)
{
    jw_key(w, CRM_S("purging"));
    if (!p->batch) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_kint(w, "batch", p->batch);
    jw_kint(w, "done", p->done);
    jw_kint(w, "total", p->total);
    jw_end_object(w);
}

static void put_migration(json_writer *w, const module_migration *m)
{
    jw_key(w, CRM_S("migration"));
    if (!m->batch) {
        jw_null(w);
        return;
    }
    jw_object(w);
    jw_kint(w, "batch", m->batch);
    jw_kstr(w, "state", str_of(m->is_failed ? "failed" : m->is_stopped ? "stopped" : "running"));
    jw_kstr(w, "version", m->version);
    jw_kint(w, "done", m->done);
    jw_key(w, CRM_S("why"));
    if (m->why.n) {
        jw_str(w, m->why);
    } else {
        jw_null(w);
    }
    jw_end_object(w);
}

/* By whose word it is off; null: by nobody's. */
static void put_off_by(json_writer *w, const module_choice *made)
{
    jw_key(w, CRM_S("off_by"));
    if (made && made->wish == CHOICE_OFF) {
        jw_str(w, made->is_put_off ? CRM_S("server") : CRM_S("admin"));
    } else {
        jw_null(w);
    }
}

void module_put(json_writer *w, crm_ctx *c, const module_row *row)
{
    const module_choice *made = row->choice;
    jw_object(w);
    jw_kstr(w, "name", row->name);
    jw_kstr(w, "state", str_of(row->state));
    put_off_by(w, made);
    put_id(w, "version", row->info != NULL, row->info ? row->info->id : (crm_str){0});
    put_id(w, "before", made && made->has_before, made ? made->before : (crm_str){0});
    put_versions(w, row);
    jw_kint(w, "draining", row->draining);
    put_refusal(w, c, row->refused);
    jw_key(w, CRM_S("lacks"));
    if (row->info && row->info->lacks.n) {
        jw_str(w, row->info->lacks);
    } else {
        jw_null(w);
    }
    put_held(w, row);
    put_remote(w, c, row->name);
    put_purging(w, &row->purging);
    module_put_services(w, c, row->name);
    put_migration(w, &row->migration);
    jw_end_object(w);
}

/* ---- the API --------------------------------------------------------------------------------- */

static crm_status answer(deployment *d, crm_ctx *c, crm_str name, buf *json)
{
    module_rows rows;
    json_writer w;
    crm_status s = module_rows_of(d, c->arena, c->reg, &rows);
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

static crm_status answer_purge(deployment *d, crm_ctx *c, const module_ask *ask, buf *json,
                               int *status)
{
    module_plan plan;
    json_writer w;
    crm_status s = module_purge(d, c, ask, &plan);
    if (s == CRM_OK) {
        *status = plan.batch ? 202 : 200;
        jw_init(&w, json);
        module_put_plan(&w, &plan);
    }
    return s == CRM_OK && json->failed ? CRM_NOMEM : s;
}

static crm_status answer_outlook(deployment *d, crm_ctx *c, const module_ask *ask, buf *json,
                                 int *status)
{
    module_outlook outlook;
    json_writer w;
    crm_status s = module_look_ahead(d, c, ask, &outlook);
    if (s == CRM_OK) {
        *status = 200;
        jw_init(&w, json);
        module_put_outlook(&w, &outlook);
    }
    return s == CRM_OK && json->failed ? CRM_NOMEM : s;
}

/* On the registry that a change has published. */
crm_status module_ask_service(void *deployment_of, crm_ctx *c, const module_ask *ask, buf *json,
                              int *status)
{
    crm_ctx now;
    if (ask->act == MODULE_ACT_PURGE) {
        return answer_purge(deployment_of, c, ask, json, status);
    }
    if (ask->is_check && ask->act != MODULE_ACT_LIST) {
        return answer_outlook(deployment_of, c, ask, json, status);
    }
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
