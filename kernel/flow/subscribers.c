/*
 * subscribers.c - committed changes on their way to the loops: one mail per subscriber and commit,
 * all sharing one immutable batch.
 */
#include "flow/flow_private.h"

struct flow_subscriber {
    flow *flow;
    mailbox *to;
    void (*fn)(void *arg, changes_batch *b);
    void *arg;
    bool gone; /* on its loop's thread only; frees when the mail under way has arrived */
    atomic_int under_way;
    flow_subscriber *next;
};

typedef struct letter {
    flow_subscriber *to;
    changes_batch *batch;
} letter;

static void deliver(void *arg)
{
    letter *l = arg;
    flow_subscriber *s = l->to;
    if (!s->gone) {
        s->fn(s->arg, l->batch);
    }
    changes_unref(l->batch);
    free(l);
    if (atomic_fetch_sub(&s->under_way, 1) == 1 && s->gone) {
        free(s);
    }
}

flow_subscriber *flow_subscribe(flow *f, mailbox *m, void (*fn)(void *, changes_batch *), void *arg)
{
    flow_subscriber *s = calloc(1, sizeof *s);
    if (!s) {
        return NULL;
    }
    s->flow = f;
    s->to = m;
    s->fn = fn;
    s->arg = arg;
    pthread_mutex_lock(&f->subscribers_lock);
    s->next = f->subscribers;
    f->subscribers = s;
    pthread_mutex_unlock(&f->subscribers_lock);
    return s;
}

/* On the subscriber's loop. Mail under way is dropped when it arrives. */
void flow_unsubscribe(flow_subscriber *s)
{
    flow *f = s->flow;
    pthread_mutex_lock(&f->subscribers_lock);
    flow_subscriber **at = &f->subscribers;
    while (*at != s) {
        at = &(*at)->next;
    }
    *at = s->next;
    pthread_mutex_unlock(&f->subscribers_lock);
    s->gone = true;
    if (atomic_load(&s->under_way) == 0) {
        free(s);
    }
}

void subscribers_publish(flow *f, changes_batch *b)
{
    pthread_mutex_lock(&f->subscribers_lock);
    for (flow_subscriber *s = f->subscribers; s; s = s->next) {
        letter *l = malloc(sizeof *l);
        if (!l) {
            log_event(LOG_ERROR, "events.no_memory", "lost=1");
            continue;
        }
        *l = (letter){s, changes_ref(b)};
        atomic_fetch_add(&s->under_way, 1);
        mailbox_post(s->to, deliver, l);
    }
    pthread_mutex_unlock(&f->subscribers_lock);
}
