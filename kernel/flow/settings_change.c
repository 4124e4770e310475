/*
 * settings_change.c - a value of a module's setting becomes another: at the server, by a ТЗ, or
 * because another version does not take it. Writer, inside a transaction.
 */
#include "data/stores.h"
#include "flow/flow_private.h"
#include "flow/settings.h"
#include "flow/store.h"

#define ASIDE_ROWS 2000 /* of all modules */

/* ---- what is asked --------------------------------------------------------------------------- */

typedef struct wish {
    setting_state *state;
    crm_str json; /* empty: back to what is given */
} wish;

static crm_status refuse(crm_ctx *c, crm_str name, const char *code, crm_str params_json)
{
    return call_fail_field(c, name, code, params_json);
}

/* One that nobody declares can only be dropped, where something of it is left. */
static crm_status refuse_unknown(crm_ctx *c, crm_str name, const setting_states *all)
{
    crm_str *known = ARENA_ARRAY(c->arena, crm_str, all->count + 1);
    uint32_t count = 0;
    for (uint32_t i = 0; known && i < all->count; i++) {
        if (all->at[i].of) {
            known[count++] = all->at[i].name;
        }
    }
    crm_str nearest = text_nearest(name, known, count);
    crm_str params =
        nearest.n ? arena_fmt(c->arena, "{\"nearest\":\"%.*s\"}", STR_FMT(nearest)) : (crm_str){0};
    return refuse(c, name, nearest.n ? "unknown_setting_near" : "unknown_setting", params);
}

static setting_state *find(const setting_states *all, crm_str name)
{
    for (uint32_t i = 0; i < all->count; i++) {
        if (str_eq(all->at[i].name, name)) {
            return &all->at[i];
        }
    }
    return NULL;
}

/* A required one may go back to what is given only where something is. */
static crm_status read_wish(crm_ctx *c, const setting_states *all, crm_str name, const json_t *v,
                            wish *out)
{
    setting_state *state = find(all, name);
    setting_fault why = {0};
    *out = (wish){.state = state};
    if (!state || (!state->of && !json_is_null(v))) {
        return refuse_unknown(c, name, all);
    }
    if (json_is_null(v)) {
        bool is_needed = state->of && state->of->of.flags & FIELD_REQUIRED;
        bool is_lost = is_needed && str_is(setting_given(state->of), "null");
        return is_lost ? refuse(c, name, "required", (crm_str){0}) : CRM_OK;
    }
    crm_status s = setting_read_json(c->arena, state->of, v, &out->json, &why);
    return s == CRM_INVALID ? refuse(c, name, why.code, why.params_json) : s;
}

