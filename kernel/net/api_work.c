/* api_work.c - what a call has done on other threads, and what it reads in its turn of the loop. */
#include "net/api_private.h"

#define FAST_READ_NS 250000000LL
#define SLOW_READ_NS 5000000000LL
#define READ_MS      10000 /* waiting and both tries of a read of any size */
#define WRITE_MS     10000
#define AGAIN_MS     500

void api_limit(api_call *k, uint32_t ms)
{
    k->ends_at = clock_mono() + (int64_t)ms * 1000000;
}

/* The thread that has the call has not come back with it: the answer must not wait for it. */
static void out_of_time(wheel_node *n)
{
    api_call *k = (api_call *)((char *)n - offsetof(api_call, wait));
    bool is_mine = !k->is_writing || writer_withdraw(&k->write);
    http_request *r = is_mine ? http_pass_over(k->http) : NULL;
    if (!r) {
        wheel_set(&k->api->waits, n, AGAIN_MS); /* its commit has begun: an answer comes */
        return;
    }
    atomic_store(&k->is_passed_over, true);
    metric_add(k->api->timeouts, 1);
    log_event(LOG_WARN, "api.timeout", "request=%s path=%s", log_quote(r->id),
              log_quote(k->http->path));
    http_refuse(r, 504, "timeout");
}

static void wait_for(api_call *k, uint64_t usual_ms)
{
    int64_t left = k->ends_at ? (k->ends_at - clock_mono()) / 1000000 : (int64_t)usual_ms;
    k->wait.fire = out_of_time;
    if (k->ends_at || usual_ms) {
        wheel_set(&k->api->waits, &k->wait, left > 0 ? (uint64_t)left : 0);
    }
}

/* False: it was answered without it, and is gone now. */
static bool comes_back(api_call *k)
{
    if (!atomic_load(&k->is_passed_over)) {
        wheel_cancel(&k->api->waits, &k->wait);
        return true;
    }
    http_drop(api_let_go(k));
    return false;
}

/* A type changed while the write waited: the request begins again on the registry in force. One
 * whose body came in pieces cannot, and says so. */
static bool begins_again(api_call *k, crm_status status)
{
    if (status != CRM_UNAVAILABLE || !str_is(k->c.error.code, "schema_changed") ||
        k->http->is_streamed) {
        return false;
    }
    api *a = k->api;
    http_body(k->http)->n = k->mark;
    api_route(a, api_let_go(k));
    return true;
}

static void written(write_request *w, crm_status status)
{
    api_call *k = w->arg;
    if (!comes_back(k)) {
        return;
    }
    k->is_writing = false;
    if (begins_again(k, status)) {
        return;
    }
    if (w->group > k->api->seen_group) {
        /* Another request of this turn may have opened a snapshot older than the commit. */
        engine_turn_end(k->api->session);
        k->api->seen_group = w->group;
    }
    k->status = status;
    k->c.session = k->api->session;
    k->c.tx = NULL;
    if (k->once) {
        once_tell(k);
    }
    k->next(k);
}

void api_write(api_call *k, crm_status (*commit)(crm_ctx *c, void *k), void (*done)(api_call *k))
{
    k->next = done;
    k->commit = commit;
    k->write = (write_request){.is_vital = k->is_vital,
                               .call = &k->c,
                               .commit = k->once ? once_commit : commit,
                               .done = written,
                               .arg = k,
                               .reply_to = k->api->mail};
    call_save_point(&k->c);
    k->is_writing = true;
    crm_status s = writer_submit(k->api->o.flow, LANE_INTERACTIVE, &k->write);
    if (s == CRM_OK) {
        wait_for(k, WRITE_MS);
    } else {
        api_reply_code(k, s, "unavailable");
    }
}

static void peer_left(http_request *r, void *arg)
{
    (void)r;
    atomic_store(&((api_call *)arg)->is_gone, true);
}

/* What only reads stops when its caller leaves; the preparing of a write goes on to its commit. */
static void watch_peer(api_call *k)
{
    if (k->is_read || k->http->verb == VERB_GET || k->http->verb == VERB_HEAD) {
        k->c.gone = &k->is_gone;
        k->http->on_cancel = peer_left;
        k->http->is_left_at_eof = true;
        k->http->arg = k;
    }
}

static void forget_peer(api_call *k)
{
    if (k->c.gone) {
        k->api->stats.left += atomic_load(&k->is_gone);
        k->c.gone = NULL;
        k->http->on_cancel = NULL;
        k->http->is_left_at_eof = false;
    }
}

static void pool_run(pool_task *t, engine_session *session)
{
    api_call *k = t->arg;
    if (atomic_load(&k->is_passed_over)) {
        return;
    }
    if (session) {
        k->c.session = session;
    }
    k->run(k);
}

static void pool_done(pool_task *t)
{
    api_call *k = t->arg;
    if (!comes_back(k)) {
        return;
    }
    forget_peer(k);
    k->c.session = k->api->session;
    k->next(k);
}

bool api_pool(api_call *k, flow_pool which, void (*run)(api_call *k), void (*done)(api_call *k))
{
    k->run = run;
    k->next = done;
    k->task = (pool_task){.run = pool_run,
                          .done = pool_done,
                          .arg = k,
                          .reply_to = k->api->mail,
                          .user = k->who.user};
    bool is_wanted = !k->http->is_cancelled && !atomic_load(&k->is_gone);
    watch_peer(k);
    crm_status s = is_wanted ? pool_submit(k->api->o.flow, which, &k->task) : CRM_UNAVAILABLE;
    if (s == CRM_OK) {
        wait_for(k, 0);
    } else {
        api_reply_code(k, s, "unavailable");
    }
    return s == CRM_OK;
}

static void read_for_a_while(api_call *k)
{
    buf_clear(&k->text);
    k->c.error = (call_error){0};
    k->c.until = clock_mono() + (k->is_slow ? SLOW_READ_NS : FAST_READ_NS);
    k->read_more(k);
    k->c.until = 0;
}

static void read_ended(api_call *k)
{
    if (k->status == CRM_TIMEOUT && !k->is_slow) {
        k->is_slow = true;
        k->api->stats.moved_slow++;
        api_pool(k, POOL_SLOW, read_for_a_while, read_ended);
        return;
    }
    k->looked(k);
}

static void answer_text(api_call *k)
{
    if (k->status != CRM_OK) {
        api_reply_error(k, k->status);
        return;
    }
    buf_str(http_body(k->http), buf_view(&k->text));
    api_reply(k, 200);
}

void api_look(api_call *k, void (*run)(api_call *k), void (*done)(api_call *k))
{
    k->read_more = run;
    k->looked = done;
    api_limit(k, READ_MS);
    api_pool(k, POOL_FAST, read_for_a_while, read_ended);
}

void api_read(api_call *k, void (*run)(api_call *k))
{
    k->is_read = true;
    api_look(k, run, answer_text);
}

static void read_in_turn(void *arg)
{
    records_read(&((api_call *)arg)->read);
}

void api_read_inline(api_call *k)
{
    turn_run(&k->api->reads, &k->in_turn, read_in_turn, k);
}
