/* events_fan.c - committed changes on their way through the streams, a slice per loop turn. */
#include "net/events_private.h"

#define SLICE_NS 1000000 /* of one loop turn: some hundred and fifty streams */

static void serve(stream *s, const changes_batch *b, told_last *last)
{
    if (s->closed) {
        return;
    }
    s->is_held = true;
    if (s->is_catching_up || !stream_may_be_told(s)) {
        s->missed = true;
    } else if (s->missed) {
        stream_catch_up(s);
    } else {
        stream_send_changes(s, b->at, b->count, last);
    }
    s->is_held = false;
    stream_leave(s);
}

void fan_slice(uv_idle_t *idle)
{
    stream_list *l = idle->data;
    told_last last = {.at = NULL};
    for (int64_t end = clock_mono() + SLICE_NS; l->fans && clock_mono() < end;) {
        fan *f = l->fans;
        stream *s = f->at;
        if (s) {
            f->at = s->next;
            serve(s, f->batch, &last);
            continue;
        }
        l->fans = f->next;
        if (!l->fans) {
            l->last_fan = &l->fans;
        }
        changes_unref(f->batch);
        free(f);
    }
    http_chunk_unref(last.chunk);
    if (!l->fans && l->is_idle_on) {
        uv_idle_stop(&l->idle);
        l->is_idle_on = false;
    }
}

void fan_committed(void *arg, changes_batch *b)
{
    stream_list *l = arg;
    if (b->last_position > l->last_position) {
        l->last_position = b->last_position;
    }
    fan *f = l->first ? malloc(sizeof *f) : NULL;
    if (!f) {
        return;
    }
    *f = (fan){.batch = changes_ref(b), .at = l->first};
    *l->last_fan = f;
    l->last_fan = &f->next;
    if (!l->is_idle_on) {
        uv_idle_start(&l->idle, fan_slice);
        l->is_idle_on = true;
    }
}

void fan_drop_all(stream_list *l)
{
    while (l->fans) {
        fan *f = l->fans;
        l->fans = f->next;
        changes_unref(f->batch);
        free(f);
    }
}
