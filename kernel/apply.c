/*
 * apply.c - a text put into force: by a command, which changes nothing when anything is wrong, or
 * at a start, which then goes on with what was in force. Start-up and worker threads.
 */
#include "build.h"
#include "in_force.h"

#define REFUSED_MAX 1500 /* bytes of a notice */

bool build_remember_versions(build *b)
{
    bool is_news = false;
    for (uint32_t i = 0; i < b->module_count; i++) {
        const module_info *m = plug_info(b->modules[i]);
        module_choice *row = m->id.n ? choices_need(b->arena, &b->choices, m->name) : NULL;
        if (row && row->is_open) {
            row->version = m->id;
            row->is_open = false;
            is_news = true;
        }
    }
    return is_news;
}

static void keep_versions(const deployment *d, build *b)
{
    bool is_news = build_remember_versions(b) || b->has_decided;
    if (is_news && choices_write(d->o->data, &b->choices) != CRM_OK) {
        log_event(LOG_WARN, "modules.not_kept", "file=%s", MODULES_FILE);
    }
}

/* Text and modules, then the registry with the model. */
static crm_status build_all(deployment *d, build *b, const char *path, bool forward)
{
    tz_declaration *rows = NULL;
    uint32_t count = 0;
    crm_status s = d->engine ? choices_read(b->arena, d->o->data, &b->choices) : CRM_OK;
    if (s == CRM_OK) {
        s = build_read(b, path);
    }
    if (s == CRM_OK) {
        s = build_find(d, b);
    }
    if (s == CRM_OK) {
        s = build_load(d, b);
    }
    if (s == CRM_OK) {
        s = model_declarations(b->arena, &b->model, forward, &rows, &count);
    }
    return s == CRM_OK ? build_registry(d, b, rows, count) : s;
}

/* What is asked for, by whom: a start, with its --tz or without, or a command. */
typedef struct wish {
    const char *file; /* NULL: a start without --tz */
    bool is_start, forward;
    bool is_copy; /* of what was in force: a start could not read anything else */
} wish;

static crm_status find_text(deployment *d, build *b, const wish *x, const char **path)
{
    in_force was;
    crm_status s = in_force_read(b->arena, d->o->data, &was);
    *path = x->file;
    b->was_in_force = x->is_copy;
    if (s == CRM_OK && x->is_copy) {
        *path = in_force_copy(b->arena, d->o->data, &was);
        return *path ? CRM_OK : CRM_NOT_FOUND;
    }
    if (s == CRM_OK && x->is_start) {
        *path = in_force_choose(b->arena, d->o->data, x->file, &was, b->lang, &b->refusals);
        /* A server that kept no copies applied it: there is nothing to go back to. */
        b->was_in_force = *path && !in_force_copy(b->arena, d->o->data, &was) &&
                          in_force_is(b->arena, &was, *path);
    }
    if (s == CRM_OK && !*path) {
        buf_z(&b->refusals,
              b->lang[0] == 'r' ? "нужен ТЗ: --tz ФАЙЛ\n" : "a ТЗ is needed: --tz FILE\n");
        s = CRM_INVALID;
    }
    return s;
}

/* A full disk does not stop a start: the next one keeps it. */
static crm_status keep_text(deployment *d, build *b, const wish *x, const char *path)
{
    crm_status s = in_force_keep(b->arena, d->o->data, b->tz, path, x->file, x->is_start);
    if (s != CRM_OK && x->is_start) {
        log_event(LOG_WARN, "tz.not_kept", "data=%s status=%s", log_quote(str_of(d->o->data)),
                  status_code(s));
        s = CRM_OK;
    }
    return s;
}

static crm_status apply(deployment *d, build *b, const wish *x)
{
    const char *path;
    bool forward = x->forward;
    crm_status s = find_text(d, b, x, &path);
    s = s == CRM_OK ? model_load_now(d, b->arena, &b->model) : s;
    if (s == CRM_OK) {
        s = build_all(d, b, path, forward);
    }
    if (s == CRM_OK) {
        s = build_put_in_force(d, b);
    }
    if (s == CRM_OK) {
        s = model_settle(d, b, forward);
    }
    if (s == CRM_OK) {
        s = keep_text(d, b, x, path);
    }
    if (s == CRM_OK) {
        keep_versions(d, b);
    }
    return s;
}

static bool is_in_a_swap(const build *b)
{
    for (uint32_t i = 0; i < b->model.count; i++) {
        if (str_is(b->model.at[i].phase, MODEL_SWAPPING)) {
            return true;
        }
    }
    return false;
}

static crm_status apply_one(deployment *d, const wish *x, build **out)
{
    build *b = *out = build_new(d->o->lang);
    crm_status s = b ? apply(d, b, x) : CRM_NOMEM;
    if (s != CRM_OK) {
        return s;
    }
    build_free(d->in_force);
    d->in_force = b;
    return s;
}

