/*
 * rules.c - rules of the ТЗ: conditions judged in the writing transaction on the changed row, steps
 * run after the commit.
 *
 * A rule that applies leaves a run row (`sys.run`) and a due row in the same transaction as the
 * change, so a crash loses neither. The job then walks the steps: each step's effects and the run's
 * cursor are one commit. A step that waits for another system is handed over to a due row of its
 * own, whose thread asks outside the transaction and then walks on. A step that answers NOT_FOUND
 * ("nobody is free") wrote nothing and sends the run to its `otherwise`.
 */
#include "flow/flow_private.h"
#include "flow/store.h"

#define JOB         CRM_S("kernel.rule")
#define OUTSIDE_JOB CRM_S("kernel.rule_outside")
#define OUTSIDE_MS  70000 /* one question, and the steps behind it */

/* ---- judging, in the transaction ------------------------------------------------------------- */

static crm_status start_run(crm_ctx *c, const rule *r, const record *now)
{
    store_row run;
    crm_status s = store_new(c->arena, c->reg, STORE_RUN, &run);
    if (s != CRM_OK) {
        return s;
    }
    store_set(&run, RUN_RULE, value_text(r->name));
    store_set(&run, RUN_ENTITY, value_text(now->entity->name));
    store_set(&run, RUN_RECORD, value_int(now->v[COL_ID].i));
    store_set(&run, RUN_STEP, value_int(0));
    store_set(&run, RUN_STATE, value_text(CRM_S("steps")));
    store_set(&run, RUN_AT, value_int(clock_now()));
    store_set(&run, RUN_CAUSE, value_int(c->who->user ? c->who->user : c->cause));
    s = store_save(c->tx, &run);
    if (s != CRM_OK) {
        return s;
    }
    crm_str id = arena_fmt(c->arena, "%lld", (long long)run.id);
    return timers_schedule(c, JOB, id, clock_now(), id);
}

static bool concerns(const rule *r, const record *now, const record *was, char on)
{
    if (r->entity != now->entity || r->on != on) {
        return false;
    }
    if (r->on_field && !bits_has(now->set, r->on_field->index)) {
        return false;
    }
    (void)was;
    return true;
}

static bool note_row(void *arg, const value *row, uint32_t matched)
{
    (void)row;
    (void)matched;
    *(bool *)arg = true;
    return false;
}

/* A condition over other rows is the engine's: the changed row is stored by now. */
static crm_status holds(crm_ctx *c, const cond *where, const record *now, bool *out)
{
    if (cond_is_local(where)) {
        *out = cond_eval(where, now->v, &c->env);
        return CRM_OK;
    }
    const entity *e = now->entity;
    const cond *is_it = cond_compare(c->arena, COND_EQ, &e->fields[COL_ID], now->v[COL_ID]);
    query q = {.entity = e,
               .where = cond_and(c->arena, is_it, where),
               .env = c->env,
               .limit = 1,
               .with_deleted = true};
    bits_add(q.select, COL_ID);
    *out = false;
    return tx_list(c->tx, &q, note_row, out);
}

static crm_status judge(crm_ctx *c, record *now, const record *was, char on)
{
    if (c->is_quiet) {
        return CRM_OK;
    }
    for (uint32_t i = 0; i < c->reg->rule_count; i++) {
        const rule *r = &c->reg->rules[i];
        bool applies = concerns(r, now, was, on);
        crm_status s = applies ? holds(c, r->where, now, &applies) : CRM_OK;
        if (s == CRM_OK && applies) {
            s = start_run(c, r, now);
        }
        if (s != CRM_OK) {
            return s;
        }
    }
    return CRM_OK;
}

static crm_status after_create(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)fn;
    return judge(c, now, was, 'c');
}

static crm_status after_update(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)fn;
    return judge(c, now, was, 'u');
}

static crm_status after_delete(crm_ctx *c, record *now, const record *was, const void *fn)
{
    (void)fn;
    return judge(c, now, was, 'd');
}