static crm_status read_wishes(crm_ctx *c, const setting_states *all, const json_t *wanted,
                              wish *out)
{
    const char *key;
    json_t *v;
    uint32_t n = 0;
    json_object_foreach((json_t *)(uintptr_t)wanted, key, v)
    {
        crm_status s = read_wish(c, all, arena_dup(c->arena, str_of(key)), v, &out[n++]);
        if (s != CRM_OK && s != CRM_INVALID) {
            return s;
        }
    }
    return c->error.fields ? CRM_INVALID : CRM_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */

/* While the module's code does not run, the row waits for it. */
static crm_status tell(crm_ctx *c, const setting *s)
{
    crm_str key = arena_fmt(c->arena, "setting:%.*s", STR_FMT(s->name));
    return s->job.n ? timers_schedule_waiting(c, s->job, key, call_now(c), s->name) : CRM_OK;
}

static crm_status write_row(crm_ctx *c, crm_str owner, const wish *w)
{
    const entity *e = registry_store(c->reg, STORE_SETTING);
    record *r;
    crm_status s = w->state->row ? records_get(c, e, w->state->row, &r) : records_new(c, e, &r);
    const struct {
        uint32_t column;
        value v;
    } given[] = {
        {SETTING_MODULE, value_text(owner)},
        {SETTING_NAME, value_text(w->state->name)},
        {SETTING_VALUE, value_text(w->json)},
        {SETTING_ASIDE, value_null()},
        {SETTING_AT, value_int(call_now(c))},
        {SETTING_BY, c->who->user ? value_int(c->who->user) : value_null()},
    };
    for (size_t i = 0; s == CRM_OK && i < sizeof given / sizeof given[0]; i++) {
        s = record_set(r, &e->fields[given[i].column], given[i].v);
    }
    return s == CRM_OK ? records_save(c, r, 0) : s;
}

static crm_status carry_out(crm_ctx *c, crm_str owner, const wish *w)
{
    const setting *of = w->state->of;
    crm_str next = w->json.n ? w->json : of ? setting_given(of) : (crm_str){0};
    if (str_eq(w->json, w->state->changed)) {
        return CRM_OK;
    }
    crm_status s = write_row(c, owner, w);
    if (s == CRM_OK) {
        log_event(LOG_INFO, "setting.changed", "module=%s name=%s by=%lld via=%s", log_quote(owner),
                  log_quote(w->state->name), (long long)c->who->user, log_quote(c->via));
    }
    bool is_news = of && !str_eq(next, setting_in_force(w->state));
    return s == CRM_OK && is_news ? tell(c, of) : s;
}

crm_status settings_change(crm_ctx *c, crm_str owner, const json_t *wanted, crm_str seen)
{
    setting_states all;
    size_t count = json_object_size(wanted);
    wish *wishes = ARENA_ARRAY(c->arena, wish, count + 1);
    crm_status s = wishes ? settings_read(c, owner, &all) : CRM_NOMEM;
    if (s == CRM_OK && seen.n && !str_eq(seen, settings_rev(c->arena, &all))) {
        return call_fail(c, CRM_STALE, "stale");
    }
    s = s == CRM_OK ? read_wishes(c, &all, wanted, wishes) : s;
    for (size_t i = 0; s == CRM_OK && i < count; i++) {
        s = carry_out(c, owner, &wishes[i]);
    }
    return s;
}

/* ---- another version, another ТЗ ------------------------------------------------------------- */

/* Why the declaration in force does not take it; empty: it does. */
static crm_status judge(crm_ctx *c, const store_row *row, crm_str *why)
{
    const setting *of =
        registry_setting(c->reg, store_text(row, SETTING_MODULE), store_text(row, SETTING_NAME));
    setting_fault fault = {.code = "unknown_setting"};
    crm_status s = CRM_INVALID;
    if (of) {
        s = setting_check(c->arena, of, store_text(row, SETTING_VALUE), &fault);
    }
    *why = s == CRM_INVALID ? str_of(fault.code) : (crm_str){0};
    return s == CRM_INVALID ? CRM_OK : s;
}

static crm_status mark(crm_ctx *c, int64_t id, crm_str why)
{
    const entity *e = registry_store(c->reg, STORE_SETTING);
    record *r;
    crm_status s = records_get(c, e, id, &r);
    s = s == CRM_OK ? record_set(r, &e->fields[SETTING_ASIDE], value_text(why)) : s;
    return s == CRM_OK ? records_save(c, r, 0) : s;
}

static crm_status tell_aside(crm_ctx *c, const store_row *row)
{
    crm_str owner = store_text(row, SETTING_MODULE), name = store_text(row, SETTING_NAME);
    crm_str params = arena_fmt(c->arena, "{\"module\":\"%.*s\",\"name\":\"%.*s\"}", STR_FMT(owner),
                               STR_FMT(name));
    log_event(LOG_WARN, "setting.aside", "module=%s name=%s", log_quote(owner), log_quote(name));
    return params.p ? notices_tell_settings(c, CRM_S("settings"), CRM_S("setting.aside"), params)
                    : CRM_NOMEM;
}

static crm_status look_at(crm_ctx *c, const store_row *row)
{
    crm_str why = {0}, was = store_text(row, SETTING_ASIDE);
    crm_str owner = store_text(row, SETTING_MODULE);
    if (!store_text(row, SETTING_VALUE).n || !settings_have(c->reg, owner)) {
        return CRM_OK;
    }
    crm_status s = judge(c, row, &why);
    if (s != CRM_OK || str_eq(why, was)) {
        return s;
    }
    s = mark(c, row->id, why);
    return s == CRM_OK && why.n && !was.n ? tell_aside(c, row) : s;
}

crm_status settings_put_aside(crm_ctx *c, void *unused)
{
    query *q = query_new(c->arena, registry_store(c->reg, STORE_SETTING));
    store_row *rows;
    uint32_t count = 0;
    (void)unused;
    if (!q) {
        return CRM_NOMEM;
    }
    q->limit = ASIDE_ROWS;
    crm_status s = store_list(c->session, c->arena, q, &rows, &count);
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = look_at(c, &rows[i]);
    }
    return s;
}

crm_status settings_tell_given(crm_ctx *c, const registry *was)
{
    crm_status s = CRM_OK;
    for (uint32_t i = 0; s == CRM_OK && i < c->reg->setting_count; i++) {
        const setting *now = &c->reg->settings[i];
        const setting *old = registry_setting(was, now->module, now->name);
        crm_str in_force;
        if (!now->job.n || !old || str_eq(setting_given(old), setting_given(now))) {
            continue;
        }
        s = setting_value(c, now->module, now->name, &in_force);
        /* A value of the server's own hides both. */
        bool is_hidden = s == CRM_OK && !str_eq(in_force, setting_given(now));
        s = s == CRM_OK && !is_hidden ? tell(c, now) : s;
    }
    return s;
}
