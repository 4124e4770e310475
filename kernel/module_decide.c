/* module_decide.c - what a word of an administrator makes of a module's choice. See
 * module_change.h. */
#include "module_change.h"

typedef struct deciding {
    const module_now *now;
    const module_ask *ask;
    module_choice *row;
    const char *refusal;
} deciding;

static crm_status refuse_it(deciding *x, const char *code)
{
    x->refusal = code;
    return CRM_CONFLICT;
}

/* The version that is asked for, by its id, its number or "bundled"; without one the newest. NULL:
 * not installed. */
static const module_found *wanted(const deciding *x)
{
    const module_found *best = NULL;
    crm_str version = x->ask->version;
    for (uint32_t i = 0; i < x->now->version_count; i++) {
        const module_found *f = &x->now->versions[i];
        bool fits = !version.n || str_eq(f->version, version) ||
                    str_eq(module_version_word(f->id), version);
        best = fits ? f : best;
    }
    return best;
}

static void choose(deciding *x, crm_str version)
{
    module_choice *row = x->row;
    if (x->now->runs && !str_eq(x->now->version, version)) {
        row->before = x->now->version;
        row->has_before = true;
    }
    row->version = version;
    row->is_open = false;
}

/* It gets another chance. */
static void release(deciding *x)
{
    x->row->is_quarantined = false;
    x->row->crashes_from = x->now->crash_mark;
}

static crm_status upgrade(deciding *x)
{
    const module_found *f = wanted(x);
    if (!x->now->runs) {
        return refuse_it(x, "module_off");
    }
    if (!f) {
        return refuse_it(x, "module_no_version");
    }
    if (str_eq(f->id, x->now->version)) {
        return refuse_it(x, "module_in_force");
    }
    choose(x, f->id);
    release(x);
    return CRM_OK;
}

/* An administrator has decided anew since. */
static bool is_changed_since(const deciding *x)
{
    crm_str of = x->ask->only_of;
    return of.n && !str_eq(module_version_word(x->now->version), of);
}

static crm_status roll_back(deciding *x)
{
    if (!x->now->runs) {
        return refuse_it(x, "module_off");
    }
    if (is_changed_since(x)) {
        return refuse_it(x, "changed_since");
    }
    if (!x->row->has_before || str_eq(x->row->before, x->now->version)) {
        return refuse_it(x, "module_no_former");
    }
    choose(x, x->row->before);
    release(x);
    return CRM_OK;
}

/* Whatever keeps its code from running by anybody's decision ends, and the version is the one asked
 * for. */
static crm_status enable(deciding *x)
{
    const module_now *now = x->now;
    module_choice *row = x->row;
    bool is_kept = row->is_quarantined || row->wish == CHOICE_OFF;
    bool asks = x->ask->version.n || (row->is_open && !now->runs);
    const module_found *f = asks ? wanted(x) : NULL;
    if (now->runs && !is_kept && !now->is_offline) {
        return refuse_it(x, now->is_without_code ? "module_kept" : "module_runs");
    }
    if (asks && !f) {
        return refuse_it(x, "module_no_version");
    }
    if (row->wish == CHOICE_OFF || !now->runs || (now->is_offline && !row->is_quarantined)) {
        row->wish = CHOICE_ON;
        row->is_put_off = false;
    }
    if (row->is_quarantined) {
        release(x);
    }
    if (f) {
        choose(x, f->id);
    }
    return CRM_OK;
}

static crm_status disable(deciding *x)
{
    if (x->row->wish == CHOICE_OFF) {
        return refuse_it(x, "module_off");
    }
    if (is_changed_since(x)) {
        return refuse_it(x, "changed_since");
    }
    x->row->wish = CHOICE_OFF;
    x->row->is_put_off = x->ask->only_of.n > 0;
    return CRM_OK;
}

crm_status module_decide(const module_now *now, const module_ask *ask, module_choice *row,
                         const char **refusal)
{
    static crm_status (*const acts[])(deciding *) = {
        [MODULE_ACT_UPGRADE] = upgrade,
        [MODULE_ACT_ROLLBACK] = roll_back,
        [MODULE_ACT_ENABLE] = enable,
        [MODULE_ACT_DISABLE] = disable,
    };
    deciding x = {.now = now, .ask = ask, .row = row};
    crm_status s = acts[ask->act](&x);
    *refusal = x.refusal;
    return s;
}

void module_versions(const module_found *all, uint32_t count, crm_str name, module_now *out)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!str_eq(all[i].name, name)) {
            continue;
        }
        out->versions = out->versions ? out->versions : &all[i];
        out->version_count++;
    }
}

crm_str module_refusal_params(arena *a, const module_ask *ask)
{
    buf b;
    json_writer w;
    buf_init(&b, 1 << 12);
    jw_init(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "name", ask->name);
    jw_kstr(&w, "version", module_version_word(ask->version));
    jw_end_object(&w);
    crm_str json = b.failed ? (crm_str){0} : arena_dup(a, buf_view(&b));
    buf_free(&b);
    return json;
}