static crm_status apply_or_go_back(deployment *d, wish *x, build **b)
{
    crm_status s = apply_one(d, x, b);
    if (s != CRM_OK && *b && !d->flow && is_in_a_swap(*b)) {
        /* A crash came before the change of the model it was in: that one is taken back. */
        build_free(*b);
        x->forward = false;
        s = apply_one(d, x, b);
    }
    return s;
}

/* ---- a start on what was in force ------------------------------------------------------------ */

static void tell_refused(deployment *d, const char *file, buf *say)
{
    log_event(LOG_ERROR, "tz.refused", "file=%s in_force=copy why=%s",
              log_quote(str_of(file ? file : "")), log_quote(buf_view(say)));
    free(d->refused);
    crm_str lines = buf_view(say);
    while (lines.n > REFUSED_MAX || (lines.n && lines.p[lines.n - 1] != '\n')) {
        lines.n--;
    }
    d->refused = strndup(lines.p ? lines.p : "", lines.n);
    if (d->o->lang[0] == 'r') {
        buf_z(say, "ТЗ с этими ошибками не применено: действует то, что было применено до него.\n"
                   "Исправьте его и примените: karkas tz apply ");
    } else {
        buf_z(say, "The ТЗ with these faults was not applied: what was in force before stays.\n"
                   "Mend it and put it into force: karkas tz apply ");
    }
    buf_fmt(say, "%s\n", file ? file : d->o->lang[0] == 'r' ? "ФАЙЛ" : "FILE");
}

/*
 * A slip in the file must not cost a company its server. But once the schema is that of the file,
 * the text before it would find fields renamed and values written another way: then the start ends.
 */
static bool may_go_back(crm_status s, const build *b, const wish *x)
{
    return s == CRM_INVALID && x->is_start && b && !b->has_grown;
}

/* What cannot be read either way is said once. */
static crm_status start_on_copy(deployment *d, const char *file, crm_status why, buf *say)
{
    build *b;
    wish x = {.is_start = true, .forward = true, .is_copy = true};
    crm_status s = apply_or_go_back(d, &x, &b);
    if (s != CRM_OK) {
        build_free(b);
        return why;
    }
    tell_refused(d, file, say);
    return CRM_OK;
}

static crm_status tell_one(crm_ctx *c, int64_t user, const void *arg)
{
    buf b;
    json_t *params = json_pack("{s:s}", "why", arg);
    buf_init(&b, 4 * REFUSED_MAX);
    registry_text_fill(registry_text(c->reg, c->reg->locale, CRM_S("tz.refused")),
                       json_dump(c->arena, params), &b);
    crm_status s = notices_send_once(c, user, CRM_S("tz"), buf_view(&b));
    json_decref(params);
    buf_free(&b);
    return s;
}

static crm_status tell_all(crm_ctx *c, void *arg)
{
    return notices_to_settings(c, tell_one, arg);
}

crm_status deployment_tell_refused(deployment *d)
{
    crm_ctx c;
    crm_status s = d->refused ? call_begin(&c, &principal_system, CRM_S("start")) : CRM_OK;
    if (!d->refused || s != CRM_OK) {
        return s;
    }
    s = writer_run(d->flow, &c, tell_all, d->refused);
    call_end(&c);
    return s;
}

static crm_status apply_locked(deployment *d, wish x, buf *say)
{
    build *b;
    uv_mutex_lock(&d->apply_lock);
    crm_status s = apply_or_go_back(d, &x, &b);
    if (b) {
        build_say(b, say);
    }
    bool goes_back = may_go_back(s, b, &x);
    if (s != CRM_OK) {
        build_free(b);
    }
    if (goes_back) {
        s = start_on_copy(d, x.file, s, say);
    }
    uv_mutex_unlock(&d->apply_lock);
    return s;
}

crm_status deployment_start(deployment *d, const char *given, buf *say)
{
    return apply_locked(d, (wish){.file = given, .is_start = true, .forward = true}, say);
}

crm_status deployment_apply(deployment *d, const char *path, buf *say)
{
    return apply_locked(d, (wish){.file = path, .forward = true}, say);
}

crm_status deployment_lint(deployment *d, const char *path, const char *lang, buf *say)
{
    build *b = build_new(lang);
    if (!b) {
        return CRM_NOMEM;
    }
    uv_mutex_lock(&d->apply_lock); /* modules are loaded one at a time */
    crm_status s = d->engine ? model_load_now(d, b->arena, &b->model) : CRM_OK;
    if (s == CRM_OK) {
        s = build_all(d, b, path, true);
    }
    uv_mutex_unlock(&d->apply_lock);
    build_say(b, say);
    build_free(b);
    return s;
}
