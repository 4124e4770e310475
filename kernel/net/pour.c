/* pour.c - pieces of an answer, as fast as the peer takes them; see pour.h. */
#include "net/pour.h"

#define PIECE 65536

static void end(pour *p, bool is_whole)
{
    p->over(p, is_whole);
    http_request *r = api_let_go(p->k);
    if (is_whole) {
        http_stream_end(r);
    } else {
        http_stream_cut(r);
    }
}

static void on_cancel(http_request *r, void *arg)
{
    pour *p = arg;
    (void)r;
    p->is_cancelled = true;
    if (!p->is_waiting) {
        end(p, false);
    }
}

/* Gives the peer what it takes. True: all of the piece is on its way. */
static bool send_piece(pour *p)
{
    api_call *k = p->k;
    while (p->sent < k->text.n && !p->is_cancelled) {
        size_t n = k->text.n - p->sent < PIECE ? k->text.n - p->sent : PIECE;
        http_chunk *c = http_chunk_new((crm_str){k->text.p + p->sent, n});
        p->is_cancelled = !c;
        p->sent += c ? n : 0;
        bool has_room = c && http_stream_send(k->http, c);
        http_chunk_unref(c);
        if (!has_room) {
            return false;
        }
    }
    return p->sent == k->text.n;
}

static void go_on(pour *p)
{
    if (p->is_cancelled) {
        end(p, false);
    } else if (!send_piece(p)) {
        if (p->is_cancelled) {
            end(p, false); /* else on_drain comes, or on_cancel */
        }
    } else if (!p->has_more) {
        end(p, true);
    } else {
        p->is_waiting = true;
        if (pool_submit(p->k->api->o.flow, p->pool, &p->k->task) != CRM_OK) {
            p->is_waiting = false;
            end(p, false);
        }
    }
}

static void on_drain(http_request *r, void *arg)
{
    pour *p = arg;
    (void)r;
    if (!p->is_waiting) {
        go_on(p);
    }
}

static void made(api_call *k)
{
    pour *p = k->http->arg;
    p->is_waiting = false;
    p->sent = 0;
    p->is_cancelled = p->is_cancelled || k->status != CRM_OK; /* only a cut tells the peer now */
    go_on(p);
}

void pour_start(pour *p, int status, const char *media_type, int64_t length)
{
    http_request *r = p->k->http;
    p->is_waiting = false;
    p->is_cancelled = r->is_cancelled;
    p->sent = 0;
    p->k->next = made;
    r->on_cancel = on_cancel;
    r->on_drain = on_drain;
    r->arg = p;
    http_stream_start(r, status, media_type, length);
    go_on(p);
}
