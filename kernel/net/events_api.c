/*
 * events_api.c - /api/v1/events: what changed, to whoever may know it, as it is committed.
 *
 * A stream holds no call between changes: for each batch a call is made per user on the newest
 * snapshots, so a right taken away is felt at once. A stream that resumes first reads the change
 * log on a pool until it has caught up; batches that come meanwhile make it read once more. Nothing
 * is told while it is open whether the session still stands.
 */
#include "data/stores.h"
#include "net/api_private.h"

#define PING_MS     20000
#define RESUME_MAX  2000 /* further behind: "reset", the client reads everything anew */
#define RESUME_PAGE 200
#define PER_TURN    100 /* streams served in one loop turn */
#define PER_SESSION 8   /* streams; one more closes the oldest */

typedef struct stream {
    http_request *http;
    stream_list *list;
    session_info session;
    crm_str token;    /* to ask again whether the session stands */
    uint64_t epoch;   /* of sessions, when the session was last found */
    int64_t position; /* the last one sent */
    bool is_catching_up, missed, closed;
    bool is_asking, is_reading; /* a session look-up, a pool task refers to it */
    bool is_held;               /* a function below on the stack does */
    uint32_t resumed;
    /* a catch-up read */
    arena *arena;
    change_page page;
    crm_status status;
    const registry *reg;
    pool_task task;
    /* a session look-up */
    arena *ask_arena;
    const registry *ask_reg;
    session_info asked;
    uint64_t asked_epoch;
    struct stream *next;
} stream;

/* A committed batch on its way through the streams, a slice per turn. */
typedef struct fan {
    changes_batch *batch;
    stream *at;
    struct fan *next;
} fan;

struct stream_list {
    api *api;
    stream *first;
    flow_subscriber *subscriber;
    fan *fans, **last_fan;
    uv_idle_t idle;
    uv_timer_t ping;
    int64_t last_position; /* of the newest batch that came */
    bool is_idle_on;
};

/* ---- one stream ------------------------------------------------------------------------------ */

/* Frees a stream that is over, as soon as nothing refers to it. */
static void leave(stream *s)
{
    if (!s->closed || s->is_asking || s->is_reading || s->is_held)
        return;
    stream **at = &s->list->first;
    while (*at != s)
        at = &(*at)->next;
    *at = s->next;
    for (fan *f = s->list->fans; f; f = f->next)
        if (f->at == s)
            f->at = s->next;
    arena_free(s->arena);
    registry_unpin(s->reg);
    free(s);
}

static void send_text(stream *s, crm_str text)
{
    http_chunk *c = http_chunk_new(text);
    if (c && !s->closed)
        http_stream_send(s->http, c);
    http_chunk_unref(c);
}

/* The stream is over for the client. Without `is_held` the struct may be gone afterwards. */
static void finish(stream *s, const char *reason)
{
    char text[96];
    if (s->closed)
        return;
    if (reason) {
        int n = snprintf(text, sizeof text, "event: bye\ndata: {\"reason\":\"%s\"}\n\n", reason);
        send_text(s, (crm_str){text, (size_t)n});
    }
    s->closed = true;
    http_request *r = s->http;
    s->http = NULL;
    leave(s);
    http_stream_end(r);
}

/* All that came so far is told by it. */
static void reset(stream *s)
{
    char text[64];
    if (s->list->last_position > s->position)
        s->position = s->list->last_position;
    int n =
        snprintf(text, sizeof text, "id: %lld\nevent: reset\ndata: {}\n\n", (long long)s->position);
    send_text(s, (crm_str){text, (size_t)n});
    s->missed = s->is_catching_up = false;
    s->resumed = 0;
}

static void cancelled(http_request *r, void *arg)
{
    (void)r;
    finish(arg, NULL);
}

/* ---- what a change says to one user ---------------------------------------------------------- */

/* What is not kept has no position to resume from. */
static void put_id(buf *b, const change *ch)
{
    if (ch->position)
        buf_fmt(b, "id: %lld\n", (long long)ch->position);
}

static void notice_text(buf *b, const change *ch)
{
    json_writer w;
    const value *row = ch->row_now;
    char at[CLOCK_TEXT];
    jw_init(&w, b);
    put_id(b, ch);
    buf_z(b, "event: notice\ndata: ");
    jw_object(&w);
    jw_kint(&w, "id", ch->record);
    jw_kstr(&w, "kind", row[NOTIFICATION_KIND].s);
    jw_kstr(&w, "text", row[NOTIFICATION_TEXT].s);
    jw_kstr(&w, "entity", row[NOTIFICATION_ENTITY].s);
    jw_kint(&w, "record", row[NOTIFICATION_RECORD].i);
    clock_format(ch->at, at);
    jw_kstr(&w, "at", str_of(at));
    jw_end_object(&w);
    buf_z(b, "\n\n");
}

