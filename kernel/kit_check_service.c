/*
 * kit_check_service.c - the HTTP service behind a module: it answers what the server signs,
 * soundly, and nobody else. It runs already, by its author; its secret is in the environment of
 * this command.
 */
#include <stdio.h>

#include "kit_check.h"

#define ASKED_LIMIT_MS 5000 /* what follows a commit takes its time */

typedef struct serving {
    check *k;
    const remote *remote;
    int unsigned_status; /* 0: nobody listens; -1: its address is a setting, so it is not known here
                          */
    int page_status;     /* of its first page; -1: it has none */
    int64_t asked, failed;
    uint32_t refused; /* records that the kit could not make */
} serving;

static void ask_unsigned(serving *v)
{
    kit_client stranger;
    crm_str url = arena_fmt(v->k->a, "%.*s/hooks/kit", STR_FMT(v->remote->url));
    v->unsigned_status = -1;
    if (v->remote->url.n && kit_client_open(&stranger, 0) == CRM_OK) {
        v->unsigned_status = kit_ask(&stranger, "POST", url.p, "{}");
        kit_client_close(&stranger);
    }
}

/* The first of its pages, through the server. */
static void ask_page(serving *v)
{
    check *k = v->k;
    const remote_frame *frame = NULL;
    v->page_status = -1;
    for (uint32_t i = 0; !frame && i < k->reg->frame_count; i++) {
        frame = str_eq(k->reg->frames[i].module, k->m.name) ? &k->reg->frames[i] : NULL;
    }
    if (!frame) {
        return;
    }
    crm_str path =
        arena_fmt(k->a, "/api/v1/frames/%.*s/%.*s", STR_FMT(k->m.name), STR_FMT(frame->id));
    v->page_status = kit_ask(&k->anna, "POST", path.p, NULL);
    json_t *json = v->page_status == 200 ? kit_reply(&k->anna) : NULL;
    const char *src = json ? arena_cstr(k->a, json_text(json, "src")) : NULL;
    json_decref(json);
    v->page_status = src ? kit_ask(&k->anna, "GET", src, NULL) : v->page_status;
}

static int64_t count_of(serving *v, const char *what)
{
    crm_str name =
        arena_fmt(v->k->a, "karkas_remote_%s_total{module=\"%.*s\"}", what, STR_FMT(v->k->m.name));
    int64_t n = check_metric(v->k, name.p);
    return n < 0 ? 0 : n;
}

/* A record of each entity that the service is asked about. */
static void ask_signed(serving *v)
{
    check *k = v->k;
    bool is_expected = false;
    for (uint32_t i = 0; i < k->reg->entity_count; i++) {
        const entity *e = k->reg->entities[i];
        if (kit_concerns(&k->m, k->reg, e) && !e->parent_kind_field && !(e->flags & ENTITY_LOG) &&
            !(e->flags & ENTITY_NOTES)) {
            bool is_made = check_make(k, &k->anna, e, "kit") != 0;
            v->refused += !is_made;
            is_expected = true;
        }
    }
    int64_t end = clock_mono() + ASKED_LIMIT_MS * 1000000LL;
    do {
        v->asked = count_of(v, "calls");
        v->failed = count_of(v, "failed");
    } while (is_expected && !v->asked && clock_mono() < end);
}

/* Why the last question had no answer, as the administrator is told. */
static void say_fault(serving *v, buf *found)
{
    kit_client boss;
    json_t *json, *one;
    size_t i;
    check *k = v->k;
    if (kit_client_open(&boss, k->server.port) != CRM_OK) {
        return;
    }
    bool is_told = kit_sign_in(&boss, "admin", k->server.login) &&
                   kit_ask(&boss, "GET", "/api/v1/modules", NULL) == 200;
    json = is_told ? kit_reply(&boss) : NULL;
    json_array_foreach(json_object_get(json, "modules"), i, one)
    {
        const json_t *how = json_object_get(one, "remote");
        crm_str error = json_text(how, "error"), detail = json_text(how, "detail");
        if (str_eq(json_text(one, "name"), k->m.name) && error.n) {
            buf_fmt(found, W(k, " Сервер: %.*s %.*s", " The server: %.*s %.*s"), STR_FMT(error),
                    STR_FMT(detail));
        }
    }
    json_decref(json);
    kit_client_close(&boss);
}

static check_state state_of(const serving *v)
{
    bool is_open = v->unsigned_status >= 200 && v->unsigned_status < 300;
    bool is_deaf = v->unsigned_status == 0 || v->failed;
    bool has_page = v->page_status == -1 || v->page_status == 200;
    return is_open || is_deaf || !has_page ? CHECK_BAD : v->asked ? CHECK_GOOD : CHECK_SKIPPED;
}

static void say(serving *v, check_state state, buf *found)
{
    check *k = v->k;
    if (v->unsigned_status == 0) {
        buf_fmt(found, W(k, "%.*s: никто не отвечает. ", "%.*s: nobody answers. "),
                STR_FMT(v->remote->url));
    } else if (v->unsigned_status > 0) {
        buf_fmt(found, W(k, "Без подписи: %d. ", "Unsigned: %d. "), v->unsigned_status);
    }
    buf_fmt(found,
            W(k, "Вопросов %lld, без ответа %lld.", "Asked %lld times, %lld without an answer."),
            (long long)v->asked, (long long)v->failed);
    if (v->page_status >= 0) {
        buf_fmt(found, W(k, " Страница: %d.", " Its page: %d."), v->page_status);
    }
    if (v->refused) {
        buf_fmt(found, W(k, " Не заведено записей: %u.", " Records that could not be made: %u."),
                v->refused);
    }
    if (state == CHECK_BAD) {
        say_fault(v, found);
    }
}

void check_service(check *k)
{
    serving v = {.k = k, .remote = registry_remote(k->reg, k->m.name)};
    buf found;
    if (!v.remote) {
        return;
    }
    buf_init(&found, 0);
    ask_unsigned(&v);
    ask_signed(&v);
    ask_page(&v);
    check_state state = state_of(&v);
    say(&v, state, &found);
    check_add(
        k, state,
        W(k, "Его служба отвечает, и только серверу", "Its service answers, and the server alone"),
        W(k, "записи заведены, страница открыта: служба спрошена с подписью; и ещё раз без неё",
          "records were made and a page was opened, so the service was asked with a signature; "
          "and once without"),
        buf_view(&found));
    buf_free(&found);
}