/* ---- walking the steps, on a worker ---------------------------------------------------------- */

typedef struct walk {
    int64_t run;
    bool go_otherwise, is_finished;
    crm_str asked; /* the message of the step whose work part is done, or empty */
} walk;

static const rule *find_rule(const registry *r, crm_str name)
{
    for (uint32_t i = 0; i < r->rule_count; i++) {
        if (str_eq(r->rules[i].name, name)) {
            return &r->rules[i];
        }
    }
    return NULL;
}

/* Where a run stands. */
typedef struct place {
    const rule *rule;
    const rule_step *steps;
    int64_t at, count;
    bool is_otherwise;
    crm_str message;
} place;

static place place_of(crm_ctx *c, const rule *r, const store_row *run)
{
    place p = {.rule = r, .at = store_int(run, RUN_STEP)};
    p.is_otherwise = str_is(store_text(run, RUN_STATE), "otherwise");
    p.steps = p.is_otherwise ? p.rule->otherwise : p.rule->steps;
    p.count = p.is_otherwise ? p.rule->otherwise_count : p.rule->step_count;
    /* With its moment: a restored copy gives the numbers of lost runs again. */
    p.message =
        arena_fmt(c->arena, "run_%lld_%s%lld_%lld", (long long)run->id, p.is_otherwise ? "o" : "s",
                  (long long)p.at, (long long)store_int(run, RUN_AT));
    return p;
}

static crm_status run_step(crm_ctx *c, const place *p, const store_row *run)
{
    const rule *r = p->rule;
    const rule_step *st = &p->steps[p->at];
    step_call call = {
        .args_json = st->args_json, .rule = r->name, .run = run->id, .message = p->message};
    crm_status s = records_get(c, r->entity, store_int(run, RUN_RECORD), &call.subject);
    if (s == CRM_NOT_FOUND) {
        c->error = (call_error){0};
        return CRM_OK; /* deleted meanwhile: nothing is left to do for it */
    }
    c->via = arena_fmt(c->arena, "rule:%.*s", STR_FMT(r->name));
    return s == CRM_OK ? st->step->run(c, &call, st->step->fn) : s;
}

/* Turns to the steps of `otherwise`, in the commit that leaves the record where it is seen. */
static crm_status turn_otherwise(crm_ctx *c, const rule *r, store_row *run)
{
    record *subject;
    int64_t at = store_int(run, RUN_STEP);
    crm_status s = records_get(c, r->entity, store_int(run, RUN_RECORD), &subject);
    if (s == CRM_OK && at < r->step_count) {
        s = steps_leave_waiting(c, subject, &r->steps[at]);
    }
    if (s != CRM_OK && s != CRM_NOT_FOUND) {
        return s;
    }
    c->error = (call_error){0};
    store_set(run, RUN_STATE, value_text(CRM_S("otherwise")));
    store_set(run, RUN_STEP, value_int(0));
    return store_save(c->tx, run);
}

/* One step and the cursor behind it. */
static crm_status commit_step(crm_ctx *c, void *arg)
{
    walk *w = arg;
    store_row run;
    w->is_finished = false;
    crm_status s = store_load(c->tx, c->arena, c->reg, STORE_RUN, w->run, &run);
    if (s != CRM_OK) {
        return s;
    }
    const rule *r = find_rule(c->reg, store_text(&run, RUN_RULE));
    crm_str state = store_text(&run, RUN_STATE);
    if (!r || str_is(state, "done")) {
        w->is_finished = true;
        return CRM_OK;
    }
    c->cause = store_int(&run, RUN_CAUSE);
    if (w->go_otherwise) {
        return turn_otherwise(c, r, &run);
    }
    place p = place_of(c, r, &run);
    bool waits = p.at < p.count && p.steps[p.at].step->work && !str_eq(w->asked, p.message);
    if (waits) {
        w->is_finished = true;
        crm_str id = arena_fmt(c->arena, "%lld", (long long)run.id);
        return timers_schedule(c, OUTSIDE_JOB, p.message, clock_now(), id);
    }
    s = p.at < p.count ? run_step(c, &p, &run) : CRM_OK;
    if (s != CRM_OK) {
        return p.is_otherwise && s == CRM_NOT_FOUND ? CRM_CONFLICT : s;
    }
    w->is_finished = p.at + 1 >= p.count;
    store_set(&run, RUN_STEP, value_int(p.at + 1));
    if (w->is_finished) {
        store_set(&run, RUN_STATE, value_text(CRM_S("done")));
    }
    return store_save(c->tx, &run);
}