static const char *op_name(char op)
{
    return op == 'c' ? "created" : op == 'd' ? "deleted" : "updated";
}

static void record_text(buf *b, const change *ch, const char *op, const uint64_t fields[4])
{
    json_writer w;
    jw_init(&w, b);
    put_id(b, ch);
    buf_z(b, "event: record\ndata: ");
    jw_object(&w);
    jw_kstr(&w, "entity", ch->entity->name);
    jw_kint(&w, "id", ch->record);
    jw_kint(&w, "rev", ch->rev);
    jw_kstr(&w, "op", str_of(op));
    jw_karray(&w, "fields");
    for (uint32_t i = 0; fields && i < ch->field_count; i++)
        if (bits_has(fields, ch->fields[i]))
            jw_str(&w, ch->entity->fields[ch->fields[i]].name);
    jw_end_array(&w);
    jw_end_object(&w);
    buf_z(b, "\n\n");
}

static uint32_t readable(crm_ctx *c, const branches *b, const value *row)
{
    return row ? rights_match(b, row, &c->env) & rights_for(b, ACTION_READ) : 0;
}

static void change_text(buf *b, crm_ctx *c, const change *ch)
{
    uint64_t fields[4] = {0};
    const branches *all = rights_of(c, ch->entity);
    uint32_t now = readable(c, all, ch->row_now), was = readable(c, all, ch->row_was);
    if (ch->entity->flags & (ENTITY_SYSTEM | ENTITY_NO_API) || (!now && !was))
        return;
    bool is_notice = ch->entity == registry_store(ch->reg, STORE_NOTIFICATION) && ch->op == 'c';
    if (is_notice && ch->row_now[NOTIFICATION_USER].i == c->env.me)
        notice_text(b, ch);
    if (!now) {
        record_text(b, ch, "gone", NULL);
        return;
    }
    rights_fields_for(all, now, ACTION_READ, fields);
    record_text(b, ch, !was && ch->op == 'u' ? "created" : op_name(ch->op), fields);
}

/* ---- many rows of one batch ------------------------------------------------------------------ */

#define MANY       20 /* changes of one batch in one commit: then one line says so */
#define MANY_KINDS 8  /* entities told so at once; what is beyond is told row by row */

typedef struct many {
    const entity *entity;
    int64_t batch;
    uint32_t count;
    bool is_told;
} many;

static many *many_of(many all[MANY_KINDS], const change *ch)
{
    for (int i = 0; ch->batch && i < MANY_KINDS; i++) {
        if (!all[i].count)
            all[i] = (many){.entity = ch->entity, .batch = ch->batch};
        if (all[i].entity == ch->entity && all[i].batch == ch->batch)
            return &all[i];
    }
    return NULL;
}

static void count_many(many all[MANY_KINDS], int64_t after, const change *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        bool is_new = !at[i].position || at[i].position > after;
        many *m = is_new ? many_of(all, &at[i]) : NULL;
        if (m)
            m->count++;
    }
}

/* True: the change is told by the line for many, which comes with the first that he may read. */
static bool is_one_of_many(buf *b, crm_ctx *c, many all[MANY_KINDS], const change *ch)
{
    json_writer w;
    many *m = many_of(all, ch);
    if (!m || m->count <= MANY)
        return false;
    const branches *rights = rights_of(c, ch->entity);
    if (m->is_told || !(readable(c, rights, ch->row_now) | readable(c, rights, ch->row_was)))
        return true;
    m->is_told = true;
    jw_init(&w, b);
    buf_z(b, "event: many\ndata: ");
    jw_object(&w);
    jw_kstr(&w, "entity", ch->entity->name);
    jw_kint(&w, "batch", ch->batch);
    jw_end_object(&w);
    buf_z(b, "\n\n");
    return true;
}

/* False: the user may not be told anything any more. */
static bool begin_call(stream *s, crm_ctx *c, principal *who)
{
    static const principal nobody = {.kind = PRINCIPAL_NOBODY};
    if (call_begin(c, &nobody, CRM_S("events")) != CRM_OK)
        return false;
    if (people_principal(c->arena, c->people, s->session.user, who) != CRM_OK) {
        call_end(c);
        return false;
    }
    c->who = who;
    c->env.me = who->user;
    return true;
}

/*
 * Rights are those of the newest registry, and an entity of an older one means nothing to them:
 * what changed before a new ТЗ was applied is then told as "read everything anew". False: that.
 */
static bool changes_text(buf *b, crm_ctx *c, int64_t after, const change *at, uint32_t count)
{
    many all[MANY_KINDS] = {{0}};
    count_many(all, after, at, count);
    for (uint32_t i = 0; i < count; i++) {
        if (at[i].position && at[i].position <= after)
            continue;
        if (at[i].reg != c->reg)
            return false;
        if (!is_one_of_many(b, c, all, &at[i]))
            change_text(b, c, &at[i]);
    }
    return true;
}

