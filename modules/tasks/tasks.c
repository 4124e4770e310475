/*
 * tasks.c - tasks: done or not, and the reminder that one due row per task holds.
 *
 * `done` is what a person ticks, `done_at` what the rest of the system asks. The reminder is armed
 * again by every change of what it depends on, and judges the task anew when it fires.
 */
#include "tasks.h"

/* ---- reminding ------------------------------------------------------------------------------- */

static int64_t lead_time(crm_ctx *c, const crm_rec *task)
{
    crm_str json;
    int64_t ms = 0;
    if (crm_has(task, "remind")) {
        return crm_get_int(task, "remind");
    }
    if (crm_setting(c, "remind_before", &json) != CRM_OK) {
        return 0;
    }
    for (size_t i = 0; i < json.n && json.p[i] >= '0' && json.p[i] <= '9'; i++) {
        ms = ms * 10 + (json.p[i] - '0');
    }
    return ms;
}

static crm_status arm(crm_ctx *c, const crm_rec *task)
{
    crm_str key = crm_fmt(c, "%lld", (long long)crm_id(task));
    int64_t moment = crm_get_int(task, "due") - lead_time(c, task);
    bool is_wanted = crm_has(task, "due") && crm_has(task, "owner") && !crm_has(task, "done_at");
    if (!key.p) {
        return CRM_NOMEM;
    }
    /* A moment that has passed already reminds nobody: who set it knows. */
    if (is_wanted && moment >= crm_now(c)) {
        return crm_schedule(c, "remind", key.p, moment, key);
    }
    return crm_unschedule(c, "remind", key.p);
}

static crm_status after_create(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    (void)was;
    return arm(c, now);
}

static crm_status after_update(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    bool concerns = crm_changed(now, "due") || crm_changed(now, "remind") ||
                    crm_changed(now, "done_at") || crm_changed(now, "owner");
    (void)was;
    return concerns ? arm(c, now) : CRM_OK;
}

static crm_status after_delete(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    crm_str key = crm_fmt(c, "%lld", (long long)crm_id(now));
    (void)was;
    return key.p ? crm_unschedule(c, "remind", key.p) : CRM_NOMEM;
}

static crm_status remind(crm_ctx *c, crm_str arg)
{
    int64_t id = 0;
    crm_rec *task;
    for (size_t i = 0; i < arg.n; i++) {
        id = id * 10 + (arg.p[i] - '0');
    }
    crm_status s = crm_get(c, TASK, id, &task);
    if (s != CRM_OK) {
        return s == CRM_NOT_FOUND ? CRM_OK : s;
    }
    if (crm_has(task, "done_at") || !crm_has(task, "owner")) {
        return CRM_OK;
    }
    crm_str text = crm_fill(c, crm_text(c, "tasks.reminder"), task);
    return crm_notify(c, crm_get_int(task, "owner"), "task", task, text);
}

/* ---- doing ----------------------------------------------------------------------------------- */

static crm_status before_save(crm_ctx *c, crm_rec *now, const crm_rec *was)
{
    bool is_done = crm_get_int(now, "done") != 0;
    (void)was;
    if (is_done == crm_has(now, "done_at")) {
        return CRM_OK;
    }
    return is_done ? crm_set_int(now, "done_at", crm_now(c)) : crm_set_null(now, "done_at");
}

static crm_status set_done(crm_ctx *c, crm_out *out, bool is_done)
{
    crm_rec *task;
    crm_status s = crm_get(c, TASK, crm_param_id(c, "id"), &task);
    if (s != CRM_OK) {
        return s;
    }
    if ((crm_get_int(task, "done") != 0) != is_done) {
        s = crm_set_int(task, "done", is_done);
        s = s == CRM_OK ? crm_save(c, task) : s;
    }
    crm_put_record(out, "task", task);
    return s;
}

/* Doing what is done already is no mistake: a double click, a repeated request. */
static crm_status post_done(crm_ctx *c, crm_out *out)
{
    return set_done(c, out, true);
}

static crm_status post_reopen(crm_ctx *c, crm_out *out)
{
    return set_done(c, out, false);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static const crm_route routes[] = {
    {.method = "POST",
     .path = "/task/:id/done",
     .fn = post_done,
     .tx = CRM_TX_WRITE,
     .perm = "user"},
    {.method = "POST",
     .path = "/task/:id/reopen",
     .fn = post_reopen,
     .tx = CRM_TX_WRITE,
     .perm = "user"},
};

static const crm_hook hooks[] = {
    {.entity = TASK, .when = CRM_BEFORE_CREATE, .fn = before_save},
    {.entity = TASK, .when = CRM_BEFORE_UPDATE, .fn = before_save},
    {.entity = TASK, .when = CRM_AFTER_CREATE, .fn = after_create},
    {.entity = TASK, .when = CRM_AFTER_UPDATE, .fn = after_update},
    {.entity = TASK, .when = CRM_AFTER_DELETE, .fn = after_delete},
};

static const crm_job jobs[] = {
    {.name = "remind", .fn = remind},
};

static const crm_step steps[] = {
    {.verb = "task",
     .schema = "{\"kind\":{\"type\":\"choice\",\"of\":\"tasks.task\",\"field\":\"kind\","
               "\"title\":\"tasks.step.kind\"},"
               "\"title\":{\"type\":\"template\",\"title\":\"tasks.step.title\"},"
               "\"to\":{\"type\":\"text\",\"title\":\"tasks.step.to\"},"
               "\"due\":{\"type\":\"duration\",\"title\":\"tasks.step.due\"},"
               "\"remind\":{\"type\":\"duration\",\"title\":\"tasks.step.remind\"},"
               "\"text\":{\"type\":\"template\",\"title\":\"tasks.step.text\"}}",
     .fn = task_step},
};

static const crm_module self = {
    CRM_MODULE_HEAD,         .name = CRM_MODULE_NAME,     .version = CRM_MODULE_VERSION,
    .license = "Apache-2.0", .routes = CRM_TABLE(routes), .hooks = CRM_TABLE(hooks),
    .jobs = CRM_TABLE(jobs), .steps = CRM_TABLE(steps),
};
CRM_MODULE_EXPORT(self);
