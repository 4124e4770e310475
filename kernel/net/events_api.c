/*
 * events_api.c - /api/v1/events: what changed, to whoever may know it, as it is committed.
 *
 * A stream holds no call between changes: for each batch a call is made per user on the newest
 * snapshots, so a right taken away is felt at once. Loop thread.
 */
#include "net/events_private.h"

#define PING_MS     20000
#define PER_SESSION 8 /* streams; one more closes the oldest */

/* ---- one stream ------------------------------------------------------------------------------ */

void stream_leave(stream *s)
{
    if (!s->closed || s->is_asking || s->is_reading || s->is_held) {
        return;
    }
    *s->at = s->next;
    if (s->next) {
        s->next->at = s->at;
    }
    for (fan *f = s->list->fans; f; f = f->next) {
        if (f->at == s) {
            f->at = s->next;
        }
    }
    arena_free(s->arena);
    registry_unpin(s->reg);
    free(s);
}

void stream_send(stream *s, crm_str text)
{
    http_chunk *c = http_chunk_new(text);
    stream_send_chunk(s, c);
    http_chunk_unref(c);
}

void stream_send_chunk(stream *s, http_chunk *c)
{
    if (c && !s->closed) {
        http_stream_send(s->http, c);
    }
}

void stream_finish(stream *s, const char *reason)
{
    char text[96];
    if (s->closed) {
        return;
    }
    if (reason) {
        int n = snprintf(text, sizeof text, "event: bye\ndata: {\"reason\":\"%s\"}\n\n", reason);
        stream_send(s, (crm_str){text, (size_t)n});
    }
    s->closed = true;
    http_request *r = s->http;
    s->http = NULL;
    stream_leave(s);
    http_stream_end(r);
}

void stream_reset(stream *s)
{
    char id[EVENT_ID_ROOM], text[EVENT_ID_ROOM + 32];
    if (s->list->last_position > s->position) {
        s->position = s->list->last_position;
    }
    event_id(s->position, id);
    int n = snprintf(text, sizeof text, "%sevent: reset\ndata: {}\n\n", id);
    stream_send(s, (crm_str){text, (size_t)n});
    s->missed = s->is_catching_up = false;
    s->resumed = 0;
}

static void cancelled(http_request *r, void *arg)
{
    (void)r;
    stream_finish(arg, NULL);
}

/* ---- keeping alive --------------------------------------------------------------------------- */

static void ping(uv_timer_t *t)
{
    fan_word(t->data, CRM_S("event: ping\ndata: {}\n\n"));
}

/* ---- opening --------------------------------------------------------------------------------- */

/* Where a stream that is opened begins. */
typedef enum opening {
    OPENING_FRESH,
    OPENING_RESUMED, /* k->id: it goes on behind it */
    OPENING_LOST, /* it was told a position that means nothing here: of before a restore, or made up
                   */
} opening;

static opening asked_opening(api_call *k)
{
    crm_str last = http_header(k->http, "last-event-id");
    if (!last.n) {
        last = http_param(k->http, "after");
    }
    if (!last.n) {
        return OPENING_FRESH;
    }
    position_place of = {.of = POSITION_STREAM};
    return position_read(of, last, &k->id) == CRM_OK ? OPENING_RESUMED : OPENING_LOST;
}

/* Room for one more stream of the session; the oldest stands last. */
static void make_room(stream_list *l, int64_t session)
{
    int count = 0;
    stream *oldest = NULL;
    for (stream *s = l->first; s; s = s->next) {
        if (s->closed || s->session.id != session) {
            continue;
        }
        count++;
        oldest = s;
    }
    if (count >= PER_SESSION) {
        stream_finish(oldest, "too_many");
    }
}

static stream *add_stream(api_call *k)
{
    stream_list *l = k->api->streams;
    stream *s = calloc(1, sizeof *s);
    arena *a = s ? arena_new(0) : NULL;
    if (!a) {
        free(s);
        return NULL;
    }
    make_room(l, k->session.id);
    s->http = k->http;
    s->list = l;
    s->arena = a;
    s->session = k->session;
    s->token = arena_dup(k->http->arena, k->credential);
    s->epoch = k->session_epoch;
    s->position = k->id;
    s->next = l->first;
    s->at = &l->first;
    if (s->next) {
        s->next->at = &s->next;
    }
    l->first = s;
    return s;
}