/* The work part of the step at which the run stands. Nothing when it has been done meanwhile. */
static crm_status ask_outside(crm_ctx *c, walk *w)
{
    store_row run;
    const entity *e = registry_store(c->reg, STORE_RUN);
    const cond *is_it = cond_compare(c->arena, COND_EQ, &e->fields[COL_ID], value_int(w->run));
    crm_status s = store_first(c->session, c->arena, c->reg, STORE_RUN, is_it, &run);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    const rule *r = find_rule(c->reg, store_text(&run, RUN_RULE));
    if (!r || str_is(store_text(&run, RUN_STATE), "done")) {
        return CRM_OK;
    }
    place p = place_of(c, r, &run);
    const step *st = p.at < p.count ? p.steps[p.at].step : NULL;
    if (!st || !st->work) {
        return CRM_OK;
    }
    step_call call = {.args_json = p.steps[p.at].args_json,
                      .rule = p.rule->name,
                      .run = run.id,
                      .message = p.message};
    s = records_get(c, p.rule->entity, store_int(&run, RUN_RECORD), &call.subject);
    if (s == CRM_OK) {
        s = st->work(c, &call, st->fn);
    } else if (s == CRM_NOT_FOUND) {
        c->error = (call_error){0};
        s = CRM_OK; /* its commit sees that nothing is left to do */
    }
    w->asked = p.message;
    return s;
}

static crm_status walk_steps(crm_ctx *c, crm_str arg, const void *fn)
{
    flow *f = flow_running();
    walk w = {0};
    crm_status s = str_to_i64(arg, &w.run);
    if (s == CRM_OK && fn) {
        s = ask_outside(c, &w);
    }
    while (s == CRM_OK && !w.is_finished) {
        s = writer_run(f, c, commit_step, &w);
        bool nobody = s == CRM_NOT_FOUND && !w.go_otherwise;
        w.go_otherwise = nobody;
        if (nobody) {
            s = CRM_OK;
        }
    }
    return s;
}

crm_status rules_register(registry *r)
{
    static const struct {
        hook_when when;
        crm_status (*run)(crm_ctx *, record *, const record *, const void *);
    } hooks[] = {{HOOK_AFTER_CREATE, after_create},
                 {HOOK_AFTER_UPDATE, after_update},
                 {HOOK_AFTER_DELETE, after_delete}};
    static const bool is_outside = true;
    job j = {.work = walk_steps, .name = JOB, .module = CRM_S("kernel"), .limit_ms = 5000};
    job outside = {.work = walk_steps,
                   .name = OUTSIDE_JOB,
                   .module = CRM_S("kernel"),
                   .is_outside = true,
                   .limit_ms = OUTSIDE_MS,
                   .fn = &is_outside};
    crm_status s = registry_add_job(r, &j);
    s = s == CRM_OK ? registry_add_job(r, &outside) : s;
    for (size_t i = 0; s == CRM_OK && i < sizeof hooks / sizeof hooks[0]; i++) {
        /* After every module's hooks, so that rules judge the row as it will be stored. */
        hook h = {.entity_name = CRM_S("*"),
                  .when = hooks[i].when,
                  .order = 1000000,
                  .module = CRM_S("kernel"),
                  .run = hooks[i].run};
        s = registry_add_hook(r, &h);
    }
    return s;
}
