/* settings.c - the settings of a module as they stand: what is declared beside what was changed. */
#include "flow/settings.h"

#include "data/stores.h"
#include "flow/store.h"

#define ROWS_MAX  1000 /* of one module: what is declared now and ever was */
#define REV_BYTES 8

static crm_status find_row(crm_ctx *c, crm_str owner, crm_str name, store_row *out)
{
    const field *f = registry_store(c->reg, STORE_SETTING)->fields;
    const cond *is_owner = cond_compare(c->arena, COND_EQ, &f[SETTING_MODULE], value_text(owner));
    const cond *is_name = cond_compare(c->arena, COND_EQ, &f[SETTING_NAME], value_text(name));
    return store_first(c->session, c->arena, c->reg, STORE_SETTING,
                       cond_and(c->arena, is_owner, is_name), out);
}

crm_status settings_row_of(crm_ctx *c, crm_str owner, crm_str name, int64_t *row)
{
    store_row found;
    crm_status s = find_row(c, owner, name, &found);
    *row = s == CRM_OK ? found.id : 0;
    return s;
}

crm_status setting_value(crm_ctx *c, crm_str owner, crm_str name, crm_str *json)
{
    const setting *s = registry_setting(c->reg, owner, name);
    setting_fault unused;
    store_row row;
    if (!s || !c->session) {
        return s ? CRM_MISUSE : CRM_NOT_FOUND;
    }
    *json = setting_given(s);
    crm_status st = find_row(c, owner, name, &row);
    if (st != CRM_OK) {
        return st == CRM_NOT_FOUND ? CRM_OK : st;
    }
    crm_str changed = store_text(&row, SETTING_VALUE);
    st = changed.n ? setting_check(c->arena, s, changed, &unused) : CRM_INVALID;
    if (st == CRM_OK) {
        *json = changed;
    }
    return st == CRM_INVALID ? CRM_OK : st;
}

bool settings_have(const registry *r, crm_str owner)
{
    for (uint32_t i = 0; i < r->module_count; i++) {
        if (str_eq(r->modules[i].name, owner)) {
            return true;
        }
    }
    return false;
}

/* ---- all of a module ------------------------------------------------------------------------- */

crm_status settings_rows(crm_ctx *c, crm_str owner, store_row **out, uint32_t *count)
{
    const entity *e = registry_store(c->reg, STORE_SETTING);
    query *q = query_new(c->arena, e);
    if (!q) {
        return CRM_NOMEM;
    }
    q->where = cond_compare(c->arena, COND_EQ, &e->fields[SETTING_MODULE], value_text(owner));
    q->limit = ROWS_MAX;
    return store_list(c->session, c->arena, q, out, count);
}

static setting_state *state_named(const setting_states *all, crm_str name)
{
    for (uint32_t i = 0; i < all->count; i++) {
        if (str_eq(all->at[i].name, name)) {
            return &all->at[i];
        }
    }
    return NULL;
}

static crm_status take_row(crm_ctx *c, setting_states *all, const store_row *row)
{
    crm_str name = store_text(row, SETTING_NAME);
    setting_state *s = state_named(all, name);
    crm_status st = CRM_OK;
    if (!s) {
        s = &all->at[all->count++];
        *s = (setting_state){.name = name, .why = {.code = "unknown_setting"}};
    }
    s->row = row->id;
    s->changed = store_text(row, SETTING_VALUE);
    s->at = store_int(row, SETTING_AT);
    s->by = store_int(row, SETTING_BY);
    if (s->of && s->changed.n) {
        st = setting_check(c->arena, s->of, s->changed, &s->why);
    }
    s->is_aside = s->changed.n && (!s->of || st == CRM_INVALID);
    return st == CRM_INVALID ? CRM_OK : st;
}

crm_status settings_read(crm_ctx *c, crm_str owner, setting_states *out)
{
    store_row *rows;
    uint32_t count;
    const registry *r = c->reg;
    *out = (setting_states){0};
    crm_status s = settings_rows(c, owner, &rows, &count);
    out->at =
        s == CRM_OK ? ARENA_ARRAY(c->arena, setting_state, r->setting_count + count + 1) : NULL;
    if (!out->at) {
        return s == CRM_OK ? CRM_NOMEM : s;
    }
    for (uint32_t i = 0; i < r->setting_count; i++) {
        const setting *one = &r->settings[i];
        if (str_eq(one->module, owner)) {
            out->at[out->count++] = (setting_state){.of = one, .name = one->name};
        }
    }
    for (uint32_t i = 0; s == CRM_OK && i < count; i++) {
        s = take_row(c, out, &rows[i]);
    }
    return s;
}

/* ---- what it comes to ------------------------------------------------------------------------ */

static bool is_changed(const setting_state *s)
{
    return s->of && s->changed.n && !s->is_aside;
}

crm_str setting_in_force(const setting_state *s)
{
    return is_changed(s) ? s->changed : s->of ? setting_given(s->of) : CRM_S("null");
}

const char *setting_from(const setting_state *s)
{
    return is_changed(s) ? "server" : s->of && s->of->tz_json.n ? "tz" : "default";
}

/* Each part with its length before it, so that two never read as one. */
static void put_part(buf *b, crm_str text)
{
    buf_fmt(b, "%zu ", text.n);
    buf_str(b, text);
}

crm_str settings_rev(arena *a, const setting_states *all)
{
    uint8_t digest[SHA256_SIZE];
    buf b;
    buf_init(&b, 0);
    for (uint32_t i = 0; i < all->count; i++) {
        const setting_state *s = &all->at[i];
        put_part(&b, s->name);
        put_part(&b, s->of ? setting_given(s->of) : (crm_str){0});
        put_part(&b, s->changed);
        buf_char(&b, s->is_aside ? 'a' : '-');
    }
    crypto_sha256(buf_view(&b), digest);
    crm_str rev = b.failed ? (crm_str){0} : crypto_hex(a, digest, REV_BYTES);
    buf_free(&b);
    return rev;
}