/* So that also one that is cut before its first event goes on from here. */
static void say_start(stream *s, opening how)
{
    char id[EVENT_ID_ROOM], text[EVENT_ID_ROOM + 32];
    event_id(s->position, id);
    const char *is_at = how == OPENING_RESUMED ? "" : id;
    int n = snprintf(text, sizeof text, "retry: 2000\n%s\n", is_at);
    stream_send(s, (crm_str){text, (size_t)n});
    if (how == OPENING_LOST) {
        stream_reset(s);
    }
}

/* k->id: the position it goes on from. */
static void open_stream(api_call *k, opening how)
{
    http_request *r = k->http;
    bool is_wanted = !k->api->stopping && !r->is_cancelled; /* reading took its time */
    stream *s = is_wanted ? add_stream(k) : NULL;
    if (!s) {
        api_reply_error(k, is_wanted ? CRM_NOMEM : CRM_UNAVAILABLE);
        return;
    }
    r->on_cancel = cancelled;
    r->arg = s;
    call_end(&k->c);
    http_stream_start(r, 200, "text/event-stream; charset=utf-8", -1);
    say_start(s, how);
    if (how == OPENING_RESUMED || s->list->last_position > s->position) {
        stream_catch_up(s);
    }
    stream_ask_session(s); /* last: it may end the stream */
}

static void read_last(api_call *k)
{
    k->status = changelog_last(k->c.session, k->c.reg, &k->id);
}

static void last_read(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
    } else {
        const opening *how = k->own;
        open_stream(k, *how);
    }
}

void events_route(api_call *k)
{
    if (k->rest.n) {
        api_reply_error(k, CRM_NOT_FOUND);
        return;
    }
    if (k->http->verb != VERB_GET) {
        api_reply_method(k, "GET");
        return;
    }
    opening *how = k->own = ARENA_NEW(k->http->arena, opening);
    if (!how) {
        api_reply_error(k, CRM_NOMEM);
        return;
    }
    *how = asked_opening(k);
    if (*how == OPENING_RESUMED) {
        open_stream(k, *how);
    } else {
        api_pool(k, POOL_FAST, read_last, last_read);
    }
}

/* ---- the list -------------------------------------------------------------------------------- */

stream_list *streams_new(api *a)
{
    stream_list *l = calloc(1, sizeof *l);
    if (!l) {
        return NULL;
    }
    l->api = a;
    l->last_fan = &l->fans;
    l->subscriber = flow_subscribe(a->o.flow, a->mail, fan_committed, l);
    uv_idle_init(a->o.loop, &l->idle);
    uv_timer_init(a->o.loop, &l->ping);
    l->idle.data = l->ping.data = l;
    uv_timer_start(&l->ping, ping, PING_MS, PING_MS);
    uv_unref((uv_handle_t *)&l->ping);
    return l;
}

void streams_end_session(stream_list *l, int64_t session, const char *reason)
{
    for (stream *s = l->first, *next; s; s = next) {
        next = s->next;
        if (s->session.id == session) {
            stream_finish(s, reason);
        }
    }
}

void streams_end_all(stream_list *l, const char *reason)
{
    for (stream *s = l->first, *next; s; s = next) {
        next = s->next;
        stream_finish(s, reason);
    }
}

void streams_meta(stream_list *l, const char *rev)
{
    char text[96];
    int n = snprintf(text, sizeof text, "event: meta\ndata: {\"rev\":\"%s\"}\n\n", rev);
    fan_word(l, (crm_str){text, (size_t)n});
}

static void idle_closed(uv_handle_t *h)
{
    free(h->data);
}

static void timer_closed(uv_handle_t *h)
{
    stream_list *l = h->data;
    uv_close((uv_handle_t *)&l->idle, idle_closed);
}

void streams_quiet(stream_list *l)
{
    streams_end_all(l, "stopping");
    flow_unsubscribe(l->subscriber);
    l->subscriber = NULL;
}

void streams_free(stream_list *l)
{
    fan_drop_all(l);
    uv_close((uv_handle_t *)&l->ping, timer_closed);
}