/* The stream is held. */
static void send_changes(stream *s, const change *at, uint32_t count)
{
    crm_ctx c;
    principal who;
    buf b;
    if (!begin_call(s, &c, &who)) {
        finish(s, "session_ended");
        return;
    }
    buf_init(&b, 1024 * 1024);
    bool is_told = changes_text(&b, &c, s->position, at, count);
    call_end(&c);
    for (uint32_t i = 0; i < count; i++)
        if (at[i].position > s->position)
            s->position = at[i].position;
    if (!is_told || b.failed)
        reset(s);
    else if (b.n)
        send_text(s, buf_view(&b));
    buf_free(&b);
}

/* ---- whether the session still stands -------------------------------------------------------- */

static void catch_up(stream *s);

static bool is_doubtful(const stream *s)
{
    return s->epoch != cache_epoch(CACHE_SESSIONS) || s->session.expires_at <= clock_now();
}

static void asked(void *arg, crm_status status)
{
    stream *s = arg;
    bool was_held = s->is_held;
    registry_unpin(s->ask_reg);
    arena_free(s->ask_arena);
    s->ask_reg = NULL;
    s->ask_arena = NULL;
    s->is_asking = false;
    s->is_held = true;
    if (status == CRM_NOT_FOUND) {
        finish(s, "session_ended");
    } else if (status == CRM_OK) {
        s->epoch = s->asked_epoch;
        s->session = s->asked;
        if (!s->closed && !was_held && s->missed && !s->is_catching_up)
            catch_up(s);
    }
    s->is_held = was_held;
    leave(s);
}

/* The answer may come at once and end the stream. */
static void ask_session(stream *s)
{
    if (s->is_asking || s->closed || !is_doubtful(s))
        return;
    s->ask_arena = arena_new(0);
    s->ask_reg = registry_pin();
    s->asked_epoch = cache_epoch(CACHE_SESSIONS);
    s->is_asking = true;
    if (!s->ask_arena || !s->ask_reg) {
        asked(s, CRM_NOMEM);
        return;
    }
    engine_turn_end(s->list->api->session); /* its snapshot may be older than the epoch */
    accounts_session_read(s->list->api->session, s->ask_reg, s->ask_arena, s->token, &s->asked,
                          asked, s);
}

/* The stream is held. False: not now, or it is over. */
static bool may_be_told(stream *s)
{
    if (is_doubtful(s))
        ask_session(s);
    return !s->closed && !is_doubtful(s);
}

/* ---- catching up ----------------------------------------------------------------------------- */

static void read_page(pool_task *t, engine_session *session)
{
    stream *s = t->arg;
    s->status = changelog_after(session, s->reg, s->arena, s->position, RESUME_PAGE, &s->page);
}

static void take_page(stream *s)
{
    s->resumed += s->page.count;
    if (s->status != CRM_OK || s->resumed > RESUME_MAX) {
        reset(s);
        return;
    }
    if (!may_be_told(s)) {
        s->is_catching_up = false; /* it will, from the same position, once the session is found */
        s->missed = true;
        return;
    }
    send_changes(s, s->page.at, s->page.count);
    if (s->page.last > s->position)
        s->position = s->page.last;
}

static void page_read(pool_task *t)
{
    stream *s = t->arg;
    s->is_reading = false;
    s->is_held = true;
    if (!s->closed)
        take_page(s);
    registry_unpin(s->reg);
    s->reg = NULL;
    arena_reset(s->arena);
    if (!s->closed && s->is_catching_up && (s->page.has_more || s->missed))
        catch_up(s);
    else
        s->is_catching_up = false;
    s->is_held = false;
    leave(s);
}

static void catch_up(stream *s)
{
    s->is_catching_up = s->is_reading = true;
    s->missed = false;
    s->page = (change_page){0};
    s->reg = registry_pin();
    s->task =
        (pool_task){.run = read_page, .done = page_read, .arg = s, .reply_to = s->list->api->mail};
    if (s->reg && pool_submit(s->list->api->o.flow, POOL_FAST, &s->task) == CRM_OK)
        return;
    registry_unpin(s->reg);
    s->reg = NULL;
    s->is_reading = false;
    reset(s);
}

/* ---- fan-out, a slice of the streams per loop turn ------------------------------------------- */

static void serve(stream *s, const changes_batch *b)
{
    if (s->closed)
        return;
    s->is_held = true;
    if (s->is_catching_up || !may_be_told(s))
        s->missed = true;
    else if (s->missed)
        catch_up(s);
    else
        send_changes(s, b->at, b->count);
    s->is_held = false;
    leave(s);
}

