/*
 * loop.c - mailboxes of uv loops, and thread roles.
 *
 * A mailbox is a list under a mutex and a uv_async: the poster that finds the list empty wakes the
 * loop, which takes the whole list at once. The mutex is held for a few instructions only, never
 * while a function of the mail runs.
 */
#include "base/loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

typedef struct mail {
    struct mail *next;
    mail_fn fn;
    void *arg;
} mail;

struct mailbox {
    uv_async_t wake;
    uv_check_t check;
    pthread_mutex_t lock;
    mail *first, **end; /* under the lock */
    bool is_closed;     /* under the lock */
    /* The rest is the loop thread's. */
    mail *taken; /* being run; in the box, so that a close from within runs the others first */
    uint64_t turn;
    int open_handles;
};

/* ---- the loop's side ------------------------------------------------------------------------- */

static void take_posted(mailbox *m)
{
    pthread_mutex_lock(&m->lock);
    m->taken = m->first;
    m->first = NULL;
    m->end = &m->first;
    pthread_mutex_unlock(&m->lock);
}

static void run_taken(mailbox *m)
{
    while (m->taken) {
        mail *one = m->taken;
        m->taken = one->next;
        one->fn(one->arg);
        free(one);
    }
}

static void on_wake(uv_async_t *handle)
{
    mailbox *m = handle->data;
    /* After a close from within a mail there is nothing left to take. */
    take_posted(m);
    run_taken(m);
}

static void on_check(uv_check_t *handle)
{
    mailbox *m = handle->data;
    m->turn++;
}

static void on_closed(uv_handle_t *handle)
{
    mailbox *m = handle->data;
    if (--m->open_handles == 0) {
        pthread_mutex_destroy(&m->lock);
        free(m);
    }
}

mailbox *mailbox_new(uv_loop_t *loop)
{
    mailbox *m = calloc(1, sizeof *m);
    if (!m) {
        return NULL;
    }
    m->end = &m->first;
    m->wake.data = m;
    m->check.data = m;
    if (uv_async_init(loop, &m->wake, on_wake) != 0) {
        free(m);
        return NULL;
    }
    pthread_mutex_init(&m->lock, NULL);
    uv_check_init(loop, &m->check);
    uv_check_start(&m->check, on_check);
    uv_unref((uv_handle_t *)&m->check); /* counting turns is no reason to stay */
    m->open_handles = 2;
    return m;
}

void mailbox_close(mailbox *m)
{
    do {
        run_taken(m);
        take_posted(m);
    } while (m->taken);
    pthread_mutex_lock(&m->lock);
    assert(!m->is_closed && !m->first);
    m->is_closed = true;
    pthread_mutex_unlock(&m->lock);
    uv_close((uv_handle_t *)&m->wake, on_closed);
    uv_close((uv_handle_t *)&m->check, on_closed);
}

uint64_t mailbox_turn(const mailbox *m)
{
    return m->turn;
}

/* ---- the posters' side ----------------------------------------------------------------------- */

void mailbox_post(mailbox *m, mail_fn fn, void *arg)
{
    mail *one = malloc(sizeof *one);
    if (!one) {
        abort();
    }
    *one = (mail){.fn = fn, .arg = arg};
    pthread_mutex_lock(&m->lock);
    assert(!m->is_closed); /* posters stop before their mailbox does */
    bool was_empty = !m->first;
    *m->end = one;
    m->end = &one->next;
    /* Inside the lock: once it is released the loop may run the mail and close the mailbox. */
    if (was_empty) {
        uv_async_send(&m->wake);
    }
    pthread_mutex_unlock(&m->lock);
}

/* ---- roles ----------------------------------------------------------------------------------- */

static _Thread_local thread_role own_role;

void thread_set_role(thread_role role, const char *name)
{
    char cut[16]; /* the system's limit, the 0 included */
    own_role = role;
    if (!name) {
        return;
    }
    size_t n = strnlen(name, sizeof cut - 1);
    memcpy(cut, name, n);
    cut[n] = 0;
    pthread_setname_np(pthread_self(), cut);
}

thread_role thread_get_role(void)
{
    return own_role;
}
