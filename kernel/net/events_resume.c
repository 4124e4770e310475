/*
 * events_resume.c - a stream that catches up, and whether its session still stands. Loop thread;
 * the change log is read on a pool.
 *
 * Nothing is told while it is open whether the session stands. Batches that come while a page is
 * read make the stream read once more.
 */
#include "net/events_private.h"

#define RESUME_MAX  2000 /* further behind: "reset", the client reads everything anew */
#define RESUME_PAGE 200

/* ---- telling --------------------------------------------------------------------------------- */

/* False: the user may not be told anything any more. */
static bool begin_call(const stream *s, crm_ctx *c, principal *who)
{
    static const principal nobody = {.kind = PRINCIPAL_NOBODY};
    if (call_begin(c, &nobody, CRM_S("events")) != CRM_OK) {
        return false;
    }
    if (people_principal(c->arena, c->people, s->session.user, who) != CRM_OK) {
        call_end(c);
        return false;
    }
    who->scope = s->session.scope;
    c->who = who;
    c->env.me = who->user;
    return true;
}

/* *out: what the user may know of the changes; NULL: nothing. STALE: he is to read everything anew.
 * NOT_FOUND: he may not be told anything any more. CONFLICT: they are of another registry than the
 * one in force, by which the log has them. */
static crm_status make_chunk(const stream *s, const change *at, uint32_t count, http_chunk **out)
{
    crm_ctx c;
    principal who;
    buf b;
    *out = NULL;
    if (!begin_call(s, &c, &who)) {
        return CRM_NOT_FOUND;
    }
    buf_init(&b, 1024 * 1024);
    bool is_of_now = events_text(&b, &c, s->position, at, count);
    call_end(&c);
    *out = is_of_now && !b.failed && b.n ? http_chunk_new(buf_view(&b)) : NULL;
    bool is_whole = !b.failed && (*out || !b.n);
    buf_free(&b);
    return !is_of_now ? CRM_CONFLICT : is_whole ? CRM_OK : CRM_STALE;
}

/* A token may hide what the person sees; a stream that was told a part is told the rest. */
static bool is_told_as_others(const stream *s, const change *at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (at[i].position && at[i].position <= s->position) {
            return false;
        }
    }
    return !s->session.scope;
}

static crm_status take_chunk(const stream *s, const change *at, uint32_t count, told_last *last,
                             http_chunk **out)
{
    if (!last || !is_told_as_others(s, at, count)) {
        return make_chunk(s, at, count, out);
    }
    if (last->at != at || last->user != s->session.user) {
        http_chunk *made;
        crm_status st = make_chunk(s, at, count, &made);
        if (st != CRM_OK) {
            return st;
        }
        http_chunk_unref(last->chunk);
        *last = (told_last){.at = at, .user = s->session.user, .chunk = made};
    }
    *out = last->chunk ? http_chunk_ref(last->chunk) : NULL;
    return CRM_OK;
}

bool stream_send_changes(stream *s, const change *at, uint32_t count, told_last *last)
{
    http_chunk *chunk = NULL;
    crm_status st = take_chunk(s, at, count, last, &chunk);
    if (st == CRM_NOT_FOUND) {
        stream_finish(s, "session_ended");
        return true;
    }
    if (st == CRM_CONFLICT) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        if (at[i].position > s->position) {
            s->position = at[i].position;
        }
    }
    if (st != CRM_OK) {
        stream_reset(s);
    } else {
        stream_send_chunk(s, chunk);
    }
    http_chunk_unref(chunk);
    return true;
}

/* ---- whether the session still stands -------------------------------------------------------- */

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
        stream_finish(s, "session_ended");
    } else if (status == CRM_OK) {
        s->epoch = s->asked_epoch;
        s->session = s->asked;
        if (!s->closed && !was_held && s->missed && !s->is_catching_up) {
            stream_catch_up(s);
        }
    }
    s->is_held = was_held;
    stream_leave(s);
}

void stream_ask_session(stream *s)
{
    if (s->is_asking || s->closed || !is_doubtful(s)) {
        return;
    }
    s->ask_arena = arena_new(0);
    s->ask_reg = registry_pin();
    s->asked_epoch = cache_epoch(CACHE_SESSIONS);
    s->is_asking = true;
    if (!s->ask_arena || !s->ask_reg) {
        asked(s, CRM_NOMEM);
        return;
    }
    engine_turn_end(s->list->api->session); /* its snapshot may be older than the epoch */
    accounts_session_read(s->list->api->session, s->ask_reg, s->ask_arena, s->token,
                          (session_reader){&s->asked, asked, s});
}

bool stream_may_be_told(stream *s)
{
    if (is_doubtful(s)) {
        stream_ask_session(s);
    }
    return !s->closed && !is_doubtful(s);
}

/* ---- catching up ----------------------------------------------------------------------------- */

static void read_page(pool_task *t, engine_session *session)
{
    stream *s = t->arg;
    int64_t last = 0;
    s->status = changelog_after(session, s->reg, s->arena, s->position, RESUME_PAGE, &s->page);
    if (s->status == CRM_OK && !s->page.count && !s->page.has_more) {
        s->status = changelog_last(session, s->reg, &last);
        s->page.last = last > s->page.last ? s->page.last : last;
    }
}

static void take_page(stream *s)
{
    s->resumed += s->page.count;
    if (s->status == CRM_OK && s->page.last < s->position) {
        s->position = s->page.last; /* an older copy of the directory was put back */
        stream_reset(s);
        return;
    }
    if (s->status != CRM_OK || s->resumed > RESUME_MAX) {
        stream_reset(s);
        return;
    }
    if (!stream_may_be_told(s)) {
        s->is_catching_up = false; /* it will, from the same position, once the session is found */
        s->missed = true;
        return;
    }
    if (!stream_send_changes(s, s->page.at, s->page.count, NULL)) {
        s->missed = true; /* a registry has come into force meanwhile: it is read again by that */
    } else if (s->page.last > s->position) {
        s->position = s->page.last;
    }
    if (!s->page.has_more) {
        s->resumed = 0;
    }
}

static void page_read(pool_task *t)
{
    stream *s = t->arg;
    s->is_reading = false;
    s->is_held = true;
    if (!s->closed) {
        take_page(s);
    }
    registry_unpin(s->reg);
    s->reg = NULL;
    arena_reset(s->arena);
    if (!s->closed && s->is_catching_up && (s->page.has_more || s->missed)) {
        stream_catch_up(s);
    } else {
        s->is_catching_up = false;
    }
    s->is_held = false;
    stream_leave(s);
}

void stream_catch_up(stream *s)
{
    s->is_catching_up = s->is_reading = true;
    s->missed = false;
    s->page = (change_page){0};
    s->reg = registry_pin();
    s->task =
        (pool_task){.run = read_page, .done = page_read, .arg = s, .reply_to = s->list->api->mail};
    if (s->reg && pool_submit(s->list->api->o.flow, POOL_FAST, &s->task) == CRM_OK) {
        return;
    }
    registry_unpin(s->reg);
    s->reg = NULL;
    s->is_reading = false;
    stream_reset(s);
}