static void slice(uv_idle_t *idle)
{
    stream_list *l = idle->data;
    for (int n = 0; n < PER_TURN && l->fans; n++) {
        fan *f = l->fans;
        stream *s = f->at;
        if (s) {
            f->at = s->next;
            serve(s, f->batch);
            continue;
        }
        l->fans = f->next;
        if (!l->fans)
            l->last_fan = &l->fans;
        changes_unref(f->batch);
        free(f);
    }
    if (!l->fans && l->is_idle_on) {
        uv_idle_stop(&l->idle);
        l->is_idle_on = false;
    }
}

static void committed(void *arg, changes_batch *b)
{
    stream_list *l = arg;
    if (b->last_position > l->last_position)
        l->last_position = b->last_position;
    fan *f = l->first ? malloc(sizeof *f) : NULL;
    if (!f)
        return;
    *f = (fan){.batch = changes_ref(b), .at = l->first};
    *l->last_fan = f;
    l->last_fan = &f->next;
    if (!l->is_idle_on) {
        uv_idle_start(&l->idle, slice);
        l->is_idle_on = true;
    }
}

/* ---- keeping alive --------------------------------------------------------------------------- */

static void ping(uv_timer_t *t)
{
    stream_list *l = t->data;
    http_chunk *c = http_chunk_new(CRM_S("event: ping\ndata: {}\n\n"));
    for (stream *s = l->first, *next; s; s = next) {
        next = s->next;
        if (s->closed)
            continue;
        if (c)
            http_stream_send(s->http, c);
        ask_session(s); /* last: it may end the stream */
    }
    http_chunk_unref(c);
}

/* ---- opening --------------------------------------------------------------------------------- */

static int64_t asked_position(const api_call *k)
{
    int64_t position;
    crm_str last = http_header(k->http, "last-event-id");
    if (!last.n)
        last = http_param(k->http, "after");
    return last.n && str_to_i64(last, &position) == CRM_OK && position >= 0 ? position : -1;
}

/* Room for one more stream of the session; the oldest stands last. */
static void make_room(stream_list *l, int64_t session)
{
    int count = 0;
    stream *oldest = NULL;
    for (stream *s = l->first; s; s = s->next) {
        if (s->closed || s->session.id != session)
            continue;
        count++;
        oldest = s;
    }
    if (count >= PER_SESSION)
        finish(oldest, "too_many");
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
    s->token = arena_dup(k->http->arena, http_cookie(k->http, "__Host-karkas"));
    s->epoch = k->session_epoch;
    s->position = k->id;
    s->next = l->first;
    l->first = s;
    return s;
}

/* k->id: the position it goes on from. */
static void open_stream(api_call *k, bool is_fresh)
{
    char text[64];
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
    int n = snprintf(text, sizeof text, "retry: 2000\n\n");
    if (is_fresh) /* so that also one that is cut before its first event goes on from here */
        n = snprintf(text, sizeof text, "retry: 2000\nid: %lld\n\n", (long long)s->position);
    send_text(s, (crm_str){text, (size_t)n});
    if (!is_fresh || s->list->last_position > s->position)
        catch_up(s);
    ask_session(s); /* last: it may end the stream */
}

static void read_last(api_call *k)
{
    k->status = changelog_last(k->c.session, k->c.reg, &k->id);
}

static void last_read(api_call *k)
{
    if (k->status != CRM_OK)
        api_reply_error(k, k->status);
    else
        open_stream(k, true);
}

void events_route(api_call *k)
{
    if (k->http->verb != VERB_GET || k->rest.n) {
        api_reply_error(k, k->rest.n ? CRM_NOT_FOUND : CRM_METHOD);
        return;
    }
    k->id = asked_position(k);
    if (k->id >= 0)
        open_stream(k, false);
    else
        api_pool(k, POOL_FAST, read_last, last_read);
}

/* ---- the list -------------------------------------------------------------------------------- */

stream_list *streams_new(api *a)
{
    stream_list *l = calloc(1, sizeof *l);
    if (!l)
        return NULL;
    l->api = a;
    l->last_fan = &l->fans;
    l->subscriber = flow_subscribe(a->o.flow, a->mail, committed, l);
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
        if (s->session.id == session)
            finish(s, reason);
    }
}

void streams_end_all(stream_list *l, const char *reason)
{
    for (stream *s = l->first, *next; s; s = next) {
        next = s->next;
        finish(s, reason);
    }
}

void streams_meta(stream_list *l, const char *rev)
{
    char text[96];
    int n = snprintf(text, sizeof text, "event: meta\ndata: {\"rev\":\"%s\"}\n\n", rev);
    for (stream *s = l->first; s; s = s->next)
        send_text(s, (crm_str){text, (size_t)n});
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
    while (l->fans) {
        fan *f = l->fans;
        l->fans = f->next;
        changes_unref(f->batch);
        free(f);
    }
    uv_close((uv_handle_t *)&l->ping, timer_closed);
}
