/*
 * events_fan.c - what goes to every stream, committed changes and words alike, in its order and a
 * slice per loop turn: a thousand streams at once would hold everybody else up.
 */
#include "net/events_private.h"

#define SLICE_NS 1000000 /* of one loop turn: some hundred and fifty streams */

static void tell_word(stream *s, http_chunk *word)
{
    stream_send_chunk(s, word);
    stream_ask_session(s);
}

static void tell_changes(stream *s, const changes_batch *b, told_last *last)
{
    if (s->is_catching_up || !stream_may_be_told(s)) {
        s->missed = true;
    } else if (s->missed) {
        stream_catch_up(s);
    } else if (!stream_send_changes(s, b->at, b->count, last)) {
        stream_catch_up(s);
    }
}

static void serve(stream *s, const fan *f, told_last *last)
{
    if (s->closed) {
        return;
    }
    s->is_held = true;
    if (f->word) {
        tell_word(s, f->word);
    } else {
        tell_changes(s, f->batch, last);
    }
    s->is_held = false;
    stream_leave(s);
}

static void free_first(stream_list *l)
{
    fan *f = l->fans;
    l->fans = f->next;
    if (!l->fans) {
        l->last_fan = &l->fans;
    }
    if (f->batch) {
        changes_unref(f->batch);
    }
    http_chunk_unref(f->word);
    free(f);
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
            serve(s, f, &last);
        } else {
            free_first(l);
        }
    }
    http_chunk_unref(last.chunk);
    if (!l->fans && l->is_idle_on) {
        uv_idle_stop(&l->idle);
        l->is_idle_on = false;
    }
}

/* False: no memory. */
static bool add_fan(stream_list *l, fan made)
{
    fan *f = malloc(sizeof *f);
    if (!f) {
        return false;
    }
    *f = made;
    *l->last_fan = f;
    l->last_fan = &f->next;
    if (!l->is_idle_on) {
        uv_idle_start(&l->idle, fan_slice);
        l->is_idle_on = true;
    }
    return true;
}

/* They read the change log from where they stand when the next batch comes. */
static void all_missed(stream_list *l)
{
    for (stream *s = l->first; s; s = s->next) {
        s->missed = true;
    }
}

void fan_committed(void *arg, changes_batch *b)
{
    stream_list *l = arg;
    if (b->last_position > l->last_position) {
        l->last_position = b->last_position;
    }
    if (l->first && !add_fan(l, (fan){.batch = changes_ref(b), .at = l->first})) {
        changes_unref(b);
        all_missed(l);
    }
}

void fan_word(stream_list *l, crm_str text)
{
    http_chunk *c = l->first ? http_chunk_new(text) : NULL;
    if (c && !add_fan(l, (fan){.word = c, .at = l->first})) {
        http_chunk_unref(c);
    }
}

void fan_drop_all(stream_list *l)
{
    while (l->fans) {
        free_first(l);
    }
}
