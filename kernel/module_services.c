/* module_services.c - the services of a module for the API, for commands and for /metrics. Any
 * thread but where it says otherwise. */
#include <stdlib.h>

#include "flow/services.h"
#include "module_change.h"
#include "net/metrics.h"

/* ---- JSON ------------------------------------------------------------------------------------ */

/* Behind the module's own name. */
static crm_str short_name(const service_view *v)
{
    size_t skip = v->module.n + 1;
    return v->name.n > skip ? (crm_str){v->name.p + skip, v->name.n - skip} : v->name;
}

/* A module that is off while one still stops has no texts. */
static crm_str title_of(const registry *r, crm_str lang, const service_view *v)
{
    crm_str text = v->title.n ? registry_text(r, lang, v->title) : (crm_str){0};
    return text.n && !str_eq(text, v->title) ? text : short_name(v);
}

static void put_moment(json_writer *w, const char *key, int64_t ms)
{
    char moment[CLOCK_TEXT];
    jw_key(w, str_of(key));
    if (!ms) {
        jw_null(w);
        return;
    }
    clock_format(ms, moment);
    jw_str(w, str_of(moment));
}

static void put_service(json_writer *w, crm_ctx *c, const service_view *v)
{
    jw_object(w);
    jw_kstr(w, "name", short_name(v));
    jw_kstr(w, "title", title_of(c->reg, c->lang, v));
    jw_kstr(w, "state", str_of(service_state_code(v->state)));
    jw_kstr(w, "text", v->text);
    jw_key(w, CRM_S("error"));
    if (v->error == CRM_OK) {
        jw_null(w);
    } else {
        jw_str(w, str_of(status_code(v->error)));
    }
    jw_kint(w, "failures", v->failures);
    jw_kint(w, "starts", (int64_t)v->starts);
    put_moment(w, "since", v->since);
    put_moment(w, "next", v->next);
    jw_end_object(w);
}

void module_put_services(json_writer *w, crm_ctx *c, crm_str name)
{
    service_view *all;
    uint32_t count;
    jw_karray(w, "services");
    if (services_of(c->arena, name, &all, &count) == CRM_OK) {
        for (uint32_t i = 0; i < count; i++) {
            put_service(w, c, &all[i]);
        }
    } else {
        w->b->failed = true;
    }
    jw_end_array(w);
}

/* ---- commands -------------------------------------------------------------------------------- */

static const char *state_word(service_state state, bool is_russian)
{
    static const struct {
        const char *ru, *en;
    } words[] = {
        [SERVICE_OFF] = {"выключена", "off"},
        [SERVICE_SAFE] = {"не запущена: сервер работает с --safe",
                          "not begun: the server runs with --safe"},
        [SERVICE_IDLE] = {"ничего не делает: нечего", "has nothing to do"},
        [SERVICE_OK] = {"работает", "runs"},
        [SERVICE_DEGRADED] = {"работает не полностью", "runs in part"},
        [SERVICE_DOWN] = {"не работает и пробует дальше", "is down and tries on"},
        [SERVICE_WAITING] = {"ждёт новой попытки", "waits for its next try"},
        [SERVICE_FAILING] = {"отказывает раз за разом", "fails again and again"},
        [SERVICE_STOPPING] = {"останавливается", "stops"},
        [SERVICE_STUCK] = {"не останавливается", "does not stop"},
    };
    return is_russian ? words[state].ru : words[state].en;
}

static void say_service(command_call *c, const registry *r, const service_view *v)
{
    bool is_russian = c->lang[0] == 'r';
    char moment[CLOCK_TEXT];
    buf_fmt(c->out, is_russian ? "\n    служба %.*s: %s" : "\n    service %.*s: %s",
            STR_FMT(title_of(r, str_of(c->lang), v)), state_word(v->state, is_russian));
    if (v->text.n) {
        buf_fmt(c->out, " (%.*s)", STR_FMT(v->text));
    }
    bool has_failed = v->failures && (v->state == SERVICE_WAITING || v->state == SERVICE_FAILING);
    if (has_failed && v->error != CRM_OK) {
        buf_fmt(c->out, is_russian ? ", ошибка %s, подряд %u" : ", error %s, %u in a row",
                status_code(v->error), v->failures);
    }
    if (v->state == SERVICE_WAITING && v->error == CRM_LIMIT && !v->next) {
        buf_fmt(c->out, is_russian ? ": служб больше %d" : ": there are more than %d services",
                SERVICES_MAX);
    }
    if (v->next) {
        clock_format(v->next, moment);
        buf_fmt(c->out, is_russian ? ", снова в %s" : ", again at %s", moment);
    }
}

void command_say_services(command_call *c, const registry *r, crm_str name)
{
    service_view *all;
    uint32_t count;
    if (!r || services_of(c->arena, name, &all, &count) != CRM_OK) {
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        say_service(c, r, &all[i]);
    }
}

/* ---- /metrics -------------------------------------------------------------------------------- */

static service_view look_at(const char *name)
{
    service_view v = {0};
    (void)services_look(str_of(name), &v);
    return v;
}

static int64_t is_up(void *arg)
{
    return look_at(arg).state == SERVICE_OK;
}

static int64_t is_stuck(void *arg)
{
    return look_at(arg).state == SERVICE_STUCK;
}

static int64_t starts(void *arg)
{
    return (int64_t)look_at(arg).starts;
}

static int64_t failures(void *arg)
{
    return (int64_t)look_at(arg).failed;
}

static const struct {
    const char *name, *help;
    int64_t (*read)(void *arg);
} series[] = {
    {"karkas_service_up", "1: a service of a module runs and says that it is well", is_up},
    {"karkas_service_stuck", "1: it was told to stop and did not in its time", is_stuck},
    {"karkas_service_starts_total", "Times it began", starts},
    {"karkas_service_failures_total", "Times it returned an error", failures},
};

/* Names of metrics stay for ever, those of services that are gone, too. */
#define SHOWN_MAX 64
static char *shown[SHOWN_MAX];
static uint32_t shown_count;

static bool is_shown(crm_str name)
{
    for (uint32_t i = 0; i < shown_count; i++) {
        if (str_is(name, shown[i])) {
            return true;
        }
    }
    return false;
}

static void show(const service *row)
{
    if (is_shown(row->name)) {
        return;
    }
    char *name = shown_count < SHOWN_MAX ? strndup(row->name.p, row->name.n) : NULL;
    if (!name) {
        log_event(LOG_WARN, "service.not_in_metrics", "service=%s most=%d", log_quote(row->name),
                  SHOWN_MAX);
        return;
    }
    shown[shown_count++] = name;
    for (size_t i = 0; i < sizeof series / sizeof *series; i++) {
        size_t size = strlen(series[i].name) + row->name.n + sizeof "{module=\"\",service=\"\"}";
        char *line = malloc(size);
        if (!line) {
            return;
        }
        snprintf(line, size, "%s{module=\"%.*s\",service=\"%s\"}", series[i].name,
                 STR_FMT(row->module), name + row->module.n + 1);
        metric_computed(line, series[i].help, series[i].read, name);
    }
}

void service_figures(void)
{
    const registry *r = registry_pin();
    for (uint32_t i = 0; r && i < r->service_count; i++) {
        show(&r->services[i]);
    }
    registry_unpin(r);
}
